//! [`WebSocket`]: the browser's object, in event form.

use crate::{Clock, Connector, Mio, Socket, Transport};
use mio::event::Source;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use sansws_core::web::{IntoProtocols, Options, ReadyState, SyntaxError};
use sansws_driver::web::NonBlocking;
use std::io;
use std::ops::{Deref, DerefMut};

/// The browser's `WebSocket` on a stream of mio's; see [`NonBlocking`] for its methods, and
/// [`web::WebSocket`](crate::web::WebSocket) for the browser's members.
///
/// ```
/// use mio::net::TcpStream;
/// use mio::{Events, Interest, Poll, Token};
/// use sansws_mio::{Error, WebSocket, web::Event};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
/// # let address = listener.local_addr()?;
/// # std::thread::spawn(move || {
/// #     let (tcp, _) = listener.accept().unwrap();
/// #     let mut ws = sansws_mio::blocking::accept(tcp).unwrap();
/// #     ws.serve(|message, sender| sender.send_ref(message)).unwrap();
/// # });
/// let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(16));
/// let mut socket = WebSocket::new(TcpStream::connect(address)?, "ws://localhost:8080", ())?;
/// poll.registry().register(&mut socket, Token(0), Interest::READABLE | Interest::WRITABLE)?;
/// loop {
///     match socket.next_event() {
///         // Connection opened
///         Ok(Some(Event::Open)) => socket.send("Hello Server!")?,
///         // Listen for messages
///         Ok(Some(Event::Message(event))) => {
///             assert_eq!(event.data.as_text(), Some("Hello Server!")); // the server sends it back
///             socket.close(1000, "Work complete")?;
///         }
///         Ok(Some(Event::Error(failure))) => return Err(failure.into()),
///         Ok(Some(Event::Close(event))) => assert_eq!((event.code, event.was_clean), (1000, true)),
///         Ok(None) => return Ok(()),
///         Err(_) => poll.poll(&mut events, socket.timeout())?, // it would block
///     }
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct WebSocket<S = TcpStream>(NonBlocking<Transport<S>, Clock>);

impl WebSocket {
    /// See [`ReadyState::Connecting`].
    pub const CONNECTING: ReadyState = ReadyState::Connecting;
    /// See [`ReadyState::Open`].
    pub const OPEN: ReadyState = ReadyState::Open;
    /// See [`ReadyState::Closing`].
    pub const CLOSING: ReadyState = ReadyState::Closing;
    /// See [`ReadyState::Closed`].
    pub const CLOSED: ReadyState = ReadyState::Closed;
}

impl<S: Socket> WebSocket<S> {
    /// `new WebSocket(url, protocols)`, on a stream that is connected to the URL's host, or is about to be: resolving names
    /// and connecting is the caller's.
    ///
    /// # Errors
    ///
    /// [`SyntaxError`] for the URL or the subprotocols. All that goes wrong later is an event.
    pub fn new(stream: S, url: &str, protocols: impl IntoProtocols) -> Result<Self, SyntaxError> {
        Self::with_connector(&Connector::new(), stream, url, protocols, Options::default())
    }

    /// The same, with what a browser decides by itself, and with the connector's TLS and
    /// [`tls_timeout`](sansws_driver::Connector::tls_timeout).
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_connector(
        connector: &Connector,
        stream: S,
        url: &str,
        protocols: impl IntoProtocols,
        options: Options,
    ) -> Result<Self, SyntaxError> {
        NonBlocking::new::<Mio, S>(connector, stream, url, protocols, options).map(Self)
    }

    /// What readiness it waits for now: to be readable, and to be writable if there is something to write. Who
    /// registers for both once need not ask.
    #[must_use]
    pub fn interest(&self) -> Interest {
        if self.wants_write() { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE }
    }

    /// See [`WsStream::notice`](crate::WsStream::notice).
    pub fn notice(&mut self, event: &mio::event::Event) {
        self.get_mut().notice(event);
    }
}

impl<S> Deref for WebSocket<S> {
    type Target = NonBlocking<Transport<S>, Clock>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<S> DerefMut for WebSocket<S> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl<S: Socket> Source for WebSocket<S> {
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
