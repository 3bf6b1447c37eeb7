//! A clock of this thread that stands still until it is set forward.

use sansws_core::Instant;
use sansws_driver::Clock;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::mem::take;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

#[derive(Default)]
struct State {
    now: Instant,
    timers: BTreeMap<usize, (Instant, Waker)>,
    made: usize,
    set: usize,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

fn with<R>(look: impl FnOnce(&mut State) -> R) -> R {
    STATE.with_borrow_mut(look)
}

/// A clock of this thread, with its timer.
#[derive(Debug)]
pub(crate) struct Manual(usize);

impl Default for Manual {
    fn default() -> Self {
        with(|state| {
            state.made += 1;
            Self(state.made)
        })
    }
}

impl Clock for Manual {
    fn now(&self) -> Instant {
        with(|state| state.now)
    }

    fn poll_until(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        with(|state| {
            if state.now >= deadline {
                state.timers.remove(&self.0);
                return Poll::Ready(());
            }
            let before = state.timers.insert(self.0, (deadline, cx.waker().clone()));
            state.set += usize::from(before.is_none_or(|(before, _)| before != deadline));
            Poll::Pending
        })
    }
}

impl Drop for Manual {
    fn drop(&mut self) {
        with(|state| state.timers.remove(&self.0));
    }
}

/// Waits so long; for ever if it is too long.
pub(crate) async fn sleep(duration: Duration) {
    let mut clock = Manual::default();
    let deadline = clock.now() + duration;
    poll_fn(|cx| clock.poll_until(cx, deadline)).await;
}

/// How long it has been since the test began.
pub(crate) fn elapsed() -> Duration {
    with(|state| state.now.elapsed())
}

/// Sets the clock forward and wakes whose time has come.
pub(crate) fn advance(by: Duration) {
    let due: BTreeMap<_, (Instant, Waker)> = with(|state| {
        state.now = state.now + by;
        let (due, later) = take(&mut state.timers).into_iter().partition(|(_, (at, _))| *at <= state.now);
        state.timers = later;
        due
    });
    due.into_values().for_each(|(_, waker)| waker.wake());
}

/// Sets the clock forward to the next moment for which somebody waits. Whether there is one.
pub(crate) fn advance_to_next() -> bool {
    let next = with(|state| state.timers.values().map(|(at, _)| at.saturating_duration_since(state.now)).min());
    next.map(advance).is_some()
}

/// How often a timer was set to another moment.
pub(crate) fn times_set() -> usize {
    with(|state| state.set)
}
