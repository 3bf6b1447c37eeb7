//! [`Op`]: what may happen to a connection.

use crate::frame::Frame;
use crate::payload::Payload;
use crate::tape::{Recorded, Tape};
use sansws_core::Kind;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    /// A frame arrives, in pieces of so many bytes (all at once if zero).
    Frame(Frame, u8, Take),
    /// Any bytes arrive.
    Bytes(Vec<u8>, u8, Take),
    /// The same frame arrives four times as often as this, each time with all events taken.
    Flood(Frame, u8),
    Take(Take),
    Send(Kind, Payload),
    SendRef(Kind, Payload),
    SendPlain(Kind, Payload),
    /// A piece of a message, whether it is the last.
    Fragment(Kind, bool, Payload),
    Ping(Payload),
    Pong(Payload),
    Close(Option<(u16, Payload)>),
    Eof,
    /// So many bytes are written, if there are so many.
    Write(u16),
    /// So many milliseconds pass.
    Wait(u16),
    /// Buffers are lent, or reclaimed.
    Lend,
    Reclaim,
    Flushed(bool),
}

/// How events are taken, and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Take(pub(crate) u8);

/// How one event is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    Owned,
    Lent,
    /// Lent, and a message is answered with itself while it is on loan.
    Echoed,
    /// As the first two, but a message by the short way if that leads to one.
    ShortOwned,
    ShortLent,
}

impl Take {
    pub(crate) const fn most(self) -> usize {
        match self.0 >> 3 {
            0 => usize::MAX,
            most => most as usize - 1,
        }
    }

    /// Of the event at this place.
    pub(crate) fn how(self, at: usize) -> How {
        let hows = [How::Owned, How::Lent, How::Echoed, How::ShortOwned, How::ShortLent];
        let first = (self.0 & 7) as usize;
        hows[if first < hows.len() { first } else { (first + at) % hows.len() }]
    }
}

fn kind(tape: &mut Tape<'_>) -> Kind {
    if tape.flag() { Kind::Binary } else { Kind::Text }
}

impl Recorded for Op {
    fn read(tape: &mut Tape<'_>) -> Self {
        match tape.byte() % 17 {
            0 => Self::Frame(Frame::read(tape), tape.byte(), Take(tape.byte())),
            1 => {
                let len = tape.byte();
                Self::Bytes(tape.bytes(len.into()).into(), tape.byte(), Take(tape.byte()))
            }
            2 => Self::Flood(Frame::read(tape), tape.byte()),
            3 => Self::Take(Take(tape.byte())),
            4 => Self::Send(kind(tape), Payload::read(tape)),
            5 => Self::SendRef(kind(tape), Payload::read(tape)),
            6 => Self::SendPlain(kind(tape), Payload::read(tape)),
            7 => Self::Fragment(kind(tape), tape.flag(), Payload::read(tape)),
            8 => Self::Ping(Payload::read(tape)),
            9 => Self::Pong(Payload::read(tape)),
            10 => Self::Close(match tape.short() {
                0 => None,
                code => Some((code, Payload::read(tape))),
            }),
            11 => Self::Eof,
            12 => Self::Write(tape.short()),
            13 => Self::Wait(tape.short()),
            14 => Self::Lend,
            15 => Self::Reclaim,
            _ => Self::Flushed(tape.flag()),
        }
    }

    #[cfg(test)]
    fn write(&self, tape: &mut Vec<u8>) {
        let mut put = |number: u8, bytes: &[u8], payload: Option<&Payload>| {
            tape.push(number);
            tape.extend(bytes);
            if let Some(payload) = payload {
                payload.write(tape);
            }
        };
        let of = |kind: &Kind| u8::from(*kind == Kind::Binary);
        match self {
            Self::Frame(frame, cut, take) => {
                put(0, &[], None);
                frame.write(tape);
                tape.extend([*cut, take.0]);
            }
            Self::Bytes(bytes, cut, take) => {
                put(1, &[u8::try_from(bytes.len()).expect("short")], None);
                tape.extend(bytes);
                tape.extend([*cut, take.0]);
            }
            Self::Flood(frame, count) => {
                put(2, &[], None);
                frame.write(tape);
                tape.push(*count);
            }
            Self::Take(take) => put(3, &[take.0], None),
            Self::Send(kind, payload) => put(4, &[of(kind)], Some(payload)),
            Self::SendRef(kind, payload) => put(5, &[of(kind)], Some(payload)),
            Self::SendPlain(kind, payload) => put(6, &[of(kind)], Some(payload)),
            Self::Fragment(kind, last, payload) => put(7, &[of(kind), u8::from(*last)], Some(payload)),
            Self::Ping(payload) => put(8, &[], Some(payload)),
            Self::Pong(payload) => put(9, &[], Some(payload)),
            Self::Close(None) => put(10, &[0, 0], None),
            Self::Close(Some((code, reason))) => put(10, &code.to_le_bytes(), Some(reason)),
            Self::Eof => put(11, &[], None),
            Self::Write(count) => put(12, &count.to_le_bytes(), None),
            Self::Wait(millis) => put(13, &millis.to_le_bytes(), None),
            Self::Lend => put(14, &[], None),
            Self::Reclaim => put(15, &[], None),
            Self::Flushed(flushed) => put(16, &[u8::from(*flushed)], None),
        }
    }
}
