#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
//! How a connection ends, wherever it is cut: never in silence, with the right error, and with that once.

mod support;

use sansws_core::frame::{Opcode, Role};
use sansws_core::{CloseCode, CloseFrame, Config, Limits, Message, ProtocolError, SendError, TimedOut};
use sansws_driver::Error;
use std::io::ErrorKind;
use std::pin::pin;
use std::time::Duration;
use support::script::{Cut, Peer, Read, Scripted, Write, script};
use support::task::{run, run_through_time, run_until_idle};
use support::{CLOSED, Failure, ROLES, open, other, time, wire};

type Ws = sansws_driver::WsStream<Scripted, time::Manual>;

const EOF: Failure = Failure::Protocol(ProtocolError::UnexpectedEof);
const RESET: Failure = Failure::Io(ErrorKind::ConnectionReset);
const BROKEN: Failure = Failure::Io(ErrorKind::BrokenPipe);

/// What a peer says: frames, and which messages are whole with them.
fn conversation(from: Role) -> Vec<(Vec<u8>, Option<Message>)> {
    vec![
        (wire::text(from, "one"), Some("one".into())),
        (wire::ping(from, b"p1"), None),
        (wire::frame(from, Opcode::Text, false, b"t"), None),
        (wire::ping(from, b"p2"), None),
        (wire::frame(from, Opcode::Continuation, true, b"wo"), Some("two".into())),
        (wire::binary(from, &[3; 20]), Some(vec![3; 20].into())),
        (wire::close(from, 4001, "bye"), None),
    ]
}

fn bytes(conversation: &[(Vec<u8>, Option<Message>)]) -> Vec<u8> {
    conversation.iter().flat_map(|(frame, _)| frame.iter().copied()).collect()
}

/// The messages that are whole in the first `len` bytes.
fn whole_in(conversation: &[(Vec<u8>, Option<Message>)], len: usize) -> Vec<Message> {
    let mut end = 0;
    let ends = conversation.iter().map(|(frame, message)| {
        end += frame.len();
        (end, message)
    });
    ends.filter(|(end, _)| *end <= len).filter_map(|(_, message)| message.clone()).collect()
}

/// All messages, and how it ended.
async fn read_all(ws: &mut Ws) -> (Vec<Message>, Result<(), Failure>) {
    let mut messages = Vec::new();
    loop {
        match ws.next().await {
            Some(Ok(message)) => messages.push(message),
            Some(Err(error)) => return (messages, Err(error.into())),
            None => return (messages, Ok(())),
        }
    }
}

/// What each method says when it is over and that was told.
#[track_caller]
fn assert_over(ws: &mut Ws) {
    run(async {
        assert!(ws.next().await.is_none());
        assert!(ws.read().await.unwrap().is_none());
        assert!(ws.next_event().await.is_none());
        assert!(ws.serve(|_, _| Ok::<_, Error>(())).await.is_ok());
        assert!(futures_util::StreamExt::next(ws).await.is_none());
        assert!(ws.send("late").await.unwrap_err().is_closed());
        assert!(ws.feed("late").await.unwrap_err().is_closed());
        assert!(ws.ping(b"late").await.unwrap_err().is_closed());
        assert!(futures_util::SinkExt::send(ws, "late".into()).await.unwrap_err().is_closed());
        assert_eq!(ws.close(None).await.unwrap(), ws.close_frame().cloned());
        assert!(futures_util::SinkExt::close(ws).await.is_ok());
        assert!(ws.next().await.is_none());
    });
}

#[track_caller]
fn for_all(test: impl Fn(Role, Cut)) {
    for role in ROLES {
        Cut::ALL.into_iter().for_each(|cut| test(role, cut));
    }
}

mod the_peer_vanishes {
    use super::*;

    #[test]
    fn with_an_eof_at_any_byte() {
        check(&Read::Eof, EOF);
    }

    #[test]
    fn with_an_error_at_any_byte() {
        check(&Read::Error(ErrorKind::ConnectionReset), RESET);
    }

    #[track_caller]
    fn check(end: &Read, expected: Failure) {
        for_all(|role, cut| {
            let conversation = conversation(other(role));
            let all = bytes(&conversation);
            for len in 0..=all.len() {
                let (peer, transport) = script(cut, [Read::Data(all[..len].into()), end.clone()]);
                let mut ws = open(transport, role, Config::default());
                let (messages, ended) = run(read_all(&mut ws));
                assert_eq!(messages, whole_in(&conversation, len), "{len} bytes, {cut:?}");
                let closed = len == all.len();
                assert_eq!(ended, if closed { Ok(()) } else { Err(expected.clone()) }, "{len} bytes, {cut:?}");
                assert_eq!(ws.is_clean(), closed);
                assert_over(&mut ws);
                wire::whole_frames(role, &peer.written());
            }
        });
    }

    #[test]
    fn while_we_close() {
        for_all(|role, cut| {
            let all = bytes(&conversation(other(role)));
            for (end, expected) in [(Read::Eof, EOF), (Read::Error(ErrorKind::ConnectionReset), RESET)] {
                for len in 0..=all.len() {
                    let (peer, transport) = script(cut, [Read::Data(all[..len].into()), end.clone()]);
                    let mut ws = open(transport, role, Config::default());
                    let closed = run(ws.close(CloseFrame::new(4000, ""))).map_err(Failure::from);
                    let complete = len == all.len();
                    let expected =
                        if complete { Ok(Some(CloseFrame::new(4001, "bye"))) } else { Err(expected.clone()) };
                    assert_eq!(closed, expected, "{len} bytes, {cut:?}");
                    assert_over(&mut ws);
                    wire::whole_frames(role, &peer.written());
                }
            }
        });
    }

    #[test]
    fn while_we_send() {
        for (end, expected) in [(Read::Eof, EOF), (Read::Error(ErrorKind::ConnectionReset), RESET)] {
            let (peer, transport) = script(Cut::NONE, []);
            peer.writes([Write::Limit(1), Write::Blocked]);
            let mut ws = open(transport, Role::Server, Config::default());
            {
                let mut sending = pin!(ws.send("never read"));
                assert!(run_until_idle(sending.as_mut()).is_none());
                peer.then(end);
                assert_eq!(run(sending).map_err(Failure::from), Err(expected));
            }
            assert_over(&mut ws);
        }
    }
}

mod writing_fails {
    use super::*;

    /// After so many bytes.
    fn fails_after(peer: &Peer, len: usize) {
        peer.writes([vec![Write::Limit(1); len], vec![Write::Error(ErrorKind::BrokenPipe)]].concat());
    }

    /// What a caller sees who echoes all messages and goes on reading whatever happens.
    async fn echo_all(ws: &mut Ws) -> (Vec<Message>, Vec<Failure>) {
        let (mut messages, mut errors) = (Vec::new(), Vec::new());
        while let Some(message) = ws.next().await {
            match message {
                Ok(message) => {
                    messages.push(message.clone());
                    errors.extend(ws.feed(message).await.err().map(Failure::from));
                }
                Err(error) => errors.push(error.into()),
            }
        }
        (messages, errors)
    }

    #[test]
    fn at_any_byte_and_the_peer_closes() {
        for_all(|role, cut| {
            let conversation = conversation(other(role));
            let all = bytes(&conversation);
            for end in [None, Some(Read::Eof), Some(Read::Error(ErrorKind::ConnectionReset))] {
                for len in 0..110 {
                    let (peer, transport) = script(cut, [Read::Data(all.clone())]);
                    end.iter().cloned().for_each(|end| peer.then(end));
                    fails_after(&peer, len);
                    let mut ws = open(transport, role, Config::default());
                    let (messages, errors) = run_through_time(echo_all(&mut ws));
                    assert_eq!(messages, whole_in(&conversation, all.len()), "{len} bytes, {cut:?}");
                    let expected = [vec![], vec![BROKEN]];
                    let first: Vec<_> = errors.into_iter().filter(|error| *error != CLOSED).collect();
                    assert!(expected.contains(&first), "{first:?}, {len} bytes, {cut:?}");
                    assert_eq!(ws.close_frame(), Some(&CloseFrame::new(4001, "bye")));
                    assert!(ws.is_clean());
                    assert_over(&mut ws);
                    wire::whole_frames(role, &peer.written());
                }
            }
        });
    }

    #[test]
    fn at_any_byte_and_the_peer_does_not_close() {
        for_all(|role, cut| {
            let mut conversation = conversation(other(role));
            conversation.pop();
            let all = bytes(&conversation);
            for end in [None, Some(Read::Eof), Some(Read::Error(ErrorKind::ConnectionReset))] {
                for len in 0..40 {
                    let (peer, transport) = script(cut, [Read::Data(all.clone())]);
                    end.iter().cloned().for_each(|end| peer.then(end));
                    fails_after(&peer, len);
                    let mut ws = open(transport, role, Config::default());
                    let (messages, errors) = run(echo_all(&mut ws));
                    assert_eq!(messages, whole_in(&conversation, all.len()), "{len} bytes, {cut:?}");
                    let first: Vec<_> = errors.into_iter().filter(|error| *error != CLOSED).collect();
                    let expected = [BROKEN, RESET, EOF]; // whichever is met first
                    assert!(
                        matches!(&first[..], [first] if expected.contains(first)),
                        "{first:?}, {len} bytes, {cut:?}"
                    );
                    assert_over(&mut ws);
                    wire::whole_frames(role, &peer.written());
                }
            }
        });
    }

    #[test]
    fn under_serve() {
        for_all(|role, cut| {
            let mut conversation = conversation(other(role));
            conversation.pop();
            let all = bytes(&conversation);
            for len in 0..40 {
                let (peer, transport) = script(cut, [Read::Data(all.clone())]);
                fails_after(&peer, len);
                let mut ws = open(transport, role, Config::default());
                let mut messages = Vec::new();
                let served = run(ws.serve(|message, sender| {
                    messages.push(Message::from(message));
                    sender.send_ref(message)
                }));
                assert_eq!(messages, whole_in(&conversation, all.len()), "{len} bytes, {cut:?}");
                assert_eq!(served.map_err(Failure::from), Err(BROKEN), "{len} bytes, {cut:?}");
                assert_over(&mut ws);
            }
        });
    }

    /// A message that nobody takes holds back reading; whoever sends must not wait for that.
    #[test]
    fn while_a_message_waits_to_be_taken() {
        check(|peer| fails_after(peer, 0), async |ws| ws.send("x").await);
        check(|peer| fails_after(peer, 1), async |ws| ws.send("x").await);
        check(
            |peer| {
                peer.writes([]);
                peer.flushes([Write::Error(ErrorKind::BrokenPipe)]);
            },
            async |ws| ws.send("x").await,
        );
        check(
            |peer| fails_after(peer, 0),
            async |ws| {
                ws.feed(vec![0; 100_000]).await?;
                ws.feed("no room").await
            },
        );
        check(|peer| fails_after(peer, 0), async |ws| ws.ping(b"x").await);

        #[track_caller]
        fn check(fails: impl Fn(&Peer), call: impl AsyncFn(&mut Ws) -> Result<(), Error>) {
            for role in ROLES {
                let said = [wire::text(other(role), "one"), wire::text(other(role), "two")].concat();
                let (peer, transport) = script(Cut::NONE, [Read::Data(said)]);
                let mut ws = open(transport, role, Config::default());
                peer.writes([Write::Blocked]);
                let mut sending = Box::pin(ws.send("before"));
                assert!(run_until_idle(sending.as_mut()).is_none(), "the message has been read meanwhile");
                drop(sending);
                fails(&peer);
                assert_eq!(run(call(&mut ws)).map_err(Failure::from), Err(BROKEN));
                assert!(run(ws.send("late")).unwrap_err().is_closed(), "it was told");
                assert!(matches!(ws.sender(), Err(error) if error.is_closed()));
                assert_eq!(run(read_all(&mut ws)), (vec!["one".into(), "two".into()], Ok(())));
                assert_over(&mut ws);
                assert!(run(ws.flush()).unwrap_err().is_closed(), "what was queued is lost");
            }
        }
    }

    /// The same for `serve`, which waits for room before it takes the message.
    #[test]
    fn while_serve_waits_for_room() {
        let (peer, transport) = script(Cut::NONE, [Read::Data(wire::text(Role::Client, "one"))]);
        let mut ws = open(transport, Role::Server, Config::default());
        peer.writes([Write::Blocked]);
        ws.sender().unwrap().send(vec![0; 100_000]).unwrap();
        {
            let mut serving = pin!(ws.serve(|_, _| Ok::<_, Error>(())));
            assert!(run_until_idle(serving.as_mut()).is_none());
            peer.writes([Write::Error(ErrorKind::BrokenPipe)]);
            peer.unblock();
            assert_eq!(run(serving).map_err(Failure::from), Err(BROKEN));
        }
        assert_eq!(run(ws.next()).unwrap().unwrap(), "one".into(), "it was not handled");
        assert_over(&mut ws);
    }

    #[test]
    fn a_transport_that_takes_nothing_has_failed() {
        let (peer, transport) = script(Cut::NONE, []);
        peer.writes([Write::Limit(0)]);
        let mut ws = open(transport, Role::Server, Config::default());
        assert_eq!(run(ws.send("x")).map_err(Failure::from), Err(Failure::Io(ErrorKind::WriteZero)));
        assert_over(&mut ws);
    }

    #[test]
    fn shutting_down_may_fail() {
        for role in ROLES {
            let (peer, transport) = script(Cut::NONE, [Read::Data(wire::close(other(role), 1000, "")), Read::Eof]);
            peer.shutdowns([Write::Error(ErrorKind::NotConnected)]);
            let mut ws = open(transport, role, Config::default());
            assert_eq!(run(read_all(&mut ws)), (vec![], Ok(())));
            assert!(ws.is_clean());
        }
    }
}

mod the_peer_breaks_the_protocol {
    use super::*;

    fn violations(from: Role) -> Vec<(Vec<u8>, ProtocolError)> {
        vec![
            (
                wire::frame(other(from), Opcode::Text, true, b""),
                match from {
                    Role::Client => ProtocolError::Unmasked,
                    Role::Server => ProtocolError::Masked,
                },
            ),
            (vec![0xc1], ProtocolError::ReservedBits { bits: 4 }),
            (vec![0x83], ProtocolError::ReservedOpcode { opcode: 3 }),
            (vec![0x80], ProtocolError::UnexpectedContinuation),
            (wire::frame(from, Opcode::Text, true, b"ab\xff"), ProtocolError::InvalidUtf8 { at: 2 }),
            (wire::binary(from, &[0; 501]), ProtocolError::TooBig { limit: 500, size: 501 }),
            (wire::close(from, 1005, ""), ProtocolError::InvalidCloseCode { code: CloseCode(1005) }),
        ]
    }

    fn config() -> Config {
        Config { limits: Limits { message: 500, ..Limits::default() }, ..Config::default() }
    }

    /// The Close frame and the shutdown come first, then the peer's EOF, then the error. What came before the
    /// violation is delivered.
    #[test]
    fn and_is_told_before_we_are() {
        for_all(|role, cut| {
            for (said, error) in violations(other(role)) {
                let said = [wire::text(other(role), "before"), said, wire::text(other(role), "behind")].concat();
                let (peer, transport) = script(cut, [Read::Data(said)]);
                let mut ws = open(transport, role, config());
                assert_eq!(run(ws.next()).unwrap().unwrap(), "before".into());
                {
                    let mut next = pin!(ws.next());
                    assert!(run_until_idle(next.as_mut()).is_none(), "{error}");
                    let frames = wire::frames(role, &peer.written());
                    let [(Opcode::Close, true, payload)] = &frames[..] else { panic!("{frames:?}") };
                    assert_eq!(payload[..2], error.close_code().0.to_be_bytes());
                    assert_eq!(payload[2..], *error.to_string().as_bytes());
                    assert!(peer.is_shut_down());
                    peer.sends(wire::text(other(role), "nobody wants this"));
                    assert!(run_until_idle(next.as_mut()).is_none(), "{error}");
                    peer.then(Read::Eof);
                    let ended = run(next).unwrap().map_err(Failure::from);
                    assert_eq!(ended, Err(Failure::Protocol(error)), "{cut:?}");
                }
                assert_over(&mut ws);
            }
        });
    }

    #[test]
    fn and_does_not_end_the_stream() {
        check(|_| {}, Duration::from_secs(5));
    }

    #[test]
    fn and_does_not_read_our_close_frame() {
        check(|peer| peer.writes([Write::Limit(1), Write::Blocked]), Duration::from_secs(30));
    }

    #[test]
    fn and_resets_the_stream() {
        check(|peer| peer.then(Read::Error(ErrorKind::ConnectionReset)), Duration::ZERO);
    }

    #[test]
    fn and_cannot_be_told() {
        check(|peer| peer.writes([Write::Error(ErrorKind::BrokenPipe)]), Duration::ZERO);
    }

    /// The error is that of the violation whatever follows.
    #[track_caller]
    fn check(follows: impl Fn(&Peer), after: Duration) {
        for_all(|role, cut| {
            for (said, error) in violations(other(role)) {
                let begun = time::elapsed();
                let (peer, transport) = script(cut, [Read::Data(said)]);
                follows(&peer);
                let mut ws = open(transport, role, config());
                let ended = run_through_time(read_all(&mut ws));
                assert_eq!(ended, (vec![], Err(Failure::Protocol(error))), "{cut:?}");
                assert_eq!(time::elapsed() - begun, after);
                assert_over(&mut ws);
            }
        });
    }

    /// A peer that sends faster than we read ends no later than one that is silent.
    #[test]
    fn and_never_stops_sending() {
        for role in ROLES {
            let flood = wire::binary(other(role), &[0; 400]);
            let (peer, transport) = script(Cut::NONE, [Read::Data(vec![0x80]), Read::Endless(flood)]);
            let mut ws = open(transport, role, config());
            let task = support::task::Task::new();
            {
                let mut next = pin!(ws.next());
                for _ in 0..6 {
                    assert!(next.as_mut().poll(&mut task.context()).is_pending());
                }
                time::advance(Duration::from_secs(5));
                assert!(task.woken() > 0);
                let ended = (0..6).find_map(|_| match next.as_mut().poll(&mut task.context()) {
                    std::task::Poll::Ready(ended) => ended,
                    std::task::Poll::Pending => None,
                });
                let ended = ended.expect("it ends in time").map_err(Failure::from);
                assert_eq!(ended, Err(Failure::Protocol(ProtocolError::UnexpectedContinuation)));
            }
            assert_eq!(wire::frames(role, &peer.written()).len(), 1);
        }
    }
}

mod both_have_closed {
    use super::*;

    /// Many peers just drop the socket then.
    #[test]
    fn and_how_the_stream_ends_does_not_matter() {
        for_all(|role, cut| {
            for end in [Read::Eof, Read::Error(ErrorKind::ConnectionReset), Read::Error(ErrorKind::UnexpectedEof)] {
                let (peer, transport) = script(cut, [Read::Data(wire::close(other(role), 1000, "")), end]);
                let mut ws = open(transport, role, Config::default());
                assert_eq!(run(read_all(&mut ws)), (vec![], Ok(())), "the peer closed first, {cut:?}");
                assert_over(&mut ws);
                wire::whole_frames(role, &peer.written());

                let (peer, transport) = script(cut, []);
                let mut ws = open(transport, role, Config::default());
                {
                    let mut closing = pin!(ws.close(CloseCode::NORMAL));
                    assert!(run_until_idle(closing.as_mut()).is_none());
                    peer.sends(wire::close(other(role), 1000, ""));
                    peer.then(Read::Error(ErrorKind::ConnectionReset));
                    assert_eq!(run(closing).unwrap(), Some(CloseCode::NORMAL.into()), "we closed first, {cut:?}");
                }
                assert_over(&mut ws);
            }
        });
    }

    /// It is a clean end, if a late one.
    #[test]
    fn and_the_peer_does_not_end_the_stream() {
        for_all(|role, cut| {
            let begun = time::elapsed();
            let (_, transport) = script(cut, [Read::Data(wire::close(other(role), 1000, ""))]);
            let mut ws = open(transport, role, Config::default());
            assert_eq!(run_through_time(read_all(&mut ws)), (vec![], Ok(())));
            assert_eq!(time::elapsed() - begun, Duration::from_secs(5));
            assert!(ws.is_clean());
            assert_over(&mut ws);
        });
    }

    /// RFC 6455 §7.1.1: the server ends the stream, the client waits for that.
    #[test]
    fn and_the_server_goes_first() {
        for role in ROLES {
            let (peer, transport) = script(Cut::NONE, [Read::Data(wire::close(other(role), 1000, ""))]);
            let mut ws = open(transport, role, Config::default());
            let mut next = pin!(ws.next());
            assert!(run_until_idle(next.as_mut()).is_none());
            assert_eq!(peer.is_shut_down(), role == Role::Server);
            peer.then(Read::Eof);
            assert!(run(next).is_none());
            assert!(peer.is_shut_down());
        }
    }

    #[test]
    fn and_data_behind_the_close_frame_is_ignored() {
        for_all(|role, cut| {
            let said = [wire::close(other(role), 1000, ""), wire::text(other(role), "late"), vec![0xff; 100]].concat();
            let (peer, transport) = script(cut, [Read::Data(said), Read::Eof]);
            let mut ws = open(transport, role, Config::default());
            assert_eq!(run(read_all(&mut ws)), (vec![], Ok(())));
            assert_eq!(wire::frames(role, &peer.written()).len(), 1);
        });
    }

    /// The peer has ended its side; while it does not read, our Close frame and what is before it wait, but not for
    /// ever.
    #[test]
    fn and_the_peer_does_not_read_the_answer() {
        check(|peer| peer.writes([Write::Blocked]));
        check(|peer| peer.flushes([Write::Blocked])); // the transport has taken them

        #[track_caller]
        fn check(block: impl Fn(&Peer)) {
            for role in ROLES {
                let (peer, transport) = script(Cut::NONE, [Read::Data(wire::close(other(role), 1000, "")), Read::Eof]);
                block(&peer);
                let mut ws = open(transport, role, Config::default());
                let ended = run_through_time(read_all(&mut ws));
                assert_eq!(ended, (vec![], Err(Failure::TimedOut(TimedOut::Write(Duration::from_secs(30))))));
                assert_over(&mut ws);
            }
        }
    }

    #[test]
    fn and_nothing_more_can_be_sent() {
        for role in ROLES {
            let (_, transport) = script(Cut::NONE, []);
            let mut ws = open(transport, role, Config::default());
            ws.start_close(CloseCode::GOING_AWAY).unwrap();
            ws.start_close(CloseCode::NORMAL).unwrap(); // the first counts
            for _ in 0..2 {
                assert!(run(ws.send("late")).unwrap_err().is_closed());
                assert!(run(ws.ping(b"late")).unwrap_err().is_closed());
            }
        }
    }

    #[test]
    fn what_cannot_be_sent_leaves_the_connection_open() {
        let (peer, transport) = script(Cut::NONE, []);
        let mut ws = open(transport, Role::Server, Config::default());
        let failure = |result: Result<_, Error>| result.map_err(Failure::from).unwrap_err();
        let code = CloseCode::NO_STATUS;
        assert_eq!(failure(ws.start_close(code)), Failure::Send(SendError::InvalidCloseCode { code }));
        let long = CloseFrame::new(1000, "x".repeat(124));
        assert_eq!(failure(run(ws.close(long)).map(|_| ())), Failure::Send(SendError::ReasonTooLong { len: 124 }));
        assert_eq!(failure(run(ws.ping(&[0; 126]))), Failure::Send(SendError::ControlTooLong { len: 126 }));
        run(ws.send("still open")).unwrap();
        assert_eq!(wire::frames(Role::Server, &peer.written()).len(), 1);
    }
}
