//! What the benches of sansws share; `README.md` says how to run them.
//!
//! - [`mask`]: masking loops, ours and others.
//! - [`corpus`]: the text they send.
//! - [`echo`]: servers to be loaded by other processes.
//! - [`deflate`]: permessage-deflate, what is measured and how far the figures compare. [`ours`] is what it measures of
//!   ours; [`pipe`] is what lies between the ends.
//! - `peers`: the other libraries, in all of these.
//! - [`summary`] and [`machine`]: reports.

pub mod corpus;
pub mod deflate;
pub mod echo;
pub mod machine;
pub mod mask;
pub mod ours;
#[cfg(any(feature = "peers", feature = "peers-c-zlib"))]
pub mod peers;
pub mod pipe;
pub mod summary;

/// Whatever went wrong. A bench that fails to measure says why and stops.
pub type Error = Box<dyn core::error::Error + Send + Sync>;
