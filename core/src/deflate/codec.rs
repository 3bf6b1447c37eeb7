//! Messages ⇄ compressed messages (RFC 7692 §7.2), over `zlib-rs`.

use super::{Agreed, Deflate, MARKER, pool};
use alloc::boxed::Box;
use alloc::vec::Vec;
use bytes::BytesMut;
use core::fmt;
use zlib_rs::{DeflateConfig, DeflateFlush, Inflate, InflateFlush, Status};

/// The least and the most that is inflated at once, so that memory grows with what there is.
const STEP: core::ops::RangeInclusive<usize> = 512..=64 << 10;

/// The largest window (RFC 7692 §7.1.2).
const WINDOW: usize = 32 << 10;

/// How much text has to come with a final block: what it costs to go on behind one is what such a text costs.
const TEXT_PER_FINAL: usize = 256;

/// How much text is taken as read when a message begins: one of little text may have so many final blocks. One is what
/// RFC 7692 §7.2.3.4 has in mind.
const MOST_CREDIT: usize = 16 * TEXT_PER_FINAL;

/// What our compressor is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    level: u8,
    memory_level: u8,
    window_bits: u8,
}

impl Settings {
    pub(super) fn compressor(self) -> Box<zlib_rs::Deflate> {
        Box::new(zlib_rs::Deflate::new_with_config(DeflateConfig {
            level: self.level.into(),
            window_bits: -i32::from(self.window_bits), // negative: without zlib's own header
            mem_level: self.memory_level.into(),
            ..DeflateConfig::default()
        }))
    }
}

pub(crate) struct Compressor {
    settings: Settings,
    threshold: usize,
    takeover: bool,
    /// What has been compressed before: with takeover always, else while a message is unfinished.
    context: Option<Box<zlib_rs::Deflate>>,
}

impl Compressor {
    /// `None` if we may not compress: the agreed window is too small for us.
    pub(crate) fn new(agreed: &Agreed, deflate: &Deflate) -> Option<Self> {
        let settings = Settings {
            level: deflate.level.min(9),
            memory_level: deflate.memory_level.clamp(1, 9),
            window_bits: deflate.window_bits.clamp(9, 15).min(agreed.own_bits),
        };
        let (takeover, threshold) = (agreed.own_takeover, deflate.threshold);
        (agreed.own_bits > 8).then_some(Self { settings, threshold, takeover, context: None })
    }

    /// Whether a message of this length is worth it.
    pub(crate) const fn wants(&self, len: usize) -> bool {
        len >= self.threshold
    }

    /// How it compresses: with the same settings and without context takeover, the same.
    pub(super) const fn settings(&self) -> Settings {
        self.settings
    }

    /// Whether a message that was compressed need not be sent so: the peer's window would not miss it.
    pub(crate) const fn is_stateless(&self) -> bool {
        !self.takeover
    }

    /// Compresses the next piece of a message, and gives it to `then`. A piece can be inflated as soon as it has
    /// arrived. `None` if the compressor failed; nothing can be said to follow then.
    pub(crate) fn compress<R>(&mut self, piece: &[u8], last: bool, then: impl FnOnce(&[u8]) -> R) -> Option<R> {
        let mut context = self.context.take().unwrap_or_else(|| pool::take_compressor(self.settings));
        let mut compressed = pool::take_scratch();
        let result = deflate(&mut context, piece, &mut compressed).then(|| {
            if last && compressed.ends_with(&MARKER) {
                compressed.truncate(compressed.len() - MARKER.len());
            }
            if last && compressed.is_empty() {
                compressed.push(0); // an empty message right behind a flush (§7.2.3.6)
            }
            then(&compressed)
        });
        pool::give_scratch(compressed);
        if last && !self.takeover {
            pool::give_compressor(self.settings, context);
        } else {
            self.context = Some(context);
        }
        result
    }
}

/// Appends all of `piece`, compressed and flushed, to `compressed`.
fn deflate(context: &mut zlib_rs::Deflate, mut piece: &[u8], compressed: &mut Vec<u8>) -> bool {
    loop {
        let (start, before_in, before_out) = (compressed.len(), context.total_in(), context.total_out());
        compressed.resize(start + (piece.len() / 2).clamp(128, 64 << 10), 0);
        let room = compressed.len() - start;
        let status = context.compress(piece, &mut compressed[start..], DeflateFlush::SyncFlush);
        let (taken, made) = (delta(context.total_in(), before_in), delta(context.total_out(), before_out));
        compressed.truncate(start + made);
        piece = &piece[taken..];
        match status {
            Err(_) | Ok(Status::StreamEnd) => return false,
            Ok(Status::Ok | Status::BufError) if made < room => return piece.is_empty(),
            Ok(Status::Ok | Status::BufError) => {}
        }
    }
}

/// The compressed data are not DEFLATE.
#[derive(Debug)]
pub(crate) struct Corrupt;

pub(crate) struct Decompressor {
    takeover: bool,
    /// What has been inflated before: with takeover always, else while a message is unfinished.
    context: Option<Box<Inflate>>,
    /// Whether a message has begun and not ended.
    in_message: bool,
    /// Whether nothing has come since a message or a final block has ended.
    between: bool,
    /// Whether the context has met a final block. Hardly any does.
    finals: bool,
    /// What an inflater needs to be told behind a final block, because it is no longer in `inflated`: text of the
    /// message in progress, and of all messages since the first with a final block.
    history: Vec<u8>,
    /// For how much text no final block has come yet. A peer can put one in two bytes.
    credit: usize,
}

impl Decompressor {
    pub(crate) const fn new(agreed: &Agreed) -> Option<Self> {
        let takeover = agreed.peer_takeover;
        Some(Self {
            takeover,
            context: None,
            in_message: false,
            between: true,
            finals: false,
            history: Vec::new(),
            credit: MOST_CREDIT,
        })
    }

    /// Inflates some of `input` and appends it to `inflated`, at most `room` bytes. Returns how much it took. If that
    /// was all and `room` was not used up, all that can be known so far has been inflated; also what came before an error.
    pub(crate) fn inflate(&mut self, input: &[u8], inflated: &mut BytesMut, room: usize) -> Result<usize, Corrupt> {
        self.in_message = true;
        let (first, mut taken) = (inflated.len(), 0);
        let mut ahead = input.len().saturating_mul(4).clamp(*STEP.start(), *STEP.end());
        while inflated.len() - first < room {
            let (start, rest) = (inflated.len(), &input[taken..]);
            let step = ahead.min(room - (start - first));
            self.between &= rest.is_empty();
            let context = self.context.get_or_insert_with(pool::take_inflater);
            ahead = (2 * ahead).min(*STEP.end());
            let (before_in, before_out) = (context.total_in(), context.total_out());
            inflated.resize(start + step, 0);
            let status = context.decompress(rest, &mut inflated[start..], InflateFlush::NoFlush);
            let made = delta(context.total_out(), before_out);
            taken += delta(context.total_in(), before_in);
            inflated.truncate(start + made);
            self.credit = self.credit.saturating_add(made);
            match status {
                Err(_) => return Err(Corrupt),
                Ok(Status::StreamEnd) => {
                    ahead = *STEP.start();
                    self.on_final(inflated)?;
                    if taken == input.len() {
                        break;
                    }
                }
                Ok(Status::Ok | Status::BufError) if made < step => break,
                Ok(Status::Ok | Status::BufError) => {}
            }
        }
        Ok(taken)
    }

    /// The message has ended: puts back what its sender left off (§7.2.1), which must end a block. `inflated` is what of it
    /// was not given out.
    pub(crate) fn finish(&mut self, inflated: &[u8]) -> Result<(), Corrupt> {
        let Some(context) = self.context.as_mut().filter(|_| !self.between) else { return Ok(()) };
        let before = (context.total_in(), context.total_out());
        // An inflater that is told to stop behind the block takes not one byte more; one within a block does.
        let [a, b, c, d] = MARKER;
        context.decompress(&[a, b, c, d, 0], &mut [0], InflateFlush::Block).map_err(|_| Corrupt)?;
        if (context.total_in(), context.total_out()) != (before.0 + 4, before.1) {
            return Err(Corrupt);
        }
        self.between = true;
        match context.decompress(&[], &mut [0], InflateFlush::NoFlush) {
            Ok(Status::StreamEnd) => self.on_final(inflated),
            Ok(Status::Ok | Status::BufError) => Ok(()),
            Err(_) => Err(Corrupt),
        }
    }

    /// A block has ended that says it is the last, which is not the end (§7.2.3.4).
    fn on_final(&mut self, inflated: &[u8]) -> Result<(), Corrupt> {
        self.finals = true;
        self.between = true;
        self.credit = self.credit.checked_sub(TEXT_PER_FINAL).ok_or(Corrupt)?;
        let context = self.context.as_mut().ok_or(Corrupt)?;
        restart(context, &self.history, inflated)
    }

    /// Text that was inflated is given out.
    pub(crate) fn remember(&mut self, text: &[u8]) {
        if self.in_message || self.finals {
            let text = end(text);
            if self.history.len() + text.len() > 2 * WINDOW {
                self.history.drain(..self.history.len() - WINDOW);
                self.history.shrink_to(2 * WINDOW);
            }
            self.history.extend_from_slice(text);
        }
    }

    /// The message has ended.
    pub(crate) fn end_message(&mut self) {
        self.in_message = false;
        self.credit = self.credit.saturating_add(TEXT_PER_FINAL).min(MOST_CREDIT);
        if !self.takeover
            && let Some(context) = self.context.take()
        {
            pool::give_inflater(context);
            self.finals = false;
        }
        if !self.finals {
            self.history = Vec::new();
        }
    }
}

/// Goes on behind a final block: what follows may refer to the text before.
fn restart(context: &mut Inflate, history: &[u8], inflated: &[u8]) -> Result<(), Corrupt> {
    context.reset(false);
    for text in [history, inflated] {
        context.set_dictionary(end(text)).map_err(|_| Corrupt)?;
    }
    Ok(())
}

/// As much of the end of `text` as can be referred to.
fn end(text: &[u8]) -> &[u8] {
    &text[text.len().saturating_sub(WINDOW)..]
}

fn delta(after: u64, before: u64) -> usize {
    usize::try_from(after - before).unwrap_or(usize::MAX) // of one call, whose slices are in memory
}

impl fmt::Debug for Compressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compressor").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl fmt::Debug for Decompressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decompressor").field("takeover", &self.takeover).finish_non_exhaustive()
    }
}
