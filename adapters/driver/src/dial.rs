//! [`dial`]: from a host's name to a TCP stream, by Happy Eyeballs version 2 (RFC 8305).
//!
//! The runtime gives all addresses at once, as `getaddrinfo` does, sorted by RFC 6724. So there is no first answer to
//! act upon before the second (§3): what is left is to interleave them (§4) and to let them race (§5).

use crate::deadline::until;
use crate::error::Error;
use crate::runtime::{Clock, Connect};
use crate::turn::Turn;
use sansws_core::{Instant, TimedOut};
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// How long after an attempt the next one starts, unless it failed before: the Connection Attempt Delay that RFC 8305
/// §5 recommends.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// A stream, and our turn with it, if turns are taken.
type Dialled<T> = (T, Option<Turn>);

/// Connects to the address of the host that answers first.
///
/// An address that another handshake has taken is passed over until it is free. Time in which nothing is under way
/// since all that are left are taken is not part of `timeout`.
///
/// # Errors
///
/// That of resolving; of the attempt that failed first, once all have; [`TimedOut::Connect`].
pub(crate) async fn dial<R: Connect>(
    host: &str,
    port: u16,
    timeout: Duration,
    one_at_a_time: bool,
) -> Result<Dialled<R::Tcp>, Error> {
    let mut clock = R::Clock::default();
    let deadline = clock.now() + timeout;
    let resolved = until(&mut clock, deadline, R::resolve(host, port)).await;
    let mut untried = resolved.ok_or(TimedOut::Connect(timeout))??;
    interleave(&mut untried);
    let now = clock.now();
    let mut race =
        Race { clock, deadline, next: now, polled: now, untried, one_at_a_time, attempts: Vec::new(), failure: None };
    let won = poll_fn(|cx| race.poll(cx, R::connect)).await;
    Ok(won.ok_or(TimedOut::Connect(timeout))??)
}

/// Makes the families take turns, beginning with that of the first address; within each the order stays (RFC 8305 §4,
/// First Address Family Count 1).
fn interleave(addresses: &mut [SocketAddr]) {
    for at in 1..addresses.len() {
        let before = addresses[at - 1].is_ipv4();
        let Some(other) = addresses[at..].iter().position(|address| address.is_ipv4() != before) else { return };
        addresses[at..=at + other].rotate_right(1);
    }
}

/// Attempts to connect, of which the first that succeeds wins.
struct Race<C, F> {
    clock: C,
    deadline: Instant,
    /// When the next attempt may start.
    next: Instant,
    /// When this was polled last.
    polled: Instant,
    /// The addresses left, the best first.
    untried: Vec<SocketAddr>,
    one_at_a_time: bool,
    /// Those under way, in the order in which they started.
    attempts: Vec<Attempt<F>>,
    /// Of the attempt that failed first.
    failure: Option<io::Error>,
}

struct Attempt<F> {
    future: Pin<Box<F>>,
    turn: Option<Turn>,
}

impl<C: Clock, F: Future<Output = io::Result<T>>, T> Race<C, F> {
    /// The winner, or why there is none; `None` if time is up.
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        connect: impl Fn(SocketAddr) -> F,
    ) -> Poll<Option<io::Result<Dialled<T>>>> {
        loop {
            let now = self.clock.now();
            if self.attempts.is_empty() {
                self.deadline = self.deadline + now.saturating_duration_since(self.polled); // it was not our turn
            }
            self.polled = now;
            if let Some(won) = self.poll_attempts(cx) {
                return Poll::Ready(Some(Ok(won)));
            }
            if self.attempts.is_empty() && self.untried.is_empty() {
                let no_address = || io::Error::new(io::ErrorKind::NotFound, "host has no address");
                return Poll::Ready(Some(Err(self.failure.take().unwrap_or_else(no_address))));
            }
            if now >= self.deadline {
                return Poll::Ready(None);
            }
            if now >= self.next
                && let Some((address, turn)) = self.take(cx)
            {
                self.attempts.push(Attempt { future: Box::pin(connect(address)), turn });
                self.next = now + ATTEMPT_DELAY;
            } else if self.attempts.is_empty() {
                return Poll::Pending; // until it is our turn somewhere
            } else {
                let next = if self.untried.is_empty() || now >= self.next { self.deadline } else { self.next };
                ready!(self.clock.poll_until(cx, next.min(self.deadline)));
            }
        }
    }

    /// Polls all that are under way. The first that is connected.
    fn poll_attempts(&mut self, cx: &mut Context<'_>) -> Option<Dialled<T>> {
        let mut at = 0;
        while let Some(attempt) = self.attempts.get_mut(at) {
            match attempt.future.as_mut().poll(cx) {
                Poll::Pending => at += 1,
                Poll::Ready(Ok(stream)) => return Some((stream, attempt.turn.take())),
                Poll::Ready(Err(error)) => {
                    self.failure.get_or_insert(error);
                    self.attempts.remove(at);
                    if at == self.attempts.len() {
                        self.next = self.polled; // it was the last to start
                    }
                }
            }
        }
        None
    }

    /// Takes the best address whose turn is ours.
    fn take(&mut self, cx: &Context<'_>) -> Option<(SocketAddr, Option<Turn>)> {
        if !self.one_at_a_time {
            return (!self.untried.is_empty()).then(|| (self.untried.remove(0), None));
        }
        let turns = self.untried.iter().map(|address| Turn::poll_take(*address, cx));
        let (at, turn) = turns.enumerate().find_map(|(at, turn)| match turn {
            Poll::Ready(turn) => Some((at, turn)),
            Poll::Pending => None,
        })?;
        Some((self.untried.remove(at), Some(turn)))
    }
}
