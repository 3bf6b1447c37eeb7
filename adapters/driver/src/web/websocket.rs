//! [`WebSocket`]: the browser's object, over sockets.

use super::handlers::Handlers;
use super::shared::Shared;
use super::task;
use crate::connector::Connector;
use crate::runtime::Spawn;
use futures_core::Stream;
use sansws_core::Message;
use sansws_core::web::{
    self, BinaryType, CloseEvent, DomException, Event, Failure, IntoProtocols, InvalidStateError, MessageEvent,
    Options, ReadyState, SyntaxError, Url,
};
use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// The browser's `WebSocket`: every member has its name from MDN in `snake_case`, and does the same.
///
/// The constructor connects, in a task of the runtime; from then on that task reads, writes, answers pings and closes.
/// `send` and `close` never wait. Events come as a [`Stream`], or to [`Handlers`].
///
/// Clones are the same object, for other tasks. When the last is dropped, the connection is closed as by `close()`, behind
/// what was sent, and that goes on without it.
///
/// # Events
///
/// As in a browser's event loop, an event that is given out is what moves the state that is seen: when
/// [`next`](Self::next) has given [`Event::Open`], [`ready_state`](Self::ready_state) is `OPEN`, and not before. An event is
/// given to one who asks, whichever clone that is. While 64 KiB of messages wait for somebody to ask, no more is
/// read, and TCP holds the server back; so whoever only sends takes events, too.
///
/// What else differs from older pages of MDN's is in [`sansws_core::web`].
pub struct WebSocket<R> {
    owned: Arc<Owned>,
    runtime: PhantomData<fn() -> R>,
}

/// What all clones share. The task has only what is in it.
struct Owned {
    url: Url,
    shared: Arc<Shared<web::WebSocket>>,
}

impl Drop for Owned {
    fn drop(&mut self) {
        self.shared.change(|socket| {
            let _ = socket.close(None, None); // nothing to be wrong about
        });
    }
}

impl<R: Spawn> WebSocket<R> {
    /// `new WebSocket(url, protocols)`: connects, in the background. To be called within the runtime; elsewhere, there is an
    /// object, and connecting fails.
    ///
    /// # Errors
    ///
    /// [`SyntaxError`] for the URL or the subprotocols. All that goes wrong later is an event.
    pub fn new(url: &str, protocols: impl IntoProtocols) -> Result<Self, SyntaxError> {
        Self::with_options(url, protocols, Options::default())
    }

    /// The same, with what a browser decides by itself.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_options(url: &str, protocols: impl IntoProtocols, options: Options) -> Result<Self, SyntaxError> {
        Self::with_connector(&Connector::new(), url, protocols, options)
    }

    /// The same, connecting as `connector` does: with its TLS, [`connect_timeout`](Connector::connect_timeout),
    /// [`tls_timeout`](Connector::tls_timeout) and [`one_at_a_time`](Connector::one_at_a_time), which browsers do. What
    /// else it has is in `options` here.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_connector(
        connector: &Connector<R>,
        url: &str,
        protocols: impl IntoProtocols,
        options: Options,
    ) -> Result<Self, SyntaxError> {
        let socket = web::WebSocket::with_options(url, protocols, options)?;
        let url = socket.url().clone();
        let shared = Shared::new(socket);
        task::start(&shared, connector.clone());
        Ok(Self { owned: Arc::new(Owned { url, shared }), runtime: PhantomData })
    }
}

impl<R> WebSocket<R> {
    /// See [`ReadyState::Connecting`].
    pub const CONNECTING: ReadyState = ReadyState::Connecting;
    /// See [`ReadyState::Open`].
    pub const OPEN: ReadyState = ReadyState::Open;
    /// See [`ReadyState::Closing`].
    pub const CLOSING: ReadyState = ReadyState::Closing;
    /// See [`ReadyState::Closed`].
    pub const CLOSED: ReadyState = ReadyState::Closed;

    /// `url`: as it was resolved, its user info included.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.owned.url
    }

    /// `readyState`.
    #[must_use]
    pub fn ready_state(&self) -> ReadyState {
        self.get(|socket| socket.ready_state())
    }

    /// `bufferedAmount`: how many bytes of messages were sent and have not left, without framing and before compression.
    /// What can never leave counts for ever.
    #[must_use]
    pub fn buffered_amount(&self) -> u64 {
        self.get(|socket| socket.buffered_amount())
    }

    /// `extensions`: what the server answered in `Sec-WebSocket-Extensions`; empty before it is open, or if that was
    /// nothing.
    #[must_use]
    pub fn extensions(&self) -> String {
        self.get(|socket| socket.extensions().to_owned())
    }

    /// `protocol`: the subprotocol that the server chose; empty before it is open, or if none was offered.
    #[must_use]
    pub fn protocol(&self) -> String {
        self.get(|socket| socket.protocol().to_owned())
    }

    /// `binaryType`.
    #[must_use]
    pub fn binary_type(&self) -> BinaryType {
        self.get(|socket| socket.binary_type())
    }

    /// Sets `binaryType`. It counts for the events that are given out from now on.
    pub fn set_binary_type(&self, binary_type: BinaryType) {
        self.get(|socket| socket.set_binary_type(binary_type));
    }

    /// `send(data)`. Nothing waits: what cannot leave yet is in [`buffered_amount`](Self::buffered_amount). Once it is
    /// closing or closed, nothing is sent and nobody is told.
    ///
    /// # Errors
    ///
    /// [`InvalidStateError`] before it is open.
    pub fn send(&self, data: impl Into<Message>) -> Result<(), InvalidStateError> {
        self.owned.shared.change(|socket| socket.send(data))
    }

    /// `close(code, reason)`: begins to close, behind what was sent; before it is open, gives up. Nothing waits. Later
    /// calls do nothing.
    ///
    /// # Errors
    ///
    /// [`DomException::InvalidAccess`] for a code other than 1000 and 3000–4999, [`DomException::Syntax`] for a reason of more
    /// than 123 bytes. The connection is unharmed.
    pub fn close<'r>(
        &self,
        code: impl Into<Option<u16>>,
        reason: impl Into<Option<&'r str>>,
    ) -> Result<(), DomException> {
        self.owned.shared.change(|socket| socket.close(code, reason))
    }

    /// Closes with 1001 (Going Away), as a browser does for a page that is left.
    pub fn go_away(&self) {
        self.owned.shared.change(web::WebSocket::go_away);
    }

    /// The next event; `None` after the close event.
    ///
    /// Cancel safe: an event is given out or still there.
    pub async fn next(&mut self) -> Option<Event> {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    /// Has `handle` called when it is open; see [`Handlers`].
    pub fn on_open(self, handle: impl FnMut(&Self) + Send + 'static) -> Handlers<R> {
        Handlers::new(self).on_open(handle)
    }

    /// Has `handle` called with each message; see [`Handlers`].
    pub fn on_message(self, handle: impl FnMut(&Self, MessageEvent) + Send + 'static) -> Handlers<R> {
        Handlers::new(self).on_message(handle)
    }

    /// Has `handle` called when it fails; see [`Handlers`].
    pub fn on_error(self, handle: impl FnMut(&Self, Failure) + Send + 'static) -> Handlers<R> {
        Handlers::new(self).on_error(handle)
    }

    /// Has `handle` called when it is closed; see [`Handlers`].
    pub fn on_close(self, handle: impl FnMut(&Self, CloseEvent) + Send + 'static) -> Handlers<R> {
        Handlers::new(self).on_close(handle)
    }

    fn poll_event(&self, cx: &Context<'_>) -> Poll<Option<Event>> {
        let next = self.owned.shared.take(cx, |socket| match socket.poll_event() {
            Some(event) => Some(Some(event)),
            None => (socket.ready_state() == ReadyState::Closed).then_some(None),
        });
        next.map_or(Poll::Pending, Poll::Ready)
    }

    fn get<T>(&self, get: impl FnOnce(&mut web::WebSocket) -> T) -> T {
        self.owned.shared.get(get)
    }
}

/// Its events; it ends after the close event.
impl<R> Stream for WebSocket<R> {
    type Item = Event;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        self.poll_event(cx)
    }
}

/// The same object.
impl<R> Clone for WebSocket<R> {
    fn clone(&self) -> Self {
        Self { owned: Arc::clone(&self.owned), runtime: PhantomData }
    }
}

impl<R> fmt::Debug for WebSocket<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get(|socket| socket.fmt(f))
    }
}
