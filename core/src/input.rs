//! [`Input`]: what has arrived and is not yet decoded.

use crate::connection::Known;
use bytes::{Buf, Bytes, BytesMut};
use core::ops::Range;

/// A remainder of up to this many bytes moves to memory of its own when a lent buffer is reclaimed.
const WORTH_KEEPING: usize = 16 << 10;

/// What has arrived and is not yet decoded. Bytes can be added to it, and nothing else.
///
/// That the caller cannot reach what is inside is what makes one check enough: text is validated
/// here as it arrives, and given out as `str` when it is whole. What was found out stays with the bytes,
/// so that even to swap the inputs of two connections makes no sense but does no harm.
///
/// The buffer can be lent by the caller, so that idle connections hold none; see [`lend`](Self::lend).
#[derive(Debug, Default)]
pub struct Input {
    buffer: BytesMut,
    /// Whether the buffer came by [`lend`](Self::lend).
    lent: bool,
    /// Whether bytes were added since this was last asked.
    fresh: bool,
    /// What a receiver knows of these bytes.
    known: Known,
}

impl Input {
    /// Adds bytes that arrived, by copying them.
    pub fn extend_from_slice(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
        self.fresh |= !bytes.is_empty();
    }

    /// Has bytes read into place: `read` is given an empty buffer with room for `room` bytes or more
    /// and appends to it, for example with a `read_buf` of the I/O library at hand.
    ///
    /// ```
    /// # use sansws_core::{Config, Connection, Instant};
    /// # let mut connection = Connection::server(Config::default(), Instant::ORIGIN);
    /// # let socket: &[u8] = b"\x82\x80\0\0\0\0";
    /// connection.input().fill(4096, |room| room.extend_from_slice(socket));
    /// assert_eq!(connection.input().len(), 6);
    /// ```
    pub fn fill<R>(&mut self, room: usize, read: impl FnOnce(&mut BytesMut) -> R) -> R {
        self.buffer.reserve(room);
        let mut space = self.buffer.split_off(self.buffer.len());
        let result = read(&mut space);
        self.fresh |= !space.is_empty();
        self.buffer.unsplit(space); // costs nothing: they are neighbours
        result
    }

    /// How many bytes are held: those not yet decoded, and those of a message that is not yet whole.
    #[must_use]
    pub fn len(&self) -> usize {
        self.buffer.len()
    }

    /// Whether nothing is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Whether a buffer is there, lent or allocated.
    #[must_use]
    pub fn has_buffer(&self) -> bool {
        self.buffer.capacity() > 0
    }

    /// Lends an empty buffer to read into; a small remainder moves there. Without one, the first read allocates.
    /// Returns the buffer if it is [not wanted](Self::wants_buffer).
    ///
    /// A driver of many connections lends each the same few buffers in turn, so that an idle
    /// connection holds none and the one in use is in cache. Owned messages share its memory until they
    /// are dropped.
    pub fn lend(&mut self, buffer: BytesMut) -> Option<BytesMut> {
        if !self.wants_buffer() || !buffer.is_empty() {
            return Some(buffer);
        }
        let own = core::mem::replace(&mut self.buffer, buffer);
        self.buffer.extend_from_slice(&own);
        self.lent = true;
        None
    }

    /// Whether [`lend`](Self::lend) would take a buffer: none was lent, and of what has arrived there is so little that
    /// it moves there (16 KiB).
    #[must_use]
    pub fn wants_buffer(&self) -> bool {
        !self.lent && self.len() <= WORTH_KEEPING
    }

    /// Takes a lent buffer back, if nothing is in it or so little that it can move to memory of its
    /// own (16 KiB). Memory of its own that is no longer needed is freed.
    pub fn reclaim(&mut self) -> Option<BytesMut> {
        if self.lent {
            if self.len() > WORTH_KEEPING {
                return None;
            }
            self.lent = false;
            let rest = if self.is_empty() { BytesMut::new() } else { BytesMut::from(&*self.buffer) };
            let mut buffer = core::mem::replace(&mut self.buffer, rest);
            buffer.clear();
            return Some(buffer);
        }
        if self.is_empty() {
            self.buffer = BytesMut::new();
        }
        None
    }

    /// Takes the first `len` bytes as a copy: what is kept for long must not keep a lent buffer from being used again.
    pub(crate) fn take_copy(&mut self, len: usize) -> Bytes {
        let copy = Bytes::copy_from_slice(&self.buffer[..len]);
        self.buffer.advance(len);
        self.known = Known::default(); // it was said of other positions
        copy
    }

    /// Whether bytes were added since the last call.
    #[inline]
    pub(crate) const fn take_fresh(&mut self) -> bool {
        core::mem::replace(&mut self.fresh, false)
    }

    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buffer
    }

    /// The bytes, and what is known of them: whoever changes the one keeps the other true.
    #[inline]
    pub(crate) const fn parts(&mut self) -> (&mut BytesMut, &mut Known) {
        (&mut self.buffer, &mut self.known)
    }

    /// What is known of the bytes.
    #[inline]
    pub(crate) const fn known(&self) -> &Known {
        &self.known
    }

    /// The bytes in `range`.
    #[inline]
    pub(crate) fn slice(&self, range: Range<usize>) -> &[u8] {
        &self.buffer[range]
    }
}
