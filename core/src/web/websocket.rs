//! [`WebSocket`]: the browser's object, and how what was queued becomes its events. What a driver needs is in `wire`.

use super::data::{BinaryType, MessageData};
use super::event::{Event, MessageEvent};
use super::exception::{DomException, InvalidAccessError, InvalidStateError, SyntaxError};
use super::failure::Failure;
use super::inbox::{Inbox, Task};
use super::options::Options;
use super::outbox::Outbox;
use super::protocols::{self, IntoProtocols};
use super::ready_state::ReadyState;
use super::wire::Wire;
use super::{address, port};
use crate::close::{CloseCode, CloseFrame};
use crate::config::{Config, Delivery};
use crate::event::Message;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use url::Url;

/// The browser's `WebSocket`, without I/O. See the [module](super) for how it is used and driven.
pub struct WebSocket {
    pub(super) url: Url,
    origin: Arc<str>,
    pub(super) protocols: Vec<String>,
    pub(super) options: Options,
    pub(super) config: Arc<Config>,
    /// What the user sees; it moves when an event is given out.
    pub(super) ready_state: ReadyState,
    extensions: String,
    protocol: String,
    binary_type: BinaryType,
    pub(super) wire: Wire,
    pub(super) inbox: Inbox,
    pub(super) outbox: Outbox,
}

/// What a browser has.
impl WebSocket {
    /// See [`ReadyState::Connecting`].
    pub const CONNECTING: ReadyState = ReadyState::Connecting;
    /// See [`ReadyState::Open`].
    pub const OPEN: ReadyState = ReadyState::Open;
    /// See [`ReadyState::Closing`].
    pub const CLOSING: ReadyState = ReadyState::Closing;
    /// See [`ReadyState::Closed`].
    pub const CLOSED: ReadyState = ReadyState::Closed;

    /// `new WebSocket(url, protocols)`.
    ///
    /// ```
    /// use sansws_core::web::WebSocket;
    ///
    /// let socket = WebSocket::new("https://Example.com?room=a b", ["chat", "superchat"])?;
    /// assert_eq!(socket.url().as_str(), "wss://example.com/?room=a%20b");
    /// assert_eq!(socket.ready_state(), WebSocket::CONNECTING);
    /// assert_eq!(WebSocket::new("/chat", ()).unwrap_err().name(), "SyntaxError");
    /// # Ok::<_, sansws_core::web::SyntaxError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`SyntaxError`], whose variants but the last stand in the order in which they are looked for.
    pub fn new(url: &str, protocols: impl IntoProtocols) -> Result<Self, SyntaxError> {
        Self::with_options(url, protocols, Options::default())
    }

    /// The same, with what a browser decides by itself.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new). Headers are looked at later: one that cannot be sent is [`Failure::Request`].
    pub fn with_options(url: &str, protocols: impl IntoProtocols, options: Options) -> Result<Self, SyntaxError> {
        let url = address::parse(url, options.base.as_ref())?;
        let protocols = protocols.into_protocols();
        protocols::check(&protocols)?;
        let mut config = Config { delivery: Delivery::Messages, ..options.config.clone() };
        config.limits.output_max = usize::MAX; // `outbox` fills it no further than to `output_high`
        let mut socket = Self {
            origin: url.origin().ascii_serialization().into(),
            url,
            protocols,
            config: Arc::new(config),
            options,
            ready_state: ReadyState::Connecting,
            extensions: String::new(),
            protocol: String::new(),
            binary_type: BinaryType::default(),
            wire: Wire::Connecting,
            inbox: Inbox::default(),
            outbox: Outbox::default(),
        };
        let port = socket.port();
        if socket.options.block_ports && port::is_blocked_port(port) {
            socket.handle_failure(Failure::BlockedPort { port });
        }
        Ok(socket)
    }

    /// `url`: as it was resolved, its user info included.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// `readyState`.
    #[must_use]
    pub const fn ready_state(&self) -> ReadyState {
        self.ready_state
    }

    /// `bufferedAmount`: how many bytes of messages were sent and have not left, without framing and before compression.
    /// What can never leave counts for ever.
    #[must_use]
    pub const fn buffered_amount(&self) -> u64 {
        self.outbox.amount()
    }

    /// `extensions`: what the server answered in `Sec-WebSocket-Extensions`; empty before it is open, or if that was
    /// nothing.
    #[must_use]
    pub fn extensions(&self) -> &str {
        &self.extensions
    }

    /// `protocol`: the subprotocol that the server chose; empty before it is open, or if none was offered.
    ///
    /// ```
    /// # use sansws_core::{Instant, handshake::accept_key};
    /// use sansws_core::web::{Event, WebSocket};
    ///
    /// let mut socket = WebSocket::new("wss://www.example.com/socketserver", ["protocolOne", "protocolTwo"])?;
    /// assert_eq!(socket.protocol(), "");
    /// # let now = Instant::ORIGIN;
    /// # let mut handshake = socket.handshake(|bytes: &mut [u8]| bytes.fill(7), now)?;
    /// # let accept = accept_key(b"BwcHBwcHBwcHBwcHBwcHBw==");
    /// # let answer = format!("HTTP/1.1 101 \r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: protocolTwo\r\n\r\n");
    /// # handshake.input().extend_from_slice(answer.as_bytes());
    /// # let Some((mut connection, response)) = handshake.receive(now)? else { unreachable!() };
    /// # socket.handle_open(&response);
    /// assert!(matches!(socket.poll_event(), Some(Event::Open)));
    /// assert_eq!(socket.protocol(), "protocolTwo");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn protocol(&self) -> &str {
        &self.protocol
    }

    /// `binaryType`.
    #[must_use]
    pub const fn binary_type(&self) -> BinaryType {
        self.binary_type
    }

    /// Sets `binaryType`. It counts for the events that are given out from now on.
    pub const fn set_binary_type(&mut self, binary_type: BinaryType) {
        self.binary_type = binary_type;
    }

    /// `send(data)`. Nothing waits: what cannot leave yet is in [`buffered_amount`](Self::buffered_amount). Once it is
    /// closing or closed, nothing is sent and nobody is told.
    ///
    /// JSON, there and back:
    ///
    /// ```
    /// # use sansws_core::{Instant, handshake::accept_key};
    /// use sansws_core::web::{Event, WebSocket};
    /// use serde_json::{Value, json};
    ///
    /// # let mut socket = WebSocket::new("wss://www.example.com/socketserver", ())?;
    /// # let now = Instant::ORIGIN;
    /// # let mut handshake = socket.handshake(|bytes: &mut [u8]| bytes.fill(7), now)?;
    /// # let accept = accept_key(b"BwcHBwcHBwcHBwcHBwcHBw==");
    /// # let answer = format!("HTTP/1.1 101 \r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n");
    /// # handshake.input().extend_from_slice(answer.as_bytes());
    /// # let Some((mut connection, response)) = handshake.receive(now)? else { unreachable!() };
    /// # socket.handle_open(&response);
    /// # connection.input().extend_from_slice(b"\x81\x20{\"type\":\"username\",\"name\":\"Sam\"}");
    /// # socket.exchange(&mut connection, now);
    /// # assert!(matches!(socket.poll_event(), Some(Event::Open)));
    /// let message = json!({ "type": "message", "text": "Hello", "id": 17, "date": 1_700_000_000 });
    /// socket.send(message.to_string())?;
    ///
    /// if let Some(Event::Message(event)) = socket.poll_event() {
    ///     let message: Value = serde_json::from_slice(event.data.as_bytes())?;
    ///     match message["type"].as_str() {
    ///         Some("username") => assert_eq!(message["name"], "Sam"),
    ///         Some(_) | None => unreachable!(),
    ///     }
    /// }
    /// # assert!(!socket.has_events());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidStateError`] before it is open.
    pub fn send(&mut self, data: impl Into<Message>) -> Result<(), InvalidStateError> {
        let message = data.into();
        match (self.ready_state, &self.wire) {
            (ReadyState::Connecting, _) => return Err(InvalidStateError),
            (ReadyState::Open, Wire::Open) => {
                let (limit, len) = (self.options.buffer, message.len() as u64);
                self.outbox.push(message);
                if self.outbox.amount() > limit && len > 0 {
                    self.handle_failure(Failure::BufferFull { limit });
                }
            }
            (ReadyState::Open, Wire::Connecting | Wire::Closing(_) | Wire::Over)
            | (ReadyState::Closing | ReadyState::Closed, _) => self.outbox.lose(message.len()),
        }
        Ok(())
    }

    /// `close(code, reason)`. What was sent before still leaves. Without a code, the Close frame has none either: the
    /// server sees 1005, not 1000, and so does the close event. A reason without a code goes with 1000.
    ///
    /// Before it is open, the attempt is given up. Afterwards, or again, it does nothing.
    ///
    /// ```
    /// use sansws_core::web::WebSocket;
    ///
    /// let mut socket = WebSocket::new("wss://example.com", ())?;
    /// assert!(socket.close(1001, "for browsers to say").is_err());
    /// socket.close(1000, "Work complete")?;
    /// assert_eq!(socket.ready_state(), WebSocket::CLOSING);
    /// socket.close(None, None)?; // again
    /// # Ok::<_, sansws_core::web::DomException>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidAccessError`] for a code other than 1000 and 3000–4999; then [`SyntaxError::ReasonTooLong`]. Nothing has
    /// changed.
    pub fn close<'a>(
        &mut self,
        code: impl Into<Option<u16>>,
        reason: impl Into<Option<&'a str>>,
    ) -> Result<(), DomException> {
        self.begin_close(close_frame(code.into(), reason.into())?);
        Ok(())
    }

    /// The next event, if there is one. This is what moves [`ready_state`](Self::ready_state),
    /// [`protocol`](Self::protocol) and [`extensions`](Self::extensions), but for what `close` does at once.
    pub fn poll_event(&mut self) -> Option<Event> {
        while let Some(task) = self.inbox.pop() {
            match task {
                Task::Open { extensions, protocol } => {
                    self.ready_state = ReadyState::Open;
                    (self.extensions, self.protocol) = (extensions, protocol);
                    return Some(Event::Open);
                }
                Task::Message(message) => {
                    let data = MessageData::new(message, self.binary_type);
                    return Some(Event::Message(MessageEvent { data, origin: Arc::clone(&self.origin) }));
                }
                Task::Closing => self.ready_state = ReadyState::Closing,
                Task::Error(failure) => {
                    self.ready_state = ReadyState::Closed;
                    return Some(Event::Error(failure));
                }
                Task::Close(close) => {
                    self.ready_state = ReadyState::Closed;
                    return Some(Event::Close(close));
                }
            }
        }
        None
    }
}

/// The Close frame for these arguments, whose content may be empty.
pub(super) fn close_frame(code: Option<u16>, reason: Option<&str>) -> Result<Option<CloseFrame>, DomException> {
    if let Some(code) = code.filter(|code| !matches!(code, 1000 | 3000..=4999)) {
        return Err(InvalidAccessError { code }.into());
    }
    if let Some(len) = reason.map(str::len).filter(|len| *len > CloseFrame::MAX_REASON) {
        return Err(SyntaxError::ReasonTooLong { len }.into());
    }
    let code = code.map(CloseCode).or(reason.map(|_| CloseCode::NORMAL));
    Ok(code.map(|code| CloseFrame::new(code, reason.unwrap_or_default())))
}

/// Without what may let others in: the URL's user info and query, headers, messages.
impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket")
            .field("origin", &self.origin)
            .field("ready_state", &self.ready_state)
            .field("buffered_amount", &self.buffered_amount())
            .finish_non_exhaustive()
    }
}
