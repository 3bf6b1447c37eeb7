//! Echo servers on each runtime, one thread each, for other processes to load.

mod mio;
mod tokio;

use clap::ValueEnum;
use std::io;

/// What a server runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Runtime {
    /// `sansws-tokio`, on a runtime of one thread.
    Tokio,
    /// `sansws-mio`, its readiness loop.
    Mio,
}

/// How messages are echoed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Loop {
    /// Lent to a handler; replies leave together.
    Serve,
    /// Taken and fed; replies leave together.
    Feed,
    /// Taken and sent, each in a write of its own.
    Send,
}

/// Serves until the process is ended. Prints where it listens, on a line of its own.
///
/// # Errors
///
/// If it cannot listen.
pub fn serve(runtime: Runtime, mode: Loop, addr: &str) -> io::Result<()> {
    match runtime {
        Runtime::Tokio => tokio::serve(mode, addr),
        Runtime::Mio => mio::serve(mode, addr),
    }
}
