#![forbid(unsafe_code)]
//! What every adapter does over TCP: one table of tests, run on each of them. Never published.
//!
//! An adapter is a [`Subject`]: it listens, it connects, and its connections are [`Socket`]s. Both are blocking, so
//! that adapters with and without futures can be subjects. An async one is a subject by [`Async`], for an [`Executor`]
//! of some thirty lines. Then one line in its `tests/suite.rs` makes a `#[test]` of every row:
//!
//! ```text
//! sansws_suite::suite!(MySubject);              // the rows for all
//! sansws_suite::async_suite!(MyExecutor);       // those, and the rows about futures
//! sansws_suite::task_suite!(MyExecutor);        // the rows about what runs by itself
//! sansws_suite::wpt!(MyExecutor, Default);      // the web-platform-tests, see `wpt`
//! ```
//!
//! How it is laid out:
//!
//! - `subject` is what a row asks of an adapter, `echo` the servers that it runs, `executor` joins both to futures,
//! - `peer` is the other end: a plain blocking socket, or rustls on one, that says bytes and reads frames,
//! - `certificate` is what TLS needs at both ends,
//! - `stage` sets up both ends, and fails a row that hangs,
//! - `rows` are the rows, by theme; `table` lists them. One that is not listed is dead code, and so does not build,
//! - [`mod@wpt`] has the web-platform-tests.

#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "what fails here fails the test")]
#![allow(clippy::missing_errors_doc, reason = "they are those of sansws_driver::WsStream")]

mod certificate;
mod echo;
mod executor;
mod peer;
mod rows;
mod stage;
mod subject;
mod table;
pub mod wpt;

pub use echo::{Echo, End, Server};
pub use executor::{Async, Executor};
#[doc(hidden)]
pub use stage::run;
pub use subject::{ClientOptions, Handle, HandleEvent, Listener, ServerOptions, Socket, Subject};
#[doc(hidden)]
pub use table::{every, futures, tasks};
