//! [`Writable`]: what is to be sent.

use super::owned::Owned;
use futures_sink::Sink;
use sansws_core::Message;
use sansws_core::web::{WebSocketError, WriteError};
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// The browser's `writable`: each chunk is a message, text as text and bytes as bytes. It takes the next when the
/// transport has all of the one before: so a server that does not read holds it back.
///
/// As a [`Sink`], `poll_flush` waits for what was written to be with the transport, and `poll_close` is
/// [`close`](Self::close).
///
/// To drop it is nothing: what was written still leaves, and messages are read.
pub struct Writable {
    owned: Arc<Owned>,
    /// Whether to close was begun here.
    closing: bool,
}

impl Writable {
    pub(super) const fn new(owned: Arc<Owned>) -> Self {
        Self { owned, closing: false }
    }

    /// `write(message)`: done when the transport has all of it, if not yet the server.
    ///
    /// Not cancel safe in that nobody is told: dropped while it waits for its turn, the message is not sent; dropped
    /// later, it is. It is never sent in part.
    ///
    /// # Errors
    ///
    /// [`WriteError::InvalidState`] if one side has begun to close before it was done; [`WriteError::WebSocket`] if it ended
    /// without that. All that come later fail likewise.
    pub async fn write(&mut self, message: impl Into<Message>) -> Result<(), WriteError> {
        let message = message.into();
        poll_fn(|cx| self.poll_until_ready(cx)).await?;
        self.start(message)?;
        poll_fn(|cx| self.poll_written(cx)).await
    }

    /// `close()`: closes for both directions, behind what was written and without a code; done when it is closed. No more
    /// than one message that has arrived can still be read.
    ///
    /// Cancel safe: dropped, it goes on to close.
    ///
    /// # Errors
    ///
    /// [`WriteError::WebSocket`], the error of [`closed`](super::WebSocketStream::closed), unless it closed cleanly.
    pub async fn close(&mut self) -> Result<(), WriteError> {
        poll_fn(|cx| self.poll_until_closed(cx)).await
    }

    /// `abort(reason)`: begins to close, with the code and reason of this error, or without if there is none or they cannot
    /// be sent. What was written still leaves. Nothing waits.
    pub fn abort(self, reason: impl Into<Option<WebSocketError>>) {
        self.owned.shared.change(|streams| streams.wss.abort(reason));
    }

    fn poll_until_ready(&self, cx: &Context<'_>) -> Poll<Result<(), WriteError>> {
        self.owned.shared.poll(cx, |streams| streams.wss.ready())
    }

    fn start(&self, message: Message) -> Result<(), WriteError> {
        self.owned.shared.change(|streams| streams.wss.write(message))
    }

    fn poll_written(&self, cx: &Context<'_>) -> Poll<Result<(), WriteError>> {
        self.owned.shared.poll(cx, |streams| streams.wss.written())
    }

    fn poll_until_closed(&mut self, cx: &Context<'_>) -> Poll<Result<(), WriteError>> {
        if !self.closing {
            self.closing = true;
            self.owned.shared.change(|streams| drop(streams.wss.close_writable()));
        }
        self.owned.shared.poll(cx, |streams| streams.wss.close_writable())
    }
}

impl Sink<Message> for Writable {
    type Error = WriteError;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        self.poll_until_ready(cx)
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), WriteError> {
        self.start(message)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        self.poll_written(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        self.poll_until_closed(cx)
    }
}

impl fmt::Debug for Writable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writable").field("closing", &self.closing).finish_non_exhaustive()
    }
}
