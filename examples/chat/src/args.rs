//! [`Args`]: the command line.

use clap::Parser;
use std::net::SocketAddr;
use std::time::Duration;

/// A chat on sansws: serves a page and its WebSocket on one port.
///
/// Open the address in two windows of a browser. Ctrl-C tells everybody that the server goes away, and ends it.
#[derive(Clone, Debug, Parser)]
pub(crate) struct Args {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub(crate) addr: SocketAddr,

    /// Serve https: and wss:, with a certificate made for this run, which browsers warn of.
    #[arg(long)]
    pub(crate) tls: bool,

    /// Share rooms and user lists with other chat processes over a NATS server, such as nats://localhost:4222.
    #[arg(long, value_name = "URL")]
    pub(crate) broker: Option<String>,

    /// How long to wait for browsers to close when the server goes away, in seconds.
    #[arg(long, default_value = "5", value_name = "SECONDS", value_parser = seconds)]
    pub(crate) grace: Duration,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| format!("{text:?} is no number"))?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}
