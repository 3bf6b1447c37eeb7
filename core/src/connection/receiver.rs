//! The receiving half: bytes → events, where they lie.
//!
//! ```text
//!            input
//! ┌────────┬──────────────────┬────────┬──────────────────────┐
//! │ spent  │ message so far   │ spent  │ not yet decoded      │
//! └────────┴──────────────────┴────────┴──────────────────────┘
//! 0        start              end      cursor                 len
//! ```
//!
//! A payload is unmasked and checked where it lies, as it arrives. The payloads of further fragments
//! move down to the end of the message so far, over their own headers; so a message in one frame is
//! never copied, one in fragments is copied once, and no second buffer exists. Spent bytes are dropped
//! when more input is needed, all at once, or when an event is taken.

use crate::assembler::{Assembler, Verdict};
use crate::config::{Delivery, Limits};
use crate::deflate::{Agreed, Inflation, RSV1};
use crate::error::ProtocolError;
use crate::event::{Event, EventKind, EventRef, Fragment, Kind, Message, MessageRef};
use crate::frame::{Decoder, Header, Opcode, Role};
use crate::input::Input;
use crate::mask;
use crate::text::{Text, validated_str};
use crate::traffic::Volume;
use crate::utf8;
use alloc::boxed::Box;
use bytes::{Buf, Bytes, BytesMut};
use core::ops::Range;

/// How much is inflated before it is given out, where pieces are.
const LARGEST_PIECE: usize = 64 << 10;

/// How far ahead of what has arrived a reader is asked to reserve memory, at first: a length that is only promised
/// costs no memory.
const READ_AHEAD: usize = 64 << 10;

/// And then: so many times what has arrived of the message. Memory grows in few steps, of which each is a copy; what
/// nothing arrives in is not touched.
const GROWTH: usize = 15;

#[derive(Debug)]
pub(super) struct Receiver {
    pub(super) input: Input,
    role: Role,
    volume: Volume,
}

/// How much is unmasked before it is checked: as much as stays in cache.
const CHECKED_AT_ONCE: usize = 32 << 10;

/// From this many bytes on, a payload that is lent is split off the input, so that to send it on is no copy.
pub(super) const WORTH_SHARING: usize = 32 << 10;

/// All that is known of the bytes in an [`Input`]. It is kept there and not in the [`Receiver`], so that it
/// stays with its bytes even if a caller swaps two inputs: that text is valid must never be said of other bytes.
#[derive(Debug)]
pub(crate) struct Known {
    constant: Constant,
    assembler: Assembler,
    start: usize,
    end: usize,
    cursor: usize,
    /// The data frame whose payload is arriving.
    frame: Option<Payload>,
    /// The event that was decoded and not taken.
    ready: Ready,
    /// The payload that is lent, if it is long.
    long: Option<Bytes>,
}

impl Default for Known {
    fn default() -> Self {
        Self::nothing(Constant::default())
    }
}

/// What is known of all messages, also while none is here.
#[derive(Debug)]
pub(crate) struct Constant {
    /// The rules of frames. That a message has begun is among what it knows.
    decoder: Decoder,
    delivery: Delivery,
    /// What inflates messages, if that was agreed on.
    inflation: Option<Box<Inflation>>,
}

impl Default for Constant {
    fn default() -> Self {
        Self { decoder: Decoder::new(Role::Server), delivery: Delivery::Messages, inflation: None }
    }
}

/// What is yet to come of a data frame.
#[derive(Debug)]
struct Payload {
    remaining: u64,
    /// Turned so that its first byte belongs to the next byte to unmask.
    mask: Option<[u8; 4]>,
    fin: bool,
}

impl Payload {
    /// Unmasks the next bytes. Whether they were seen to be ASCII.
    #[inline]
    fn unmask(&mut self, bytes: &mut [u8]) -> bool {
        let Some(key) = &mut self.mask else { return false };
        let is_ascii = mask::apply_and_look(*key, bytes);
        *key = mask::turned(*key, bytes.len());
        is_ascii
    }
}

/// What became of the payload that has arrived.
enum Progress {
    /// It was all there was.
    More,
    /// The frame has ended, the message has not.
    FrameEnded,
    /// There is a piece of the message to give out.
    Piece,
    /// The message has ended.
    MessageEnded,
}

#[derive(Debug)]
enum Ready {
    No,
    /// The message in `start..end`, or in the inflated bytes.
    Message(Verdict),
    /// The piece of a message in `start..end`, or in the inflated bytes.
    Fragment {
        last: bool,
    },
    /// The payload of a control frame, of this length and just before the cursor.
    Control(Control, u8),
}

/// The control frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Control {
    Close,
    Ping,
    Pong,
}

/// What [`Receiver::decode`] found.
#[derive(Debug)]
pub(super) enum Decoded {
    /// Nothing: more bytes are needed.
    More,
    /// Part of a message, ready to be taken.
    Data,
    /// A control frame, ready to be taken, its payload unmasked in this range of the input.
    Control(Control, Range<usize>),
}

impl Receiver {
    pub(super) fn new(role: Role, delivery: Delivery, mut input: Input) -> Self {
        input.forget();
        *input.constant() = Constant { decoder: Decoder::new(role), delivery, inflation: None };
        Self { input, role, volume: Volume::default() }
    }

    /// Messages may be compressed from now on.
    pub(super) fn agree(&mut self, agreed: &Agreed) {
        let constant = self.input.constant();
        constant.inflation = Inflation::new(agreed).map(Box::new);
        if constant.inflation.is_some() {
            constant.decoder = Decoder::new(self.role).with_extension_bits(RSV1);
        }
    }

    /// How much has arrived.
    pub(super) const fn volume(&self) -> Volume {
        self.volume
    }

    /// Whether an event was decoded and not taken.
    #[inline]
    pub(super) fn is_ready(&self) -> bool {
        self.input.known().is_some_and(|known| !matches!(known.ready, Ready::No))
    }

    /// The kind of the event that was decoded and not taken.
    #[inline]
    pub(super) fn peek(&self) -> Option<EventKind> {
        Some(match self.input.known()?.ready {
            Ready::No => return None,
            Ready::Message(_) => EventKind::Message,
            Ready::Fragment { .. } => EventKind::Fragment,
            Ready::Control(Control::Ping, _) => EventKind::Ping,
            Ready::Control(Control::Pong, _) => EventKind::Pong,
            Ready::Control(Control::Close, _) => EventKind::Close,
        })
    }

    /// How many more bytes the frame in progress needs, within reason.
    pub(super) fn read_hint(&self) -> usize {
        let Some(Known { frame: Some(frame), start, end, .. }) = self.input.known() else { return 0 };
        let ahead = READ_AHEAD.max((end - start).saturating_mul(GROWTH));
        usize::try_from(frame.remaining).map_or(ahead, |remaining| remaining.min(ahead))
    }

    /// Which end this is.
    pub(super) const fn role(&self) -> Role {
        self.role
    }

    /// Drops all that has arrived.
    pub(super) fn discard(&mut self) {
        self.input.clear();
        let delivery = self.input.constant().delivery;
        *self.input.constant() = Constant { decoder: Decoder::new(self.role), delivery, inflation: None };
    }

    /// Goes on until there is an event to take. Not to be called while there is one.
    #[inline]
    pub(super) fn decode(&mut self, limits: &Limits) -> Result<Decoded, ProtocolError> {
        let Some((buffer, known)) = self.input.parts() else { return Ok(Decoded::More) };
        let Some((verdict, payload)) = known.whole_message(buffer, limits) else { return self.decode_any(limits) };
        self.volume.count(payload.len(), payload.len());
        known.assembler.begin_whole(verdict.kind());
        (known.start, known.end, known.cursor) = (payload.start, payload.end, payload.end);
        known.ready = known.ended(verdict);
        Ok(Decoded::Data)
    }

    /// Goes on behind the next message if the short way leads there: what it is, and where. Then it is taken or lent.
    #[inline(always)]
    pub(super) fn next_message(&mut self, limits: &Limits) -> Option<(Verdict, Range<usize>)> {
        let (buffer, known) = self.input.parts()?;
        if !matches!(known.ready, Ready::No) || known.constant.delivery != Delivery::Messages {
            return None;
        }
        let (verdict, payload) = known.whole_message(buffer, limits)?;
        self.volume.count(payload.len(), payload.len());
        (known.start, known.end, known.cursor) = (payload.end, payload.end, payload.end);
        Some((verdict, payload))
    }

    /// Takes the message that [`next_message`](Self::next_message) has found.
    #[inline]
    pub(super) fn take_message(&mut self, (verdict, payload): (Verdict, Range<usize>)) -> Message {
        let payload = match self.input.parts() {
            Some((buffer, known)) if !payload.is_empty() => {
                buffer.advance(payload.start);
                (known.start, known.end, known.cursor) = (0, 0, 0);
                buffer.split_to(payload.len()).freeze()
            }
            Some(_) | None => Bytes::new(),
        };
        match verdict {
            Verdict::Text(proof) => Message::Text(Text::from_validated(payload, proof)),
            Verdict::Binary => Message::Binary(payload),
        }
    }

    /// Lends the message that [`next_message`](Self::next_message) has found.
    #[inline]
    pub(super) fn lend_message(&self, (verdict, payload): (Verdict, Range<usize>)) -> MessageRef<'_> {
        let payload = self.input.slice(payload);
        match verdict {
            Verdict::Text(proof) => MessageRef::Text(validated_str(payload, proof)),
            Verdict::Binary => MessageRef::Binary(payload),
        }
    }

    /// The same, whatever it is that has arrived.
    #[inline(never)]
    fn decode_any(&mut self, limits: &Limits) -> Result<Decoded, ProtocolError> {
        let Some((buffer, known)) = self.input.parts() else { return Ok(Decoded::More) };
        known.long = None;
        if let Some(inflation) = &mut known.constant.inflation {
            inflation.drop_spent();
        }
        loop {
            if known.frame.is_some() {
                match known.payload(buffer, limits, &mut self.volume)? {
                    Progress::FrameEnded => {}
                    Progress::Piece => {
                        known.ready = Ready::Fragment { last: false };
                        return Ok(Decoded::Data);
                    }
                    Progress::MessageEnded => {
                        let verdict = known.assembler.finish()?;
                        known.ready = known.ended(verdict);
                        return Ok(Decoded::Data);
                    }
                    Progress::More => {
                        known.close_gaps(buffer);
                        return Ok(Decoded::More);
                    }
                }
            }
            let Some((header, taken)) = known.constant.decoder.header(&buffer[known.cursor..])? else {
                known.close_gaps(buffer);
                return Ok(Decoded::More);
            };
            let control = match header.opcode {
                Opcode::Continuation | Opcode::Text | Opcode::Binary => {
                    known.assembler.begin_frame(&header, limits)?;
                    known.cursor += taken;
                    known.frame = Some(Payload { remaining: header.len, mask: header.mask, fin: header.fin });
                    continue;
                }
                Opcode::Close => Control::Close,
                Opcode::Ping => Control::Ping,
                Opcode::Pong => Control::Pong,
            };
            return Ok(known.decode_control(buffer, control, &header, taken));
        }
    }

    /// Takes the event as its own, splitting its bytes off the input.
    pub(super) fn take(&mut self) -> Option<Event> {
        let (buffer, known) = self.input.parts()?;
        let event = match core::mem::replace(&mut known.ready, Ready::No) {
            Ready::No => return None,
            Ready::Message(verdict) => {
                let payload = known.take_payload(buffer);
                Event::Message(match verdict {
                    Verdict::Text(proof) => Message::Text(Text::from_validated(payload, proof)),
                    Verdict::Binary => Message::Binary(payload),
                })
            }
            Ready::Fragment { last } => {
                let payload = known.take_payload(buffer);
                Event::Fragment(Fragment { kind: known.assembler.kind(), payload, last })
            }
            Ready::Control(control, len) => {
                let payload = Bytes::copy_from_slice(known.control_payload(buffer, len));
                match control {
                    Control::Close => Event::Close(None), // the connection knows its content
                    Control::Ping => Event::Ping(payload),
                    Control::Pong => Event::Pong(payload),
                }
            }
        };
        Some(event)
    }

    /// Lends the event out of the input; its bytes are spent from now on. A long payload is split off, and shared.
    #[inline]
    pub(super) fn lend(&mut self, share: impl FnOnce(Bytes)) -> Option<EventRef<'_>> {
        let (buffer, known) = self.input.parts()?;
        known.long = None;
        if known.end - known.start >= WORTH_SHARING && matches!(known.ready, Ready::Message(_) | Ready::Fragment { .. })
        {
            let payload = known.take_payload(buffer);
            share(payload.clone());
            known.long = Some(payload);
        }
        let event = match core::mem::replace(&mut known.ready, Ready::No) {
            Ready::No => return None,
            Ready::Message(verdict) => {
                let payload = known.lend_payload(buffer);
                EventRef::Message(match verdict {
                    Verdict::Text(proof) => MessageRef::Text(validated_str(payload, proof)),
                    Verdict::Binary => MessageRef::Binary(payload),
                })
            }
            Ready::Fragment { last } => {
                let kind = known.assembler.kind();
                EventRef::Fragment { kind, payload: known.lend_payload(buffer), last }
            }
            Ready::Control(control, len) => {
                let payload = known.control_payload(buffer, len);
                match control {
                    Control::Close => EventRef::Close(None), // the connection knows its content
                    Control::Ping => EventRef::Ping(payload),
                    Control::Pong => EventRef::Pong(payload),
                }
            }
        };
        Some(event)
    }
}

impl Known {
    /// Nothing but what is known of all messages.
    pub(crate) const fn nothing(constant: Constant) -> Self {
        Self {
            constant,
            assembler: Assembler::new(),
            start: 0,
            end: 0,
            cursor: 0,
            frame: None,
            ready: Ready::No,
            long: None,
        }
    }

    /// What is known of all messages.
    pub(crate) const fn constant(&mut self) -> &mut Constant {
        &mut self.constant
    }

    /// Whether it is nothing but that: no event waits, and no message has begun.
    pub(crate) fn is_nothing(&self) -> bool {
        let is_between = self.frame.is_none() && !self.constant.decoder.in_message();
        is_between && matches!(self.ready, Ready::No) && self.start == self.end
    }

    fn control_payload<'a>(&self, buffer: &'a [u8], len: u8) -> &'a [u8] {
        &buffer[self.cursor - usize::from(len)..self.cursor]
    }

    /// What is ready when a message has ended.
    #[inline]
    fn ended(&self, verdict: Verdict) -> Ready {
        match self.constant.delivery {
            Delivery::Messages => Ready::Message(verdict),
            Delivery::Fragments => Ready::Fragment { last: true },
        }
    }

    /// The short way for what is most common: a message in one frame, neither compressed nor long, that has all arrived and
    /// begins here. Where its payload is, unmasked and checked. `None` if it is anything else, or wrong; then nothing
    /// has changed.
    #[inline(always)]
    fn whole_message(&self, buffer: &mut BytesMut, limits: &Limits) -> Option<(Verdict, Range<usize>)> {
        if self.start != self.end || self.frame.is_some() || self.constant.decoder.in_message() {
            return None;
        }
        let undecoded = buffer.get_mut(self.cursor..)?;
        let &[first, second, high, low, ..] = undecoded.first_chunk::<8>()?; // the longest header there is here
        let kind = match first {
            0x81 => Kind::Text,
            0x82 => Kind::Binary,
            _ => return None,
        };
        let from_client = self.constant.decoder.role() == Role::Server;
        if (second & 0x80 != 0) != from_client {
            return None;
        }
        let (len, header) = match second & 0x7f {
            127 => return None,
            126 => match usize::from(u16::from_be_bytes([high, low])) {
                ..126 => return None,
                len => (len, 4),
            },
            len => (usize::from(len), 2),
        };
        let key = undecoded[header..].first_chunk::<4>().copied().filter(|_| from_client);
        let header = if from_client { header + 4 } else { header };
        if len as u64 > limits.message {
            return None;
        }
        let payload = undecoded.get_mut(header..header + len)?;
        let verdict = match (kind, key) {
            (Kind::Binary, None) => Verdict::Binary,
            (Kind::Binary, Some(key)) => {
                mask::apply(key, 0, payload);
                Verdict::Binary
            }
            (Kind::Text, None) => Verdict::Text(utf8::validate(payload).ok()?),
            (Kind::Text, Some(key)) => Verdict::Text(utf8::unmask_and_validate(key, payload)?),
        };
        let begin = self.cursor + header;
        Some((verdict, begin..begin + len))
    }

    /// Takes what has arrived of the frame's payload.
    #[inline]
    fn payload(
        &mut self,
        buffer: &mut BytesMut,
        limits: &Limits,
        volume: &mut Volume,
    ) -> Result<Progress, ProtocolError> {
        if self.assembler.is_compressed() {
            return self.inflate(buffer, limits, volume);
        }
        let Some(frame) = &mut self.frame else { return Ok(Progress::FrameEnded) };
        let undecoded = buffer.len() - self.cursor;
        let arrived = usize::try_from(frame.remaining).map_or(undecoded, |remaining| remaining.min(undecoded));
        if self.start == self.end {
            // Nothing of the message is here yet: it begins where its bytes are.
            (self.start, self.end) = (self.cursor, self.cursor);
        } else if self.end != self.cursor {
            buffer.copy_within(self.cursor..self.cursor + arrived, self.end);
        }
        for piece in buffer[self.end..self.end + arrived].chunks_mut(CHECKED_AT_ONCE) {
            let is_ascii = frame.unmask(piece);
            self.assembler.feed(piece, is_ascii)?;
        }
        frame.remaining -= arrived as u64;
        self.cursor += arrived;
        self.end += arrived;
        volume.count(arrived, arrived);
        let is_piece = self.constant.delivery == Delivery::Fragments && self.end > self.start;
        Ok(self.progress(is_piece))
    }

    /// The same for a compressed message: its bytes are spent once they are inflated.
    #[cold]
    fn inflate(
        &mut self,
        buffer: &mut BytesMut,
        limits: &Limits,
        volume: &mut Volume,
    ) -> Result<Progress, ProtocolError> {
        let (Some(frame), Some(inflation)) = (&mut self.frame, &mut self.constant.inflation) else {
            return Ok(Progress::FrameEnded);
        };
        let undecoded = buffer.len() - self.cursor;
        let arrived = usize::try_from(frame.remaining).map_or(undecoded, |remaining| remaining.min(undecoded));
        let compressed = &mut buffer[self.cursor..self.cursor + arrived];
        frame.unmask(&mut compressed[inflation.unmasked..]);
        inflation.unmasked = arrived;
        let is_last = frame.fin && frame.remaining == arrived as u64;

        // A piece is given out before it is large, however well it was compressed.
        let limit = usize::try_from(self.assembler.room(limits)).unwrap_or(usize::MAX);
        let room = match self.constant.delivery {
            Delivery::Messages => limit,
            Delivery::Fragments => limit.min(LARGEST_PIECE),
        };
        let (taken, inflated, result) = inflation.inflate(compressed, is_last, room);
        self.cursor += taken;
        (self.start, self.end) = (self.cursor, self.cursor);
        frame.remaining -= taken as u64;
        volume.count(inflated.len(), taken);
        // What is wrong first in the message is what is wrong, however its bytes are cut.
        self.assembler.feed(inflated, false)?;
        self.assembler.grow(inflated.len() as u64, limits)?;
        if result? {
            return Ok(Progress::Piece);
        }
        let is_piece = self.constant.delivery == Delivery::Fragments && !inflation.inflated.is_empty();
        let progress = self.progress(is_piece);
        if let (Progress::MessageEnded, Some(inflation)) = (&progress, &mut self.constant.inflation) {
            inflation.end_message();
        }
        Ok(progress)
    }

    /// Where a frame stands of which all that has arrived was taken.
    #[inline]
    fn progress(&mut self, is_piece: bool) -> Progress {
        let Some(Payload { remaining, fin, .. }) = self.frame else { return Progress::FrameEnded };
        let ended = remaining == 0;
        if ended {
            self.frame = None;
        }
        match ended {
            true if fin => Progress::MessageEnded,
            _ if is_piece => Progress::Piece,
            true => Progress::FrameEnded,
            false => Progress::More,
        }
    }

    /// A control frame is taken whole: it has 125 bytes of payload at most.
    #[cold]
    fn decode_control(&mut self, buffer: &mut BytesMut, control: Control, header: &Header, taken: usize) -> Decoded {
        let begin = self.cursor + taken;
        let len = u8::try_from(header.len).unwrap_or(u8::MAX); // the header's decoder saw to it that this is 125 at most
        let range = begin..begin + usize::from(len);
        let Some(payload) = buffer.get_mut(range.clone()) else {
            self.close_gaps(buffer);
            return Decoded::More;
        };
        if let Some(key) = header.mask {
            mask::apply(key, 0, payload);
        }
        self.cursor = range.end;
        self.ready = Ready::Control(control, len);
        Decoded::Control(control, range)
    }

    /// Drops spent bytes, so that the input holds the message so far, what is not decoded, and nothing else.
    fn close_gaps(&mut self, buffer: &mut BytesMut) {
        if let Some(inflation) = &mut self.constant.inflation {
            inflation.release();
        }
        if self.start == self.end {
            (self.start, self.end) = (self.cursor, self.cursor);
        } else if self.end < self.cursor {
            let rest = buffer.len() - self.cursor; // part of a header or of a control frame: it costs little to move
            buffer.copy_within(self.cursor.., self.end);
            buffer.truncate(self.end + rest);
            self.cursor = self.end;
        }
        self.drop_front(buffer, self.start);
    }

    /// Drops the first `count` bytes.
    #[inline]
    fn drop_front(&mut self, buffer: &mut BytesMut, count: usize) {
        if count == buffer.len() {
            buffer.clear(); // unlike `advance`, this keeps the capacity
        } else if count > 0 {
            buffer.advance(count);
        }
        self.start -= count;
        self.end -= count;
        self.cursor -= count;
    }

    /// Splits `start..end` off the input, and drops what is spent on both sides.
    #[inline]
    fn take_payload(&mut self, buffer: &mut BytesMut) -> Bytes {
        if self.assembler.is_compressed()
            && let Some(inflation) = &mut self.constant.inflation
        {
            return inflation.take();
        }
        let len = self.end - self.start;
        let payload = if len == 0 {
            Bytes::new()
        } else {
            self.drop_front(buffer, self.start);
            self.cursor -= len;
            buffer.split_to(len).freeze()
        };
        (self.start, self.end) = (self.cursor, self.cursor);
        self.drop_front(buffer, self.cursor);
        payload
    }

    /// Lends `start..end`, which is spent from now on.
    #[inline]
    fn lend_payload<'a>(&'a mut self, buffer: &'a [u8]) -> &'a [u8] {
        if self.assembler.is_compressed()
            && let Some(inflation) = &mut self.constant.inflation
        {
            return inflation.lend();
        }
        if let Some(payload) = &self.long {
            return payload;
        }
        let range = self.start..self.end;
        self.start = self.cursor;
        self.end = self.cursor;
        &buffer[range]
    }
}
