//! Two slots for tasks, and one waker for both.
//!
//! A read may be what a writer waits for (a pong makes room, a Close ends it) and the other way round. So the
//! transport only ever sees the joint waker: whatever it reports wakes both sides, and halves that live on two
//! tasks cannot lose a wake-up to each other.

use atomic_waker::AtomicWaker;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

#[derive(Debug, Default)]
struct Slots {
    reader: AtomicWaker,
    writer: AtomicWaker,
}

impl Wake for Slots {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.reader.wake();
        self.writer.wake();
    }
}

#[derive(Debug)]
pub(crate) struct Wakers {
    slots: Arc<Slots>,
    joint: Waker,
}

/// Which side a task waits on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Side {
    Reader,
    Writer,
}

impl Wakers {
    pub(crate) fn new() -> Self {
        let slots = Arc::new(Slots::default());
        Self { joint: Waker::from(Arc::clone(&slots)), slots }
    }

    /// Has the task of `cx` woken when anything happens, and returns what to poll the transport with.
    pub(crate) fn register(&self, side: Side, cx: &Context<'_>) -> Context<'_> {
        match side {
            Side::Reader => self.slots.reader.register(cx.waker()),
            Side::Writer => self.slots.writer.register(cx.waker()),
        }
        Context::from_waker(&self.joint)
    }
}
