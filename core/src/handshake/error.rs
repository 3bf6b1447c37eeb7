//! What can be wrong with a handshake: by the peer, and by our own caller.

use super::client::Response;
use alloc::boxed::Box;
use alloc::string::String;
use core::error::Error;
use core::fmt;

/// Why the opening handshake failed: what the peer did. There is no connection.
///
/// A server answers with [`Rejection::from`](super::Rejection) this error, then closes (RFC 6455 §4.2.1). A client
/// just closes.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandshakeError {
    /// The head is longer than [`HandshakeLimits::head`](super::HandshakeLimits::head).
    HeadTooLong {
        /// In bytes.
        limit: usize,
    },
    /// The first line is longer than [`HandshakeLimits::line`](super::HandshakeLimits::line).
    FirstLineTooLong {
        /// In bytes.
        limit: usize,
    },
    /// A header line is longer than [`HandshakeLimits::line`](super::HandshakeLimits::line).
    LineTooLong {
        /// In bytes.
        limit: usize,
    },
    /// More header lines than [`HandshakeLimits::headers`](super::HandshakeLimits::headers).
    TooManyHeaders {
        /// The limit.
        limit: usize,
    },
    /// Not a head of HTTP (RFC 9112): bare LF or CR, NUL, a folded line, a space before a colon, and the like.
    Malformed,
    /// A version of HTTP other than 1.1 (RFC 6455 §4.1, §4.2.1).
    UnsupportedHttp,
    /// A request with another method than GET (RFC 6455 §4.2.1).
    MethodNotGet,
    /// A request target that is neither a path nor an absolute http(s) URL (RFC 6455 §4.2.1).
    InvalidTarget,
    /// A request with a body; what looks like one could be smuggled frames.
    BodyNotAllowed,
    /// A header that must be there is not, or lacks the word that must be in it.
    MissingHeader {
        /// Its name.
        name: &'static str,
    },
    /// A header that may be there once is there several times.
    DuplicateHeader {
        /// Its name.
        name: &'static str,
    },
    /// A header does not have the form it must have.
    InvalidHeader {
        /// Its name.
        name: &'static str,
    },
    /// A `Sec-WebSocket-Version` other than 13 (RFC 6455 §4.4).
    UnsupportedVersion,
    /// The server did not switch protocols (RFC 6455 §4.1); here is what it said.
    Rejected(Box<Response>),
    /// `Sec-WebSocket-Accept` does not answer our key (RFC 6455 §4.1).
    WrongAccept,
    /// The server chose a subprotocol that was not offered (RFC 6455 §4.1).
    UnofferedProtocol,
    /// The server chose an extension that was not offered (RFC 6455 §4.1).
    UnofferedExtension,
    /// The server accepted permessage-deflate with parameters that the offer does not admit (RFC 7692 §7.1).
    InadmissibleDeflate,
    /// The stream ended in the middle of the handshake.
    UnexpectedEof,
}

impl HandshakeError {
    /// The HTTP status that a server answers with.
    ///
    /// ```
    /// use sansws_core::handshake::HandshakeError;
    /// assert_eq!(HandshakeError::UnsupportedVersion.status(), 426);
    /// ```
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::HeadTooLong { .. } | Self::LineTooLong { .. } | Self::TooManyHeaders { .. } => 431,
            Self::FirstLineTooLong { .. } => 414,
            Self::UnsupportedHttp => 505,
            Self::MethodNotGet => 405,
            Self::UnsupportedVersion | Self::MissingHeader { name: "Upgrade" } => 426,
            Self::Malformed
            | Self::InvalidTarget
            | Self::BodyNotAllowed
            | Self::MissingHeader { .. }
            | Self::DuplicateHeader { .. }
            | Self::InvalidHeader { .. }
            | Self::Rejected(_)
            | Self::WrongAccept
            | Self::UnofferedProtocol
            | Self::UnofferedExtension
            | Self::InadmissibleDeflate
            | Self::UnexpectedEof => 400,
        }
    }
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HeadTooLong { limit } => write!(f, "head of more than {limit} bytes"),
            Self::FirstLineTooLong { limit } => write!(f, "first line of more than {limit} bytes"),
            Self::LineTooLong { limit } => write!(f, "header line of more than {limit} bytes"),
            Self::TooManyHeaders { limit } => write!(f, "more than {limit} header lines"),
            Self::Malformed => f.write_str("malformed HTTP head"),
            Self::UnsupportedHttp => f.write_str("HTTP version is not 1.1"),
            Self::MethodNotGet => f.write_str("method is not GET"),
            Self::InvalidTarget => f.write_str("invalid request target"),
            Self::BodyNotAllowed => f.write_str("request has a body"),
            Self::MissingHeader { name } => write!(f, "header {name} is missing or lacks what it must say"),
            Self::DuplicateHeader { name } => write!(f, "header {name} occurs more than once"),
            Self::InvalidHeader { name } => write!(f, "header {name} is malformed"),
            Self::UnsupportedVersion => f.write_str("Sec-WebSocket-Version is not 13"),
            Self::Rejected(response) => write!(f, "server answered {}", response.status()),
            Self::WrongAccept => f.write_str("Sec-WebSocket-Accept does not answer the key"),
            Self::UnofferedProtocol => f.write_str("server chose a subprotocol that was not offered"),
            Self::UnofferedExtension => f.write_str("server chose an extension that was not offered"),
            Self::InadmissibleDeflate => f.write_str("server accepted permessage-deflate with inadmissible parameters"),
            Self::UnexpectedEof => f.write_str("connection ended during the opening handshake"),
        }
    }
}

impl Error for HandshakeError {}

/// What our own caller wanted in a head and cannot have. Nothing was sent.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidHead {
    /// A host that cannot stand in a `Host` header.
    Host(String),
    /// A request target that is not a path, perhaps with a query, in visible ASCII (RFC 6455 §3).
    Target(String),
    /// A header name that is not a token (RFC 9110 §5.1).
    HeaderName(String),
    /// A header value with a line break, NUL or another control character (RFC 9110 §5.5).
    HeaderValue {
        /// The header's name.
        name: String,
    },
    /// A header that the handshake sets by itself.
    ReservedHeader(String),
    /// A subprotocol that is not a token (RFC 6455 §4.1).
    Protocol(String),
    /// A subprotocol that is offered twice (RFC 6455 §4.1).
    DuplicateProtocol(String),
    /// A subprotocol that the client did not offer (RFC 6455 §4.2.2).
    UnofferedProtocol(String),
}

impl fmt::Display for InvalidHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(host) => write!(f, "invalid host {host:?}"),
            Self::Target(target) => write!(f, "invalid request target {target:?}"),
            Self::HeaderName(name) => write!(f, "invalid header name {name:?}"),
            Self::HeaderValue { name } => write!(f, "invalid value for header {name}"),
            Self::ReservedHeader(name) => write!(f, "header {name} is set by the handshake"),
            Self::Protocol(protocol) => write!(f, "invalid subprotocol {protocol:?}"),
            Self::DuplicateProtocol(protocol) => write!(f, "subprotocol {protocol:?} is offered twice"),
            Self::UnofferedProtocol(protocol) => write!(f, "subprotocol {protocol:?} was not offered"),
        }
    }
}

impl Error for InvalidHead {}
