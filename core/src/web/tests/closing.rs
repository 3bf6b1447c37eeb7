//! `close`, and who goes away.

use super::*;

/// W051–W055, W061: the code is looked at first, the state last, and what throws changes nothing.
#[test]
fn arguments() {
    let long = "é".repeat(62); // 124 bytes
    let too_long = DomException::from(SyntaxError::ReasonTooLong { len: 124 });
    for code in (0..5_100).chain([u16::MAX]) {
        let valid = code == 1000 || (3000..5000).contains(&code);
        let invalid = DomException::from(InvalidAccessError { code });
        check(code, Some(&long), Err(if valid { too_long.clone() } else { invalid.clone() }));
        check(code, Some("bye"), if valid { Ok(()) } else { Err(invalid) });
    }
    check(None, Some(&long), Err(too_long));
    check(None, Some(&long.replacen('é', "e", 1)), Ok(()));
    check(None, None, Ok(()));

    #[track_caller]
    fn check(code: impl Into<Option<u16>>, reason: Option<&str>, expected: Result<(), DomException>) {
        let mut socket = socket(());
        assert_eq!(socket.close(code, reason), expected);
        let state = if expected.is_ok() { WebSocket::CLOSING } else { WebSocket::CONNECTING };
        assert_eq!((socket.ready_state(), socket.is_over()), (state, expected.is_ok()));
    }
}

/// W054: also where a valid one would do nothing.
#[test]
fn arguments_count_in_any_state() {
    let mut pair = Pair::open();
    for _ in 0..2 {
        assert_eq!(pair.socket.close(999, None).unwrap_err().name(), "InvalidAccessError");
        assert_eq!(pair.socket.close(None, &*"a".repeat(124)).unwrap_err().name(), "SyntaxError");
        pair.socket.close(None, None).unwrap();
        pair.told();
    }
}

/// W058–W061: what the server gets, and what is told.
#[test]
fn frames() {
    check(None, None, crate::Event::Close(None), "close clean 1005 \"\" Closed");
    check(Some(1000), None, crate::Event::Close(close(1000, "")), "close clean 1000 \"\" Closed");
    check(Some(4999), Some("bye"), crate::Event::Close(close(4999, "bye")), "close clean 4999 \"\" Closed");
    check(None, Some("bye"), crate::Event::Close(close(1000, "bye")), "close clean 1000 \"\" Closed");

    #[track_caller]
    fn check(code: Option<u16>, reason: Option<&str>, heard: crate::Event, event: &str) {
        let mut pair = Pair::open();
        pair.socket.close(code, reason).unwrap();
        assert_eq!(pair.socket.ready_state(), WebSocket::CLOSING);
        assert_eq!(pair.told(), [event]);
        assert_eq!(pair.heard, [heard]);
    }
}

/// W062: also what had to wait for room.
#[test]
fn messages_before() {
    let mut pair = Pair::open();
    for _ in 0..9 {
        pair.socket.send(vec![0; 100_000]).unwrap();
    }
    pair.socket.close(None, None).unwrap();
    assert_eq!(pair.told(), ["close clean 1005 \"\" Closed"]);
    assert_eq!((pair.heard.len(), pair.heard.last()), (10, Some(&crate::Event::Close(None))));
}

/// W056, W074.
#[test]
fn again() {
    let mut pair = Pair::open();
    pair.socket.close(3000, "first").unwrap();
    pair.socket.close(3001, "second").unwrap();
    assert_eq!(pair.told(), ["close clean 3000 \"\" Closed"]);
    pair.socket.close(3002, "third").unwrap();
    assert_eq!(pair.told(), [""; 0]);
    assert_eq!(pair.heard, [crate::Event::Close(close(3000, "first"))]);
}

/// W057: whether it is open on the wire or not, it never opens.
#[test]
fn before_it_is_open() {
    let mut early = socket(());
    early.close(1000, "bye").unwrap();
    let mut pair = Pair::connected(socket(()));
    pair.server.send("hi").unwrap();
    pair.turn();
    pair.socket.close(None, None).unwrap();
    for mut socket in [early, pair.socket] {
        assert_eq!((socket.ready_state(), socket.is_over()), (WebSocket::CLOSING, true));
        assert!(answer(&mut socket, format!("{ANSWER}\r\n")).is_some()); // too late
        let Some(Event::Error(Failure::ClosedEarly)) = socket.poll_event() else { panic!() };
        assert_eq!(told(&mut socket), ["close unclean 1006 \"\" Closed"]);
    }
}

/// W063: the peer was first, though nobody was told.
#[test]
fn after_the_peer() {
    let mut pair = Pair::open();
    pair.server.close(close(4000, "server")).unwrap();
    pair.turn();
    assert_eq!(pair.socket.ready_state(), WebSocket::OPEN);
    pair.socket.close(3000, "client").unwrap();
    assert_eq!(pair.socket.ready_state(), WebSocket::CLOSING);
    assert_eq!(pair.told(), ["close clean 4000 \"server\" Closed"]);
    assert_eq!(pair.heard, [crate::Event::Close(close(4000, ""))]);
}

/// W080: the peer does not answer our Close frame.
#[test]
fn without_an_answer() {
    let mut pair = Pair::open();
    pair.socket.close(1000, None).unwrap();
    assert!(!pair.bytes().is_empty());
    pair.end();
    assert_eq!(told(&mut pair.socket), ["error Closed", "close unclean 1006 \"\" Closed"]);
}

/// W086–W088: in each state. What was sent leaves first.
#[test]
fn who_goes_away() {
    let mut connecting = socket(());
    connecting.go_away();
    assert!(connecting.is_over());
    assert_eq!(told(&mut connecting), ["error Closed", "close unclean 1006 \"\" Closed"]);

    let mut pair = Pair::open();
    pair.socket.send("last").unwrap();
    pair.socket.go_away();
    pair.socket.go_away();
    assert_eq!(pair.told(), ["close clean 1001 \"\" Closed"]);
    assert_eq!(pair.heard, [message("last"), crate::Event::Close(close(1001, ""))]);
    pair.socket.go_away();
    assert_eq!(pair.told(), [""; 0]);
}

/// What scripts would see, and what is told besides.
#[test]
fn words() {
    check(SyntaxError::Url(url::ParseError::EmptyHost), "SyntaxError", "invalid URL: empty host");
    check(SyntaxError::Scheme("ftp".into()), "SyntaxError", "URL scheme \"ftp\" is not ws, wss, http or https");
    check(SyntaxError::Fragment, "SyntaxError", "URL has a fragment");
    check(SyntaxError::Protocol("a,".into()), "SyntaxError", "invalid subprotocol \"a,\"");
    check(SyntaxError::DuplicateProtocol("a".into()), "SyntaxError", "subprotocol \"a\" is named twice");
    check(SyntaxError::ReasonTooLong { len: 124 }, "SyntaxError", "close reason of 124 bytes, limit 123");
    let wrong = InvalidAccessError { code: 1001 };
    check(wrong, "InvalidAccessError", "close code 1001 is neither 1000 nor in 3000..=4999");
    check(InvalidStateError, "InvalidStateError", "not open yet");

    #[track_caller]
    fn check(error: impl Into<DomException>, name: &str, text: &str) {
        let error = error.into();
        assert_eq!((error.name(), &*error.to_string()), (name, text));
    }
}

#[test]
fn failures() {
    check(Failure::BlockedPort { port: 25 }, "port 25 is blocked");
    check(crate::handshake::InvalidHead::Target("x".into()).into(), "invalid request target \"x\"");
    check(HandshakeError::WrongAccept.into(), "Sec-WebSocket-Accept does not answer the key");
    check(crate::ProtocolError::Masked.into(), "masked frame from a server");
    check(crate::ProtocolError::UnexpectedEof.into(), "connection ended without a close frame");
    check(crate::TimedOut::Close(core::time::Duration::from_secs(5)).into(), "no answer to our close frame within 5s");
    check(Failure::ClosedEarly, "closed before it was open");
    check(Failure::BufferFull { limit: 9 }, "more than 9 bytes wait to be sent");
    check(Failure::transport("refused"), "refused");

    #[track_caller]
    fn check(failure: Failure, text: &str) {
        assert_eq!(failure.to_string(), text);
    }
}
