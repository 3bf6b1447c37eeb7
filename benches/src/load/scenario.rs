//! [`Scenario`]: what is sent, on how many connections, and how much of it at a time.

use crate::corpus::{ascii, mixed};
use crate::deflate::bytes;
use crate::wire::{BINARY, FIN, TEXT, frame};

/// The key that requests are masked with.
const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A load.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name.
    pub name: &'static str,
    /// Which side the program is that is measured.
    pub side: Side,
    /// How many connections there are.
    pub connections: usize,
    /// How many messages are in flight on each.
    pub in_flight: usize,
    /// How many connections are active at a time, if not all are.
    pub active: Option<usize>,
    /// In how many frames a message comes.
    pub fragments: usize,
    /// Whether all that is sent is encrypted.
    pub tls: bool,
    first: u8,
    pub(super) payload: Vec<u8>,
}

/// A side of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The server is measured.
    Server,
    /// The client.
    Client,
}

impl Scenario {
    fn text(name: &'static str, text: String, connections: usize, in_flight: usize) -> Self {
        let (side, payload) = (Side::Server, text.into_bytes());
        Self { name, side, connections, in_flight, active: None, fragments: 1, tls: false, first: TEXT, payload }
    }

    fn binary(name: &'static str, len: usize, connections: usize, in_flight: usize) -> Self {
        Self { first: BINARY, ..Self::text(name, ascii(len), connections, in_flight) }
    }

    /// One message, as it is sent to the program.
    pub(super) fn request(&self) -> Vec<u8> {
        let key = (self.side == Side::Server).then_some(KEY);
        let pieces = self.payload.chunks(self.payload.len().div_ceil(self.fragments));
        let count = pieces.len();
        let frames = pieces.enumerate().map(|(at, piece)| {
            let opcode = if at == 0 { self.first & !FIN } else { 0 };
            let fin = if at + 1 == count { FIN } else { 0 };
            frame(fin | opcode, piece, key)
        });
        frames.collect::<Vec<_>>().concat()
    }

    /// The answer to it, without a mask.
    pub(super) fn answer(&self) -> Vec<u8> {
        frame(self.first, &self.payload, None)
    }

    /// What it is, in words.
    #[must_use]
    pub fn described(&self) -> String {
        let kind = if self.first == TEXT { "text" } else { "binary" };
        let fragments = if self.fragments > 1 { format!(" in {} fragments", self.fragments) } else { String::new() };
        let side = if self.side == Side::Client { ", the client is measured" } else { "" };
        let tls = if self.tls { ", over TLS" } else { "" };
        let each = match self.active {
            None => format!("{} in flight on each", self.in_flight),
            Some(active) => format!("{active} of them active at a time"),
        };
        let (len, connections) = (bytes(self.payload.len()), self.connections);
        let connections = format!("{connections} connection{}", if connections == 1 { "" } else { "s" });
        format!("{len} of {kind}{fragments}, {connections}, {each}{side}{tls}")
    }
}

/// All of them.
#[must_use]
pub fn scenarios() -> Vec<Scenario> {
    const KIB: usize = 1 << 10;
    const MIB: usize = 1 << 20;
    let client = |name, len, connections, in_flight| Scenario {
        side: Side::Client,
        ..Scenario::binary(name, len, connections, in_flight)
    };
    let growth = |name, connections| Scenario { active: Some(100), ..Scenario::text(name, ascii(125), connections, 1) };
    let tls = |name, len, connections, in_flight| Scenario {
        tls: true,
        ..Scenario::binary(name, len, connections, in_flight)
    };
    let mut all = vec![
        Scenario::text("lat16", ascii(16), 1, 1),
        Scenario::binary("rr20", 20, 64, 1),
        Scenario::binary("small64", 16, 16, 64),
        Scenario::text("text125", ascii(125), 16, 64),
        Scenario::text("text1k", ascii(KIB), 16, 16),
        Scenario::binary("bin16k", 16 * KIB, 8, 4),
        Scenario::text("text16k", ascii(16 * KIB), 8, 4),
        Scenario::text("utf8_16k", mixed(16 * KIB), 8, 4),
        Scenario::binary("bin1m", MIB, 2, 2),
        Scenario::text("text1m", ascii(MIB), 2, 2),
        Scenario { fragments: 16, ..Scenario::text("frag16k", ascii(16 * KIB), 8, 4) },
        client("client16", 16, 16, 64),
        client("client1k", KIB, 16, 16),
        client("client16k", 16 * KIB, 8, 4),
        client("client1m", MIB, 2, 2),
        growth("grow100", 100),
        growth("grow10k", 10_000),
    ];
    if cfg!(feature = "tls") {
        all.extend([tls("tls16", 16, 16, 64), tls("tls1k", KIB, 16, 16), tls("tls16k", 16 * KIB, 8, 4)]);
    }
    all
}
