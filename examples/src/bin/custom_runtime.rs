//! The driver on a runtime of one's own: an executor, a reactor (mio's selector), a clock; and what binds the driver to
//! them: [`Transport`], [`Clock`], [`Runtime`], [`Bind`]. All else that adapters have is there then: `Acceptor`,
//! `Connector`, `WsStream`, TLS. This runs a server and a client of it, and ends.
//!
//! `cargo run --release --bin custom_runtime`

use bytes::BytesMut;
use futures_util::future::try_join;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll as Selector, Token};
use sansws_core::{CloseCode, Instant};
use sansws_driver::{Acceptor, Bind, Clock, Connector, Error, Runtime, Transport, read_by_copy};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{Shutdown, TcpListener};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Wake, Waker};

fn main() -> Result<(), Error> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("ws://{}/", listener.local_addr()?);
    let client = std::net::TcpStream::connect(listener.local_addr()?)?;
    let (server, _) = listener.accept()?;
    client.set_nonblocking(true)?;
    server.set_nonblocking(true)?;

    let serving = async {
        let mut ws = Acceptor::<Own>::new().accept(TcpStream::from_std(server)).await?;
        ws.serve(|message, sender| sender.send_ref(message)).await
    };
    let asking = async {
        let (mut ws, _) = Connector::<Own>::new().connect_over(TcpStream::from_std(client), &url).await?;
        ws.send("hello").await?;
        if let Some(message) = ws.next().await {
            println!("echo: {:?}", message?);
        }
        ws.close(CloseCode::NORMAL).await
    };
    block_on(try_join(serving, asking)).map(drop)
}

/// The executor: polls the future when it was woken, and else waits for the reactor.
fn block_on<F: Future>(future: F) -> F::Output {
    let interrupt = REACTOR.with_borrow(|reactor| mio::Waker::new(reactor.selector.registry(), Token(0)));
    let woken = Arc::new(Woken { woken: AtomicBool::new(true), interrupt: interrupt.expect("a descriptor") });
    let (mut future, waker) = (pin!(future), Waker::from(Arc::clone(&woken)));
    loop {
        while !woken.woken.swap(false, Ordering::AcqRel) {
            wait();
        }
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
    }
}

/// Whether the future was woken, and what ends the wait if another thread has done that.
struct Woken {
    woken: AtomicBool,
    interrupt: mio::Waker,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        if !self.woken.swap(true, Ordering::AcqRel) {
            self.interrupt.wake().expect("the selector is there");
        }
    }
}

/// The reactor: who waits for which stream, and who for which time.
struct Reactor {
    selector: Selector,
    streams: BTreeMap<Token, Vec<Waker>>,
    timers: BTreeMap<(Instant, usize), Waker>,
    /// What the last stream or timer is known by.
    last: usize,
}

thread_local!(static REACTOR: RefCell<Reactor> = RefCell::new(Reactor {
    selector: Selector::new().expect("a descriptor"),
    streams: BTreeMap::new(),
    timers: BTreeMap::new(),
    last: 0,
}));

/// Waits until something happens, and wakes whom it concerns.
fn wait() {
    let wakers = REACTOR.with_borrow_mut(|Reactor { selector, streams, timers, .. }| {
        let left = timers.first_key_value().map(|((at, _), _)| at.saturating_duration_since(now()));
        let mut events = Events::with_capacity(64);
        match selector.poll(&mut events, left) {
            Err(error) if error.kind() != ErrorKind::Interrupted => panic!("the selector fails: {error}"),
            Ok(()) | Err(_) => {}
        }
        let ready = events.iter().filter_map(|event| Some(std::mem::take(streams.get_mut(&event.token())?)));
        let mut wakers: Vec<Waker> = ready.flatten().collect();
        let now = now();
        while let Some(timer) = timers.first_entry().filter(|timer| timer.key().0 <= now) {
            wakers.push(timer.remove());
        }
        wakers
    });
    wakers.into_iter().for_each(Waker::wake); // only here: it may do anything, such as wait for something else
}

/// The runtime, as the driver knows it.
struct Own;

impl Runtime for Own {
    type Clock = Timer;
}

impl Bind<TcpStream> for Own {
    type Transport = Stream;

    fn bind(mut tcp: TcpStream) -> Stream {
        let _ = tcp.set_nodelay(true); // a delay would be all that is lost
        let token = REACTOR.with_borrow_mut(|reactor| {
            reactor.last += 1;
            let token = Token(reactor.last);
            let both = Interest::READABLE | Interest::WRITABLE;
            reactor.selector.registry().register(&mut tcp, token, both).expect("room for a stream");
            reactor.streams.insert(token, Vec::new());
            token
        });
        Stream { tcp, token }
    }
}

/// A stream, and what the reactor knows it by.
struct Stream {
    tcp: TcpStream,
    token: Token,
}

impl Stream {
    /// Calls the system. If it would block, the task is woken when something has happened to the stream: mio tells that
    /// once, and only to those who have met `WouldBlock`.
    fn attempt(
        &mut self,
        cx: &Context<'_>,
        mut call: impl FnMut(&mut TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            match call(&mut self.tcp) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                result => return Poll::Ready(result),
            }
        }
        REACTOR.with_borrow_mut(|reactor| {
            let waiting = reactor.streams.entry(self.token).or_default();
            waiting.retain(|waker| !waker.will_wake(cx.waker()));
            waiting.push(cx.waker().clone());
        });
        Poll::Pending
    }
}

impl Transport for Stream {
    fn poll_read(&mut self, cx: &mut Context<'_>, input: &mut BytesMut, _: usize) -> Poll<io::Result<usize>> {
        read_by_copy(input, |bytes| self.attempt(cx, |tcp| tcp.read(bytes)))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.attempt(cx, |tcp| tcp.write_vectored(slices))
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.tcp.shutdown(Shutdown::Write))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        REACTOR.with_borrow_mut(|reactor| {
            let _ = reactor.selector.registry().deregister(&mut self.tcp); // it is about to be closed
            reactor.streams.remove(&self.token);
        });
    }
}

/// The clock, and a timer: when it is due, if it was set, and what the reactor knows it by.
#[derive(Default)]
struct Timer(Option<(Instant, usize)>);

fn now() -> Instant {
    static ORIGIN: LazyLock<std::time::Instant> = LazyLock::new(std::time::Instant::now);
    Instant::since_origin(ORIGIN.elapsed())
}

impl Clock for Timer {
    fn now(&self) -> Instant {
        now()
    }

    fn poll_until(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        REACTOR.with_borrow_mut(|reactor| {
            self.0.take().map(|timer| reactor.timers.remove(&timer));
            if now() >= deadline {
                return Poll::Ready(());
            }
            reactor.last += 1;
            reactor.timers.insert(*self.0.insert((deadline, reactor.last)), cx.waker().clone());
            Poll::Pending
        })
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(timer) = self.0 {
            REACTOR.with_borrow_mut(|reactor| reactor.timers.remove(&timer));
        }
    }
}
