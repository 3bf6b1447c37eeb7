//! [`Global`]: async-std, as the suite wants it.

use async_std::net::{TcpListener, TcpStream};
use sansws_async_std::AsyncStd;
use sansws_suite::Executor;
use std::io;
use std::net::SocketAddr;

/// The runtime's own threads.
pub(crate) struct Global;

impl Executor for Global {
    type Runtime = AsyncStd;
    type Listener = TcpListener;

    fn new() -> Self {
        Self
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        async_std::task::block_on(async {
            let output = future.await;
            async_std::task::yield_now().await;
            output
        })
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        drop(async_std::task::spawn(task));
    }

    async fn listen() -> io::Result<(TcpListener, SocketAddr)> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    }

    async fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
        Ok(listener.accept().await?.0)
    }
}
