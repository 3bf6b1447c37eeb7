//! The browser's `WebSocket` (WHATWG WebSockets Standard), without I/O: feature `web`. [`stream`] has `WebSocketStream`.
//!
//! Every member has its name from MDN in `snake_case`, and does the same. Events come out of
//! [`poll_event`](WebSocket::poll_event); as in a browser's event loop, an event that is given out is what moves the state
//! that the user sees.
//!
//! ```
//! # use sansws_core::{Instant, handshake::accept_key};
//! use sansws_core::web::{Event, WebSocket};
//!
//! // Create WebSocket connection.
//! let mut socket = WebSocket::new("ws://localhost:8080", ())?;
//! # let now = Instant::ORIGIN;
//! # let mut handshake = socket.handshake(|bytes: &mut [u8]| bytes.fill(7), now)?;
//! # let accept = accept_key(b"BwcHBwcHBwcHBwcHBwcHBw==");
//! # let answer = format!("HTTP/1.1 101 \r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n");
//! # handshake.input().extend_from_slice(answer.as_bytes());
//! # let Some((mut connection, response)) = handshake.receive(now)? else { unreachable!() };
//! # socket.handle_open(&response);
//! # connection.input().extend_from_slice(b"\x81\x05Hello");
//! # socket.exchange(&mut connection, now);
//! # let mut log = Vec::new();
//! while let Some(event) = socket.poll_event() {
//!     match event {
//!         // Connection opened
//!         Event::Open => socket.send("Hello Server!")?,
//!         // Listen for messages
//!         Event::Message(event) => log.push(format!("Message from server {:?}", event.data)),
//!         Event::Error(failure) => log.push(format!("WebSocket error: {failure}")),
//!         Event::Close(event) => log.push(format!("closed: {} {}", event.code, event.reason)),
//!     }
//! }
//! # assert_eq!(log, ["Message from server Text(\"Hello\")"]);
//! # assert_eq!(socket.buffered_amount(), 13);
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! # How it is driven
//!
//! A [`WebSocket`] owns neither the handshake nor the [`Connection`](crate::Connection): whoever drives it does, and tells
//! it what comes of them. Drivers have a loop for connections, with all its care for buffers, deadlines and cancellation;
//! here it is the same loop, and while it waits for a socket, the object is free for its user. Yet a driver decides
//! nothing. It passes on responses, events, errors and the end as it gets them; which event each becomes, in which order,
//! and which come too late, is decided here.
//!
//! | it | then |
//! |---|---|
//! | [`is_over`](WebSocket::is_over) from the start | the port is blocked: do not connect |
//! | is new | connect to [`host`](WebSocket::host), [`port`](WebSocket::port), with TLS if [`is_secure`](WebSocket::is_secure); begin a [`handshake`](WebSocket::handshake) |
//! | has a connection | [`handle_open`](WebSocket::handle_open) |
//! | `send` or `close` was called, or something was written | [`transmit`](WebSocket::transmit), then write |
//! | [`wants_read`](WebSocket::wants_read) | read; [`handle_event`](WebSocket::handle_event) for each event of the connection |
//! | has a connection that ended well | [`transmit`](WebSocket::transmit) once more, [`handle_end`](WebSocket::handle_end) |
//! | meets an error of any kind, at any time | [`handle_failure`](WebSocket::handle_failure) |
//! | [`is_over`](WebSocket::is_over) | write what is queued on an open connection, and drop it |
//!
//! [`exchange`](WebSocket::exchange) does all that there is to do between it and a connection. Two ends in one function:
//!
//! ```
//! use bytes::Buf;
//! use sansws_core::handshake::{HandshakeLimits, ServerHandshake};
//! use sansws_core::web::{Event, WebSocket};
//! use sansws_core::{Config, Input, Instant, Output};
//!
//! /// Writes all that is queued to the other end.
//! fn carry(from: &mut Output, to: &mut Input) {
//!     to.extend_from_slice(&from.copy_to_bytes(from.remaining()));
//! }
//!
//! let now = Instant::ORIGIN; // a real program asks its clock
//! let random = |bytes: &mut [u8]| bytes.fill(4); // and its random generator
//!
//! let mut socket = WebSocket::new("ws://localhost/chat", "chat")?;
//! let mut handshake = socket.handshake(random, now)?;
//! let mut listener = ServerHandshake::new(HandshakeLimits::default(), now);
//! carry(handshake.output(), listener.input());
//! let Some(mut offer) = listener.receive()? else { unreachable!() };
//! offer.select_protocol("chat")?;
//! let mut server = offer.accept(Config::default(), now);
//! carry(server.output(), handshake.input());
//! let Some((mut client, response)) = handshake.receive(now)? else { unreachable!() };
//! socket.handle_open(&response);
//!
//! assert_eq!((socket.ready_state(), socket.protocol()), (WebSocket::CONNECTING, "")); // nobody was told
//! assert!(matches!(socket.poll_event(), Some(Event::Open)));
//! assert_eq!((socket.ready_state(), socket.protocol()), (WebSocket::OPEN, "chat"));
//!
//! socket.send("hello")?;
//! socket.close(3000, "bye")?;
//! socket.exchange(&mut client, now);
//! carry(client.output(), server.input());
//! while let Some(event) = server.receive(now)? {
//!     if let sansws_core::Event::Message(message) = event {
//!         assert_eq!(message.as_text(), Some("hello"));
//!     }
//! }
//! carry(server.output(), client.input()); // the answer to the Close frame
//! socket.exchange(&mut client, now);
//! client.receive_eof()?;
//! socket.exchange(&mut client, now);
//!
//! let Some(Event::Close(event)) = socket.poll_event() else { unreachable!() };
//! assert_eq!((event.was_clean, event.code), (true, 3000));
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! # What holds
//!
//! - The state never goes back. The close event comes once and last; before it an error event, unless it closed cleanly.
//! - `send` and `close` do not wait and do not fail for what the network does. What is sent waits in memory, as much as
//!   [`Options::buffer`] lets; what arrives waits up to 64 KiB and one message, then reading pauses.
//! - Limits and deadlines are the connection's, by [`Options::config`].
//!
//! # Where readers of MDN may stumble
//!
//! Some pages describe an older standard. Here as in the current one:
//!
//! - No subprotocol is the empty list, `()`. An empty string is a `SyntaxError`.
//! - A blocked port is no exception but an error event and a close event with 1006; blocking is off unless
//!   [`Options::block_ports`] is set.
//! - `close()` without a code sends none, not 1000, and reports 1005.
//! - `send` once it is closing or closed is silent, and raises `buffered_amount` for good. Only before it is open does it
//!   fail.
//! - If subprotocols were asked for and the server chooses none, the connection fails.
//! - Error events say why, which browsers hide. Close events say 1006 for all of it.
//! - There is no page: no cookies, no `Origin`, no base of relative URLs, but what is in [`Options`].
//!
//! # What of the standard is tested where
//!
//! The numbers are those of the project's list of what the WebSockets, Fetch and URL standards demand of a client (W) in the
//! order of the standards; the tests are in `web/tests` and name them. `wpt` has the web-platform-tests that need no socket.
//!
//! | W | subject | tests |
//! |---|---|---|
//! | 1–5, 12–17 | URLs | `constructor::{urls, base_urls, order_of_checks}` |
//! | 6–9 | subprotocols | `constructor::protocols` |
//! | 10, 11, 49 | a new object | `constructor::a_new_one` |
//! | 18, 33–35 | blocked ports | `constructor::blocked_ports` |
//! | 20 | the secure flag | `constructor::endpoints` |
//! | 19, 21, 23, 24, 31, 32 | the request | `opening::{requests, user_info, offers}` |
//! | 22 | the key | `each_key_is_fresh` of the handshake |
//! | 25 | caches, service workers, credentials | not here: there are none but the headers that are given |
//! | 26–30 | the response | `opening::answers`, `required_protocol` of the handshake |
//! | 36 | one attempt at a time | not here: it is about sockets, and so the connector's |
//! | 37–42 | `send` | `sending::{not_before_it_is_open, messages_arrive, not_once_it_is_closing, buffered_amount}` |
//! | 43 | lone surrogates | not needed: a `str` has none |
//! | 44 | a full buffer | `sending::full` |
//! | 40, 45–48, 50 | `bufferedAmount` | `sending::{buffered_amount*, a_peer_that_does_not_read, messages_that_come_too_late}`, `laws` |
//! | 51–55 | arguments of `close` | `closing::{arguments, arguments_count_in_any_state}`; 52, clamping, is `u16`'s |
//! | 56–63 | `close` | `closing::{frames, messages_before, again, before_it_is_open, after_the_peer}` |
//! | 64, 65 | `binaryType` | `events::binary_type` |
//! | 66–68 | `open` | `opening::{open, offers}` |
//! | 69–71 | messages | `events::{what_arrives, no_messages_after_close, origins}` |
//! | 72–78, 81, 82 | the end | `events::{what_arrives, the_peer_begins_to_close, failure_after_the_close_frame}`, `laws` |
//! | 79, 80 | failures | `events::violations`, `opening::{answers, failures}`, `closing::without_an_answer` |
//! | 83 | defaults of close events | `events::close_event_defaults` |
//! | 84 | pings are not seen | `events::what_arrives` |
//! | 85 | no pings for the server's sake | not here: none are sent unless [`Config::keepalive`](crate::Config::keepalive) says so |
//! | 86, 87 | dropped, with data | for drivers: `close(None, None)`, then write; `closing::{frames, messages_before}` |
//! | 88 | the owner goes away | `closing::who_goes_away` |

mod address;
mod data;
mod event;
mod exception;
mod failure;
mod inbox;
mod options;
mod outbox;
mod port;
mod protocols;
mod ready_state;
pub mod stream;
#[cfg(test)]
mod tests;
mod websocket;
mod wire;

pub use data::{BinaryType, MessageData};
pub use event::{CloseEvent, Event, MessageEvent};
pub use exception::{DomException, InvalidAccessError, InvalidStateError, SyntaxError};
pub use failure::Failure;
pub use options::Options;
pub use port::is_blocked_port;
pub use protocols::IntoProtocols;
pub use ready_state::ReadyState;
pub use stream::{Rejected, StreamOptions, WebSocketCloseInfo, WebSocketError, WebSocketStream, WriteError};
pub use url::Url;
pub use websocket::WebSocket;
