//! [`Threads`]: tokio, as the suite wants it.

use sansws_suite::Executor;
use sansws_tokio::Tokio;
use std::io;
use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

/// Tokio, if `MANY` with several threads.
pub(crate) struct Threads<const MANY: bool>(Runtime);

impl<const MANY: bool> Executor for Threads<MANY> {
    type Runtime = Tokio;
    type Listener = TcpListener;

    const HAS_TURNS: bool = !MANY;

    fn new() -> Self {
        let mut builder = if MANY { Builder::new_multi_thread() } else { Builder::new_current_thread() };
        Self(builder.worker_threads(2).enable_all().build().expect("a runtime"))
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(async {
            let output = future.await;
            tokio::task::yield_now().await; // one thread looks at its sockets only between tasks
            output
        })
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.spawn(task);
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
