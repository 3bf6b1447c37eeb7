//! [`DomException`]: what the methods of a `WebSocket` throw, one type for each name.

use crate::close::CloseFrame;
use alloc::string::String;
use core::error::Error;
use core::fmt;

/// `SyntaxError`: a URL or a subprotocol that the constructor does not take, or a reason that `close` does not.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyntaxError {
    /// It is no URL.
    Url(url::ParseError),
    /// The URL's scheme is none of `ws`, `wss`, `http`, `https`.
    Scheme(String),
    /// The URL has a fragment, be it empty.
    Fragment,
    /// A subprotocol that is not a token (RFC 6455 §4.1).
    Protocol(String),
    /// A subprotocol that is named twice.
    DuplicateProtocol(String),
    /// A close reason of more than 123 bytes.
    ReasonTooLong {
        /// In bytes.
        len: usize,
    },
}

impl SyntaxError {
    /// `"SyntaxError"`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        "SyntaxError"
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(error) => write!(f, "invalid URL: {error}"),
            Self::Scheme(scheme) => write!(f, "URL scheme {scheme:?} is not ws, wss, http or https"),
            Self::Fragment => f.write_str("URL has a fragment"),
            Self::Protocol(protocol) => write!(f, "invalid subprotocol {protocol:?}"),
            Self::DuplicateProtocol(protocol) => write!(f, "subprotocol {protocol:?} is named twice"),
            Self::ReasonTooLong { len } => {
                write!(f, "close reason of {len} bytes, limit {}", CloseFrame::MAX_REASON)
            }
        }
    }
}

impl Error for SyntaxError {}

/// `InvalidAccessError`: a close code other than 1000 and 3000–4999.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidAccessError {
    /// The code.
    pub code: u16,
}

impl InvalidAccessError {
    /// `"InvalidAccessError"`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        "InvalidAccessError"
    }
}

impl fmt::Display for InvalidAccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "close code {} is neither 1000 nor in 3000..=4999", self.code)
    }
}

impl Error for InvalidAccessError {}

/// `InvalidStateError`: sending before it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidStateError;

impl InvalidStateError {
    /// `"InvalidStateError"`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        "InvalidStateError"
    }
}

impl fmt::Display for InvalidStateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not open yet")
    }
}

impl Error for InvalidStateError {}

/// Any of them.
///
/// ```
/// use sansws_core::web::{DomException, InvalidAccessError, WebSocket};
///
/// let mut socket = WebSocket::new("wss://example.com", ())?;
/// let error = socket.close(1001, None).unwrap_err();
/// assert_eq!(error, DomException::InvalidAccess(InvalidAccessError { code: 1001 }));
/// assert_eq!(error.name(), "InvalidAccessError");
/// # Ok::<_, DomException>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DomException {
    /// From the constructor and from `close`.
    Syntax(SyntaxError),
    /// From `close`.
    InvalidAccess(InvalidAccessError),
    /// From `send`.
    InvalidState(InvalidStateError),
}

impl DomException {
    /// Its `name` in the DOM.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Syntax(error) => error.name(),
            Self::InvalidAccess(error) => error.name(),
            Self::InvalidState(error) => error.name(),
        }
    }
}

impl From<SyntaxError> for DomException {
    fn from(error: SyntaxError) -> Self {
        Self::Syntax(error)
    }
}

impl From<InvalidAccessError> for DomException {
    fn from(error: InvalidAccessError) -> Self {
        Self::InvalidAccess(error)
    }
}

impl From<InvalidStateError> for DomException {
    fn from(error: InvalidStateError) -> Self {
        Self::InvalidState(error)
    }
}

impl fmt::Display for DomException {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(error) => error.fmt(f),
            Self::InvalidAccess(error) => error.fmt(f),
            Self::InvalidState(error) => error.fmt(f),
        }
    }
}

impl Error for DomException {}
