//! [`Clock`]: the time, for callers who keep their deadlines.

use sansws_core::Instant;
use std::sync::OnceLock;
use std::task::{Context, Poll};

/// The standard library's clock. It has no timer: the caller waits no longer than
/// [`timeout`](sansws_driver::NonBlocking::timeout).
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock(());

/// The time now, from the first time that this was asked.
pub(crate) fn now() -> Instant {
    static ORIGIN: OnceLock<std::time::Instant> = OnceLock::new();
    Instant::since_origin(ORIGIN.get_or_init(std::time::Instant::now).elapsed())
}

impl sansws_driver::Clock for Clock {
    fn now(&self) -> Instant {
        now()
    }

    fn poll_until(&mut self, _: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        if self.now() < deadline { Poll::Pending } else { Poll::Ready(()) }
    }
}
