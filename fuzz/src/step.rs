//! [`Script`] and [`Step`]: what the transport does, and what is done with the stream on it.

use crate::payload::Payload;
use crate::said::Said;
use crate::setup::Setup;
use crate::support::script::{Cut, Read, Write};
use crate::tape::{Recorded, Tape};
use sansws_core::Kind;
use sansws_core::frame::Role;
use std::io::ErrorKind;

/// What there is before anybody does anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Script {
    /// The role, how it opens, whether the transport buffers and hesitates.
    pub(crate) flags: u8,
    pub(crate) setup: Setup,
    /// How much passes through the transport at once; as much as there is if zero.
    pub(crate) sizes: [u8; 2],
    pub(crate) said: Vec<Cue>,
    /// What writes, flushes and shutdowns meet.
    pub(crate) obstacles: [Vec<u8>; 3],
}

/// A step of the peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cue {
    Said(Said),
    Pending,
    Error,
    Eof,
}

impl Script {
    /// What the first byte says.
    pub(crate) const CLIENT: u8 = 1;
    /// Only of a server: the opening handshake comes first; and a byte of the request is another.
    pub(crate) const ACCEPT: u8 = 2;
    pub(crate) const SPOILT: u8 = 4;
    pub(crate) const BUFFERS: u8 = 8;
    pub(crate) const HESITATES: u8 = 16;

    pub(crate) const fn has(&self, bit: u8) -> bool {
        self.flags & bit != 0
    }

    pub(crate) const fn role(&self) -> Role {
        if self.has(Self::CLIENT) { Role::Client } else { Role::Server }
    }

    pub(crate) fn cut(&self) -> Cut {
        let [read, write] = self.sizes.map(|size| if size == 0 { usize::MAX } else { size.into() });
        Cut { read, write, hesitates: self.has(Self::HESITATES) }
    }

    pub(crate) fn obstacles(&self, which: usize) -> Vec<Write> {
        self.obstacles[which].iter().map(|byte| obstacle(*byte)).collect()
    }
}

pub(crate) fn obstacle(byte: u8) -> Write {
    match byte {
        0..=0x3f => Write::Pending,
        0x40..=0x4f => Write::Blocked,
        0x50..=0x5f => Write::Error(ErrorKind::BrokenPipe),
        limit => Write::Limit((limit - 0x5f).into()),
    }
}

impl Cue {
    /// As what the reader of the end in `to` meets.
    pub(crate) fn met(&self, to: Role) -> Read {
        match self {
            Self::Said(said) => Read::Data(said.bytes(to)),
            Self::Pending => Read::Pending,
            Self::Error => Read::Error(ErrorKind::ConnectionReset),
            Self::Eof => Read::Eof,
        }
    }
}

impl Recorded for Cue {
    fn read(tape: &mut Tape<'_>) -> Self {
        match tape.byte() % 8 {
            0 => Self::Pending,
            1 => Self::Error,
            2 => Self::Eof,
            _ => Self::Said(Said::read(tape)),
        }
    }

    #[cfg(test)]
    fn write(&self, tape: &mut Vec<u8>) {
        match self {
            Self::Pending => tape.push(0),
            Self::Error => tape.push(1),
            Self::Eof => tape.push(2),
            Self::Said(said) => {
                tape.push(3);
                said.write(tape);
            }
        }
    }
}

impl Recorded for Script {
    fn read(tape: &mut Tape<'_>) -> Self {
        let (flags, setup, sizes) = (tape.byte(), Setup::read(tape), [tape.byte(), tape.byte()]);
        let count = tape.byte() % 16;
        let said = tape.all(count.into());
        let obstacles = [16, 8, 4].map(|most| {
            let count = tape.byte() % most;
            tape.bytes(count.into()).to_vec()
        });
        Self { flags, setup, sizes, said, obstacles }
    }

    #[cfg(test)]
    fn write(&self, tape: &mut Vec<u8>) {
        let len = |len: usize| u8::try_from(len).expect("few");
        tape.push(self.flags);
        self.setup.write(tape);
        tape.extend(self.sizes);
        tape.push(len(self.said.len()));
        self.said.iter().for_each(|said| said.write(tape));
        for obstacles in &self.obstacles {
            tape.push(len(obstacles.len()));
            tape.extend(obstacles);
        }
    }
}

/// Something that somebody does: a future is polled so many times, woken or not, and dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Next(u8),
    Read(u8),
    NextEvent(u8),
    ReadEvent(u8),
    /// Messages are echoed.
    Serve(u8),
    ServeEvents(u8),
    Send(u8, Sending, Kind, Payload),
    Ping(u8, Payload),
    Ready(u8),
    Flush(u8),
    Close(u8, Option<(u16, Payload)>),
    StartClose(Option<(u16, Payload)>),
    Idle(u8),
    /// The halves are polled in turns, and reunited.
    Split(u8, Payload),
    /// So many milliseconds pass.
    Wait(u16),
    /// What blocks ends.
    Unblock,
    /// The peer says more.
    More(Cue),
}

/// How a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sending {
    Send,
    Feed,
    FeedRef,
    FeedPlain,
    /// As a piece of a message, whether it is the last.
    Fragment(bool),
}

impl Sending {
    const ALL: [Self; 6] =
        [Self::Send, Self::Feed, Self::FeedRef, Self::FeedPlain, Self::Fragment(false), Self::Fragment(true)];
}

fn frame(tape: &mut Tape<'_>) -> Option<(u16, Payload)> {
    match tape.short() {
        0 => None,
        code => Some((code, Payload::read(tape))),
    }
}

impl Recorded for Step {
    fn read(tape: &mut Tape<'_>) -> Self {
        let what = tape.byte() % 17;
        // Most calls do all they can at once.
        let polls = if what < 14 && what != 11 { 1 + tape.byte() % 8 } else { 0 };
        match what {
            0 => Self::Next(polls),
            1 => Self::Read(polls),
            2 => Self::NextEvent(polls),
            3 => Self::ReadEvent(polls),
            4 => Self::Serve(polls),
            5 => Self::ServeEvents(polls),
            6 => {
                let how = tape.byte();
                let kind = if how & 0x80 == 0 { Kind::Text } else { Kind::Binary };
                Self::Send(polls, Sending::ALL[usize::from(how & 0x7f) % 6], kind, Payload::read(tape))
            }
            7 => Self::Ping(polls, Payload::read(tape)),
            8 => Self::Ready(polls),
            9 => Self::Flush(polls),
            10 => Self::Close(polls, frame(tape)),
            11 => Self::StartClose(frame(tape)),
            12 => Self::Idle(polls),
            13 => Self::Split(polls, Payload::read(tape)),
            14 => Self::Wait(tape.short()),
            15 => Self::Unblock,
            _ => Self::More(Cue::read(tape)),
        }
    }

    #[cfg(test)]
    fn write(&self, tape: &mut Vec<u8>) {
        let mut put = |what: u8, polls: &u8| tape.extend([what, polls - 1]);
        let put_frame = |tape: &mut Vec<u8>, frame: &Option<(u16, Payload)>| match frame {
            None => tape.extend([0, 0]),
            Some((code, reason)) => {
                tape.extend(code.to_le_bytes());
                reason.write(tape);
            }
        };
        match self {
            Self::Next(polls) => put(0, polls),
            Self::Read(polls) => put(1, polls),
            Self::NextEvent(polls) => put(2, polls),
            Self::ReadEvent(polls) => put(3, polls),
            Self::Serve(polls) => put(4, polls),
            Self::ServeEvents(polls) => put(5, polls),
            Self::Send(polls, how, kind, payload) => {
                put(6, polls);
                let how = Sending::ALL.iter().position(|other| other == how).unwrap_or_default();
                let kind = if *kind == Kind::Text { 0 } else { 0x80 };
                tape.push(u8::try_from(how).expect("few") | kind);
                payload.write(tape);
            }
            Self::Ping(polls, payload) => {
                put(7, polls);
                payload.write(tape);
            }
            Self::Ready(polls) => put(8, polls),
            Self::Flush(polls) => put(9, polls),
            Self::Close(polls, frame) => {
                put(10, polls);
                put_frame(tape, frame);
            }
            Self::StartClose(frame) => {
                tape.push(11);
                put_frame(tape, frame);
            }
            Self::Idle(polls) => put(12, polls),
            Self::Split(polls, payload) => {
                put(13, polls);
                payload.write(tape);
            }
            Self::Wait(millis) => {
                tape.push(14);
                tape.extend(millis.to_le_bytes());
            }
            Self::Unblock => tape.push(15),
            Self::More(heard) => {
                tape.push(16);
                heard.write(tape);
            }
        }
    }
}
