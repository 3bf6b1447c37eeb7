//! What a runtime brings: a [`Clock`], its streams, and its way to connect.

use crate::nonblocking::NonBlocking;
use crate::transport::Transport;
use sansws_core::Instant;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
#[cfg(unix)]
use std::path::Path;
use std::task::{Context, Poll};

/// The time, and a timer for one deadline.
pub trait Clock {
    /// The time now, from an origin that is the same for all clocks of this type.
    fn now(&self) -> Instant;

    /// Ready once `deadline` has come; else the task of `cx` is woken when it does. Another deadline replaces
    /// the one before.
    fn poll_until(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()>;
}

/// An async runtime. The types of an adapter, such as its `Acceptor`, are those of this crate bound to its runtime.
pub trait Runtime: 'static {
    /// Its clock.
    type Clock: Clock + Default;
}

/// A runtime whose streams include `S`.
pub trait Bind<S>: Runtime {
    /// `S`, as the driver wants it.
    type Transport: Transport;

    /// Wraps the stream, and sets what a WebSocket wants of it: no Nagle delay on TCP.
    fn bind(stream: S) -> Self::Transport;
}

/// A runtime that only tells when streams such as `S` are ready: who uses them calls again by itself. Its transports and
/// clocks wake nobody.
pub trait Readiness<S>: Runtime {
    /// `S`, as the driver wants it.
    type Transport: Transport;

    /// What a [`NonBlocking`] is in its adapter.
    type WsStream: From<NonBlocking<Self::Transport, Self::Clock>>;

    /// Wraps the stream, and sets what a WebSocket wants of it: no Nagle delay on TCP.
    fn bind(stream: S) -> Self::Transport;
}

/// A runtime that can connect over TCP.
pub trait Connect: Bind<Self::Tcp> {
    /// Its TCP stream.
    type Tcp;

    /// All addresses of a host at once, the best first (RFC 6724), as `getaddrinfo` gives them.
    fn resolve(host: &str, port: u16) -> impl Future<Output = io::Result<Vec<SocketAddr>>> + Send;

    /// Connects to one of them.
    fn connect(address: SocketAddr) -> impl Future<Output = io::Result<Self::Tcp>> + Send;
}

/// A runtime that runs tasks by itself, as the browser's interfaces want it.
#[cfg(feature = "web")]
pub trait Spawn: Connect<Tcp: Send, Clock: Send, Transport: Send> {
    /// Runs a task.
    ///
    /// # Errors
    ///
    /// There is nothing that would run it: this is not called from within the runtime, say.
    fn spawn(task: impl Future<Output = ()> + Send + 'static) -> io::Result<()>;
}

/// A runtime that can connect to Unix sockets.
#[cfg(unix)]
pub trait ConnectUnix: Bind<Self::Unix> {
    /// Its Unix stream.
    type Unix;

    /// Connects to the socket at this path.
    fn connect_unix(path: &Path) -> impl Future<Output = io::Result<Self::Unix>> + Send;
}
