#![forbid(unsafe_code)]
//! The one I/O loop under sansws's adapters, generic over [`Transport`] and [`Clock`].
//!
//! This crate is internal to the adapters (`sansws-tokio` and its siblings), which bind its types to their
//! runtime; use those. To bind another runtime, implement [`Transport`] for its streams, [`Clock`] for its timers,
//! and [`Runtime`], [`Bind`] and [`Connect`] for a type that stands for it; then `Acceptor<R>`, `Connector<R>` and
//! [`WsStream`] are its adapter.
//!
//! The protocol is `sansws_core`'s; here is only who reads and writes when:
//!
//! - `drive` is the loop between one connection and one transport,
//! - `dial` finds the address of a host that answers first,
//! - `opening` drives the opening handshake,
//! - `pool` lends the thread's buffers to whichever connection is busy,
//! - `wakers` lets the two sides of a connection live on two tasks.

mod acceptor;
mod connector;
mod credentials;
mod deadline;
mod dial;
mod drive;
mod entropy;
mod error;
mod opening;
mod pool;
mod runtime;
mod stream;
mod target;
mod transport;
mod turn;
mod wakers;

pub use acceptor::{Acceptor, Origins};
pub use connector::Connector;
pub use credentials::Credentials;
pub use deadline::until;
pub use entropy::ThreadEntropy;
pub use error::Error;
#[cfg(unix)]
pub use runtime::ConnectUnix;
pub use runtime::{Bind, Clock, Connect, Runtime};
pub use stream::WsStream;
pub use target::{Target, UrlError};
pub use transport::Transport;
