//! [`Patience`]: how long calls may wait.

use super::waits::{Timer, block_on};
use sansws_core::Instant;
use sansws_driver::{Clock, Error, until};
use std::future::Future;
use std::time::Duration;

/// How long each call may wait; `None`: for ever.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Patience(Option<Duration>);

/// Until when a call may wait.
#[derive(Clone, Copy)]
pub(super) struct Deadline(Option<Instant>);

impl Patience {
    pub(super) const fn set(&mut self, timeout: Option<Duration>) {
        self.0 = timeout;
    }

    /// A call begins.
    pub(super) fn begin(self) -> Deadline {
        Deadline(self.0.map(|timeout| Timer::default().now() + timeout))
    }
}

impl Deadline {
    /// Waits for a future, or gives it up in time.
    pub(super) fn wait<R>(self, future: impl Future<Output = Result<R, Error>>) -> Result<R, Error> {
        match self.0 {
            None => block_on(future),
            Some(deadline) => block_on(async {
                until(&mut Timer::default(), deadline, future).await.unwrap_or(Err(Error::WouldBlock))
            }),
        }
    }

    /// Waits until what is queued has left; if time passes, it leaves with later calls.
    pub(super) fn leave(self, future: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
        match self.wait(future) {
            Err(Error::WouldBlock) => Ok(()),
            left => left,
        }
    }
}
