//! What the benches of sansws share; `README.md` says how to run them.
//!
//! - [`mask`]: masking loops, ours and others.
//! - [`corpus`]: the text they send.
//! - [`echo`]: programs to be loaded by another [`process`]; [`load`]: what loads them; `tls`: for both.
//! - [`memory`]: connections over a stream in memory, which is a [`tape`].
//! - [`deflate`]: permessage-deflate, what is measured and how far the figures compare. [`ours`] is what it measures of
//!   ours; [`pipe`] is what lies between the ends.
//! - `peers`: the other libraries, in all of these.
//! - [`summary`] and [`machine`]: reports. [`wire`]: frames without a library.

pub mod corpus;
pub mod deflate;
pub mod echo;
pub mod load;
pub mod machine;
pub mod mask;
pub mod memory;
pub mod ours;
#[cfg(any(feature = "peers", feature = "peers-c-zlib"))]
pub mod peers;
pub mod pipe;
pub mod process;
pub mod summary;
pub mod tape;
#[cfg(feature = "tls")]
pub mod tls;
pub mod wire;

/// Whatever went wrong. A bench that fails to measure says why and stops.
pub type Error = Box<dyn core::error::Error + Send + Sync>;
