//! The client's side: [`ClientRequest`] → [`ClientHandshake`] → connection (RFC 6455 §4.1).

use super::HandshakeLimits;
use super::accept::{accept_key, key};
use super::error::{HandshakeError, InvalidHead};
use super::head::{Headers, Scanner, check_headers, is_host, parsed, put_header, token};
use crate::config::Config;
use crate::connection::Connection;
use crate::deflate::{self, Params};
use crate::entropy::Entropy;
use crate::error::TimedOut;
use crate::frame::Role;
use crate::input::Input;
use crate::output::Output;
use crate::time::Instant;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use bytes::Bytes;
use core::ops::Range;

/// What a client asks for.
///
/// ```
/// use sansws_core::handshake::ClientRequest;
/// let request = ClientRequest::new("example.com:8080", "/chat?room=1")
///     .protocol("chat")
///     .header("Origin", "https://example.com");
/// # let _ = request;
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ClientRequest {
    host: String,
    target: String,
    headers: Vec<(String, Vec<u8>)>,
    protocols: Vec<String>,
    requires_protocol: bool,
}

/// Of headers the names: their values may be credentials.
impl core::fmt::Debug for ClientRequest {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ClientRequest")
            .field("host", &self.host)
            .field("target", &self.target)
            .field("headers", &self.headers.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("protocols", &self.protocols)
            .finish()
    }
}

impl ClientRequest {
    /// A request to `host`, with `:port` unless that is the scheme's default (RFC 6455 §4.1 item 4), for
    /// `target`, a path with perhaps a query (§3), percent-encoded. All is checked when the handshake begins.
    pub fn new(host: impl Into<String>, target: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            target: target.into(),
            headers: Vec::new(),
            protocols: Vec::new(),
            requires_protocol: false,
        }
    }

    /// Offers a subprotocol, after those offered so far in preference (RFC 6455 §4.1 item 10).
    #[must_use]
    pub fn protocol(mut self, protocol: impl Into<String>) -> Self {
        self.protocols.push(protocol.into());
        self
    }

    /// Refuses an answer without a subprotocol if any was offered, as browsers do. RFC 6455 §4.1 would have it pass.
    #[must_use]
    pub fn require_protocol(mut self) -> Self {
        self.requires_protocol = true;
        self
    }

    /// Adds a header, such as `Cookie` or `Authorization` (RFC 6455 §4.1 item 12).
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.into(), value.as_ref().into()));
        self
    }

    /// Whether all of it can be sent as it is meant.
    fn check(&self) -> Result<(), InvalidHead> {
        if !is_host(self.host.as_bytes()) {
            return Err(InvalidHead::Host(self.host.clone()));
        }
        let visible = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
        if !self.target.starts_with('/') || !self.target.bytes().all(visible) {
            return Err(InvalidHead::Target(self.target.clone()));
        }
        check_headers(&self.headers)?;
        for (at, protocol) in self.protocols.iter().enumerate() {
            if token(protocol.as_bytes()).is_none() {
                return Err(InvalidHead::Protocol(protocol.clone()));
            }
            if self.protocols[..at].contains(protocol) {
                return Err(InvalidHead::DuplicateProtocol(protocol.clone()));
            }
        }
        Ok(())
    }

    fn encode(&self, key: &str, deflate: Option<&Params>) -> Vec<u8> {
        let mut head = format!("GET {} HTTP/1.1\r\n", self.target).into_bytes();
        put_header(&mut head, "Host", self.host.as_bytes());
        put_header(&mut head, "Upgrade", b"websocket");
        put_header(&mut head, "Connection", b"Upgrade");
        put_header(&mut head, "Sec-WebSocket-Key", key.as_bytes());
        put_header(&mut head, "Sec-WebSocket-Version", b"13");
        if !self.protocols.is_empty() {
            put_header(&mut head, "Sec-WebSocket-Protocol", self.protocols.join(", ").as_bytes());
        }
        if let Some(offer) = deflate {
            put_header(&mut head, "Sec-WebSocket-Extensions", offer.to_header().as_bytes());
        }
        for (name, value) in &self.headers {
            put_header(&mut head, name, value);
        }
        head.extend_from_slice(b"\r\n");
        head
    }
}

/// A client that has asked and waits for the answer.
///
/// ```
/// use bytes::Buf;
/// use sansws_core::handshake::{ClientHandshake, ClientRequest, HandshakeLimits, accept_key};
/// use sansws_core::{Config, Instant};
///
/// let now = Instant::ORIGIN;
/// let request = ClientRequest::new("example.com", "/chat");
/// let entropy = |bytes: &mut [u8]| bytes.fill(7); // use a real generator
/// let mut handshake = ClientHandshake::new(request, Config::client(), HandshakeLimits::default(), entropy, now)?;
/// assert!(handshake.output().chunk().starts_with(b"GET /chat HTTP/1.1\r\nHost: example.com\r\n"));
///
/// // Write the output; then read.
/// let answer = format!(
///     "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
///      Sec-WebSocket-Accept: {}\r\n\r\n",
///     accept_key(b"BwcHBwcHBwcHBwcHBwcHBw=="),
/// );
/// handshake.input().extend_from_slice(answer.as_bytes());
/// let Some((connection, response)) = handshake.receive(now)? else { unreachable!() };
/// assert!(connection.is_open());
/// assert_eq!(response.protocol(), None);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub struct ClientHandshake {
    input: Input,
    output: Output,
    scanner: Scanner,
    limits: HandshakeLimits,
    deadline: Instant,
    /// What `Sec-WebSocket-Accept` must say.
    accept: String,
    protocols: Vec<String>,
    requires_protocol: bool,
    stage: Stage,
}

enum Stage {
    /// Waiting for the head of the answer; this is what the connection will be made of.
    Head(Arc<Config>, Box<dyn Entropy>),
    /// The server refused; waiting for the rest of its answer's body.
    Body {
        response: Response,
        missing: usize,
    },
    Done,
}

impl ClientHandshake {
    /// Begins the handshake: the request is in [`output`](Self::output), with a key of 16 bytes from
    /// `entropy` (RFC 6455 §4.1 item 7). The answer may take until [`HandshakeLimits::timeout`] from `now`.
    ///
    /// # Errors
    ///
    /// [`InvalidHead`] if the request cannot be sent as it is meant.
    pub fn new(
        request: ClientRequest,
        config: impl Into<Arc<Config>>,
        limits: HandshakeLimits,
        mut entropy: impl Entropy + 'static,
        now: Instant,
    ) -> Result<Self, InvalidHead> {
        request.check()?;
        let config = config.into();
        let mut nonce = [0; 16];
        entropy.fill(&mut nonce);
        let key = key(nonce);
        let mut output = Output::default();
        output.put(&request.encode(&key, config.compression().map(|deflate| deflate.params.clamped()).as_ref()));
        Ok(Self {
            input: Input::default(),
            output,
            scanner: Scanner::default(),
            deadline: now + limits.timeout,
            limits,
            accept: accept_key(key.as_bytes()),
            requires_protocol: request.requires_protocol && !request.protocols.is_empty(),
            protocols: request.protocols,
            stage: Stage::Head(config, Box::new(entropy)),
        })
    }

    /// What is to be written: the request, and nothing more until the answer has come (RFC 6455 §4.1).
    pub const fn output(&mut self) -> &mut Output {
        &mut self.output
    }

    /// Where bytes that arrive are put. What comes behind the answer's head becomes frames.
    pub const fn input(&mut self) -> &mut Input {
        &mut self.input
    }

    /// The connection, once the server has opened it. Interim answers (1xx) are skipped. `Ok(None)`: put
    /// more bytes into [`input`](Self::input); also whenever called again after a connection or an error.
    ///
    /// # Errors
    ///
    /// [`HandshakeError`]: close the transport. [`HandshakeError::Rejected`] if the server answered otherwise,
    /// once [`HandshakeLimits::body`] bytes of its body, or all, are there. Redirects are not followed.
    pub fn receive(&mut self, now: Instant) -> Result<Option<(Connection, Response)>, HandshakeError> {
        loop {
            match core::mem::replace(&mut self.stage, Stage::Done) {
                Stage::Done => return Ok(None),
                Stage::Body { response, missing } if self.input.len() < missing => {
                    self.stage = Stage::Body { response, missing };
                    return Ok(None);
                }
                Stage::Body { response, missing } => return Err(self.rejected(response, missing)),
                Stage::Head(config, entropy) => {
                    let Some(len) = self.scanner.scan(self.input.bytes(), &self.limits)? else {
                        self.stage = Stage::Head(config, entropy);
                        return Ok(None);
                    };
                    let head = self.input.take_copy(len);
                    let response = Response::parse(head, self.scanner.headers())?;
                    match response.status {
                        101 => {
                            let agreed = self.check(
                                &response,
                                config.compression().map(|deflate| deflate.params.clamped()).as_ref(),
                            )?;
                            let input = core::mem::take(&mut self.input);
                            let output = core::mem::take(&mut self.output);
                            let connection = Connection::new(Role::Client, Some(entropy), config, input, output, now);
                            return Ok(Some((connection.agree(agreed.as_ref()), response)));
                        }
                        100..=199 => {
                            self.scanner.restart();
                            self.stage = Stage::Head(config, entropy);
                        }
                        _ => {
                            let missing = response.body_len().unwrap_or(usize::MAX).min(self.limits.body);
                            self.stage = Stage::Body { response, missing };
                        }
                    }
                }
            }
        }
    }

    /// The server has ended the stream.
    #[must_use]
    pub fn receive_eof(&mut self) -> HandshakeError {
        match core::mem::replace(&mut self.stage, Stage::Done) {
            Stage::Body { response, missing } => self.rejected(response, missing),
            Stage::Head(..) | Stage::Done => HandshakeError::UnexpectedEof,
        }
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

    /// The refusal, with as much of its body as is there and wanted.
    fn rejected(&mut self, mut response: Response, missing: usize) -> HandshakeError {
        let len = missing.min(self.input.len());
        response.body = self.input.take_copy(len);
        HandshakeError::Rejected(Box::new(response))
    }

    /// Holds a 101 to RFC 6455 §4.1, in the order given there.
    /// Returns what was agreed on compression.
    fn check(&self, response: &Response, offer: Option<&Params>) -> Result<Option<Params>, HandshakeError> {
        let headers = response.headers();
        // One protocol: a list would be several on top of each other (RFC 9110 §7.8).
        if headers.single("Upgrade")?.is_none_or(|protocol| !protocol.eq_ignore_ascii_case(b"websocket")) {
            return Err(HandshakeError::MissingHeader { name: "Upgrade" });
        }
        if !headers.has_word("Connection", "upgrade") {
            return Err(HandshakeError::MissingHeader { name: "Connection" });
        }
        match headers.single("Sec-WebSocket-Accept")? {
            None => return Err(HandshakeError::MissingHeader { name: "Sec-WebSocket-Accept" }),
            Some(accept) if accept != self.accept.as_bytes() => return Err(HandshakeError::WrongAccept),
            Some(_) => {}
        }
        let mut agreed = None;
        for extension in headers.extensions()? {
            let offer = offer.filter(|_| extension.name == deflate::NAME).ok_or(HandshakeError::UnofferedExtension)?;
            let answer = Params::from_extension(&extension).ok().filter(|answer| offer.admits(answer));
            if agreed.replace(answer.ok_or(HandshakeError::InadmissibleDeflate)?).is_some() {
                return Err(HandshakeError::InadmissibleDeflate); // once is all that was offered
            }
        }
        let name = "Sec-WebSocket-Protocol";
        match headers.single(name)? {
            None if self.requires_protocol => return Err(HandshakeError::MissingHeader { name }),
            None => {}
            Some(protocol) => {
                let protocol = token(protocol).ok_or(HandshakeError::InvalidHeader { name })?;
                if !self.protocols.iter().any(|offered| offered == protocol) {
                    return Err(HandshakeError::UnofferedProtocol);
                }
            }
        }
        Ok(agreed)
    }
}

impl core::fmt::Debug for ClientHandshake {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ClientHandshake").field("input", &self.input).finish_non_exhaustive()
    }
}

/// A server's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    status: u16,
    reason: Range<usize>,
    headers: Headers,
    body: Bytes,
}

impl Response {
    fn parse(head: Bytes, headers: usize) -> Result<Self, HandshakeError> {
        let mut fields = vec![httparse::EMPTY_HEADER; headers];
        let mut response = httparse::Response::new(&mut fields);
        parsed(response.parse(&head), &head)?;
        if response.code == Some(101) && response.version != Some(1) {
            return Err(HandshakeError::UnsupportedHttp); // while a refusal may come from an old proxy
        }
        let headers = Headers::new(head.clone(), response.headers);
        let reason = headers.range(response.reason.unwrap_or_default().as_bytes());
        let status = response.code.unwrap_or_default(); // a complete head has one
        Ok(Self { status, reason, headers, body: Bytes::new() })
    }

    /// The status: 101 if the connection is open.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The reason phrase.
    #[must_use]
    pub fn reason(&self) -> &str {
        self.headers.str(&self.reason)
    }

    /// All headers.
    #[must_use]
    pub const fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The beginning of the body, if the server refused with one. Empty if it is in chunks, which are
    /// not decoded.
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        &self.body
    }

    /// The subprotocol that the server chose.
    #[must_use]
    pub fn protocol(&self) -> Option<&str> {
        self.headers.get("Sec-WebSocket-Protocol")
    }

    /// How many bytes of body to wait for (RFC 9112 §6.3). `None`: all until the stream ends.
    fn body_len(&self) -> Option<usize> {
        let chunked = self.headers.get_all("Transfer-Encoding").next().is_some();
        match self.status {
            204 | 304 => Some(0),
            _ if chunked => Some(0),
            _ => self.headers.get("Content-Length")?.parse().ok(),
        }
    }
}
