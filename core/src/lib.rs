#![cfg_attr(not(feature = "std"), no_std)]
#![warn(clippy::std_instead_of_core, clippy::std_instead_of_alloc, clippy::alloc_instead_of_core)]
//! WebSocket (RFC 6455) without I/O.
//!
//! The protocol is a state machine over bytes: nothing here knows of sockets, clocks, threads or an async
//! runtime. Time and randomness are inputs. So the same code runs in any runtime, in none, and in a test that
//! replays a conversation byte by byte; the `sansws-tokio` crate and its siblings bind it to theirs.
//!
//! # The tour
//!
//! - [`handshake`] opens a connection: [`ServerHandshake`](handshake::ServerHandshake) and
//!   [`ClientHandshake`](handshake::ClientHandshake).
//! - [`Connection`] is an open one: bytes to [`Event`]s, [`Message`]s to bytes, the closing handshake, and all
//!   deadlines. [`Config`] and [`Limits`] say how it behaves and what a peer may cost.
//! - `web`, with the feature of that name, is the browser's `WebSocket` on top of these.
//! - [`frame`] and [`mask`] are the layers below, for tools that want frames.
//!
//! # The loop
//!
//! Whoever drives a connection puts in what arrives, takes events out, and writes what is queued. Two ends in
//! one function, with a `Vec` for a wire:
//!
//! ```
//! use bytes::Buf;
//! use sansws_core::{Config, Connection, Event, Instant, Message};
//!
//! /// Writes all that `from` has queued into the input of `to`.
//! fn transmit(from: &mut Connection, to: &mut Connection) {
//!     while from.wants_write() {
//!         let output = from.output();
//!         to.input().extend_from_slice(output.chunk());
//!         output.advance(output.chunk().len());
//!     }
//! }
//!
//! let now = Instant::ORIGIN; // a real program asks its clock
//! let random = |bytes: &mut [u8]| bytes.fill(4); // and its random generator
//! let mut client = Connection::client(Config::client(), random, now);
//! let mut server = Connection::server(Config::default(), now);
//!
//! client.send("hello")?;
//! transmit(&mut client, &mut server);
//! while let Some(event) = server.receive(now)? {
//!     if let Event::Message(message) = event {
//!         server.send(message)?; // replies are queued, and leave in one write
//!     }
//! }
//! transmit(&mut server, &mut client);
//! assert_eq!(client.receive(now)?, Some(Event::Message(Message::from("hello"))));
//!
//! client.close(None)?;
//! transmit(&mut client, &mut server);
//! assert_eq!(server.receive(now)?, Some(Event::Close(None))); // answered already
//! transmit(&mut server, &mut client);
//! assert_eq!(client.receive(now)?, Some(Event::Close(None)));
//! assert!(server.wants_shutdown()); // the server ends the stream first (RFC 6455 §7.1.1)
//! client.receive_eof()?;
//! assert!(client.is_closed());
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! A real loop also sleeps until [`Connection::poll_timeout`] and then calls [`Connection::handle_timeout`].
//!
//! # What holds
//!
//! - Any cut of the input gives the same events and errors.
//! - No input panics. A violation is reported once, with the close code that the RFC names, and exactly one
//!   Close frame says so.
//! - Memory grows with bytes that came, not with lengths that were promised, and every limit is in [`Limits`].
//! - A mistake of the caller's own is a [`SendError`]; the connection is as it was.
//! - A message costs no heap allocation in steady state; one that was compressed, a few. An idle connection need not hold a buffer: see
//!   [`Input::lend`] and [`Output::lend`].
//!
//! # Features
//!
//! - `deflate` (default): permessage-deflate, see [`deflate`]. Needs `std`. Even then it is only negotiated when
//!   [`Config::deflate`] asks for it.
//! - `web`: the browser's `WebSocket`, over the `url` crate. Works without `std`, too.
//! - `std` (default): chooses the fastest masking and UTF-8 kernels at run time. Without it the crate is
//!   `no_std` and needs `alloc`.

extern crate alloc;

mod assembler;
mod close;
mod config;
mod connection;
pub mod deflate;
mod entropy;
mod error;
mod event;
pub mod frame;
pub mod handshake;
mod input;
pub mod mask;
mod output;
mod prepared;
mod text;
mod time;
mod traffic;
mod utf8;
#[cfg(feature = "web")]
pub mod web;

pub use close::{CloseCode, CloseFrame};
pub use config::{Config, Delivery, Keepalive, Limits};
pub use connection::{Connection, Sender};
pub use entropy::Entropy;
pub use error::{ProtocolError, SendError, TimedOut};
pub use event::{Event, EventKind, EventRef, Fragment, Kind, Message, MessageRef};
pub use input::{Input, InputBuffer};
pub use output::Output;
pub use prepared::Prepared;
pub use text::Text;
pub use time::Instant;
pub use traffic::{Traffic, Volume};
