//! [`World`]: what both ends and the network share.

use super::random::Random;
use super::support::time;
use sansws_core::{Config, Delivery, Keepalive, Limits};
use std::cell::{Cell, RefCell};
use std::time::Duration;

/// How many polls may follow each other with nothing to show for it: tasks that all wake all, twice.
const IDLE_POLLS: usize = 20;

#[derive(Debug)]
pub(crate) struct World {
    seed: u64,
    trace: RefCell<Vec<String>>,
    /// How often users have got further, or something was written.
    progress: Cell<usize>,
    /// How many polls there were since anything has happened that a task may be woken for.
    idle_polls: Cell<usize>,
    /// Whether anything has happened after which a connection may end without a closing handshake.
    disturbed: Cell<bool>,
    /// Whether tasks are polled that nobody has woken, to see that there is nothing for them to do.
    pub(crate) probes: Cell<bool>,
    /// Whether no deadline is ever met.
    pub(crate) patient: bool,
    /// Whether all is small: messages, and the pieces in which they pass.
    is_fine: bool,
}

impl World {
    pub(crate) fn new(seed: u64, random: &mut Random) -> Self {
        Self {
            seed,
            trace: RefCell::default(),
            progress: Cell::default(),
            idle_polls: Cell::default(),
            disturbed: Cell::default(),
            probes: Cell::default(),
            patient: random.one_in(2),
            is_fine: random.one_in(2),
        }
    }

    /// The size of a payload, in bytes: mostly small.
    pub(crate) fn size(&self, random: &mut Random) -> usize {
        let most = if self.is_fine {
            random.pick(&[1, 20, 128, 300])
        } else {
            random.pick(&[1, 128, 1000, 1000, 5000, 70_000])
        };
        random.below(most)
    }

    /// How much one read or write is, in bytes, at most.
    pub(crate) fn piece(&self, random: &mut Random) -> usize {
        random.pick(if self.is_fine { &[10, 100] } else { &[1000, 1 << 20] })
    }

    /// What is printed if the seed fails.
    pub(crate) fn note(&self, what: String) {
        self.trace.borrow_mut().push(format!("{:10.3?} {what}", time::elapsed()));
    }

    pub(crate) fn progress(&self) -> usize {
        self.progress.get()
    }

    pub(crate) fn count_progress(&self) {
        self.progress.set(self.progress.get() + 1);
        self.stir();
    }

    /// Something has happened: bytes moved, time passed, a wait is over.
    pub(crate) fn stir(&self) {
        self.idle_polls.set(0);
    }

    /// A task that was woken is polled: not for nothing, for ever.
    pub(crate) fn count_poll(&self) {
        self.idle_polls.set(self.idle_polls.get() + 1);
        assert!(self.idle_polls.get() <= IDLE_POLLS, "tasks wake each other and get nowhere");
    }

    pub(crate) fn disturb(&self, by: &str) {
        self.note(format!("    disturbed: {by}"));
        self.disturbed.set(true);
    }

    /// Whether there is no excuse but that both have closed.
    pub(crate) fn is_calm(&self) -> bool {
        self.patient && !self.disturbed.get()
    }

    /// How an end behaves.
    pub(crate) fn config(&self, random: &mut Random) -> Config {
        let second = Duration::from_secs(1);
        let hour = 3600 * second;
        let limits = if random.one_in(2) {
            Limits::default()
        } else {
            let output_high = random.pick(&[1, 200, 2000]);
            Limits { output_high, output_low: random.below(output_high), output_max: 100_000, ..Limits::default() }
        };
        let timeout = if self.patient { hour } else { 2 * second };
        Config {
            limits,
            delivery: random.pick(&[Delivery::Messages, Delivery::Messages, Delivery::Fragments]),
            keepalive: random.one_in(3).then_some(Keepalive { interval: second, timeout }),
            close_timeout: timeout,
            write_timeout: if self.patient { hour } else { 5 * second },
            ..Config::default()
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let is_asked = std::env::var(super::SEED).is_ok_and(|asked| asked == self.seed.to_string());
        if std::thread::panicking() || is_asked {
            eprintln!("{}\nreplay with {}={}", self.trace.borrow().join("\n"), super::SEED, self.seed);
        }
    }
}
