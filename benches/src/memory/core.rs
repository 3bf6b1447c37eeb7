//! Our core, called without an adapter.

use super::End;
use crate::Error;
use crate::tape::Tape;
use bytes::{Buf, Bytes, BytesMut};
use sansws_core::frame::Role;
use sansws_core::{Config, Connection, Event, EventRef, InputBuffer, Instant, Limits, Message, MessageRef};
use std::hint::black_box;

/// What one read takes at most.
const BLOCK: usize = 64 << 10;

struct Core {
    connection: Connection,
    tape: Tape,
    owned: bool,
}

pub(super) fn open_borrowed(tape: Tape, role: Role) -> Result<Box<dyn End>, Error> {
    Ok(Box::new(Core { connection: connection(role), tape, owned: false }))
}

pub(super) fn open_owned(tape: Tape, role: Role) -> Result<Box<dyn End>, Error> {
    Ok(Box::new(Core { connection: connection(role), tape, owned: true }))
}

/// A connection as all benches have it, with buffers that were lent.
pub(super) fn connection(role: Role) -> Connection {
    let limits = Limits { message: 16 << 20, ..Limits::default() };
    let config = Config { limits, ..Config::default() };
    let mut connection = match role {
        Role::Server => Connection::server(config, Instant::ORIGIN),
        Role::Client => Connection::client(config, |key: &mut [u8]| key.fill(0x5a), Instant::ORIGIN),
    };
    connection.input().lend(InputBuffer::with_capacity(BLOCK));
    connection.output().lend(BytesMut::with_capacity(BLOCK));
    connection
}

impl Core {
    /// Receives a message, if one is there, and returns how many bytes it had.
    fn receive_one(&mut self) -> Result<Option<usize>, Error> {
        if self.owned {
            return Ok(match self.connection.receive(Instant::ORIGIN)? {
                Some(Event::Message(message)) => Some(black_box(&message).as_bytes().len()),
                _ => None,
            });
        }
        if !self.connection.decode(Instant::ORIGIN)? {
            return Ok(None);
        }
        Ok(match self.connection.lend() {
            Some((EventRef::Message(message), _)) => Some(black_box(message).as_bytes().len()),
            _ => None,
        })
    }

    /// Writes what is queued.
    fn write(&mut self) {
        let output = self.connection.output();
        while output.has_remaining() {
            let chunk = output.chunk();
            self.tape.write(chunk);
            let written = chunk.len();
            output.advance(written);
        }
    }
}

impl End for Core {
    fn receive(&mut self, count: usize) -> Result<usize, Error> {
        let mut bytes = 0;
        for _ in 0..count {
            bytes += loop {
                if let Some(len) = self.receive_one()? {
                    break len;
                }
                let room = self.connection.read_hint().max(BLOCK / 4);
                let tape = &mut self.tape;
                self.connection.input().fill(room, |input| {
                    input.extend_from_slice(tape.read(input.capacity()));
                });
            };
        }
        Ok(bytes)
    }

    fn send(&mut self, payload: &Bytes, count: usize) -> Result<(), Error> {
        for _ in 0..count {
            match self.owned {
                true => self.connection.send(Message::Binary(payload.clone()))?,
                false => self.connection.send_ref(MessageRef::Binary(payload))?,
            }
            if !self.connection.sender().has_room() {
                self.write();
            }
        }
        self.write();
        Ok(())
    }
}
