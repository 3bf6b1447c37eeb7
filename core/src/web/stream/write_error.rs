//! [`WriteError`]: why nothing can be written.

use super::websocket_error::WebSocketError;
use core::error::Error;
use core::fmt;

/// Why nothing can be written. Once there is one, it stays.
#[derive(Clone, Debug)]
pub enum WriteError {
    /// `InvalidStateError`: it is not open yet, one side has begun to close, or it closed cleanly.
    InvalidState,
    /// It ended, and not cleanly: the error that `closed` rejects with.
    WebSocket(WebSocketError),
}

impl WriteError {
    /// Its `name` in the DOM.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::InvalidState => "InvalidStateError",
            Self::WebSocket(error) => error.name(),
        }
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidState => f.write_str("not open for writing"),
            Self::WebSocket(error) => error.fmt(f),
        }
    }
}

impl Error for WriteError {}
