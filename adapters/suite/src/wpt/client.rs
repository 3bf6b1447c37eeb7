//! [`Request`] and [`Client`]: a client, as pywebsocket3 shows it to a handler. Errors are that it is gone.

use super::cue::Cue;
use crate::peer::{Peer, close_payload, frame};
use bytes::Buf;
use sansws_core::deflate::Deflate;
use sansws_core::frame::{Opcode, Role};
use sansws_core::handshake::{HandshakeLimits, Offer, Rejection, ServerHandshake, accept_key};
use sansws_core::{CloseCode, CloseFrame, Config, Connection, Event, Input, Instant, Limits, Message};
use std::io::{self, ErrorKind, Read};
use std::sync::Arc;

/// The time: no deadline ever comes. Who waits too long is dropped by the peer.
const NOW: Instant = Instant::ORIGIN;

/// A client that has asked for a WebSocket.
pub(super) struct Request {
    peer: Peer,
    offer: Offer,
    deflate: Option<Deflate>,
    pub(super) cue: Arc<Cue>,
}

impl Request {
    /// Waits for it.
    pub(super) fn read(mut peer: Peer, cue: Arc<Cue>) -> io::Result<Self> {
        let mut handshake = ServerHandshake::new(HandshakeLimits::default(), NOW);
        loop {
            if let Some(offer) = handshake.receive().map_err(io::Error::other)? {
                cue.request();
                return Ok(Self { peer, offer, deflate: Some(Deflate::default()), cue });
            }
            read(&mut peer, handshake.input())?;
        }
    }

    pub(super) fn path(&self) -> &str {
        self.offer.request().path()
    }

    pub(super) fn query(&self) -> &str {
        self.offer.request().query().unwrap_or_default()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.offer.request().headers().get(name)
    }

    /// The subprotocols that it offers.
    pub(super) fn protocols(&self) -> Vec<String> {
        self.offer.protocols().map(Into::into).collect()
    }

    /// Chooses one of them.
    pub(super) fn choose(mut self, protocol: &str) -> io::Result<Self> {
        self.offer.select_protocol(protocol).map_err(io::Error::other)?;
        Ok(self)
    }

    /// Refuses all extensions.
    pub(super) fn plain(self) -> Self {
        Self { deflate: None, ..self }
    }

    /// Writes these bytes ahead of the answer, or in its place.
    pub(super) fn write(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.peer.try_write(bytes)
    }

    /// Reads this many bytes.
    pub(super) fn read_exact(&mut self, len: usize) -> io::Result<()> {
        self.peer.read_exact(&mut vec![0; len])
    }

    /// Opens the WebSocket.
    pub(super) fn accept(self) -> io::Result<Client> {
        let holds = self.query().split('&').any(|parameter| parameter == "hold");
        let limits = Limits { message: 64 << 20, output_max: 64 << 20, ..Limits::default() };
        let config = Config { deflate: self.deflate, limits, ..Config::default() };
        let client = Client::new(self.peer, self.offer.accept(config, NOW), self.cue);
        let mut client = Client { holds, ..client };
        client.flush()?;
        Ok(client)
    }

    /// A head of a 101, written by hand, with these header lines but that with the key.
    pub(super) fn head(&self, headers: &str) -> String {
        let accept = accept_key(self.header("Sec-WebSocket-Key").unwrap_or_default().as_bytes());
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             {headers}Sec-WebSocket-Accept: {accept}\r\n\r\n"
        )
    }

    /// Opens it with such a head.
    pub(super) fn accept_with(mut self, headers: &str) -> io::Result<Client> {
        let head = self.head(headers);
        self.write(head)?;
        Ok(Client::new(self.peer, Connection::server(Config::default(), NOW), self.cue))
    }

    pub(super) fn reject(mut self, rejection: &Rejection) -> io::Result<()> {
        self.peer.try_write(self.offer.reject(rejection))?;
        end(self.peer)
    }
}

/// What a handler does when the client begins to close.
pub(super) enum Passive {
    /// Answers with 1000, whatever the client said: pywebsocket3's default.
    Normal,
    /// Answers with the same code and reason.
    Echo,
    /// The same, on cue.
    EchoLate,
    /// Drops the connection.
    Abort,
}

/// A client whose WebSocket is open.
pub(super) struct Client {
    peer: Peer,
    connection: Connection,
    pub(super) passive: Passive,
    pub(super) cue: Arc<Cue>,
    /// Whether a Close frame was sent.
    has_closed: bool,
    /// Whether it closes on a cue, and reads on another.
    holds: bool,
}

impl Client {
    fn new(peer: Peer, connection: Connection, cue: Arc<Cue>) -> Self {
        Self { peer, connection, passive: Passive::Normal, cue, has_closed: false, holds: false }
    }

    /// The next message; `None` once both have closed.
    pub(super) fn receive(&mut self) -> io::Result<Option<Message>> {
        loop {
            match self.connection.receive(NOW).map_err(io::Error::other)? {
                Some(Event::Message(message)) => return Ok(Some(message)),
                Some(Event::Close(frame)) => {
                    if !self.has_closed {
                        self.answer(frame)?;
                    }
                    return Ok(None);
                }
                Some(_) => self.flush()?, // a pong
                None => read(&mut self.peer, self.connection.input())?,
            }
        }
    }

    /// The client has begun to close.
    fn answer(&mut self, frame: Option<CloseFrame>) -> io::Result<()> {
        let output = self.connection.output();
        output.advance(output.remaining()); // the core's own answer
        let frame = match self.passive {
            Passive::Normal => Some(CloseCode::NORMAL.into()),
            Passive::Echo => frame,
            Passive::EchoLate => {
                self.cue.wait()?;
                frame
            }
            Passive::Abort => return Err(ErrorKind::ConnectionAborted.into()),
        };
        self.write_close(frame)
    }

    pub(super) fn send(&mut self, message: impl Into<Message>) -> io::Result<()> {
        self.connection.send(message).map_err(io::Error::other)?;
        self.flush()
    }

    pub(super) fn ping(&mut self) -> io::Result<()> {
        self.write(frame(Role::Server, Opcode::Ping, true, b"ping"))
    }

    /// Writes these bytes, which are no frame of the connection's.
    pub(super) fn write(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.peer.try_write(bytes)
    }

    /// What happens after a handler: closes, unless that is done.
    pub(super) fn finish(self) -> io::Result<()> {
        self.close(Some(CloseCode::NORMAL.into()))
    }

    /// Closes, and waits for the client's answer. If a message comes in its place, the connection is dropped.
    pub(super) fn close(mut self, frame: Option<CloseFrame>) -> io::Result<()> {
        if !self.has_closed {
            if self.holds {
                self.cue.wait()?;
            }
            self.write_close(frame)?;
            if self.holds {
                self.cue.wait()?;
            }
            if self.receive()?.is_some() {
                return Err(ErrorKind::InvalidData.into());
            }
        }
        end(self.peer)
    }

    /// Sends a Close frame, of which the core knows nothing.
    pub(super) fn write_close(&mut self, close: Option<CloseFrame>) -> io::Result<()> {
        let payload = close.map(|CloseFrame { code, reason }| close_payload(code, &reason)).unwrap_or_default();
        self.has_closed = true;
        self.write(frame(Role::Server, Opcode::Close, true, &payload))
    }

    fn flush(&mut self) -> io::Result<()> {
        let output = self.connection.output();
        let bytes = output.copy_to_bytes(output.remaining());
        self.write(bytes)
    }
}

/// Ends the stream, and waits until the client does.
fn end(mut peer: Peer) -> io::Result<()> {
    peer.end_well();
    while peer.read(&mut [0; 1 << 10])? > 0 {}
    Ok(())
}

/// Reads some bytes. It is an error if there are no more.
fn read(peer: &mut Peer, input: &mut Input) -> io::Result<()> {
    let mut bytes = [0; 64 << 10];
    match peer.read(&mut bytes)? {
        0 => Err(ErrorKind::UnexpectedEof.into()),
        read => {
            input.extend_from_slice(&bytes[..read]);
            Ok(())
        }
    }
}
