//! Peers that do not read, or not yet.

mod support;

use futures_util::{SinkExt, StreamExt};
use sansws_core::frame::{Opcode, Role};
use sansws_core::{Config, Message, ProtocolError, SendError, TimedOut};
use sansws_driver::Error;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;
use support::pipe::pair;
use support::script::{Cut, Peer, Read, Scripted, Write, script};
use support::task::{Task, run, run_all, run_through_time, run_until_idle};
use support::{Failure, open, time, wire};

type Ws = sansws_driver::WsStream<Scripted, time::Manual>;

/// How much may be queued before a writer waits.
const HIGH: usize = 64 << 10;

/// A server whose peer takes so many bytes, and then nothing more.
fn deaf_after(taken: usize, said: impl IntoIterator<Item = Read>) -> (Peer, Ws) {
    let (peer, transport) = script(Cut::NONE, said);
    let taken = (taken > 0).then_some(Write::Limit(taken));
    peer.writes(taken.into_iter().chain([Write::Blocked]));
    (peer, open(transport, Role::Server, Config::default()))
}

mod a_peer_that_never_reads {
    use super::*;

    #[test]
    fn is_fed_a_bounded_amount() {
        for size in [1, 1000, 70_000] {
            check(size, async |ws, message| ws.feed(message).await);
            check(size, async |ws, message| ws.feed_ref(&message).await);
            check(size, async |ws, message| SinkExt::feed(ws, message).await);
        }

        #[track_caller]
        fn check(size: usize, feed: impl AsyncFn(&mut Ws, Message) -> Result<(), Error>) {
            let (_, mut ws) = deaf_after(10, []);
            let message = Message::from(vec![0; size]);
            {
                let mut feeding = pin!(async {
                    loop {
                        feed(&mut ws, message.clone()).await.unwrap();
                    }
                });
                let waits: Option<()> = run_until_idle(feeding.as_mut());
                assert!(waits.is_none());
            }
            let queued = ws.sender().unwrap().queued();
            // Less what the peer took at last: who has to wait goes on from the low water mark.
            assert!((HIGH - 10..HIGH + size + 14).contains(&queued), "{queued} bytes of messages of {size}");
            assert!(ws.buffered_amount() <= queued as u64);
        }
    }

    #[test]
    fn is_refused_what_does_not_wait() {
        let (_, mut ws) = deaf_after(0, []);
        let full = (0..100).find_map(|_| ws.sender().unwrap().send(vec![0; 100_000]).err()).unwrap();
        assert!(matches!(full, SendError::Full { queued, limit: 1_048_576 } if queued < 1_048_576 + 100_010));
        assert!(run_until_idle(pin!(ws.flush())).is_none(), "the connection is unharmed");
    }

    /// While it does not read its replies, no more messages are handled, nor read.
    #[test]
    fn is_not_served() {
        check(async |ws, handled| {
            ws.serve(|message, sender| {
                *handled += 1;
                sender.send_ref(message)
            })
            .await
        });
        check(async |ws, handled| {
            ws.serve_events(|event, sender| match event {
                sansws_core::EventRef::Message(message) => {
                    *handled += 1;
                    sender.send_ref(message)
                }
                _ => Ok(()),
            })
            .await
        });
        check(async |ws, handled| {
            while let Some(message) = ws.next().await {
                *handled += 1;
                ws.feed(message?).await?;
            }
            Ok(())
        });

        #[track_caller]
        fn check(serve: impl AsyncFn(&mut Ws, &mut usize) -> Result<(), Error>) {
            let said = wire::binary(Role::Client, &[0; 1000]);
            let (peer, mut ws) = deaf_after(100, [Read::Endless(said)]);
            let mut handled = 0;
            assert!(run_until_idle(pin!(serve(&mut ws, &mut handled))).is_none());
            assert!((HIGH / 1004..HIGH / 1004 + 3).contains(&handled), "{handled} messages");
            assert!(peer.given() <= 3 * HIGH, "{} bytes", peer.given());
            assert!(ws.buffered_amount() <= (HIGH + 1000) as u64);

            peer.writes([]);
            peer.unblock();
            let before = peer.given();
            support::task::poll_and_drop(serve(&mut ws, &mut handled), 3);
            assert!(peer.given() > before, "it goes on when the peer reads");
        }
    }

    /// The newest ping is answered, and only that, once much is queued.
    #[test]
    fn may_ping() {
        let (peer, mut ws) = deaf_after(10, []);
        ws.sender().unwrap().send(vec![0; 100_000]).unwrap();
        for at in 0..900_u16 {
            peer.sends(wire::ping(Role::Client, &at.to_be_bytes()));
            assert!(run_until_idle(pin!(ws.next())).is_none());
        }
        assert!(ws.sender().unwrap().queued() < 100_100);
        peer.unblock();
        assert!(run_until_idle(pin!(ws.next())).is_none());
        let frames = wire::frames(Role::Server, &peer.written());
        assert_eq!(wire::payloads(&frames, Opcode::Pong), [&899_u16.to_be_bytes()[..]]);
    }

    #[test]
    fn may_not_ping_without_end() {
        let (peer, mut ws) = deaf_after(0, []);
        peer.then(Read::Endless(wire::ping(Role::Client, b"")));
        let mut next = pin!(ws.next());
        let ended = (0..100).find_map(|_| {
            time::advance(Duration::from_secs(1));
            run_once(next.as_mut())
        });
        let ended = ended.flatten().unwrap().map_err(Failure::from);
        assert_eq!(ended, Err(Failure::Protocol(ProtocolError::PingFlood { limit: 1000 })));
    }

    fn run_once<F: Future>(future: Pin<&mut F>) -> Option<F::Output> {
        match future.poll(&mut Task::new().context()) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }
}

/// A client and a server that both send before they read.
mod both_send {
    use super::*;

    const MIB: usize = 1 << 20;

    /// One message of the other fits: it is read while ours is written.
    #[test]
    fn a_message_each() {
        for cut in [Cut::NONE, Cut { read: 1000, write: 777, hesitates: true }] {
            let (client, server) = pair(4096, cut, Config::client(), Config::default());
            let end = async |mut ws: support::pipe::Ws| {
                ws.send(vec![1; MIB]).await.unwrap();
                assert_eq!(ws.next().await.unwrap().unwrap().len(), MIB);
            };
            run_all(vec![Box::pin(end(client)), Box::pin(end(server))]);
        }
    }

    /// More than one is not read while nobody takes it: that would take memory without end. So two ends that only send
    /// wait for each other until their patience ends; whoever both sends and receives much does both at a time.
    #[test]
    fn many_messages_each() {
        let (client, server) = pair(4096, Cut::NONE, Config::client(), Config::default());
        let end = async |mut ws: support::pipe::Ws| -> (Result<(), Failure>, support::pipe::Ws) {
            for _ in 0..16 {
                if let Err(error) = ws.send(vec![1; HIGH]).await {
                    return (Err(error.into()), ws);
                }
            }
            (Ok(()), ws)
        };
        let ((client, _a), (server, _b)) = run_through_time(futures_util::future::join(end(client), end(server)));
        let stuck = Err(Failure::TimedOut(TimedOut::Write(Duration::from_secs(30))));
        assert_eq!((client, server), (stuck.clone(), stuck));
        assert_eq!(time::elapsed(), Duration::from_secs(30));
    }

    #[test]
    fn and_receive_at_a_time() {
        let (client, server) = pair(4096, Cut::NONE, Config::client(), Config::default());
        let mut tasks: Vec<Pin<Box<dyn Future<Output = ()>>>> = Vec::new();
        for ws in [client, server] {
            let (mut writer, mut reader) = StreamExt::split(ws);
            tasks.push(Box::pin(async move {
                for _ in 0..16 {
                    writer.send(vec![1; HIGH].into()).await.unwrap();
                }
            }));
            tasks.push(Box::pin(async move {
                for _ in 0..16 {
                    assert_eq!(reader.next().await.unwrap().unwrap().len(), HIGH);
                }
            }));
        }
        run_all(tasks);
    }

    /// An echo over a pipe that holds less than what is under way. What the two may have queued must hold the rest.
    #[test]
    fn and_one_echoes() {
        let (mut client, mut server) = pair(4096, Cut::NONE, Config::client(), Config::default());
        let echo = async { server.serve(|message, sender| sender.send_ref(message)).await.unwrap() };
        let ask = async {
            for _ in 0..6 {
                client.feed(vec![2; 10_000]).await.unwrap();
            }
            for _ in 0..6 {
                assert_eq!(client.next().await.unwrap().unwrap().len(), 10_000);
            }
            client.close(None).await.unwrap();
        };
        run(futures_util::future::join(echo, ask));
    }
}
