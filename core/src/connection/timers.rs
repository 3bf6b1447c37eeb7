//! All deadlines of a connection, in one table.
//!
//! Time only comes in with `now`, and not with every call: queueing a message does not know it. A
//! deadline that begins with such a call is due at once; [`Timers::handle`] then learns the time and
//! sets it. So [`Connection::poll_timeout`](super::Connection::poll_timeout) may name a moment that
//! has passed, and a driver that sleeps until then simply comes back.

use crate::config::Config;
use crate::error::TimedOut;
use crate::time::Instant;
use core::time::Duration;

#[derive(Debug)]
pub(super) struct Timers {
    /// The latest `now` seen.
    now: Instant,
    /// When the peer was last heard.
    heard: Instant,
    /// When the peer is given up for having been silent since our ping.
    silence: Option<Instant>,
    /// When the peer is given up for not finishing the closing handshake, and whether that counts from when our Close
    /// frame had left. Before, a peer that still reads what is queued ahead of it is not late.
    close: Option<(Instant, bool)>,
    /// When the peer is given up for not reading, and what it had read when this was set.
    write: Option<(Instant, u64)>,
}

/// What the deadlines depend on.
pub(super) struct Situation {
    pub(super) open: bool,
    pub(super) closing: bool,
    /// Whether the peer is read from: if not, its silence says nothing.
    pub(super) listening: bool,
    /// Whether bytes have yet to leave, and how many were ever taken.
    pub(super) queued: bool,
    pub(super) taken: u64,
}

/// What is due.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    Ping,
    GiveUp(TimedOut),
}

impl Timers {
    pub(super) const fn new(now: Instant) -> Self {
        Self { now, heard: now, silence: None, close: None, write: None }
    }

    /// The peer sent something.
    #[inline]
    pub(super) fn heard(&mut self, now: Instant) {
        self.now = self.now.max(now);
        self.heard = self.now;
        self.silence = None;
    }

    /// The peer took something, though nothing was taken of what is queued.
    pub(super) const fn on_progress(&mut self) {
        self.write = None;
    }

    /// The next deadline.
    pub(super) fn next(&self, config: &Config, situation: &Situation) -> Option<Instant> {
        let keepalive = config.keepalive.filter(|_| situation.open);
        let silence = keepalive.map(|keepalive| self.silence.unwrap_or(self.heard + keepalive.interval));
        let close = match self.close {
            _ if !situation.closing => None,
            Some((at, sent)) if sent || situation.queued => Some(at),
            Some(_) | None => Some(self.now),
        };
        let write = match self.write {
            _ if !situation.queued => None,
            Some((at, taken)) if taken == situation.taken => Some(at),
            Some(_) | None => Some(self.now),
        };
        [silence, close, write].into_iter().flatten().min()
    }

    /// Time has passed: sets the deadlines that have begun, and says what is due.
    pub(super) fn handle(&mut self, now: Instant, config: &Config, situation: &Situation) -> Due {
        self.now = self.now.max(now);
        let now = self.now;
        if situation.closing {
            let sent = !situation.queued;
            let (at, _) = match self.close {
                Some((at, false)) if sent => *self.close.insert((at.min(now + config.close_timeout), true)),
                Some(close) => close,
                None if sent => *self.close.insert((now + config.close_timeout, true)),
                None => *self.close.insert((now + config.write_timeout + config.close_timeout, false)),
            };
            if now >= at {
                let before = if sent { Duration::ZERO } else { config.write_timeout };
                return Due::GiveUp(TimedOut::Close(before + config.close_timeout));
            }
        }
        match self.write {
            Some((at, taken)) if situation.queued && taken == situation.taken => {
                if now >= at {
                    return Due::GiveUp(TimedOut::Write(config.write_timeout));
                }
            }
            Some(_) | None => {
                self.write = situation.queued.then_some((now + config.write_timeout, situation.taken));
            }
        }
        let Some(keepalive) = config.keepalive.filter(|_| situation.open) else { return Due::Nothing };
        match self.silence {
            Some(at) if now >= at && situation.listening => Due::GiveUp(TimedOut::Keepalive(keepalive.timeout)),
            Some(at) if now >= at => {
                self.heard(now);
                Due::Nothing
            }
            None if now >= self.heard + keepalive.interval => {
                self.silence = Some(now + keepalive.timeout);
                Due::Ping
            }
            Some(_) | None => Due::Nothing,
        }
    }
}
