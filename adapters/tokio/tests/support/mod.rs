//! What the tests over real TCP share: runtimes, servers, raw sockets.

#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use sansws_tokio::{Acceptor, Error, WsStream};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::task::JoinHandle;

/// Runs a test on one thread and on several, and fails it if it hangs.
#[track_caller]
pub(crate) fn on_both<F: Future<Output = ()>>(test: impl Fn() -> F) {
    for mut runtime in [Builder::new_current_thread(), Builder::new_multi_thread()] {
        let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            tokio::time::timeout(Duration::from_secs(60), test()).await.expect("the test hangs");
        });
    }
}

/// Listens on a free port.
pub(crate) async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

pub(crate) fn url(address: SocketAddr) -> String {
    format!("ws://{address}/")
}

/// A server for one connection, and what becomes of it.
pub(crate) async fn server<T, F>(
    acceptor: Acceptor,
    serve: impl FnOnce(Result<WsStream, Error>) -> F + Send + 'static,
) -> (SocketAddr, JoinHandle<T>)
where
    T: Send + 'static,
    F: Future<Output = T> + Send,
{
    let (listener, address) = listen().await;
    let task = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        serve(acceptor.accept(tcp).await).await
    });
    (address, task)
}

/// A server that echoes on all connections.
pub(crate) async fn echo_server() -> SocketAddr {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut ws = sansws_tokio::accept(tcp).await?;
                ws.serve(|message, sender| sender.send_ref(message)).await
            });
        }
    });
    address
}

/// A valid request.
pub(crate) const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// Reads the head of an HTTP message, and nothing behind it.
pub(crate) async fn read_head(tcp: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(tcp.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// A client without any library, once its connection is open.
pub(crate) async fn raw_client(address: SocketAddr) -> TcpStream {
    let mut tcp = TcpStream::connect(address).await.unwrap();
    tcp.write_all(REQUEST).await.unwrap();
    assert!(read_head(&mut tcp).await.starts_with("HTTP/1.1 101 "));
    tcp
}

/// All that comes until the end of the stream.
pub(crate) async fn read_all(tcp: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    tcp.read_to_end(&mut bytes).await.unwrap();
    bytes
}
