//! Compression, by ends that both are ours.

use crate::checker::Checker;
use crate::outcome::{Cuts, Manner, Outcome, drain};
use crate::payload::Payload;
use crate::reader::Heard;
use crate::setup::{Setup, other};
use crate::tape::{Recorded, Tape};
use bytes::Bytes;
use sansws_core::frame::Role;
use sansws_core::{Config, Connection, Fragment, Kind, Limits, Message};

/// How a message is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) kind: Kind,
    pub(crate) how: How,
    pub(crate) payload: Payload,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    Owned,
    Borrowed,
    Plain,
    /// In pieces of so many bytes, up to 64.
    Pieces(u8),
}

impl Recorded for Sent {
    fn read(tape: &mut Tape<'_>) -> Self {
        let flags = tape.byte();
        let kind = if flags & 1 == 0 { Kind::Text } else { Kind::Binary };
        let how = match flags >> 1 & 7 {
            0 | 1 => How::Owned,
            2 | 3 => How::Borrowed,
            4 => How::Plain,
            _ => How::Pieces(tape.byte()),
        };
        Self { kind, how, payload: Payload::read(tape) }
    }

    #[cfg(test)]
    fn write(&self, tape: &mut Vec<u8>) {
        let kind = u8::from(self.kind == Kind::Binary);
        match self.how {
            How::Owned => tape.push(kind),
            How::Borrowed => tape.push(kind | 2 << 1),
            How::Plain => tape.push(kind | 4 << 1),
            How::Pieces(size) => tape.extend([kind | 5 << 1, size]),
        }
        self.payload.write(tape);
    }
}

/// What is compressed is legal, refers back no further than agreed, and inflates to what was sent: by an inflater that
/// is not ours, and by ours, however it is cut, also if the limit is just that of the longest message.
pub fn deflate_roundtrip(data: &[u8]) {
    let mut tape = Tape::new(data);
    let role = if tape.flag() { Role::Client } else { Role::Server };
    let Setup([a, b, c]) = Setup::read(&mut tape);
    let setup = Setup([a, b | Setup::DEFLATE, c]);
    let (manner, cuts) = (Manner(tape.byte()), Cuts::read(&mut tape));
    let sent = tape.all::<Sent>(20);

    let limits = Limits { output_max: usize::MAX, ..Limits::default() };
    let mut sender = setup.connection(role, Config { limits, ..setup.config() });
    let expected: Vec<Heard> = sent.iter().map(|sent| send(&mut sender, sent)).collect();
    let written = drain(&mut sender);
    assert_eq!(sender.buffered_amount(), 0);

    let mut checker = Checker::of(role, setup);
    assert_eq!(checker.read(&written), expected);
    assert!(checker.is_whole());

    let longest = expected.iter().map(len).max().unwrap_or_default();
    let limits = Limits { message: longest, ..Limits::default() };
    let mut receiver = setup.connection(other(role), Config { limits, ..setup.config() });
    let outcome = Outcome::of(&mut receiver, cuts.of(&written), manner, false);
    assert_eq!((outcome.heard, outcome.error), (expected, None));
    assert_eq!(receiver.traffic().received, sender.traffic().sent);
    assert!(receiver.input().is_empty() && receiver.read_hint() == 0);
}

fn len(heard: &Heard) -> u64 {
    match heard {
        Heard::Message(_, payload) => payload.len() as u64,
        Heard::Ping(_) | Heard::Pong(_) | Heard::Close(_) => 0,
    }
}

/// Sends it. Returns what should arrive.
fn send(sender: &mut Connection, Sent { kind, how, payload }: &Sent) -> Heard {
    let message: Message = match kind {
        Kind::Text => payload.text().into(),
        Kind::Binary => payload.bytes().into(),
    };
    let heard = Heard::Message(*kind, message.as_bytes().to_vec());
    let result = match how {
        How::Owned => sender.send(message),
        How::Borrowed => sender.send_ref(&message),
        How::Plain => sender.send_plain(message),
        How::Pieces(size) => {
            let size = usize::from(*size).max(message.len() / 64).max(1);
            let count = message.len().div_ceil(size).max(1);
            (0..count).try_for_each(|at| {
                let end = message.len().min((at + 1) * size);
                let payload = Bytes::copy_from_slice(&message.as_bytes()[at * size..end]);
                sender.send_fragment(Fragment { kind: *kind, payload, last: at + 1 == count })
            })
        }
    };
    assert_eq!(result, Ok(()));
    heard
}
