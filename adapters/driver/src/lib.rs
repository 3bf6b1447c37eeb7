#![forbid(unsafe_code)]
//! The one I/O loop under sansws's adapters, generic over [`Transport`] and [`Clock`].
//!
//! This crate is internal to the adapters (`sansws-tokio` and its siblings), which bind its types to their
//! runtime; use those. To bind another runtime, implement [`Transport`] for its streams, [`Clock`] for its timers,
//! and [`Runtime`], [`Bind`] and [`Connect`] for a type that stands for it; then `Acceptor<R>`, `Connector<R>` and
//! [`WsStream`] are its adapter. With the feature `futures-io`, `FuturesIo` and `Timer` are a transport and a clock for
//! runtimes whose streams are those of futures-io and whose timers are futures.
//!
//! The protocol is `sansws_core`'s; here is only who reads and writes when:
//!
//! - `drive` is the loop between one connection and one transport, `link`: with or without `tls` on it,
//! - `inner` is that loop and on whose `behalf` it runs: of tasks, which have a `stream` as a whole, or `halves` and any
//!   number of `sender`s; or of a caller with a `nonblocking` one, in `turns`,
//! - `dial` finds the address of a host that answers first,
//! - `opening`, `accepting` and `connecting` are the opening handshake, step by step; `upgrade` leaves it to others,
//! - `pool` lends the thread's buffers to whichever connection is busy, `scratch` is for streams that need them filled,
//! - `wakers` lets the sides of a connection live on several tasks,
//! - `drain` ends all connections of a server,
//! - `web` has the browser's interfaces, each with a task of its own.

mod accepting;
mod acceptor;
mod behalf;
mod connecting;
mod connector;
mod credentials;
mod deadline;
mod dial;
mod drain;
mod drive;
mod entropy;
mod error;
#[cfg(feature = "futures-io")]
mod futures_io;
mod halves;
mod inner;
mod link;
mod nonblocking;
mod opening;
mod pool;
mod runtime;
mod scratch;
mod sender;
mod stream;
mod sync;
mod target;
#[cfg(feature = "futures-io")]
mod timer;
#[cfg(feature = "tls")]
mod tls;
mod transport;
mod turn;
mod turns;
mod upgrade;
mod wakers;
#[cfg(feature = "web")]
pub mod web;

pub use acceptor::{Acceptor, Origins};
pub use connector::Connector;
pub use credentials::Credentials;
pub use deadline::until;
pub use drain::Drain;
pub use entropy::ThreadEntropy;
pub use error::Error;
#[cfg(feature = "futures-io")]
pub use futures_io::FuturesIo;
pub use halves::{Reader, ReuniteError, Writer};
pub use nonblocking::NonBlocking;
#[cfg(unix)]
pub use runtime::ConnectUnix;
#[cfg(feature = "web")]
pub use runtime::Spawn;
pub use runtime::{Bind, Clock, Connect, Readiness, Runtime};
#[cfg(feature = "tls")]
pub use rustls;
pub use scratch::read_by_copy;
pub use sender::Sender;
pub use stream::WsStream;
pub use target::{Target, UrlError};
#[cfg(feature = "futures-io")]
pub use timer::{Sleep, Timer};
pub use transport::Transport;
pub use upgrade::Upgrade;
