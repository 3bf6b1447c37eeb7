//! [`Rejected`]: what `opened` and `closed` reject with.

use super::websocket_error::WebSocketError;
use alloc::sync::Arc;
use core::error::Error;
use core::fmt;

/// What [`opened`](super::WebSocketStream::opened) and [`closed`](super::WebSocketStream::closed) reject with.
#[derive(Clone, Debug)]
pub enum Rejected {
    /// It never opened, or did not close cleanly.
    WebSocket(WebSocketError),
    /// A signal came before it was open: the reason given with it.
    Aborted(Arc<dyn Error + Send + Sync>),
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WebSocket(error) => error.fmt(f),
            Self::Aborted(reason) => reason.fmt(f),
        }
    }
}

impl Error for Rejected {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::WebSocket(error) => error.source(),
            Self::Aborted(reason) => reason.source(),
        }
    }
}
