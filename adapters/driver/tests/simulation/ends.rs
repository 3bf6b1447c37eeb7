//! What users do with their ends: at random, and often half.

use super::frames::{BINARY, CONTINUATION, PING, TEXT};
use super::model::Model;
use super::network::Endpoint;
use super::random::Random;
use super::support::time::{Manual, sleep};
use super::world::World;
use sansws_core::{
    CloseCode, CloseFrame, Delivery, Event, EventRef, Fragment, Instant, Kind, Message, MessageRef, SendError,
    Sender as CoreSender,
};
use sansws_driver::{Clock, Error, Reader, Sender, Writer, WsStream, until};
use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

pub(crate) type Ws = WsStream<Endpoint, Manual>;
pub(crate) type Task = Pin<Box<dyn Future<Output = ()>>>;
type Shared = Rc<RefCell<Model>>;

/// How often an end does something before it closes, at most.
const ACTS: usize = 30;

/// How long one waits for the other to close.
const WAIT: Duration = Duration::from_secs(100);

/// How long it is until then.
fn rest(deadline: Instant) -> Duration {
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
    vec![Box::pin(reader.reads(readable)), Box::pin(writer.writes(writable)), Box::pin(sender.sends(sendable))]
}

/// How long somebody waits: so often, and so long.
struct Patience {
    world: Rc<World>,
    polls: usize,
    most: Duration,
}

impl Patience {
    /// What the future gives; or none, and it is dropped.
    async fn wait<F: Future>(self, future: F) -> Option<F::Output> {
        let Self { world, mut polls, most } = self;
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
        until(&mut clock, deadline, few).await.flatten()
    }
}

/// Somebody who has an end, or a part of it.
struct User {
    model: Shared,
    random: Random,
    task: &'static str,
    /// The message of which not all is said.
    message: Option<Kind>,
}

impl User {
    fn does(&mut self, what: &str) -> Patience {
        self.model.borrow().note(&format!("{} {what}", self.task));
        self.model.borrow().world().count_progress();
        Patience {
            world: self.model.borrow().world(),
            polls: self.random.pick(&[0, 1, 2, 5, usize::MAX, usize::MAX, usize::MAX]),
            most: Duration::from_millis(self.random.pick(&[1, 50, 3000])),
        }
    }

    /// However often, but at most so long.
    fn goes_on(&mut self, what: &str, most: Duration) -> Patience {
        Patience { polls: usize::MAX, most, ..self.does(what) }
    }

    async fn sleeps(&mut self) {
        let Patience { most, .. } = self.does("sleeps");
        sleep(most).await;
    }

    fn fails(&self, error: Error) {
        self.model.borrow_mut().fails(error);
    }

    fn hears(&self, message: &Message) {
        self.model.borrow_mut().hears(matches!(message, Message::Text(_)), message.as_bytes(), true);
    }

    fn hears_event(&self, event: EventRef<'_>) {
        match event {
            EventRef::Message(message) => self.hears(&message.into()),
            EventRef::Fragment { kind, payload, last } => {
                self.model.borrow_mut().hears(kind == Kind::Text, payload, last);
            }
            _ => {}
        }
    }

    /// What `next` gave.
    fn hears_next(&self, next: Option<Result<Message, Error>>) {
        self.model.borrow_mut().took = true;
        match next {
            Some(Ok(message)) => self.hears(&message),
            Some(Err(error)) => self.fails(error),
            None => self.model.borrow_mut().ends(),
        }
    }

    fn hears_next_event(&self, next: Option<Result<Event, Error>>) {
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

    /// A frame to send: its kind and payload, and whether its message begins with it, and ends.
    fn frame(&mut self) -> (Kind, Vec<u8>, bool, bool) {
        let kind = self.message.unwrap_or_else(|| self.random.pick(&[Kind::Text, Kind::Binary]));
        let begins = self.message.is_none();
        let last = if begins { !self.random.one_in(5) || self.task == "sender" } else { self.random.one_in(2) };
        let payload = self.model.borrow().payload(opcode(kind), &mut self.random);
        (kind, payload, begins, last)
    }

    /// A frame that a user is about to send: by what the model knows it.
    fn says(&self, (kind, payload, begins, last): &(Kind, Vec<u8>, bool, bool)) -> usize {
        let opcode = if *begins { opcode(*kind) } else { CONTINUATION };
        self.model.borrow_mut().says(self.task, opcode, *last, payload)
    }

    /// A Close frame, at times an illegal one.
    fn close_frame(&mut self) -> Option<CloseFrame> {
        let code = self.random.pick(&[1000, 1001, 1011, 3000, 4999, 1005, 2000]);
        let reason = "é".repeat(self.random.pick(&[0, 1, 61, 62]));
        (!self.random.one_in(4)).then(|| CloseFrame::new(CloseCode(code), reason))
    }
}

fn is_legal(frame: Option<&CloseFrame>) -> bool {
    frame.is_none_or(|frame| frame.code.is_sendable() && frame.reason.len() <= 123)
}

const fn opcode(kind: Kind) -> u8 {
    match kind {
        Kind::Text => TEXT,
        Kind::Binary => BINARY,
    }
}

fn message((kind, payload, ..): &(Kind, Vec<u8>, bool, bool)) -> Message {
    match kind {
        Kind::Text => std::str::from_utf8(payload).expect("text").into(),
        Kind::Binary => payload.clone().into(),
    }
}

/// Who has an end as a whole.
impl User {
    async fn has(mut self, mut ws: Ws) {
        for _ in 0..self.random.below(ACTS) {
            self.acts(&mut ws).await;
            self.looks(&ws);
            if self.model.borrow().is_over() {
                break;
            }
        }
        self.finishes(&mut ws).await;
        self.looks(&ws);
        if self.model.borrow().is_over() {
            assert!(ws.next().await.is_none(), "something behind the end");
            assert!(ws.send("late").await.is_err_and(|error| error.is_closed()));
        }
        self.does("drops it");
    }

    fn looks(&self, ws: &Ws) {
        let mut model = self.model.borrow_mut();
        model.sees_clean(ws.is_clean(), ws.close_frame());
        model.sees_open(ws.is_open());
    }

    async fn acts(&mut self, ws: &mut Ws) {
        match self.random.below(20) {
            0..=2 => {
                let patience = self.does("next_event");
                if let Some(next) = patience.wait(ws.next_event()).await {
                    self.hears_next_event(next);
                }
            }
            3 | 4 if !self.model.borrow().pieces => {
                let patience = self.does("next");
                if let Some(next) = patience.wait(ws.next()).await {
                    self.hears_next(next);
                }
            }
            5 if !self.model.borrow().pieces => {
                let patience = self.does("read");
                if let Some(read) = patience.wait(ws.read()).await {
                    self.hears_next(read.map(|message| message.map(Message::from)).transpose());
                }
            }
            6 | 7 => self.serves(ws).await,
            8..=13 => self.sends_one(ws).await,
            14 => {
                let payload = self.model.borrow().payload(PING, &mut self.random);
                let said = self.model.borrow_mut().says(self.task, PING, true, &payload);
                let patience = self.does("ping");
                let sent = patience.wait(ws.ping(&payload)).await;
                self.settles(said, sent);
            }
            15 => {
                let queued = self.model.borrow().queued();
                let patience = self.does("flush");
                match patience.wait(ws.flush()).await {
                    Some(Ok(())) => self.model.borrow().flushed(&queued),
                    Some(Err(error)) => self.fails(error),
                    None => {}
                }
            }
            16 => {
                let patience = self.does("idle");
                match patience.wait(ws.idle()).await {
                    Some(Ok(false)) => self.model.borrow_mut().ends(),
                    Some(Err(error)) => self.fails(error),
                    Some(Ok(true)) | None => {}
                }
            }
            17 if self.random.one_in(3) => {
                self.starts_close(ws);
            }
            18 if self.random.one_in(5) => {
                let patience = self.does("close");
                self.closes(ws, patience).await;
            }
            _ => {
                self.sleeps().await;
            }
        }
    }

    async fn serves(&mut self, ws: &mut Ws) {
        let patience = self.does("serve");
        let mut random = self.random.fork();
        let this = &*self;
        let serving = ws.serve_events(|event, sender| {
            this.hears_event(event);
            if this.message.is_none() && random.one_in(2) {
                let reply = (Kind::Binary, this.model.borrow().payload(BINARY, &mut random), true, true);
                let said = this.says(&reply);
                let sent = sender.send(message(&reply));
                this.model.borrow_mut().settle(said, sent.is_ok());
            }
            Ok::<_, Error>(())
        });
        match patience.wait(serving).await {
            Some(Ok(())) => self.model.borrow_mut().ends(),
            Some(Err(error)) => self.fails(error),
            None => {}
        }
    }

    /// What was queued is known from the traffic, whatever became of the future.
    async fn sends_one(&mut self, ws: &mut Ws) {
        let frame = self.frame();
        let (kind, payload, begins, last) = frame.clone();
        let said = self.says(&frame);
        let before = ws.traffic().sent.payload;
        let patience = self.does("send");
        let sent = if !(begins && last) {
            patience.wait(ws.send_fragment(Fragment { kind, payload: payload.into(), last })).await
        } else {
            match self.random.below(3) {
                0 => patience.wait(ws.send(message(&frame))).await,
                1 => patience.wait(ws.feed(message(&frame))).await,
                _ => patience.wait(ws.feed_ref(MessageRef::from(&message(&frame)))).await,
            }
        };
        let queued = ws.traffic().sent.payload != before;
        assert!(queued || !matches!(sent, Some(Ok(()))), "sent and not queued");
        self.model.borrow_mut().settle(said, queued);
        if queued {
            self.message = (!last).then_some(kind);
        }
        if let Some(Err(error)) = sent {
            self.fails(error);
        }
    }

    /// Whether there was nothing illegal in it.
    fn starts_close(&mut self, ws: &mut Ws) -> bool {
        let frame = self.close_frame();
        let is_legal = is_legal(frame.as_ref());
        if is_legal {
            self.model.borrow_mut().closes(frame.as_ref(), ws.is_open());
        }
        assert_eq!(ws.start_close(frame).is_ok(), is_legal);
        is_legal
    }

    async fn closes(&mut self, ws: &mut Ws, patience: Patience) {
        let frame = self.close_frame().filter(|frame| is_legal(Some(frame)));
        self.model.borrow_mut().closes(frame.as_ref(), ws.is_open());
        self.model.borrow_mut().skips = true;
        match patience.wait(ws.close(frame)).await {
            Some(Ok(frame)) => {
                assert_eq!(frame.as_ref(), ws.close_frame());
                self.model.borrow_mut().ends();
            }
            Some(Err(error)) => self.fails(error),
            None => {}
        }
    }

    /// Comes to the end, in one of the ways there are.
    async fn finishes(&mut self, ws: &mut Ws) {
        match self.random.below(10) {
            0 => return,
            1..=3 => {
                let patience = self.goes_on("close to the end", Duration::MAX);
                self.closes(ws, patience).await;
            }
            4..=8 => while !self.starts_close(ws) {},
            _ => {}
        }
        let deadline = Manual::default().now() + WAIT;
        while !self.model.borrow().is_over() {
            let most = if ws.is_open() { rest(deadline) } else { Duration::MAX };
            match self.goes_on("next_event", most).wait(ws.next_event()).await {
                Some(next) => self.hears_next_event(next),
                None => while !self.starts_close(ws) {},
            }
        }
    }
}

/// Who has a half.
impl User {
    /// What became of something that a future was to send.
    fn settles(&self, said: usize, sent: Option<Result<(), Error>>) {
        match sent {
            Some(Ok(())) => self.model.borrow_mut().settle(said, true),
            Some(Err(error)) => self.fails(error),
            None => {}
        }
    }

    async fn reads(mut self, mut reader: Reader<Endpoint, Manual>) {
        for _ in 0..self.random.below(ACTS) {
            match self.random.below(3) {
                0 => {
                    let patience = self.does("next_event");
                    if let Some(next) = patience.wait(reader.next_event()).await {
                        self.hears_next_event(next);
                    }
                }
                1 if !self.model.borrow().pieces => {
                    let patience = self.does("next");
                    if let Some(next) = patience.wait(reader.next()).await {
                        self.hears_next(next);
                    }
                }
                _ => self.sleeps().await,
            }
            self.looks_by(&reader);
        }
        let mut drops = self.random.one_in(8);
        let deadline = Manual::default().now() + WAIT;
        while !self.model.borrow().is_over() && !drops {
            let sender = reader.sender();
            let most = if sender.is_open() { rest(deadline) } else { Duration::MAX };
            match self.goes_on("next_event", most).wait(reader.next_event()).await {
                Some(next) => self.hears_next_event(next),
                None => {
                    let most = Duration::from_secs(1); // and reads on, since the peer may wait for that
                    self.closes_by(&sender, most).await;
                }
            }
            self.looks_by(&reader);
            drops = self.random.one_in(200);
        }
        self.does("drops the reader");
    }

    fn looks_by(&self, reader: &Reader<Endpoint, Manual>) {
        self.model.borrow_mut().sees_clean(reader.is_clean(), reader.close_frame().as_ref());
    }

    async fn writes(mut self, writer: Writer<Endpoint, Manual>) {
        self.talks(&writer).await;
        if !self.random.one_in(8) {
            self.closes_by(&writer, Duration::MAX).await;
        }
        self.does("drops the writer");
    }

    async fn sends(mut self, sender: Sender<Endpoint, Manual>) {
        self.talks(&sender).await;
    }

    async fn talks(&mut self, sender: &Sender<Endpoint, Manual>) {
        for _ in 0..self.random.below(ACTS) {
            match self.random.below(10) {
                0..=4 => self.sends_by(sender).await,
                5 => {
                    let payload = self.model.borrow().payload(PING, &mut self.random);
                    let said = self.model.borrow_mut().says(self.task, PING, true, &payload);
                    let patience = self.does("ping");
                    let sent = patience.wait(sender.ping(&payload)).await;
                    self.settles(said, sent);
                }
                6 => {
                    let queued = self.model.borrow().queued();
                    let patience = self.does("flush");
                    match patience.wait(sender.flush()).await {
                        Some(Ok(())) => self.model.borrow().flushed(&queued),
                        Some(Err(error)) => self.fails(error),
                        None => {}
                    }
                }
                _ => {
                    self.sleeps().await;
                }
            }
            self.model.borrow_mut().sees_open(sender.is_open());
        }
    }

    async fn sends_by(&mut self, sender: &Sender<Endpoint, Manual>) {
        let frame = self.frame();
        let (kind, payload, begins, last) = frame.clone();
        let said = self.says(&frame);
        let patience = self.does("send");
        if begins && last {
            let sent = match self.random.below(3) {
                0 => patience.wait(sender.send(message(&frame))).await,
                1 => patience.wait(sender.feed(message(&frame))).await,
                _ => Some(sender.try_feed(message(&frame))),
            };
            return self.settles(said, sent);
        }
        let queued = Cell::new(false);
        let send = |sender: &mut CoreSender| -> Result<(), SendError> {
            sender.send_fragment(Fragment { kind, payload: payload.into(), last })?;
            queued.set(true);
            Ok(())
        };
        let sent = patience.wait(sender.send_with(send)).await;
        self.model.borrow_mut().settle(said, queued.get());
        if queued.get() {
            self.message = (!last).then_some(kind);
        }
        if let Some(Err(error)) = sent {
            self.fails(error);
        }
    }

    async fn closes_by(&mut self, sender: &Sender<Endpoint, Manual>, most: Duration) {
        let frame = self.close_frame().filter(|frame| is_legal(Some(frame)));
        self.model.borrow_mut().closes(frame.as_ref(), sender.is_open());
        if let Some(Err(error)) = self.goes_on("close", most).wait(sender.close(frame)).await {
            self.fails(error);
        }
    }
}
