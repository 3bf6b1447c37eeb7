//! [`Opened`]: the promise of being open, and [`WebSocketOpenInfo`], what it gives.

use super::owned::Owned;
use super::readable::Readable;
use super::websocket_stream::WebSocketStream;
use super::writable::Writable;
use sansws_core::web::Rejected;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// What [`opened`](WebSocketStream::opened) gives.
#[derive(Debug)]
#[must_use = "to drop its readable is to close"]
pub struct WebSocketOpenInfo {
    /// What the server answered in `Sec-WebSocket-Extensions`, or empty.
    pub extensions: String,
    /// The subprotocol that the server chose, or empty.
    pub protocol: String,
    /// What arrives.
    pub readable: Readable,
    /// What is to be sent.
    pub writable: Writable,
}

/// The promise `opened`; see [`WebSocketStream::opened`]. As long as there is one, it is not closed for having been dropped.
///
/// Cancel safe.
#[derive(Clone)]
#[must_use = "futures do nothing unless awaited"]
pub struct Opened(Arc<Owned>);

impl Opened {
    pub(super) const fn new(owned: Arc<Owned>) -> Self {
        Self(owned)
    }
}

impl Future for Opened {
    type Output = Result<WebSocketOpenInfo, Rejected>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self(owned) = &*self;
        let opened = owned.shared.poll(cx, |streams| {
            let opened = streams.wss.opened();
            streams.readables += usize::from(matches!(opened, Poll::Ready(Ok(()))));
            opened.map_ok(|()| (streams.wss.extensions().to_owned(), streams.wss.protocol().to_owned()))
        });
        let (extensions, protocol) = ready!(opened)?;
        let (readable, writable) = (Readable::new(Arc::clone(owned)), Writable::new(Arc::clone(owned)));
        Poll::Ready(Ok(WebSocketOpenInfo { extensions, protocol, readable, writable }))
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Opened").finish_non_exhaustive()
    }
}

/// A [`WebSocketStream`] that is awaited.
///
/// Cancel safe only in that nothing is left: dropped, the attempt is given up, unless there is a clone.
#[must_use = "futures do nothing unless awaited"]
pub struct Opening<R> {
    opened: Opened,
    wss: WebSocketStream<R>,
}

impl<R> Opening<R> {
    pub(super) fn new(wss: WebSocketStream<R>) -> Self {
        Self { opened: wss.opened(), wss }
    }
}

impl<R> Future for Opening<R> {
    type Output = Result<(WebSocketOpenInfo, WebSocketStream<R>), Rejected>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let opened = ready!(Pin::new(&mut self.opened).poll(cx));
        Poll::Ready(opened.map(|info| (info, self.wss.clone())))
    }
}

impl<R> fmt::Debug for Opening<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Opening").field(&self.wss).finish()
    }
}
