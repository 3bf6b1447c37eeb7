//! [`Input`]: what has arrived and is not yet decoded.

use crate::connection::{Constant, Known};
use alloc::boxed::Box;
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
    /// What has arrived, and what is known of it. `None` if nothing is here, not even the beginning of a message.
    buffer: Option<InputBuffer>,
    /// While there is no buffer, what is known of all messages.
    constant: Constant,
    /// Whether the buffer came by [`lend`](Self::lend).
    lent: bool,
    /// Whether bytes were added since this was last asked.
    fresh: bool,
    /// Whether all was decoded that can be, as long as no bytes are added.
    starved: bool,
}

/// What an [`Input`] reads into: memory for bytes, and for what the connection finds out about them.
///
/// It is empty whenever a caller has it.
#[derive(Debug)]
pub struct InputBuffer(Box<Inside>);

#[derive(Debug)]
struct Inside {
    bytes: BytesMut,
    known: Known,
}

impl InputBuffer {
    /// An empty one that has room for `capacity` bytes.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self::new(BytesMut::with_capacity(capacity), Known::default())
    }

    fn new(bytes: BytesMut, known: Known) -> Self {
        Self(Box::new(Inside { bytes, known }))
    }

    /// How many bytes it has room for.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.0.bytes.capacity()
    }

    /// Tries to have room for `capacity` bytes without allocating, which fails while messages share the
    /// memory; see [`BytesMut::try_reclaim`].
    #[must_use]
    pub fn try_reclaim(&mut self, capacity: usize) -> bool {
        self.0.bytes.try_reclaim(capacity)
    }
}

impl Input {
    /// Adds bytes that arrived, by copying them.
    pub fn extend_from_slice(&mut self, bytes: &[u8]) {
        self.bytes_mut().extend_from_slice(bytes);
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
        let buffer = self.bytes_mut();
        buffer.reserve(room);
        let mut space = buffer.split_off(buffer.len());
        let result = read(&mut space);
        let is_fresh = !space.is_empty();
        buffer.unsplit(space); // costs nothing: they are neighbours
        self.fresh |= is_fresh;
        result
    }

    /// As [`fill`](Self::fill), with room for `room` bytes and no more: for the rest of a long frame, so that what follows
    /// it is not read behind it, from where it would have to be moved.
    pub fn fill_up_to<R>(&mut self, room: usize, read: impl FnOnce(&mut BytesMut) -> R) -> R {
        self.fill(room, |space| {
            let beyond = space.split_off(room);
            let result = read(space);
            space.unsplit(beyond); // costs nothing, though if `space` is not full that room is only back once it is reserved
            result
        })
    }

    /// Tries to have room for `room` bytes without allocating, which fails while messages share the memory.
    pub fn try_reclaim(&mut self, room: usize) -> bool {
        self.bytes_mut().try_reclaim(room)
    }

    /// How many bytes are held: those not yet decoded, and those of a message that is not yet whole.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes().len()
    }

    /// Whether nothing is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes().is_empty()
    }

    /// Whether a buffer is there, lent or allocated.
    #[must_use]
    pub const fn has_buffer(&self) -> bool {
        self.buffer.is_some()
    }

    /// Lends a buffer to read into; a small remainder moves there. Without one, the first read allocates.
    /// Returns the buffer if it is [not wanted](Self::wants_buffer).
    ///
    /// A driver of many connections lends each the same few buffers in turn, so that an idle
    /// connection holds none and the one in use is in cache. Owned messages share its memory until they
    /// are dropped.
    pub fn lend(&mut self, mut buffer: InputBuffer) -> Option<InputBuffer> {
        if !self.wants_buffer() {
            return Some(buffer);
        }
        buffer.0.known = match &mut self.buffer {
            None => Known::nothing(core::mem::take(&mut self.constant)),
            Some(own) => {
                buffer.0.bytes.extend_from_slice(&own.0.bytes);
                core::mem::take(&mut own.0.known)
            }
        };
        self.buffer = Some(buffer);
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
    pub fn reclaim(&mut self) -> Option<InputBuffer> {
        let Inside { bytes, known } = &mut *self.buffer.as_mut()?.0;
        let is_idle = bytes.is_empty() && known.is_nothing();
        if !is_idle && (!self.lent || bytes.len() > WORTH_KEEPING) {
            return None;
        }
        let mut known = core::mem::take(known);
        let rest = if is_idle {
            self.constant = core::mem::take(known.constant());
            None
        } else {
            Some(InputBuffer::new(BytesMut::from(&**bytes), known))
        };
        bytes.clear();
        let buffer = core::mem::replace(&mut self.buffer, rest)?;
        core::mem::take(&mut self.lent).then_some(buffer)
    }

    /// Takes the first `len` bytes as a copy: what is kept for long must not keep a lent buffer from being used again.
    pub(crate) fn take_copy(&mut self, len: usize) -> Bytes {
        let buffer = self.bytes_mut();
        let copy = Bytes::copy_from_slice(&buffer[..len]);
        buffer.advance(len);
        self.forget(); // it was said of other positions
        copy
    }

    /// Whether bytes were added since the last call.
    #[inline]
    pub(crate) const fn take_fresh(&mut self) -> bool {
        let fresh = core::mem::replace(&mut self.fresh, false);
        self.starved &= !fresh;
        fresh
    }

    /// Whether more bytes are needed, and none were added since that was found out.
    #[inline]
    pub(crate) const fn is_starved(&self) -> bool {
        self.starved && !self.fresh
    }

    /// More bytes are needed.
    #[inline]
    pub(crate) const fn starve(&mut self) {
        self.starved = true;
    }

    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        self.buffer.as_ref().map_or(&[], |buffer| &buffer.0.bytes)
    }

    /// The bytes, and what is known of them: whoever changes the one keeps the other true. `None` if there are none, and
    /// nothing is known.
    #[inline]
    pub(crate) fn parts(&mut self) -> Option<(&mut BytesMut, &mut Known)> {
        let Inside { bytes, known } = &mut *self.buffer.as_mut()?.0;
        Some((bytes, known))
    }

    /// What is known of the bytes, if there are any.
    #[inline]
    pub(crate) fn known(&self) -> Option<&Known> {
        Some(&self.buffer.as_ref()?.0.known)
    }

    /// What is known of all messages.
    pub(crate) fn constant(&mut self) -> &mut Constant {
        match &mut self.buffer {
            None => &mut self.constant,
            Some(buffer) => buffer.0.known.constant(),
        }
    }

    /// Drops all that is here, and memory of its own.
    pub(crate) fn clear(&mut self) {
        self.forget();
        if self.lent {
            self.bytes_mut().clear();
        } else {
            self.constant = core::mem::take(self.constant());
            self.buffer = None;
        }
    }

    /// Nothing is known any more but what is of all messages.
    pub(crate) fn forget(&mut self) {
        if let Some((_, known)) = self.parts() {
            *known = Known::nothing(core::mem::take(known.constant()));
        }
    }

    /// The bytes in `range`.
    #[inline]
    pub(crate) fn slice(&self, range: Range<usize>) -> &[u8] {
        &self.bytes()[range]
    }

    /// The bytes, in a buffer of its own if none is here.
    fn bytes_mut(&mut self) -> &mut BytesMut {
        let constant = &mut self.constant;
        let own = || InputBuffer::new(BytesMut::new(), Known::nothing(core::mem::take(constant)));
        &mut self.buffer.get_or_insert_with(own).0.bytes
    }
}
