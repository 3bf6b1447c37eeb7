//! The program that conformance suites talk to: an echo server that obeys a few commands, and clients that a suite, a
//! script or a person drives. What it does is written once, over the driver; a runtime is one module that binds it. Only
//! mio, which has no futures, has what it does in its own module.

mod async_std;
mod blocking;
mod client;
mod echo;
mod host;
mod lines;
mod mio;
mod pattern;
mod server;
mod smol;
mod suite;
mod tokio;

use clap::{Parser, Subcommand, ValueEnum};
use host::Host;
use sansws_core::deflate::{Deflate, Params};
use sansws_core::{Config, Limits};
use std::process::ExitCode;

#[derive(Parser)]
#[command(about = "What conformance suites talk to")]
struct Args {
    #[arg(long, value_enum, default_value = "tokio", global = true)]
    runtime: Runtime,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Echoes every message; texts that begin with `!close`, `!abort`, `!ping` or `!fragment` are commands.
    Serve(Serve),
    /// Plays the client's part in Autobahn|Testsuite.
    Autobahn(Autobahn),
    /// Connects, sends `hello`, waits for one message and closes.
    Once(Once),
    /// Obeys the commands on standard input, one a line, and prints one JSON event for each.
    Client(Client),
}

#[derive(Clone, Copy, ValueEnum)]
enum Runtime {
    Tokio,
    AsyncStd,
    Smol,
    Mio,
    Blocking,
}

#[derive(clap::Args)]
struct Serve {
    /// Where to listen, as HOST:PORT.
    #[arg(long, default_value = "127.0.0.1:9001")]
    addr: String,
    /// The largest message, in bytes.
    #[arg(long, default_value_t = 16 << 20)]
    max_message: u64,
    /// How messages are echoed: lent to a handler, fed, or sent one by one.
    #[arg(long = "loop", value_enum, default_value = "serve")]
    mode: echo::Mode,
    /// Accept any valid offer of permessage-deflate, and compress messages of 1 KiB and more.
    #[arg(long)]
    deflate: bool,
}

#[derive(clap::Args)]
struct Autobahn {
    /// Where the suite listens, such as ws://127.0.0.1:9001
    url: String,
    /// What we call ourselves in its report.
    agent: String,
    /// Offer permessage-deflate with exactly these parameters, such as "" or "client_max_window_bits".
    #[arg(long)]
    deflate: Option<Params>,
}

#[derive(clap::Args)]
struct Once {
    url: String,
}

#[derive(clap::Args)]
struct Client {
    #[arg(long)]
    url: String,
    /// Subprotocols to offer, separated by commas.
    #[arg(long, value_delimiter = ',')]
    protocols: Vec<String>,
    /// Offer permessage-deflate with exactly these parameters, such as "" or "client_max_window_bits".
    #[arg(long)]
    deflate: Option<Params>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match args.runtime {
        Runtime::Tokio => run::<sansws_tokio::Tokio>(args.command),
        Runtime::AsyncStd => run::<sansws_async_std::AsyncStd>(args.command),
        Runtime::Smol => run::<sansws_smol::Smol>(args.command),
        Runtime::Mio => mio::run(args.command),
        Runtime::Blocking => run::<sansws_mio::blocking::Blocking>(args.command),
    }
}

fn run<R: Host>(command: Command) -> ExitCode {
    R::block_on(async {
        match command {
            Command::Serve(args) => server::run::<R>(&args).await,
            Command::Autobahn(args) => suite::run::<R>(&args).await,
            Command::Once(args) => client::once::<R>(&args).await,
            Command::Client(args) => client::run::<R>(&args).await,
        }
    })
}

/// Messages of the size that the suites send, compressed where these parameters are agreed on.
fn config(max_message: u64, deflate: Option<Params>) -> Config {
    let deflate = deflate.map(|params| Deflate { params, ..Deflate::default() });
    // A message in many fragments is queued at once.
    let limits = Limits { message: max_message, output_max: usize::MAX, ..Limits::default() };
    Config { limits, deflate, ..Config::default() }
}
