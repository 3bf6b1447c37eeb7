//! Two ends joined in memory, by pipes of a given size that cut what passes as told.

use super::script::{Cut, first};
use super::{open, time};
use bytes::BytesMut;
use sansws_core::Config;
use sansws_core::frame::Role;
use sansws_driver::{Transport, WsStream};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// One way of it.
#[derive(Debug)]
struct Way {
    bytes: VecDeque<u8>,
    size: usize,
    cut: Cut,
    hesitated: (bool, bool),
    /// No more will be written.
    ended: bool,
    /// No more will be read.
    abandoned: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
    /// All that was ever written.
    log: Vec<u8>,
    /// How often bytes, or the end, arrived here, and how often bytes left a writer that had to wait.
    arrivals: usize,
    departures: usize,
}

/// One end.
#[derive(Debug)]
pub(crate) struct Pipe {
    incoming: Rc<RefCell<Way>>,
    outgoing: Rc<RefCell<Way>>,
}

/// What one end wrote, for those who watch.
#[derive(Clone, Debug)]
pub(crate) struct Log(Rc<RefCell<Way>>);

impl Log {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.borrow().log.clone()
    }
}

/// What a selector tells of one end, edge-triggered: of each change once.
#[derive(Debug)]
pub(crate) struct Edges {
    incoming: Rc<RefCell<Way>>,
    outgoing: Rc<RefCell<Way>>,
    seen: (usize, usize),
}

impl Edges {
    /// Whether something has arrived, or has left and made room, since this was last asked.
    pub(crate) fn next(&mut self) -> bool {
        let now = (self.incoming.borrow().arrivals, self.outgoing.borrow().departures);
        std::mem::replace(&mut self.seen, now) != now
    }
}

fn way(size: usize, cut: Cut) -> Rc<RefCell<Way>> {
    Rc::new(RefCell::new(Way {
        bytes: VecDeque::new(),
        size,
        cut,
        hesitated: (false, false),
        ended: false,
        abandoned: false,
        reader: None,
        writer: None,
        log: Vec::new(),
        arrivals: 0,
        departures: 0,
    }))
}

/// Two ends; each way holds up to `size` bytes.
pub(crate) fn pipe(size: usize, cut: Cut) -> (Pipe, Pipe) {
    let (there, back) = (way(size, cut), way(size, cut));
    let first = Pipe { incoming: Rc::clone(&back), outgoing: Rc::clone(&there) };
    (first, Pipe { incoming: there, outgoing: back })
}

pub(crate) type Ws = WsStream<Pipe, time::Manual>;

/// A client and a server that are connected.
pub(crate) fn pair(size: usize, cut: Cut, client: Config, server: Config) -> (Ws, Ws) {
    let (a, b) = pipe(size, cut);
    (open(a, Role::Client, client), open(b, Role::Server, server))
}

impl Pipe {
    /// What a selector tells of this end.
    pub(crate) fn edges(&self) -> Edges {
        Edges { incoming: Rc::clone(&self.incoming), outgoing: Rc::clone(&self.outgoing), seen: (0, 0) }
    }

    /// What this end writes.
    pub(crate) fn log(&self) -> Log {
        Log(Rc::clone(&self.outgoing))
    }
}

fn wake(waker: &mut Option<Waker>) {
    waker.take().inspect(Waker::wake_by_ref);
}

impl Transport for Pipe {
    fn poll_read(&mut self, cx: &mut Context<'_>, input: &mut BytesMut, room: usize) -> Poll<io::Result<usize>> {
        let mut way = self.incoming.borrow_mut();
        if way.cut.hesitates && !way.bytes.is_empty() {
            way.hesitated.0 = !way.hesitated.0;
            if way.hesitated.0 {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
        let count = way.bytes.len().min(room).min(way.cut.read);
        if count == 0 && !way.ended {
            way.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        input.extend(way.bytes.drain(..count));
        way.departures += usize::from(way.writer.is_some());
        wake(&mut way.writer);
        Poll::Ready(Ok(count))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let mut way = self.outgoing.borrow_mut();
        if way.abandoned || way.ended {
            return Poll::Ready(Err(ErrorKind::BrokenPipe.into()));
        }
        if way.cut.hesitates {
            way.hesitated.1 = !way.hesitated.1;
            if way.hesitated.1 {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
        let bytes = first(slices, (way.size - way.bytes.len()).min(way.cut.write));
        if bytes.is_empty() {
            way.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        way.bytes.extend(&bytes);
        way.log.extend_from_slice(&bytes);
        way.arrivals += 1;
        wake(&mut way.reader);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut way = self.outgoing.borrow_mut();
        way.ended = true;
        way.arrivals += 1;
        wake(&mut way.reader);
        Poll::Ready(Ok(()))
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        let (mut incoming, mut outgoing) = (self.incoming.borrow_mut(), self.outgoing.borrow_mut());
        incoming.abandoned = true;
        outgoing.ended = true;
        outgoing.arrivals += 1;
        wake(&mut incoming.writer);
        wake(&mut outgoing.reader);
    }
}
