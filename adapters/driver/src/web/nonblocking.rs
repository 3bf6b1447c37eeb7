//! [`NonBlocking`]: the browser's `WebSocket`, for callers who wait for readiness by themselves.

use super::step::{Alone, steps};
use crate::connecting::Connecting;
use crate::connector::Connector;
use crate::entropy::ThreadEntropy;
use crate::error::Error;
use crate::link::Link;
use crate::nonblocking::NonBlocking as Stream;
use crate::runtime::{Clock, Readiness, Runtime};
use crate::transport::Transport;
use crate::turns;
use sansws_core::web::{Event, IntoProtocols, Options, ReadyState, SyntaxError, WebSocket};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::task::Poll;
use std::time::Duration;

/// The browser's `WebSocket` on a stream, for callers who wait for readiness by themselves: members and behaviour are
/// those of the core's [`WebSocket`], which it dereferences to.
///
/// [`next_event`](Self::next_event) does all that there is to do, both ways, and like [`crate::NonBlocking`] it is to be
/// called until it would block: once the stream is ready for anything, once [`timeout`](Self::timeout) has passed, and
/// after `send` and `close`, which only queue.
///
/// To drop it is to drop the connection. To close as browsers do, `close` and go on until `next_event` gives `None`.
pub struct NonBlocking<T, C> {
    socket: WebSocket,
    stream: Stream<T, C>,
}

impl<T: Transport, C: Clock + Default> NonBlocking<T, C> {
    /// On a stream that is connected to the URL's host, or is about to be. The connector says how to speak TLS, and how long
    /// that may take.
    ///
    /// # Errors
    ///
    /// [`SyntaxError`] for the URL or the subprotocols. All that goes wrong later is an event.
    pub fn new<R, S>(
        connector: &Connector<R>,
        stream: S,
        url: &str,
        protocols: impl IntoProtocols,
        options: Options,
    ) -> Result<Self, SyntaxError>
    where
        R: Readiness<S, Transport = T, Clock = C>,
    {
        let mut socket = WebSocket::with_options(url, protocols, options)?;
        let connecting = begin(connector, R::bind(stream), &socket);
        let stream = connecting.map(Stream::connecting).unwrap_or_else(|(error, link)| {
            socket.handle_failure(error);
            Stream::ended(link)
        });
        Ok(Self { socket, stream })
    }

    /// The next event; `None` after the close event.
    ///
    /// # Errors
    ///
    /// [`Error::WouldBlock`], and no other.
    pub fn next_event(&mut self) -> Result<Option<Event>, Error> {
        loop {
            if let Some(event) = self.socket.poll_event() {
                return Ok(Some(event));
            }
            if self.socket.ready_state() == ReadyState::Closed {
                return Ok(None);
            }
            let _ = self.drive();
            if !self.socket.has_events() {
                return Err(Error::WouldBlock);
            }
        }
    }

    /// Writes what was sent, as far as the stream takes it; so does [`next_event`](Self::next_event).
    ///
    /// # Errors
    ///
    /// [`Error::WouldBlock`] unless all has left.
    pub fn flush(&mut self) -> Result<(), Error> {
        let driven = self.drive();
        let has_left = !self.socket.wants_transmit() && !self.stream.wants_write();
        if driven.is_ready() || has_left { Ok(()) } else { Err(Error::WouldBlock) }
    }

    fn drive(&mut self) -> Poll<()> {
        let Self { socket, stream } = self;
        if stream.is_opening() {
            if socket.is_over() {
                stream.leave_opening(); // closed, or never to be
            }
            match stream.open() {
                Err(Error::WouldBlock) => return Poll::Pending,
                Err(error) => socket.handle_failure(error), // nothing if it is over
                Ok(response) => response.iter().for_each(|response| socket.handle_open(response)),
            }
        }
        let Some(engine) = stream.engine() else { return Poll::Pending };
        turns::settle(|cx| steps(&mut Alone(&mut *socket), engine, cx))
    }

    /// Whether it would go on once the stream is writable. That it is readable always matters.
    #[must_use]
    pub fn wants_write(&self) -> bool {
        self.stream.wants_write() || (self.socket.wants_transmit() && !self.stream.is_opening())
    }

    /// How long may be waited for readiness before [`next_event`](Self::next_event) is due nonetheless. `None`: for ever. It
    /// changes with each call.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        if self.socket.has_events() { Some(Duration::ZERO) } else { self.stream.timeout() }
    }

    /// The transport, under TLS if there is.
    #[must_use]
    pub fn get_ref(&self) -> &T {
        self.stream.get_ref()
    }

    /// The transport, under TLS if there is: to register it. What others read of it or write to it is lost to the
    /// connection.
    pub fn get_mut(&mut self) -> &mut T {
        self.stream.get_mut()
    }
}

type Begun<T, C> = Result<Box<Connecting<T, C>>, (Error, Link<T>)>;

/// Begins to connect; else why it cannot, and on what.
fn begin<R: Runtime, T: Transport, C: Clock + Default>(
    connector: &Connector<R>,
    transport: T,
    socket: &WebSocket,
) -> Begun<T, C> {
    let secured = match connector.secured(socket.is_secure(), socket.host()) {
        Ok(secured) => secured,
        Err(error) => return Err((error, Link::plain(transport))),
    };
    let (link, clock) = (secured(transport), C::default());
    let entropy = ThreadEntropy::new().map_err(Error::from);
    match entropy.and_then(|entropy| Ok(socket.handshake(entropy, clock.now())?)) {
        Ok(handshake) => {
            let patience = socket.options().handshake.timeout;
            Ok(Box::new(Connecting::new(link, clock, handshake, connector.tls_timeout, patience)))
        }
        Err(error) => Err((error, link)),
    }
}

impl<T, C> Deref for NonBlocking<T, C> {
    type Target = WebSocket;

    fn deref(&self) -> &WebSocket {
        &self.socket
    }
}

impl<T, C> DerefMut for NonBlocking<T, C> {
    fn deref_mut(&mut self) -> &mut WebSocket {
        &mut self.socket
    }
}

impl<T, C> fmt::Debug for NonBlocking<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NonBlocking").field(&self.socket).finish()
    }
}
