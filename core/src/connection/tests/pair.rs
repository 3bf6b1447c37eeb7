//! [`Pair`]: two ends, a clock, and a link that carries bytes and cuts as it likes.

use super::checker::Checker;
use super::*;
use crate::error::TimedOut;
use alloc::collections::VecDeque;
use core::time::Duration;

pub(super) struct Pair {
    pub(super) client: End,
    pub(super) server: End,
    now: Instant,
    chance: Chance,
}

/// One end: a connection, the driver of it, and what it has seen.
pub(super) struct End {
    pub(super) connection: Connection,
    /// Neither reads nor writes nor keeps time, but its transport stays up.
    pub(super) hung: bool,
    /// Writes, but does not read.
    pub(super) deaf: bool,
    /// How many bytes the link to this end holds.
    pub(super) room: usize,
    pub(super) violation: Option<ProtocolError>,
    pub(super) timed_out: Option<TimedOut>,
    /// Whether the write side of its transport is shut down.
    pub(super) shut_down: bool,
    /// Whether it was told that the other's is.
    pub(super) saw_eof: bool,
    /// What it wrote.
    pub(super) wrote: Checker,
    events: Vec<Event>,
    arriving: VecDeque<u8>,
}

/// Where the link cuts; the same for the same seed.
struct Chance(u64);

impl Chance {
    /// From 1 to `most`, often small.
    fn up_to(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let [size, a, b, c, ..] = self.0.to_be_bytes();
        let scale = 1_usize << (size % 18);
        1 + u32::from_be_bytes([0, a, b, c]) as usize % scale.min(most)
    }
}

impl End {
    fn new(role: Role, config: &Config) -> Self {
        Self {
            connection: connection(role, config),
            hung: false,
            deaf: false,
            room: usize::MAX,
            violation: None,
            timed_out: None,
            shut_down: false,
            saw_eof: false,
            wrote: Checker::of(role),
            events: Vec::new(),
            arriving: VecDeque::new(),
        }
    }

    /// The events since the last call.
    pub(super) fn events(&mut self) -> Vec<Event> {
        core::mem::take(&mut self.events)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.connection.is_closed()
    }

    /// Moves some bytes and returns whether there were any.
    fn step(&mut self, other: &mut Self, now: Instant, chance: &mut Chance) -> bool {
        if self.hung {
            return false;
        }
        self.write(other, chance) | self.read(other, now, chance)
    }

    fn write(&mut self, other: &mut Self, chance: &mut Chance) -> bool {
        let room = other.room.saturating_sub(other.arriving.len());
        let moves = self.connection.wants_write() && room > 0 && !self.shut_down;
        if moves {
            let output = self.connection.output();
            let count = chance.up_to(output.chunk().len().min(room));
            let written = &output.chunk()[..count];
            self.wrote.read(written);
            other.arriving.extend(written);
            output.advance(count);
        }
        let shuts_down = !self.shut_down && (self.connection.wants_shutdown() || self.is_closed());
        self.shut_down |= shuts_down;
        moves || shuts_down
    }

    fn read(&mut self, other: &Self, now: Instant, chance: &mut Chance) -> bool {
        if self.deaf || !self.connection.wants_read() {
            return false;
        }
        if self.arriving.is_empty() {
            let eof = other.shut_down && !self.saw_eof;
            if eof {
                self.saw_eof = true;
                self.violation = self.connection.receive_eof().err().or(self.violation);
            }
            return eof;
        }
        let count = chance.up_to(self.arriving.len());
        let bytes: Vec<u8> = self.arriving.drain(..count).collect();
        self.connection.input().extend_from_slice(&bytes);
        loop {
            match self.connection.receive(now) {
                Ok(Some(event)) => self.events.push(event),
                Ok(None) => return true,
                Err(error) => self.violation = Some(error),
            }
        }
    }

    /// Handles its deadlines that have passed.
    fn wake(&mut self, now: Instant) {
        if self.connection.poll_timeout().is_none_or(|due| due > now) {
            return;
        }
        self.timed_out = self.connection.handle_timeout(now).err().or(self.timed_out);
        let next = self.connection.poll_timeout();
        assert!(next.is_none_or(|next| next > now), "due again at {next:?}, now is {now:?}");
    }
}

impl Pair {
    pub(super) fn new(client: &Config, server: &Config, seed: u64) -> Self {
        Self {
            client: End::new(Role::Client, client),
            server: End::new(Role::Server, server),
            now: NOW,
            chance: Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
        }
    }

    /// Carries bytes until none move.
    pub(super) fn exchange(&mut self) {
        let Self { client, server, now, chance } = self;
        while client.step(server, *now, chance) | server.step(client, *now, chance) {}
    }

    /// Lets time pass.
    pub(super) fn wait(&mut self, duration: Duration) {
        let until = self.now + duration;
        loop {
            self.exchange();
            let ends = [&mut self.client, &mut self.server].map(|end| (!end.hung).then_some(end));
            let due = ends.iter().flatten().filter_map(|end| end.connection.poll_timeout()).min();
            let Some(due) = due.filter(|due| *due <= until) else { break };
            self.now = self.now.max(due);
            for end in ends.into_iter().flatten() {
                end.wake(self.now);
            }
        }
        self.now = until;
    }

    /// How long it has been.
    pub(super) fn elapsed(&self) -> Duration {
        self.now.elapsed()
    }
}

/// Tells a story several times, with the link cut in other places each time.
#[track_caller]
pub(super) fn tell(config: &Config, story: impl Fn(&mut Pair)) {
    for seed in 0..10 {
        story(&mut Pair::new(config, config, seed));
    }
}
