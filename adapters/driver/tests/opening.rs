#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
//! How connections open, and how they do not: both ends of the opening handshake over a transport.

mod support;

use sansws_core::frame::{Opcode, Role};
use sansws_core::handshake::{
    ClientRequest, HandshakeError, HandshakeLimits, InvalidHead, Offer, Rejection, Response, accept_key,
};
use sansws_core::{Config, ProtocolError};
use sansws_driver::{Error, Origins, UrlError};
use std::io::ErrorKind;
use std::pin::pin;
use support::pipe::pipe;
use support::script::{Cut, Peer, Read, Write, script, sends};
use support::task::{poll_and_drop, run, run_until_idle};
use support::{Acceptor, Connector, Failure, REQUEST, net, time, wire};

/// A request with these headers beside those it must have.
fn request(headers: &[&str]) -> Vec<u8> {
    let more: String = headers.iter().flat_map(|header| [header, "\r\n"]).collect();
    [&REQUEST[..REQUEST.len() - 2], more.as_bytes(), b"\r\n"].concat()
}

/// The status of what was answered, which must be whole.
#[track_caller]
fn status(peer: &Peer) -> Option<u16> {
    let answer = String::from_utf8(peer.written()).unwrap();
    if answer.is_empty() {
        return None;
    }
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
    assert_eq!(length.map(str::parse), length.map(|_| Ok(body.len())));
    Some(head.strip_prefix("HTTP/1.1 ").unwrap()[..3].parse().unwrap())
}

mod refusals {
    use super::*;
    use HandshakeError as E;

    /// The answer is written, our side of the stream ended, and what the client still sends read until it ends its
    /// own: else it might never see the answer.
    #[test]
    fn are_answered_and_arrive() {
        check(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", 426, &E::MissingHeader { name: "Upgrade" });
        check(b"POST / HTTP/1.1\r\n\r\n", 405, &E::MethodNotGet);
        check(b"GET / HTTP/1.0\r\n\r\n", 505, &E::UnsupportedHttp);
        check(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n", 400, &E::Malformed); // TLS
        check(b"hello\r\n\r\n", 400, &E::Malformed);
        check(b"GET / HTTP/1.1\nHost: h\n\n", 400, &E::Malformed);
        check(b"GET /# HTTP/1.1\r\nHost: h\r\n\r\n", 400, &E::InvalidTarget);
        check(&request(&["Content-Length: 5"]), 400, &E::BodyNotAllowed);
        check(&request(&["Sec-WebSocket-Version: 8"]), 400, &E::DuplicateHeader { name: "Sec-WebSocket-Version" });
        check(&[b'G'; 9000], 414, &E::FirstLineTooLong { limit: 8192 });
        check(&request(&[&"X: y\r\n".repeat(100)]), 431, &E::TooManyHeaders { limit: 100 });
        check(&request(&[&format!("X: {}", "y".repeat(9000))]), 431, &E::LineTooLong { limit: 8192 });

        #[track_caller]
        fn check(request: &[u8], expected: u16, error: &HandshakeError) {
            for cut in Cut::ALL {
                let (peer, transport) = script(cut, [Read::Data(request.into())]);
                {
                    let acceptor = Acceptor::new();
                    let mut accepting = pin!(acceptor.accept(transport));
                    assert!(run_until_idle(accepting.as_mut()).is_none(), "waits for the client to end the stream");
                    assert_eq!(status(&peer), Some(expected));
                    assert!(peer.is_shut_down() && !peer.is_dropped());
                    peer.sends(vec![b'x'; 5000]);
                    assert!(run_until_idle(accepting.as_mut()).is_none());
                    assert_eq!(peer.steps_left(), 0, "it is read, or the answer may be lost");
                    peer.then(Read::Eof);
                    let refused = run(accepting).map(|_| ()).map_err(Failure::from);
                    assert_eq!(refused, Err(Failure::Handshake(error.clone())), "{cut:?}");
                }
                assert!(peer.is_dropped());
            }
        }
    }

    #[test]
    fn are_not_drained_without_end() {
        for said in [vec![b'x'], REQUEST.to_vec()] {
            let (peer, transport) = script(Cut::NONE, [Read::Data(b"?\r\n\r\n".into()), Read::Endless(said)]);
            assert!(matches!(run(Acceptor::new().accept(transport)), Err(Error::Handshake(_))));
            assert_eq!(status(&peer), Some(400));
            assert!((256 << 10..272 << 10).contains(&peer.given()), "{} bytes", peer.given());
        }
    }

    /// What the client does meanwhile does not change what it did before.
    #[test]
    fn may_fail_to_be_sent() {
        let write = Write::Error(ErrorKind::BrokenPipe);
        check(|peer| peer.writes([write]));
        check(|peer| peer.writes([Write::Limit(10), write]));
        check(|peer| peer.flushes([write]));
        check(|peer| peer.shutdowns([write]));
        check(|peer| peer.then(Read::Error(ErrorKind::ConnectionReset)));

        #[track_caller]
        fn check(fails: impl Fn(&Peer)) {
            let (peer, transport) = script(Cut::NONE, [Read::Data(b"?\r\n\r\n".into())]);
            fails(&peer);
            peer.then(Read::Eof);
            let refused = run(Acceptor::new().accept(transport)).map(|_| ()).map_err(Failure::from);
            assert_eq!(refused, Err(Failure::Handshake(E::Malformed)));
            assert!(peer.is_dropped());
        }
    }

    #[test]
    fn of_what_costs_too_much() {
        let limits = HandshakeLimits { head: 100, headers: 2, ..HandshakeLimits::default() };
        let (peer, transport) = script(Cut::NONE, [Read::Data(REQUEST.into()), Read::Eof]);
        let refused = run(Acceptor::new().handshake_limits(limits).accept(transport)).map(|_| ());
        assert_eq!(refused.map_err(Failure::from), Err(Failure::Handshake(E::TooManyHeaders { limit: 2 })));
        assert_eq!(status(&peer), Some(431));
    }
}

mod a_client_vanishes {
    use super::*;

    /// There is nobody to answer.
    #[test]
    fn at_any_byte_of_its_request() {
        for cut in Cut::ALL {
            for len in 0..REQUEST.len() {
                check(cut, len, Read::Eof, &Failure::Handshake(HandshakeError::UnexpectedEof));
                let kind = ErrorKind::ConnectionReset;
                check(cut, len, Read::Error(kind), &Failure::Io(kind));
            }
        }

        #[track_caller]
        fn check(cut: Cut, len: usize, end: Read, expected: &Failure) {
            let (peer, transport) = script(cut, [Read::Data(REQUEST[..len].into()), end]);
            let refused = run(Acceptor::new().accept(transport)).map(|_| ()).map_err(Failure::from);
            assert_eq!(refused.as_ref(), Err(expected), "{len} bytes, {cut:?}");
            assert!(peer.written().is_empty() && peer.is_dropped());
        }
    }

    #[test]
    fn at_any_byte_of_the_answer() {
        for len in 0..100 {
            let (peer, transport) = script(Cut::NONE, [Read::Data(REQUEST.into())]);
            peer.writes([Write::Limit(len), Write::Error(ErrorKind::BrokenPipe)]);
            let refused = run(Acceptor::new().accept(transport)).map(|_| ()).map_err(Failure::from);
            let expected = if len == 0 { ErrorKind::WriteZero } else { ErrorKind::BrokenPipe };
            assert_eq!(refused, Err(Failure::Io(expected)));
            assert!(peer.is_dropped());
        }
    }

    /// With a message of its own in flight, which nobody takes before the connection is open.
    #[test]
    fn behind_a_message() {
        let said = [REQUEST, &wire::text(Role::Client, "early")].concat();
        let (peer, transport) = script(Cut::NONE, [Read::Data(said)]);
        peer.writes([Write::Error(ErrorKind::BrokenPipe)]);
        let refused = run(Acceptor::new().accept(transport)).map(|_| ()).map_err(Failure::from);
        assert_eq!(refused, Err(Failure::Io(ErrorKind::BrokenPipe)));
        assert!(peer.is_dropped());
    }

    #[test]
    fn with_an_accept_that_is_dropped() {
        (0..).any(|polls| {
            let cut = Cut { read: 1, write: 1, hesitates: true };
            let (peer, transport) = script(cut, [Read::Data(REQUEST.into())]);
            let done = poll_and_drop(Acceptor::new().accept(transport), polls).is_some();
            assert!(peer.is_dropped());
            assert!(!time::advance_to_next(), "no timer is left");
            done
        });
    }
}

mod answers {
    use super::*;

    #[test]
    fn a_request_is_answered_whatever_its_cuts() {
        let expected = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
            Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
        for cut in Cut::ALL {
            let (peer, transport) = script(cut, [Read::Data(REQUEST.into())]);
            let ws = run(Acceptor::new().accept(transport)).unwrap();
            assert_eq!(String::from_utf8(peer.written()).unwrap(), expected, "{cut:?}");
            assert_eq!(ws.protocol(), None);
        }
    }

    /// Clients need not wait for the answer before they send.
    #[test]
    fn what_comes_behind_the_request_is_frames() {
        let said = [REQUEST, &wire::text(Role::Client, "one"), &wire::ping(Role::Client, b"p"), b"\x81\x83"].concat();
        for cut in Cut::ALL {
            let (peer, transport) = script(cut, [Read::Data(said.clone())]);
            let mut ws = run(Acceptor::new().accept(transport)).unwrap();
            peer.sends(wire::text(Role::Client, "two")[2..].into());
            assert_eq!(run(ws.next()).unwrap().unwrap(), "one".into(), "{cut:?}");
            assert_eq!(run(ws.next()).unwrap().unwrap(), "two".into(), "{cut:?}");
            assert!(run_until_idle(pin!(ws.next())).is_none());
            let head = peer.written().windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
            let frames = wire::frames(Role::Server, &peer.written()[head..]);
            assert_eq!(wire::payloads(&frames, Opcode::Pong), [&b"p"[..]]);
        }
    }

    /// A violation behind the request is that of an open connection.
    #[test]
    fn what_comes_behind_the_request_may_be_wrong() {
        let said = [REQUEST, b"\x81\x00"].concat();
        let (peer, transport) = script(Cut::NONE, [Read::Data(said), Read::Eof]);
        let mut ws = run(Acceptor::new().accept(transport)).unwrap();
        let end = run(ws.next()).unwrap().map_err(Failure::from);
        assert_eq!(end, Err(Failure::Protocol(ProtocolError::Unmasked)));
        assert!(peer.written().ends_with(b"unmasked frame from a client"));
    }

    #[test]
    fn the_config_is_that_of_the_acceptor() {
        let config = Config { limits: sansws_core::Limits { message: 3, ..Default::default() }, ..Config::default() };
        let said = [REQUEST, &wire::text(Role::Client, "four")].concat();
        let (_, transport) = script(Cut::NONE, [Read::Data(said), Read::Eof]);
        let mut ws = run(Acceptor::new().config(config).accept(transport)).unwrap();
        let end = run(ws.next()).unwrap().map_err(Failure::from);
        assert_eq!(end, Err(Failure::Protocol(ProtocolError::TooBig { limit: 3, size: 4 })));
    }
}

mod origins {
    use super::*;

    #[test]
    fn same_means_host_and_port() {
        let same = |headers: &[&str]| answer(&Origins::Same, headers);
        assert_eq!(same(&[]), 101, "not a browser");
        assert_eq!(same(&["Origin: http://h"]), 101);
        assert_eq!(same(&["Origin: https://h"]), 101);
        assert_eq!(same(&["Origin: https://H"]), 101);
        assert_eq!(same(&["origin: http://h"]), 101);
        assert_eq!(same(&["Origin: http://h:8080"]), 403);
        assert_eq!(same(&["Origin: http://evil"]), 403);
        assert_eq!(same(&["Origin: http://h.evil"]), 403);
        assert_eq!(same(&["Origin: http://evil/http://h"]), 403);
        assert_eq!(same(&["Origin: http://evil?://h"]), 403);
        assert_eq!(same(&["Origin: http://user@h"]), 403);
        assert_eq!(same(&["Origin: null"]), 403);
        assert_eq!(same(&["Origin: h"]), 403);
        assert_eq!(same(&["Origin:"]), 403);
        assert_eq!(same(&["Origin: file://"]), 403);
        assert_eq!(same(&["Origin: http://h http://evil"]), 403);
        assert_eq!(same(&["Origin: http://evil http://h"]), 403);
        assert_eq!(same(&["Origin: http://evil, http://h"]), 403);
    }

    #[test]
    fn a_list_means_these_and_no_others() {
        let list = Origins::List(vec!["https://a.example".into(), "https://b.example:8443".into(), "null".into()]);
        let listed = |headers: &[&str]| answer(&list, headers);
        assert_eq!(listed(&[]), 101, "not a browser");
        assert_eq!(listed(&["Origin: https://a.example"]), 101);
        assert_eq!(listed(&["Origin: https://A.example"]), 101);
        assert_eq!(listed(&["Origin: https://b.example:8443"]), 101);
        assert_eq!(listed(&["Origin: null"]), 101);
        assert_eq!(listed(&["Origin: http://a.example"]), 403);
        assert_eq!(listed(&["Origin: https://a.example:8443"]), 403);
        assert_eq!(listed(&["Origin: https://b.example"]), 403);
        assert_eq!(listed(&["Origin: https://a.example.evil"]), 403);
        assert_eq!(listed(&["Origin: http://h"]), 403, "the host's own pages are not listed");
    }

    #[test]
    fn any_means_any() {
        for origin in ["Origin: https://evil", "Origin: null", "Origin:"] {
            assert_eq!(answer(&Origins::Any, &[origin]), 101);
        }
    }

    /// Nobody may read one where another reads two, or none where there is one.
    #[test]
    fn what_is_no_origin_is_refused_by_all() {
        for policy in [Origins::Same, Origins::List(vec!["http://h".into()]), Origins::Any] {
            assert_eq!(answer(&policy, &["Origin: http://h", "Origin: http://h"]), 400);
            assert_eq!(answer(&policy, &["Origin: http://h", "Origin: http://evil"]), 400);
            assert_eq!(answer(&policy, &["Origin: http://h\u{e9}"]), 400);
        }
    }

    /// The host of an absolute target is that of the request (RFC 9112 §3.2.2).
    #[test]
    fn the_host_may_be_in_the_target() {
        let absolute = |origin: &str| {
            let request = String::from_utf8(request(&[origin])).unwrap();
            answer_to(&Origins::Same, request.replacen("GET /", "GET http://other/", 1).into())
        };
        assert_eq!(absolute("Origin: http://other"), 101);
        assert_eq!(absolute("Origin: http://h"), 403);
    }

    #[track_caller]
    fn answer(policy: &Origins, headers: &[&str]) -> u16 {
        answer_to(policy, request(headers))
    }

    #[track_caller]
    fn answer_to(policy: &Origins, request: Vec<u8>) -> u16 {
        let (peer, transport) = script(Cut::NONE, [Read::Data(request), Read::Eof]);
        let accepted = run(Acceptor::new().origins(policy.clone()).accept(transport));
        let status = status(&peer).unwrap();
        match accepted {
            Ok(_) => assert_eq!(status, 101),
            Err(Error::Refused(refused)) => assert_eq!(status, refused),
            Err(error) => assert!(matches!(error, Error::Handshake(_)) && status == 400, "{error}"),
        }
        status
    }
}

mod subprotocols {
    use super::*;

    #[test]
    fn the_client_s_order_counts() {
        check(&[], &[], None);
        check(&[], &["a"], None);
        check(&["Sec-WebSocket-Protocol: a"], &[], None);
        check(&["Sec-WebSocket-Protocol: a"], &["b"], None);
        check(&["Sec-WebSocket-Protocol: a"], &["b", "a"], Some("a"));
        check(&["Sec-WebSocket-Protocol: a, b"], &["b", "a"], Some("a"));
        check(&["Sec-WebSocket-Protocol: c , b,a"], &["b", "a"], Some("b"));
        check(&["Sec-WebSocket-Protocol: c", "Sec-WebSocket-Protocol: b"], &["a", "b"], Some("b"));
        check(&["Sec-WebSocket-Protocol: A"], &["a"], None); // they differ by case

        #[track_caller]
        fn check(headers: &[&str], ours: &[&str], chosen: Option<&str>) {
            let (peer, transport) = sends(request(headers));
            let ws = run(Acceptor::new().protocols(ours.iter().copied()).accept(transport)).unwrap();
            assert_eq!(ws.protocol(), chosen);
            let answer = String::from_utf8(peer.written()).unwrap();
            let line = answer.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Protocol: "));
            assert_eq!(line, chosen);
        }
    }

    #[test]
    fn both_ends_agree() {
        let (a, b) = pipe(1000, Cut::NONE);
        let (acceptor, connector) =
            (Acceptor::new().protocols(["b", "a"]), Connector::new().protocols(["c", "a", "b"]));
        let (server, client) =
            run(futures_util::future::join(acceptor.accept(a), connector.client(b, ClientRequest::new("h", "/"))));
        let (server, (client, response)) = (server.unwrap(), client.unwrap());
        assert_eq!((server.protocol(), client.protocol(), response.protocol()), (Some("a"), Some("a"), Some("a")));
    }
}

mod decisions {
    use super::*;

    #[test]
    fn a_decision_adds_headers_and_chooses() {
        let (peer, transport) = sends(request(&["Sec-WebSocket-Protocol: a, b"]));
        let acceptor = Acceptor::new().protocols(["a", "b"]);
        let decide = |offer: &mut Offer| {
            assert_eq!((offer.request().path(), offer.protocol()), ("/", Some("a")));
            offer.select_protocol("b").unwrap();
            offer.add_header("Set-Cookie", "id=1").unwrap();
            assert_eq!(offer.add_header("X", "a\r\nY: b"), Err(InvalidHead::HeaderValue { name: "X".into() }));
            Ok(())
        };
        let ws = run(acceptor.accept_with(transport, decide)).unwrap();
        assert_eq!(ws.protocol(), Some("b"));
        let answer = String::from_utf8(peer.written()).unwrap();
        assert!(answer.contains("\r\nSet-Cookie: id=1\r\n") && !answer.contains("Y: b"));
    }

    #[test]
    fn a_decision_turns_away() {
        let (peer, transport) = script(Cut::NONE, [Read::Data(REQUEST.into()), Read::Eof]);
        let decide = |_: &mut Offer| Err(Rejection::new(401).header("WWW-Authenticate", "Basic").unwrap().body("who?"));
        let refused = run(Acceptor::new().accept_with(transport, decide)).map(|_| ()).map_err(Failure::from);
        assert_eq!(refused, Err(Failure::Refused(401)));
        assert_eq!(status(&peer), Some(401));
        let answer = String::from_utf8(peer.written()).unwrap();
        assert!(answer.contains("\r\nWWW-Authenticate: Basic\r\n") && answer.ends_with("\r\n\r\nwho?"));
    }

    #[test]
    fn there_is_nothing_to_decide_about_what_is_refused_anyway() {
        let requests = [request(&["Origin: http://evil"]), request(&["Content-Length: 1"]), b"?\r\n\r\n".to_vec()];
        for request in requests {
            let (_, transport) = script(Cut::NONE, [Read::Data(request), Read::Eof]);
            let decide = |_: &mut Offer| -> Result<(), Rejection> { panic!("was asked") };
            assert!(run(Acceptor::new().accept_with(transport, decide)).is_err());
        }
    }
}

mod clients {
    use super::*;

    type Opened = Result<(sansws_driver::WsStream<support::script::Scripted, time::Manual>, Response), Failure>;

    /// Asks, and gets this answer, in which `{accept}` stands for what belongs there.
    #[track_caller]
    fn ask(connector: &Connector, cut: Cut, answer: &str, end: Option<Read>) -> (Peer, Opened) {
        let (peer, transport) = script(cut, []);
        let opened = {
            let mut asking = pin!(connector.client(transport, ClientRequest::new("h", "/chat?room=1")));
            assert!(run_until_idle(asking.as_mut()).is_none());
            let asked = String::from_utf8_lossy(&peer.written()).into_owned();
            let key = asked.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
            peer.sends(answer.replace("{accept}", &accept_key(key.as_bytes())).into());
            end.into_iter().for_each(|end| peer.then(end));
            run(asking).map_err(Failure::from)
        };
        (peer, opened)
    }

    const ANSWER: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Accept: {accept}\r\n\r\n";

    #[test]
    fn ask_for_what_the_connector_knows() {
        let connector = Connector::new().protocols(["a", "b"]).header("Origin", "http://h").header("X", b"\xe9");
        let (peer, opened) = ask(&connector, Cut::NONE, ANSWER, None);
        assert!(opened.is_ok());
        let asked: Vec<u8> = peer.written();
        let (start, rest) = asked.split_at(asked.windows(19).position(|at| at == b"Sec-WebSocket-Key: ").unwrap());
        assert_eq!(start, b"GET /chat?room=1 HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n");
        let rest = &rest["Sec-WebSocket-Key: ".len() + 24..];
        assert_eq!(
            rest,
            b"\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: a, b\r\nOrigin: http://h\r\nX: \xe9\r\n\r\n"
        );
    }

    #[test]
    fn ask_with_another_key_each_time() {
        let asked = [(); 2].map(|()| ask(&Connector::new(), Cut::NONE, ANSWER, None).0.written());
        assert_ne!(asked[0], asked[1]);
    }

    #[test]
    fn take_the_answer_whatever_its_cuts() {
        let interim = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
        for cut in Cut::ALL {
            let answer = format!("{interim}{ANSWER}\u{1}\u{2}he\u{0}\u{1}");
            let (peer, opened) = ask(&Connector::new(), cut, &answer, None);
            let (mut ws, response) = opened.unwrap();
            assert_eq!((response.status(), response.reason()), (101, "Switching Protocols"));
            peer.sends(b"y\x80\x00".into());
            assert_eq!(run(ws.next()).unwrap().unwrap(), "hey".into(), "frames behind the head, {cut:?}");
        }
    }

    #[test]
    fn hold_the_server_to_the_rules() {
        use HandshakeError as E;
        check(&ANSWER.replace("{accept}", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), &E::WrongAccept);
        check(&ANSWER.replace("Upgrade: websocket", "Upgrade: h2c"), &E::MissingHeader { name: "Upgrade" });
        check(&ANSWER.replace("Connection: Upgrade", "Connection: close"), &E::MissingHeader { name: "Connection" });
        check(&ANSWER.replace("Sec-", "X-"), &E::MissingHeader { name: "Sec-WebSocket-Accept" });
        check(&ANSWER.replace("\r\n\r\n", "\r\nSec-WebSocket-Protocol: a\r\n\r\n"), &E::UnofferedProtocol);
        check(&ANSWER.replace("\r\n\r\n", "\r\nSec-WebSocket-Extensions: x\r\n\r\n"), &E::UnofferedExtension);
        check(&ANSWER.replace("1.1", "1.0"), &E::UnsupportedHttp);
        check("SSH-2.0-OpenSSH\r\n\r\n", &E::Malformed);
        check("\0", &E::Malformed);
        check(&"HTTP/1.1 100 Continue\r\n\r\n".repeat(1000), &E::HeadTooLong { limit: 16 << 10 });
        check(&format!("HTTP/1.1 101 {}", "x".repeat(9000)), &E::FirstLineTooLong { limit: 8 << 10 });

        #[track_caller]
        fn check(answer: &str, error: &HandshakeError) {
            for cut in Cut::ALL {
                let (peer, opened) = ask(&Connector::new(), cut, answer, None);
                assert_eq!(opened.map(|_| ()), Err(Failure::Handshake(error.clone())), "{cut:?}");
                assert!(peer.is_dropped());
            }
        }
    }

    /// No redirect is followed, no password asked for: the caller decides.
    #[test]
    fn tell_what_the_server_said_instead() {
        check("HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\n\r\nno room", None, 404, b"no room");
        check("HTTP/1.1 301 Moved\r\nLocation: ws://other/\r\nContent-Length: 0\r\n\r\n", None, 301, b"");
        check("HTTP/1.1 200 OK\r\n\r\n<html>", Some(Read::Eof), 200, b"<html>");
        check("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n<html>", Some(Read::Eof), 200, b"<html>");
        let reset = || Some(Read::Error(ErrorKind::ConnectionReset));
        check("HTTP/1.1 503 Busy\r\nContent-Length: 99\r\n\r\nlat", reset(), 503, b"lat");
        check(&format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(99_000)), None, 200, &[b'x'; 16 << 10]);

        #[track_caller]
        fn check(answer: &str, end: Option<Read>, status: u16, body: &[u8]) {
            for cut in Cut::ALL {
                let (peer, opened) = ask(&Connector::new(), cut, answer, end.clone());
                let Err(Failure::Handshake(HandshakeError::Rejected(response))) = opened.map(|_| ()) else {
                    panic!("not rejected")
                };
                assert_eq!((response.status(), &response.body()[..]), (status, body), "{cut:?}");
                assert!(peer.is_dropped());
            }
        }
    }

    #[test]
    fn tell_that_the_server_vanished() {
        for len in 0..ANSWER.len() + 20 {
            let error = Failure::Handshake(HandshakeError::UnexpectedEof);
            let check = |end: Read, expected: Failure| {
                let (_, transport) =
                    script(Cut::NONE, [Read::Data(ANSWER.bytes().cycle().take(len % 30).collect()), end]);
                let asked = run(Connector::new().client(transport, ClientRequest::new("h", "/")));
                assert_eq!(asked.map(|_| ()).map_err(Failure::from), Err(expected));
            };
            check(Read::Eof, error);
            check(Read::Error(ErrorKind::ConnectionReset), Failure::Io(ErrorKind::ConnectionReset));
        }
    }

    #[test]
    fn send_nothing_that_is_not_what_was_meant() {
        let (peer, transport) = script(Cut::NONE, []);
        let check = |connector: Connector, request, expected| {
            let (peer, transport) = script(Cut::NONE, []);
            let asked = run(connector.client(transport, request)).map(|_| ()).map_err(Failure::from);
            assert_eq!(asked, Err(Failure::Head(expected)));
            assert!(peer.written().is_empty() && peer.is_dropped());
        };
        drop((peer, transport));
        let fine = || ClientRequest::new("h", "/");
        check(Connector::new().header("X", "a\r\nY: b"), fine(), InvalidHead::HeaderValue { name: "X".into() });
        check(Connector::new().header("Host", "other"), fine(), InvalidHead::ReservedHeader("Host".into()));
        check(Connector::new().protocols(["a b"]), fine(), InvalidHead::Protocol("a b".into()));
        check(Connector::new().protocols(["a", "a"]), fine(), InvalidHead::DuplicateProtocol("a".into()));
        check(
            Connector::new(),
            ClientRequest::new("h", "/ HTTP/1.1\r\nX: y"),
            InvalidHead::Target("/ HTTP/1.1\r\nX: y".into()),
        );
        check(Connector::new(), ClientRequest::new("h\r\nX: y", "/"), InvalidHead::Host("h\r\nX: y".into()));
    }

    #[test]
    fn ask_for_what_the_url_says() {
        check(Connector::new(), "ws://Example.com:8080/a?b", "GET /a?b HTTP/1.1\r\nHost: example.com:8080\r\n", None);
        check(Connector::new(), "http://[::1]", "GET / HTTP/1.1\r\nHost: [::1]\r\n", None);
        let info = "ws://a%40b:c:d@h/";
        let head = "GET / HTTP/1.1\r\nHost: h\r\n";
        check(Connector::new().header("Cookie", "x"), info, head, Some("Authorization: Basic YUBiOmM6ZA=="));
        check(Connector::new().header("authorization", "Bearer x"), info, head, Some("authorization: Bearer x"));

        #[track_caller]
        fn check(connector: Connector, url: &str, start: &str, authorization: Option<&str>) {
            let server = || {
                let (peer, transport) = script(Cut::NONE, [Read::Eof]);
                net::servers([Some(Ok(transport))]);
                peer
            };
            let asked = [
                {
                    let peer = server();
                    assert!(run(connector.connect(url)).is_err());
                    peer.written()
                },
                #[cfg(unix)]
                {
                    let peer = server();
                    assert!(run(connector.connect_unix("127.0.0.1", url)).is_err());
                    peer.written()
                },
            ];
            for asked in asked {
                let asked = String::from_utf8(asked).unwrap();
                assert!(asked.starts_with(start), "{asked}");
                let lines = asked.lines().filter(|line| line.to_ascii_lowercase().starts_with("authorization"));
                assert_eq!(lines.collect::<Vec<_>>(), authorization.into_iter().collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn tell_why_there_is_no_connection() {
        net::servers([]);
        check("ws://h", &Failure::Io(ErrorKind::NotFound));
        check("ws://nowhere", &Failure::Io(ErrorKind::NotFound));
        #[cfg(not(any(feature = "tls-webpki-roots", feature = "tls-platform-verifier")))]
        check("wss://h", &Failure::Url(UrlError::NoTls));
        check("ws://h/#a", &Failure::Url(UrlError::Fragment));
        check("mailto:h", &Failure::Url(UrlError::Scheme("mailto".into())));
        check("ws://a%3Ab@h", &Failure::Url(UrlError::Credentials));
        net::servers([Some(net::closes())]);
        check("ws://{h}", &Failure::Head(InvalidHead::Host("{h}".into()))); // a host to the URL standard, not to HTTP

        #[track_caller]
        fn check(url: &str, expected: &Failure) {
            let asked = run(Connector::new().connect(url)).map(|_| ()).map_err(Failure::from);
            assert_eq!(asked.as_ref(), Err(expected), "{url}");
            #[cfg(unix)]
            if matches!(expected, Failure::Url(_)) {
                let asked = run(Connector::new().connect_unix("nowhere", url)).map(|_| ()).map_err(Failure::from);
                assert_eq!(asked.as_ref(), Err(expected), "{url}");
            }
        }
    }
}

/// Both ends of this crate, over pipes of any size, cut anywhere.
#[test]
fn both_ends_open_and_talk() {
    for cut in Cut::ALL {
        for size in [1, 50, 10_000] {
            let (a, b) = pipe(size, cut);
            let server = async {
                let mut ws = Acceptor::new().accept(a).await.unwrap();
                ws.serve(|message, sender| sender.send_ref(message)).await.unwrap();
                assert!(ws.is_clean());
            };
            let client = async {
                let (mut ws, _) = Connector::new().client(b, ClientRequest::new("h", "/")).await.unwrap();
                ws.send("hello").await.unwrap();
                assert_eq!(ws.next().await.unwrap().unwrap(), "hello".into());
                ws.close(None).await.unwrap();
            };
            run(futures_util::future::join(server, client));
        }
    }
}
