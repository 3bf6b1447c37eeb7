//! Close codes and the payload of a Close frame (RFC 6455 §5.5.1, §7.4).

use crate::error::ProtocolError;
use crate::text::Text;
use crate::utf8;
use bytes::Bytes;
use core::fmt;

/// A status code of the closing handshake (RFC 6455 §7.4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CloseCode(pub u16);

impl CloseCode {
    /// 1000: the purpose has been fulfilled.
    pub const NORMAL: Self = Self(1000);
    /// 1001: a server is going down, or a page was left.
    pub const GOING_AWAY: Self = Self(1001);
    /// 1002: the peer broke the protocol.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// 1003: a kind of data that this endpoint does not take, such as binary.
    pub const UNSUPPORTED_DATA: Self = Self(1003);
    /// 1005: what is reported when a Close frame carried no code. Never sent.
    pub const NO_STATUS: Self = Self(1005);
    /// 1006: what is reported when the connection ended without a Close frame. Never sent.
    pub const ABNORMAL: Self = Self(1006);
    /// 1007: data that does not fit its type, such as text that is not UTF-8.
    pub const INVALID_DATA: Self = Self(1007);
    /// 1008: a message against this endpoint's policy.
    pub const POLICY_VIOLATION: Self = Self(1008);
    /// 1009: a message that is too big.
    pub const TOO_BIG: Self = Self(1009);
    /// 1010: the server did not accept an extension that this client cannot do without.
    pub const MANDATORY_EXTENSION: Self = Self(1010);
    /// 1011: something unexpected kept the endpoint from going on.
    pub const INTERNAL_ERROR: Self = Self(1011);
    /// 1012: the service restarts.
    pub const SERVICE_RESTART: Self = Self(1012);
    /// 1013: the service is overloaded; try again later.
    pub const TRY_AGAIN_LATER: Self = Self(1013);
    /// 1014: a gateway got an invalid answer from the server behind it.
    pub const BAD_GATEWAY: Self = Self(1014);

    /// Whether this code may stand in a Close frame: 1000–1003, 1007–1014 and 3000–4999
    /// (RFC 6455 §7.4.1, §7.4.2 and the IANA registry). Both to send and to receive.
    ///
    /// ```
    /// use sansws_core::CloseCode;
    /// assert!(CloseCode::NORMAL.is_sendable() && CloseCode(4999).is_sendable());
    /// assert!(!CloseCode::NO_STATUS.is_sendable() && !CloseCode(2999).is_sendable());
    /// ```
    #[must_use]
    pub const fn is_sendable(self) -> bool {
        matches!(self.0, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }
}

impl From<u16> for CloseCode {
    fn from(code: u16) -> Self {
        Self(code)
    }
}

impl From<CloseCode> for u16 {
    fn from(code: CloseCode) -> Self {
        code.0
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CloseCode({})", self.0)
    }
}

/// What a Close frame says: a code and, for humans, a reason of at most 123 bytes.
///
/// A Close frame may also be empty; that is `None` where an `Option<CloseFrame>` is taken or given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseFrame {
    /// Why the connection closes.
    pub code: CloseCode,
    /// A text for logs, not for display (RFC 6455 §7.1.6). Empty if there is none.
    pub reason: Text,
}

impl CloseFrame {
    /// The longest reason, in bytes: a control frame's 125 less two for the code (RFC 6455 §5.5).
    pub const MAX_REASON: usize = 123;

    /// A Close frame's content. It is checked when it is sent, not here.
    ///
    /// ```
    /// use sansws_core::{CloseCode, CloseFrame};
    /// let frame = CloseFrame::new(1001, "back in a minute");
    /// assert_eq!(frame.code, CloseCode::GOING_AWAY);
    /// ```
    pub fn new(code: impl Into<CloseCode>, reason: impl Into<Text>) -> Self {
        Self { code: code.into(), reason: reason.into() }
    }

    /// Reads the payload of a received Close frame.
    pub(crate) fn decode(payload: &[u8]) -> Result<Option<Self>, ProtocolError> {
        let (code, reason) = match payload {
            [] => return Ok(None),
            [_] => return Err(ProtocolError::TruncatedCloseCode),
            [high, low, reason @ ..] => (CloseCode(u16::from_be_bytes([*high, *low])), reason),
        };
        if !code.is_sendable() {
            return Err(ProtocolError::InvalidCloseCode { code });
        }
        let mut validator = utf8::Validator::new();
        let valid = validator.feed(reason).and_then(|()| validator.finish());
        let proof = valid.map_err(|at| ProtocolError::InvalidUtf8 { at })?;
        let reason = Text::from_validated(Bytes::copy_from_slice(reason), proof);
        Ok(Some(Self { code, reason }))
    }
}

impl From<CloseCode> for CloseFrame {
    fn from(code: CloseCode) -> Self {
        Self { code, reason: Text::default() }
    }
}

/// So that a code alone can stand where a Close frame is optional.
impl From<CloseCode> for Option<CloseFrame> {
    fn from(code: CloseCode) -> Self {
        Some(code.into())
    }
}

impl fmt::Display for CloseFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.reason.is_empty() { self.code.fmt(f) } else { write!(f, "{} ({})", self.code, self.reason) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::ToString;

    /// R108, R109, R113–R115, R186.
    #[test]
    fn payload_forms() {
        check(b"", Ok(None));
        check(b"\x03", Err(ProtocolError::TruncatedCloseCode));
        check(b"\x03\xe8", Ok(Some(CloseFrame::new(1000, ""))));
        check("\u{3}éé".as_bytes(), Err(ProtocolError::InvalidCloseCode { code: CloseCode(0x3c3) }));
        check(b"\x0f\xa0bye", Ok(Some(CloseFrame::new(4000, "bye"))));
        check(b"\x03\xe8a\xff", Err(ProtocolError::InvalidUtf8 { at: 1 }));
        check(b"\x03\xe8a\xe2\x82", Err(ProtocolError::InvalidUtf8 { at: 1 }));

        #[track_caller]
        fn check(payload: &[u8], expected: Result<Option<CloseFrame>, ProtocolError>) {
            assert_eq!(CloseFrame::decode(payload), expected, "{payload:02x?}");
        }
    }

    /// R113–R115: exactly the codes of the registry and the two free ranges.
    #[test]
    fn codes_on_the_wire() {
        let named = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];
        for code in 0..=u16::MAX {
            let expected = named.contains(&code) || (3000..5000).contains(&code);
            assert_eq!(CloseCode(code).is_sendable(), expected, "{code}");
        }
    }

    #[test]
    fn words() {
        check(1000.into(), "", "1000");
        check(CloseCode::GOING_AWAY, "back soon", "1001 (back soon)");

        #[track_caller]
        fn check(code: CloseCode, reason: &'static str, expected: &str) {
            assert_eq!(CloseFrame { code, reason: reason.into() }.to_string(), expected);
            assert_eq!(format!("{code:?}"), format!("CloseCode({})", u16::from(code)));
        }
    }
}
