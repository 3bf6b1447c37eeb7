//! What a connection promises: laws over any input, vectors byte by byte, stories of two ends.
//!
//! `pair` holds the two ends of the stories, `checker` judges every byte that either writes.

mod checker;
mod laws;
mod pair;
mod stories;
mod vectors;

use super::Connection;
use crate::config::Config;
use crate::entropy::Entropy;
use crate::error::ProtocolError;
use crate::event::{Event, EventRef, Message};
use crate::frame::Role;
use crate::input::InputBuffer;
use crate::time::Instant;
use alloc::vec;
use alloc::vec::Vec;
use bytes::{Buf, BytesMut};

const NOW: Instant = Instant::ORIGIN;

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;
const CONTINUATION: u8 = 0x80;
/// Taken off the first byte of a frame that another one continues.
const FIN: u8 = 0x80;

/// Masking keys, no two of them equal.
fn counting() -> impl Entropy {
    let mut last = 0_u32;
    move |bytes: &mut [u8]| {
        last += 1;
        bytes.copy_from_slice(&last.wrapping_mul(0x9e37_79b1).to_be_bytes()); // odd, so no two products are equal
    }
}

fn connection(role: Role, config: &Config) -> Connection {
    match role {
        Role::Client => Connection::client(config.clone(), counting(), NOW),
        Role::Server => Connection::server(config.clone(), NOW),
    }
}

/// A frame as `to` receives it, in the dullest way: masked if that is a server.
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

/// How events are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Take {
    Owned,
    Lent,
    /// Whole messages by the short way, else as the others.
    ShortOwned,
    ShortLent,
    /// One after the other.
    Alternately,
}

impl Take {
    /// Of the event at this place.
    fn at(self, at: usize) -> Self {
        let others = [Self::Owned, Self::Lent, Self::ShortOwned, Self::ShortLent];
        if self == Self::Alternately { others[at % others.len()] } else { self }
    }
}

/// How bytes are put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Feed {
    Copied,
    InPlace,
    /// With room for no more.
    UpTo,
    /// Into a buffer that is lent for each piece and reclaimed.
    Lent,
}

impl Feed {
    fn put(self, connection: &mut Connection, bytes: &[u8]) {
        let input = connection.input();
        match self {
            Self::Copied => input.extend_from_slice(bytes),
            Self::InPlace => input.fill(bytes.len(), |room| room.extend_from_slice(bytes)),
            Self::UpTo => input.fill_up_to(bytes.len(), |room| {
                assert_eq!((room.len(), room.capacity()), (0, bytes.len()));
                room.extend_from_slice(bytes);
            }),
            Self::Lent => {
                input.lend(InputBuffer::with_capacity(64));
                input.fill(1, |room| room.extend_from_slice(bytes)); // more than there is room for, mostly
            }
        }
    }
}

/// What came of some input.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Outcome {
    events: Vec<Event>,
    error: Option<ProtocolError>,
    written: Vec<u8>,
}

/// Puts the pieces in one by one and takes every event. Messages are echoed; what is queued is written
/// after each piece.
fn receive<'a>(
    connection: &mut Connection,
    pieces: impl IntoIterator<Item = &'a [u8]>,
    take: Take,
    feed: Feed,
) -> Outcome {
    let mut outcome = Outcome { events: Vec::new(), error: None, written: Vec::new() };
    for piece in pieces {
        feed.put(connection, piece);
        loop {
            let take = take.at(outcome.events.len());
            let short = match take {
                Take::ShortOwned => take_message(connection),
                Take::ShortLent => lend_message(connection),
                Take::Owned | Take::Lent | Take::Alternately => None,
            };
            if let Some(message) = short {
                outcome.events.push(Event::Message(message));
                continue;
            }
            let owned = matches!(take, Take::Owned | Take::ShortOwned);
            match if owned { receive_owned(connection) } else { receive_lent(connection) } {
                Ok(None) => break,
                Ok(Some(event)) => outcome.events.push(event),
                Err(error) => assert_eq!(outcome.error.replace(error), None, "returned twice"),
            }
        }
        outcome.written.extend(drain(connection));
        connection.input().reclaim();
    }
    outcome
}

fn receive_owned(connection: &mut Connection) -> Result<Option<Event>, ProtocolError> {
    let event = connection.receive(NOW)?;
    if let Some(Event::Message(message)) = &event {
        let _ = connection.send(message.clone()); // if we have not closed
    }
    Ok(event)
}

fn receive_lent(connection: &mut Connection) -> Result<Option<Event>, ProtocolError> {
    connection.decode(NOW)?;
    let Some((event, sender)) = connection.lend() else { return Ok(None) };
    if let EventRef::Message(message) = event {
        let _ = sender.send_ref(message);
    }
    Ok(Some(event.into()))
}

fn take_message(connection: &mut Connection) -> Option<Message> {
    let message = connection.take_message(NOW)?;
    let _ = connection.send(message.clone());
    Some(message)
}

fn lend_message(connection: &mut Connection) -> Option<Message> {
    let (message, sender) = connection.lend_message(NOW)?;
    let _ = sender.send_ref(message);
    Some(message.into())
}

/// All of `bytes` at once.
fn whole(connection: &mut Connection, bytes: &[u8]) -> Outcome {
    receive(connection, [bytes], Take::Owned, Feed::Copied)
}

/// The messages among the events.
fn messages(events: &[Event]) -> Vec<Message> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::Message(message) => Some(message.clone()),
            Event::Fragment(_) | Event::Ping(_) | Event::Pong(_) | Event::Close(_) => None,
        })
        .collect()
}
