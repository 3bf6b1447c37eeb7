//! [`Host`]: what a runtime is to this program.

use sansws_driver::{Connect, Runtime};
use std::future::Future;
use std::io;
use std::net::SocketAddr;

/// A runtime that listens and runs tasks.
pub(crate) trait Host: Connect<Tcp: Send, Transport: Send> + Runtime<Clock: Send> {
    type Listener;

    /// Runs a future to its end.
    fn block_on<T>(future: impl Future<Output = T>) -> T;

    /// Runs a task beside others.
    fn spawn(task: impl Future<Output = ()> + Send + 'static);

    async fn listen(address: &str) -> io::Result<Self::Listener>;

    async fn accept(listener: &Self::Listener) -> io::Result<(Self::Tcp, SocketAddr)>;
}
