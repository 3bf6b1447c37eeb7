//! Halves and handles on several threads, in every order that their steps can take: nobody sleeps for ever.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p sansws-driver --release --test loom`. Loom runs a model again and again, each
//! time with another order of what the threads do to locks, and fails if all of them wait.
#![cfg(loom)]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use bytes::BytesMut;
use loom::future::block_on;
use loom::sync::Mutex;
use loom::thread::{self, JoinHandle};
use sansws_core::{Config, Connection, Instant, Limits};
use sansws_driver::{Acceptor, Bind, Clock, Drain, Runtime, Transport, WsStream};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// A stream in memory. As with a reactor that looks at its descriptors now and then, one is told that it can be read
/// or written only if that is still so when it looks.
#[derive(Debug, Default)]
struct State {
    incoming: VecDeque<u8>,
    ended: bool,
    outgoing: Vec<u8>,
    room: usize,
    reader: Option<Waker>,
    writer: Option<Waker>,
    peer: Option<Waker>,
}

#[derive(Clone, Debug, Default)]
struct Stream(Arc<Mutex<State>>);

impl Stream {
    fn with<R>(&self, act: impl FnOnce(&mut State) -> R) -> R {
        act(&mut self.0.lock().unwrap())
    }

    /// The peer says this.
    fn says(&self, bytes: &[u8]) {
        self.with(|state| state.incoming.extend(bytes));
        self.look();
    }

    /// The peer ends its side.
    fn ends(&self) {
        self.with(|state| state.ended = true);
        self.look();
    }

    /// The peer makes room for so many bytes.
    fn reads(&self, count: usize) {
        self.with(|state| state.room += count);
        self.look();
    }

    /// Has woken who waits for what is so.
    fn look(&self) {
        let wakers = self.with(|state| {
            let can_read = !state.incoming.is_empty() || state.ended;
            let reader = if can_read { state.reader.take() } else { None };
            let writer = if state.room > 0 { state.writer.take() } else { None };
            [reader, writer]
        });
        wakers.into_iter().flatten().for_each(Waker::wake);
    }

    /// Waits until so much has come, and gives it.
    fn hears(&self, count: usize) -> Vec<u8> {
        block_on(poll_fn(|cx| {
            self.with(|state| {
                if state.outgoing.len() >= count {
                    return Poll::Ready(state.outgoing.clone());
                }
                state.peer = Some(cx.waker().clone());
                Poll::Pending
            })
        }))
    }
}

impl Transport for Stream {
    fn poll_read(&mut self, cx: &mut Context<'_>, input: &mut BytesMut, room: usize) -> Poll<io::Result<usize>> {
        self.with(|state| {
            let count = state.incoming.len().min(room);
            if count == 0 && !state.ended {
                state.reader = Some(cx.waker().clone());
                return Poll::Pending;
            }
            input.extend(state.incoming.drain(..count));
            Poll::Ready(Ok(count))
        })
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let (polled, peer) = self.with(|state| {
            let bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).take(state.room).collect();
            if bytes.is_empty() {
                state.writer = Some(cx.waker().clone());
                return (Poll::Pending, None);
            }
            state.room -= bytes.len();
            state.outgoing.extend(&bytes);
            (Poll::Ready(Ok(bytes.len())), state.peer.take())
        });
        peer.inspect(Waker::wake_by_ref);
        polled
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A clock that stands still.
#[derive(Debug, Default)]
struct Still;

impl Clock for Still {
    fn now(&self) -> Instant {
        Instant::ORIGIN
    }

    fn poll_until(&mut self, _: &mut Context<'_>, _: Instant) -> Poll<()> {
        Poll::Pending
    }
}

#[derive(Debug)]
struct Loom;

impl Runtime for Loom {
    type Clock = Still;
}

impl Bind<Stream> for Loom {
    type Transport = Stream;

    fn bind(stream: Stream) -> Stream {
        stream
    }
}

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
const HI: &[u8] = b"\x81\x82\0\0\0\0hi";
const CLOSE: &[u8] = b"\x88\x80\0\0\0\0";

/// Every order with at most so many preemptions.
fn model(preemptions: usize, threads: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(threads);
}

/// A server that is open, where a message at a time is much, and its peer.
fn open() -> (Stream, WsStream<Stream, Still>) {
    let stream = Stream::default();
    let limits = Limits { output_high: 1, output_low: 0, ..Limits::default() };
    let connection = Connection::server(Config { limits, ..Config::default() }, Instant::ORIGIN);
    (stream.clone(), WsStream::from_connection(stream, Still, connection))
}

fn spawn<F: Future<Output: Send> + Send + 'static>(future: F) -> JoinHandle<F::Output> {
    thread::spawn(|| block_on(future))
}

#[test]
fn a_reader_and_a_sender() {
    model(3, || {
        let (peer, ws) = open();
        let (mut reader, writer) = ws.split();
        let reading = spawn(async move {
            assert_eq!(reader.next().await.unwrap().unwrap(), "hi".into());
            reader
        });
        let writing = spawn(async move {
            writer.send("x").await.unwrap();
            writer
        });
        peer.says(HI);
        peer.reads(3);
        drop((reading.join().unwrap(), writing.join().unwrap()));
        assert_eq!(peer.hears(3), b"\x81\x01x");
    });
}

#[test]
fn two_senders() {
    model(3, || {
        let (peer, ws) = open();
        let halves = ws.split();
        let senders = [(); 2].map(|()| {
            let sender = halves.1.sender();
            spawn(async move { sender.send("x").await.unwrap() })
        });
        peer.reads(3);
        peer.reads(3);
        for sender in senders {
            sender.join().unwrap();
        }
        drop(halves);
    });
}

/// The reader sends what others feed.
#[test]
fn a_feeder_and_a_reader() {
    model(3, || {
        let (peer, ws) = open();
        let (mut reader, writer) = ws.split();
        peer.reads(1000);
        let reading = spawn(async move { assert!(reader.next().await.is_none()) });
        let feeding = spawn(async move {
            writer.feed("x").await.unwrap();
            writer
        });
        peer.hears(3);
        peer.says(CLOSE);
        peer.ends();
        reading.join().unwrap();
        drop(feeding.join().unwrap());
    });
}

#[test]
fn a_sender_without_a_connection() {
    model(3, || {
        let (_peer, ws) = open();
        let (reader, writer) = ws.split();
        let sender = writer.sender();
        let sending = spawn(async move { assert!(sender.send("x").await.unwrap_err().is_closed()) });
        let dropping = thread::spawn(|| drop(reader));
        drop(writer);
        dropping.join().unwrap();
        sending.join().unwrap();
    });
}

#[test]
fn a_sender_whose_halves_are_reunited() {
    model(3, || {
        let (_peer, ws) = open();
        let (reader, writer) = ws.split();
        let sender = writer.sender();
        let sending = spawn(async move { assert!(sender.send("x").await.unwrap_err().is_closed()) });
        let ws = reader.reunite(writer).unwrap();
        sending.join().unwrap();
        drop(ws);
    });
}

/// The writer goes on where the reader was.
#[test]
fn a_writer_without_a_reader() {
    model(3, || {
        let (peer, ws) = open();
        let (reader, writer) = ws.split();
        peer.says(HI);
        peer.says(b"\x89\x80\0\0\0\0");
        let writing = spawn(async move {
            writer.send("x").await.unwrap();
            writer
        });
        drop(reader);
        peer.reads(5); // a pong may go ahead
        drop(writing.join().unwrap());
    });
}

#[test]
fn a_server_that_shuts_down() {
    model(2, || {
        let drain = Drain::<Loom>::new();
        let peer = Stream::default();
        peer.says(REQUEST);
        peer.reads(1000);
        let mut ws = block_on(Acceptor::new().drain(&drain).accept(peer.clone())).unwrap();
        let head = peer.hears(1).len();
        let serving = spawn(async move { assert!(ws.next().await.is_none()) });
        let ending = {
            let peer = peer.clone();
            thread::spawn(move || {
                assert_eq!(peer.hears(head + 4)[head..], *b"\x88\x02\x03\xe9");
                peer.says(CLOSE);
                peer.ends();
            })
        };
        assert_eq!(block_on(drain.shutdown(Duration::from_secs(1))), 0);
        serving.join().unwrap();
        ending.join().unwrap();
    });
}
