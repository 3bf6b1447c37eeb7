//! [`Readable`]: what arrives.

use super::owned::Owned;
use futures_core::Stream;
use sansws_core::Message;
use sansws_core::web::WebSocketError;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// The browser's `readable`: each message is a chunk, text as text and bytes as bytes. It ends when the connection has:
/// after a clean end with `None`, after another with the error of [`closed`](super::WebSocketStream::closed), once, and
/// then `None`. What had arrived before comes first.
///
/// Reading is what lets the server go on: while 64 KiB of messages wait here, no more is read, and TCP holds it back.
///
/// To drop it is to [`cancel`](Self::cancel).
pub struct Readable {
    owned: Arc<Owned>,
    /// Whether the error was given.
    failed: bool,
}

impl Readable {
    /// One that is counted already.
    pub(super) const fn new(owned: Arc<Owned>) -> Self {
        Self { owned, failed: false }
    }

    /// The next message; `None` when there will be none.
    ///
    /// Cancel safe: a message is given out or still there.
    pub async fn next(&mut self) -> Option<Result<Message, WebSocketError>> {
        poll_fn(|cx| self.poll(cx)).await
    }

    /// `cancel(reason)`: begins to close, behind what was written, with the code and reason of this error, or without if
    /// there is none or they cannot be sent. Nothing waits. Nobody reads any more.
    pub fn cancel(self, reason: impl Into<Option<WebSocketError>>) {
        self.owned.shared.change(|streams| streams.wss.cancel(reason));
    }

    fn poll(&mut self, cx: &Context<'_>) -> Poll<Option<Result<Message, WebSocketError>>> {
        if self.failed {
            return Poll::Ready(None);
        }
        let next = self.owned.shared.poll(cx, |streams| streams.wss.read());
        self.failed = matches!(next, Poll::Ready(Some(Err(_))));
        next
    }
}

impl Stream for Readable {
    type Item = Result<Message, WebSocketError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(cx)
    }
}

impl Drop for Readable {
    fn drop(&mut self) {
        self.owned.shared.change(|streams| {
            streams.readables -= 1;
            if streams.readables == 0 {
                streams.wss.cancel(None);
            }
        });
    }
}

impl fmt::Debug for Readable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readable").field("failed", &self.failed).finish_non_exhaustive()
    }
}
