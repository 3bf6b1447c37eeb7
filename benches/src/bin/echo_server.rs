//! Our echo server alone, to be loaded by any client: `cargo run --release -p sansws-benches --bin echo_server`.
//!
//! On async-std, set `ASYNC_STD_THREAD_COUNT=1` for one thread.

use clap::Parser;
use sansws_benches::Error;
use sansws_benches::echo::{Loop, Place, Program, Runtime};

/// Sends every message back.
#[derive(Parser)]
struct Args {
    #[arg(long, value_enum, default_value = "tokio")]
    runtime: Runtime,
    /// How messages are echoed: lent to a handler, fed, or sent one by one.
    #[arg(long = "loop", value_enum, default_value = "serve")]
    mode: Loop,
    /// Where to listen, as HOST:PORT.
    #[arg(long, default_value = "127.0.0.1:9001")]
    addr: String,
    /// Over TLS, with a certificate of its own making; it takes the feature `tls`.
    #[arg(long)]
    tls: bool,
}

fn main() -> Result<(), Error> {
    let args = Args::parse();
    Program::Ours(args.runtime, args.mode).run(&Place::Listen { addr: args.addr, tls: args.tls })
}
