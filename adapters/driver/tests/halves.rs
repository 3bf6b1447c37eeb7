#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
//! A `WsStream` in halves, and any number of handles to send with.

mod support;

use futures_util::future::{Either, join, select};
use futures_util::{SinkExt, StreamExt};
use sansws_core::frame::{Opcode, Role};
use sansws_core::{Config, Fragment, Keepalive, Kind, Limits, Message, ProtocolError, SendError, TimedOut};
use sansws_driver::Error;
use std::any::Any;
use std::io::ErrorKind;
use std::pin::{Pin, pin};
use std::time::Duration;
use support::pipe::{Pipe, pair};
use support::script::{Cut, Peer, Read, Scripted, Write, script, sends};
use support::task::{Task, poll_and_drop, run, run_all, run_through_time, run_until_idle};
use support::{Acceptor, CLOSED, Failure, REQUEST, open, time, wire};

type Ws<T = Scripted> = sansws_driver::WsStream<T, time::Manual>;
type Reader<T = Scripted> = sansws_driver::Reader<T, time::Manual>;
type Writer<T = Scripted> = sansws_driver::Writer<T, time::Manual>;
type Sender<T = Scripted> = sansws_driver::Sender<T, time::Manual>;

const ROLE: Role = Role::Server;
const PEER: Role = Role::Client;
const SECOND: Duration = Duration::from_secs(1);

fn server(transport: Scripted) -> Ws {
    open(transport, ROLE, Config::default())
}

/// An open server in halves, and a peer that reads nothing yet.
fn blocked() -> (Peer, Reader, Writer) {
    let (peer, transport) = script(Cut::NONE, []);
    peer.writes([Write::Blocked]);
    let (reader, writer) = server(transport).split();
    (peer, reader, writer)
}

/// What the server sent.
fn sent(peer: &Peer) -> Vec<(Opcode, Vec<u8>)> {
    wire::frames(ROLE, &peer.written()).into_iter().map(|(opcode, _, payload)| (opcode, payload.into())).collect()
}

fn frame(opcode: Opcode, payload: &[u8]) -> (Opcode, Vec<u8>) {
    (opcode, payload.to_vec())
}

fn fragment(payload: &'static str, last: bool) -> Fragment {
    Fragment { kind: Kind::Text, payload: payload.into(), last }
}

fn failure<T>(result: Result<T, Error>) -> Failure {
    result.err().map(Failure::from).expect("it cannot have worked")
}

/// Polls it until it waits, which it must.
#[track_caller]
fn waits<F: Future>(future: Pin<&mut F>) {
    assert!(run_until_idle(future).is_none(), "it does not wait");
}

/// Polls it when it was woken, and only then: it must have been, and be done then.
#[track_caller]
fn finish<F: Future + ?Sized>(task: &Task, mut future: Pin<&mut F>) -> F::Output {
    for _ in 0..10 {
        assert!(task.woken() > 0, "nobody has woken it");
        if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut task.context()) {
            return output;
        }
    }
    panic!("it is woken again and again");
}

type Tasks<'a> = Vec<Pin<Box<dyn Future<Output = ()> + 'a>>>;

mod either_half_drives {
    use super::*;

    #[test]
    fn pings_are_answered_while_only_the_writer_is_polled() {
        check(async |writer| Writer::send(writer, "x").await);
        check(async |writer| Writer::send(writer, vec![0; 100_000]).await);
        check(async |writer| writer.sender().send("x").await);
        check(async |writer| writer.ping(b"you?").await);
        check(async |writer| writer.send_fragment(fragment("x", true)).await);
        check(async |writer| SinkExt::send(writer, "x".into()).await);
        check(async |writer| {
            Writer::feed(writer, "x").await?;
            Writer::flush(writer).await
        });
        check(async |writer| {
            Writer::feed(writer, vec![0; 100_000]).await?;
            writer.ready().await
        });
        check(async |writer| {
            SinkExt::feed(writer, vec![0; 100_000].into()).await?;
            SinkExt::feed(writer, "waits for room".into()).await?;
            SinkExt::flush(writer).await
        });

        #[track_caller]
        fn check(call: impl AsyncFn(&mut Writer) -> Result<(), Error>) {
            let (peer, _reader, mut writer) = blocked();
            {
                let mut call = pin!(call(&mut writer));
                waits(call.as_mut());
                peer.sends(wire::ping(PEER, b"there?"));
                waits(call.as_mut());
                peer.unblock();
                run(call).unwrap();
            }
            assert!(sent(&peer).contains(&frame(Opcode::Pong, b"there?")));
        }
    }

    #[test]
    fn all_leaves_while_only_the_reader_is_polled() {
        let pong = (wire::ping(PEER, b"there?"), frame(Opcode::Pong, b"there?"));
        let close = (wire::close(PEER, 4000, "bye"), frame(Opcode::Close, &4000_u16.to_be_bytes()));
        for said in [pong, close] {
            check(&said, async |reader| assert!(reader.next().await.is_none()));
            check(&said, async |reader| assert!(StreamExt::next(reader).await.is_none()));
            check(&said, async |reader| while reader.next_event().await.is_some() {});
        }

        #[track_caller]
        fn check((said, answer): &(Vec<u8>, (Opcode, Vec<u8>)), call: impl AsyncFn(&mut Reader)) {
            for cut in Cut::ALL {
                let (peer, transport) = script(cut, [Read::Data(said.clone())]);
                peer.writes([Write::Blocked]);
                let (mut reader, writer) = server(transport).split();
                run(writer.feed("fed before")).unwrap();
                {
                    let mut call = pin!(call(&mut reader));
                    waits(call.as_mut());
                    peer.unblock();
                    waits(call);
                }
                assert_eq!(sent(&peer), [frame(Opcode::Text, b"fed before"), answer.clone()], "{cut:?}");
            }
        }
    }

    /// Nobody flushes: whoever waits for messages is woken.
    #[test]
    fn what_is_fed_leaves_though_nobody_flushes() {
        check(|sender| run(sender.feed("x")));
        check(|sender| sender.try_feed("x"));

        #[track_caller]
        fn check(feed: impl Fn(&Sender) -> Result<(), Error>) {
            let (peer, transport) = script(Cut::NONE, []);
            let (mut reader, writer) = server(transport).split();
            let (task, mut next) = (Task::new(), pin!(reader.next()));
            assert!(next.as_mut().poll(&mut task.context()).is_pending());
            feed(&writer).unwrap();
            assert!(task.woken() > 0, "nobody has woken it");
            assert!(next.as_mut().poll(&mut task.context()).is_pending());
            assert_eq!(sent(&peer), [frame(Opcode::Text, b"x")]);
        }
    }

    #[test]
    fn a_failure_is_told_once_and_all_are_woken() {
        check(|peer| peer.then(Read::Error(ErrorKind::ConnectionReset)), &Failure::Io(ErrorKind::ConnectionReset));
        check(|_| time::advance(30 * SECOND), &Failure::TimedOut(TimedOut::Write(30 * SECOND)));
        check(|peer| peer.then(Read::Eof), &Failure::Protocol(ProtocolError::UnexpectedEof));

        #[track_caller]
        fn check(fail: impl Fn(&Peer), expected: &Failure) {
            for first in 0..3 {
                let (peer, mut reader, writer) = blocked();
                let (sender, fed) = (writer.sender(), writer.sender());
                run(fed.feed(vec![0; 100_000])).unwrap();
                let mut next = pin!(async { reader.next().await.map_or(Ok(()), |next| next.map(drop)) });
                let mut send = pin!(writer.send("x"));
                let mut flush = pin!(sender.flush());
                let mut futures: [Pin<&mut dyn Future<Output = Result<(), Error>>>; 3] =
                    [next.as_mut(), send.as_mut(), flush.as_mut()];
                let tasks = [Task::new(), Task::new(), Task::new()];
                for _ in 0..2 {
                    for (future, task) in futures.iter_mut().zip(&tasks) {
                        assert!(future.as_mut().poll(&mut task.context()).is_pending());
                    }
                }
                tasks.iter().for_each(|task| _ = task.woken());
                fail(&peer);
                for at in 0..3 {
                    let at = (at + first) % 3;
                    let ended = finish(&tasks[at], futures[at].as_mut()).map_err(Failure::from);
                    let or = if at == 0 { Ok(()) } else { Err(CLOSED) };
                    assert_eq!(ended, if at == first { Err(expected.clone()) } else { or });
                }
                assert_eq!(failure(run(fed.send("late"))), CLOSED);
            }
        }
    }

    /// Also if nothing is read any more, since a message waits to be taken.
    #[test]
    fn a_write_that_fails_wakes_all() {
        let (peer, _reader, writer) = blocked();
        let sender = writer.sender();
        run(sender.feed(vec![0; 100_000])).unwrap();
        let (task, mut waiting) = (Task::new(), pin!(sender.ready()));
        assert!(waiting.as_mut().poll(&mut task.context()).is_pending());
        peer.sends(wire::text(PEER, "nobody takes me"));
        assert!(waiting.as_mut().poll(&mut task.context()).is_pending());
        task.woken();
        peer.writes([Write::Error(ErrorKind::BrokenPipe)]);
        assert_eq!(failure(run(writer.send("x"))), Failure::Io(ErrorKind::BrokenPipe));
        assert_eq!(failure(finish(&task, waiting)), CLOSED);
    }
}

mod dropped {
    use super::*;

    /// What arrives goes the same way, so that the writer is not held up; and the writer goes on.
    #[test]
    fn a_reader_takes_no_messages_with_it() {
        for cut in Cut::ALL {
            let said = [wire::text(PEER, "one"), wire::ping(PEER, b"there?"), wire::text(PEER, "two")].concat();
            let (peer, transport) = script(cut, [Read::Data(said)]);
            peer.writes([Write::Blocked]);
            let (reader, writer) = server(transport).split();
            let (task, mut send) = (Task::new(), pin!(writer.send("x")));
            while task.woken() > 0 || peer.polls() == 0 {
                assert!(send.as_mut().poll(&mut task.context()).is_pending());
            }
            drop(reader);
            assert!(task.woken() > 0, "the writer drives now");
            peer.sends(wire::close(PEER, 1000, ""));
            waits(send.as_mut());
            assert_eq!(peer.steps_left(), 0, "all is read");
            peer.unblock();
            run(send).unwrap();
            run(writer.flush()).unwrap();
            let answers = [frame(Opcode::Pong, b"there?"), frame(Opcode::Close, &1000_u16.to_be_bytes())];
            assert_eq!(sent(&peer), [&[frame(Opcode::Text, b"x")][..], &answers].concat(), "{cut:?}");
            assert!(!writer.is_open());
            assert_eq!(failure(run(writer.send("late"))), CLOSED);
        }
    }

    /// What goes wrong is then told to who sends.
    #[test]
    fn a_readers_errors_are_the_writers() {
        let (peer, reader, writer) = blocked();
        drop(reader);
        let mut send = pin!(writer.send("x"));
        waits(send.as_mut());
        peer.sends(vec![0x81, 0]); // unmasked
        waits(send.as_mut());
        peer.then(Read::Eof);
        peer.unblock();
        run(send).unwrap();
        assert_eq!(failure(run(writer.send("x"))), Failure::Protocol(ProtocolError::Unmasked));
        assert_eq!(failure(run(writer.send("x"))), CLOSED);
    }

    #[test]
    fn a_writer_leaves_the_reader_as_it_was() {
        let (peer, transport) = sends([wire::ping(PEER, b"there?"), wire::text(PEER, "hello")].concat());
        let (mut reader, writer) = server(transport).split();
        let sender = writer.sender();
        run(writer.feed("fed before")).unwrap();
        drop(writer);
        assert_eq!(run(reader.next()).unwrap().unwrap(), "hello".into());
        run(sender.send("still here")).unwrap();
        let expected =
            [frame(Opcode::Text, b"fed before"), frame(Opcode::Pong, b"there?"), frame(Opcode::Text, b"still here")];
        assert_eq!(sent(&peer), expected);
    }

    #[test]
    fn both_halves_drop_the_transport_and_close_senders() {
        check(|reader, writer| (Box::new(reader), Box::new(writer)));
        check(|reader, writer| (Box::new(writer), Box::new(reader)));

        #[track_caller]
        fn check(in_order: impl Fn(Reader, Writer) -> (Box<dyn Any>, Box<dyn Any>)) {
            let (peer, reader, writer) = blocked();
            let sender = writer.sender();
            run(sender.feed(vec![0; 100_000])).unwrap();
            assert_eq!(sender.buffered_amount(), 100_000);
            let (first, second) = in_order(reader, writer);
            drop(first);
            let (tasks, mut feed) = ([Task::new(), Task::new()], pin!(sender.feed("x")));
            let mut flush = pin!(sender.flush());
            assert!(feed.as_mut().poll(&mut tasks[0].context()).is_pending());
            assert!(flush.as_mut().poll(&mut tasks[1].context()).is_pending());
            assert!(!peer.is_dropped());
            drop(second);
            assert!(peer.is_dropped());
            assert_eq!(failure(finish(&tasks[0], feed)), CLOSED);
            assert_eq!(failure(finish(&tasks[1], flush)), CLOSED);
            assert_eq!(failure(sender.try_feed("x")), CLOSED);
            assert_eq!(failure(run(sender.close(None))), CLOSED);
            assert_eq!((sender.is_open(), sender.buffered_amount()), (false, 0));
        }
    }

    /// A task that has given up waiting is not kept.
    #[test]
    fn a_future_leaves_no_waker() {
        let (peer, _reader, writer) = blocked();
        let sender = writer.sender();
        run(sender.feed(vec![0; 100_000])).unwrap();
        let _ = (&peer, check(sender.feed("x")), check(sender.ready()), check(sender.flush()), check(sender.send("x")));

        #[track_caller]
        fn check<F: Future>(future: F) {
            let task = Task::new();
            {
                let mut future = pin!(future);
                for _ in 0..2 {
                    assert!(future.as_mut().poll(&mut task.context()).is_pending());
                    assert!(task.is_remembered());
                }
            }
            assert!(!task.is_remembered());
        }
    }

    /// The message is queued whole or not at all.
    #[test]
    fn a_send_is_done_or_not() {
        for cut in Cut::ALL {
            for before in [0, 200] {
                for polls in 0..100 {
                    let (peer, transport) = script(cut, []);
                    let limits = Limits { output_high: 100, output_low: 50, ..Limits::default() };
                    let (_reader, writer) = open(transport, ROLE, Config { limits, ..Config::default() }).split();
                    writer.try_feed(vec![0; before]).unwrap();
                    let sender = writer.sender();
                    let done = poll_and_drop(sender.send("whole or not at all"), polls).is_some();
                    run(writer.send("behind")).unwrap();
                    let payloads = wire::messages(&wire::frames(ROLE, &peer.written()));
                    let [_, found @ .., behind] = &payloads[..] else { panic!("{} messages", payloads.len()) };
                    assert_eq!(behind, &b"behind"[..]);
                    match found {
                        [] => assert!(!done, "it is gone"),
                        [message] => assert_eq!(message, &b"whole or not at all"[..]),
                        _ => panic!("it was sent {} times", found.len()),
                    }
                }
            }
        }
    }
}

mod reunited {
    use super::*;

    #[test]
    fn they_are_what_they_were() {
        let (peer, transport) = sends([wire::text(PEER, "one"), wire::text(PEER, "two")].concat());
        let (mut reader, mut writer) = server(transport).split();
        assert_eq!(run(reader.next()).unwrap().unwrap(), "one".into());
        run(writer.feed("queued")).unwrap();
        let half = run_until_idle(pin!(writer.send_fragment(fragment("ha", false))));
        half.unwrap().unwrap();
        let mut ws = reader.reunite(writer).unwrap();
        run(ws.send_fragment(fragment("lf", true))).unwrap();
        assert_eq!(run(ws.next()).unwrap().unwrap(), "two".into());
        assert_eq!(sent(&peer)[0], frame(Opcode::Text, b"queued"));
        assert_eq!(wire::messages(&wire::frames(ROLE, &peer.written()))[1], &b"half"[..]);

        let (mut reader, writer) = ws.split();
        peer.sends(wire::text(PEER, "three"));
        assert_eq!(run(reader.next()).unwrap().unwrap(), "three".into());
        drop(writer);
        assert!(!peer.is_dropped());
    }

    #[test]
    fn senders_are_closed() {
        let (peer, reader, writer) = blocked();
        let sender = reader.sender();
        run(sender.feed(vec![0; 100_000])).unwrap();
        let (tasks, mut feed) = ([Task::new(), Task::new()], pin!(sender.feed("x")));
        let mut flush = pin!(sender.flush());
        assert!(feed.as_mut().poll(&mut tasks[0].context()).is_pending());
        assert!(flush.as_mut().poll(&mut tasks[1].context()).is_pending());
        let ws = reader.reunite(writer).unwrap();
        assert_eq!(failure(finish(&tasks[0], feed)), CLOSED);
        assert_eq!(failure(finish(&tasks[1], flush)), CLOSED);
        let (_reader, writer) = ws.split();
        assert_eq!((sender.is_open(), writer.is_open()), (false, true), "of other halves");
        peer.unblock();
        run(writer.flush()).unwrap();
        assert_eq!(sent(&peer).len(), 1);
    }

    #[test]
    fn strangers_are_given_back() {
        let ((peer, reader, writer), (other_peer, other_reader, other_writer)) = (blocked(), blocked());
        let error = reader.reunite(other_writer).unwrap_err();
        assert_eq!(error.to_string(), "reader and writer are not halves of one connection");
        let sansws_driver::ReuniteError(reader, other_writer) = error;
        for (peer, reader, writer, payload) in
            [(peer, reader, writer, "one"), (other_peer, other_reader, other_writer, "two")]
        {
            peer.unblock();
            let mut ws = reader.reunite(writer).unwrap();
            run(ws.send(payload)).unwrap();
            assert_eq!(sent(&peer), [frame(Opcode::Text, payload.as_bytes())]);
        }
    }
}

mod senders {
    use super::*;

    /// A message that says whose it is and which.
    fn numbered(sender: u8, at: u8, len: usize) -> Message {
        let mut payload = vec![at; len.max(2)];
        payload[0] = sender;
        payload.into()
    }

    /// Ways to send; all keep a sender's order.
    async fn send<T: sansws_driver::Transport>(sender: &Sender<T>, at: u8, message: Message) {
        match at % 4 {
            0 => sender.send(message).await.unwrap(),
            1 => sender.feed(message).await.unwrap(),
            2 => {
                sender.ready().await.unwrap();
                sender.feed(message).await.unwrap();
            }
            _ => {
                sender.feed(message).await.unwrap();
                sender.flush().await.unwrap();
            }
        }
    }

    /// Both ends, each with a reader and several senders, each on a task of its own that is polled only when woken.
    #[test]
    fn each_ones_messages_arrive_in_order() {
        const SENDERS: u8 = 3;
        const COUNT: u8 = 9;
        let high_and_low = [(64 << 10, 32 << 10), (1, 0), (500, 100)];
        for cut in Cut::ALL {
            for size in [1, 50, 10_000] {
                for (output_high, output_low) in high_and_low {
                    let limits = Limits { output_high, output_low, ..Limits::default() };
                    let config = Config { limits, ..Config::default() };
                    let (client, server) = pair(size, cut, config.clone(), config);
                    let mut ends = [client.split(), server.split()]; // to the end of all tasks
                    let mut tasks = Tasks::new();
                    for (reader, writer) in &mut ends {
                        for id in 0..SENDERS {
                            let sender = writer.sender();
                            tasks.push(Box::pin(async move {
                                for at in 0..COUNT {
                                    send(&sender, at, numbered(id, at, usize::from(at) * 97 % 300)).await;
                                }
                                sender.flush().await.unwrap();
                            }));
                        }
                        tasks.push(Box::pin(async move {
                            let mut next = [0; SENDERS as usize];
                            for _ in 0..SENDERS * COUNT {
                                let message = reader.next().await.unwrap().unwrap();
                                let id = message.as_bytes()[0];
                                let at = &mut next[usize::from(id)];
                                assert_eq!(message, numbered(id, *at, usize::from(*at) * 97 % 300));
                                *at += 1;
                            }
                        }));
                    }
                    run_all(tasks);
                }
            }
        }
    }

    /// Who feeds as fast as it can does not keep others from it, be it with a handle or with the `Sink`.
    #[test]
    fn all_have_their_turn() {
        const COUNT: u8 = 50;
        let feed = async |sender: Sender<Pipe>, id| {
            for at in 0..COUNT {
                sender.feed(numbered(id, at, 10_000)).await.unwrap();
            }
            sender.flush().await.unwrap();
        };
        for sink_comes in [None, Some(0), Some(1)] {
            let (client, server) = pair(1000, Cut::NONE, Config::client(), Config::default());
            let ((_reader, mut writer), (mut reader, _writer)) = (client.split(), server.split());
            let mut tasks: Tasks = vec![Box::pin(feed(writer.sender(), 0)), Box::pin(feed(writer.sender(), 1))];
            let sink = async {
                for at in 0..COUNT {
                    SinkExt::feed(&mut writer, numbered(2, at, 10_000)).await.unwrap();
                }
                SinkExt::flush(&mut writer).await.unwrap();
            };
            let senders = if let Some(at) = sink_comes {
                tasks.insert(at, Box::pin(sink));
                3
            } else {
                2
            };
            tasks.push(Box::pin(async move {
                let mut counts = vec![0; senders];
                while counts.iter().sum::<u8>() < COUNT * u8::try_from(senders).unwrap() {
                    let message = reader.next().await.unwrap().unwrap();
                    counts[usize::from(message.as_bytes()[0])] += 1;
                    let is_unfair = counts.contains(&COUNT) && counts.iter().any(|count| *count < COUNT / 4);
                    assert!(!is_unfair, "{counts:?}");
                }
            }));
            run_all(tasks);
        }
    }

    /// The answer of the opening handshake has left already.
    #[test]
    fn nothing_is_flushed_at_once() {
        let (_peer, transport) = sends(REQUEST.into());
        let (_reader, writer) = run(Acceptor::new().accept(transport)).unwrap().split();
        run(writer.flush()).unwrap();
    }

    /// Others feed without end; who flushes is done when its own has left.
    #[test]
    fn a_flush_does_not_wait_for_others() {
        check(async |sender| sender.send("x").await);
        check(async |sender| sender.flush().await);
        check(async |sender| sender.ping(b"x").await);
        check(async |sender| sender.close(None).await);

        #[track_caller]
        fn check(flush: impl AsyncFn(Sender<Pipe>) -> Result<(), Error>) {
            let (client, server) = pair(1000, Cut::NONE, Config::client(), Config::default());
            let ((_reader, writer), (mut reader, _writer)) = (client.split(), server.split());
            let feed = async { while writer.feed(vec![0; 10_000]).await.is_ok() {} };
            let read = async { while reader.next().await.is_some() {} };
            let others = pin!(join(feed, read));
            let flush = pin!(flush(writer.sender()));
            assert!(matches!(run(select(others, flush)), Either::Right((Ok(()), _))));
        }
    }

    /// What goes ahead of a message does not make its `send` end before it has left.
    #[test]
    fn control_frames_go_ahead_and_nobody_is_misled() {
        let (peer, _reader, writer) = blocked();
        let sender = writer.sender();
        run(sender.feed(vec![1; 30_000])).unwrap();
        let (task, mut send) = (Task::new(), pin!(sender.send(vec![2; 30_000])));
        assert!(send.as_mut().poll(&mut task.context()).is_pending());
        for _ in 0..100 {
            waits(pin!(writer.ping(&[0; 125])));
        }
        let (pings, message) = (100 * 127, 30_004);
        peer.writes([Write::Limit(message), Write::Limit(pings), Write::Limit(message - 1), Write::Blocked]);
        assert!(send.as_mut().poll(&mut task.context()).is_pending(), "its last byte has not left");
        peer.unblock();
        finish(&task, send).unwrap();
        let opcodes: Vec<_> = sent(&peer).into_iter().map(|(opcode, _)| opcode).collect();
        assert_eq!(
            (opcodes[0], opcodes[1], opcodes[100], opcodes[101]),
            (Opcode::Binary, Opcode::Ping, Opcode::Ping, Opcode::Binary)
        );
    }

    /// Whatever went wrong after it had left.
    #[test]
    fn a_message_that_has_left_was_sent() {
        let (peer, mut reader, writer) = blocked();
        let (task, mut send) = (Task::new(), pin!(writer.send("x")));
        assert!(send.as_mut().poll(&mut task.context()).is_pending());
        peer.unblock();
        peer.then(Read::Error(ErrorKind::ConnectionReset));
        let end = run(reader.next()).unwrap();
        assert_eq!(failure(end), Failure::Io(ErrorKind::ConnectionReset));
        finish(&task, send).unwrap();
        assert_eq!(failure(run(writer.send("y"))), CLOSED);
    }

    /// A transport that buffers, such as TLS, has taken it all: none of it has left.
    /// Nothing is queued any more, but nothing has left either.
    #[test]
    fn a_flush_behind_a_failure_fails() {
        let (peer, mut reader, writer) = blocked();
        run(writer.feed("lost")).unwrap();
        peer.then(Read::Eof);
        let eof = Failure::Protocol(ProtocolError::UnexpectedEof);
        assert_eq!(failure(run(reader.next()).unwrap()), eof);
        assert_eq!(failure(run(writer.flush())), CLOSED);
    }

    #[test]
    fn what_the_transport_buffers_has_not_left() {
        let (peer, transport) = script(Cut::NONE, []);
        peer.flushes([Write::Blocked]);
        let (_reader, writer) = server(transport).split();
        let (task, mut send) = (Task::new(), pin!(writer.send("x")));
        assert!(send.as_mut().poll(&mut task.context()).is_pending());
        peer.writes([Write::Blocked]);
        run(writer.feed("behind")).unwrap();
        assert!(send.as_mut().poll(&mut task.context()).is_pending());
        peer.unblock();
        peer.writes([Write::Blocked]);
        finish(&task, send).unwrap();
    }

    #[test]
    fn fragments_keep_others_out_until_the_last() {
        let (peer, transport) = script(Cut::NONE, []);
        let (_reader, mut writer) = server(transport).split();
        let sender = writer.sender();
        run(writer.send_fragment(fragment("ha", false))).unwrap();
        assert_eq!(failure(run(sender.send("x"))), Failure::Send(SendError::UnfinishedMessage));
        run(sender.ping(b"!")).unwrap();
        run(writer.send_fragment(fragment("lf", true))).unwrap();
        run(sender.send("x")).unwrap();
        assert_eq!(wire::messages(&wire::frames(ROLE, &peer.written())), [&b"half"[..], b"x"]);
    }
}

/// Between the high water mark and the low one.
mod marks {
    use super::*;

    #[test]
    fn who_does_not_wait_is_refused_at_the_high_mark_until_the_low_one() {
        let (peer, _reader, writer) = blocked();
        let fed = (0..).find(|_| writer.try_feed(vec![0; 996]).is_err()).unwrap();
        assert_eq!(fed, (64_usize << 10).div_ceil(1000));
        assert!(matches!(writer.try_feed("x"), Err(error) if error.is_would_block()));
        assert!(writer.is_open());

        let down_to = |left: usize| {
            peer.writes([Write::Limit(fed * 1000 - peer.written().len() - left), Write::Blocked]);
            waits(pin!(writer.flush()));
        };
        down_to((32 << 10) + 1);
        assert!(matches!(writer.try_feed("x"), Err(Error::WouldBlock)));
        waits(pin!(writer.ready()));
        waits(pin!(writer.feed("x")));
        down_to(32 << 10);
        run(writer.ready()).unwrap();
        writer.try_feed("x").unwrap();
        run(writer.feed("x")).unwrap();
    }

    /// Whatever the marks are: nobody who waits for room waits for ever, and all arrives.
    #[test]
    fn no_marks_are_wrong() {
        let marks = [0, 1, 2, 100, 64 << 10, usize::MAX];
        for output_high in marks {
            for output_low in marks {
                let limits = Limits { output_high, output_low, ..Limits::default() };
                let config = Config { limits, ..Config::default() };
                let (client, server) = pair(100, Cut::NONE, config.clone(), config);
                let ((_reader, mut writer), (mut reader, _writer)) = (client.split(), server.split());
                let sender = writer.sender();
                run_all(vec![
                    Box::pin(async move {
                        for at in 0..20 {
                            sender.feed(vec![0; at * 37]).await.unwrap();
                        }
                        sender.ready().await.unwrap();
                        sender.flush().await.unwrap();
                    }),
                    Box::pin(async move {
                        for at in 0..20 {
                            SinkExt::feed(&mut writer, vec![0; at * 37].into()).await.unwrap();
                        }
                        SinkExt::flush(&mut writer).await.unwrap();
                    }),
                    Box::pin(async move {
                        for _ in 0..40 {
                            reader.next().await.unwrap().unwrap();
                        }
                    }),
                ]);
            }
        }
    }
}

mod idle {
    use super::*;

    /// What idles: a connection, or the reader of one.
    enum Idler {
        Whole(Ws),
        Reader(Reader),
    }

    impl Idler {
        async fn idle(&mut self) -> Result<bool, Failure> {
            match self {
                Self::Whole(ws) => ws.idle().await.map_err(Failure::from),
                Self::Reader(reader) => reader.idle().await.map_err(Failure::from),
            }
        }

        async fn next(&mut self) -> Option<Message> {
            match self {
                Self::Whole(ws) => ws.next().await.transpose().unwrap(),
                Self::Reader(reader) => reader.next().await.transpose().unwrap(),
            }
        }
    }

    #[track_caller]
    fn check(said: &[Read], config: &Config, check: impl Fn(&Peer, Idler)) {
        let open = || {
            let (peer, transport) = script(Cut::NONE, said.iter().cloned());
            (peer, open(transport, ROLE, config.clone()))
        };
        let (peer, ws) = open();
        check(&peer, Idler::Whole(ws));
        let (peer, ws) = open();
        check(&peer, Idler::Reader(ws.split().0));
    }

    #[test]
    fn answers_pings_and_leaves_messages() {
        check(&[Read::Data(wire::ping(PEER, b"there?"))], &Config::default(), |peer, mut ws| {
            waits(pin!(ws.idle()));
            assert_eq!(sent(peer), [frame(Opcode::Pong, b"there?")]);
            peer.sends([wire::text(PEER, "one"), wire::text(PEER, "two"), wire::close(PEER, 1000, "")].concat());
            peer.then(Read::Eof);
            for message in ["one", "two"] {
                assert_eq!((run(ws.idle()), run(ws.idle())), (Ok(true), Ok(true)));
                assert_eq!(run(ws.next()), Some(message.into()));
            }
            assert_eq!(run(ws.idle()), Ok(true), "of the Close frame");
            assert_eq!(run(ws.next()), None);
            assert_eq!((run(ws.idle()), run(ws.idle())), (Ok(false), Ok(false)));
        });
    }

    #[test]
    fn keeps_time() {
        let config = Config { keepalive: Some(Keepalive::default()), ..Config::default() };
        check(&[], &config, |peer, mut ws| {
            waits(pin!(ws.idle()));
            time::advance(20 * SECOND);
            waits(pin!(ws.idle()));
            assert_eq!(sent(peer), [frame(Opcode::Ping, b"")]);
            peer.sends(wire::frame(PEER, Opcode::Pong, true, b""));
            let gone = Failure::TimedOut(TimedOut::Keepalive(20 * SECOND));
            let begun = time::elapsed();
            assert_eq!(run_through_time(ws.idle()), Err(gone));
            assert_eq!(time::elapsed() - begun, 40 * SECOND);
            assert_eq!(run(ws.idle()), Ok(false));
        });
    }
}
