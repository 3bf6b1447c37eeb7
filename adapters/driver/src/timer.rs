//! [`Timer`]: a clock for runtimes whose timers are futures.

use crate::runtime::Clock;
use sansws_core::Instant;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// A runtime whose timers are futures, and go by the clock of the standard library.
pub trait Sleep {
    /// A timer.
    type Future: Future + Unpin;

    /// A timer that is ready `duration` from now or somewhat later.
    fn sleep(duration: Duration) -> Self::Future;
}

/// The standard library's clock, and a timer that is only made once a deadline has to be waited for.
pub struct Timer<R: Sleep>(Option<(Instant, R::Future)>);

impl<R: Sleep> Default for Timer<R> {
    fn default() -> Self {
        Self(None)
    }
}

impl<R: Sleep> Clock for Timer<R> {
    fn now(&self) -> Instant {
        static ORIGIN: OnceLock<std::time::Instant> = OnceLock::new();
        Instant::since_origin(ORIGIN.get_or_init(std::time::Instant::now).elapsed())
    }

    fn poll_until(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        let timer = match &mut self.0 {
            Some((set, timer)) if *set == deadline => timer,
            _ => {
                let left = deadline.saturating_duration_since(self.now());
                &mut self.0.insert((deadline, R::sleep(left))).1
            }
        };
        ready!(Pin::new(timer).poll(cx));
        self.0 = None; // it is not to be polled again
        Poll::Ready(())
    }
}

impl<R: Sleep> fmt::Debug for Timer<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Timer").field(&self.0.as_ref().map(|(deadline, _)| deadline)).finish()
    }
}
