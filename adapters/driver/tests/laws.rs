#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
//! What holds whatever the peer does, the transport does, and whoever polls when.

mod support;

use proptest::prelude::*;
use sansws_core::frame::{Opcode, Role};
use sansws_core::{CloseCode, Config, Keepalive, Message};
use std::io::ErrorKind;
use std::task::Poll;
use std::time::Duration;
use support::pipe::{Ws, pair};
use support::script::{Cut, Read, Write, script};
use support::task::{poll_and_drop, run, run_through_time};
use support::{ROLES, open, other, wire};

/// What somebody does with one of two ends: begins it, and drops the future when it would wait.
#[derive(Clone, Copy, Debug)]
enum Step {
    Next,
    Read,
    Serve,
    Send(usize),
    Feed(usize),
    Flush,
    Ping,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        Just(Step::Next),
        Just(Step::Read),
        Just(Step::Serve),
        (0..300_usize).prop_map(Step::Send),
        (0..300_usize).prop_map(Step::Feed),
        Just(Step::Flush),
        Just(Step::Ping),
    ]
}

fn cut() -> impl Strategy<Value = Cut> {
    (1..40_usize, 1..40_usize, any::<bool>()).prop_map(|(read, write, hesitates)| Cut { read, write, hesitates })
}

/// An end, and what it said and heard.
struct End {
    ws: Ws,
    said: Vec<Message>,
    heard: Vec<Message>,
}

impl End {
    fn new(ws: Ws) -> Self {
        Self { ws, said: Vec::new(), heard: Vec::new() }
    }

    fn act(&mut self, step: Step) {
        let Self { ws, said, heard } = self;
        let mut say = |len: usize| {
            said.push(vec![said.len().to_le_bytes()[0]; len].into());
            said[said.len() - 1].clone()
        };
        match step {
            Step::Next => heard.extend(poll_and_drop(ws.next(), 1).flatten().transpose().unwrap()),
            Step::Read => {
                let read = async { ws.read().await.unwrap().map(Message::from) };
                heard.extend(poll_and_drop(read, 1).flatten());
            }
            Step::Serve => {
                let serving = ws.serve(|message, _| {
                    heard.push(message.into());
                    Ok::<_, sansws_driver::Error>(())
                });
                assert!(poll_and_drop(serving, 1).is_none());
            }
            Step::Send(len) => drop(poll_and_drop(ws.send(say(len)), 1)),
            Step::Feed(len) => drop(poll_and_drop(ws.feed(say(len)), 1)),
            Step::Flush => drop(poll_and_drop(ws.flush(), 1)),
            Step::Ping => drop(poll_and_drop(ws.ping(b"?"), 1)),
        }
    }
}

/// How a peer goes on.
fn read() -> impl Strategy<Value = Read> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..20).prop_map(Read::Data),
        prop::sample::select(said()).prop_map(Read::Data),
        prop::sample::select(said()).prop_map(Read::Data),
        Just(Read::Pending),
    ]
}

/// What makes sense, from a client.
fn said() -> Vec<Vec<u8>> {
    let from = Role::Client;
    vec![
        wire::text(from, "hello"),
        wire::ping(from, b"?"),
        wire::frame(from, Opcode::Text, false, b"he"),
        wire::frame(from, Opcode::Continuation, true, b"llo"),
        wire::binary(from, &[0; 2000]),
        wire::close(from, 1000, ""),
    ]
}

fn write() -> impl Strategy<Value = Write> {
    prop_oneof![
        6 => (1..100_usize).prop_map(Write::Limit),
        3 => Just(Write::Pending),
        1 => Just(Write::Blocked),
        1 => Just(Write::Error(ErrorKind::BrokenPipe)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// However two ends are polled, all that was said is heard, once and in order.
    #[test]
    fn any_schedule_delivers_the_same(
        steps in prop::collection::vec((any::<bool>(), step()), 0..80),
        size in 1..2000_usize,
        cut in cut(),
    ) {
        let (client, server) = pair(size, cut, Config::client(), Config::default());
        let mut ends = [End::new(client), End::new(server)];
        for (which, step) in steps {
            ends[usize::from(which)].act(step);
        }
        let [client, server] = &mut ends;
        let (to_client, to_server) = (server.said.len(), client.said.len());
        let finish = async |end: &mut End, count: usize| {
            while end.heard.len() < count {
                end.heard.push(end.ws.next().await.unwrap().unwrap());
            }
            end.ws.flush().await.unwrap();
            end.ws.start_close(CloseCode::NORMAL).unwrap();
            assert!(end.ws.next().await.is_none(), "more than was said");
            assert!(end.ws.is_clean());
        };
        run(futures_util::future::join(finish(client, to_client), finish(server, to_server)));
        prop_assert_eq!(&client.heard, &server.said);
        prop_assert_eq!(&server.heard, &client.said);
    }

    /// Whatever comes and whatever fails: it ends, the error comes once, and what was sent is legal.
    #[test]
    fn any_peer_comes_to_an_end(
        reads in prop::collection::vec(read(), 0..20),
        writes in prop::collection::vec(write(), 0..20),
        end in prop::sample::select(vec![None, Some(Read::Eof), Some(Read::Error(ErrorKind::ConnectionReset))]),
        cut in cut(),
        closes in any::<bool>(),
    ) {
        let second = Duration::from_secs(1);
        let keepalive = Some(Keepalive { interval: second, timeout: second });
        for role in ROLES {
            let (peer, transport) = script(cut, reads.iter().cloned().chain(end.clone()));
            peer.writes(writes.iter().copied());
            let mut ws = open(transport, role, Config { keepalive, ..Config::default() });
            let (mut errors, mut echoed) = (0, 0);
            run_through_time(async {
                loop {
                    match ws.next().await {
                        None => break,
                        Some(Err(_)) => errors += 1,
                        Some(Ok(message)) => {
                            let fed = ws.feed(message).await;
                            echoed += usize::from(fed.is_ok());
                            errors += usize::from(fed.is_err_and(|error| !error.is_closed()));
                            if closes {
                                ws.start_close(None).unwrap();
                            }
                        }
                    }
                }
                assert!(ws.next().await.is_none());
                assert!(ws.send("late").await.unwrap_err().is_closed());
            });
            prop_assert!(errors <= 1, "{errors} errors");
            prop_assert!(errors == 1 || ws.is_clean(), "it ended in silence");
            let (frames, _) = wire::whole_frames(role, &peer.written());
            prop_assert!(wire::messages(&frames).len() <= echoed);
        }
    }

    /// The same of a request: it is answered or not, and the transport is dropped.
    #[test]
    fn any_request_comes_to_an_end(
        mut request in Just(support::REQUEST.to_vec()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        more in prop::collection::vec(any::<u8>(), 0..50),
        writes in prop::collection::vec(write(), 0..10),
        cut in cut(),
    ) {
        for (at, byte) in changes {
            let at = at.index(request.len());
            request[at] = byte;
        }
        request.extend(more);
        let (peer, transport) = script(cut, [Read::Data(request)]);
        peer.writes(writes);
        match run_through_time(support::Acceptor::new().accept(transport)) {
            Ok(ws) => prop_assert!(peer.written().starts_with(b"HTTP/1.1 101 ") && !peer.is_dropped() && ws.is_open()),
            Err(_) => prop_assert!(peer.is_dropped()),
        }
    }
}

/// A poll that finds nothing to do leaves nothing undone.
#[test]
fn polling_without_need_does_no_harm() {
    for role in ROLES {
        let (peer, transport) = script(Cut::NONE, []);
        let mut ws = open(transport, role, Config::default());
        for _ in 0..100 {
            assert!(poll_and_drop(ws.next(), 3).is_none());
            assert!(matches!(poll_and_drop(ws.flush(), 1), Some(Ok(()))));
        }
        peer.sends(wire::text(other(role), "x"));
        let task = support::task::Task::new();
        let polled = futures_util::Stream::poll_next(std::pin::Pin::new(&mut ws), &mut task.context());
        assert!(matches!(polled, Poll::Ready(Some(Ok(_)))));
    }
}
