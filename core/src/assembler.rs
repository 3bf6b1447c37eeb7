//! Fragments → message: the kind, the limits and the UTF-8 of the message in progress.
//!
//! The bytes themselves stay in the caller's input; `receiver.rs` moves them together.

use crate::config::Limits;
use crate::deflate::RSV1;
use crate::error::ProtocolError;
use crate::event::Kind;
use crate::frame::{Header, Opcode};
use crate::utf8::{Validated, Validator};

/// What is known of the message in progress.
#[derive(Debug)]
pub(crate) struct Assembler {
    kind: Kind,
    /// Whether it is compressed.
    compressed: bool,
    /// The sum of the lengths that its frame headers declared so far; if it is compressed, what was inflated.
    size: u64,
    /// If it is compressed, the sum of the lengths declared: what does not compress grows, but not by more than an eighth
    /// and, where a sender flushes, what stands at the end of a piece.
    wire: u64,
    fragments: u32,
    /// How many empty, non-final fragments came in a row.
    empty: u32,
    validator: Validator,
}

/// What a message turned out to be, with the proof if it is text.
#[derive(Debug)]
pub(crate) enum Verdict {
    Text(Validated),
    Binary,
}

impl Verdict {
    #[inline]
    pub(crate) const fn kind(&self) -> Kind {
        match self {
            Self::Text(_) => Kind::Text,
            Self::Binary => Kind::Binary,
        }
    }
}

impl Assembler {
    pub(crate) const fn new() -> Self {
        Self {
            kind: Kind::Binary,
            compressed: false,
            size: 0,
            wire: 0,
            fragments: 0,
            empty: 0,
            validator: Validator::new(),
        }
    }

    /// A message that is not compressed has arrived whole, and is judged elsewhere.
    #[inline]
    pub(crate) const fn begin_whole(&mut self, kind: Kind) {
        self.kind = kind;
        self.compressed = false;
    }

    /// The header of a data frame arrived. All limits are judged here, before any payload.
    #[inline]
    pub(crate) fn begin_frame(&mut self, header: &Header, limits: &Limits) -> Result<(), ProtocolError> {
        match header.opcode {
            Opcode::Text => *self = Self { kind: Kind::Text, compressed: header.rsv & RSV1 != 0, ..Self::new() },
            Opcode::Binary => *self = Self { compressed: header.rsv & RSV1 != 0, ..Self::new() },
            Opcode::Continuation | Opcode::Close | Opcode::Ping | Opcode::Pong => {}
        }
        if self.compressed {
            self.wire = self.wire.saturating_add(header.len);
            let growth = limits.message / 8 + (1 << 10) + 16 * u64::from(self.fragments);
            let limit = limits.message.saturating_add(growth);
            if self.wire > limit {
                return Err(ProtocolError::TooBig { limit, size: self.wire });
            }
        } else {
            self.grow(header.len, limits)?;
        }
        if header.fin && self.fragments == 0 {
            return Ok(());
        }
        self.fragments = self.fragments.saturating_add(1);
        if self.fragments > limits.fragments {
            return Err(ProtocolError::TooManyFragments { limit: limits.fragments });
        }
        if header.len > 0 || header.fin {
            self.empty = 0;
        } else {
            self.empty = self.empty.saturating_add(1);
            if self.empty > limits.empty_fragments {
                return Err(ProtocolError::TooManyEmptyFragments { limit: limits.empty_fragments });
            }
        }
        Ok(())
    }

    /// The message has so many bytes more.
    #[inline]
    pub(crate) fn grow(&mut self, by: u64, limits: &Limits) -> Result<(), ProtocolError> {
        self.size = self.size.saturating_add(by);
        if self.size > limits.message {
            return Err(ProtocolError::TooBig { limit: limits.message, size: self.size });
        }
        Ok(())
    }

    /// How many bytes more exceed the limit.
    pub(crate) const fn room(&self, limits: &Limits) -> u64 {
        (limits.message - self.size).saturating_add(1)
    }

    /// Whether the message in progress is compressed.
    #[inline]
    pub(crate) const fn is_compressed(&self) -> bool {
        self.compressed
    }

    /// The kind of the message in progress.
    pub(crate) const fn kind(&self) -> Kind {
        self.kind
    }

    /// The next bytes of the message, unmasked, and whether they were seen to be ASCII.
    #[inline]
    pub(crate) fn feed(&mut self, bytes: &[u8], is_ascii: bool) -> Result<(), ProtocolError> {
        match self.kind {
            Kind::Text => self.validator.feed_seen(bytes, is_ascii).map_err(|at| ProtocolError::InvalidUtf8 { at }),
            Kind::Binary => Ok(()),
        }
    }

    /// The message has ended.
    #[inline]
    pub(crate) fn finish(&self) -> Result<Verdict, ProtocolError> {
        match self.kind {
            Kind::Text => {
                let proof = self.validator.finish().map_err(|at| ProtocolError::InvalidUtf8 { at })?;
                Ok(Verdict::Text(proof))
            }
            Kind::Binary => Ok(Verdict::Binary),
        }
    }
}
