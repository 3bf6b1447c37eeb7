//! [`Signal`]: wakes a thread, also while it waits in poll(2).

use super::bell::Bell;
use rustix::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::Wake;

/// The thread is doing something, and will look before it sleeps.
const AWAKE: u8 = 0;
/// It waits in poll(2), or is about to: only the bell wakes it.
const ASLEEP: u8 = 1;
/// It is to look again.
const WOKEN: u8 = 2;

/// Wakes its thread.
#[derive(Debug)]
pub(super) struct Signal {
    state: AtomicU8,
    /// `None` if there was no descriptor left for it.
    bell: Option<Bell>,
}

impl Signal {
    pub(super) fn new() -> Self {
        Self { state: AtomicU8::new(AWAKE), bell: Bell::new().ok() }
    }

    /// What becomes readable when the thread is woken in its sleep.
    pub(super) fn bell(&self) -> Option<BorrowedFd<'_>> {
        self.bell.as_ref().map(|bell| bell.0.as_fd())
    }

    /// The thread looks now.
    pub(super) fn look(&self) {
        self.state.store(AWAKE, Ordering::SeqCst);
    }

    /// The thread goes to sleep, unless it was woken since it looked.
    pub(super) fn sleep(&self) -> bool {
        self.state.compare_exchange(AWAKE, ASLEEP, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    /// The thread has slept, and its bell has rung or not.
    pub(super) fn rise(&self, has_rung: bool) {
        self.look();
        if let Some(bell) = self.bell.as_ref().filter(|_| has_rung) {
            bell.hush();
        }
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.swap(WOKEN, Ordering::SeqCst) == ASLEEP
            && let Some(bell) = &self.bell
        {
            bell.ring();
        }
    }
}
