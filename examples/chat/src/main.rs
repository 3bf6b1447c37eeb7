#![forbid(unsafe_code)]
//! MDN's chat application on sansws: a page and its WebSocket on one port.
//!
//! - `args` is the command line, `server` listens, `tls` makes a certificate,
//! - `http` answers requests by hyper, and turns those for `/chat` into WebSockets,
//! - `client` serves one of them, at a `pace`, in the words of `protocol`,
//! - `hub` has the rooms, each a `room`, and tells other processes by a `broker` what happens,
//! - `page/` is what the browser gets.

mod args;
mod broker;
mod client;
mod http;
mod hub;
mod pace;
mod protocol;
mod room;
mod server;
mod tls;

use clap::Parser;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    match server::serve(args::Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chat: {error}");
            ExitCode::FAILURE
        }
    }
}
