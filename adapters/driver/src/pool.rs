//! Buffers of a thread, lent to whichever connection is busy on it.
//!
//! The same few stay in cache, and an idle connection holds none. A buffer that was lent on one thread may come
//! back on another; it does not matter.

use bytes::BytesMut;
use std::cell::RefCell;

/// What a new buffer holds. A read takes as much as fits.
const SIZE: usize = 64 << 10;

/// The least that a read asks for. What messages that are still held have left of a buffer is used as long as it
/// has so much: many small messages then share one buffer rather than each keep one.
pub(crate) const LEAST: usize = SIZE / 4;

/// How many buffers a thread keeps: a connection uses two, and some are with tasks that pause.
const KEPT: usize = 4;

/// Larger buffers are freed: they were made for one large message.
const LARGEST: usize = 2 << 20;

thread_local! {
    static BUFFERS: RefCell<Vec<BytesMut>> = const { RefCell::new(Vec::new()) };
}

/// An empty buffer.
pub(crate) fn take() -> BytesMut {
    let kept = BUFFERS.try_with(|buffers| buffers.try_borrow_mut().ok()?.pop()).ok().flatten();
    kept.unwrap_or_else(|| BytesMut::with_capacity(SIZE))
}

/// Gives a buffer back. One that is too small, or that messages still share all of, is dropped.
pub(crate) fn give(mut buffer: BytesMut) {
    let is_whole = buffer.try_reclaim(SIZE);
    if (!is_whole && buffer.capacity() < LEAST) || buffer.capacity() > LARGEST {
        return;
    }
    let _ = BUFFERS.try_with(|buffers| {
        if let Ok(mut buffers) = buffers.try_borrow_mut()
            && buffers.len() < KEPT
        {
            buffers.push(buffer);
        }
    });
}
