//! The models.

use super::stream::{Loom, Still, Stream};
use loom::future::block_on;
use loom::thread::{self, JoinHandle};
use sansws_core::{Config, Connection, Instant, Limits};
use sansws_driver::{Acceptor, Drain, WsStream};
use std::time::Duration;

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
