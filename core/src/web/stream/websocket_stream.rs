//! [`WebSocketStream`]: the browser's object, and what becomes of its promises.

use super::close_info::WebSocketCloseInfo;
use super::options::StreamOptions;
use super::rejected::Rejected;
use super::websocket_error::WebSocketError;
use super::write_error::WriteError;
use crate::close::{CloseCode, CloseFrame};
use crate::event::Message;
use crate::web::event::{CloseEvent, Event};
use crate::web::exception::{DomException, SyntaxError};
use crate::web::failure::Failure;
use crate::web::ready_state::ReadyState;
use crate::web::websocket::WebSocket;
use crate::web::wire::Wire;
use alloc::sync::Arc;
use core::error::Error;
use core::fmt;
use core::task::Poll;
use url::Url;

/// The browser's `WebSocketStream`, without I/O. See the [module](super) for how it is used and driven.
///
/// What is a promise there is a method that gives a [`Poll`] here: `Pending` until it settles, and then always the same.
pub struct WebSocketStream {
    /// Its wire, and the messages that wait there. Its events are taken as soon as they are seen.
    socket: WebSocket,
    opened: Option<Result<(), Rejected>>,
    closed: Option<Result<WebSocketCloseInfo, Rejected>>,
    /// What the signal said, if it came before it was open.
    aborted: Option<Arc<dyn Error + Send + Sync>>,
    /// The message that was next to be read when we began to close.
    next: Option<Message>,
    /// Whether nobody reads any more.
    canceled: bool,
    /// Why nothing more can be written.
    unwritable: Option<WriteError>,
}

/// What a browser has, the streams' own methods included.
impl WebSocketStream {
    /// `new WebSocketStream(url, options)`.
    ///
    /// ```
    /// use sansws_core::web::{StreamOptions, WebSocketStream};
    ///
    /// let protocols = vec!["amqp".into(), "mqtt".into()];
    /// let wss = WebSocketStream::new("wss://example.com/queue", StreamOptions { protocols, ..StreamOptions::default() })?;
    /// assert_eq!(wss.url().as_str(), "wss://example.com/queue");
    /// # Ok::<_, sansws_core::web::SyntaxError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`WebSocket::new`].
    pub fn new(url: &str, options: StreamOptions) -> Result<Self, SyntaxError> {
        let StreamOptions { protocols, socket } = options;
        Ok(Self {
            socket: WebSocket::with_options(url, protocols, socket)?,
            opened: None,
            closed: None,
            aborted: None,
            next: None,
            canceled: false,
            unwritable: None,
        })
    }

    /// `url`: as it was resolved, its user info included.
    #[must_use]
    pub const fn url(&self) -> &Url {
        self.socket.url()
    }

    /// `opened`: whether messages can be written and read. Rejects only if it never opened.
    pub fn opened(&mut self) -> Poll<Result<(), Rejected>> {
        self.settle();
        self.opened.clone().map_or(Poll::Pending, Poll::Ready)
    }

    /// `extensions` of what `opened` fulfills with; empty before.
    #[must_use]
    pub fn extensions(&self) -> &str {
        self.socket.extensions()
    }

    /// `protocol` of what `opened` fulfills with; empty before.
    #[must_use]
    pub fn protocol(&self) -> &str {
        self.socket.protocol()
    }

    /// `closed`: how it ended, with what the peer said. It settles as soon as it is over, however many messages are
    /// unread. It rejects if it never opened, if the closing handshake was not complete, and if something that was
    /// written had not left when the peer's Close frame came.
    pub fn closed(&mut self) -> Poll<Result<WebSocketCloseInfo, Rejected>> {
        self.settle();
        self.closed.clone().map_or(Poll::Pending, Poll::Ready)
    }

    /// `close({ closeCode, reason })`. What was written before still leaves. Without a code, the Close frame has none
    /// either, and `closed` says 1005 if the peer answers likewise.
    ///
    /// Before it is open, the attempt is given up. Once one side has begun to close, it does nothing.
    ///
    /// Of what arrived, the next message can still be read. The rest is dropped, and what still arrives is: nothing that
    /// waits to be read keeps the peer's Close frame from being seen.
    ///
    /// # Errors
    ///
    /// [`InvalidAccessError`](super::super::InvalidAccessError) for a code other than 1000 and 3000–4999; then
    /// [`SyntaxError::ReasonTooLong`]. Nothing has changed.
    pub fn close(&mut self, info: impl Into<WebSocketCloseInfo>) -> Result<(), DomException> {
        let frame = info.into().frame()?;
        self.begin_close(frame);
        Ok(())
    }

    /// `AbortSignal`: before it is open, gives the attempt up; `opened` and `closed` reject with this reason, whatever
    /// happens then. Afterwards it does nothing.
    pub fn abort_signal(&mut self, reason: Arc<dyn Error + Send + Sync>) {
        self.settle();
        if self.opened.is_none() {
            self.aborted = Some(reason);
            self.socket.handle_failure(Failure::ClosedEarly);
            self.settle();
        }
    }

    /// `readable`'s `read()`: the next message; `None` when it is done, after a clean end or a signal; an error after
    /// any other. What arrived before comes first.
    pub fn read(&mut self) -> Poll<Option<Result<Message, WebSocketError>>> {
        self.settle();
        if self.canceled {
            return Poll::Ready(None);
        }
        if let Some(message) = self.next.take().or_else(|| self.take_message()) {
            return Poll::Ready(Some(Ok(message)));
        }
        match &self.closed {
            None => Poll::Pending,
            Some(Ok(_) | Err(Rejected::Aborted(_))) => Poll::Ready(None),
            Some(Err(Rejected::WebSocket(error))) => Poll::Ready(Some(Err(error.clone()))),
        }
    }

    /// `readable.cancel(reason)`: nothing more is read, and it closes as by [`abort`](Self::abort).
    pub fn cancel(&mut self, reason: impl Into<Option<WebSocketError>>) {
        self.abort(reason);
        self.canceled |= self.closed.is_none(); // how it ended does not change
        self.next = None;
        while self.take_message().is_some() {}
    }

    /// `writable`'s `ready`: whether what was written before has left. Write no earlier, or it is queued without end.
    ///
    /// # Errors
    ///
    /// [`WriteError`]: nothing can be written any more.
    pub fn ready(&mut self) -> Poll<Result<(), WriteError>> {
        self.settle();
        match (&self.unwritable, &self.opened) {
            (Some(error), _) => Poll::Ready(Err(error.clone())),
            (None, Some(_)) if !self.socket.outbox.is_unwritten() => Poll::Ready(Ok(())),
            (None, _) => Poll::Pending,
        }
    }

    /// `writable`'s `write(message)`: what its promise comes to is [`written`](Self::written).
    ///
    /// # Errors
    ///
    /// [`WriteError`]: it is not open, or not any more. The message is not sent.
    pub fn write(&mut self, message: impl Into<Message>) -> Result<(), WriteError> {
        self.settle();
        match &self.unwritable {
            Some(error) => Err(error.clone()),
            None => self.socket.send(message).map_err(|_| WriteError::InvalidState),
        }
    }

    /// Whether all that was written has left: the transport has it, if not the peer.
    ///
    /// # Errors
    ///
    /// [`WriteError::InvalidState`] if the peer's Close frame came before that, [`WriteError::WebSocket`] if it ended
    /// otherwise. Some of it may have left.
    pub fn written(&mut self) -> Poll<Result<(), WriteError>> {
        self.settle();
        match self.socket.wire {
            _ if !self.socket.outbox.is_unwritten() => Poll::Ready(Ok(())),
            Wire::Connecting | Wire::Open => Poll::Pending,
            Wire::Closing(_) | Wire::Over => Poll::Ready(Err(self.write_error())),
        }
    }

    /// `writable.close()`: closes as [`close`](Self::close) does, without a code, unless that has begun, and tells
    /// whether it closed cleanly. There are no halves: nothing more is read, either.
    ///
    /// # Errors
    ///
    /// What `closed` rejects with.
    pub fn close_writable(&mut self) -> Poll<Result<(), WriteError>> {
        self.begin_close(None);
        match &self.closed {
            None => Poll::Pending,
            Some(Ok(_)) => Poll::Ready(Ok(())),
            Some(Err(Rejected::WebSocket(error))) => Poll::Ready(Err(WriteError::WebSocket(error.clone()))),
            Some(Err(Rejected::Aborted(_))) => Poll::Ready(Err(WriteError::InvalidState)),
        }
    }

    /// `writable.abort(reason)`: closes with the error's code and reason, or without if there is none or they cannot be
    /// sent. What was written before still leaves.
    pub fn abort(&mut self, reason: impl Into<Option<WebSocketError>>) {
        let frame = reason.into().and_then(|error| error.info().frame().ok());
        self.begin_close(frame.flatten());
    }
}

/// What a driver needs.
impl WebSocketStream {
    /// The wire, which is driven as that of any [`WebSocket`]; see the [module](super). Leave its events, `send` and
    /// `close` alone.
    pub const fn socket(&mut self) -> &mut WebSocket {
        &mut self.socket
    }

    /// Sees what has become of the wire.
    fn settle(&mut self) {
        if self.socket.inbox.is_opening() {
            self.socket.poll_event();
            self.opened = Some(Ok(()));
        }
        if self.socket.ready_state > ReadyState::Open || matches!(self.socket.wire, Wire::Closing(_)) {
            self.unwritable.get_or_insert(WriteError::InvalidState);
        }
        if self.closed.is_none()
            && self.socket.is_over()
            && let Some((failure, close)) = self.socket.inbox.take_end()
        {
            self.end(failure, close);
        }
    }

    fn end(&mut self, failure: Option<Failure>, close: CloseEvent) {
        let info = WebSocketCloseInfo { close_code: Some(close.code), reason: close.reason };
        let closed = match self.aborted.take() {
            Some(reason) => Err(Rejected::Aborted(reason)),
            None if close.was_clean && !self.socket.outbox.is_unwritten() => Ok(info),
            None => Err(Rejected::WebSocket(WebSocketError::unclean(failure, info))),
        };
        if let Err(rejected) = &closed {
            self.opened.get_or_insert_with(|| Err(rejected.clone()));
        }
        self.closed = Some(closed);
        let error = self.write_error();
        self.unwritable.get_or_insert(error);
    }

    /// What writes fail with, by how the wire ends: the peer's Close frame, if it came, was first.
    fn write_error(&self) -> WriteError {
        match &self.closed {
            Some(Err(Rejected::WebSocket(error))) if error.close_code() == Some(CloseCode::ABNORMAL.0) => {
                WriteError::WebSocket(error.clone())
            }
            Some(Ok(_) | Err(_)) | None => WriteError::InvalidState,
        }
    }

    fn begin_close(&mut self, frame: Option<CloseFrame>) {
        self.settle();
        match self.socket.wire {
            Wire::Connecting | Wire::Open => {
                self.next = self.next.take().or_else(|| self.take_message());
                self.socket.begin_close(frame);
                self.settle();
            }
            Wire::Closing(_) | Wire::Over => {} // what arrived can be read
        }
    }

    fn take_message(&mut self) -> Option<Message> {
        match self.socket.poll_event()? {
            Event::Message(event) => Some(event.data.into()),
            Event::Open | Event::Error(_) | Event::Close(_) => None, // not reached: taken when it settled
        }
    }
}

/// Without what may let others in: the URL's user info and query, headers, messages.
impl fmt::Debug for WebSocketStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketStream")
            .field("socket", &self.socket)
            .field("opened", &self.opened)
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}
