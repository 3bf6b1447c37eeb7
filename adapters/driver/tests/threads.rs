#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
//! Halves and handles on threads of their own, over streams that hold next to nothing: nobody sleeps for ever.

use bytes::BytesMut;
use sansws_core::{Config, Connection, Instant, Limits, Message};
use sansws_driver::{Clock, ThreadEntropy, Transport, WsStream};
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::pin;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

/// How many bytes one way of a stream holds.
const SIZE: usize = 100;

/// How many threads send at each end, and how much.
const SENDERS: u8 = 3;
const COUNT: usize = 1000;

/// One way of a stream.
#[derive(Debug)]
struct Way {
    state: Mutex<State>,
    /// Who looks whether somebody is to be woken, somewhat later; `None`: whoever has changed something, at once.
    reactor: Option<mpsc::Sender<Arc<Way>>>,
}

#[derive(Debug, Default)]
struct State {
    bytes: VecDeque<u8>,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Way {
    fn changed(self: &Arc<Self>) {
        match &self.reactor {
            Some(reactor) => reactor.send(Arc::clone(self)).unwrap(),
            None => self.look(),
        }
    }

    /// Has woken who waits for what is so: what was, and is no more, is not told.
    fn look(&self) {
        let mut state = self.state.lock().unwrap();
        let reader = if state.bytes.is_empty() { None } else { state.reader.take() };
        let writer = if state.bytes.len() < SIZE { state.writer.take() } else { None };
        drop(state);
        reader.into_iter().chain(writer).for_each(Waker::wake);
    }
}

#[derive(Debug)]
struct Stream {
    incoming: Arc<Way>,
    outgoing: Arc<Way>,
}

impl Transport for Stream {
    fn poll_read(&mut self, cx: &mut Context<'_>, input: &mut BytesMut, room: usize) -> Poll<io::Result<usize>> {
        let mut state = self.incoming.state.lock().unwrap();
        let count = state.bytes.len().min(room);
        if count == 0 {
            state.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        input.extend(state.bytes.drain(..count));
        drop(state);
        self.incoming.changed();
        Poll::Ready(Ok(count))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let mut state = self.outgoing.state.lock().unwrap();
        let before = state.bytes.len();
        state.bytes.extend(slices.iter().flat_map(|slice| slice.iter()).take(SIZE - before));
        let count = state.bytes.len() - before;
        if count == 0 {
            state.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        drop(state);
        self.outgoing.changed();
        Poll::Ready(Ok(count))
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A clock that stands still, so that no deadline saves who sleeps.
#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn now(&self) -> Instant {
        Instant::ORIGIN
    }

    fn poll_until(&mut self, _: &mut Context<'_>, _: Instant) -> Poll<()> {
        Poll::Pending
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
}

fn numbered(sender: u8, at: usize) -> Message {
    let mut payload = vec![sender; 9 + at * 31 % 300];
    payload[1..9].copy_from_slice(&at.to_le_bytes());
    payload.into()
}

#[test]
fn both_ends_flood() {
    check(None, Limits::default());
    check(None, Limits { output_high: 1000, output_low: 500, ..Limits::default() });
}

#[test]
fn both_ends_flood_and_the_reactor_is_slow() {
    let (reactor, looks) = mpsc::channel::<Arc<Way>>();
    let reacting = thread::spawn(move || looks.into_iter().for_each(|way| way.look()));
    check(Some(&reactor), Limits::default());
    check(Some(&reactor), Limits { output_high: 1000, output_low: 500, ..Limits::default() });
    drop(reactor);
    reacting.join().unwrap();
}

#[track_caller]
fn check(reactor: Option<&mpsc::Sender<Arc<Way>>>, limits: Limits) {
    let way = || Arc::new(Way { state: Mutex::default(), reactor: reactor.cloned() });
    let (there, back) = (way(), way());
    let client = Stream { incoming: Arc::clone(&back), outgoing: Arc::clone(&there) };
    let server = Stream { incoming: there, outgoing: back };
    let config = Config { limits, ..Config::default() };
    let now = Instant::ORIGIN;
    let client_end = Connection::client(config.clone(), ThreadEntropy::new().unwrap(), now);
    let ends = [(client, client_end), (server, Connection::server(config, now))];

    let (done, all_done) = mpsc::channel();
    let mut writers = Vec::new();
    for (stream, connection) in ends {
        let (mut reader, writer) = WsStream::from_connection(stream, Still, connection).split();
        for id in 0..SENDERS {
            let (sender, done) = (writer.sender(), done.clone());
            thread::spawn(move || {
                block_on(async {
                    for at in 0..COUNT {
                        match at % 3 {
                            0 => sender.send(numbered(id, at)).await.unwrap(),
                            _ => sender.feed(numbered(id, at)).await.unwrap(),
                        }
                    }
                    sender.flush().await.unwrap();
                });
                done.send(()).unwrap();
            });
        }
        let done = done.clone();
        thread::spawn(move || {
            let mut next = [0; SENDERS as usize];
            for _ in 0..COUNT * usize::from(SENDERS) {
                let message = block_on(reader.next()).unwrap().unwrap();
                let id = message.as_bytes()[0];
                let at = &mut next[usize::from(id)];
                assert_eq!(message, numbered(id, *at));
                *at += 1;
            }
            done.send(()).unwrap();
        });
        writers.push(writer); // handles do not keep a connection
    }
    for _ in 0..2 * (SENDERS + 1) {
        all_done.recv_timeout(Duration::from_secs(100)).expect("somebody sleeps for ever");
    }
}
