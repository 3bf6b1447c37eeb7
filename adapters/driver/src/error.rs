//! [`Error`]: all that can end what was asked for, by culprit.

use crate::target::UrlError;
use sansws_core::handshake::{HandshakeError, InvalidHead};
use sansws_core::{ProtocolError, SendError, TimedOut};
use std::{fmt, io};

/// All that can go wrong, by culprit. A normal end of the connection is not among it.
#[non_exhaustive]
#[derive(Debug)]
pub enum Error {
    /// The transport failed. The connection is lost.
    Io(io::Error),
    /// The peer broke the protocol. It was told so, and the connection is closed.
    Protocol(ProtocolError),
    /// What the caller wanted to send cannot be. The connection is unharmed.
    Send(SendError),
    /// Patience ran out. The connection is closed.
    TimedOut(TimedOut),
    /// The opening handshake failed by what the peer did. There is no connection.
    Handshake(HandshakeError),
    /// The caller, or its policy, turned a client away with this HTTP status. There is no connection.
    Refused(u16),
    /// The caller's own request or answer cannot be sent. There is no connection.
    Head(InvalidHead),
    /// The caller's URL is not one of a WebSocket. There is no connection.
    Url(UrlError),
    /// The connection delivers fragments, which only `next_event` and `read_event` give. It is unharmed, and
    /// the fragment still there.
    Fragment,
    /// There is nothing to read now, or no room to send, and who asked does not wait. The connection is unharmed.
    WouldBlock,
}

impl Error {
    /// Whether this says only that it would have to be waited for.
    #[must_use]
    pub const fn is_would_block(&self) -> bool {
        matches!(self, Self::WouldBlock)
    }

    /// Whether this says only that the connection had closed before: something was sent too late.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self, Self::Send(SendError::Closed))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Protocol(error) => error.fmt(f),
            Self::Send(error) => error.fmt(f),
            Self::TimedOut(error) => error.fmt(f),
            Self::Handshake(error) => error.fmt(f),
            Self::Refused(status) => write!(f, "client was turned away with status {status}"),
            Self::Head(error) => error.fmt(f),
            Self::Url(error) => error.fmt(f),
            Self::Fragment => f.write_str("the connection delivers fragments, not messages"),
            Self::WouldBlock => f.write_str("it would have to be waited for"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => error.source(),
            Self::Protocol(_)
            | Self::Send(_)
            | Self::TimedOut(_)
            | Self::Handshake(_)
            | Self::Refused(_)
            | Self::Head(_)
            | Self::Url(_)
            | Self::Fragment
            | Self::WouldBlock => None, // Display says it all already
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<ProtocolError> for Error {
    fn from(error: ProtocolError) -> Self {
        Self::Protocol(error)
    }
}

impl From<SendError> for Error {
    fn from(error: SendError) -> Self {
        Self::Send(error)
    }
}

impl From<TimedOut> for Error {
    fn from(error: TimedOut) -> Self {
        Self::TimedOut(error)
    }
}

impl From<HandshakeError> for Error {
    fn from(error: HandshakeError) -> Self {
        Self::Handshake(error)
    }
}

impl From<InvalidHead> for Error {
    fn from(error: InvalidHead) -> Self {
        Self::Head(error)
    }
}

impl From<UrlError> for Error {
    fn from(error: UrlError) -> Self {
        Self::Url(error)
    }
}

#[cfg(feature = "web")]
impl From<Error> for sansws_core::web::Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Io(error) => Self::transport(error),
            Error::Protocol(error) => error.into(),
            Error::TimedOut(error) => error.into(),
            Error::Handshake(error) => error.into(),
            Error::Head(error) => error.into(),
            other => Self::transport(other),
        }
    }
}
