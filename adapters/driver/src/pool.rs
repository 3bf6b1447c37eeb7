//! Buffers of a thread, lent to whichever connection is busy on it.
//!
//! The same few stay in cache, and an idle connection holds none. A buffer that was lent on one thread may come
//! back on another; it does not matter.

use bytes::BytesMut;
use sansws_core::InputBuffer;
use std::cell::RefCell;
use std::thread::LocalKey;

/// What a new buffer holds. A read takes as much as fits.
pub(crate) const SIZE: usize = 64 << 10;

/// The least that a read asks for. What messages that are still held have left of a buffer is used as long as it
/// has so much: many small messages then share one buffer rather than each keep one.
pub(crate) const LEAST: usize = SIZE / 4;

/// What a read asks for after one that took all that fitted.
pub(crate) const MOST: usize = 4 * SIZE;

/// How many buffers of a kind a thread keeps: a connection uses one, and some are with tasks that pause.
const KEPT: usize = 4;

/// Larger buffers are freed: they were made for one large message.
const LARGEST: usize = 2 << 20;

type Kept<B> = LocalKey<RefCell<Vec<B>>>;

/// What can be lent.
pub(crate) trait Buffer: Sized + 'static {
    /// Those of this thread.
    const KEPT: &'static Kept<Self>;

    fn with_capacity(capacity: usize) -> Self;
    fn capacity(&self) -> usize;
    fn try_reclaim(&mut self, capacity: usize) -> bool;
}

/// An empty buffer.
pub(crate) fn take<B: Buffer>() -> B {
    let kept = B::KEPT.try_with(|buffers| buffers.try_borrow_mut().ok()?.pop()).ok().flatten();
    kept.unwrap_or_else(|| B::with_capacity(SIZE))
}

/// Gives an empty buffer back. One that is too small, or that messages still share all of, is dropped.
pub(crate) fn give<B: Buffer>(mut buffer: B) {
    let is_whole = buffer.try_reclaim(SIZE);
    if (!is_whole && buffer.capacity() < LEAST) || buffer.try_reclaim(LARGEST + 1) {
        return;
    }
    let _ = B::KEPT.try_with(|buffers| {
        if let Ok(mut buffers) = buffers.try_borrow_mut()
            && buffers.len() < KEPT
        {
            buffers.push(buffer);
        }
    });
}

impl Buffer for InputBuffer {
    const KEPT: &'static Kept<Self> = {
        thread_local!(static INPUTS: RefCell<Vec<InputBuffer>> = const { RefCell::new(Vec::new()) });
        &INPUTS
    };

    fn with_capacity(capacity: usize) -> Self {
        Self::with_capacity(capacity)
    }

    fn capacity(&self) -> usize {
        self.capacity()
    }

    fn try_reclaim(&mut self, capacity: usize) -> bool {
        self.try_reclaim(capacity)
    }
}

impl Buffer for BytesMut {
    const KEPT: &'static Kept<Self> = {
        thread_local!(static OUTPUTS: RefCell<Vec<BytesMut>> = const { RefCell::new(Vec::new()) });
        &OUTPUTS
    };

    fn with_capacity(capacity: usize) -> Self {
        Self::with_capacity(capacity)
    }

    fn capacity(&self) -> usize {
        self.capacity()
    }

    fn try_reclaim(&mut self, capacity: usize) -> bool {
        self.try_reclaim(capacity)
    }
}
