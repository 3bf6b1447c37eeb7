//! Turns of whoever asks again by itself: how it learns that it should, at once.
//!
//! What is polled wakes its task to be polled again: for others to have their turn, or to look once more whether
//! there is nothing. The waker here only notes that, for this thread.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

thread_local! {
    /// Empty while in use, and before.
    static NOTE: Cell<Option<Note>> = const { Cell::new(None) };
}

struct Note {
    woken: Arc<Woken>,
    waker: Waker,
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Default for Note {
    fn default() -> Self {
        let woken = Arc::<Woken>::default();
        Self { waker: Waker::from(Arc::clone(&woken)), woken }
    }
}

/// Polls once. Whether it wants to be polled again at once, too.
pub(crate) fn one<R>(poll: impl FnOnce(&mut Context<'_>) -> Poll<R>) -> (Poll<R>, bool) {
    let note = NOTE.try_with(Cell::take).ok().flatten().unwrap_or_default();
    let polled = poll(&mut Context::from_waker(&note.waker));
    let woken = note.woken.0.swap(false, Ordering::Relaxed);
    let _ = NOTE.try_with(|kept| kept.set(Some(note))); // or the thread is ending
    (polled, woken)
}

/// Polls until that is done, or has to wait for something else.
pub(crate) fn settle<R>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<R>) -> Poll<R> {
    loop {
        match one(&mut poll) {
            (Poll::Pending, true) => {}
            (polled, _) => return polled,
        }
    }
}
