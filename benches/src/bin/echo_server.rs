//! Our echo server alone, to be loaded by any client: `cargo run --release -p sansws-benches --bin echo_server`.

use clap::Parser;
use sansws_benches::echo::{Loop, Runtime, serve};
use std::io;

/// Sends every message back, on one thread.
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
}

fn main() -> io::Result<()> {
    let args = Args::parse();
    serve(args.runtime, args.mode, &args.addr)
}
