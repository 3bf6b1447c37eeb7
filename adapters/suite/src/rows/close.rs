//! The closing handshake (RFC 6455 §7): from either side, from both, with and without words.

use crate::peer::{Peer, close_payload, together};
use crate::stage::{in_both_roles, open};
use crate::subject::{Socket, Subject};
use sansws_core::frame::{Opcode, Role};
use sansws_core::{CloseCode, CloseFrame, Config, ProtocolError, SendError};
use sansws_driver::Error;

/// Both Close frames are through: the server ends the stream first (RFC 6455 §7.1.1).
#[track_caller]
fn finish(peer: &mut Peer) {
    if peer.role() == Role::Client {
        assert!(peer.frame().is_none(), "the server ends the stream");
    }
    peer.end();
}

/// It is over, and well.
#[track_caller]
fn assert_closed(ws: &mut dyn Socket, frame: Option<&CloseFrame>) {
    assert!(ws.next().is_none() && ws.is_clean() && !ws.is_open());
    assert_eq!(ws.close_frame(), frame);
    assert!(ws.send("late".into()).unwrap_err().is_closed());
    assert!(ws.ping(b"late").unwrap_err().is_closed());
    assert_eq!(ws.close(None).unwrap().as_ref(), frame);
}

pub(crate) fn from_our_side(subject: &dyn Subject) {
    check(subject, None, b"");
    check(subject, Some(CloseCode::NORMAL.into()), b"\x03\xe8");
    check(subject, Some(CloseFrame::new(4999, "é")), b"\x13\x87\xc3\xa9");
    let longest = "x".repeat(CloseFrame::MAX_REASON);
    check(subject, Some(CloseFrame::new(1001, &*longest)), &close_payload(1001, &longest));

    #[track_caller]
    fn check(subject: &dyn Subject, frame: Option<CloseFrame>, payload: &[u8]) {
        in_both_roles(|role| {
            for answer in [None, Some(CloseFrame::new(4000, "bye"))] {
                let (mut ws, mut peer) = open(subject, role, Config::default());
                let (closed, ()) = together(
                    || ws.close(frame.clone()),
                    || {
                        peer.expect(Opcode::Close, payload);
                        let answer = answer.as_ref().map(|frame| close_payload(frame.code, &frame.reason));
                        peer.send(Opcode::Close, answer.unwrap_or_default());
                        finish(&mut peer);
                    },
                );
                assert_eq!(closed.unwrap(), answer);
                assert_closed(&mut *ws, answer.as_ref());
            }
        });
    }
}

/// The code comes back, the reason does not.
pub(crate) fn from_the_peer(subject: &dyn Subject) {
    check(subject, b"", None);
    check(subject, b"\x03\xe8", Some(CloseCode::NORMAL.into()));
    check(subject, b"\x13\x87\xc3\xa9", Some(CloseFrame::new(4999, "é")));

    #[track_caller]
    fn check(subject: &dyn Subject, payload: &[u8], frame: Option<CloseFrame>) {
        in_both_roles(|role| {
            let (mut ws, mut peer) = open(subject, role, Config::default());
            together(
                || assert!(ws.next().is_none()),
                || {
                    peer.send(Opcode::Close, payload);
                    peer.expect(Opcode::Close, &payload[..payload.len().min(2)]);
                    finish(&mut peer);
                },
            );
            assert_closed(&mut *ws, frame.as_ref());
        });
    }
}

/// Each sends its own before it sees the other's, and that is all that is sent.
pub(crate) fn from_both_at_once(subject: &dyn Subject) {
    in_both_roles(|role| {
        let (mut ws, mut peer) = open(subject, role, Config::default());
        ws.start_close(Some(CloseFrame::new(4000, "ours"))).unwrap();
        ws.flush().unwrap();
        peer.send(Opcode::Close, close_payload(4001, "theirs"));
        together(
            || assert_closed(&mut *ws, Some(&CloseFrame::new(4001, "theirs"))),
            || {
                peer.expect(Opcode::Close, close_payload(4000, "ours"));
                finish(&mut peer);
            },
        );
        drop(ws);
        assert!(peer.frame().is_none());
    });
}

pub(crate) fn behind_what_is_queued(subject: &dyn Subject) {
    in_both_roles(|role| {
        let (mut ws, mut peer) = open(subject, role, Config::default());
        ws.feed("first".into()).unwrap();
        ws.feed("second".into()).unwrap();
        let (closed, ()) = together(
            || ws.close(None),
            || {
                peer.expect(Opcode::Text, "first");
                peer.expect(Opcode::Text, "second");
                peer.expect(Opcode::Close, b"");
                peer.send(Opcode::Close, b"");
                finish(&mut peer);
            },
        );
        assert_eq!(closed.unwrap(), None);
    });
}

/// `start_close` and `next` give what the peer sends before it closes; `close` drops it.
pub(crate) fn while_the_peer_still_talks(subject: &dyn Subject) {
    in_both_roles(|role| {
        for wanted in [true, false] {
            let (mut ws, mut peer) = open(subject, role, Config::default());
            together(
                || {
                    if wanted {
                        ws.start_close(None).unwrap();
                        assert!(ws.send("late".into()).unwrap_err().is_closed());
                        assert_eq!(ws.next().unwrap().unwrap(), "one".into());
                        assert_eq!(ws.next().unwrap().unwrap(), "two".into());
                        assert!(ws.next().is_none());
                    } else {
                        ws.close(None).unwrap();
                    }
                    assert_closed(&mut *ws, None);
                },
                || {
                    peer.expect(Opcode::Close, b"");
                    peer.send(Opcode::Text, "one");
                    peer.send(Opcode::Text, "two");
                    peer.send(Opcode::Close, b"");
                    finish(&mut peer);
                },
            );
        }
    });
}

/// Whatever it is: nothing counts after a Close frame (RFC 6455 §5.5.1).
pub(crate) fn and_what_comes_behind_is_dropped(subject: &dyn Subject) {
    in_both_roles(|role| {
        let (mut ws, mut peer) = open(subject, role, Config::default());
        together(
            || assert_closed(&mut *ws, None),
            || {
                peer.send(Opcode::Close, b"");
                peer.send(Opcode::Text, "late");
                peer.send(Opcode::Ping, b"late");
                peer.write([0xff; 200_000]);
                peer.expect(Opcode::Close, b"");
                finish(&mut peer);
            },
        );
    });
}

pub(crate) fn with_a_code_that_is_none(subject: &dyn Subject) {
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, u16::MAX] {
        let error = ProtocolError::InvalidCloseCode { code: CloseCode(code) };
        check(subject, &close_payload(code, ""), error);
    }
    check(subject, b"\x03", ProtocolError::TruncatedCloseCode);
    check(subject, b"\x03\xe8a\xff", ProtocolError::InvalidUtf8 { at: 1 });

    #[track_caller]
    fn check(subject: &dyn Subject, payload: &[u8], error: ProtocolError) {
        in_both_roles(|role| {
            let (mut ws, mut peer) = open(subject, role, Config::default());
            together(
                || {
                    let told = ws.next().unwrap().unwrap_err();
                    assert!(matches!(told, Error::Protocol(told) if told == error), "{told:?}");
                    assert!(ws.next().is_none() && !ws.is_clean());
                },
                || {
                    peer.send(Opcode::Close, payload);
                    peer.expect(Opcode::Close, close_payload(error.close_code(), &error.to_string()));
                    peer.end();
                },
            );
        });
    }
}

/// What the caller may not send is refused, and nothing else happens.
pub(crate) fn with_a_code_of_ours_that_is_none(subject: &dyn Subject) {
    in_both_roles(|role| {
        let (mut ws, mut peer) = open(subject, role, Config::default());
        let code = CloseCode::NO_STATUS;
        let error = ws.close(Some(code.into())).unwrap_err();
        assert!(matches!(error, Error::Send(SendError::InvalidCloseCode { code: told }) if told == code), "{error}");
        let error = ws.start_close(Some(CloseFrame::new(1000, "x".repeat(124)))).unwrap_err();
        assert!(matches!(error, Error::Send(SendError::ReasonTooLong { len: 124 })), "{error}");
        assert!(ws.is_open());
        ws.send("still here".into()).unwrap();
        peer.expect(Opcode::Text, "still here");
    });
}

/// Many reset the stream once both have closed; it is no error.
pub(crate) fn and_then_a_reset(subject: &dyn Subject) {
    in_both_roles(|role| {
        let (mut ws, mut peer) = open(subject, role, Config::default());
        together(
            || assert_closed(&mut *ws, Some(&CloseCode::NORMAL.into())),
            || {
                peer.send(Opcode::Close, b"\x03\xe8");
                peer.expect(Opcode::Close, b"\x03\xe8");
                peer.reset();
            },
        );
    });
}
