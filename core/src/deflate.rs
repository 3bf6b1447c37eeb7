//! permessage-deflate (RFC 7692): messages are compressed one by one.
//!
//! [`Params`] is the negotiation, text to parameters; `codec` compresses and inflates, over `zlib-rs`; `pool` keeps the
//! thread's codecs, so that a connection without context takeover holds none while idle.
//!
//! Compression is off unless [`Config::deflate`](crate::Config::deflate) says otherwise: it costs memory and CPU, and it
//! lets who can inject text into a message guess at secrets in the same message from its length (RFC 7692 §8). Send
//! messages with secrets by [`Sender::send_plain`](crate::Sender::send_plain).

#[cfg_attr(not(feature = "deflate"), path = "deflate/absent.rs")]
mod codec;
mod inflation;
mod params;
#[cfg(feature = "deflate")]
mod pool;
#[cfg(feature = "deflate")]
mod variants;

/// What a flush of the compressor ends with, and what is left off a message (RFC 7692 §7.2.1).
#[cfg(feature = "deflate")]
const MARKER: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// The bit that marks a message as compressed, on its first frame (RFC 7692 §6): RSV1 as [`Header`](crate::frame::Header) has it.
pub(crate) const RSV1: u8 = 4;

#[cfg(not(feature = "deflate"))]
pub(crate) use codec::Variants;
pub(crate) use codec::{Compressor, Decompressor};
pub(crate) use inflation::Inflation;
pub(crate) use params::NAME;
pub use params::{InvalidParams, Params};
#[cfg(feature = "deflate")]
pub(crate) use variants::Variants;

use crate::frame::Role;

/// How permessage-deflate is used, if the peer agrees to it.
///
/// What an open connection holds, in bytes, while idle:
///
/// | | the compressor | the inflater |
/// |---|---|---|
/// | without context takeover | 0 | 0 |
/// | with it, by default | 165,000 | 48,000 |
/// | with it, window 15 bits, memory level 8 | 380,000 | 48,000 |
///
/// Each codec is made when it is first needed. A peer that ends its blocks as final ones (RFC 7692 §7.2.3.4), as hardly
/// any does, costs 64 KiB more with takeover; and as nothing is kept for it before, what follows the first of them may not
/// refer to earlier messages.
///
/// ```
/// use sansws_core::deflate::{Deflate, Params};
///
/// // A server with many connections: nothing is held while they are idle.
/// let frugal = Deflate {
///     params: Params { server_no_context_takeover: true, client_no_context_takeover: true, ..Params::default() },
///     ..Deflate::default()
/// };
/// # let _ = frugal;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deflate {
    /// What a client offers, and what a server insists on. Default: that the client's window may be restricted.
    pub params: Params,
    /// How hard to compress, from 0 (not at all) over 1 (fast) to 9 (small). Default: 3, which costs half of what
    /// zlib's own default of 6 does, for up to a tenth more bytes.
    pub level: u8,
    /// How much memory the compressor takes, from 1 to 9. Default: 5.
    pub memory_level: u8,
    /// The largest window of our own compressor, in bits, from 9 to 15, where the agreement does not make it smaller.
    /// Default: 12, 4 KiB.
    pub window_bits: u8,
    /// Messages of fewer bytes are sent as they are. Default: 1 KiB; what gains less than a packet gains nothing.
    pub threshold: usize,
}

impl Default for Deflate {
    fn default() -> Self {
        Self {
            params: Params { client_max_window_bits: Some(None), ..Params::default() },
            level: 3,
            memory_level: 5,
            window_bits: 12,
            threshold: 1 << 10,
        }
    }
}

/// What both ends have agreed on, seen from one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Agreed {
    own_takeover: bool,
    /// Of our own compressor; 8 if it may not compress, since it cannot make so small a window.
    own_bits: u8,
    peer_takeover: bool,
}

impl Agreed {
    /// From the server's answer, and from what we said of ourselves. A client keeps to its offer even if the answer
    /// does not repeat it: the server may count on that (RFC 7692 §7.1.1.2, §7.1.2.2).
    pub(crate) fn new(role: Role, answer: &Params, own: &Params) -> Self {
        let restrictions = |params: &Params| match role {
            Role::Server => (params.server_no_context_takeover, params.server_max_window_bits),
            Role::Client => (params.client_no_context_takeover, params.client_max_window_bits.flatten()),
        };
        let [agreed, own] = [restrictions(answer), restrictions(own)];
        let peer_takeover = match role {
            Role::Server => !answer.client_no_context_takeover,
            Role::Client => !answer.server_no_context_takeover,
        };
        let own_bits = agreed.1.unwrap_or(15).min(own.1.unwrap_or(15));
        Self { own_takeover: !agreed.0 && !own.0, own_bits, peer_takeover }
    }
}

/// The first of a client's offers that a server with this configuration accepts, and its answer (RFC 7692 §5).
pub(crate) fn accept(deflate: Option<&Deflate>, offers: &[crate::handshake::extensions::Extension]) -> Option<Params> {
    let own = deflate?.params.clamped();
    offers.iter().filter(|offer| offer.name == NAME).find_map(|offer| own.answer(&Params::from_extension(offer).ok()?))
}
