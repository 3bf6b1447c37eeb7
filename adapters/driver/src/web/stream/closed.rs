//! [`Closed`]: the promise of the end.

use super::owned::Streams;
use crate::web::shared::Shared;
use sansws_core::web::{Rejected, WebSocketCloseInfo};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// The promise `closed`; see [`WebSocketStream::closed`](super::WebSocketStream::closed). It outlives all else, and keeps
/// nothing open.
///
/// Cancel safe.
#[derive(Clone)]
#[must_use = "futures do nothing unless awaited"]
pub struct Closed(Arc<Shared<Streams>>);

impl Closed {
    pub(super) const fn new(shared: Arc<Shared<Streams>>) -> Self {
        Self(shared)
    }
}

impl Future for Closed {
    type Output = Result<WebSocketCloseInfo, Rejected>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll(cx, |streams| streams.wss.closed())
    }
}

impl fmt::Debug for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Closed").finish_non_exhaustive()
    }
}
