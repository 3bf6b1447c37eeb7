#![forbid(unsafe_code)]
//! WebSocket for mio.
//!
//! The protocol is in [`sansws_core`], without I/O; the loop that drives it is shared with the adapters of other
//! runtimes. Here, the loop around it is yours: a [`WsStream`] is a [`Source`], and nothing waits. What cannot be done
//! yet gives [`Error::WouldBlock`].
//!
//! Three rules make a loop right:
//!
//! - Register for reading and writing, once; mio tells of changes, so that neither costs anything while nothing happens.
//! - When told of anything, go on to read or [`serve`](NonBlocking::serve) until `WouldBlock`.
//! - Wait no longer than [`timeout`](NonBlocking::timeout), and then do the same: so deadlines are kept.
//!
//! [`NonBlocking`] has all calls, a table of what `WouldBlock` means for each, and what is bounded. Who would rather wait
//! than loop has [`blocking`].
//!
//! # A server
//!
//! ```no_run
//! use mio::net::TcpListener;
//! use mio::{Events, Interest, Poll, Token};
//! use sansws_mio::{Acceptor, Error, WsStream};
//! use std::collections::HashMap;
//!
//! # fn run() -> Result<(), Error> {
//! const LISTENER: Token = Token(0);
//! let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(1024));
//! let mut listener = TcpListener::bind(([127, 0, 0, 1], 9001).into())?;
//! poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
//!
//! let acceptor = Acceptor::new();
//! let mut connections: HashMap<Token, WsStream> = HashMap::new();
//! let mut next = 0;
//! loop {
//!     let timeout = connections.values().filter_map(|ws| ws.timeout()).min();
//!     poll.poll(&mut events, timeout)?;
//!     while let Ok((tcp, _)) = listener.accept() {
//!         let mut ws = acceptor.begin(tcp)?;
//!         next += 1;
//!         poll.registry().register(&mut ws, Token(next), Interest::READABLE | Interest::WRITABLE)?;
//!         connections.insert(Token(next), ws);
//!     }
//!     // All of them, for brevity; the example `echo_server_mio` goes by what the events name.
//!     connections.retain(|_, ws| loop {
//!         match ws.serve(|message, sender| sender.send_ref(message)) {
//!             Ok(true) => {} // there is more; others could have their turn before
//!             Err(error) if error.is_would_block() => return true,
//!             Ok(false) | Err(_) => return false, // closed, or failed
//!         }
//!     });
//! }
//! # }
//! ```
//!
//! # A client
//!
//! ```
//! use mio::{Events, Interest, Poll, Token};
//! use sansws_mio::{Error, connect};
//!
//! # fn main() -> Result<(), Error> {
//! # let mut listener = mio::net::TcpListener::bind(([127, 0, 0, 1], 0).into())?;
//! # let address = listener.local_addr()?;
//! # let mut server_poll = Poll::new()?;
//! # server_poll.registry().register(&mut listener, Token(0), Interest::READABLE)?;
//! # std::thread::spawn(move || {
//! #     let mut events = Events::with_capacity(16);
//! #     let mut server = None;
//! #     loop {
//! #         server_poll.poll(&mut events, None).unwrap();
//! #         if let Ok((tcp, _)) = listener.accept() {
//! #             let mut ws = sansws_mio::accept(tcp).unwrap();
//! #             server_poll.registry().register(&mut ws, Token(1), Interest::READABLE | Interest::WRITABLE).unwrap();
//! #             server = Some(ws);
//! #         }
//! #         while let Some(Ok(true)) = server.as_mut().map(|ws| ws.serve(|message, sender| sender.send_ref(message))) {}
//! #     }
//! # });
//! let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(16));
//! let mut ws = connect(address, "ws://localhost:9001/chat")?;
//! poll.registry().register(&mut ws, Token(0), Interest::READABLE | Interest::WRITABLE)?;
//! let mut greeted = false;
//! loop {
//!     match ws.next() {
//!         Ok(Some(message)) => {
//!             assert_eq!(message.as_text(), Some("hello"));
//!             ws.close(None)?;
//!         }
//!         Ok(None) => return Ok(()), // closed
//!         Err(Error::WouldBlock) if ws.is_open() && !greeted => {
//!             ws.send("hello")?;
//!             greeted = true;
//!         }
//!         Err(Error::WouldBlock) => poll.poll(&mut events, ws.timeout())?,
//!         Err(error) => return Err(error),
//!     }
//! }
//! # }
//! ```

pub mod blocking;
mod clock;
mod socket;
#[cfg(feature = "web")]
mod websocket;

use mio::event::Source;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use sansws_core::Connection;
use sansws_driver::{Readiness, Runtime};
use std::io;
use std::net::SocketAddr;
use std::ops::{Deref, DerefMut};

pub use clock::Clock;
pub use sansws_core as core;
#[cfg(feature = "deflate")]
pub use sansws_core::deflate::{Deflate, Params};
pub use sansws_core::handshake::{ClientRequest, Rejection, Response};
#[cfg(feature = "web")]
pub use sansws_core::web;
pub use sansws_core::{
    CloseCode, CloseFrame, Config, Event, Fragment, Keepalive, Kind, Limits, Message, MessageRef, Prepared,
};
#[cfg(feature = "tls")]
pub use sansws_driver::rustls;
pub use sansws_driver::{Error, NonBlocking, Origins};
pub use socket::{Socket, Transport};
#[cfg(feature = "web")]
pub use websocket::WebSocket;

/// How a server opens WebSockets; see [`begin`](sansws_driver::Acceptor::begin).
pub type Acceptor = sansws_driver::Acceptor<Mio>;

/// How a client opens WebSockets; see [`begin`](sansws_driver::Connector::begin).
pub type Connector = sansws_driver::Connector<Mio>;

/// A WebSocket over a stream of mio's, from the opening handshake on; see [`NonBlocking`] for its methods.
#[derive(Debug)]
pub struct WsStream<S = TcpStream>(NonBlocking<Transport<S>, Clock>);

impl<S: Socket> WsStream<S> {
    /// A WebSocket whose opening handshake is done: for those who upgrade through an HTTP library and made the
    /// [`Connection`] themselves.
    pub fn from_connection(stream: S, connection: Connection) -> Self {
        Self(NonBlocking::from_connection(Transport::new(stream), connection))
    }

    /// Tells of an event of this stream, before the calls that follow from it. Not a duty; but a loop that tells of each and
    /// every one spares a system call for each batch of messages, the one that finds nothing more to read.
    pub fn notice(&mut self, event: &mio::event::Event) {
        self.get_mut().notice(event);
    }

    /// What readiness it waits for now: to be readable, and to be writable if there is something to write. Who
    /// registers for both once need not ask.
    #[must_use]
    pub fn interest(&self) -> Interest {
        if self.wants_write() { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE }
    }
}

impl<S> Deref for WsStream<S> {
    type Target = NonBlocking<Transport<S>, Clock>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<S> DerefMut for WsStream<S> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl<S> From<NonBlocking<Transport<S>, Clock>> for WsStream<S> {
    fn from(ws: NonBlocking<Transport<S>, Clock>) -> Self {
        Self(ws)
    }
}

impl<S: Socket> Source for WsStream<S> {
    fn register(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        self.get_mut().get_mut().register(registry, token, interests)
    }

    fn reregister(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        self.get_mut().get_mut().reregister(registry, token, interests)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        self.get_mut().get_mut().deregister(registry)
    }
}

/// Begins to connect over TCP to an address and to open a WebSocket there, with all defaults; resolving names is the
/// caller's. [`Connector`] has the choices.
///
/// # Errors
///
/// As [`Connector::begin`](sansws_driver::Connector::begin), and [`Error::Io`] if connecting fails at once.
pub fn connect(address: SocketAddr, url: &str) -> Result<WsStream, Error> {
    Connector::new().begin(TcpStream::connect(address)?, url)
}

/// Begins to open a WebSocket as a server, with all defaults, on a stream that a client has connected. [`Acceptor`] has
/// the choices.
///
/// # Errors
///
/// As [`Acceptor::begin`](sansws_driver::Acceptor::begin).
pub fn accept<S: Socket>(stream: S) -> Result<WsStream<S>, Error> {
    Acceptor::new().begin(stream)
}

/// The runtime, as the driver knows it.
#[derive(Clone, Copy, Debug)]
pub struct Mio(());

impl Runtime for Mio {
    type Clock = Clock;
}

impl<S: Socket> Readiness<S> for Mio {
    type Transport = Transport<S>;
    type WsStream = WsStream<S>;

    fn bind(stream: S) -> Transport<S> {
        Transport::new(stream)
    }
}
