//! [`Owned`]: what the object and its streams share, and the last of them closes.

use crate::web::abort::{Listener, Reason};
use crate::web::shared::{Object, Shared};
use sansws_core::web::{self, Url};
use std::sync::Arc;
use std::task::{Context, Poll};

/// The core's object, and how many readables it has been asked for that are still there.
pub(super) struct Streams {
    pub(super) wss: web::WebSocketStream,
    pub(super) readables: usize,
}

impl Object for Streams {
    const PROMISES: bool = true;

    fn socket(&mut self) -> &mut web::WebSocket {
        self.wss.socket()
    }
}

impl Shared<Streams> {
    /// What a promise has come to; else the task of `cx` is woken when it may have.
    pub(super) fn poll<T>(&self, cx: &Context<'_>, ask: impl FnOnce(&mut Streams) -> Poll<T>) -> Poll<T> {
        let settled = self.take(cx, |streams| match ask(streams) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        });
        settled.map_or(Poll::Pending, Poll::Ready)
    }
}

impl Listener for Shared<Streams> {
    fn abort(&self, reason: &Reason) {
        self.change(|streams| streams.wss.abort_signal(Arc::clone(reason)));
    }
}

/// What the object and its streams share. The task has only what is in it.
pub(super) struct Owned {
    pub(super) url: Url,
    pub(super) shared: Arc<Shared<Streams>>,
}

impl Drop for Owned {
    fn drop(&mut self) {
        self.shared.change(|streams| {
            let _ = streams.wss.close(()); // nothing to be wrong about
        });
    }
}
