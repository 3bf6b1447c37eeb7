//! Handshakes that come to nothing: by what the peer is, by what we want.

use crate::echo::Echo;
use crate::peer::{Peer, answer, frame, listen, request, together};
use crate::stage::url;
use crate::subject::{ClientOptions, ServerOptions, Subject};
use sansws_core::frame::{Opcode, Role};
use sansws_core::handshake::{HandshakeError, InvalidHead, Rejection, Response};
use sansws_driver::{Error, Origins, UrlError};
use socket2::{Domain, Socket, Type};
use std::io::ErrorKind;
use std::net::SocketAddr;

/// What a server with these options makes of a client that says this: what the client reads, how `accept` ends.
#[track_caller]
fn refuse(subject: &dyn Subject, options: ServerOptions, said: &[u8]) -> (String, Error) {
    let mut listener = subject.listen(options);
    let mut peer = Peer::client(listener.address());
    let (accepted, answer) = together(
        || listener.accept().map(drop),
        || {
            peer.write(said);
            let answer = peer.rest();
            peer.end();
            answer
        },
    );
    (String::from_utf8(answer.into()).unwrap(), accepted.unwrap_err())
}

/// The answer arrives, whatever comes behind the request.
pub(crate) fn clients_are_told_by_a_status(subject: &dyn Subject) {
    let valid = String::from_utf8(request("")).unwrap();
    let but = |from: &str, to: &str| {
        assert!(valid.contains(from), "{from:?}");
        valid.replace(from, to)
    };
    check(subject, but("GET", "POST"), 405);
    check(subject, but("HTTP/1.1", "HTTP/1.0"), 505);
    check(subject, but("Host: h\r\n", ""), 400);
    check(subject, but("Upgrade: websocket\r\n", ""), 426);
    check(subject, but("Connection: Upgrade\r\n", ""), 400);
    check(subject, but("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", ""), 400);
    check(subject, but("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZQ=="), 400);
    check(subject, but("Version: 13", "Version: 8"), 426);
    check(subject, request("Origin: http://evil\r\n"), 403);
    check(subject, request(&format!("X: {}\r\n", "y".repeat(9 << 10))), 431);
    check(subject, request(&"X: y\r\n".repeat(200)), 431);
    check(subject, [b'A'; 20_000], 414);
    check(subject, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505);
    check(subject, "SSH-2.0-OpenSSH_9.6\r\n\r\n", 400);
    check(subject, "\x16\x03\x01\x02\0\x01\0\x01\u{7f}\x03\x03 a ClientHello \r\n", 400);
    check(subject, [0; 100], 400);

    #[track_caller]
    fn check(subject: &dyn Subject, said: impl AsRef<[u8]>, status: u16) {
        for extra in [0, 1, 200_000] {
            let said = [said.as_ref(), &vec![b'x'; extra]].concat();
            let (answer, error) = refuse(subject, ServerOptions::default(), &said);
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{extra} bytes behind: {answer}");
            assert!(status != 426 || answer.contains("\r\nSec-WebSocket-Version: 13\r\n"), "{answer}");
            assert!(matches!(error, Error::Handshake(_) | Error::Refused(403)), "{error}");
        }
    }
}

/// A body, or a head that others may read in another way: what comes behind is neither frames nor another request.
pub(crate) fn what_may_smuggle(subject: &dyn Subject) {
    let behind = [request(""), frame(Role::Client, Opcode::Text, true, b"early"), request("")].concat();
    for headers in [
        "Content-Length: 5\r\n",
        "Content-Length: 0\r\nContent-Length: 0\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Content-Length: 0\r\nTransfer-Encoding: identity\r\n",
        "Host: other\r\n",
        "X : y\r\n",
        "X: y\n",
        "X: y\r\n folded\r\n",
        "X: y\rZ: z\r\n",
        "X: \0\r\n",
    ] {
        let said = [request(headers), behind.clone()].concat();
        let (answer, error) = refuse(subject, ServerOptions::default(), &said);
        assert!(answer.starts_with("HTTP/1.1 400 "), "{headers:?}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{headers:?}: {answer}");
        assert!(matches!(error, Error::Handshake(_)), "{headers:?}: {error}");
    }
}

pub(crate) fn clients_are_turned_away_by_the_program(subject: &dyn Subject) {
    let decide = |_: &mut _| Err(Rejection::new(503).body("full"));
    let said = [request(""), frame(Role::Client, Opcode::Text, true, b"early")].concat();
    let (answer, error) = refuse(subject, ServerOptions { decide, ..ServerOptions::default() }, &said);
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.ends_with("\r\n\r\nfull"), "{answer}");
    assert!(matches!(error, Error::Refused(503)), "{error}");
}

pub(crate) fn origins_are_a_choice(subject: &dyn Subject) {
    let list = Origins::List(vec!["https://good".into()]);
    check(subject, &Origins::Same, "", true);
    check(subject, &Origins::Same, "Origin: http://h\r\n", true);
    check(subject, &Origins::Same, "Origin: http://evil\r\n", false);
    check(subject, &list, "Origin: https://good\r\n", true);
    check(subject, &list, "Origin: http://h\r\n", false);
    check(subject, &Origins::Any, "Origin: http://evil\r\n", true);

    #[track_caller]
    fn check(subject: &dyn Subject, origins: &Origins, header: &str, expected: bool) {
        let options = ServerOptions { origins: origins.clone(), ..ServerOptions::default() };
        if !expected {
            let (answer, error) = refuse(subject, options, &request(header));
            assert!(answer.starts_with("HTTP/1.1 403 "), "{origins:?}, {header:?}: {answer}");
            return assert!(matches!(error, Error::Refused(403)), "{error}");
        }
        let mut listener = subject.listen(options);
        Peer::client(listener.address()).write(request(header));
        assert!(listener.accept().is_ok(), "{origins:?}, {header:?}");
    }
}

/// A client may still read when it has stopped writing, but there is no answer to half a request.
pub(crate) fn half_a_request_is_none(subject: &dyn Subject) {
    let request = request("");
    for len in [0, 1, 50, request.len() - 1] {
        let mut listener = subject.listen(ServerOptions::default());
        let mut peer = Peer::client(listener.address());
        peer.write(&request[..len]);
        peer.end();
        let error = listener.accept().map(drop).unwrap_err();
        assert!(matches!(error, Error::Handshake(HandshakeError::UnexpectedEof)), "{len} bytes: {error}");
        assert_eq!(peer.rest(), b""[..]);
    }
}

pub(crate) fn port_probes_do_no_harm(subject: &dyn Subject) {
    let server = subject.serve(ServerOptions::default(), Echo::Serve);
    for _ in 0..20 {
        drop(Peer::client(server.address()));
        Peer::client(server.address()).reset();
        Peer::client(server.address()).write(&request("")[..50]);
    }
    let (mut ws, _) = subject.connect(&url(server.address()), ClientOptions::default()).unwrap();
    ws.send("still there?".into()).unwrap();
    assert_eq!(ws.next().unwrap().unwrap(), "still there?".into());
}

/// What a client makes of a server that says this to its request, and ends the stream.
#[track_caller]
fn ask(subject: &dyn Subject, says: impl FnOnce(&str) -> Vec<u8> + Send) -> Error {
    let (listener, url) = listen();
    let (connected, ()) = together(
        || subject.connect(&url, ClientOptions::default()),
        || {
            let mut peer = Peer::server(&listener);
            let request = peer.head();
            let _ = peer.try_write(says(&request)); // more than is wanted, perhaps
            peer.end();
            peer.until_gone();
        },
    );
    connected.map(drop).unwrap_err()
}

pub(crate) fn servers_are_held_to_the_rules(subject: &dyn Subject) {
    use HandshakeError as E;
    let but = |from: &'static str, to: &'static str| {
        move |request: &str| {
            let answer = String::from_utf8(answer(request, "")).unwrap();
            assert!(answer.contains(from), "{from:?}");
            answer.replace(from, to).into_bytes()
        }
    };
    let with = |headers: &'static str| move |request: &str| answer(request, headers);
    let wrong_key = |_: &str| answer("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "");
    check(subject, wrong_key, &E::WrongAccept);
    check(subject, but("Upgrade: websocket\r\n", ""), &E::MissingHeader { name: "Upgrade" });
    check(subject, but("Upgrade: websocket", "Upgrade: h2c"), &E::MissingHeader { name: "Upgrade" });
    check(subject, but("Connection: Upgrade\r\n", ""), &E::MissingHeader { name: "Connection" });
    check(subject, but("Sec-WebSocket-Accept", "X"), &E::MissingHeader { name: "Sec-WebSocket-Accept" });
    check(subject, but("HTTP/1.1", "HTTP/1.0"), &E::UnsupportedHttp);
    check(subject, but("\r\n\r\n", "\r\n"), &E::UnexpectedEof);
    check(subject, with("Sec-WebSocket-Protocol: x\r\n"), &E::UnofferedProtocol);
    check(subject, with("Sec-WebSocket-Extensions: permessage-deflate\r\n"), &E::UnofferedExtension);
    check(subject, |_| Vec::new(), &E::UnexpectedEof);
    check(subject, |_| b"SSH-2.0-OpenSSH_9.6\r\n\r\n".into(), &E::Malformed);
    check(subject, |_| vec![b'x'; 20_000], &E::FirstLineTooLong { limit: 8 << 10 });
    check(subject, |_| "X: y\r\n".repeat(10_000).into(), &E::TooManyHeaders { limit: 100 });
    check(subject, |_| "HTTP/1.1 103 Early\r\n\r\n".repeat(10_000).into(), &E::HeadTooLong { limit: 16 << 10 });

    #[track_caller]
    fn check(subject: &dyn Subject, says: impl FnOnce(&str) -> Vec<u8> + Send, expected: &HandshakeError) {
        let error = ask(subject, says);
        assert!(matches!(&error, Error::Handshake(error) if error == expected), "{error:?}, not {expected:?}");
    }
}

fn rejected(subject: &dyn Subject, says: &str) -> Response {
    match ask(subject, |_| says.into()) {
        Error::Handshake(HandshakeError::Rejected(response)) => *response,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn refusals_come_with_their_body(subject: &dyn Subject) {
    check(subject, "HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\n\r\nno room", 404, "no room");
    check(subject, "HTTP/1.1 404 Not Found\r\n\r\nno room", 404, "no room");
    check(subject, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<html>", 200, "<html>");
    check(subject, "HTTP/1.0 502 Bad Gateway\r\n\r\n", 502, "");

    #[track_caller]
    fn check(subject: &dyn Subject, says: &str, status: u16, body: &str) {
        let response = rejected(subject, says);
        assert_eq!((response.status(), &response.body()[..]), (status, body.as_bytes()));
    }
}

/// It could lead anywhere, and our headers with it.
pub(crate) fn redirects_are_not_followed(subject: &dyn Subject) {
    let (elsewhere, location) = listen();
    let says = format!("HTTP/1.1 301 Moved Permanently\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
    let response = rejected(subject, &says);
    assert_eq!((response.status(), response.headers().get("Location")), (301, Some(&*location)));
    elsewhere.set_nonblocking(true).unwrap();
    assert_eq!(elsewhere.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "nobody came");
}

pub(crate) fn a_port_where_nobody_listens(subject: &dyn Subject) {
    let taken = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap(); // so that nobody else listens there
    taken.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let url = url(taken.local_addr().unwrap().as_socket().unwrap());
    let error = subject.connect(&url, ClientOptions::default()).map(drop).unwrap_err();
    assert!(matches!(&error, Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused), "{error}");
}

pub(crate) fn a_server_that_resets(subject: &dyn Subject) {
    let (listener, url) = listen();
    let (connected, ()) = together(
        || subject.connect(&url, ClientOptions::default()),
        || {
            let mut peer = Peer::server(&listener);
            peer.head();
            peer.reset();
        },
    );
    let error = connected.map(drop).unwrap_err();
    assert!(matches!(error, Error::Io(_)), "{error}");
}

/// It is found before anything is sent.
pub(crate) fn what_cannot_be_asked(subject: &dyn Subject) {
    let connect = |url: &str, options| subject.connect(url, options).map(drop).unwrap_err();
    let (_listener, url) = listen();
    let error = connect(&format!("{url}#a"), ClientOptions::default());
    assert!(matches!(error, Error::Url(UrlError::Fragment)), "{error}");
    let error = connect(&url.replace("ws:", "ftp:"), ClientOptions::default());
    assert!(matches!(&error, Error::Url(UrlError::Scheme(_))), "{error}");
    let headers = vec![("X".into(), "y\r\nZ: smuggled".into())];
    let error = connect(&url, ClientOptions { headers, ..ClientOptions::default() });
    assert!(matches!(error, Error::Head(_)), "{error}");
    let protocols = vec!["a".into(), "a".into()];
    let error = connect(&url, ClientOptions { protocols, ..ClientOptions::default() });
    assert!(matches!(error, Error::Head(InvalidHead::DuplicateProtocol(_))), "{error}");
}
