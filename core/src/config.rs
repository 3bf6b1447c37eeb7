//! [`Config`]: how a connection behaves. Plain data; each knob with its unit, default and reason.

use crate::deflate::Deflate;
use core::time::Duration;

/// How a connection behaves once it is open.
///
/// ```
/// use core::time::Duration;
/// use sansws_core::{Config, Keepalive, Limits};
///
/// let config = Config {
///     limits: Limits { message: 64 << 10, ..Limits::default() },
///     keepalive: Some(Keepalive::default()),
///     ..Config::default()
/// };
/// assert_eq!(config.close_timeout, Duration::from_secs(5));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// What a peer may cost us.
    pub limits: Limits,
    /// Whether messages are given out whole or as they arrive. Default: whole.
    pub delivery: Delivery,
    /// permessage-deflate (RFC 7692), if the peer agrees to it. Default: off, since it costs memory and CPU, and
    /// lengths tell of secrets. [`Limits::message`] counts inflated bytes.
    #[cfg(feature = "deflate")]
    pub deflate: Option<Deflate>,
    /// Pings that keep the connection alive and find dead peers. Default: none, since protocols on
    /// top often have their own.
    pub keepalive: Option<Keepalive>,
    /// How long the peer may take to finish the closing handshake and end the connection, counted from when our
    /// Close frame has left. Default: 5 s; a peer that is alive answers within a round trip. What is queued ahead of the
    /// Close frame must leave within [`write_timeout`](Self::write_timeout).
    pub close_timeout: Duration,
    /// How long the peer may go without taking any of what is queued for it. Default: 30 s.
    pub write_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            delivery: Delivery::Messages,
            #[cfg(feature = "deflate")]
            deflate: None,
            keepalive: None,
            close_timeout: Duration::from_secs(5),
            write_timeout: Duration::from_secs(30),
        }
    }
}

impl Config {
    /// The defaults of a client: those of [`Config::default`], but messages of up to 16 MiB, since
    /// a client chose its server while a server takes what comes.
    #[must_use]
    pub fn client() -> Self {
        Self { limits: Limits { message: 16 << 20, ..Limits::default() }, ..Self::default() }
    }

    /// How permessage-deflate is used; never where it is not compiled in.
    #[cfg(feature = "deflate")]
    pub(crate) const fn compression(&self) -> Option<&Deflate> {
        self.deflate.as_ref()
    }

    #[cfg(not(feature = "deflate"))]
    pub(crate) const fn compression(&self) -> Option<&Deflate> {
        None
    }
}

/// What a peer may cost us. Each limit bounds memory or work, and what exceeds it fails the connection
/// with the close code named here.
///
/// # What one hostile client can cost
///
/// With the defaults of a server. Memory is heap, in bytes, beside the 264 of a [`Connection`](crate::Connection), as
/// `tests/costs.rs` holds it; TLS and the runtime's task are not in it. Each byte that arrives is looked at a bounded number of
/// times, so work is in proportion to what the client sends. Each client has one file descriptor, until:
///
/// | what it does | memory | how it ends |
/// |---|---|---|
/// | sends no request, or a byte now and then | 34,000 | 10 s, [`HandshakeLimits`](crate::handshake::HandshakeLimits) |
/// | is refused and stays | 0 | 256 KiB more, or the same 10 s |
/// | is open and says nothing | 0 | never; with [`Keepalive`], 40 s |
/// | promises a message | 67,000 | as above |
/// | sends a message without its end, in any pieces | 2,200,000 | code 1008 or 1009 at a limit; else as above |
/// | the same, [given out in pieces](Delivery::Fragments) | 200,000 | the same |
/// | sends a bomb, if deflate is on | 2,200,000 | code 1009, once 1 MiB and a byte are inflated |
/// | pings and does not read | 32,000 | code 1008, at the 1,001st or after 30 s |
/// | sends and does not read the replies | 330,000; 2,200,000 if they are long | 30 s, [`Config::write_timeout`] |
/// | does not read what is sent without waiting for room | `output_max` and a message | 30 s |
/// | does not answer our Close | 0 | 5 s, [`Config::close_timeout`] |
/// | breaks the protocol and goes on | 12,000 | what it sends is dropped for the same 5 s |
///
/// Messages are the application's once they are given out: how many it keeps, and how many clients it accepts, is for it to
/// limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The size of a message in bytes, over all its frames; close code 1009, as soon as a frame
    /// header declares more, or as soon as more is inflated. Default: 1 MiB. It is also the limit of a frame; compressed
    /// frames may have an eighth and 1 KiB more, and 16 bytes for each fragment, since what does not compress grows.
    pub message: u64,
    /// The number of frames a message may have; close code 1008. Default: 131,072. Fragments join
    /// one buffer, so this bounds work, not memory.
    pub fragments: u32,
    /// The number of empty, non-final fragments in a row; close code 1008. Default: 100.
    pub empty_fragments: u32,
    /// The number of pings in a row from a peer that reads nothing of what is queued for it; close
    /// code 1008. Default: 1,000. A peer that reads may ping as it likes, but only its newest ping
    /// is answered when much is queued (RFC 6455 §5.5.3).
    pub unread_pings: u32,
    /// How many bytes may be queued before a sender should wait and no more messages should be answered:
    /// [`Sender::has_room`](crate::Sender::has_room) and [`Connection::wants_read`](crate::Connection::wants_read) turn
    /// false. Default: 64 KiB.
    pub output_high: usize,
    /// How many bytes may still be queued when a sender that had to wait goes on: drivers let it wait until so few are
    /// left, so that it does not stop and go with every write. Default: 32 KiB.
    pub output_low: usize,
    /// How many bytes may be queued before sending is refused with
    /// [`SendError::Full`](crate::SendError::Full). Default: 1 MiB. A message that is accepted is
    /// queued whole, so the bound on memory is this and one message.
    pub output_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message: 1 << 20,
            fragments: 131_072,
            empty_fragments: 100,
            unread_pings: 1_000,
            output_high: 64 << 10,
            output_low: 32 << 10,
            output_max: 1 << 20,
        }
    }
}

/// When the payload of a message is given out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// Once the message is whole.
    #[default]
    Messages,
    /// As bytes arrive, also inside one frame, so that a message larger than memory can pass. Raise
    /// [`Limits::message`] and [`Limits::fragments`], which still count.
    Fragments,
}

/// Pings that keep the connection alive and find dead peers (RFC 6455 §5.5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keepalive {
    /// How long the peer may be silent before it is pinged. Default: 20 s, under the common 60 s of
    /// proxies and the 30 s of some mobile networks.
    pub interval: Duration,
    /// How long it may stay silent after the ping, while it is read from. Default: 20 s.
    pub timeout: Duration,
}

impl Default for Keepalive {
    fn default() -> Self {
        Self { interval: Duration::from_secs(20), timeout: Duration::from_secs(20) }
    }
}
