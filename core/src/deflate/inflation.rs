//! [`Inflation`]: a compressed message on its way in.

use super::{Agreed, Decompressor};
use crate::error::ProtocolError;
use bytes::{Bytes, BytesMut};

/// A compressed message on its way in, and what inflates it. The limits are the receiver's.
#[derive(Debug)]
pub(crate) struct Inflation {
    decompressor: Decompressor,
    /// What was inflated and not given out.
    pub(crate) inflated: BytesMut,
    /// Whether `inflated` was lent, and is spent.
    spent: bool,
    /// How many of the compressed bytes that have arrived are unmasked, but not inflated for lack of room.
    pub(crate) unmasked: usize,
}

impl Inflation {
    pub(crate) fn new(agreed: &Agreed) -> Option<Self> {
        let decompressor = Decompressor::new(agreed)?;
        Some(Self { decompressor, inflated: BytesMut::new(), spent: false, unmasked: 0 })
    }

    /// Inflates at most `room` bytes; with `is_last`, `compressed` is the end of the message. Returns how many bytes it
    /// took, what came out, also before an error, and whether that used up the room: then there may be more.
    pub(crate) fn inflate(
        &mut self,
        compressed: &[u8],
        is_last: bool,
        room: usize,
    ) -> (usize, &[u8], Result<bool, ProtocolError>) {
        let before = self.inflated.len();
        let result = self.try_inflate(compressed, is_last, room);
        let inflated = &self.inflated[before..];
        let is_full = inflated.len() == room;
        (*result.as_ref().unwrap_or(&0), inflated, result.map(|_| is_full))
    }

    /// Returns how many bytes of `compressed` it took.
    fn try_inflate(&mut self, compressed: &[u8], is_last: bool, room: usize) -> Result<usize, ProtocolError> {
        let end = self.inflated.len().saturating_add(room);
        let inflated = self.decompressor.inflate(compressed, &mut self.inflated, room);
        let taken = inflated.map_err(|_| ProtocolError::InvalidDeflate)?;
        self.unmasked = self.unmasked.saturating_sub(taken);
        if is_last && self.inflated.len() < end {
            self.decompressor.finish(&self.inflated).map_err(|_| ProtocolError::InvalidDeflate)?;
        }
        Ok(taken)
    }

    /// The message has ended.
    pub(crate) fn end_message(&mut self) {
        self.decompressor.end_message();
    }

    /// What was inflated, as its taker's own.
    pub(crate) fn take(&mut self) -> Bytes {
        self.decompressor.remember(&self.inflated);
        core::mem::take(&mut self.inflated).freeze()
    }

    /// What was inflated, on loan.
    pub(crate) fn lend(&mut self) -> &[u8] {
        self.decompressor.remember(&self.inflated);
        self.spent = true;
        &self.inflated
    }

    /// The loan is over.
    #[inline]
    pub(crate) fn drop_spent(&mut self) {
        if core::mem::replace(&mut self.spent, false) {
            self.inflated.clear();
        }
    }

    /// More input is waited for: no memory is held that nothing is in.
    pub(crate) fn release(&mut self) {
        if self.inflated.is_empty() {
            self.inflated = BytesMut::new();
        }
    }
}
