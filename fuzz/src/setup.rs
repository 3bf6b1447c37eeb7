//! [`Setup`]: how a connection is configured, in three bytes.

use crate::tape::{Recorded, Tape};
use sansws_core::deflate::{Deflate, Params};
use sansws_core::frame::Role;
use sansws_core::{Config, Connection, Delivery, Entropy, Instant, Keepalive, Limits};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Setup(pub(crate) [u8; 3]);

impl Setup {
    /// Of the second byte: messages are compressed. The bits before are for limits, fragments and keepalive, those behind
    /// for contexts, the level and more limits, the third byte for windows.
    pub(crate) const DEFLATE: u8 = 1;

    pub(crate) fn config(self) -> Config {
        let Self([a, b, _]) = self;
        let bit = |at: u32| a >> at & 1 == 1;
        let large_output = b & 0x40 != 0;
        Config {
            limits: Limits {
                message: [1000, 125, 0, 70_000][usize::from(a & 3)],
                fragments: [131_072, 300, 8, 1][usize::from(a >> 4 & 3)],
                empty_fragments: if bit(6) { 3 } else { 100 },
                unread_pings: if bit(7) { 1000 } else { 20 },
                output_high: if large_output { 64 << 10 } else { 5_000 },
                output_low: if large_output { 32 << 10 } else { 2_000 },
                output_max: if large_output { 1 << 20 } else { 20_000 },
            },
            delivery: if bit(2) { Delivery::Fragments } else { Delivery::Messages },
            keepalive: bit(3).then(Keepalive::default),
            deflate: self.deflate(),
            ..Config::default()
        }
    }

    fn deflate(self) -> Option<Deflate> {
        let Self([_, b, _]) = self;
        (b & Self::DEFLATE != 0).then(|| Deflate {
            level: [1, 3, 6, 9][usize::from(b >> 3 & 3)],
            threshold: if b & 0x20 != 0 { 100 } else { 0 },
            ..Deflate::default()
        })
    }

    /// What the server has answered to an offer of compression, if that is agreed on.
    pub(crate) fn answer(self) -> Option<Params> {
        let Self([_, b, c]) = self;
        let bits = |nibble: u8| (nibble & 0x8 != 0).then_some(8 + (nibble & 0x7));
        (b & Self::DEFLATE != 0).then(|| Params {
            server_no_context_takeover: b & 2 != 0,
            client_no_context_takeover: b & 4 != 0,
            server_max_window_bits: bits(c),
            client_max_window_bits: bits(c >> 4).map(Some),
        })
    }

    /// Whether a peer of the end in `role` takes over its context, and the end in `role` its own.
    pub(crate) fn takeover(self, role: Role) -> Option<bool> {
        self.answer().map(|answer| match role {
            Role::Client => !answer.client_no_context_takeover,
            Role::Server => !answer.server_no_context_takeover,
        })
    }

    pub(crate) fn connection(self, role: Role, config: Config) -> Connection {
        self.connection_at(Instant::ORIGIN, role, config)
    }

    pub(crate) fn connection_at(self, now: Instant, role: Role, config: Config) -> Connection {
        let connection = match role {
            Role::Client => Connection::client(config, counting(), now),
            Role::Server => Connection::server(config, now),
        };
        match self.answer() {
            None => connection,
            Some(answer) => connection.with_deflate(&answer),
        }
    }
}

/// Masking keys, no two of them equal.
pub(crate) fn counting() -> impl Entropy {
    let mut last = 0_u32;
    move |bytes: &mut [u8]| {
        last += 1;
        bytes.copy_from_slice(&last.wrapping_mul(0x9e37_79b1).to_be_bytes()); // odd, so no two products are equal
    }
}

pub(crate) const fn other(role: Role) -> Role {
    match role {
        Role::Client => Role::Server,
        Role::Server => Role::Client,
    }
}

impl std::fmt::Debug for Setup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Setup").field(&self.0).field(&self.config()).field(&self.answer()).finish()
    }
}

impl Recorded for Setup {
    fn read(tape: &mut Tape<'_>) -> Self {
        Self([tape.byte(), tape.byte(), tape.byte()])
    }

    #[cfg(test)]
    fn write(&self, tape: &mut Vec<u8>) {
        tape.extend(self.0);
    }
}
