//! The browser's `WebSocketStream`, without I/O: a [`WebSocket`](super::WebSocket) with backpressure, both ways.
//!
//! It is not standardised yet; this is the draft (whatwg/websockets, pull request 48) as Chromium has it and MDN
//! describes it. The two streams that `opened` gives in a browser are methods here: `read` and `cancel` of the one,
//! `ready`, `write`, `close_writable` and `abort` of the other.
//!
//! ```
//! # use bytes::Buf;
//! # use sansws_core::{Instant, handshake::accept_key};
//! use sansws_core::web::{StreamOptions, WebSocketStream};
//! use std::task::Poll;
//!
//! let mut wss = WebSocketStream::new("ws://127.0.0.1/", StreamOptions::default())?;
//! assert_eq!(wss.url().as_str(), "ws://127.0.0.1/");
//! # let mut log = Vec::new();
//! # let mut write_to_screen = |line: String| log.push(line);
//! # let now = Instant::ORIGIN;
//! # let mut handshake = wss.socket().handshake(|bytes: &mut [u8]| bytes.fill(7), now)?;
//! # let accept = accept_key(b"BwcHBwcHBwcHBwcHBwcHBw==");
//! # let answer = format!("HTTP/1.1 101 \r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n");
//! # handshake.input().extend_from_slice(answer.as_bytes());
//! # let Some((mut connection, response)) = handshake.receive(now)? else { unreachable!() };
//! # wss.socket().handle_open(&response);
//!
//! if wss.opened().is_ready() {
//!     write_to_screen("CONNECTED".into());
//!     wss.write("ping")?;
//!     write_to_screen("SENT: ping".into());
//! }
//! # wss.socket().exchange(&mut connection, now);
//! # let written = connection.output().remaining();
//! # connection.output().advance(written);
//! # connection.input().extend_from_slice(b"\x81\x04pong\x88\x0d\x03\xe8That's all.");
//! # wss.socket().exchange(&mut connection, now);
//! # wss.socket().handle_end();
//! while let Poll::Ready(Some(message)) = wss.read() {
//!     write_to_screen(format!("RECEIVED: {:?}", message?));
//! }
//! if let Poll::Ready(result) = wss.closed() {
//!     let result = result?;
//!     write_to_screen(format!("DISCONNECTED: code {:?}, message {:?}", result.close_code, result.reason));
//! }
//! # assert_eq!(log[2..], ["RECEIVED: Text(\"pong\")", "DISCONNECTED: code Some(1000), message \"That's all.\""]);
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! # How it is driven
//!
//! Its wire is a [`WebSocket`](super::WebSocket), [`socket`](WebSocketStream::socket), and driven
//! [as any](super#how-it-is-driven): whoever has a loop for one has it for both. Two things matter more here. `transmit`
//! is due whenever something has left, before anything that was read after is handled: it is how a write is seen to be
//! complete, and whether it was counts when the peer's Close frame comes. And where a `WebSocket` has one who waits for
//! events, this may have several, each for a promise:
//!
//! | after | ask again |
//! |---|---|
//! | `handle_open` | `opened`, `ready` |
//! | `handle_event` | `read`; of a Close frame also `ready` and `written` |
//! | `transmit` | `ready`, `written` |
//! | `handle_end`, `handle_failure`, whatever makes `is_over` true | all of them |
//! | `close`, `close_writable`, `abort`, `cancel`, `abort_signal` by someone else | all of them |
//!
//! The other way round, the driver asks `wants_read` after `read`, `wants_transmit` after `write`, and both and `is_over`
//! after what closes.
//!
//! # What holds
//!
//! - A promise that has settled stays so: nothing that comes later changes what it gives.
//! - `closed` settles as soon as the connection is over. That `opened` rejects, reads fail, and writes that the peer's
//!   Close frame did not stop fail, is then by the same error, `closed`'s.
//! - Messages are read in order. All ahead of the peer's Close frame can be, unless this side has begun to close.
//! - What waits to be read is at most 64 KiB and one message; then reading pauses, and TCP makes the peer wait. Pings
//!   are answered as long as it has not paused.
//! - What waits to be written is one message, for those who wait for `ready`.
//!
//! # Where readers of MDN may stumble
//!
//! - Some pages have `code` for `closeCode`, here [`close_code`](WebSocketCloseInfo::close_code), and `connection` for
//!   `opened`.
//! - An `AbortSignal` is for opening. Once it is open, a signal does nothing; `close` does.
//! - There is no half-close. Closing the writable closes the socket, and of what is still under way nothing is read.
//! - `closed` rejects if the peer closes, however politely, while a write is not complete. The error has the peer's code
//!   and reason; the write, and all later ones, fail with `InvalidStateError`.
//! - `write` succeeds when the transport has the message, not when the peer has.
//! - The peer's Close frame waits behind unread messages, if these are more than reading ahead takes: then `closed` waits
//!   for the reader, or for this side's `close`.
//!
//! Where the draft leaves room, or this is kinder than it:
//!
//! - When this side begins to close, one message that arrived can still be read: the browser's readable has a queue of
//!   one. The others are dropped, as messages are that arrive while it is not open.
//! - An error does not drop what can be read, as it does in a browser's stream: it comes behind the last message.
//! - The readable ends when the connection does, not with the peer's Close frame as in Chromium: only then is it known
//!   how.
//! - What is written after `close` fails; in a browser it is not sent, and nobody is told.
//! - `closed` settles though messages are unread.
//!
//! # What of the draft is tested where
//!
//! The numbers are those of the project's list of what the draft, its tests and Chromium demand (S); the tests are in
//! `web/tests/stream` and name them.
//!
//! | S | subject | tests |
//! |---|---|---|
//! | 1, 4 | the constructor; that `protocols` is a list is its type's | `opening::constructor` |
//! | 2, 11 | `opened` | `opening::opens` |
//! | 3 | what `closed` gives | `closing::frames` |
//! | 5–8 | `WebSocketError`; a legacy `code`, always 0, it has not | `errors::{made_by_hand, shown}`, `closing::arguments` |
//! | 9, 17, 18, 49 | reading pauses | `reading::reading_pauses` |
//! | 10 | it never opens | `opening::failures` |
//! | 12–14 | signals | `opening::{aborted, a_signal_after_it_is_open}` |
//! | 15 | `close` before it is open | `opening::close_before_it_is_open` |
//! | 16 | chunks | `reading::messages` |
//! | 17, 19 | what is read once this side closes | `reading::{closing_drops_messages, closing_after_the_peer}` |
//! | 20–22 | how reading ends; 22, at the peer's Close frame, not so: see above | `reading::what_is_unread_comes_first`, `closing::abrupt_ends` |
//! | 23 | messages | `writing::messages` |
//! | 24, 25 | complete writes | `writing::{complete_once_all_has_left, pongs_do_not_count}` |
//! | 26 | bytes are copied | not needed: a [`Message`](crate::Message) owns its bytes, and nobody can change them |
//! | 27 | writes while it closes | `writing::{after_closing_began, incomplete_when_we_close}` |
//! | 28–30, 43, 44, 47 | incomplete writes, and writes after the end | `writing::incomplete_writes`, `closing::abrupt_ends` |
//! | 31, 35 | `writable.close()` | `closing::close_writable` |
//! | 32–34 | `abort` and `cancel`; that a look-alike is ignored is the type's | `closing::abort_and_cancel` |
//! | 36–38 | `close` | `closing::frames` |
//! | 39–41 | its arguments; the range of 39 is `u16`'s | `closing::arguments` |
//! | 42 | the peer's code | `closing::the_peer_closes` |
//! | 45, 46 | ends without the peer's Close frame | `closing::abrupt_ends` |
//! | 48 | messages in front of the Close frame | `reading::{messages_in_front_of_the_close_frame, what_is_unread_comes_first}` |
//! | all | whatever happens | `laws::whatever_happens` |

mod close_info;
mod options;
mod rejected;
mod websocket_error;
mod websocket_stream;
mod write_error;

pub use close_info::WebSocketCloseInfo;
pub use options::StreamOptions;
pub use rejected::Rejected;
pub use websocket_error::WebSocketError;
pub use websocket_stream::WebSocketStream;
pub use write_error::WriteError;
