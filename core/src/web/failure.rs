//! [`Failure`]: why a `WebSocket` did not close cleanly.

use crate::error::{ProtocolError, TimedOut};
use crate::handshake::{HandshakeError, InvalidHead};
use alloc::boxed::Box;
use alloc::sync::Arc;
use core::error::Error;
use core::fmt;

/// Why a `WebSocket` did not close cleanly. A browser tells nobody, lest scripts map the network around them; here it is
/// in the error event, and the close event says 1006 (Abnormal Closure) whatever it was.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub enum Failure {
    /// The port is one that browsers do not connect to; see [`Options::block_ports`](super::Options::block_ports).
    BlockedPort {
        /// The port.
        port: u16,
    },
    /// The request cannot be sent as it is meant.
    Request(InvalidHead),
    /// What the server answered.
    Handshake(HandshakeError),
    /// What the server did wrong; it was told so in a Close frame.
    Protocol(ProtocolError),
    /// The server took too long.
    TimedOut(TimedOut),
    /// [`close`](super::WebSocket::close) was called before it was open.
    ClosedEarly,
    /// More was sent than [`Options::buffer`](super::Options::buffer) lets wait.
    BufferFull {
        /// In bytes.
        limit: u64,
    },
    /// The connection ended without the server's Close frame.
    Lost,
    /// What became of the transport: the name was not resolved, the connection refused or reset, TLS not agreed on.
    Transport(Arc<dyn Error + Send + Sync>),
}

impl Failure {
    /// An error of the transport.
    pub fn transport(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Transport(error.into().into())
    }
}

impl From<InvalidHead> for Failure {
    fn from(error: InvalidHead) -> Self {
        Self::Request(error)
    }
}

impl From<HandshakeError> for Failure {
    fn from(error: HandshakeError) -> Self {
        Self::Handshake(error)
    }
}

impl From<ProtocolError> for Failure {
    fn from(error: ProtocolError) -> Self {
        match error {
            ProtocolError::UnexpectedEof => Self::Lost,
            error => Self::Protocol(error),
        }
    }
}

impl From<TimedOut> for Failure {
    fn from(error: TimedOut) -> Self {
        Self::TimedOut(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BlockedPort { port } => write!(f, "port {port} is blocked"),
            Self::Request(error) => error.fmt(f),
            Self::Handshake(error) => error.fmt(f),
            Self::Protocol(error) => error.fmt(f),
            Self::TimedOut(error) => error.fmt(f),
            Self::ClosedEarly => f.write_str("closed before it was open"),
            Self::BufferFull { limit } => write!(f, "more than {limit} bytes wait to be sent"),
            Self::Lost => f.write_str("connection ended without a close frame"),
            Self::Transport(error) => error.fmt(f),
        }
    }
}

impl Error for Failure {}
