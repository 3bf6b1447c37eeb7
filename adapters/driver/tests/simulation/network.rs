//! The network: two ways, each late, in pieces, and at times stalled or cut.

use super::model::Model;
use super::random::Random;
use super::support::REQUEST;
use super::support::time::Manual;
use super::world::World;
use bytes::BytesMut;
use sansws_core::Instant;
use sansws_driver::{Clock, Transport};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

/// What a transport keeps until it is flushed, if it buffers.
const BUFFER: usize = 2000;

/// How a way is cut.
#[derive(Clone, Copy, Debug)]
enum Cut {
    /// The reader is told that the stream has ended; what is written vanishes.
    End,
    /// Reading and writing fail, both ways.
    Reset,
    /// Writing fails; the reader is told nothing.
    Fail,
    /// What is written vanishes; nobody is told anything.
    Silence,
}

/// How a way comes to an end, for its reader.
#[derive(Clone, Copy, Debug)]
enum Last {
    Eof,
    Reset,
}

#[derive(Debug)]
struct Way {
    random: Random,
    /// What is under way, and when it arrives.
    flying: VecDeque<(Instant, VecDeque<u8>)>,
    /// How many bytes that are, and how many there may be.
    held: usize,
    size: usize,
    /// How long a piece is under way, in microseconds, at most.
    delay: usize,
    /// How much one read or write is, in bytes, at most.
    piece: usize,
    /// Nothing arrives before that.
    arrived: Instant,
    passed: usize,
    cut: Option<(usize, Cut)>,
    swallows: bool,
    fails: bool,
    last: Option<(Instant, Last)>,
    /// Whether nobody will read any more.
    abandoned: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Way {
    fn new(world: &World, random: &mut Random) -> Self {
        let mut random = random.fork();
        let cut = random.one_in(4).then(|| {
            let cut = random.pick(&[Cut::End, Cut::Reset, Cut::Fail, Cut::Silence]);
            let most = random.pick(&[50, 1000, 20_000]);
            (random.below(most), cut)
        });
        Self {
            size: random.pick(&[50, 1000, 5000, 100_000]),
            delay: random.pick(&[1, 1000, 50_000]),
            piece: world.piece(&mut random),
            random,
            flying: VecDeque::new(),
            held: 0,
            arrived: Instant::ORIGIN,
            passed: 0,
            cut,
            swallows: false,
            fails: false,
            last: None,
            abandoned: false,
            reader: None,
            writer: None,
        }
    }

    /// When what is sent now arrives: behind all that was sent before.
    fn arrival(&mut self) -> Instant {
        let now = Manual::default().now();
        let stall = if self.random.one_in(200) { Duration::from_secs(10) } else { Duration::ZERO };
        let delay = Duration::from_micros(self.random.below(self.delay) as u64) + stall;
        self.arrived = self.arrived.max(now + delay);
        self.arrived
    }

    fn room(&self) -> usize {
        if self.swallows || self.abandoned { usize::MAX } else { self.size.saturating_sub(self.held) }
    }

    /// Sends these bytes on their way. The cut, if they come to it.
    fn send(&mut self, bytes: &[u8]) -> Option<Cut> {
        let cut = self.cut.filter(|(at, _)| self.passed + bytes.len() >= *at);
        let through = cut.map_or(bytes.len(), |(at, _)| at - self.passed);
        self.passed += bytes.len();
        if !self.swallows && through > 0 {
            let arrival = self.arrival();
            self.flying.push_back((arrival, bytes[..through].iter().copied().collect()));
            self.held += through;
        }
        if cut.is_some() {
            self.cut = None;
        }
        cut.map(|(_, cut)| cut)
    }

    fn end(&mut self, last: Last) {
        if matches!(last, Last::Reset) && self.random.one_in(2) {
            self.flying.clear(); // the reader's system forgets what was not read
            self.held = 0;
        }
        self.end_behind(last);
    }

    /// Ends the way behind what is under way.
    fn end_behind(&mut self, last: Last) {
        if self.last.is_none() || matches!(last, Last::Reset) {
            self.last = Some((self.arrival(), last));
        }
    }

    /// When something is to be read.
    fn readable(&self) -> Option<Instant> {
        self.flying.front().map(|(when, _)| *when).or(self.last.map(|(when, _)| when))
    }

    fn is_readable(&self) -> bool {
        self.readable().is_some_and(|when| when <= Manual::default().now())
    }

    fn is_writable(&self) -> bool {
        self.fails || self.room() > 0
    }
}

/// What tells those who wait: later, and not of what is there no more.
#[derive(Debug)]
pub(crate) struct Reactor(Vec<(Rc<RefCell<Way>>, Manual)>);

impl Reactor {
    /// Wakes who can go on. Whether there was anybody.
    pub(crate) fn turn(&mut self) -> bool {
        let mut woken = Vec::new();
        for (way, clock) in &mut self.0 {
            let mut way = way.borrow_mut();
            let readable = way.readable().filter(|_| way.reader.is_some());
            if readable.is_some_and(|when| clock.poll_until(&mut Context::from_waker(Waker::noop()), when).is_ready()) {
                woken.extend(way.reader.take());
            }
            if way.is_writable() {
                woken.extend(way.writer.take());
            }
        }
        woken.iter().for_each(Waker::wake_by_ref);
        !woken.is_empty()
    }

    /// Nobody is woken, and nobody will be now.
    pub(crate) fn rests(&self, models: &[Rc<RefCell<Model>>; 2]) {
        for (at, model) in models.iter().enumerate() {
            let (outgoing, incoming) = (self.0[at].0.borrow(), self.0[1 - at].0.borrow());
            model.borrow().rests(outgoing.is_writable(), incoming.is_readable());
        }
    }

    /// Whether all is read that has arrived.
    pub(crate) fn is_quiet(&self) -> bool {
        !self.0.iter().any(|(way, _)| way.borrow().is_readable() && !way.borrow().abandoned)
    }
}

/// An end of the network, and what is known of whoever has it.
#[derive(Debug)]
pub(crate) struct Endpoint {
    world: Rc<World>,
    pub(crate) model: Rc<RefCell<Model>>,
    incoming: Rc<RefCell<Way>>,
    outgoing: Rc<RefCell<Way>>,
    buffer: Option<Vec<u8>>,
    /// Whether the WebSocket is yet to be opened: what asks for it is there, and the answer goes nowhere.
    pub(crate) opens: bool,
}

/// Both ends of a network.
pub(crate) fn network(
    world: &Rc<World>,
    models: [&Rc<RefCell<Model>>; 2],
    random: &mut Random,
) -> ([Endpoint; 2], Reactor) {
    let ways = [Way::new(world, random), Way::new(world, random)].map(|way| Rc::new(RefCell::new(way)));
    let ends = [0, 1].map(|at| {
        let (incoming, outgoing) = (Rc::clone(&ways[1 - at]), Rc::clone(&ways[at]));
        let buffer = random.one_in(4).then(Vec::new);
        world.note(format!("{}: buffers {}, {:?}", models[at].borrow().name, buffer.is_some(), outgoing.borrow()));
        let (world, model) = (Rc::clone(world), Rc::clone(models[at]));
        Endpoint { world, model, incoming, outgoing, buffer, opens: false }
    });
    (ends, Reactor(ways.map(|way| (way, Manual::default())).into()))
}

impl Endpoint {
    fn send(&self, bytes: &[u8]) {
        self.world.stir();
        let cut = self.outgoing.borrow_mut().send(bytes);
        if self.outgoing.borrow().abandoned {
            self.incoming.borrow_mut().end(Last::Reset); // as a system answers for a program that is gone
            self.outgoing.borrow_mut().fails = true;
        }
        let Some(cut) = cut else { return };
        self.world.disturb(&format!("the way of the {} is cut: {cut:?}", self.model.borrow().name));
        let mut outgoing = self.outgoing.borrow_mut();
        outgoing.swallows = true;
        match cut {
            Cut::End => outgoing.end(Last::Eof),
            Cut::Reset => {
                outgoing.end(Last::Reset);
                outgoing.fails = true;
                let mut incoming = self.incoming.borrow_mut();
                incoming.end(Last::Reset);
                incoming.fails = true;
            }
            Cut::Fail => outgoing.fails = true,
            Cut::Silence => {}
        }
    }

    fn hesitates(&self, cx: &Context<'_>) -> bool {
        let hesitates = !self.world.probes.get() && self.outgoing.borrow_mut().random.one_in(8);
        if hesitates {
            self.world.stir();
            cx.waker().wake_by_ref();
        }
        hesitates
    }

    fn poll_room(&self, cx: &Context<'_>) -> Poll<io::Result<usize>> {
        let mut way = self.outgoing.borrow_mut();
        if way.fails {
            self.model.borrow_mut().write_failed();
            return Poll::Ready(Err(ErrorKind::BrokenPipe.into()));
        }
        match way.room() {
            0 => {
                way.writer = Some(cx.waker().clone());
                Poll::Pending
            }
            room => {
                way.writer = None;
                Poll::Ready(Ok(room))
            }
        }
    }

    /// How much one read or write is to be, at most.
    fn piece(&self) -> usize {
        let mut way = self.outgoing.borrow_mut();
        let most = way.piece;
        1 + way.random.below(most)
    }
}

impl Transport for Endpoint {
    fn poll_read(&mut self, cx: &mut Context<'_>, input: &mut BytesMut, room: usize) -> Poll<io::Result<usize>> {
        if self.opens {
            input.extend_from_slice(REQUEST);
            return Poll::Ready(Ok(REQUEST.len()));
        }
        self.model.borrow_mut().took = false; // all is decoded
        if self.hesitates(cx) {
            return Poll::Pending;
        }
        let piece = self.piece().min(room);
        let mut way = self.incoming.borrow_mut();
        if !way.is_readable() {
            way.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        self.world.stir();
        way.reader = None; // whom it would have woken, and it owes nobody anything
        let mut model = self.model.borrow_mut();
        let Some((_, bytes)) = way.flying.front_mut() else {
            let last = way.last.expect("it is there").1;
            model.stream_ended(&format!("{last:?}"));
            return Poll::Ready(match last {
                Last::Eof => Ok(0),
                Last::Reset => Err(ErrorKind::ConnectionReset.into()),
            });
        };
        let bytes: Vec<u8> = bytes.drain(..piece.min(bytes.len())).collect();
        if way.flying.front().is_some_and(|(_, bytes)| bytes.is_empty()) {
            way.flying.pop_front();
        }
        way.held -= bytes.len().min(way.held);
        model.read(&bytes);
        input.extend_from_slice(&bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        if self.opens {
            self.opens = false;
            return Poll::Ready(Ok(slices[0].len()));
        }
        if self.hesitates(cx) {
            return Poll::Pending;
        }
        if self.buffer.as_ref().is_some_and(|buffer| buffer.len() >= BUFFER) {
            ready!(self.poll_flush(cx))?;
        }
        let room = match &self.buffer {
            Some(buffer) => BUFFER - buffer.len(),
            None => ready!(self.poll_room(cx))?,
        };
        let bytes = super::support::script::first(slices, room.min(self.piece()));
        let has_closed = self.model.borrow_mut().wrote(&bytes);
        match &mut self.buffer {
            Some(buffer) => buffer.extend_from_slice(&bytes),
            None => self.send(&bytes),
        }
        if has_closed && self.buffer.is_none() && self.outgoing.borrow_mut().random.one_in(4) {
            self.send(&[0x81; 300]); // noise, which nobody may hear
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(buffer) = self.buffer.take_if(|buffer| !buffer.is_empty()) {
            let room = self.poll_room(cx);
            let taken = if let Poll::Ready(Ok(room)) = room { room.min(buffer.len()) } else { 0 };
            self.buffer = Some(buffer[taken..].to_vec());
            if taken == 0 {
                return room.map_ok(|_| ());
            }
            self.send(&buffer[..taken]);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        assert!(self.buffer.as_ref().is_none_or(Vec::is_empty), "a shutdown before all is flushed");
        let has_closed = self.model.borrow_mut().shut_down();
        let mut outgoing = self.outgoing.borrow_mut();
        let rude = has_closed && outgoing.random.one_in(4); // once both have closed, how a stream ends is all the same
        outgoing.end_behind(if rude { Last::Reset } else { Last::Eof });
        Poll::Ready(Ok(()))
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        if !self.model.borrow_mut().dropped() {
            self.world.disturb(&format!("the {} drops the connection", self.model.borrow().name));
        }
        let mut incoming = self.incoming.borrow_mut();
        incoming.abandoned = true;
        let last = if incoming.flying.is_empty() { Last::Eof } else { Last::Reset };
        self.outgoing.borrow_mut().end(last);
    }
}
