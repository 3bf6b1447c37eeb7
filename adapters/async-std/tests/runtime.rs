#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
//! What is async-std's own: its timers and its sockets.

use sansws_async_std::core::Instant;
use sansws_async_std::{Acceptor, AsyncStd, Connector, Error, Timer, WsStream, connect};
use sansws_driver::{Bind, Clock, Transport, UrlError};
use std::future::poll_fn;
use std::io::{self, Read};
use std::net::{TcpListener, TcpStream};
use std::task::Poll;
use std::time::Duration;

/// Runs a test, and fails it if it hangs.
fn run<T>(test: impl Future<Output = T>) -> T {
    let limited = async_std::future::timeout(Duration::from_secs(60), test);
    async_std::task::block_on(limited).expect("the test hangs")
}

#[test]
fn a_deadline_comes_and_not_too_soon() {
    let mut clock = Timer::default();
    let (soon, hour) = (Duration::from_millis(10), Duration::from_secs(3600));
    // What the timer is set to before.
    for before in [Duration::ZERO, soon, hour, Duration::MAX] {
        let start = clock.now();
        let deadline = start + 2 * soon;
        run(async {
            poll_fn(|cx| Poll::Ready(clock.poll_until(cx, start + before))).await.is_ready();
            poll_fn(|cx| clock.poll_until(cx, deadline)).await;
        });
        assert!(clock.now() >= deadline, "set to {before:?} before");
    }
    run(poll_fn(|cx| clock.poll_until(cx, Instant::ORIGIN)));
}

#[test]
fn clocks_have_one_origin() {
    let clocks = [Timer::default(), Timer::default()];
    let times = [0, 1, 0, 1].map(|which: usize| clocks[which].now());
    assert!(times.is_sorted(), "{times:?}");
}

/// A connection over TCP.
fn tcp() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

/// Else a small message may wait for the answer to the one before.
#[test]
fn nagle_is_off() {
    assert!(AsyncStd::bind(async_std::net::TcpStream::from(tcp().0)).get_ref().nodelay().unwrap());
}

/// Not only once it is dropped: peers wait for each other.
#[test]
fn shutdown_reaches_the_peer() {
    let (stream, peer) = tcp();
    check(async_std::net::TcpStream::from(stream), peer);
    #[cfg(unix)]
    {
        use std::os::unix::net::UnixStream;
        let (stream, peer) = UnixStream::pair().unwrap();
        check(async_std::os::unix::net::UnixStream::from(stream), peer);
    }

    #[track_caller]
    fn check<S: 'static>(stream: S, mut peer: impl Read + Send + 'static)
    where
        AsyncStd: Bind<S>,
    {
        let mut transport = AsyncStd::bind(stream);
        run(async {
            poll_fn(|cx| transport.poll_shutdown(cx)).await.unwrap();
            assert_eq!(async_std::task::spawn_blocking(move || peer.read(&mut [0])).await.unwrap(), 0);
        });
    }
}

#[test]
fn connecting_in_vain() {
    let taken = tcp().0; // its port is, and nobody listens there
    let url = |scheme: &str| format!("{scheme}://{}/", taken.local_addr().unwrap());
    let error = run(connect(&url("ws"))).unwrap_err();
    assert!(matches!(&error, Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused), "{error}");
    let error = run(connect(&url("ftp"))).unwrap_err();
    assert!(matches!(&error, Error::Url(UrlError::Scheme(scheme)) if scheme == "ftp"), "{error}");
}

/// What a task needs that may be moved to another thread.
#[test]
fn connections_may_be_sent_and_shared() {
    fn check<T: Send + Sync + 'static>() {}
    check::<WsStream>();
    check::<Acceptor>();
    check::<Connector>();
}
