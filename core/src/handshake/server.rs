//! The server's side: [`ServerHandshake`] → [`Offer`] → accept or reject (RFC 6455 §4.2).

use super::accept::{accept_key, is_key};
use super::error::{HandshakeError, InvalidHead};
use super::extensions::Extension;
use super::head::{Headers, Scanner, check_header, check_line, is_host, parsed, put_header};
use super::{HandshakeLimits, Rejection};
use crate::config::Config;
use crate::connection::Connection;
use crate::deflate::{self, Params};
use crate::error::TimedOut;
use crate::frame::Role;
use crate::input::Input;
use crate::output::Output;
use crate::time::Instant;
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use bytes::Bytes;
use core::ops::Range;

/// A server that waits for a client's request.
///
/// ```
/// use bytes::Buf;
/// use sansws_core::handshake::{HandshakeLimits, Rejection, ServerHandshake};
/// use sansws_core::{Config, Instant};
///
/// let now = Instant::ORIGIN;
/// let mut handshake = ServerHandshake::new(HandshakeLimits::default(), now);
/// handshake.input().extend_from_slice(
///     b"GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
///       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
///       Sec-WebSocket-Protocol: chat, superchat\r\n\r\n",
/// );
/// match handshake.receive() {
///     Ok(None) => { /* read more */ }
///     Ok(Some(mut offer)) => {
///         assert_eq!(offer.request().path(), "/chat");
///         offer.select_protocol("chat")?;
///         let mut connection = offer.accept(Config::default(), now);
///         assert!(connection.output().chunk().starts_with(b"HTTP/1.1 101 Switching Protocols\r\n"));
///     }
///     Err(error) => { /* write this, then close */ Rejection::from(&error).encode(); }
/// }
/// # Ok::<_, sansws_core::handshake::InvalidHead>(())
/// ```
#[derive(Debug)]
pub struct ServerHandshake {
    input: Input,
    scanner: Scanner,
    limits: HandshakeLimits,
    deadline: Instant,
    done: bool,
}

impl ServerHandshake {
    /// Begins to wait, until [`HandshakeLimits::timeout`] from `now`.
    #[must_use]
    pub fn new(limits: HandshakeLimits, now: Instant) -> Self {
        let deadline = now + limits.timeout;
        Self { input: Input::default(), scanner: Scanner::default(), limits, deadline, done: false }
    }

    /// Where bytes that arrive are put. What comes behind the request's head becomes frames.
    pub const fn input(&mut self) -> &mut Input {
        &mut self.input
    }

    /// The client's request, once it is there and found to be one for a WebSocket. `Ok(None)`: put more bytes
    /// into [`input`](Self::input); also whenever called again after an offer or an error.
    ///
    /// # Errors
    ///
    /// [`HandshakeError`] as soon as the bytes that show it are there: answer with
    /// [`Rejection::from`] it, then close (RFC 6455 §4.2.1).
    pub fn receive(&mut self) -> Result<Option<Offer>, HandshakeError> {
        if self.done {
            return Ok(None);
        }
        let result = self.scanner.scan(self.input.bytes(), &self.limits);
        self.done = !matches!(result, Ok(None));
        let Some(len) = result? else { return Ok(None) };
        let head = self.input.take_copy(len);
        let request = Request::parse(head, self.scanner.headers())?;
        Offer::new(request, core::mem::take(&mut self.input)).map(Some)
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called.
    #[must_use]
    pub const fn poll_timeout(&self) -> Instant {
        self.deadline
    }

    /// Time has passed.
    ///
    /// # Errors
    ///
    /// [`TimedOut::Handshake`] if it took too long: close the transport.
    pub fn handle_timeout(&self, now: Instant) -> Result<(), TimedOut> {
        if now < self.deadline { Ok(()) } else { Err(TimedOut::Handshake(self.limits.timeout)) }
    }
}

/// A client's request: its target and its headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    headers: Headers,
    target: Range<usize>,
}

impl Request {
    fn parse(head: Bytes, headers: usize) -> Result<Self, HandshakeError> {
        let mut fields = vec![httparse::EMPTY_HEADER; headers];
        let mut request = httparse::Request::new(&mut fields);
        parsed(request.parse(&head), &head)?;
        if request.version != Some(1) {
            return Err(HandshakeError::UnsupportedHttp);
        }
        if request.method != Some("GET") {
            return Err(HandshakeError::MethodNotGet);
        }
        let headers = Headers::new(head.clone(), request.headers);
        let target = headers.range(request.path.unwrap_or_default().as_bytes());
        let request = Self { headers, target };
        let host_is_valid = request.split().0.is_none_or(|host| is_host(host.as_bytes()));
        if host_is_valid && request.path().starts_with('/') && !request.target().contains('#') {
            Ok(request)
        } else {
            Err(HandshakeError::InvalidTarget)
        }
    }

    /// The request target as it was sent: a path with perhaps a query, or an absolute URL.
    #[must_use]
    pub fn target(&self) -> &str {
        self.headers.str(&self.target)
    }

    /// The path, without the query; escapes are left as they are.
    #[must_use]
    pub fn path(&self) -> &str {
        let (host, resource) = self.split();
        let path = resource.split_once('?').map_or(resource, |(path, _)| path);
        if path.is_empty() && host.is_some() { "/" } else { path }
    }

    /// What stands behind the `?`, if there is one.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.split().1.split_once('?').map(|(_, query)| query)
    }

    /// The host that is asked, perhaps with a port: the `Host` header, unless the target is absolute and
    /// so names it (RFC 9112 §3.2.2).
    #[must_use]
    pub fn host(&self) -> &str {
        self.split().0.or_else(|| self.headers.get("host")).unwrap_or_default()
    }

    /// The `Origin` header: which site's page asks, if a browser does (RFC 6455 §10.2). Programs can
    /// send what they like (§10.1).
    #[must_use]
    pub fn origin(&self) -> Option<&str> {
        self.headers.get("origin")
    }

    /// All headers.
    #[must_use]
    pub const fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The host of an absolute target (RFC 6455 §4.2.1 item 1), and what follows it. Of any other
    /// target, no host and all of it.
    fn split(&self) -> (Option<&str>, &str) {
        let target = self.target();
        let after = |scheme: &str| {
            let (start, rest) = target.split_at_checked(scheme.len())?;
            start.eq_ignore_ascii_case(scheme).then_some(rest)
        };
        match after("http://").or_else(|| after("https://")) {
            None => (None, target),
            Some(rest) => {
                let (host, resource) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
                (Some(host), resource)
            }
        }
    }
}

/// A header of the answer.
type Line<'a> = (&'a str, Cow<'a, [u8]>);

/// A valid request for a WebSocket, not yet answered.
#[derive(Debug)]
pub struct Offer {
    request: Request,
    extensions: Vec<Extension>,
    input: Input,
    protocol: Option<String>,
    headers: Vec<(String, Vec<u8>)>,
}

impl Offer {
    /// Holds the request to RFC 6455 §4.2.1. `input` is what came behind it.
    fn new(request: Request, input: Input) -> Result<Self, HandshakeError> {
        let headers = request.headers();
        match headers.single("Host")? {
            None => return Err(HandshakeError::MissingHeader { name: "Host" }),
            Some(host) if !is_host(host) => return Err(HandshakeError::InvalidHeader { name: "Host" }),
            Some(_) => {}
        }
        // Who lets requests without an origin pass must not take one that cannot be read for none.
        if headers.single("Origin")?.is_some_and(|origin| !origin.is_ascii()) {
            return Err(HandshakeError::InvalidHeader { name: "Origin" });
        }
        // A body is never asked for on a GET, and bytes behind the head are frames only behind a 101.
        let length = headers.single("Content-Length")?;
        if length.is_some_and(|length| length != b"0") || headers.get_all("Transfer-Encoding").next().is_some() {
            return Err(HandshakeError::BodyNotAllowed);
        }
        if !headers.has_word("Upgrade", "websocket") {
            return Err(HandshakeError::MissingHeader { name: "Upgrade" });
        }
        if !headers.has_word("Connection", "upgrade") {
            return Err(HandshakeError::MissingHeader { name: "Connection" });
        }
        if headers.single("Sec-WebSocket-Version")? != Some(b"13") {
            return Err(HandshakeError::UnsupportedVersion);
        }
        match headers.single("Sec-WebSocket-Key")? {
            None => return Err(HandshakeError::MissingHeader { name: "Sec-WebSocket-Key" }),
            Some(key) if !is_key(key) => return Err(HandshakeError::InvalidHeader { name: "Sec-WebSocket-Key" }),
            Some(_) => {}
        }
        headers.protocols().try_for_each(|protocol| protocol.map(|_| ()))?;
        let extensions = headers.extensions()?;
        Ok(Self { request, extensions, input, protocol: None, headers: Vec::new() })
    }

    /// From a request that an HTTP library has read, of HTTP/1.1: for those who serve other things, too. To accept it, see
    /// [`upgrade`](Self::upgrade); to turn it away, answer with the [`Rejection`]'s [`status`](Rejection::status),
    /// [`headers`](Rejection::headers) and [`text`](Rejection::text).
    ///
    /// ```
    /// use sansws_core::handshake::Offer;
    /// use sansws_core::{Config, Instant};
    ///
    /// let headers = [
    ///     ("host", "example.com"),
    ///     ("upgrade", "websocket"),
    ///     ("connection", "Upgrade"),
    ///     ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ///     ("sec-websocket-version", "13"),
    /// ];
    /// let offer = Offer::from_request("GET", "/chat", headers)?;
    /// let (connection, headers) = offer.upgrade(Config::default(), Instant::ORIGIN);
    /// // The answer is 101 with these. The connection has nothing to write yet.
    /// assert!(headers.contains(&("Sec-WebSocket-Accept".into(), b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".into())));
    /// assert!(!connection.wants_write());
    /// # Ok::<_, sansws_core::handshake::HandshakeError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`HandshakeError`] if it is none for a WebSocket (RFC 6455 §4.2.1), as [`ServerHandshake::receive`]. Limits are the
    /// library's.
    pub fn from_request<N: AsRef<str>, V: AsRef<[u8]>>(
        method: &str,
        target: &str,
        headers: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, HandshakeError> {
        let is_word = |text: &str| text.bytes().all(|byte| byte > b' ' && byte != 0x7f);
        if !is_word(method) || !is_word(target) {
            return Err(HandshakeError::Malformed);
        }
        let mut head = [method, " ", target, " HTTP/1.1\r\n"].concat().into_bytes();
        let mut count = 0;
        for (name, value) in headers {
            check_line(name.as_ref(), value.as_ref()).map_err(|_| HandshakeError::Malformed)?;
            put_header(&mut head, name.as_ref(), value.as_ref());
            count += 1;
        }
        head.extend_from_slice(b"\r\n");
        Self::new(Request::parse(head.into(), count)?, Input::default())
    }

    /// The request, to decide by.
    #[must_use]
    pub const fn request(&self) -> &Request {
        &self.request
    }

    /// The subprotocols that the client offers, the one it likes best first (RFC 6455 §4.1 item 10).
    pub fn protocols(&self) -> impl Iterator<Item = &str> {
        self.request.headers.protocols().filter_map(Result::ok)
    }

    /// The extensions that the client offers, the ones it likes best first (RFC 6455 §9.1). One may
    /// stand several times, with other parameters.
    #[must_use]
    pub fn extensions(&self) -> &[Extension] {
        &self.extensions
    }

    /// Chooses a subprotocol (RFC 6455 §4.2.2). Without a choice the connection has none.
    ///
    /// # Errors
    ///
    /// [`InvalidHead::UnofferedProtocol`] if the client did not offer it; the offer is as it was.
    pub fn select_protocol(&mut self, protocol: &str) -> Result<(), InvalidHead> {
        if !self.protocols().any(|offered| offered == protocol) {
            return Err(InvalidHead::UnofferedProtocol(protocol.into()));
        }
        self.protocol = Some(protocol.into());
        Ok(())
    }

    /// Adds a header to the answer, such as `Set-Cookie`.
    ///
    /// # Errors
    ///
    /// [`InvalidHead`] if it could become anything but one header line, or is one that the handshake
    /// sets by itself; the offer is as it was.
    pub fn add_header(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<(), InvalidHead> {
        check_header(name, value.as_ref())?;
        self.headers.push((name.into(), value.as_ref().into()));
        Ok(())
    }

    /// Opens the connection: the answer is at the front of its [`output`](Connection::output), and
    /// messages may be sent behind it at once.
    #[must_use]
    pub fn accept(self, config: impl Into<Arc<Config>>, now: Instant) -> Connection {
        let config = config.into();
        let (headers, deflate) = self.answer(&config);
        let mut head = Vec::with_capacity(256);
        head.extend_from_slice(b"HTTP/1.1 101 Switching Protocols\r\n");
        for (name, value) in headers {
            put_header(&mut head, name, &value);
        }
        head.extend_from_slice(b"\r\n");
        let mut output = Output::default();
        output.put(&head);
        Connection::new(Role::Server, None, config, self.input, output, now).agree(deflate.as_ref())
    }

    /// Opens the connection for those who answer by an HTTP library: with 101 (Switching Protocols) and these headers. What
    /// comes behind the request's head is the connection's input.
    #[must_use]
    pub fn upgrade(self, config: impl Into<Arc<Config>>, now: Instant) -> (Connection, Vec<(String, Vec<u8>)>) {
        let config = config.into();
        let (headers, deflate) = self.answer(&config);
        let headers = headers.into_iter().map(|(name, value)| (name.into(), value.into_owned())).collect();
        let connection = Connection::new(Role::Server, None, config, self.input, Output::default(), now);
        (connection.agree(deflate.as_ref()), headers)
    }

    /// The headers of the answer, and what it says of compression.
    pub(super) fn answer(&self, config: &Config) -> (Vec<Line<'_>>, Option<Params>) {
        let key = self.request.headers.get_all("Sec-WebSocket-Key").next().unwrap_or_default();
        let mut headers: Vec<Line<'_>> = vec![
            ("Upgrade", b"websocket".into()),
            ("Connection", b"Upgrade".into()),
            ("Sec-WebSocket-Accept", accept_key(key).into_bytes().into()),
        ];
        if let Some(protocol) = &self.protocol {
            headers.push(("Sec-WebSocket-Protocol", protocol.as_bytes().into()));
        }
        let deflate = deflate::accept(config.compression(), &self.extensions);
        if let Some(answer) = &deflate {
            headers.push(("Sec-WebSocket-Extensions", answer.to_header().into_bytes().into()));
        }
        headers.extend(self.headers.iter().map(|(name, value)| (&**name, value.into())));
        (headers, deflate)
    }

    /// Does not open the connection. Write what this returns, then shut down the write side, read until
    /// EOF and close.
    #[must_use]
    pub fn reject(self, rejection: &Rejection) -> Bytes {
        rejection.encode()
    }

    /// The chosen subprotocol.
    #[must_use]
    pub fn protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }
}
