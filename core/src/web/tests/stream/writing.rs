//! `writable`: when a write is complete, and what becomes of one that is not.

use super::*;

/// S023: what is given is what is heard.
#[test]
fn messages() {
    let mut pair = open();
    pair.socket.write("text").unwrap();
    pair.socket.write(vec![0; 3]).unwrap();
    pair.turn();
    assert_eq!(pair.heard, [message("text"), crate::Event::Message(vec![0; 3].into())]);
}

/// S024, S025: complete with the last of its bytes, and no earlier. A message without bytes has some, too.
#[test]
fn complete_once_all_has_left() {
    for len in [0, 1, 300, 70_000] {
        let mut pair = open();
        pair.socket.write(vec![0; len]).unwrap();
        for at in 0.. {
            assert_eq!((write(pair.socket.ready()), write(pair.socket.written())), ("pending", "pending"), "byte {at}");
            pair.socket.socket().transmit(&mut pair.client);
            let step = (pair.client.output().remaining() - 1).clamp(1, 1_000);
            pair.client.output().advance(step);
            if pair.client.output().is_empty() {
                break;
            }
        }
        assert_eq!(write(pair.socket.written()), "pending"); // nobody was told
        pair.socket.socket().transmit(&mut pair.client);
        assert_eq!((write(pair.socket.ready()), write(pair.socket.written())), ("ok", "ok"));
    }
}

/// Pongs that go ahead, or wait behind, do not make it complete, nor keep it from that for good.
#[test]
fn pongs_do_not_count() {
    let mut pair = open();
    pair.socket.write(vec![0; 100_000]).unwrap();
    pair.socket.socket().transmit(&mut pair.client);
    pair.client.input().extend_from_slice(b"\x89\x7d");
    pair.client.input().extend_from_slice(&[0; 125]);
    pair.socket.socket().exchange(&mut pair.client, NOW);
    let all = pair.client.output().remaining();
    pair.client.output().advance(all - 1);
    pair.socket.socket().transmit(&mut pair.client);
    assert_eq!(write(pair.socket.written()), "pending");
    pair.turn();
    assert_eq!(write(pair.socket.written()), "ok");
}

/// S027: once one side closes, nothing more can be written. What was, leaves ahead of our Close frame.
#[test]
fn after_closing_began() {
    let mut pair = open();
    pair.socket.write("last").unwrap();
    pair.socket.close(()).unwrap();
    assert_eq!(
        (pair.socket.write("no").unwrap_err().name(), write(pair.socket.ready())),
        ("InvalidStateError", "InvalidStateError")
    );
    assert_eq!(write(pair.socket.written()), "pending");
    pair.turn();
    assert_eq!(pair.heard, [message("last"), crate::Event::Close(None)]);
    assert_eq!((write(pair.socket.written()), closed(&mut pair.socket)), ("ok", "1005 \"\"".into()));

    let mut pair = open();
    pair.socket.socket().handle_event(crate::Event::Close(None));
    assert_eq!(pair.socket.write("no").unwrap_err().name(), "InvalidStateError");
    assert_eq!(write(pair.socket.written()), "ok"); // nothing was
    pair.socket.socket().handle_end();
    assert_eq!(closed(&mut pair.socket), "1005 \"\"");
}

/// S028–S030, S043, S044, S047: by what comes and when, how `closed` ends, what was written and what will be.
#[test]
fn incomplete_writes() {
    let peer = Some(close(4567, "bye"));
    check(true, peer.clone(), true, "4567 \"bye\"", "ok", "InvalidStateError");
    check(true, peer.clone(), false, "error 4567 \"bye\"", "ok", "InvalidStateError");
    check(false, peer.clone(), true, "error 4567 \"bye\"", "InvalidStateError", "InvalidStateError");
    check(false, peer, false, "error 4567 \"bye\"", "InvalidStateError", "InvalidStateError");
    check(true, None, false, "error 1006 \"\"", "ok", "WebSocketError");
    check(false, None, false, "error 1006 \"\"", "WebSocketError", "WebSocketError");

    #[track_caller]
    fn check(complete: bool, frame: Option<Option<CloseFrame>>, ends: bool, end: &str, written: &str, next: &str) {
        // One that leaves at once, one that the connection has taken, and one that waits for room.
        for (len, count) in [(0, 1), (9, 1), (200_000, 3)] {
            for asked in [false, true] {
                let mut pair = open();
                for _ in 0..count {
                    pair.socket.write(vec![0; len]).unwrap();
                }
                if complete {
                    pair.turn();
                } else {
                    pair.socket.socket().transmit(&mut pair.client);
                }
                if let Some(frame) = frame.clone() {
                    pair.socket.socket().handle_event(crate::Event::Close(frame));
                    pair.bytes(); // too late
                    pair.socket.socket().transmit(&mut pair.client);
                    if asked {
                        assert_eq!((write(pair.socket.written()), write(pair.socket.ready())), (written, next));
                    }
                }
                if ends {
                    pair.socket.socket().handle_end();
                } else {
                    pair.socket.socket().handle_failure(Failure::Lost);
                }
                assert_eq!((write(pair.socket.written()), write(pair.socket.ready())), (written, next));
                assert_eq!(closed(&mut pair.socket), end);
                if let Err(WriteError::WebSocket(error)) = pair.socket.write("later") {
                    assert!(error.ptr_eq(&rejection(&mut pair.socket)));
                }
            }
        }
    }
}

/// A write that our Close frame follows fails with the connection, by its error; what comes after `close` keeps its own.
#[test]
fn incomplete_when_we_close() {
    let mut pair = open();
    pair.socket.write(vec![0; 200_000]).unwrap();
    pair.socket.close(4000).unwrap();
    pair.end();
    assert_eq!((write(pair.socket.written()), write(pair.socket.ready())), ("WebSocketError", "InvalidStateError"));
    assert_eq!(closed(&mut pair.socket), "error 1006 \"\"");
}
