//! The program on async-std.

use crate::host::Host;
use async_std::net::{TcpListener, TcpStream};
use sansws_async_std::AsyncStd;
use std::future::Future;
use std::io;
use std::net::SocketAddr;

impl Host for AsyncStd {
    type Listener = TcpListener;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        async_std::task::block_on(future)
    }

    fn spawn(task: impl Future<Output = ()> + Send + 'static) {
        async_std::task::spawn(task);
    }

    async fn listen(address: &str) -> io::Result<TcpListener> {
        TcpListener::bind(address).await
    }

    async fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
        listener.accept().await
    }
}
