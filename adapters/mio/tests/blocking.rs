#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
//! What is the blocking streams' own: threads that wake each other, and timeouts. The rest is in the suite.

mod support;

use futures_channel::oneshot;
use futures_util::FutureExt;
use sansws_core::{CloseCode, Fragment, Kind, Limits, Message};
use sansws_mio::blocking::{Acceptor, Connector, Drain, Reader, Socket, Writer, WsStream, accept, block_on, connect};
use sansws_mio::{Config, Error};
use sansws_suite::run;
use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

const SOON: Duration = Duration::from_millis(20);

fn tcp() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

/// Two ends of one connection.
fn open<S: Socket>(connector: &Connector, acceptor: &Acceptor, url: &str, ends: (S, S)) -> (WsStream<S>, WsStream<S>) {
    let both = async { futures_util::join!(connector.connect_over(ends.0, url), acceptor.accept(ends.1)) };
    let (client, server) = block_on(both);
    (client.unwrap().0.into(), server.unwrap().into())
}

fn pair() -> (WsStream, WsStream) {
    open(&Connector::new(), &Acceptor::new(), "ws://localhost/", tcp())
}

/// The same, with TLS.
fn secure_pair() -> (WsStream, WsStream) {
    let (client, server) = support::tls();
    open(&Connector::new().tls(client), &Acceptor::new().tls(server), "wss://localhost/", tcp())
}

mod threads {
    use super::*;

    /// Both ends send as fast as they can, and read on other threads.
    #[test]
    fn saturate_both_directions() {
        run(|| check(pair()));
        run(|| check(secure_pair()));
        #[cfg(unix)]
        run(|| {
            let ends = UnixStream::pair().unwrap();
            check(open(&Connector::new(), &Acceptor::new(), "ws://localhost/", ends));
        });

        fn check<S: Socket>((client, server): (WsStream<S>, WsStream<S>)) {
            const COUNT: u8 = 200;
            let message = |at: u8| Message::from(vec![at; 50_000]);
            let send = |writer: Writer<S>| {
                (0..COUNT).for_each(|at| writer.send(message(at)).unwrap());
                writer
            };
            let read = |mut reader: Reader<S>| {
                for at in 0..COUNT {
                    assert!(reader.next().unwrap().unwrap() == message(at), "message {at} is another");
                }
                reader
            };
            let (mut client, mut server) = thread::scope(|threads| {
                let halves = [client, server].map(|ws| {
                    let (reader, writer) = ws.split();
                    (threads.spawn(move || read(reader)), threads.spawn(move || send(writer)))
                });
                let [client, server] = halves.map(|(reader, writer)| {
                    reader.join().unwrap().reunite(writer.join().unwrap()).unwrap_or_else(|_| panic!("halves of two"))
                });
                (client, server)
            });
            thread::scope(|threads| {
                threads.spawn(|| assert!(server.next().is_none()));
                assert_eq!(client.close(CloseCode::NORMAL).unwrap(), Some(CloseCode::NORMAL.into()));
            });
        }
    }

    /// Any number of senders, whose messages keep their order, and one reader.
    #[test]
    fn share_one_connection() {
        run(|| check(pair()));
        run(|| check(secure_pair()));

        fn check((client, mut server): (WsStream, WsStream)) {
            const SENDERS: usize = 4;
            const COUNT: usize = 500;
            let echo = thread::spawn(move || server.serve(|message, sender| sender.send_ref(message)));
            let (reader, writer) = client.split();
            let mut next = [0; SENDERS];
            thread::scope(|threads| {
                for who in 0..SENDERS {
                    let sender = writer.sender();
                    threads.spawn(move || (0..COUNT).for_each(|at| sender.send(format!("{who} {at}")).unwrap()));
                }
                for message in reader.take(SENDERS * COUNT) {
                    let message = message.unwrap();
                    let (who, at) = message.as_text().unwrap().split_once(' ').unwrap();
                    let expected = &mut next[who.parse::<usize>().unwrap()];
                    assert_eq!(at, expected.to_string());
                    *expected += 1;
                }
            });
            drop(writer);
            assert!(echo.join().unwrap().is_err(), "the connection was dropped");
        }
    }

    /// What a writer leaves unsent goes on with the reader, who was asleep before it was queued.
    #[test]
    fn take_over_from_each_other() {
        run(|| {
            let (client, mut server) = pair();
            let (mut reader, mut writer) = client.split();
            let reading = thread::spawn(move || reader.next().is_none());
            writer.set_timeout(Some(SOON));
            let mut sent = 0_u32;
            while would_block(&writer.send(vec![7; 50_000])).is_none() {
                sent += 1;
            }
            for _ in 0..sent {
                assert_eq!(server.next().unwrap().unwrap().as_bytes().len(), 50_000);
            }
            assert!(server.close(None).unwrap().is_none());
            assert!(reading.join().unwrap());
        });
    }

    /// Handles do not keep a connection, nor those that wait with one its socket.
    #[test]
    fn learn_that_it_was_dropped() {
        run(|| {
            let (client, server) = pair();
            let (reader, writer) = client.split();
            let sender = writer.sender();
            let sending = thread::spawn(move || while sender.send(vec![7; 50_000]).is_ok() {});
            while writer.buffered_amount() == 0 {
                thread::yield_now();
            }
            drop((reader, writer));
            sending.join().unwrap();
            let ended = server.last().unwrap();
            assert!(ended.is_err(), "{ended:?}");
        });
    }

    #[test]
    fn end_together() {
        run(|| {
            let drain = Drain::new();
            let acceptor = Acceptor::new().drain(&drain);
            let (clients, servers): (Vec<_>, Vec<_>) =
                (0..10).map(|_| open(&Connector::new(), &acceptor, "ws://localhost/", tcp())).unzip();
            thread::scope(|threads| {
                for mut server in servers {
                    threads.spawn(move || server.serve(|message, sender| sender.send_ref(message)).unwrap());
                }
                for mut client in clients {
                    threads.spawn(move || {
                        assert!(client.next().is_none());
                        assert_eq!(client.close_frame(), Some(&CloseCode::GOING_AWAY.into()));
                    });
                }
                assert_eq!(block_on(drain.shutdown(Duration::from_secs(30))), 0);
            });
        });
    }

    /// Whatever a thread does when it is woken: it looks, sleeps, or is about to.
    #[test]
    fn are_woken_by_each_other() {
        run(|| {
            let (mut there, mut back) = oneshot::channel::<()>();
            let (mut pings, mut pongs) = (Vec::new(), Vec::new());
            for _ in 0..20_000 {
                pings.push((there, back));
                (there, back) = oneshot::channel();
                pongs.push((there, back));
                (there, back) = oneshot::channel();
            }
            let (mut ping_senders, ping_receivers): (Vec<_>, Vec<_>) = pings.into_iter().unzip();
            let (pong_senders, pong_receivers): (Vec<_>, Vec<_>) = pongs.into_iter().unzip();
            let other = thread::spawn(move || {
                for (ping, pong) in ping_receivers.into_iter().zip(pong_senders) {
                    block_on(ping).unwrap();
                    pong.send(()).unwrap();
                }
            });
            for (ping, pong) in ping_senders.drain(..).zip(pong_receivers) {
                ping.send(()).unwrap();
                block_on(pong).unwrap();
            }
            other.join().unwrap();
        });
    }
}

/// That it would have been waited for longer. Nothing else may fail.
#[track_caller]
fn would_block<R>(result: &Result<R, Error>) -> Option<()> {
    match result {
        Ok(_) => None,
        Err(error) if error.is_would_block() => Some(()),
        Err(error) => panic!("{error}"),
    }
}

/// Over Unix sockets, which hold as much as they do: TCP may find more room later.
#[cfg(unix)]
mod timeouts {
    use super::*;

    /// A server that waits for so long, and its client as bytes.
    fn server() -> (WsStream<UnixStream>, UnixStream) {
        const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
        let (mut peer, stream) = UnixStream::pair().unwrap();
        peer.write_all(REQUEST).unwrap();
        let mut ws = accept(stream).unwrap();
        ws.set_timeout(Some(SOON));
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") {
            peer.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        (ws, peer)
    }

    #[test]
    fn of_reading_lose_nothing() {
        run(|| {
            let (mut ws, mut peer) = server();
            let hello = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"; // RFC 6455 §5.7
            for at in 0..hello.len() {
                assert!(ws.next().unwrap().unwrap_err().is_would_block());
                assert!(would_block(&ws.read()).is_some());
                assert!(ws.next_event().unwrap().unwrap_err().is_would_block());
                assert!(would_block(&ws.idle()).is_some());
                assert!(would_block(&ws.serve(|_, _| Ok::<_, Error>(()))).is_some());
                peer.write_all(&hello[at..=at]).unwrap();
            }
            while would_block(&ws.idle()).is_some() {}
            assert_eq!(ws.next().unwrap().unwrap(), "Hello".into());
        });
    }

    #[test]
    fn of_sending_queue_whole_or_not_at_all() {
        run(|| {
            let (mut ws, mut peer) = server();
            let mut sent = 0;
            while would_block(&ws.send(vec![7; 100_000])).is_none() {
                sent += 1;
            }
            assert!(would_block(&ws.ready()).is_some());
            assert!(would_block(&ws.feed("a")).is_some());
            let fragment = Fragment { kind: Kind::Text, payload: "a".into(), last: true };
            assert!(would_block(&ws.send_fragment(fragment)).is_some());
            assert!(would_block(&ws.flush()).is_some());
            assert!(would_block(&ws.ping(b"now or later")).is_none());
            assert!(would_block(&ws.close(None)).is_some());
            assert!(would_block(&ws.close(None)).is_some(), "the same once more");
            let reading = thread::spawn(move || io::copy(&mut peer, &mut io::sink()).unwrap());
            while would_block(&ws.flush()).is_some() {}
            drop(ws);
            assert_eq!(reading.join().unwrap(), sent * 100_010 + 14 + 2);
        });
    }

    /// Each handle has its own.
    #[test]
    fn of_handles() {
        run(|| {
            let (ws, _peer) = server();
            let (mut reader, writer) = ws.split();
            let mut hurried = writer.sender();
            assert!(reader.next().unwrap().unwrap_err().is_would_block());
            assert!(would_block(&reader.idle()).is_some());
            hurried.set_timeout(Some(Duration::ZERO));
            while would_block(&hurried.send(vec![7; 100_000])).is_none() {}
            assert!(would_block(&writer.sender().feed("a")).is_some());
            assert!(would_block(&hurried.flush()).is_some());
            assert!(would_block(&hurried.ready()).is_some());
            assert!(would_block(&hurried.ping(b"?")).is_none());
            assert!(would_block(&hurried.close(None)).is_none(), "it is queued");
            assert!(!hurried.is_open());
        });
    }
}

/// A handler may send on another connection, which waits within the wait.
#[test]
fn waits_may_be_within_waits() {
    run(|| {
        let limits = Limits { output_high: 1, output_low: 0, ..Limits::default() };
        let small = Connector::new().config(Config { limits, ..Config::client() });
        let (mut front, mut front_end) = pair();
        let (mut back, mut back_end) = open(&small, &Acceptor::new(), "ws://localhost/", tcp());
        let relay = thread::spawn(move || {
            front_end.serve(|message, sender| {
                back.send_fragment(Fragment { kind: Kind::Binary, payload: vec![1; 500_000].into(), last: true })?;
                Ok::<_, Error>(sender.send_ref(message)?)
            })
        });
        thread::spawn(move || back_end.by_ref().for_each(drop));
        for round in 0..20 {
            front.send(round.to_string()).unwrap();
            assert_eq!(front.next().unwrap().unwrap(), round.to_string().into());
        }
        front.close(None).unwrap();
        relay.join().unwrap().unwrap();
    });
}

#[test]
fn waits_within_waits_hide_no_wake_up() {
    run(|| {
        let ((outer, mut waits), (inner, within)) = (oneshot::channel(), oneshot::channel());
        let mut within = Some(within);
        let other = thread::spawn(move || {
            outer.send(()).unwrap();
            thread::sleep(SOON);
            inner.send(()).unwrap();
        });
        block_on(poll_fn(|cx| {
            let polled = waits.poll_unpin(cx);
            if let Some(within) = within.take() {
                block_on(within).unwrap();
            }
            polled
        }))
        .unwrap();
        other.join().unwrap();
    });
}

#[cfg(unix)]
#[test]
fn unix_sockets() {
    run(|| {
        let path = std::env::temp_dir().join(format!("sansws-mio-{}", std::process::id()));
        let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let server =
            thread::spawn(move || accept(listener.accept().unwrap().0).unwrap().collect::<Result<Vec<_>, _>>());
        let (ws, _) = block_on(Connector::new().connect_unix(&path, "ws://localhost/")).unwrap();
        std::fs::remove_file(path).unwrap();
        let mut ws = WsStream::from(ws);
        ws.send("hello").unwrap();
        ws.close(None).unwrap();
        assert_eq!(server.join().unwrap().unwrap(), ["hello".into()]);
    });
}

#[test]
fn connecting_in_vain() {
    let taken = tcp().0; // its port is, and nobody listens there
    let error = connect(&format!("ws://{}/", taken.local_addr().unwrap())).unwrap_err();
    assert!(matches!(&error, Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused), "{error}");
}

/// Else a small message may wait for the answer to the one before.
#[test]
fn nagle_is_off() {
    let (client, server) = pair();
    assert!(client.get_ref().nodelay().unwrap() && server.get_ref().nodelay().unwrap());
}

/// What a program needs that moves connections between threads, or shares them.
#[test]
fn connections_may_be_sent_and_shared() {
    fn check<T: Send + Sync + 'static>() {}
    check::<WsStream>();
    check::<Reader>();
    check::<Writer>();
    check::<Acceptor>();
    check::<Connector>();
}
