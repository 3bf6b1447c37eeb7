#![expect(unsafe_code, reason = "an allocator that counts")]
//! What traffic and idle connections cost in heap memory.

mod support;

use bytes::BytesMut;
use sansws_core::frame::{Opcode, Role};
use sansws_core::{Config, Connection, Instant, Keepalive, Message};
use sansws_driver::{Error, NonBlocking, ThreadEntropy, Transport};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::{self, IoSlice};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use support::task::run;
use support::{open, other, time, wire};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Counting;

thread_local! {
    /// How often this thread asked for memory, and how many bytes it holds.
    static ASKED: Cell<u64> = const { Cell::new(0) };
    static HELD: Cell<i64> = const { Cell::new(0) };
}

fn count(asked: u64, added: usize, removed: usize) {
    let held = i64::try_from(added).unwrap_or(i64::MAX) - i64::try_from(removed).unwrap_or(i64::MAX);
    let _ = ASKED.try_with(|count| count.set(count.get() + asked)); // an ending thread is not measured
    let _ = HELD.try_with(|count| count.set(count.get() + held));
}

// SAFETY: every call goes to `System` as it came; counting neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size(), 0);
        // SAFETY: the caller keeps the contract of `alloc`, which is `System`'s.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, 0, layout.size());
        // SAFETY: the caller got `pointer` for `layout` from this allocator, and so from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(1, size, layout.size());
        // SAFETY: the caller got `pointer` for `layout` from this allocator, and so from `System`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// A transport that costs nothing: it repeats what it was told to say, as often as it was told, and takes all.
struct Parrot {
    says: Rc<[u8]>,
    times: Cell<usize>,
    at: usize,
    /// How much one read gives.
    size: usize,
    taken: usize,
}

impl Parrot {
    fn new(says: &[u8], size: usize) -> Self {
        Self { says: says.into(), times: Cell::new(0), at: 0, size, taken: 0 }
    }
}

impl Transport for Parrot {
    fn poll_read(&mut self, _: &mut Context<'_>, input: &mut BytesMut, room: usize) -> Poll<io::Result<usize>> {
        if self.times.get() == 0 {
            return Poll::Pending;
        }
        let count = (self.says.len() - self.at).min(self.size).min(room);
        input.extend_from_slice(&self.says[self.at..self.at + count]);
        self.at = (self.at + count) % self.says.len();
        if self.at == 0 {
            self.times.set(self.times.get() - 1);
        }
        Poll::Ready(Ok(count))
    }

    fn poll_write(&mut self, _: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let count = slices.iter().map(|slice| slice.len()).sum();
        self.taken += count;
        Poll::Ready(Ok(count))
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

type Ws = sansws_driver::WsStream<Parrot, time::Manual>;

/// Polls once with a waker that does nothing, and drops the future.
fn poll<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Polls until all that the transport has to say is used up.
fn exhaust(ws: &mut Ws, call: impl AsyncFn(&mut Ws) -> Result<(), Error>) {
    while ws.get_ref().times.get() > 0 {
        assert!(poll(call(ws)).is_pending());
    }
    assert!(poll(call(ws)).is_pending());
}

async fn serve(ws: &mut Ws) -> Result<(), Error> {
    ws.serve(|message, sender| sender.send_ref(message)).await
}

async fn next_and_feed(ws: &mut Ws) -> Result<(), Error> {
    while let Some(message) = ws.next().await {
        ws.feed(message?).await?;
    }
    Ok(())
}

async fn read_and_drop(ws: &mut Ws) -> Result<(), Error> {
    while ws.read().await?.is_some() {}
    Ok(())
}

/// What thousand messages cost, once a hundred have passed.
#[track_caller]
fn check(role: Role, size: usize, read: usize, call: impl AsyncFn(&mut Ws) -> Result<(), Error>, expected: u64) {
    let says = wire::binary(other(role), &vec![7; size]);
    let mut ws = open(Parrot::new(&says, read), role, Config::default());
    ws.get_ref().times.set(100);
    exhaust(&mut ws, &call);
    let before = ASKED.get();
    ws.get_ref().times.set(1000);
    exhaust(&mut ws, &call);
    let asked = ASKED.get() - before;
    assert!(asked <= expected, "{asked} allocations for 1000 messages of {size} bytes in reads of {read}, {role:?}");
}

const SIZES: [usize; 3] = [16, 1 << 10, 64 << 10];

#[test]
fn messages_through_serve_cost_no_allocation() {
    for (role, size) in [Role::Client, Role::Server].into_iter().flat_map(|role| SIZES.map(|size| (role, size))) {
        check(role, size, usize::MAX, serve, 0);
        check(role, size, 10_000, serve, 0);
    }
}

#[test]
fn messages_that_are_read_cost_no_allocation() {
    for (role, size) in [Role::Client, Role::Server].into_iter().flat_map(|role| SIZES.map(|size| (role, size))) {
        check(role, size, usize::MAX, read_and_drop, 0);
        check(role, size, 10_000, read_and_drop, 0);
    }
}

/// A message that is sent on without a copy costs its place in the queue.
#[test]
fn messages_through_next_and_feed_cost_one_allocation_at_most() {
    for (role, size) in [Role::Client, Role::Server].into_iter().flat_map(|role| SIZES.map(|size| (role, size))) {
        let expected = if size < 4 << 10 { 0 } else { 1000 };
        check(role, size, usize::MAX, next_and_feed, expected);
        check(role, size, 10_000, next_and_feed, expected);
    }
}

/// After traffic of all kinds, an idle connection holds what it is and no buffer.
#[test]
fn idle_connections_hold_no_buffer() {
    const COUNT: i64 = 100;
    for role in [Role::Client, Role::Server] {
        let says = [
            wire::text(other(role), "hello"),
            wire::binary(other(role), &[7; 1000]),
            wire::ping(other(role), b"there?"),
            wire::frame(other(role), Opcode::Binary, false, &[1; 5000]),
            wire::frame(other(role), Opcode::Continuation, true, &[2; 5000]),
            wire::binary(other(role), &vec![7; 300_000]),
        ]
        .concat();
        let says: Rc<[u8]> = says.into();
        let traffic = |ws: &mut Ws| {
            for call in [0, 1, 2, 3] {
                ws.get_ref().times.set(3);
                exhaust(ws, async |ws| match call {
                    0 => serve(ws).await,
                    1 => next_and_feed(ws).await,
                    2 => read_and_drop(ws).await,
                    _ => ws.serve_events(|_, _| Ok::<_, Error>(())).await,
                });
            }
            run(ws.send("bye")).unwrap();
            run(ws.send(vec![0; 100_000])).unwrap();
            run(ws.ping(b"?")).unwrap();
            assert!(poll(ws.next()).is_pending());
        };
        let make = || {
            let parrot = Parrot { says: Rc::clone(&says), ..Parrot::new(&[], 9_000) };
            open(parrot, role, Config::default())
        };
        traffic(&mut make()); // the thread's own buffers
        let before = HELD.get();
        let mut all: Vec<Ws> = Vec::with_capacity(usize::try_from(COUNT).unwrap());
        for _ in 0..COUNT {
            all.push(make());
            traffic(all.last_mut().unwrap());
        }
        let each = (HELD.get() - before) / COUNT;
        assert!(each < 1536, "{each} bytes for an idle {role:?}");
    }
}

/// Nor does one whose caller waits for readiness hold anything else.
#[test]
fn idle_nonblocking_ones_hold_nothing() {
    let config = Arc::new(Config::default());
    for role in [Role::Client, Role::Server] {
        let says = wire::binary(other(role), &[7; 1 << 10]);
        let open = || {
            let now = Instant::ORIGIN;
            let connection = match role {
                Role::Client => Connection::client(Arc::clone(&config), ThreadEntropy::new().unwrap(), now),
                Role::Server => Connection::server(Arc::clone(&config), now),
            };
            (Parrot::new(&says, 700), connection)
        };
        let traffic = |ws: &mut NonBlocking<Parrot, time::Manual>| {
            ws.get_ref().times.set(3);
            assert!(ws.next().unwrap().is_some());
            assert!(ws.read().unwrap().is_some());
            assert!(ws.serve(|message, sender| sender.send_ref(message)).is_err());
            ws.send(vec![1; 1 << 10]).unwrap();
            ws.ping(b"?").unwrap();
            assert!(ws.idle().is_err());
        };
        let (parrot, connection) = open();
        traffic(&mut NonBlocking::from_connection(parrot, connection)); // what is the thread's own
        let (parrot, connection) = open();
        let before = HELD.get();
        let mut ws = NonBlocking::from_connection(parrot, connection);
        assert_eq!(HELD.get() - before, 0, "{role:?}");
        traffic(&mut ws);
        assert_eq!(HELD.get() - before, 0, "{role:?}");
    }
}

/// Nor does TLS hold one of ours; a buffer is 64 KiB. What is left is what rustls keeps at both ends, and the test's log.
#[cfg(feature = "tls")]
#[test]
fn idle_connections_with_tls_hold_no_buffer() {
    const COUNT: i64 = 20;
    let open = || {
        let (mut raw, mut ws) = support::tls::raw_client(support::script::Cut::NONE);
        for size in [1, 5000] {
            raw.say(&wire::binary(Role::Client, &vec![7; size]));
            raw.pump().unwrap();
            let message = run(ws.next()).unwrap().unwrap();
            run(ws.send(message)).unwrap();
            assert!(poll(ws.next()).is_pending());
        }
        (raw, ws)
    };
    drop(open()); // the thread's own buffers
    let before = HELD.get();
    let all: Vec<_> = (0..COUNT).map(|_| open()).collect();
    let each = (HELD.get() - before) / COUNT;
    assert!(each < 48 << 10, "{each} bytes for an idle connection with TLS");
    drop(all);
}

/// As above with part of a frame in hand, which costs its own size.
#[test]
fn half_a_frame_holds_half_a_frame() {
    let says = wire::binary(Role::Client, &[7; 1000]);
    let mut ws = open(Parrot::new(&says[..500], usize::MAX), Role::Server, Config::default());
    let mut other = open(Parrot::new(&says, usize::MAX), Role::Server, Config::default());
    other.get_ref().times.set(1);
    exhaust(&mut other, read_and_drop);
    let before = HELD.get();
    ws.get_ref().times.set(1);
    assert!(poll(ws.next()).is_pending());
    let held = HELD.get() - before;
    assert!((400..1000).contains(&held), "{held} bytes");
}

/// A timer is only made once there is something to wait for, and that it moves costs nothing.
#[test]
fn keepalive_costs_nothing_for_each_message() {
    let config = Config { keepalive: Some(Keepalive::default()), ..Config::default() };
    let says = wire::text(Role::Client, "hello");
    let mut ws = open(Parrot::new(&says, usize::MAX), Role::Server, config);
    ws.get_ref().times.set(10);
    exhaust(&mut ws, serve);
    let before = ASKED.get();
    for _ in 0..1000 {
        ws.get_ref().times.set(1);
        exhaust(&mut ws, serve);
    }
    assert_eq!(ASKED.get() - before, 0);
}

/// Messages that are kept share the memory they arrived in.
#[test]
fn kept_messages_keep_what_they_came_in() {
    check(100_000, 1, 270_000);
    check(1000, 50, 132_000 / 50);
    check(16, 3000, 500);
    // One with each read: what is left of a buffer is used for the next.
    check(1000, 1, 2000);
    check(16, 1, 1000);

    /// How many bytes a message costs if so many come at once and all are kept.
    #[track_caller]
    fn check(size: usize, at_once: usize, most: usize) {
        let says = wire::binary(Role::Client, &vec![7; size]).repeat(at_once);
        let mut ws = open(Parrot::new(&says, usize::MAX), Role::Server, Config::default());
        let mut kept: Vec<Message> = Vec::with_capacity(at_once * 100);
        let before = HELD.get();
        for _ in 0..100 {
            ws.get_ref().times.set(1);
            while let Poll::Ready(message) = poll(ws.next()) {
                kept.push(message.unwrap().unwrap());
            }
        }
        assert_eq!(kept.len(), at_once * 100);
        let each = usize::try_from(HELD.get() - before).unwrap() / kept.len();
        assert!(each <= most, "{each} bytes for each of {size}");
    }
}
