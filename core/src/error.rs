//! Errors by culprit: the peer, the caller, or time. The handshake's are in [`handshake`](crate::handshake).

use crate::close::CloseCode;
use core::error::Error;
use core::fmt;
use core::time::Duration;

/// What the peer did wrong. The connection has failed; the close frame is already queued
/// (RFC 6455 §7.1.7).
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtocolError {
    /// A reserved bit was set that no negotiated extension defines (RFC 6455 §5.2).
    ReservedBits {
        /// RSV1, RSV2, RSV3 as 4, 2, 1.
        bits: u8,
    },
    /// An opcode that has no meaning: 3–7 or 11–15 (RFC 6455 §5.2).
    ReservedOpcode {
        /// The four bits of the opcode.
        opcode: u8,
    },
    /// A Close, Ping or Pong in several frames (RFC 6455 §5.5).
    FragmentedControl,
    /// A Close, Ping or Pong of more than 125 bytes (RFC 6455 §5.5).
    ControlTooLong,
    /// A client's frame came unmasked (RFC 6455 §5.1).
    Unmasked,
    /// A server's frame came masked (RFC 6455 §5.1).
    Masked,
    /// A length was not in its shortest form (RFC 6455 §5.2).
    OverlongLength {
        /// The length that was written too long.
        len: u64,
    },
    /// A length with its highest bit set (RFC 6455 §5.2).
    LengthOverflow {
        /// All 64 bits of it.
        len: u64,
    },
    /// A continuation frame, but no message had begun (RFC 6455 §5.4).
    UnexpectedContinuation,
    /// A new message, but the one before had not ended (RFC 6455 §5.4).
    UnfinishedMessage,
    /// Text, or a close reason, that is not UTF-8 (RFC 6455 §8.1).
    InvalidUtf8 {
        /// Where the first invalid sequence begins, in bytes from the start of the text.
        at: u64,
    },
    /// A compressed message that is not DEFLATE (RFC 7692 §7.2.2).
    InvalidDeflate,
    /// A Close frame with a single byte, half a code (RFC 6455 §5.5.1).
    TruncatedCloseCode,
    /// A Close frame with a code that must not be sent (RFC 6455 §7.4).
    InvalidCloseCode {
        /// The code received.
        code: CloseCode,
    },
    /// A message, by what its frame headers declare or by what was inflated of it, exceeds [`Limits::message`](crate::Limits::message).
    TooBig {
        /// In bytes.
        limit: u64,
        /// What the message would have at least, in bytes.
        size: u64,
    },
    /// A message in more frames than [`Limits::fragments`](crate::Limits::fragments).
    TooManyFragments {
        /// The most frames that a message may have.
        limit: u32,
    },
    /// More empty fragments in a row than [`Limits::empty_fragments`](crate::Limits::empty_fragments).
    TooManyEmptyFragments {
        /// The most empty fragments in a row.
        limit: u32,
    },
    /// More pings in a row than [`Limits::unread_pings`](crate::Limits::unread_pings) from a peer that
    /// does not read what we send.
    PingFlood {
        /// The most pings.
        limit: u32,
    },
    /// The stream ended without a closing handshake (RFC 6455 §7.1.5: reported as code 1006).
    UnexpectedEof,
}

impl ProtocolError {
    /// The status code that goes into our Close frame (RFC 6455 §7.4.1).
    ///
    /// [`CloseCode::ABNORMAL`], which is never sent, if no Close frame can be sent any more.
    #[must_use]
    pub const fn close_code(self) -> CloseCode {
        match self {
            Self::ReservedBits { .. }
            | Self::ReservedOpcode { .. }
            | Self::FragmentedControl
            | Self::ControlTooLong
            | Self::Unmasked
            | Self::Masked
            | Self::OverlongLength { .. }
            | Self::LengthOverflow { .. }
            | Self::UnexpectedContinuation
            | Self::UnfinishedMessage
            | Self::TruncatedCloseCode
            | Self::InvalidCloseCode { .. } => CloseCode::PROTOCOL_ERROR,
            Self::InvalidUtf8 { .. } | Self::InvalidDeflate => CloseCode::INVALID_DATA,
            Self::TooBig { .. } => CloseCode::TOO_BIG,
            Self::TooManyFragments { .. } | Self::TooManyEmptyFragments { .. } | Self::PingFlood { .. } => {
                CloseCode::POLICY_VIOLATION
            }
            Self::UnexpectedEof => CloseCode::ABNORMAL,
        }
    }
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReservedBits { bits } => write!(f, "reserved bits {bits:03b} set without an extension"),
            Self::ReservedOpcode { opcode } => write!(f, "reserved opcode {opcode:#x}"),
            Self::FragmentedControl => f.write_str("fragmented control frame"),
            Self::ControlTooLong => f.write_str("control frame of more than 125 bytes"),
            Self::Unmasked => f.write_str("unmasked frame from a client"),
            Self::Masked => f.write_str("masked frame from a server"),
            Self::OverlongLength { len } => write!(f, "length {len} not in its shortest form"),
            Self::LengthOverflow { len } => write!(f, "length {len:#x} has its highest bit set"),
            Self::UnexpectedContinuation => f.write_str("continuation of no message"),
            Self::UnfinishedMessage => f.write_str("new message before the end of the last"),
            Self::InvalidUtf8 { at } => write!(f, "invalid UTF-8 at byte {at}"),
            Self::InvalidDeflate => f.write_str("compressed message is not DEFLATE"),
            Self::TruncatedCloseCode => f.write_str("close frame with half a code"),
            Self::InvalidCloseCode { code } => write!(f, "close code {code} must not be sent"),
            Self::TooBig { limit, size } => write!(f, "message of {size} bytes or more, limit {limit}"),
            Self::TooManyFragments { limit } => write!(f, "message of more than {limit} fragments"),
            Self::TooManyEmptyFragments { limit } => write!(f, "more than {limit} empty fragments in a row"),
            Self::PingFlood { limit } => write!(f, "more than {limit} pings while reading none of the pongs"),
            Self::UnexpectedEof => f.write_str("connection ended without a closing handshake"),
        }
    }
}

impl Error for ProtocolError {}

/// What our own caller did wrong, or too early. Nothing was sent and the connection is unharmed.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendError {
    /// A Close frame was sent already, or the connection has ended (RFC 6455 §5.5.1).
    Closed,
    /// More is queued than [`Limits::output_max`](crate::Limits::output_max): write some of it first.
    Full {
        /// What is queued, in bytes.
        queued: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// A ping or pong payload of more than 125 bytes (RFC 6455 §5.5).
    ControlTooLong {
        /// In bytes.
        len: usize,
    },
    /// A close code that must not be sent (RFC 6455 §7.4).
    InvalidCloseCode {
        /// The code.
        code: CloseCode,
    },
    /// A close reason of more than 123 bytes (RFC 6455 §5.5).
    ReasonTooLong {
        /// In bytes.
        len: usize,
    },
    /// A message while another one, sent in fragments, has not ended (RFC 6455 §5.4).
    UnfinishedMessage,
    /// A fragment of another kind than the message it continues (RFC 6455 §5.4).
    KindChanged,
    /// A text fragment that is not UTF-8 where it stands (RFC 6455 §5.6).
    InvalidUtf8 {
        /// Where the first invalid sequence begins, in bytes from the start of the message.
        at: u64,
    },
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("connection is closing or closed"),
            Self::Full { queued, limit } => write!(f, "{queued} bytes queued, limit {limit}"),
            Self::ControlTooLong { len } => write!(f, "control payload of {len} bytes, limit 125"),
            Self::InvalidCloseCode { code } => write!(f, "close code {code} must not be sent"),
            Self::ReasonTooLong { len } => write!(f, "close reason of {len} bytes, limit 123"),
            Self::UnfinishedMessage => f.write_str("message before the end of a fragmented one"),
            Self::KindChanged => f.write_str("fragment of another kind than its message"),
            Self::InvalidUtf8 { at } => write!(f, "text fragment is not UTF-8 at byte {at} of the message"),
        }
    }
}

impl Error for SendError {}

/// Which patience ran out. The connection is closed; drop the transport.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimedOut {
    /// The transport could not be connected within this time.
    Connect(Duration),
    /// The TLS handshake took longer than this.
    Tls(Duration),
    /// The opening handshake took longer than this.
    Handshake(Duration),
    /// The peer did not answer our Close frame within this time.
    Close(Duration),
    /// Nothing was heard from the peer for this long after our ping.
    Keepalive(Duration),
    /// The peer took none of what was queued for this long.
    Write(Duration),
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(after) => write!(f, "not connected within {after:?}"),
            Self::Tls(after) => write!(f, "no TLS handshake within {after:?}"),
            Self::Handshake(after) => write!(f, "no opening handshake within {after:?}"),
            Self::Close(after) => write!(f, "no answer to our close frame within {after:?}"),
            Self::Keepalive(after) => write!(f, "silent for {after:?} after a ping"),
            Self::Write(after) => write!(f, "peer read nothing for {after:?}"),
        }
    }
}

impl Error for TimedOut {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    /// What numbers an error carries, it says.
    #[test]
    fn words() {
        check(ProtocolError::TooBig { limit: 10, size: 12 }, "message of 12 bytes or more, limit 10");
        check(ProtocolError::UnexpectedEof, "connection ended without a closing handshake");
        check(SendError::Closed, "connection is closing or closed");
        check(SendError::Full { queued: 7, limit: 5 }, "7 bytes queued, limit 5");
        check(SendError::ControlTooLong { len: 126 }, "control payload of 126 bytes, limit 125");
        check(SendError::InvalidCloseCode { code: CloseCode(1005) }, "close code 1005 must not be sent");
        check(SendError::ReasonTooLong { len: 124 }, "close reason of 124 bytes, limit 123");
        check(SendError::UnfinishedMessage, "message before the end of a fragmented one");
        check(SendError::KindChanged, "fragment of another kind than its message");
        check(SendError::InvalidUtf8 { at: 3 }, "text fragment is not UTF-8 at byte 3 of the message");
        let patience = Duration::from_millis(1500);
        check(TimedOut::Connect(patience), "not connected within 1.5s");
        check(TimedOut::Tls(patience), "no TLS handshake within 1.5s");
        check(TimedOut::Handshake(patience), "no opening handshake within 1.5s");
        check(TimedOut::Close(patience), "no answer to our close frame within 1.5s");
        check(TimedOut::Keepalive(patience), "silent for 1.5s after a ping");
        check(TimedOut::Write(patience), "peer read nothing for 1.5s");

        #[track_caller]
        fn check(error: impl Error, expected: &str) {
            assert_eq!(error.to_string(), expected);
        }
    }
}
