//! HTTP/1.1 heads: where one ends, what is in it, and what may be written into one.

use super::HandshakeLimits;
use super::error::{HandshakeError, InvalidHead};
use super::extensions::{self, Extension};
use alloc::string::String;
use alloc::vec::Vec;
use bytes::Bytes;
use core::ops::Range;

/// Headers that the handshake sets by itself (RFC 6455 §11.3, RFC 9110 §7.8), in lower case.
const RESERVED: [&str; 10] = [
    "host",
    "upgrade",
    "connection",
    "content-length",
    "transfer-encoding",
    "sec-websocket-key",
    "sec-websocket-accept",
    "sec-websocket-version",
    "sec-websocket-protocol",
    "sec-websocket-extensions",
];

/// Looks for the end of a head. Every byte is looked at once, however the head is cut.
///
/// It also refuses what a parser may tolerate and an attacker may use: a bare LF or CR, NUL, and
/// lines that continue the one before (RFC 9112 §2.2, §5.2).
#[derive(Debug, Default)]
pub(super) struct Scanner {
    /// How many bytes of heads came before this one.
    before: usize,
    /// How many bytes were looked at.
    at: usize,
    /// Where the line in progress begins.
    line: usize,
    /// How many lines have ended, empty ones before the first not among them.
    lines: usize,
}

impl Scanner {
    /// Looks at the bytes that are new since the last call. Returns the length of the head, its
    /// empty line included, once it is there.
    pub(super) fn scan(&mut self, bytes: &[u8], limits: &HandshakeLimits) -> Result<Option<usize>, HandshakeError> {
        while let Some(&byte) = bytes.get(self.at) {
            let before = if self.at > self.line { bytes[self.at - 1] } else { b'\n' };
            self.at += 1;
            match byte {
                b'\n' if before != b'\r' => return Err(HandshakeError::Malformed),
                b'\n' if self.end_line(limits)? => return Ok(Some(self.at)),
                b'\n' => {}
                0 => return Err(HandshakeError::Malformed),
                _ if before == b'\r' => return Err(HandshakeError::Malformed),
                b' ' | b'\t' if self.at - 1 == self.line => return Err(HandshakeError::Malformed),
                _ => {}
            }
            if self.at - self.line > limits.line && byte != b'\r' {
                let limit = limits.line;
                return Err(match self.lines {
                    0 => HandshakeError::FirstLineTooLong { limit },
                    _ => HandshakeError::LineTooLong { limit },
                });
            }
            if self.before + self.at >= limits.head {
                return Err(HandshakeError::HeadTooLong { limit: limits.head });
            }
        }
        Ok(None)
    }

    /// Begins anew behind a head. It still counts towards the limit.
    pub(super) fn restart(&mut self) {
        *self = Self { before: self.before + self.at, ..Self::default() };
    }

    /// How many header lines the head has.
    pub(super) const fn headers(&self) -> usize {
        self.lines.saturating_sub(1)
    }

    /// A line ended. Whether the head did, too.
    fn end_line(&mut self, limits: &HandshakeLimits) -> Result<bool, HandshakeError> {
        let empty = self.at - self.line == 2;
        self.line = self.at;
        if empty {
            return Ok(self.lines > 0); // empty lines before the first are skipped (RFC 9112 §2.2)
        }
        self.lines += 1;
        if self.headers() > limits.headers {
            return Err(HandshakeError::TooManyHeaders { limit: limits.headers });
        }
        Ok(false)
    }
}

/// The header fields of a head that was received, in order.
///
/// Names compare without regard to case. Values are bytes, as HTTP has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headers {
    head: Bytes,
    fields: Vec<Field>,
}

/// Where a field lies in the head.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Field {
    name: Range<usize>,
    value: Range<usize>,
}

impl Headers {
    /// Keeps the fields that were parsed out of `head`.
    pub(super) fn new(head: Bytes, parsed: &[httparse::Header<'_>]) -> Self {
        let fields = parsed
            .iter()
            .map(|field| Field { name: range(&head, field.name.as_bytes()), value: range(&head, field.value) })
            .collect();
        Self { head, fields }
    }

    /// All fields, names as they were sent.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.fields.iter().map(|field| (self.str(&field.name), &self.head[field.value.clone()]))
    }

    /// The values of all fields of this name.
    pub fn get_all<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        self.iter().filter(move |(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The value of the first field of this name, if it is there and is UTF-8.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let value = self.get_all(name).next()?;
        core::str::from_utf8(value).ok()
    }

    /// The value of a field that may occur once.
    pub(super) fn single(&self, name: &'static str) -> Result<Option<&[u8]>, HandshakeError> {
        let mut values = self.get_all(name);
        let first = values.next();
        if values.next().is_some() {
            return Err(HandshakeError::DuplicateHeader { name });
        }
        Ok(first)
    }

    /// Whether a word is among the comma-separated ones of a field, without regard to case.
    pub(super) fn has_word(&self, name: &str, word: &str) -> bool {
        self.get_all(name).flat_map(words).any(|other| other.eq_ignore_ascii_case(word.as_bytes()))
    }

    /// The subprotocols of all `Sec-WebSocket-Protocol` fields, as one list (RFC 6455 §11.3.4).
    pub(super) fn protocols(&self) -> impl Iterator<Item = Result<&str, HandshakeError>> {
        const NAME: &str = "Sec-WebSocket-Protocol";
        self.get_all(NAME).flat_map(words).map(|word| token(word).ok_or(HandshakeError::InvalidHeader { name: NAME }))
    }

    /// The members of all `Sec-WebSocket-Extensions` fields, as one list (RFC 6455 §11.3.2).
    pub(super) fn extensions(&self) -> Result<Vec<Extension>, HandshakeError> {
        const NAME: &str = "Sec-WebSocket-Extensions";
        extensions::parse_all(self.get_all(NAME)).map_err(|_| HandshakeError::InvalidHeader { name: NAME })
    }

    /// A part of the head that the parser took for text.
    pub(super) fn str(&self, range: &Range<usize>) -> &str {
        core::str::from_utf8(&self.head[range.clone()]).unwrap_or_default()
    }

    /// Where `part`, a slice of the head, lies in it.
    pub(super) fn range(&self, part: &[u8]) -> Range<usize> {
        range(&self.head, part)
    }
}

/// Where `part`, a slice of `head`, lies in it.
fn range(head: &[u8], part: &[u8]) -> Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(head.as_ptr() as usize).min(head.len());
    start..(start + part.len()).min(head.len())
}

/// What the parser says of `head`, which is known to be complete.
pub(super) fn parsed(
    result: Result<httparse::Status<usize>, httparse::Error>,
    head: &[u8],
) -> Result<(), HandshakeError> {
    match result {
        Ok(httparse::Status::Complete(_)) => Ok(()),
        Err(httparse::Error::Version) if names_other_version(head) => Err(HandshakeError::UnsupportedHttp),
        Ok(httparse::Status::Partial) | Err(_) => Err(HandshakeError::Malformed),
    }
}

/// Whether the first line has a version of HTTP in it that is not 1.1, rather than nothing of the kind.
fn names_other_version(head: &[u8]) -> bool {
    let line = head.trim_ascii_start().split(|byte| *byte == b'\r').next().unwrap_or_default();
    line.split(|byte| *byte == b' ').any(|word| {
        word != b"HTTP/1.1" && matches!(word, [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'])
    })
}

/// The members of a comma-separated list; empty ones are skipped (RFC 9110 §5.6.1).
fn words(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|word| !word.is_empty())
}

/// `word` as a string if it is a token (RFC 9110 §5.6.2).
pub(crate) fn token(word: &[u8]) -> Option<&str> {
    let is_token = !word.is_empty() && word.iter().all(|byte| is_token_byte(*byte));
    if is_token { core::str::from_utf8(word).ok() } else { None }
}

pub(super) const fn is_token_byte(byte: u8) -> bool {
    matches!(
        byte,
        b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
    ) || byte.is_ascii_alphanumeric()
}

/// Whether this can stand in a `Host` header: a name or address, perhaps with a port (RFC 9110 §7.2).
pub(super) fn is_host(host: &[u8]) -> bool {
    let Ok(host) = core::str::from_utf8(host) else { return false };
    let split = match host.strip_prefix('[') {
        Some(address) => address.split_once(']'),
        None => Some(host.split_at(host.find(':').unwrap_or(host.len()))),
    };
    let Some((name, port)) = split else { return false };
    let of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=%:".contains(&byte);
    let port_is_valid = match port.strip_prefix(':') {
        None => port.is_empty(),
        Some(digits) => {
            digits.is_empty() || digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.parse::<u16>().is_ok()
        }
    };
    !name.is_empty() && name.bytes().all(of_name) && port_is_valid
}

/// A header of our caller's, checked so that it cannot become anything else than one header line.
pub(super) fn check_header(name: &str, value: &[u8]) -> Result<(), InvalidHead> {
    if RESERVED.iter().any(|reserved| name.eq_ignore_ascii_case(reserved)) {
        return Err(InvalidHead::ReservedHeader(name.into()));
    }
    check_line(name, value)
}

/// Whether this is one header line and nothing else.
pub(super) fn check_line(name: &str, value: &[u8]) -> Result<(), InvalidHead> {
    if token(name.as_bytes()).is_none() {
        return Err(InvalidHead::HeaderName(name.into()));
    }
    if value.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
        return Err(InvalidHead::HeaderValue { name: name.into() });
    }
    Ok(())
}

/// Adds a header line.
pub(super) fn put_header(head: &mut Vec<u8>, name: &str, value: &[u8]) {
    for part in [name.as_bytes(), b": ", value, b"\r\n"] {
        head.extend_from_slice(part);
    }
}

/// Headers of our caller's, each checked.
pub(super) fn check_headers(headers: &[(String, Vec<u8>)]) -> Result<(), InvalidHead> {
    headers.iter().try_for_each(|(name, value)| check_header(name, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMITS: HandshakeLimits =
        HandshakeLimits { head: 100, line: 40, headers: 3, body: 0, timeout: core::time::Duration::ZERO };

    fn scan<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Option<usize>, HandshakeError> {
        let (mut scanner, mut bytes) = (Scanner::default(), Vec::new());
        for piece in pieces {
            bytes.extend_from_slice(piece);
            if let Some(len) = scanner.scan(&bytes, &LIMITS)? {
                return Ok(Some(len));
            }
        }
        Ok(None)
    }

    #[test]
    fn where_a_head_ends() {
        use HandshakeError as E;
        check(b"", Ok(None));
        check(b"GET / HTTP/1.1\r\n\r\n", Ok(Some(18)));
        check(b"\r\n\r\nA\r\n\r\nframes", Ok(Some(9)));
        check(b"A\r\nB: c\r\n\r\n\r\n", Ok(Some(11)));
        check(b"A\r\nB: c\r\n", Ok(None));
        check(b"A\n", Err(E::Malformed));
        check(b"A\r\nB: c\n\n", Err(E::Malformed));
        check(b"A\rB", Err(E::Malformed));
        check(b"A\r\r\n", Err(E::Malformed));
        check(b"A\r\nB: \0\r\n", Err(E::Malformed));
        check(b"A\r\nB: c\r\n d\r\n", Err(E::Malformed)); // obs-fold
        check(b"A\r\n\tB: c\r\n", Err(E::Malformed));
        check(&[b'A'; 41], Err(E::FirstLineTooLong { limit: 40 }));
        check(b"A\r\nB: 45678901234567890123456789012345678901234", Err(E::LineTooLong { limit: 40 }));
        check(b"A\r\nB:c\r\nB:c\r\nB:c\r\nB:c\r\n", Err(E::TooManyHeaders { limit: 3 }));
        check("A\r\n".repeat(40).as_bytes(), Err(E::TooManyHeaders { limit: 3 }));
        check("\r\n".repeat(50).as_bytes(), Err(E::HeadTooLong { limit: 100 }));

        #[track_caller]
        fn check(bytes: &[u8], expected: Result<Option<usize>, HandshakeError>) {
            assert_eq!(scan([bytes]), expected, "at once");
            assert_eq!(scan(bytes.chunks(1)), expected, "byte by byte");
        }
    }

    /// Class 9: a head that comes byte by byte is not scanned again with each. What was looked at may as well be gone,
    /// but for the last byte.
    #[test]
    fn each_byte_is_looked_at_once() {
        let head = b"\r\nGET / HTTP/1.1\r\nA: b\r\nC: d\r\n\r\n";
        let (mut scanner, mut bytes) = (Scanner::default(), Vec::new());
        for (at, byte) in head.iter().enumerate() {
            bytes.push(*byte);
            let end = (at + 1 == head.len()).then_some(head.len());
            assert_eq!(scanner.scan(&bytes, &LIMITS), Ok(end), "byte {at}");
            bytes[..at].fill(0); // which is an error where it is looked at
        }
    }

    /// RFC 6455 §4.1 item 10, WPT constructor/004 and 021.
    #[test]
    fn tokens() {
        for byte in 0..=255u8 {
            let expected = (0x21..=0x7e).contains(&byte) && !br#"()<>@,;:\"/[]?={}"#.contains(&byte);
            assert_eq!(token(&[byte]).is_some(), expected, "{byte:#04x}");
        }
        assert_eq!(token(b""), None);
        assert_eq!(token(b"chat, superchat"), None);
    }

    #[test]
    fn headers_of_ours_stay_on_their_line() {
        assert_eq!(check_header("X-Id", b"a b\tc\xff"), Ok(()));
        assert_eq!(check_header("X-Id", b""), Ok(()));
        for value in [&b"a\r\nX: y"[..], b"a\n", b"a\r", b"a\0", b"\x7f"] {
            assert_eq!(check_header("X-Id", value), Err(InvalidHead::HeaderValue { name: "X-Id".into() }));
        }
        for name in ["", "X Y", "X:", "X\r\nY", "é"] {
            assert_eq!(check_header(name, b""), Err(InvalidHead::HeaderName(name.into())));
        }
        for name in ["host", "UPGRADE", "Sec-WebSocket-Key"] {
            assert_eq!(check_header(name, b""), Err(InvalidHead::ReservedHeader(name.into())));
        }
    }

    proptest! {
        #[test]
        fn any_cut_scans_the_same(bytes in prop::collection::vec(prop::sample::select(&b"\r\n\0 A:"[..]), 0..120), step in 1..9usize) {
            prop_assert_eq!(scan(bytes.chunks(step)), scan([&bytes[..]]));
        }
    }
}
