#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
//! Whoever polls a `WsStream` moves it both ways, and whoever waits on it is woken.

mod support;

use futures_util::{Sink, SinkExt, Stream, StreamExt};
use sansws_core::frame::{Opcode, Role};
use sansws_core::{CloseFrame, Config, Delivery, Keepalive, Message, ProtocolError, SendError, TimedOut};
use sansws_driver::Error;
use std::io::ErrorKind;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;
use support::script::{Cut, Peer, Read, Scripted, Write, script, sends};
use support::task::{Task, run, run_all, run_until_idle};
use support::{Failure, open, pipe, time, wire};

type Ws = sansws_driver::WsStream<Scripted, time::Manual>;

const ROLE: Role = Role::Server;
const PEER: Role = Role::Client;

/// An open server, and a peer that reads nothing yet.
fn blocked() -> (Peer, Ws) {
    let (peer, transport) = script(Cut::NONE, []);
    peer.writes([Write::Blocked]);
    (peer, open(transport, ROLE, Config::default()))
}

/// What the server sent, without the fragments' ends.
fn sent(peer: &Peer) -> Vec<(Opcode, Vec<u8>)> {
    wire::frames(ROLE, &peer.written()).into_iter().map(|(opcode, _, payload)| (opcode, payload.into())).collect()
}

fn frame(opcode: Opcode, payload: &[u8]) -> (Opcode, Vec<u8>) {
    (opcode, payload.to_vec())
}

mod one_task {
    use super::*;

    #[test]
    fn pings_are_answered_while_sending() {
        check(async |ws| ws.send("x").await);
        check(async |ws| ws.send(vec![0; 100_000]).await);
        check(async |ws| SinkExt::send(ws, "x".into()).await);
        check(async |ws| ws.ping(b"you?").await);
        check(async |ws| {
            ws.feed("x").await?;
            ws.flush().await
        });
        check(async |ws| {
            ws.feed(vec![0; 100_000]).await?;
            ws.feed("waits for room").await?;
            ws.flush().await
        });

        /// The peer pings, and reads later; meanwhile the caller waits for `call` alone.
        #[track_caller]
        fn check(call: impl AsyncFn(&mut Ws) -> Result<(), Error>) {
            let (peer, mut ws) = blocked();
            {
                let mut call = pin!(call(&mut ws));
                assert!(run_until_idle(call.as_mut()).is_none(), "the peer has read nothing");
                peer.sends(wire::ping(PEER, b"there?"));
                assert!(run_until_idle(call.as_mut()).is_none(), "the peer has read nothing");
                peer.unblock();
                run(call).unwrap();
            }
            assert!(sent(&peer).contains(&frame(Opcode::Pong, b"there?")));
        }
    }

    #[test]
    fn pongs_and_what_was_fed_leave_while_reading() {
        let (said, answer) = (wire::ping(PEER, b"there?"), frame(Opcode::Pong, b"there?"));
        check(async |ws| assert!(ws.next().await.is_none()), &said, &answer);
        check(async |ws| assert!(ws.read().await.unwrap().is_none()), &said, &answer);
        check(async |ws| assert!(StreamExt::next(ws).await.is_none()), &said, &answer);
        check(async |ws| ws.serve(|_, _| Ok::<_, Error>(())).await.unwrap(), &said, &answer);
        check(async |ws| while ws.next_event().await.is_some() {}, &said, &answer);
        check(async |ws| while ws.read_event().await.unwrap().is_some() {}, &said, &answer);
        check(async |ws| ws.serve_events(|_, _| Ok::<_, Error>(())).await.unwrap(), &said, &answer);
    }

    #[test]
    fn close_replies_leave_while_reading() {
        let (said, answer) = (wire::close(PEER, 4000, "bye"), frame(Opcode::Close, &4000_u16.to_be_bytes()));
        check(async |ws| assert!(ws.next().await.is_none()), &said, &answer);
        check(async |ws| assert!(ws.read().await.unwrap().is_none()), &said, &answer);
        check(async |ws| ws.serve(|_, _| Ok::<_, Error>(())).await.unwrap(), &said, &answer);
        check(async |ws| while ws.next_event().await.is_some() {}, &said, &answer);
    }

    #[test]
    fn violations_are_told_while_reading() {
        let said = [0x81, 0x00]; // unmasked
        let answer = wire::close(ROLE, 1002, "unmasked frame from a client");
        let answer = frame(Opcode::Close, &answer[2..]);
        check(async |ws| drop(ws.next().await), &said, &answer);
        check(async |ws| drop(ws.serve(|_, _| Ok::<_, Error>(())).await), &said, &answer);
    }

    /// The caller waits for `call` alone, which does not end, as the peer does not end the stream.
    #[track_caller]
    fn check(call: impl AsyncFn(&mut Ws), said: &[u8], answer: &(Opcode, Vec<u8>)) {
        for cut in Cut::ALL {
            for writes in [vec![], vec![Write::Blocked]] {
                let (peer, transport) = script(cut, [Read::Data(said.into())]);
                peer.writes(writes);
                let mut ws = open(transport, ROLE, Config::default());
                ws.sender().unwrap().send("fed before").unwrap();
                {
                    let mut call = pin!(call(&mut ws));
                    assert!(run_until_idle(call.as_mut()).is_none());
                    peer.unblock();
                    assert!(run_until_idle(call).is_none());
                }
                assert_eq!(sent(&peer), [frame(Opcode::Text, b"fed before"), answer.clone()], "{cut:?}");
            }
        }
    }

    #[test]
    fn violations_are_told_while_sending() {
        let (peer, mut ws) = blocked();
        {
            let mut sending = pin!(ws.send("x"));
            assert!(run_until_idle(sending.as_mut()).is_none());
            peer.sends(vec![0x81, 0x00]);
            assert!(run_until_idle(sending.as_mut()).is_none());
            peer.unblock();
            run(sending).unwrap();
        }
        assert_eq!(sent(&peer)[1].0, Opcode::Close);
        assert!(peer.is_shut_down());
        peer.then(Read::Eof);
        let end = run(ws.next()).unwrap().map_err(Failure::from);
        assert_eq!(end, Err(Failure::Protocol(ProtocolError::Unmasked)));
    }

    /// What lies behind a message that nobody takes is not looked at, and so takes no memory.
    #[test]
    fn a_message_that_nobody_takes_holds_back_what_follows() {
        let (peer, mut ws) = blocked();
        {
            let mut sending = pin!(ws.send("x"));
            assert!(run_until_idle(sending.as_mut()).is_none());
            peer.sends(wire::text(PEER, "take me"));
            assert!(run_until_idle(sending.as_mut()).is_none());
            peer.sends(wire::ping(PEER, b"there?"));
            assert!(run_until_idle(sending.as_mut()).is_none());
            assert_eq!(peer.steps_left(), 1, "the ping is not read");
            peer.unblock();
            run(sending).unwrap();
        }
        assert_eq!(run(ws.next()).unwrap().unwrap(), "take me".into());
        assert!(run_until_idle(pin!(ws.next())).is_none());
        assert_eq!(sent(&peer), [frame(Opcode::Text, b"x"), frame(Opcode::Pong, b"there?")]);
    }

    #[test]
    fn replies_to_one_read_leave_in_one_write() {
        let said: Vec<u8> = (0..50).flat_map(|at| wire::text(PEER, &format!("message {at}"))).collect();
        let (peer, transport) = sends(said);
        let mut ws = open(transport, ROLE, Config::default());
        assert!(run_until_idle(pin!(ws.serve(|message, sender| sender.send_ref(message)))).is_none());
        assert_eq!((sent(&peer).len(), peer.taken()), (50, 1));
    }

    #[test]
    fn next_writes_nothing_while_messages_are_there() {
        let said: Vec<u8> = (0..50).flat_map(|at| wire::text(PEER, &format!("message {at}"))).collect();
        let (peer, transport) = sends(said);
        let mut ws = open(transport, ROLE, Config::default());
        for _ in 0..50 {
            let message = run(ws.next()).unwrap().unwrap();
            run(ws.feed(message)).unwrap();
        }
        assert_eq!(peer.taken(), 0);
        assert!(run_until_idle(pin!(ws.next())).is_none());
        assert_eq!((sent(&peer).len(), peer.taken()), (50, 1));
    }

    #[test]
    fn flushing_nothing_asks_nothing_of_the_transport() {
        let (peer, mut ws) = blocked();
        run(ws.flush()).unwrap();
        assert_eq!(peer.polls(), 0);
    }

    /// A transport that buffers, such as TLS, must be flushed before anyone is told that all has left.
    #[test]
    fn what_the_transport_buffers_is_flushed() {
        let (peer, transport) = script(Cut::NONE, []);
        peer.flushes([Write::Pending, Write::Blocked]);
        let mut ws = open(transport, ROLE, Config::default());
        {
            let mut sending = pin!(ws.send("x"));
            assert!(run_until_idle(sending.as_mut()).is_none());
            assert_eq!(sent(&peer), []);
            peer.unblock();
            run(sending).unwrap();
        }
        assert_eq!(sent(&peer), [frame(Opcode::Text, b"x")]);
    }

    /// So is the answer to a Close frame, though the peer has ended its side behind it.
    #[test]
    fn what_the_transport_buffers_is_flushed_at_the_end() {
        let (peer, transport) = script(Cut::NONE, [Read::Data(wire::close(PEER, 1000, "")), Read::Eof]);
        peer.flushes([Write::Blocked]);
        let mut ws = open(transport, ROLE, Config::default());
        {
            let mut reading = pin!(ws.next());
            assert!(run_until_idle(reading.as_mut()).is_none());
            peer.unblock();
            assert!(run(reading).is_none());
        }
        assert_eq!(sent(&peer), [frame(Opcode::Close, &1000_u16.to_be_bytes())]);
        assert!(peer.is_shut_down());
    }

    /// A peer that keeps us busy does not keep other tasks from running: not with what is no message, and not with
    /// messages.
    #[test]
    fn a_flood_is_read_in_turns() {
        let pongs = || wire::frame(PEER, Opcode::Pong, true, &[0; 125]);
        let messages = || wire::binary(PEER, &[0; 4000]);
        check(pongs(), async |ws| drop(ws.next().await));
        check(pongs(), async |ws| drop(ws.serve(|_, _| Ok::<_, Error>(())).await));
        check(pongs(), async |ws| drop(ws.close(None).await));
        check(messages(), async |ws| while ws.next().await.is_some() {});
        check(messages(), async |ws| while ws.read().await.unwrap().is_some() {});
        check(messages(), async |ws| while ws.next_event().await.is_some() {});
        check(messages(), async |ws| while StreamExt::next(ws).await.is_some() {});
        check(messages(), async |ws| drop(ws.serve(|_, _| Ok::<_, Error>(())).await));
        check(messages(), async |ws| drop(ws.serve_events(|_, _| Ok::<_, Error>(())).await));
        check(messages(), async |ws| drop(ws.close(None).await));

        #[track_caller]
        fn check(said: Vec<u8>, call: impl AsyncFn(&mut Ws)) {
            let (peer, transport) = script(Cut::NONE, [Read::Endless(said)]);
            let mut ws = open(transport, ROLE, Config::default());
            let task = Task::new();
            let mut call = pin!(call(&mut ws));
            for turn in 1..4 {
                assert!(call.as_mut().poll(&mut task.context()).is_pending());
                assert_eq!(task.woken(), 1, "it goes on by itself");
                assert!(peer.given() <= turn * (3 << 20), "{} bytes in {turn} turns", peer.given());
            }
        }
    }

    #[test]
    fn a_fragment_stays_for_those_who_want_fragments() {
        let (_, transport) = sends(wire::text(PEER, "x"));
        let config = Config { delivery: Delivery::Fragments, ..Config::default() };
        let mut ws = open(transport, ROLE, config);
        assert!(matches!(run(ws.next()), Some(Err(Error::Fragment))));
        assert!(matches!(run(ws.read()), Err(Error::Fragment)));
        assert!(matches!(run(ws.serve(|_, _| Ok::<_, Error>(()))), Err(Error::Fragment)));
        assert!(matches!(run(ws.next_event()), Some(Ok(sansws_core::Event::Fragment(fragment))) if fragment.last));
    }

    #[test]
    fn what_a_handler_returns_ends_serve_and_nothing_else() {
        let (peer, transport) = sends([wire::text(PEER, "one"), wire::text(PEER, "two")].concat());
        let mut ws = open(transport, ROLE, Config::default());
        let refused = run(ws.serve(|_, sender| sender.send_fragment(fragment()).and_then(|()| sender.send_ref("!"))));
        assert!(matches!(refused, Err(Error::Send(SendError::UnfinishedMessage))));
        assert_eq!(run(ws.next()).unwrap().unwrap(), "two".into());
        assert!(run_until_idle(pin!(ws.next())).is_none());
        assert_eq!(sent(&peer), [frame(Opcode::Text, b"half")]);

        fn fragment() -> sansws_core::Fragment {
            sansws_core::Fragment { kind: sansws_core::Kind::Text, payload: "half".into(), last: false }
        }
    }
}

/// One task reads, another writes: as halves of a split do.
mod two_tasks {
    use super::*;

    struct Halves {
        ws: Ws,
        reader: Task,
        writer: Task,
    }

    impl Halves {
        /// Both wait: for a message, and for a message to leave.
        fn waiting(peer: &Peer, transport: Scripted, config: Config) -> Self {
            peer.writes([Write::Blocked]);
            let mut halves = Self { ws: open(transport, ROLE, config), reader: Task::new(), writer: Task::new() };
            halves.ws.sender().unwrap().send("x").unwrap();
            halves.settle();
            halves
        }

        fn poll_next(&mut self) -> Poll<Option<Result<Message, Failure>>> {
            let polled = Pin::new(&mut self.ws).poll_next(&mut self.reader.context());
            polled.map_err(Failure::from)
        }

        fn poll_flush(&mut self) -> Poll<Result<(), Failure>> {
            Pin::new(&mut self.ws).poll_flush(&mut self.writer.context()).map_err(Failure::from)
        }

        /// Both are polled until neither is woken.
        fn settle(&mut self) {
            loop {
                assert!(self.poll_next().is_pending());
                assert!(self.poll_flush().is_pending());
                if self.woken() == (false, false) {
                    break;
                }
            }
        }

        fn woken(&self) -> (bool, bool) {
            (self.reader.woken() > 0, self.writer.woken() > 0)
        }
    }

    #[test]
    fn a_transport_that_can_be_read_wakes_both() {
        let (peer, transport) = script(Cut::NONE, []);
        let mut halves = Halves::waiting(&peer, transport, Config::default());
        peer.sends(wire::text(PEER, "hello"));
        assert_eq!(halves.woken(), (true, true));
        assert!(halves.poll_flush().is_pending());
        assert_eq!(halves.poll_next(), Poll::Ready(Some(Ok("hello".into()))), "though the writer has read it");
    }

    #[test]
    fn a_transport_that_can_be_written_wakes_both() {
        let (peer, transport) = script(Cut::NONE, []);
        let mut halves = Halves::waiting(&peer, transport, Config::default());
        peer.unblock();
        assert_eq!(halves.woken(), (true, true));
        assert!(halves.poll_next().is_pending());
        assert_eq!(halves.poll_flush(), Poll::Ready(Ok(())), "though the reader has written it");
    }

    #[test]
    fn time_wakes_both() {
        let (peer, transport) = script(Cut::NONE, []);
        let keepalive = Some(Keepalive { interval: Duration::from_secs(1), timeout: Duration::from_secs(1) });
        let mut halves = Halves::waiting(&peer, transport, Config { keepalive, ..Config::default() });
        time::advance(Duration::from_secs(1));
        assert_eq!(halves.woken(), (true, true));
        halves.settle();
        time::advance(Duration::from_secs(1));
        assert_eq!(halves.woken(), (true, true));
        let silent = Failure::TimedOut(TimedOut::Keepalive(Duration::from_secs(1)));
        assert_eq!(halves.poll_next(), Poll::Ready(Some(Err(silent))));
        assert_eq!(halves.poll_flush(), Poll::Ready(Err(support::CLOSED)));
    }

    /// Only the half that meets the end is woken by the transport; the other must be told.
    #[test]
    fn a_write_error_that_the_writer_meets_wakes_the_reader() {
        let (peer, transport) = script(Cut::NONE, []);
        let mut ws = open(transport, ROLE, Config::default());
        let (reader, writer) = (Task::new(), Task::new());
        assert!(Pin::new(&mut ws).poll_next(&mut reader.context()).is_pending());
        peer.writes([Write::Error(ErrorKind::BrokenPipe)]);
        ws.sender().unwrap().send("x").unwrap();
        let flushed = Pin::new(&mut ws).poll_flush(&mut writer.context()).map_err(Failure::from);
        assert_eq!(flushed, Poll::Ready(Err(Failure::Io(ErrorKind::BrokenPipe))));
        assert!(reader.woken() > 0, "the reader would wait for ever");
        assert!(matches!(Pin::new(&mut ws).poll_next(&mut reader.context()), Poll::Ready(None)));
    }

    #[test]
    fn a_read_error_wakes_both() {
        let (peer, transport) = script(Cut::NONE, []);
        let mut halves = Halves::waiting(&peer, transport, Config::default());
        peer.then(Read::Error(ErrorKind::ConnectionReset));
        assert_eq!(halves.woken(), (true, true));
        assert_eq!(halves.poll_flush(), Poll::Ready(Err(Failure::Io(ErrorKind::ConnectionReset))));
        assert_eq!(halves.poll_next(), Poll::Ready(None), "the writer was told");
    }

    /// Each half of both ends on its own task, polled only when woken: nobody is forgotten.
    #[test]
    fn halves_do_not_lose_a_wake_up_to_each_other() {
        const COUNT: usize = 12;
        let message = |at: usize| Message::from(vec![u8::try_from(at).unwrap(); at * 97 % 300]);
        for cut in Cut::ALL {
            for size in [1, 50, 10_000] {
                let (client, server) = pipe::pair(size, cut, Config::client(), Config::default());
                let mut tasks: Vec<Pin<Box<dyn Future<Output = ()>>>> = Vec::new();
                for ws in [client, server] {
                    let (mut writer, mut reader) = StreamExt::split(ws);
                    tasks.push(Box::pin(async move {
                        for at in 0..COUNT {
                            writer.send(message(at)).await.unwrap();
                        }
                    }));
                    tasks.push(Box::pin(async move {
                        for at in 0..COUNT {
                            assert_eq!(reader.next().await.unwrap().unwrap(), message(at));
                        }
                    }));
                }
                run_all(tasks);
            }
        }
    }

    /// As above, to the end: one half closes, the three others see it.
    #[test]
    fn halves_see_the_end() {
        for cut in Cut::ALL {
            let (client, server) = pipe::pair(100, cut, Config::client(), Config::default());
            let ((mut reader, writer), (mut other_reader, other_writer)) = (client.split(), server.split());
            run_all(vec![
                Box::pin(async move {
                    writer.send("bye").await.unwrap();
                    writer.close(None).await.unwrap();
                }),
                Box::pin(async move { while reader.next().await.transpose().unwrap().is_some() {} }),
                Box::pin(async move {
                    assert_eq!(other_reader.next().await.unwrap().unwrap(), "bye".into());
                    assert!(other_reader.next().await.is_none());
                }),
                Box::pin(async move {
                    let end = loop {
                        if let Err(error) = other_writer.send(vec![0; 1000]).await {
                            break error;
                        }
                    };
                    assert!(end.is_closed(), "{end}");
                }),
            ]);
        }
    }

    #[test]
    fn both_ends_may_close_at_once() {
        for cut in Cut::ALL {
            let (mut client, mut server) = pipe::pair(100, cut, Config::client(), Config::default());
            let goodbye = CloseFrame::new(4000, "at once");
            let frame = goodbye.clone();
            run_all(vec![
                Box::pin(async move { assert_eq!(client.close(goodbye).await.unwrap().unwrap().code.0, 4000) }),
                Box::pin(async move { assert_eq!(server.close(frame).await.unwrap().unwrap().code.0, 4000) }),
            ]);
        }
    }

    /// Readiness that is consumed is readiness that a reactor may never see, as where it is told by levels.
    #[test]
    fn what_the_writer_reads_wakes_the_reader() {
        let (peer, transport) = script(Cut::NONE, []);
        let (mut reader, writer) = open(transport, ROLE, Config::default()).split();
        let (reading, writing) = (Task::new(), Task::new());
        let mut next = pin!(reader.next());
        assert!(next.as_mut().poll(&mut reading.context()).is_pending());
        peer.misses();
        peer.sends(wire::text(PEER, "unseen"));
        assert!(pin!(writer.send("x")).poll(&mut writing.context()).is_ready());
        assert!(reading.woken() > 0);
        assert!(
            matches!(next.poll(&mut reading.context()), Poll::Ready(Some(Ok(message))) if message == "unseen".into())
        );
    }

    #[test]
    fn what_the_reader_writes_wakes_the_writer() {
        let (peer, transport) = script(Cut::NONE, []);
        peer.writes([Write::Blocked]);
        let (mut reader, writer) = open(transport, ROLE, Config::default()).split();
        let (reading, writing) = (Task::new(), Task::new());
        let mut send = pin!(writer.send("x"));
        assert!(send.as_mut().poll(&mut writing.context()).is_pending());
        peer.misses();
        peer.unblock();
        assert!(pin!(reader.next()).poll(&mut reading.context()).is_pending());
        assert!(writing.woken() > 0);
        assert!(send.poll(&mut writing.context()).is_ready());
    }

    #[test]
    fn what_a_sender_writes_wakes_the_others() {
        let (peer, transport) = script(Cut::NONE, []);
        peer.writes([Write::Blocked]);
        let (_reader, writer) = open(transport, ROLE, Config::default()).split();
        let (one, other) = (Task::new(), Task::new());
        let mut send = pin!(writer.send("x"));
        assert!(send.as_mut().poll(&mut one.context()).is_pending());
        peer.misses();
        peer.unblock();
        assert!(pin!(writer.sender().flush()).poll(&mut other.context()).is_ready());
        assert!(one.woken() > 0);
        assert!(send.poll(&mut one.context()).is_ready());
    }
}
