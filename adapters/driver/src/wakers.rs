//! Who waits for a connection, and one waker for all of them.
//!
//! A read may be what a writer waits for (a pong makes room, a Close ends it) and the other way round. So the
//! transport only ever sees the joint waker: whatever it reports wakes all, and halves that live on two
//! tasks cannot lose a wake-up to each other.
//!
//! No waker is woken or dropped while the lock is held: it may be the last that holds its task, and that a handle.

use crate::drain::Guard;
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
    fn wake_reader(&self) {
        let reader = lock(&self.0).reader.take();
        reader.into_iter().for_each(Waker::wake);
    }

    /// Wakes all that write but those on this side.
    fn wake_writers(&self, but: &Side<'_>) {
        let mut waiting = lock(&self.0);
        let writer = if matches!(but, Side::Writer) { None } else { waiting.writer.take() };
        let but = but.sender();
        let senders = waiting.senders.as_mut().map(|senders| &mut senders.waiting).into_iter().flatten();
        let senders = senders.filter(|sender| Some(sender.id) != but);
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
    /// Which sender it is, if it is one that waits.
    fn sender(&self) -> Option<u64> {
        match self {
            Self::Reader | Self::Writer => None,
            Self::Room(place) | Self::Flush(place) => place.as_ref().map(|place| place.id),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Wakers {
    slots: Arc<Slots>,
    joint: Waker,
    /// The server that it is a connection of, if that wants to know.
    pub(crate) guard: Option<Guard>,
}

impl Wakers {
    /// Those of a connection, which `enter` may enter somewhere.
    pub(crate) fn new(enter: impl FnOnce(&Arc<Slots>) -> Option<Guard>) -> Self {
        let slots = Arc::new(Slots::default());
        let guard = enter(&slots);
        Self { joint: Waker::from(Arc::clone(&slots)), slots, guard }
    }

    /// Has the task of `cx` woken when anything happens, and returns what to poll the transport with.
    pub(crate) fn register(&self, side: &mut Side<'_>, cx: &Context<'_>) -> Context<'_> {
        let mut waiting = lock(&self.slots.0);
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
        Context::from_waker(&self.joint)
    }

    /// The slot of a sender, who waits from now on if it did not.
    fn sender<'a>(&self, waiting: &'a mut Waiting, place: &mut Option<Place>, for_room: bool) -> &'a mut Option<Waker> {
        let Senders { next, waiting } = &mut **waiting.senders.get_or_insert_default();
        let Place { id, .. } = place.get_or_insert_with(|| {
            let id = *next;
            *next += 1;
            waiting.push(Waiter { id, for_room, waker: None });
            Place { slots: Arc::clone(&self.slots), id }
        });
        let at = waiting.partition_point(|waiter| waiter.id < *id);
        &mut waiting[at].waker
    }

    /// Whether a sender waits for room.
    pub(crate) fn is_contended(&self) -> bool {
        let waiting = lock(&self.slots.0);
        waiting.senders.as_ref().is_some_and(|senders| senders.waiting.iter().any(|waiter| waiter.for_room))
    }

    /// Wakes whoever reads.
    pub(crate) fn wake_reader(&self) {
        self.slots.wake_reader();
    }

    /// Wakes all that write but those on this side.
    pub(crate) fn wake_writers(&self, but: &Side<'_>) {
        self.slots.wake_writers(but);
    }

    /// Wakes all.
    pub(crate) fn wake(&self) {
        self.joint.wake_by_ref();
    }

    /// What wakes all, without keeping anything alive.
    pub(crate) const fn slots(&self) -> &Arc<Slots> {
        &self.slots
    }
}
