//! Who waits for a connection, and one waker for all of them.
//!
//! A read may be what a writer waits for (a pong makes room, a Close ends it) and the other way round. So the
//! transport only ever sees the joint waker: whatever it reports wakes all, and halves that live on two
//! tasks cannot lose a wake-up to each other.

use atomic_waker::AtomicWaker;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Wake, Waker};

/// Who waits.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    reader: AtomicWaker,
    writer: AtomicWaker,
    /// Tasks with a [`Sender`](crate::Sender), if there ever were any.
    senders: OnceLock<Box<Mutex<Vec<Waker>>>>,
}

impl Wake for Slots {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.reader.wake();
        self.writer.wake();
        if let Some(senders) = self.senders.get() {
            let senders = std::mem::take(&mut *senders.lock().unwrap_or_else(PoisonError::into_inner));
            senders.into_iter().for_each(Waker::wake);
        }
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
    /// One of any number of senders.
    Sender,
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
            Side::Sender => {
                let mut senders =
                    self.slots.senders.get_or_init(Box::default).lock().unwrap_or_else(PoisonError::into_inner);
                if !senders.iter().any(|waker| waker.will_wake(cx.waker())) {
                    senders.push(cx.waker().clone());
                }
            }
        }
        Context::from_waker(&self.joint)
    }

    /// Wakes all.
    pub(crate) fn wake(&self) {
        self.joint.wake_by_ref();
    }

    /// What wakes all, without keeping anything alive.
    pub(crate) fn slots(&self) -> &Arc<Slots> {
        &self.slots
    }
}
