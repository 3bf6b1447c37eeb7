//! The program on threads that block: one for each connection.

use crate::host::Host;
use sansws_mio::blocking::{Blocking, block_on};
use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};

impl Host for Blocking {
    type Listener = TcpListener;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        block_on(future)
    }

    fn spawn(task: impl Future<Output = ()> + Send + 'static) {
        std::thread::spawn(|| block_on(task));
    }

    async fn listen(address: &str) -> io::Result<TcpListener> {
        TcpListener::bind(address)
    }

    async fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
        listener.accept()
    }
}
