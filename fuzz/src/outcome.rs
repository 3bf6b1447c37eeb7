//! [`Outcome`]: what comes of some input, however it is cut, put in and taken.

use crate::reader::Heard;
use crate::tape::{Recorded, Tape};
use bytes::Buf;
use sansws_core::{Connection, Event, EventRef, Fragment, InputBuffer, Instant, Kind, ProtocolError};

/// How many pieces are put in behind the end: they all meet the same.
const ENOUGH: usize = 8;

/// How bytes are put in, and events taken out: two bits each; with one more, messages by the short way if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Manner(pub(crate) u8);

/// What came of it. Pieces of a message are put together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) heard: Vec<Heard>,
    /// What was given out of a message that did not end.
    pub(crate) rest: Vec<u8>,
    pub(crate) error: Option<ProtocolError>,
    pub(crate) written: Vec<u8>,
}

impl Manner {
    /// All at once, in the plainest way.
    pub(crate) const PLAIN: Self = Self(0);

    fn put(self, connection: &mut Connection, bytes: &[u8]) {
        let input = connection.input();
        match self.0 & 3 {
            0 => input.extend_from_slice(bytes),
            1 => input.fill(bytes.len(), |room| room.extend_from_slice(bytes)),
            2 => {
                input.lend(InputBuffer::with_capacity(64));
                input.fill(1, |room| room.extend_from_slice(bytes)); // more than there is room for, mostly
            }
            _ => {
                let (one, other) = bytes.split_at(bytes.len() / 2);
                input.extend_from_slice(one);
                input.lend(InputBuffer::with_capacity(64));
                input.extend_from_slice(other);
            }
        }
    }

    const fn is_short(self) -> bool {
        self.0 & 0x10 != 0
    }

    fn is_owned(self, at: usize) -> bool {
        match self.0 >> 2 & 3 {
            0 => true,
            1 => false,
            2 => at.is_multiple_of(2),
            _ => at.is_multiple_of(3),
        }
    }
}

impl Outcome {
    /// Puts the pieces in one by one, takes all there is, and writes after each. Messages are echoed if they should be.
    pub(crate) fn of<'a>(
        connection: &mut Connection,
        pieces: impl IntoIterator<Item = &'a [u8]>,
        manner: Manner,
        echo: bool,
    ) -> Self {
        let mut outcome = Self::default();
        let (mut at, mut late) = (0, 0);
        for piece in pieces {
            late += usize::from(!connection.is_open());
            if late > ENOUGH {
                break;
            }
            manner.put(connection, piece);
            loop {
                at += 1;
                match take(connection, manner.is_owned(at), manner.is_short()) {
                    Ok(None) => break,
                    Ok(Some(event)) => {
                        assert_eq!(outcome.error, None, "{event:?} behind the error");
                        assert!(!matches!(outcome.heard.last(), Some(Heard::Close(_))), "{event:?} behind the close");
                        if let (Event::Message(message), true) = (&event, echo) {
                            let _ = connection.send(message.clone()); // if the connection is open
                        }
                        outcome.add(event);
                    }
                    Err(error) => assert_eq!(outcome.error.replace(error), None, "an error twice"),
                }
            }
            outcome.written.extend(drain(connection));
            connection.input().reclaim();
        }
        assert_eq!(connection.violation(), outcome.error);
        outcome
    }

    fn add(&mut self, event: Event) {
        self.heard.push(match event {
            Event::Message(message) => Heard::Message(message.kind(), message.as_bytes().to_vec()),
            Event::Fragment(Fragment { kind, payload, last }) => {
                self.rest.extend_from_slice(&payload);
                if !last {
                    return;
                }
                let whole = std::mem::take(&mut self.rest);
                assert!(kind == Kind::Binary || str::from_utf8(&whole).is_ok(), "text that is not UTF-8");
                Heard::Message(kind, whole)
            }
            Event::Ping(payload) => Heard::Ping(payload.to_vec()),
            Event::Pong(payload) => Heard::Pong(payload.to_vec()),
            Event::Close(close) => Heard::Close(close.map(|close| (close.code.0, close.reason.as_str().into()))),
            other => panic!("{other:?}"),
        });
    }
}

fn take(connection: &mut Connection, owned: bool, short: bool) -> Result<Option<Event>, ProtocolError> {
    let now = Instant::ORIGIN;
    let message = match (short, owned) {
        (true, true) => connection.take_message(now),
        (true, false) => connection.lend_message(now).map(|(message, _)| message.into()),
        (false, _) => None,
    };
    match message {
        Some(message) => Ok(Some(Event::Message(message))),
        None if owned => connection.receive(now),
        None => Ok(connection.receive_ref(now)?.map(|event: EventRef<'_>| event.into())),
    }
}

/// Takes all that is queued.
pub(crate) fn drain(connection: &mut Connection) -> Vec<u8> {
    let mut written = Vec::new();
    while connection.wants_write() {
        let output = connection.output();
        written.extend(output.chunk());
        output.advance(output.chunk().len());
    }
    written
}

/// Where to cut: up to fifteen places, each behind the one before by so many bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cuts(pub(crate) Vec<u8>);

impl Cuts {
    pub(crate) fn of<'a>(&self, mut bytes: &'a [u8]) -> Vec<&'a [u8]> {
        let mut pieces = Vec::new();
        for len in &self.0 {
            let (piece, rest) = bytes.split_at(bytes.len().min((*len).into()));
            pieces.push(piece);
            bytes = rest;
        }
        pieces.push(bytes);
        pieces
    }
}

impl Recorded for Cuts {
    fn read(tape: &mut Tape<'_>) -> Self {
        let count = tape.byte() % 16;
        Self(tape.bytes(count.into()).into())
    }

    #[cfg(test)]
    fn write(&self, tape: &mut Vec<u8>) {
        tape.push(u8::try_from(self.0.len()).expect("at most fifteen"));
        tape.extend(&self.0);
    }
}
