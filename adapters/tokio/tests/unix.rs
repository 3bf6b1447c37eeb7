#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
#![cfg(unix)]
//! WebSockets over Unix sockets.

use sansws_tokio::core::handshake::Offer;
use sansws_tokio::{Acceptor, Connector, Error};
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::UnixListener;
use tokio::runtime::Builder;

/// Runs a test on one thread and on several, and fails it if it hangs.
#[track_caller]
fn on_both<F: Future<Output = ()>>(test: impl Fn() -> F) {
    for mut runtime in [Builder::new_current_thread(), Builder::new_multi_thread()] {
        let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            tokio::time::timeout(Duration::from_secs(60), test()).await.expect("the test hangs");
        });
    }
}

/// A path where nothing is, and after the test nothing is left.
struct Socket(PathBuf);

impl Socket {
    fn new() -> Self {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let made = MADE.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("sansws-{}-{made}", std::process::id())))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0); // there may be none
    }
}

#[test]
fn the_url_says_the_rest() {
    on_both(async || {
        let socket = Socket::new();
        let listener = UnixListener::bind(&socket.0).unwrap();
        let server = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let decide = |offer: &mut Offer| {
                let asked = offer.request();
                assert_eq!(asked.target(), "/chat?room=1");
                assert_eq!(asked.headers().get("Host"), Some("example.com:81"));
                assert_eq!(asked.headers().get("Authorization"), Some("Basic dXNlcjpwYXNz"));
                Ok(())
            };
            let mut ws = Acceptor::new().accept_with(stream, decide).await.unwrap();
            ws.serve(|message, sender| sender.send_ref(message)).await.unwrap();
        });
        let url = "ws://user:pass@example.com:81/chat?room=1";
        let (mut ws, _) = Connector::new().connect_unix(&socket.0, url).await.unwrap();
        ws.send("hello").await.unwrap();
        assert_eq!(ws.next().await.unwrap().unwrap(), "hello".into());
        ws.close(None).await.unwrap();
        server.await.unwrap();
    });
}

#[test]
fn nobody_is_there() {
    on_both(async || {
        let socket = Socket::new();
        check(&socket, ErrorKind::NotFound).await;
        drop(UnixListener::bind(&socket.0).unwrap()); // leaves the file
        check(&socket, ErrorKind::ConnectionRefused).await;
    });

    async fn check(socket: &Socket, kind: ErrorKind) {
        let error = Connector::new().connect_unix(&socket.0, "ws://h").await.unwrap_err();
        assert!(matches!(&error, Error::Io(error) if error.kind() == kind), "{error}");
    }
}
