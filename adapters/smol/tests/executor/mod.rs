//! [`Global`]: smol, as the suite wants it.

use sansws_smol::Smol;
use sansws_suite::Executor;
use smol::net::{TcpListener, TcpStream};
use std::io;
use std::net::SocketAddr;

/// The runtime's own threads.
pub(crate) struct Global;

impl Executor for Global {
    type Runtime = Smol;
    type Listener = TcpListener;

    fn new() -> Self {
        Self
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        smol::block_on(async {
            let output = future.await;
            smol::future::yield_now().await;
            output
        })
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        smol::spawn(task).detach();
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
