//! What the benches of sansws share.
//!
//! - [`corpus`]: the text they send.
//! - [`echo`]: servers to be loaded by other processes.
//! - [`deflate`]: permessage-deflate, what is measured and how far the figures compare. [`ours`] and `peers` are the
//!   libraries it measures; [`pipe`] is what lies between their ends.

pub mod corpus;
pub mod deflate;
pub mod echo;
pub mod ours;
#[cfg(any(feature = "peers", feature = "peers-c-zlib"))]
pub mod peers;
pub mod pipe;

/// Whatever went wrong. A bench that fails to measure says why and stops.
pub type Error = Box<dyn core::error::Error + Send + Sync>;
