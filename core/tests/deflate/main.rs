#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
//! permessage-deflate (RFC 7692), through the public API: laws over any messages, parameters and bytes, the vectors
//! of the RFC, the limits, and the negotiation in both roles.
//!
//! `dull` inflates what is sent a second time, to know how far it refers back.

mod dull;
mod laws;
mod limits;
mod negotiation;
mod vectors;

use bytes::{Buf, Bytes, BytesMut};
use sansws_core::deflate::{Deflate, Params};
use sansws_core::frame::{Decoder, Opcode, Role};
use sansws_core::{
    Config, Connection, Delivery, Entropy, Event, EventRef, Fragment, InputBuffer, Instant, Kind, Message,
    ProtocolError, Volume,
};

const NOW: Instant = Instant::ORIGIN;

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const PING: u8 = 0x89;
const CONTINUATION: u8 = 0x80;
/// Taken off the first byte of a frame that another one continues.
const FIN: u8 = 0x80;
/// Put on the first byte of a compressed message.
const RSV1: u8 = 0x40;

/// What a flush ends with, and what a sender leaves off (§7.2.1).
const MARKER: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// Both ends take over their contexts, and windows are as large as they can be.
const BOTH: Params = Params {
    server_no_context_takeover: false,
    client_no_context_takeover: false,
    server_max_window_bits: None,
    client_max_window_bits: None,
};

/// Each message by itself, from both ends.
const NEITHER: Params = Params { server_no_context_takeover: true, client_no_context_takeover: true, ..BOTH };

/// Masking keys, no two of them equal.
fn counting() -> impl Entropy {
    let mut last = 0_u32;
    move |bytes: &mut [u8]| {
        last += 1;
        bytes.copy_from_slice(&last.wrapping_mul(0x9e37_79b1).to_be_bytes()); // odd, so no two products are equal
    }
}

/// An end that has agreed on `answer`.
fn connection(role: Role, config: &Config, answer: &Params) -> Connection {
    let connection = match role {
        Role::Client => Connection::client(config.clone(), counting(), NOW),
        Role::Server => Connection::server(config.clone(), NOW),
    };
    connection.with_deflate(answer)
}

/// Everything is compressed, as hard as zlib does by default.
fn eager() -> Config {
    Config { deflate: Some(Deflate { level: 6, threshold: 0, ..Deflate::default() }), ..Config::default() }
}

/// The same, and what arrives is given out in pieces.
fn in_pieces() -> Config {
    Config { delivery: Delivery::Fragments, ..eager() }
}

fn other(role: Role) -> Role {
    match role {
        Role::Client => Role::Server,
        Role::Server => Role::Client,
    }
}

/// A frame as `to` receives it: masked if that is a server.
fn frame(to: Role, first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    let len = (payload.len() as u64).to_be_bytes();
    match payload.len() {
        0..=125 => bytes.push(len[7]),
        126..=0xffff => bytes.extend([&[126], &len[6..]].concat()),
        _ => bytes.extend([&[127], &len[..]].concat()),
    }
    match to {
        Role::Client => bytes.extend(payload),
        Role::Server => {
            let key = [0x37, 0xfa, 0x21, 0x3d];
            bytes[1] |= 0x80;
            bytes.extend(key);
            bytes.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
        }
    }
    bytes
}

/// Takes all that is queued.
fn drain(connection: &mut Connection) -> Vec<u8> {
    let mut written = Vec::new();
    while connection.wants_write() {
        let output = connection.output();
        written.extend(output.chunk());
        output.advance(output.chunk().len());
    }
    written
}

/// How events are taken, and bytes put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Take {
    Owned,
    Lent,
    /// By turns, out of a buffer that is lent for each piece of the input.
    Alternately,
}

/// What came of some input: pieces of a message are put together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Outcome {
    messages: Vec<Message>,
    /// What was given out of a message that did not end.
    rest: Vec<u8>,
    pings: Vec<Bytes>,
    /// The largest piece or message.
    largest: usize,
    error: Option<ProtocolError>,
}

impl Outcome {
    fn add(&mut self, event: Event) {
        match event {
            Event::Message(message) => {
                self.largest = self.largest.max(message.len());
                self.messages.push(message);
            }
            Event::Fragment(Fragment { kind, payload, last }) => {
                self.largest = self.largest.max(payload.len());
                self.rest.extend(payload);
                if last {
                    let whole = core::mem::take(&mut self.rest);
                    self.messages.push(match kind {
                        Kind::Text => String::from_utf8(whole).unwrap().into(),
                        Kind::Binary => whole.into(),
                    });
                }
            }
            Event::Ping(payload) => self.pings.push(payload),
            other => panic!("{other:?}"),
        }
    }
}

/// Puts the pieces in one by one and takes every event.
fn receive<'a>(connection: &mut Connection, pieces: impl IntoIterator<Item = &'a [u8]>, take: Take) -> Outcome {
    let mut outcome = Outcome::default();
    let mut owned = take == Take::Owned;
    for piece in pieces {
        if take == Take::Alternately {
            connection.input().lend(InputBuffer::with_capacity(64));
        }
        connection.input().fill(piece.len(), |input| input.extend_from_slice(piece));
        loop {
            owned ^= take == Take::Alternately;
            let event = if owned {
                connection.receive(NOW)
            } else {
                connection.receive_ref(NOW).map(|event: Option<EventRef<'_>>| event.map(Event::from))
            };
            match event {
                Ok(None) => break,
                Ok(Some(event)) => outcome.add(event),
                Err(error) => assert_eq!(outcome.error.replace(error), None, "returned twice"),
            }
        }
        connection.input().reclaim();
    }
    outcome
}

/// All of `bytes` at once.
fn whole(connection: &mut Connection, bytes: &[u8]) -> Outcome {
    receive(connection, [bytes], Take::Owned)
}

/// What one end writes, judged: every byte must be legal, and every message inflates by itself to what it should be.
struct Judge {
    decoder: Decoder,
    /// What may be referred to.
    text: Vec<u8>,
    takeover: bool,
    /// The furthest that anything refers back.
    distance: usize,
    message: Option<Written>,
    messages: Vec<Written>,
    /// What data frames carried.
    wire: u64,
}

/// A message as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Written {
    kind: Kind,
    compressed: bool,
    frames: usize,
    /// On the wire.
    payload: Vec<u8>,
    /// Inflated.
    text: Vec<u8>,
}

impl Judge {
    /// Judges what the end in this role writes.
    fn of(role: Role, answer: &Params) -> Self {
        let takeover = match role {
            Role::Client => !answer.client_no_context_takeover,
            Role::Server => !answer.server_no_context_takeover,
        };
        let decoder = Decoder::new(other(role)).with_extension_bits(4);
        Self { decoder, text: Vec::new(), takeover, distance: 0, message: None, messages: Vec::new(), wire: 0 }
    }

    /// All that was written: whole frames.
    #[track_caller]
    fn read(&mut self, written: &[u8]) -> &mut Self {
        let mut input = BytesMut::from(written);
        while let Some(frame) = self.decoder.frame(&mut input, usize::MAX).expect("an illegal frame was written") {
            let kind = match frame.header.opcode {
                Opcode::Text => Kind::Text,
                Opcode::Binary => Kind::Binary,
                Opcode::Continuation => self.message.as_ref().unwrap().kind,
                Opcode::Close | Opcode::Ping | Opcode::Pong => continue,
            };
            let compressed = frame.header.rsv == 4;
            let mut message = self.message.take().unwrap_or(Written {
                kind,
                compressed,
                frames: 0,
                payload: Vec::new(),
                text: Vec::new(),
            });
            self.wire += frame.header.len;
            message.frames += 1;
            message.payload.extend(frame.payload);
            if frame.header.fin {
                message.text = self.inflate(&message);
                self.messages.push(message);
            } else {
                self.message = Some(message);
            }
        }
        assert!(input.is_empty(), "part of a frame was written");
        self
    }

    #[track_caller]
    fn inflate(&mut self, message: &Written) -> Vec<u8> {
        if !message.compressed {
            return message.payload.clone();
        }
        if !self.takeover {
            self.text.clear();
        }
        let before = self.text.len();
        let found = dull::inflate(&[&message.payload, &MARKER[..]].concat(), &mut self.text);
        let found = found.unwrap_or_else(|wrong| panic!("{wrong}: {message:02x?}"));
        assert_eq!(found.finals, 0);
        self.distance = self.distance.max(found.distance);
        self.text[before..].into()
    }

    /// The messages so far, each with whether it is compressed.
    fn texts(&self) -> Vec<(bool, &[u8])> {
        self.messages.iter().map(|message| (message.compressed, &*message.text)).collect()
    }
}
