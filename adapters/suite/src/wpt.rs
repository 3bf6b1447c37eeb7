//! The web-platform-tests of `websockets/`, over sockets: one test for each file that is not about JavaScript or a
//! browser's documents. `WPT.md` lists them all.
//!
//! - `server` is the WPT server, on blocking sockets; `handlers` are its handlers, `client` is what these have,
//! - `page` is what a test has, as a script of a page has it, and `cue` what it and its server tell each other,
//! - `tests` are the tests; `table` lists them, and makes a `#[test]` of each for an [`Executor`].
//!
//! Where WPT sleeps at one end so that something can happen at the other, ours waits for a cue.

mod client;
mod cue;
mod handlers;
#[cfg(test)]
mod listing;
mod page;
mod server;
#[doc(hidden)]
pub mod table;
mod tests;

pub use server::Variant;

use crate::executor::Executor;
use page::Page;
use sansws_driver::Spawn;

/// Runs a test as a task of the runtime's own thread.
fn run<E: Executor<Runtime: Spawn>>(variant: Variant, test: impl AsyncFnOnce(Page<E::Runtime>)) {
    E::new().block_on(test(Page::new::<E>(variant)));
}
