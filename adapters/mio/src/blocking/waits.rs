//! What the futures of a thread wait for, and [`block_on`], which waits for it: in poll(2).
//!
//! Who waits is noted with a waker, and only as long as the thread is in `block_on`. A note is gone once its time has
//! come. Those that are left at the end are woken: theirs may be a connection that another thread waits for as well,
//! which knows only what it was told itself.

use super::signal::Signal;
use crate::clock::now;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::AsFd;
use sansws_core::Instant;
use sansws_driver::Clock;
use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// The longest time that one call of poll(2) is given.
const LONGEST: Duration = Duration::from_secs(3600);

/// How long a thread sleeps that nobody can wake, since there was no descriptor left for that.
const UNWAKEABLE: Duration = Duration::from_millis(10);

type Socket = dyn AsFd + Send + Sync;

/// What the futures of a thread wait for. There are few: those of one connection, mostly.
#[derive(Default)]
struct Waits {
    /// They do not keep sockets open.
    sockets: Vec<(Weak<Socket>, PollFlags, Waker)>,
    timers: Vec<(u64, Instant, Waker)>,
}

thread_local! {
    static SIGNAL: (Arc<Signal>, Waker) = {
        let signal = Arc::new(Signal::new());
        (Arc::clone(&signal), Waker::from(signal))
    };
    /// `None` outside of `block_on`.
    static WAITS: RefCell<Option<Waits>> = const { RefCell::new(None) };
}

/// Notes that the task of `cx` waits until something can be done with a socket.
pub(super) fn for_socket(socket: Weak<Socket>, events: PollFlags, cx: &Context<'_>) {
    with(|Waits { sockets, .. }| match sockets.iter_mut().find(|(known, ..)| known.ptr_eq(&socket)) {
        Some((_, known, waker)) => {
            *known |= events;
            waker.clone_from(cx.waker());
        }
        None => sockets.push((socket, events, cx.waker().clone())),
    });
}

fn with(note: impl FnOnce(&mut Waits)) {
    let _ = WAITS.try_with(|waits| {
        if let Ok(mut waits) = waits.try_borrow_mut() {
            waits.as_mut().map(note);
        }
    });
}

/// The standard library's clock, and a timer for the thread that waits.
#[derive(Debug)]
pub struct Timer(u64);

impl Default for Timer {
    fn default() -> Self {
        static MADE: AtomicU64 = AtomicU64::new(0);
        Self(MADE.fetch_add(1, Ordering::Relaxed))
    }
}

impl Clock for Timer {
    fn now(&self) -> Instant {
        now()
    }

    fn poll_until(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        if self.now() >= deadline {
            return Poll::Ready(());
        }
        with(|Waits { timers, .. }| match timers.iter_mut().find(|(id, ..)| *id == self.0) {
            Some((_, known, waker)) => {
                *known = deadline;
                waker.clone_from(cx.waker());
            }
            None => timers.push((self.0, deadline, cx.waker().clone())),
        });
        Poll::Pending
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        with(|Waits { timers, .. }| timers.retain(|(id, ..)| *id != self.0));
    }
}

/// Runs a future of this module to its end, on this thread. May be called within itself, as by a handler that sends on
/// another connection.
///
/// Futures of other runtimes are not for it: what they wait for, it does not know.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    SIGNAL.with(|(signal, waker)| {
        let _outer = Outer { waits: WAITS.replace(Some(Waits::default())), waker };
        let mut cx = Context::from_waker(waker);
        loop {
            signal.look();
            if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                return output;
            }
            let woken = WAITS.with_borrow_mut(|waits| waits.as_mut().map(|waits| waits.wait(signal)));
            woken.into_iter().flatten().for_each(Waker::wake);
        }
    })
}

/// What was there before a `block_on`, and will be after it.
struct Outer<'a> {
    waits: Option<Waits>,
    waker: &'a Waker,
}

impl Drop for Outer<'_> {
    fn drop(&mut self) {
        let left = WAITS.replace(self.waits.take());
        left.into_iter().flat_map(Waits::into_wakers).for_each(Waker::wake);
        self.waker.wake_by_ref(); // what was for those outside was lost on us
    }
}

impl Waits {
    /// Waits for any of them; whom to wake.
    fn wait(&mut self, signal: &Signal) -> Vec<Waker> {
        let mut sockets: Vec<Arc<Socket>> = Vec::with_capacity(self.sockets.len());
        self.sockets.retain(|(socket, ..)| socket.upgrade().map(|socket| sockets.push(socket)).is_some());
        let events = self.sockets.iter().map(|(_, events, _)| *events);
        let fds = sockets.iter().zip(events).map(|(socket, events)| PollFd::from_borrowed_fd(socket.as_fd(), events));
        let bell = signal.bell().map(|bell| PollFd::from_borrowed_fd(bell, PollFlags::IN));
        let mut fds: Vec<PollFd<'_>> = fds.chain(bell).collect();

        let timeout = if signal.sleep() { self.timeout(signal.bell().is_some()) } else { Duration::ZERO };
        let polled = poll(&mut fds, Timespec::try_from(timeout).ok().as_ref()); // it fits
        let mut happened = fds.iter().map(|fd| match polled {
            Ok(_) => !fd.revents().is_empty(),
            Err(error) => error.kind() != io::ErrorKind::Interrupted, // then let all look for themselves
        });
        let sockets = self.sockets.extract_if(.., |_| happened.next().unwrap_or(false));
        let mut woken: Vec<Waker> = sockets.map(|(.., waker)| waker).collect();
        signal.rise(happened.next().unwrap_or(false));
        let now = now();
        woken.extend(self.timers.extract_if(.., |(_, deadline, _)| *deadline <= now).map(|(.., waker)| waker));
        woken
    }

    fn timeout(&self, can_be_woken: bool) -> Duration {
        let longest = if can_be_woken { LONGEST } else { UNWAKEABLE };
        let next = self.timers.iter().map(|(_, deadline, _)| *deadline).min();
        next.map_or(longest, |next| next.saturating_duration_since(now()).min(longest))
    }

    fn into_wakers(self) -> impl Iterator<Item = Waker> {
        let timers = self.timers.into_iter().map(|(.., waker)| waker);
        self.sockets.into_iter().map(|(.., waker)| waker).chain(timers)
    }
}
