//! The opening handshake (RFC 6455 §4), both roles, over HTTP/1.1.
//!
//! Stages are types, since time runs one way:
//!
//! ```text
//! server: ServerHandshake ──receive──▶ Offer ──accept──▶ Connection
//!                                            └─reject──▶ bytes to write before closing
//! client: ClientHandshake ──receive──▶ (Connection, Response)
//! ```
//!
//! What is received is parsed leniently where the RFC allows; what is sent is exact. A head is scanned
//! once, however it is cut; bytes behind it stay in the [`Input`](crate::Input) and become frames.
//!
//! Who upgrades through an HTTP library instead needs only [`accept_key`], and then
//! [`Connection::server`](crate::Connection::server) or [`Connection::client`](crate::Connection::client).

mod accept;
mod client;
mod error;
pub mod extensions;
mod head;
mod rejection;
mod server;
#[cfg(test)]
mod tests;

pub use accept::accept_key;
pub use client::{ClientHandshake, ClientRequest, Response};
pub use error::{HandshakeError, InvalidHead};
pub use head::Headers;
#[cfg(feature = "web")]
pub(crate) use head::token;
pub use rejection::Rejection;
pub use server::{Offer, Request, ServerHandshake};

use core::time::Duration;

/// What a peer may cost us before the connection is open.
///
/// ```
/// use sansws_core::handshake::HandshakeLimits;
/// assert_eq!(HandshakeLimits::default().head, 16 * 1024);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandshakeLimits {
    /// The size of the head in bytes, all lines together; status 431. Default: 16 KiB.
    pub head: usize,
    /// The length of a line in bytes, without its line end; status 414 for the first, else 431. Default: 8 KiB.
    pub line: usize,
    /// The number of header lines; status 431. Default: 100.
    pub headers: usize,
    /// How many bytes of the body of a server's refusal are kept. Default: 16 KiB.
    pub body: usize,
    /// How long the handshake may take in all, from the first byte waited for. Default: 10 s.
    pub timeout: Duration,
}

impl Default for HandshakeLimits {
    fn default() -> Self {
        Self { head: 16 << 10, line: 8 << 10, headers: 100, body: 16 << 10, timeout: Duration::from_secs(10) }
    }
}
