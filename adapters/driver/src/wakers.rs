//! Who waits for a connection, and one waker for all of them.
//!
//! A read may be what a writer waits for (a pong makes room, a Close ends it) and the other way round. So where there is
//! more than one task, the transport only ever sees the joint waker: whatever it reports wakes all, and halves that live
//! on two tasks cannot lose a wake-up to each other. One task alone is what the transport wakes.
//!
//! No waker is woken or dropped while the lock is held: it may be the last that holds its task, and that a handle.

use crate::drain::{Guard, Phase};
use crate::sync::{Mutex, lock};
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

/// Who waits.
#[derive(Debug, Default)]
pub(crate) struct Slots(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    reader: Option<Waker>,
    writer: Option<Waker>,
    /// In a box: most connections have none.
    senders: Option<Box<Senders>>,
}

/// Those that wait with a [`Sender`](crate::Sender).
#[derive(Debug, Default)]
struct Senders {
    /// What the next is known by.
    next: u64,
    /// In the order in which they came, and so of what they are known by.
    waiting: Vec<Waiter>,
}

#[derive(Debug)]
struct Waiter {
    id: u64,
    for_room: bool,
    /// `None` once it was woken.
    waker: Option<Waker>,
}

impl Slots {
    /// Has the task of `cx` woken when anything happens.
    fn register(self: &Arc<Self>, side: &mut Side<'_>, cx: &Context<'_>) {
        let mut waiting = lock(&self.0);
        let slot = match side {
            Side::Reader => &mut waiting.reader,
            Side::Writer => &mut waiting.writer,
            Side::Room(place) => self.sender(&mut waiting, place, true),
            Side::Flush(place) => self.sender(&mut waiting, place, false),
        };
        let is_new = slot.as_ref().is_none_or(|waker| !waker.will_wake(cx.waker()));
        let before = if is_new { slot.replace(cx.waker().clone()) } else { None };
        drop(waiting);
        drop(before);
    }

    /// The slot of a sender, who waits from now on if it did not.
    fn sender<'a>(
        self: &Arc<Self>,
        waiting: &'a mut Waiting,
        place: &mut Option<Place>,
        for_room: bool,
    ) -> &'a mut Option<Waker> {
        let Senders { next, waiting } = &mut **waiting.senders.get_or_insert_default();
        let Place { id, .. } = place.get_or_insert_with(|| {
            let id = *next;
            *next += 1;
            waiting.push(Waiter { id, for_room, waker: None });
            Place { slots: Arc::clone(self), id }
        });
        let at = waiting.partition_point(|waiter| waiter.id < *id);
        &mut waiting[at].waker
    }

    fn is_contended(&self) -> bool {
        let waiting = lock(&self.0);
        waiting.senders.as_ref().is_some_and(|senders| senders.waiting.iter().any(|waiter| waiter.for_room))
    }

    fn wake_reader(&self) {
        let reader = lock(&self.0).reader.take();
        reader.into_iter().for_each(Waker::wake);
    }

    fn wake_writers(&self, but: &Side<'_>) {
        let own = but.place().map(|place| place.id);
        let mut waiting = lock(&self.0);
        let writer = waiting.writer.take_if(|_| !matches!(but, Side::Writer));
        let senders = waiting.senders.as_mut().map(|senders| &mut senders.waiting).into_iter().flatten();
        let senders = senders.filter(|sender| Some(sender.id) != own);
        let senders: Vec<Waker> = senders.filter_map(|sender| sender.waker.take()).collect();
        drop(waiting);
        writer.into_iter().chain(senders).for_each(Waker::wake);
    }
}

impl Wake for Slots {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.wake_reader();
        self.wake_writers(&Side::Reader);
    }
}

/// A sender that waits. Dropped, it does no longer.
#[derive(Debug)]
pub(crate) struct Place {
    slots: Arc<Slots>,
    id: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut waiting = lock(&self.slots.0);
        let waiter = waiting.senders.as_mut().and_then(|senders| {
            let at = senders.waiting.binary_search_by_key(&self.id, |waiter| waiter.id).ok()?;
            Some(senders.waiting.remove(at))
        });
        drop(waiting);
        drop(waiter);
    }
}

/// Which side a task waits on.
#[derive(Debug)]
pub(crate) enum Side<'a> {
    Reader,
    Writer,
    /// One of any number of senders, that waits for room.
    Room(&'a mut Option<Place>),
    /// One of any number of senders, that waits for what is queued to leave.
    Flush(&'a mut Option<Place>),
}

impl Side<'_> {
    const fn place(&self) -> Option<&Place> {
        match self {
            Self::Reader | Self::Writer => None,
            Self::Room(place) | Self::Flush(place) => place.as_ref(),
        }
    }
}

/// The tasks that wait for a connection.
#[derive(Debug)]
pub(crate) enum Wakers {
    /// At most one, so far: the transport wakes it by itself, and most connections never need more.
    One(One),
    Many(Box<Many>),
}

/// Any number of tasks.
#[derive(Debug)]
pub(crate) struct Many {
    slots: Arc<Slots>,
    joint: Waker,
    /// The server that it is a connection of, if that wants to know.
    guard: Option<Guard>,
}

/// One task, and which sides it waits on.
#[derive(Debug, Default)]
pub(crate) struct One {
    waker: Option<Waker>,
    reads: bool,
    writes: bool,
}

impl One {
    /// Has the task of `cx` woken, unless another waits on the other side.
    fn register(&mut self, reads: bool, cx: &Context<'_>) -> bool {
        let is_known = self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker()));
        if !is_known {
            if if reads { self.writes } else { self.reads } {
                return false;
            }
            self.waker = Some(cx.waker().clone());
        }
        if reads {
            self.reads = true;
        } else {
            self.writes = true;
        }
        true
    }

    fn wake(&self) {
        self.waker.as_ref().map(Waker::wake_by_ref);
    }
}

impl Wakers {
    /// Those of a connection that no server wants to know of.
    pub(crate) fn new() -> Self {
        Self::One(One::default())
    }

    /// Those of a connection that `enter` enters somewhere.
    pub(crate) fn entered(enter: impl FnOnce(&Arc<Slots>) -> Guard) -> Self {
        let mut wakers = Self::new();
        let many = wakers.many();
        many.guard = Some(enter(&many.slots));
        wakers
    }

    /// How far the server's shutdown is, if it is entered with one.
    pub(crate) fn phase(&self) -> Phase {
        match self {
            Self::Many(many) => many.guard.as_ref().map_or(Phase::Open, Guard::phase),
            Self::One(_) => Phase::Open,
        }
    }

    /// Has the task of `cx` woken when anything happens that the transport, polled with [`context`](Self::context), reports.
    pub(crate) fn register(&mut self, side: &mut Side<'_>, cx: &Context<'_>) {
        if let (Self::One(one), Side::Reader | Side::Writer) = (&mut *self, &*side)
            && one.register(matches!(side, Side::Reader), cx)
        {
            return;
        }
        self.many().slots.register(side, cx);
    }

    /// What to poll the transport with, for the task of `cx`.
    pub(crate) fn context<'a>(&'a self, cx: &'a Context<'_>) -> Context<'a> {
        match self {
            Self::One(_) => Context::from_waker(cx.waker()),
            Self::Many(many) => Context::from_waker(&many.joint),
        }
    }

    /// Whether a sender waits for room.
    pub(crate) fn is_contended(&self) -> bool {
        match self {
            Self::One(_) => false,
            Self::Many(many) => many.slots.is_contended(),
        }
    }

    /// Wakes whoever reads.
    pub(crate) fn wake_reader(&mut self) {
        match self {
            Self::One(one) => {
                if std::mem::take(&mut one.reads) {
                    one.wake();
                }
            }
            Self::Many(many) => many.slots.wake_reader(),
        }
    }

    /// Wakes all that write, but for this side.
    pub(crate) fn wake_writers(&mut self, but: &Side<'_>) {
        match self {
            Self::One(one) => {
                if !matches!(but, Side::Writer) && std::mem::take(&mut one.writes) {
                    one.wake();
                }
            }
            Self::Many(many) => many.slots.wake_writers(but),
        }
    }

    /// Wakes all.
    pub(crate) fn wake(&self) {
        match self {
            Self::One(one) => one.wake(),
            Self::Many(many) => many.joint.wake_by_ref(),
        }
    }

    /// What wakes all, without keeping anything alive: from now on, there may be many.
    pub(crate) fn slots(&mut self) -> &Arc<Slots> {
        &self.many().slots
    }

    fn many(&mut self) -> &mut Many {
        if let Self::One(one) = self {
            let One { waker, reads, writes } = std::mem::take(one);
            let slots = Arc::new(Slots::default());
            let mut waiting = lock(&slots.0);
            waiting.reader = waker.clone().filter(|_| reads);
            waiting.writer = waker.filter(|_| writes);
            drop(waiting);
            *self = Self::Many(Box::new(Many { joint: Waker::from(Arc::clone(&slots)), slots, guard: None }));
        }
        match self {
            Self::Many(many) => many,
            Self::One(_) => unreachable!("it has just become many"),
        }
    }
}
