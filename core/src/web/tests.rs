//! The object, its connection and a server, in memory.
//!
//! One file for each part of the standard; `wpt` has the web-platform-tests, `laws` what holds whatever happens.

mod closing;
mod constructor;
mod events;
mod laws;
mod opening;
mod sending;
mod stream;
mod wpt;

use super::*;
use crate::handshake::{HandshakeError, HandshakeLimits, ServerHandshake};
use crate::{CloseFrame, Config, Connection, Instant, Message, Output};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use bytes::Buf;
use proptest::prelude::*;

const NOW: Instant = Instant::ORIGIN;
const URL: &str = "ws://example.com/";

/// What a valid answer says to the key that `entropy` makes: the example of RFC 6455 §1.3.
const ANSWER: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                      Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

/// Not random.
fn entropy(bytes: &mut [u8]) {
    bytes.iter_mut().zip(b"the sample nonce".iter().cycle()).for_each(|(byte, nonce)| *byte = *nonce);
}

fn socket(protocols: impl IntoProtocols) -> WebSocket {
    WebSocket::new(URL, protocols).unwrap()
}

/// The request that it sends, line by line.
fn request(socket: &WebSocket) -> Vec<String> {
    let mut handshake = socket.handshake(entropy, NOW).unwrap();
    let head = written(handshake.output());
    String::from_utf8(head).unwrap().split("\r\n").map(Into::into).collect()
}

/// Lets a server answer with these bytes, as a driver would.
fn answer(socket: &mut WebSocket, bytes: impl AsRef<[u8]>) -> Option<Connection> {
    let mut handshake = socket.handshake(entropy, NOW).unwrap();
    handshake.input().extend_from_slice(bytes.as_ref());
    let received = handshake.receive(NOW).and_then(|done| done.ok_or_else(|| handshake.receive_eof()));
    match received {
        Ok((mut connection, response)) => {
            written(connection.output()); // the request
            socket.handle_open(&response);
            Some(connection)
        }
        Err(error) => {
            socket.handle_failure(error);
            None
        }
    }
}

/// Takes all that is to be written.
fn written(output: &mut Output) -> Vec<u8> {
    output.copy_to_bytes(output.remaining()).into()
}

/// All events, each with the state in which it was given out.
fn told(socket: &mut WebSocket) -> Vec<String> {
    core::iter::from_fn(|| next(socket)).collect()
}

fn next(socket: &mut WebSocket) -> Option<String> {
    let event = match socket.poll_event()? {
        Event::Open => "open".into(),
        Event::Message(MessageEvent { data: MessageData::Text(text), .. }) => format!("message {text}"),
        Event::Message(MessageEvent { data: MessageData::Blob(bytes), .. }) => format!("blob {}", bytes.len()),
        Event::Message(MessageEvent { data: MessageData::ArrayBuffer(bytes), .. }) => format!("bytes {}", bytes.len()),
        Event::Error(_) => "error".into(),
        Event::Close(CloseEvent { was_clean: true, code, reason }) => format!("close clean {code} {reason:?}"),
        Event::Close(CloseEvent { was_clean: false, code, reason }) => format!("close unclean {code} {reason:?}"),
    };
    Some(format!("{event} {:?}", socket.ready_state()))
}

/// An object of either kind, by its wire.
trait Wired {
    fn wire(&mut self) -> &mut WebSocket;
}

impl Wired for WebSocket {
    fn wire(&mut self) -> &mut WebSocket {
        self
    }
}

/// An object whose connection is open, and a server.
struct Pair<S = WebSocket> {
    socket: S,
    client: Connection,
    server: Connection,
    /// Whether the server sends back what it gets.
    echoes: bool,
    /// What the server got.
    heard: Vec<crate::Event>,
}

impl<S: Wired> Pair<S> {
    /// Connected, and nobody told. The server takes the first subprotocol.
    fn connected(mut socket: S) -> Self {
        let mut handshake = socket.wire().handshake(entropy, NOW).unwrap();
        let mut server = ServerHandshake::new(HandshakeLimits::default(), NOW);
        server.input().extend_from_slice(&written(handshake.output()));
        let mut offer = server.receive().unwrap().unwrap();
        let protocol = offer.protocols().next().map(ToString::to_string);
        if let Some(protocol) = protocol {
            offer.select_protocol(&protocol).unwrap();
        }
        let mut server = offer.accept(Config::client(), NOW);
        handshake.input().extend_from_slice(&written(server.output()));
        let (client, response) = handshake.receive(NOW).unwrap().unwrap();
        socket.wire().handle_open(&response);
        Self { socket, client, server, echoes: false, heard: Vec::new() }
    }

    /// Carries bytes until none are left, then the end of the stream if it is time.
    fn turn(&mut self) {
        loop {
            self.socket.wire().exchange(&mut self.client, NOW);
            let there = written(self.client.output());
            self.server.input().extend_from_slice(&there);
            while let Ok(Some(event)) = self.server.receive(NOW) {
                if let (true, crate::Event::Message(message)) = (self.echoes, &event) {
                    let _ = self.server.send(message.clone());
                }
                self.heard.push(event);
            }
            let back = written(self.server.output());
            self.client.input().extend_from_slice(&back);
            if there.is_empty() && back.is_empty() {
                break;
            }
        }
        if self.server.wants_shutdown() {
            self.end();
        }
    }

    /// The stream ends.
    fn end(&mut self) {
        let _ = self.server.receive_eof();
        if let Err(error) = self.client.receive_eof() {
            self.socket.wire().handle_failure(error);
        }
        self.socket.wire().exchange(&mut self.client, NOW);
    }

    /// The bytes that the server gets next.
    fn bytes(&mut self) -> Vec<u8> {
        self.socket.wire().transmit(&mut self.client);
        written(self.client.output())
    }
}

impl Pair {
    /// Open, and told so.
    fn open() -> Self {
        let mut pair = Self::connected(socket(()));
        assert_eq!(told(&mut pair.socket), ["open Open"]);
        pair
    }

    /// Open, with a server that echoes.
    fn echo() -> Self {
        Self { echoes: true, ..Self::open() }
    }

    /// All that happens, told.
    fn told(&mut self) -> Vec<String> {
        self.turn();
        told(&mut self.socket)
    }
}

fn close(code: u16, reason: &str) -> Option<CloseFrame> {
    Some(CloseFrame::new(code, reason))
}

fn message(text: &str) -> crate::Event {
    crate::Event::Message(Message::from(text))
}
