//! Programs that echo, one thread each, to be loaded by another process: on each runtime, by each library.
//!
//! A program listens and accepts connections, or opens them itself: so both roles are measured in the same way.

mod async_std;
mod bare;
mod floor;
pub mod handshake;
mod mio;
#[cfg(feature = "peers")]
mod peers;
mod smol;
mod tokio;

use crate::Error;
use clap::ValueEnum;
use sansws_core::frame::Role;
use sansws_core::{Config, Limits};
use sansws_driver::Acceptor;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

/// What a server runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Runtime {
    /// `sansws-tokio`, on a runtime of one thread.
    Tokio,
    /// `sansws-async-std`. It has as many threads as `ASYNC_STD_THREAD_COUNT` says.
    AsyncStd,
    /// `sansws-smol`, on an executor of one thread.
    Smol,
    /// `sansws-mio`, its readiness loop.
    Mio,
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tokio => "tokio",
            Self::AsyncStd => "async-std",
            Self::Smol => "smol",
            Self::Mio => "mio",
        })
    }
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

/// Whom to echo to.
#[derive(Clone, Debug)]
pub enum Place {
    /// Listen, and serve whoever connects.
    Listen {
        /// Where, as HOST:PORT.
        addr: String,
        /// Over TLS, with a certificate of its own making. It takes the feature `tls`.
        tls: bool,
    },
    /// Be the client of a server, in so many connections.
    Connect(SocketAddr, usize),
}

impl Place {
    /// Which end of the connections this is.
    #[must_use]
    pub const fn role(&self) -> Role {
        match self {
            Self::Listen { .. } => Role::Server,
            Self::Connect(..) => Role::Client,
        }
    }
}

/// A program that echoes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// No library: the least that can be done.
    Floor(Runtime),
    /// Ours.
    Ours(Runtime, Loop),
    /// Another library, on tokio.
    #[cfg(feature = "peers")]
    Peer(peers::Peer),
}

impl Program {
    /// All that are built in: floors, ours, and with the feature `peers` the others.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut all: Vec<_> = Runtime::value_variants().iter().map(|runtime| Self::Floor(*runtime)).collect();
        for runtime in Runtime::value_variants() {
            all.extend(Loop::value_variants().iter().map(|mode| Self::Ours(*runtime, *mode)));
        }
        #[cfg(feature = "peers")]
        all.extend(peers::Peer::ALL.map(Self::Peer));
        all
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|program| program.to_string() == name)
    }

    /// This executable, to be run as a child process that is told to be this program: `--run NAME`. It has one thread.
    ///
    /// # Errors
    ///
    /// If the executable is not known.
    pub fn command(self) -> io::Result<Command> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--run", &self.to_string()]).env("ASYNC_STD_THREAD_COUNT", "1");
        Ok(command)
    }

    /// Whether it is another library.
    #[must_use]
    pub const fn is_peer(self) -> bool {
        !matches!(self, Self::Floor(_) | Self::Ours(..))
    }

    /// Whether it can echo over TLS. Of the floors, only that on tokio does.
    #[must_use]
    pub const fn speaks_tls(self) -> bool {
        !matches!(self, Self::Floor(Runtime::AsyncStd | Runtime::Smol | Runtime::Mio))
    }

    /// Echoes until the process is ended. If it listens, prints where, on a line of its own.
    ///
    /// # Errors
    ///
    /// If it cannot listen or connect, or, as a client, when a connection fails.
    pub fn run(self, place: &Place) -> Result<(), Error> {
        if matches!(place, Place::Listen { tls: true, .. }) && !(self.speaks_tls() && cfg!(feature = "tls")) {
            return Err("there is no TLS: it takes the feature `tls`, and not all floors have it".into());
        }
        match self {
            Self::Floor(runtime) => floor::run(runtime, place),
            Self::Ours(Runtime::Tokio, mode) => tokio::run(mode, place),
            Self::Ours(Runtime::AsyncStd, mode) => async_std::run(mode, place),
            Self::Ours(Runtime::Smol, mode) => smol::run(mode, place),
            Self::Ours(Runtime::Mio, mode) => mio::run(mode, place),
            #[cfg(feature = "peers")]
            Self::Peer(peer) => bare::run(peer, place),
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Floor(runtime) => write!(f, "floor-{runtime}"),
            Self::Ours(runtime, Loop::Serve) => write!(f, "sansws-{runtime} serve"),
            Self::Ours(runtime, Loop::Feed) => write!(f, "sansws-{runtime} feed"),
            Self::Ours(runtime, Loop::Send) => write!(f, "sansws-{runtime} send"),
            #[cfg(feature = "peers")]
            Self::Peer(peer) => peer.fmt(f),
        }
    }
}

/// How ours are configured: as by default, but for messages of up to 16 MiB.
fn config() -> Config {
    Config { limits: Limits { message: 16 << 20, ..Limits::default() }, ..Config::default() }
}

/// How ours accept connections.
fn acceptor<R: sansws_driver::Runtime>(tls: bool) -> Result<Acceptor<R>, Error> {
    let acceptor = Acceptor::new().config(config());
    match tls {
        #[cfg(feature = "tls")]
        true => Ok(acceptor.tls(crate::tls::server()?)),
        _ => Ok(acceptor),
    }
}

/// Waits for events. Who looks on, as `strace` does, interrupts that.
fn wait(poll: &mut ::mio::Poll, events: &mut ::mio::Events, timeout: Option<Duration>) -> io::Result<()> {
    match poll.poll(events, timeout) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => {
            events.clear();
            Ok(())
        }
        result => result,
    }
}

/// The URL of what is served at an address.
fn url(addr: SocketAddr) -> String {
    format!("ws://{addr}/")
}
