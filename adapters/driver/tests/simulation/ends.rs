//! What users do with their ends: at random, and often half.

use super::frames::{BINARY, CONTINUATION, TEXT};
use super::model::{Model, Waits};
use super::network::Endpoint;
use super::random::Random;
use super::support::Hand;
use super::support::time::{Manual, sleep};
use futures_util::FutureExt;
use futures_util::future::join3;
use sansws_core::{CloseCode, CloseFrame, Delivery, Event, EventRef, Fragment, Instant, Kind, Message};
use sansws_driver::{Clock, Drain, Error, WsStream, until};
use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

pub(crate) type Ws = WsStream<Endpoint, Manual>;
pub(crate) type Task = Pin<Box<dyn Future<Output = ()>>>;
type Shared = Rc<RefCell<Model>>;

/// How often an end does something before it closes, at most.
pub(crate) const ACTS: usize = 30;

/// How long one waits for the other to close.
pub(crate) const WAIT: Duration = Duration::from_secs(100);

/// How long it is until then.
pub(crate) fn rest(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Manual::default().now())
}

/// The tasks of one end.
pub(crate) fn tasks(model: &Shared, ws: Ws, delivery: Delivery, random: &mut Random) -> Vec<Task> {
    let mut user = |task| User { model: Rc::clone(model), random: random.fork(), task, message: None };
    let users = [user("whole"), user("reader"), user("writer"), user("sender")];
    let [whole, reader, writer, sender] = users;
    model.borrow_mut().pieces = delivery == Delivery::Fragments;
    if random.one_in(2) {
        return vec![Box::pin(whole.has(ws))];
    }
    let (readable, writable) = ws.split();
    let sendable = writable.sender();
    let (reads, writes, sends) = (reader.reads(readable), writer.writes(writable), sender.sends(sendable));
    if random.one_in(4) {
        return vec![Box::pin(join3(reads, writes, sends).map(drop))]; // of one task
    }
    vec![Box::pin(reads), Box::pin(writes), Box::pin(sends)]
}

/// The end of a server that shuts down.
pub(crate) async fn drains(model: Shared, drain: Drain<Hand>, mut random: Random) {
    sleep(Duration::from_millis(random.pick(&[1, 1000, 10_000]))).await;
    model.borrow_mut().goes_away();
    let within = Duration::from_millis(random.pick(&[1, 5000, 100_000]));
    let dropped = drain.shutdown(within).await;
    if dropped > 0 {
        model.borrow_mut().is_aborted();
    }
}

/// How long somebody waits: so often, and so long.
pub(crate) struct Patience {
    model: Shared,
    waits: Waits,
    polls: usize,
    most: Duration,
}

impl Patience {
    /// It is waited until something can be sent, or has left.
    pub(crate) fn for_sending(self) -> Self {
        Self { waits: Waits::ToSend, ..self }
    }

    /// It is waited for whatever comes next.
    pub(crate) fn for_hearing(self) -> Self {
        Self { waits: Waits::ToHear, ..self }
    }

    /// What the future gives; or none, and it is dropped.
    pub(crate) async fn wait<F: Future>(self, future: F) -> Option<F::Output> {
        let Self { model, waits, mut polls, most } = self;
        let world = model.borrow().world();
        let mut future = pin!(future);
        let mut clock = Manual::default();
        let deadline = clock.now() + most;
        let few = poll_fn(|cx| match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if polls == 0 && !world.probes.get() => Poll::Ready(None),
            Poll::Pending => {
                polls -= usize::from(!world.probes.get());
                Poll::Pending
            }
        });
        model.borrow_mut().waits(waits, 1);
        let output = until(&mut clock, deadline, few).await.flatten();
        model.borrow_mut().waits(waits, -1);
        assert!(output.is_some() || most < Duration::MAX, "it never ends");
        output
    }
}

/// A frame that is said: its kind and payload, and whether its message begins with it, and ends.
pub(crate) type Said = (Kind, Vec<u8>, bool, bool);

/// Somebody who has an end, or a part of it.
pub(crate) struct User {
    pub(crate) model: Shared,
    pub(crate) random: Random,
    pub(crate) task: &'static str,
    /// The message of which not all is said.
    pub(crate) message: Option<Kind>,
}

impl User {
    pub(crate) fn does(&mut self, what: &str) -> Patience {
        self.model.borrow().note(&format!("{} {what}", self.task));
        self.model.borrow().world().count_progress();
        Patience {
            model: Rc::clone(&self.model),
            waits: Waits::ForElse,
            polls: self.random.pick(&[0, 1, 2, 5, usize::MAX, usize::MAX, usize::MAX]),
            most: Duration::from_millis(self.random.pick(&[1, 50, 3000])),
        }
    }

    /// However often, but at most so long.
    pub(crate) fn goes_on(&mut self, what: &str, most: Duration) -> Patience {
        Patience { polls: usize::MAX, most, ..self.does(what) }
    }

    pub(crate) async fn sleeps(&mut self) {
        let Patience { most, .. } = self.does("sleeps");
        sleep(most).await;
    }

    pub(crate) fn fails(&self, error: Error) {
        self.model.borrow_mut().fails(error);
    }

    fn hears(&self, message: &Message) {
        self.model.borrow_mut().hears(matches!(message, Message::Text(_)), message.as_bytes(), true);
    }

    pub(crate) fn hears_event(&self, event: EventRef<'_>) {
        match event {
            EventRef::Message(message) => self.hears(&message.into()),
            EventRef::Fragment { kind, payload, last } => {
                self.model.borrow_mut().hears(kind == Kind::Text, payload, last);
            }
            _ => {}
        }
    }

    /// What `next` gave.
    pub(crate) fn hears_next(&self, next: Option<Result<Message, Error>>) {
        self.model.borrow_mut().took = true;
        match next {
            Some(Ok(message)) => self.hears(&message),
            Some(Err(error)) => self.fails(error),
            None => self.model.borrow_mut().ends(),
        }
    }

    pub(crate) fn hears_next_event(&self, next: Option<Result<Event, Error>>) {
        self.model.borrow_mut().took = true;
        match next {
            Some(Ok(Event::Message(message))) => self.hears(&message),
            Some(Ok(Event::Fragment(Fragment { kind, payload, last }))) => {
                self.hears_event(EventRef::Fragment { kind, payload: &payload, last });
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => self.fails(error),
            None => self.model.borrow_mut().ends(),
        }
    }

    /// A frame to send.
    pub(crate) fn frame(&mut self) -> Said {
        let kind = self.message.unwrap_or_else(|| self.random.pick(&[Kind::Text, Kind::Binary]));
        let begins = self.message.is_none();
        let last = if begins { !self.random.one_in(5) || self.task == "sender" } else { self.random.one_in(2) };
        let payload = self.model.borrow().payload(opcode(kind), &mut self.random);
        (kind, payload, begins, last)
    }

    /// A frame that a user is about to send: by what the model knows it.
    pub(crate) fn says(&self, (kind, payload, begins, last): &Said) -> usize {
        let opcode = if *begins { opcode(*kind) } else { CONTINUATION };
        self.model.borrow_mut().says(self.task, opcode, *last, payload)
    }

    /// What became of something that a future was to send.
    pub(crate) fn settles(&self, said: usize, sent: Option<Result<(), Error>>) {
        match sent {
            Some(Ok(())) => self.model.borrow_mut().settle(said, true),
            Some(Err(error)) => self.fails(error),
            None => {}
        }
    }

    /// A Close frame, at times an illegal one.
    pub(crate) fn close_frame(&mut self) -> Option<CloseFrame> {
        let code = self.random.pick(&[1000, 1001, 1011, 3000, 4999, 1005, 2000]);
        let reason = "é".repeat(self.random.pick(&[0, 1, 61, 62]));
        (!self.random.one_in(4)).then(|| CloseFrame::new(CloseCode(code), reason))
    }
}

pub(crate) fn is_legal(frame: Option<&CloseFrame>) -> bool {
    frame.is_none_or(|frame| frame.code.is_sendable() && frame.reason.len() <= 123)
}

pub(crate) const fn opcode(kind: Kind) -> u8 {
    match kind {
        Kind::Text => TEXT,
        Kind::Binary => BINARY,
    }
}

pub(crate) fn message((kind, payload, ..): &Said) -> Message {
    match kind {
        Kind::Text => std::str::from_utf8(payload).expect("text").into(),
        Kind::Binary => payload.clone().into(),
    }
}
