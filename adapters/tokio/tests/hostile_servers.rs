#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
//! Servers that are none, on raw sockets: what the connector makes of them.

mod support;

use sansws_tokio::core::handshake::{HandshakeError, accept_key};
use sansws_tokio::core::{ProtocolError, TimedOut};
use sansws_tokio::{Connector, Error, WsStream, connect};
use std::io::ErrorKind;
use std::net::SocketAddr;
use support::{listen, on_both, read_all, read_head, url};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A server that takes one connection and its request, says this, and ends its side; in it, `{accept}` stands for what
/// belongs there.
async fn server(says: &'static [u8]) -> (SocketAddr, JoinHandle<(TcpListener, TcpStream)>) {
    let (listener, address) = listen().await;
    let task = tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.unwrap();
        let request = read_head(&mut tcp).await;
        let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
        let accept = accept_key(key.as_bytes());
        let at = says.windows(8).position(|at| at == b"{accept}");
        let answer = match at {
            Some(at) => [&says[..at], accept.as_bytes(), &says[at + 8..]].concat(),
            None => says.to_vec(),
        };
        tcp.write_all(&answer).await.unwrap();
        tcp.shutdown().await.unwrap();
        (listener, tcp)
    });
    (address, task)
}

const ANSWER: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: {accept}\r\n\r\n";

#[test]
fn what_is_no_answer_is_told_as_what_it_is() {
    use HandshakeError as E;
    check(b"", &E::UnexpectedEof);
    check(b"HTTP/1.1 101 Swi", &E::UnexpectedEof);
    check(b"SSH-2.0-OpenSSH_9.6\r\n\r\n", &E::Malformed);
    check(b"\x15\x03\x01\x00\x02\x02\x0a\n", &E::Malformed); // TLS
    check(&[0; 20], &E::Malformed);
    check(&[b'x'; 20_000], &E::FirstLineTooLong { limit: 8 << 10 });
    check(answer("{accept}", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), &E::WrongAccept);
    check(answer("websocket", "h2c"), &E::MissingHeader { name: "Upgrade" });
    check(answer("\r\n\r\n", "\r\nSec-WebSocket-Protocol: x\r\n\r\n"), &E::UnofferedProtocol);
    check("X: y\r\n".repeat(10_000).leak().as_bytes(), &E::TooManyHeaders { limit: 100 });
    check(
        format!("HTTP/1.1 101 x\r\n{}", "X: y\r\n".repeat(10_000)).leak().as_bytes(),
        &E::TooManyHeaders { limit: 100 },
    );
    check("HTTP/1.1 103 Early\r\n\r\n".repeat(10_000).leak().as_bytes(), &E::HeadTooLong { limit: 16 << 10 });

    fn answer(from: &str, to: &str) -> &'static [u8] {
        ANSWER.replace(from, to).leak().as_bytes()
    }

    #[track_caller]
    fn check(says: &'static [u8], expected: &HandshakeError) {
        on_both(async || {
            let (address, _task) = server(says).await;
            let error = connect(&url(address)).await.unwrap_err();
            assert!(matches!(&error, Error::Handshake(error) if error == expected), "{error:?}");
        });
    }
}

#[test]
fn a_refusal_comes_with_its_body() {
    check(b"HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\n\r\nno room", 404, b"no room");
    check(b"HTTP/1.1 404 Not Found\r\n\r\nno room", 404, b"no room");
    check(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<html>", 200, b"<html>");
    check(b"HTTP/1.0 502 Bad Gateway\r\n\r\n", 502, b"");
    check(b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n", 401, b"");

    #[track_caller]
    fn check(says: &'static [u8], status: u16, body: &[u8]) {
        on_both(async || {
            let (address, _task) = server(says).await;
            let error = connect(&url(address)).await.unwrap_err();
            let Error::Handshake(HandshakeError::Rejected(response)) = error else { panic!("{error:?}") };
            assert_eq!((response.status(), &response.body()[..]), (status, body));
        });
    }
}

/// No redirect is followed: it could lead anywhere, and our headers with it.
#[test]
fn a_redirect_is_the_caller_s_to_follow() {
    on_both(async || {
        let (elsewhere, other) = listen().await;
        let says = format!("HTTP/1.1 301 Moved Permanently\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", url(other));
        let (address, task) = server(says.leak().as_bytes()).await;
        let error = connect(&url(address)).await.unwrap_err();
        let Error::Handshake(HandshakeError::Rejected(response)) = error else { panic!("{error:?}") };
        assert_eq!((response.status(), response.headers().get("Location")), (301, Some(&*url(other))));
        let (listener, _) = task.await.unwrap();
        // Whoever connects from now on is the first.
        for (listener, address) in [(elsewhere, other), (listener, address)] {
            let (ours, theirs) = tokio::join!(TcpStream::connect(address), listener.accept());
            assert_eq!(ours.unwrap().local_addr().unwrap(), theirs.unwrap().1);
        }
    });
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up() {
    for said in [&b""[..], b"HTTP/1.1 101 Switching Protocols\r\n"] {
        let (listener, address) = listen().await;
        let tcp = TcpStream::connect(address).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        server.write_all(said).await.unwrap();
        if !said.is_empty() {
            tcp.readable().await.unwrap();
        }
        tokio::time::pause();
        let request = sansws_tokio::ClientRequest::new("h", "/");
        let error = Connector::new().client(tcp, request).await.unwrap_err();
        assert!(matches!(error, Error::TimedOut(TimedOut::Handshake(_))), "{error}");
        tokio::time::resume();
        assert!(read_head(&mut server).await.starts_with("GET / HTTP/1.1\r\n"));
        assert_eq!(read_all(&mut server).await, b"", "dropped");
    }
}

#[test]
fn a_port_where_nobody_listens_refuses() {
    on_both(async || {
        let (listener, address) = listen().await;
        drop(listener);
        let error = connect(&url(address)).await.unwrap_err();
        assert!(matches!(&error, Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused), "{error}");
    });
}

#[test]
fn a_server_that_resets_is_gone() {
    on_both(async || {
        let (listener, address) = listen().await;
        let task = tokio::spawn(async move {
            let (mut tcp, _) = listener.accept().await.unwrap();
            tcp.read_u8().await.unwrap();
            tcp.set_zero_linger().unwrap();
        });
        let error = connect(&url(address)).await.unwrap_err();
        assert!(matches!(error, Error::Io(_)), "{error}");
        task.await.unwrap();
    });
}

async fn open(says: &str) -> (WsStream, JoinHandle<(TcpListener, TcpStream)>) {
    let (address, task) = server(format!("{ANSWER}{says}").leak().as_bytes()).await;
    (connect(&url(address)).await.unwrap(), task)
}

#[test]
fn frames_may_come_with_the_answer() {
    on_both(async || {
        let (mut ws, task) = open("\u{1}\u{2}he\u{0}\u{1}l").await;
        task.await.unwrap();
        let end = ws.next().await.unwrap();
        assert!(matches!(end, Err(Error::Protocol(ProtocolError::UnexpectedEof))), "{end:?}");
        assert!(ws.next().await.is_none());
    });
}

#[test]
fn broken_rules_are_told() {
    on_both(async || {
        let (mut ws, task) = open("\u{3}").await;
        let end = ws.next().await.unwrap();
        assert!(matches!(end, Err(Error::Protocol(ProtocolError::ReservedOpcode { opcode: 3 }))), "{end:?}");
        drop(ws);
        let (_, mut tcp) = task.await.unwrap();
        let told = read_all(&mut tcp).await;
        assert_eq!((told[0], told.len()), (0x88, 6 + 2 + "reserved opcode 0x3".len()));
    });
}
