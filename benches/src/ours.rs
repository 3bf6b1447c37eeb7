//! sansws: two [`Connection`]s of the core, without an async adapter.

use crate::Error;
use crate::deflate::{Pair, Settings};
use crate::pipe::Pipe;
use bytes::Buf;
use sansws_core::deflate::{Deflate, Params};
use sansws_core::{Config, Connection, Event, EventRef, Instant, Message, Text};

/// Its version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How a message is received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receive {
    /// On loan, by [`Connection::receive_ref`]: the fast way.
    Lent,
    /// As its receiver's own, by [`Connection::receive`], as with peers that give out `Bytes`.
    Owned,
}

/// A server and a client.
#[derive(Debug)]
pub struct Ours {
    server: Connection,
    client: Connection,
    pipe: Pipe,
    receive: Receive,
}

impl Ours {
    /// With permessage-deflate, if there are settings for it.
    #[must_use]
    pub fn new(settings: Option<&Settings>, receive: Receive) -> Self {
        let now = Instant::ORIGIN;
        let deflate = settings.map(|settings| Deflate {
            level: settings.level,
            memory_level: settings.memory_level,
            window_bits: settings.window_bits,
            threshold: 0,
            ..Deflate::default()
        });
        let entropy = |bytes: &mut [u8]| bytes.fill(7); // the client sends nothing
        let mut server = Connection::server(Config { deflate: deflate.clone(), ..Config::default() }, now);
        let mut client = Connection::client(Config { deflate, ..Config::client() }, entropy, now);
        if let Some(settings) = settings {
            let answer = Params {
                server_no_context_takeover: !settings.takeover,
                server_max_window_bits: Some(settings.window_bits),
                ..Params::default()
            };
            (server, client) = (server.with_deflate(&answer), client.with_deflate(&answer));
        }
        Self { server, client, pipe: Pipe::default(), receive }
    }

    /// Takes the message that has arrived, if it is whole.
    fn receive(&mut self, arrived: impl FnOnce(&[u8])) -> Result<bool, Error> {
        match self.receive {
            Receive::Lent => match self.client.receive_ref(Instant::ORIGIN)? {
                Some(EventRef::Message(message)) => arrived(message.as_bytes()),
                Some(event) => return Err(format!("not a message: {event:?}").into()),
                None => return Ok(false),
            },
            Receive::Owned => match self.client.receive(Instant::ORIGIN)? {
                Some(Event::Message(message)) => arrived(message.as_bytes()),
                Some(event) => return Err(format!("not a message: {event:?}").into()),
                None => return Ok(false),
            },
        }
        Ok(true)
    }
}

impl Pair for Ours {
    fn pass(
        &mut self,
        texts: &mut dyn Iterator<Item = &Text>,
        arrived: &mut dyn FnMut(&str, &[u8]),
    ) -> Result<(), Error> {
        for text in texts {
            self.server.send(Message::Text(text.clone()))?;
            while self.server.wants_write() {
                let output = self.server.output();
                let chunk = output.chunk();
                self.pipe.write(chunk);
                let written = chunk.len();
                output.advance(written);
            }
            while !self.receive(|bytes| arrived(text, bytes))? {
                if self.pipe.is_empty() {
                    return Err("the message has not arrived".into());
                }
                let pipe = &self.pipe;
                self.client.input().fill(pipe.len(), |room| pipe.read_all(room));
            }
        }
        Ok(())
    }

    fn written(&self) -> u64 {
        self.pipe.written()
    }
}
