//! `close` and the ways of the streams to close; `closed`.

use super::*;

/// What closes it; what the server hears, and what `closed` says when the server answers.
#[track_caller]
fn check(close: impl FnOnce(&mut WebSocketStream), heard: Option<CloseFrame>) {
    let mut pair = open();
    close(&mut pair.socket);
    assert_eq!(closed(&mut pair.socket), "pending");
    pair.turn();
    assert_eq!(pair.heard, [crate::Event::Close(heard.clone())]);
    let code = heard.map_or(1005, |frame| frame.code.0); // this server answers with the code alone
    assert_eq!(closed(&mut pair.socket), format!("{code} \"\""));
}

fn reason(reason: &str) -> WebSocketCloseInfo {
    WebSocketCloseInfo { reason: reason.into(), ..WebSocketCloseInfo::default() }
}

/// S003, S036–S038.
#[test]
fn frames() {
    check(|wss| wss.close(()).unwrap(), None);
    check(|wss| wss.close(reason("")).unwrap(), None);
    check(|wss| wss.close(reason("non-empty")).unwrap(), close(1000, "non-empty"));
    check(|wss| wss.close(3456).unwrap(), close(3456, ""));
    check(|wss| wss.close((3456, "pizza")).unwrap(), close(3456, "pizza"));

    // A server that echoes the reason, too.
    let mut pair = open();
    pair.socket.close((3456, "pizza")).unwrap();
    pair.bytes();
    pair.client.input().extend_from_slice(b"\x88\x07\x0d\x80pizza");
    pair.socket.socket().exchange(&mut pair.client, NOW);
    pair.end();
    assert_eq!(closed(&mut pair.socket), "3456 \"pizza\"");
}

/// S006, S039–S041: what is refused, in any state, changes nothing; and errors are made of nothing else.
#[test]
fn arguments() {
    let long = "é".repeat(62); // 124 bytes
    for (code, name) in
        [(0, "InvalidAccessError"), (1000, "SyntaxError"), (1001, "InvalidAccessError"), (4999, "SyntaxError")]
    {
        let mut pair = open();
        for _ in 0..3 {
            let (before, info) = (closed(&mut pair.socket), (code, &*long));
            assert_eq!(pair.socket.close(info).unwrap_err().name(), name);
            assert_eq!(WebSocketError::new("", info).unwrap_err().name(), name);
            assert_eq!(pair.socket.close(reason(&long)).unwrap_err().name(), "SyntaxError");
            assert_eq!(closed(&mut pair.socket), before);
            pair.turn();
            pair.socket.close(()).unwrap();
        }
        assert_eq!(closed(&mut pair.socket), "1005 \"\"");
    }
}

/// S032–S034: both alike; only what may be sent is.
#[test]
fn abort_and_cancel() {
    let both: [fn(&mut WebSocketStream, Option<WebSocketError>); 2] =
        [|wss, reason| wss.abort(reason), |wss, reason| wss.cancel(reason)];
    let own = |info: WebSocketCloseInfo| Some(WebSocketError::new("message", info).unwrap());
    for stop in both {
        check(|wss| stop(wss, None), None);
        check(|wss| stop(wss, own(().into())), None);
        check(|wss| stop(wss, own(3333.into())), close(3333, ""));
        check(|wss| stop(wss, own((3456, "set").into())), close(3456, "set"));
        check(|wss| stop(wss, own(reason("specified"))), close(1000, "specified"));
        let mut other = stream();
        other.socket().handle_failure(Failure::Lost);
        check(|wss| stop(wss, Some(rejection(&mut other))), None); // 1006
    }
}

/// S031, S035: it closes for both directions, behind what was written, and tells how that went.
#[test]
fn close_writable() {
    let mut pair = open();
    pair.socket.write("last").unwrap();
    assert_eq!(write(pair.socket.close_writable()), "pending");
    pair.turn();
    assert_eq!(pair.heard, [message("last"), crate::Event::Close(None)]);
    assert_eq!((write(pair.socket.close_writable()), read(&mut pair.socket)), ("ok", "done".into()));

    let mut pair = open();
    assert_eq!(write(pair.socket.close_writable()), "pending");
    pair.end();
    let Poll::Ready(Err(WriteError::WebSocket(error))) = pair.socket.close_writable() else { panic!() };
    assert!(error.ptr_eq(&rejection(&mut pair.socket)));
}

/// S042: that of the peer counts, which may have been first without our knowing.
#[test]
fn the_peer_closes() {
    let mut pair = open();
    pair.server.close(close(4222, "remote")).unwrap();
    pair.socket.close((4111, "local")).unwrap();
    pair.turn();
    assert_eq!(closed(&mut pair.socket), "4222 \"remote\"");

    let mut pair = open();
    pair.server.close(close(4000, "ロボット")).unwrap();
    pair.turn();
    assert_eq!(closed(&mut pair.socket), "4000 \"ロボット\"");
}

/// S021, S030, S045, S046: one error object wherever it shows.
#[test]
fn abrupt_ends() {
    for closes in [false, true] {
        let mut pair = open();
        if closes {
            pair.socket.close((4000, "because")).unwrap();
        }
        pair.bytes();
        pair.end();
        let error = rejection(&mut pair.socket);
        assert_eq!((error.close_code(), error.reason()), (Some(1006), ""));
        assert!(matches!(error.cause(), Some(Failure::Lost)));
        let Poll::Ready(Some(Err(read))) = pair.socket.read() else { panic!() };
        assert!(error.ptr_eq(&read));
        match pair.socket.write("later") {
            Err(WriteError::WebSocket(write)) => assert!(!closes && error.ptr_eq(&write)),
            Err(WriteError::InvalidState) => assert!(closes),
            Ok(()) => panic!(),
        }
    }
}

/// An owner that goes away closes it, too, for whoever still has it.
#[test]
fn who_goes_away() {
    let mut pair = open();
    pair.socket.socket().go_away();
    assert_eq!(pair.socket.write("no").unwrap_err().name(), "InvalidStateError");
    pair.turn();
    assert_eq!(closed(&mut pair.socket), "1001 \"\"");
}
