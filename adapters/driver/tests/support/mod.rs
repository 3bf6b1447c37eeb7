//! What the tests of the driver are made of: [`script`] plays a peer step by step, [`pipe`] joins two ends in
//! memory, [`net`] has the addresses of a host, [`time`] is a clock that is set by hand, [`task`] polls and counts, `tls` has certificates. No
//! runtime, no threads, no waiting: a future that nobody would wake fails its test.

#![allow(dead_code, reason = "each test binary uses a part of it")]

pub(crate) mod net;
pub(crate) mod pipe;
pub(crate) mod script;
pub(crate) mod task;
pub(crate) mod time;
#[cfg(feature = "tls")]
pub(crate) mod tls;
pub(crate) mod wire;

use sansws_core::frame::Role;
use sansws_core::handshake::{HandshakeError, InvalidHead};
use sansws_core::{Config, Connection, Entropy, ProtocolError, SendError, TimedOut};
use sansws_driver::{Bind, Clock, Connect, Error, NonBlocking, Readiness, Runtime, Transport, UrlError, WsStream};
use script::Scripted;
use std::io;
use std::net::SocketAddr;

/// An open WebSocket of the end in `role`, on `transport`.
pub(crate) fn open<T: Transport>(transport: T, role: Role, config: Config) -> WsStream<T, time::Manual> {
    WsStream::from_connection(transport, time::Manual::default(), connection(role, config))
}

/// The same, for a caller who waits for readiness by itself.
pub(crate) fn open_nonblocking<T: Transport>(transport: T, role: Role, config: Config) -> NonBlocking<T, time::Manual> {
    NonBlocking::from_connection(transport, connection(role, config))
}

fn connection(role: Role, config: Config) -> Connection {
    let now = time::Manual::default().now();
    match role {
        Role::Client => Connection::client(config, NotRandom(0), now),
        Role::Server => Connection::server(config, now),
    }
}

/// Masks that differ, and are the same in each run.
struct NotRandom(u8);

impl Entropy for NotRandom {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 = self.0.wrapping_mul(5).wrapping_add(101);
            *byte = self.0;
        }
    }
}

/// The runtime that consists of this module.
pub(crate) struct Hand;

impl Runtime for Hand {
    type Clock = time::Manual;
}

impl<T: Transport + 'static> Bind<T> for Hand {
    type Transport = T;

    fn bind(stream: T) -> T {
        stream
    }
}

impl<T: Transport + 'static> Readiness<T> for Hand {
    type Transport = T;
    type WsStream = NonBlocking<T, time::Manual>;

    fn bind(stream: T) -> T {
        stream
    }
}

impl Connect for Hand {
    type Tcp = Scripted;

    async fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        assert!(!host.starts_with('['), "{host:?} is no host");
        match host {
            "nowhere" => Err(io::ErrorKind::NotFound.into()),
            _ => Ok(net::resolve(port).await),
        }
    }

    async fn connect(address: SocketAddr) -> io::Result<Scripted> {
        net::connect(address.ip()).await
    }
}

#[cfg(unix)]
impl sansws_driver::ConnectUnix for Hand {
    type Unix = Scripted;

    /// The path is the address.
    async fn connect_unix(path: &std::path::Path) -> io::Result<Scripted> {
        let address = path.to_str().and_then(|path| path.parse().ok());
        net::connect(address.expect("the path is no address")).await
    }
}

pub(crate) type Acceptor = sansws_driver::Acceptor<Hand>;
pub(crate) type Connector = sansws_driver::Connector<Hand>;

/// A request for a WebSocket.
pub(crate) const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

pub(crate) const ROLES: [Role; 2] = [Role::Client, Role::Server];

pub(crate) const fn other(role: Role) -> Role {
    match role {
        Role::Client => Role::Server,
        Role::Server => Role::Client,
    }
}

/// [`Error`], so that it can be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    Io(io::ErrorKind),
    Protocol(ProtocolError),
    Send(SendError),
    TimedOut(TimedOut),
    Refused(u16),
    Handshake(HandshakeError),
    Head(InvalidHead),
    Url(UrlError),
    Fragment,
    WouldBlock,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Io(error) => Self::Io(error.kind()),
            Error::Protocol(error) => Self::Protocol(error),
            Error::Send(error) => Self::Send(error),
            Error::TimedOut(error) => Self::TimedOut(error),
            Error::Refused(status) => Self::Refused(status),
            Error::Handshake(error) => Self::Handshake(error),
            Error::Head(error) => Self::Head(error),
            Error::Url(error) => Self::Url(error),
            Error::Fragment => Self::Fragment,
            Error::WouldBlock => Self::WouldBlock,
            other => panic!("an error that these tests do not know: {other:?}"),
        }
    }
}

pub(crate) const CLOSED: Failure = Failure::Send(SendError::Closed);
