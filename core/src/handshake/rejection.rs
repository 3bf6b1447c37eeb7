//! [`Rejection`]: the HTTP answer of a server that does not open the connection.

use super::error::{HandshakeError, InvalidHead};
use super::head::{check_header, put_header};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use bytes::Bytes;

/// The HTTP answer of a server that does not open the connection (RFC 6455 §4.2.2). It says
/// `Connection: close`: write it, shut down the write side, read until EOF, close.
///
/// ```
/// use sansws_core::handshake::Rejection;
///
/// let answer = Rejection::new(401).header("WWW-Authenticate", "Basic")?.body("who are you?").encode();
/// assert!(answer.starts_with(b"HTTP/1.1 401 Unauthorized\r\n"));
/// assert!(answer.ends_with(b"\r\n\r\nwho are you?"));
/// # Ok::<_, sansws_core::handshake::InvalidHead>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body: Bytes,
}

impl Rejection {
    /// An answer with this status, from 300 to 599; any other becomes 500.
    #[must_use]
    pub fn new(status: u16) -> Self {
        let status = if (300..600).contains(&status) { status } else { 500 };
        Self { status, headers: Vec::new(), body: Bytes::new() }
    }

    /// The status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// Adds a header.
    ///
    /// # Errors
    ///
    /// [`InvalidHead`] if it could become anything but one header line, or is one that this answer sets
    /// by itself.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Result<Self, InvalidHead> {
        check_header(name, value.as_ref())?;
        self.headers.push((name.into(), value.as_ref().into()));
        Ok(self)
    }

    /// Sets the body, plain text in UTF-8 unless a `Content-Type` header says otherwise.
    #[must_use]
    pub fn body(self, body: impl Into<String>) -> Self {
        Self { body: Bytes::from(body.into()), ..self }
    }

    /// The headers, with those that the status demands. For those who answer by an HTTP library, which adds
    /// `Content-Length` and `Connection: close` by itself.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let has = |name: &str| self.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        let typed = self.body.is_empty() || has("Content-Type");
        let implied: &[(&str, &str)] = match self.status {
            426 => &[("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")],
            405 if !has("Allow") => &[("Allow", "GET")],
            _ => &[],
        };
        let own = self.headers.iter().map(|(name, value)| (&**name, &**value));
        let kind = (!typed).then_some(("Content-Type", "text/plain; charset=utf-8"));
        own.chain(kind.into_iter().chain(implied.iter().copied()).map(|(name, value)| (name, value.as_bytes())))
    }

    /// The body.
    #[must_use]
    pub const fn text(&self) -> &Bytes {
        &self.body
    }

    /// The answer in bytes.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status)).into_bytes();
        for (name, value) in self.headers() {
            put_header(&mut head, name, value);
        }
        // Upgrade stands in Connection wherever it is sent (RFC 9110 §7.8).
        let connection = if self.status == 426 { "Upgrade, close" } else { "close" };
        put_header(&mut head, "Connection", connection.as_bytes());
        if self.status == 304 {
            head.extend_from_slice(b"\r\n"); // it ends here whatever it says (RFC 9112 §6.3)
            return head.into();
        }
        put_header(&mut head, "Content-Length", self.body.len().to_string().as_bytes());
        head.extend_from_slice(b"\r\n");
        head.extend_from_slice(&self.body);
        head.into()
    }
}

impl From<&HandshakeError> for Rejection {
    fn from(error: &HandshakeError) -> Self {
        Self::new(error.status()).body(format!("{error}\n"))
    }
}

/// The reason phrases of RFC 9110 §15 and RFC 6585.
const fn reason(status: u16) -> &'static str {
    match status {
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        417 => "Expectation Failed",
        421 => "Misdirected Request",
        422 => "Unprocessable Content",
        426 => "Upgrade Required",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        451 => "Unavailable For Legal Reasons",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        511 => "Network Authentication Required",
        _ => "",
    }
}
