//! `readable`: what is read, what waits, and how it ends.

use super::*;

/// S016: one message is one chunk, whatever its frames.
#[test]
fn messages() {
    let mut pair = open();
    pair.client.input().extend_from_slice(b"\x01\x01a\x89\x00\x80\x01b\x82\x02\xff\0\x81\x00");
    pair.turn();
    assert_eq!([(); 4].map(|()| read(&mut pair.socket)), ["text ab", "bytes 2", "text ", "pending"]);
}

/// S009, S017, S018, S049: unread messages stop the server, once 64 KiB of them wait. Pings behind fewer are answered.
#[test]
fn reading_pauses() {
    for len in [0, 10_000] {
        let mut pair = open();
        let sent = (0..5_000).take_while(|_| pair.server.send(vec![0; len]).is_ok()).count();
        pair.turn();
        assert!(!pair.socket.socket().wants_read());
        let before = (0..sent).take_while(|_| read(&mut pair.socket) != "pending").count();
        assert!(before * len < 80_000, "{before} messages of {len} bytes");
        assert!(pair.socket.socket().wants_read());
        pair.turn();
        assert_ne!(read(&mut pair.socket), "pending");
    }
    let mut pair = open();
    pair.server.send(vec![0; 60_000]).unwrap();
    pair.server.ping(b"there?").unwrap();
    pair.turn();
    assert!(pair.heard.iter().any(|event| matches!(event, crate::Event::Pong(_))));
}

/// S020–S022: what arrived is read first, however it ends; that it ends is seen once it has.
#[test]
fn what_is_unread_comes_first() {
    check(Some(close(1000, "bye")), true, "done");
    check(Some(None), true, "done");
    check(Some(close(4000, "bye")), false, "error 4000 \"bye\"");
    check(None, false, "error 1006 \"\"");

    #[track_caller]
    fn check(frame: Option<Option<CloseFrame>>, clean: bool, last: &str) {
        let mut pair = open();
        for text in ["one", "two"] {
            pair.server.send(text).unwrap();
        }
        if let Some(frame) = frame {
            pair.server.close(frame).unwrap();
        }
        let frames = written(pair.server.output());
        pair.client.input().extend_from_slice(&frames);
        pair.socket.socket().exchange(&mut pair.client, NOW);
        assert_eq!((read(&mut pair.socket), closed(&mut pair.socket)), ("text one".into(), "pending".into()));
        if clean {
            pair.turn();
        } else {
            pair.socket.socket().handle_failure(Failure::Lost);
        }
        assert_ne!(closed(&mut pair.socket), "pending"); // S048: whether all is read or not
        assert_eq!([(); 3].map(|()| read(&mut pair.socket)), ["text two", last, last]);
    }
}

/// S048: messages in front of the Close frame keep it from being seen, until we close, too. However many wait when it is
/// seen, the end is.
#[test]
fn messages_in_front_of_the_close_frame() {
    let mut pair = open();
    for len in [70_000, 9] {
        pair.server.send(vec![0; len]).unwrap();
    }
    pair.server.close(close(4000, "bye")).unwrap();
    pair.turn();
    assert_eq!(closed(&mut pair.socket), "pending");
    pair.socket.close(()).unwrap();
    pair.turn();
    assert_eq!(closed(&mut pair.socket), "4000 \"bye\"");

    let mut pair = open();
    pair.server.send(vec![0; 65_000]).unwrap();
    pair.server.send(vec![0; 65_000]).unwrap();
    pair.server.close(close(4000, "bye")).unwrap();
    pair.turn();
    assert_eq!(closed(&mut pair.socket), "pending");
    assert_eq!(read(&mut pair.socket), "bytes 65000");
    pair.turn();
    assert_eq!((closed(&mut pair.socket), read(&mut pair.socket)), ("4000 \"bye\"".into(), "bytes 65000".into()));
}

/// S017, S019, S020: once we close, one message is left of those that arrived; none if reading was canceled.
#[test]
fn closing_drops_messages() {
    check(|wss| wss.close(()).unwrap(), &["text one", "pending"], "done");
    check(|wss| assert_eq!(write(wss.close_writable()), "pending"), &["text one", "pending"], "done");
    check(|wss| wss.abort(None), &["text one", "pending"], "done");
    check(|wss| wss.cancel(None), &["done"], "done");

    #[track_caller]
    fn check(close: fn(&mut WebSocketStream), then: &[&str], last: &str) {
        let mut pair = open();
        for text in ["one", "two"] {
            pair.server.send(text).unwrap();
        }
        pair.turn();
        pair.server.send("under way").unwrap();
        close(&mut pair.socket);
        close(&mut pair.socket);
        assert_eq!(then.iter().map(|_| read(&mut pair.socket)).collect::<Vec<_>>(), then);
        pair.turn();
        assert_eq!((read(&mut pair.socket), closed(&mut pair.socket)), (last.into(), "1005 \"\"".into()));
    }
}

/// What the server said before its Close frame can be read, though we close then, too; not after `cancel`.
#[test]
fn closing_after_the_peer() {
    let mut pair = open();
    for text in ["one", "two"] {
        pair.server.send(text).unwrap();
    }
    pair.server.close(None).unwrap();
    pair.turn();
    pair.socket.close(4000).unwrap();
    assert_eq!((read(&mut pair.socket), closed(&mut pair.socket)), ("text one".into(), "1005 \"\"".into()));
    pair.socket.cancel(None);
    assert_eq!(read(&mut pair.socket), "done");
}
