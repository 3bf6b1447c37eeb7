//! The driver: a stream over a transport that does as it likes.

use crate::checker::Checker;
use crate::head::Head;
use crate::payload::Payload;
use crate::reader::{self, Reader};
use crate::setup::other;
use crate::step::{Cue, Script, Sending, Step, obstacle};
use crate::support::script::{Peer, Read, Scripted, Write, script};
use crate::support::task::{poll_and_drop, run_through_time};
use crate::support::{Hand, REQUEST, time};
use crate::tape::{Recorded, Tape, trace};
use bytes::Bytes;
use sansws_core::frame::Role;
use sansws_core::{CloseFrame, Config, Delivery, Event, EventRef, Fragment, Kind, Message, MessageRef, Text};
use sansws_driver::{Acceptor, Clock, Error, WsStream};
use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

type Ws = WsStream<Scripted, time::Manual>;

/// Whatever the transport does and whichever futures are dropped when: what was queued is written, once and in order, and
/// legally; what arrives is given out, once and in order; an error is told once; it ends.
pub fn driver(data: &[u8]) {
    let mut tape = Tape::new(data);
    let script = Script::read(&mut tape);
    trace(&script);
    let Some(mut world) = World::open(&script) else { return };
    for step in tape.all::<Step>(60) {
        trace(&step);
        world.act(&step);
    }
    world.finish();
}

/// A stream, its peer, and what is known about them.
struct World {
    role: Role,
    ws: Option<Ws>,
    peer: Peer,
    checker: Checker,
    /// How long the answer to the opening handshake is.
    head: usize,
    /// What the peer says.
    said: Reader,
    said_all: bool,
    /// Messages that were queued, and the one of which not all fragments were.
    queued: Vec<(Kind, Vec<u8>)>,
    unfinished: Option<(Kind, Vec<u8>)>,
    /// How many messages there were to send: each says its number, so that no two are alike.
    count: usize,
    seen: Vec<(Kind, Vec<u8>)>,
    /// Whether messages may have been dropped.
    lossy: bool,
    /// Whether the transport fails somewhere.
    breaks: bool,
    /// Whether the stream was told to end by its transport, or time has run out.
    failures: usize,
}

impl World {
    fn open(script: &Script) -> Option<Self> {
        let accepts = script.has(Script::ACCEPT) && script.role() == Role::Server;
        let config = Config { delivery: Delivery::Messages, ..script.setup.config() };
        let said = script.said.iter().map(|cue| cue.met(script.role()));
        let mut request = REQUEST.to_vec();
        if script.has(Script::SPOILT) {
            let at = usize::from(script.sizes[1]) % request.len();
            request[at] ^= 1;
        }
        let before = accepts.then_some(Read::Data(request));
        let (peer, transport) = self::script(script.cut(), before.into_iter().chain(said));
        peer.writes(script.obstacles(0));
        if script.has(Script::BUFFERS) {
            peer.flushes(script.obstacles(1));
        }
        peer.shutdowns(script.obstacles(2));

        let mut head = 0;
        let mut setup = script.setup;
        let ws = if accepts {
            match run_through_time(Acceptor::<Hand>::new().config(config).accept(transport)) {
                Ok(ws) => {
                    let written = peer.written();
                    let answer = Head::read(&written).expect("an illegal answer");
                    assert_eq!(answer.start[1], b"101");
                    head = answer.len;
                    // What is answered to the offer above, by default.
                    setup.0[1] &= !6;
                    setup.0[2] = 0;
                    ws
                }
                Err(_) => {
                    assert!(peer.is_dropped());
                    let written = peer.written();
                    assert!(Head::read(&written).is_none_or(|head| head.start[1] != b"101"));
                    return None;
                }
            }
        } else {
            let clock = time::Manual::default();
            let connection = script.setup.connection_at(clock.now(), script.role(), config);
            WsStream::from_connection(transport, clock, connection)
        };
        let from = other(script.role());
        let mut world = Self {
            role: script.role(),
            ws: Some(ws),
            peer,
            checker: Checker::of(script.role(), setup),
            head,
            said: Reader::of(from, setup.takeover(from), script.setup.config().limits),
            said_all: false,
            queued: Vec::new(),
            unfinished: None,
            count: 0,
            seen: Vec::new(),
            lossy: false,
            breaks: script.obstacles.iter().flatten().any(|byte| matches!(obstacle(*byte), Write::Error(_))),
            failures: 0,
        };
        script.said.iter().for_each(|cue| world.says(cue));
        Some(world)
    }

    /// The peer has it in its script.
    fn says(&mut self, cue: &Cue) {
        match cue.met(self.role) {
            Read::Data(bytes) if !self.said_all => self.said.read(&bytes),
            read @ (Read::Error(_) | Read::Eof) => {
                self.said_all = true; // it stays so
                self.breaks |= matches!(read, Read::Error(_));
            }
            Read::Data(_) | Read::Endless(_) | Read::Pending => {}
        }
    }

    fn act(&mut self, step: &Step) {
        match step {
            Step::Wait(millis) => time::advance(Duration::from_millis((*millis).into())),
            Step::Unblock => self.peer.unblock(),
            Step::More(cue) => {
                self.says(cue);
                self.peer.then(cue.met(self.role));
            }
            step => {
                let mut ws = self.ws.take().expect("a stream");
                self.call(&mut ws, step);
                self.ws =
                    Some(if let Step::Split(polls, payload) = step { self.split(ws, *polls, payload) } else { ws });
            }
        }
    }

    fn call(&mut self, ws: &mut Ws, step: &Step) {
        match step {
            Step::Next(polls) => {
                let next = poll_and_drop(ws.next(), (*polls).into());
                let message = self.judge(next.flatten().transpose());
                self.see(message.flatten().as_ref().map(Into::into));
            }
            Step::Read(polls) => {
                let read =
                    poll_and_drop(async { Ok::<_, Error>(ws.read().await?.map(Message::from)) }, (*polls).into());
                let message = self.judge(read.unwrap_or(Ok(None)));
                self.see(message.flatten().as_ref().map(Into::into));
            }
            Step::NextEvent(polls) => {
                let next = poll_and_drop(ws.next_event(), (*polls).into());
                if let Some(Some(Event::Message(message))) = self.judge(next.flatten().transpose()) {
                    self.see(Some((&message).into()));
                }
            }
            Step::ReadEvent(polls) => {
                let read =
                    poll_and_drop(async { Ok::<_, Error>(ws.read_event().await?.map(Event::from)) }, (*polls).into());
                if let Some(Some(Event::Message(message))) = self.judge(read.unwrap_or(Ok(None))) {
                    self.see(Some((&message).into()));
                }
            }
            Step::Serve(polls) => {
                let echo = Echo::default();
                let serving = ws.serve(|message, sender| echo.handle(message, sender));
                let served = poll_and_drop(serving, (*polls).into());
                self.echoed(echo, served);
            }
            Step::ServeEvents(polls) => {
                let echo = Echo::default();
                let serving = ws.serve_events(|event, sender| match event {
                    EventRef::Message(message) => echo.handle(message, sender),
                    _ => Ok(()),
                });
                let served = poll_and_drop(serving, (*polls).into());
                self.echoed(echo, served);
            }
            Step::Send(polls, how, kind, payload) => self.send(ws, *polls, *how, *kind, payload),
            Step::Ping(polls, payload) => {
                let pinged = poll_and_drop(ws.ping(&payload.bytes()), (*polls).into());
                self.judge(pinged.unwrap_or(Ok(())));
            }
            Step::Ready(polls) => {
                let ready = poll_and_drop(ws.ready(), (*polls).into());
                self.judge(ready.unwrap_or(Ok(())));
            }
            Step::Flush(polls) => {
                let flushed = poll_and_drop(ws.flush(), (*polls).into());
                self.judge(flushed.unwrap_or(Ok(())));
            }
            Step::Close(polls, frame) => {
                self.lossy = true;
                let closed = poll_and_drop(ws.close(close_frame(frame.as_ref())), (*polls).into());
                self.judge(closed.map_or(Ok(()), |closed| closed.map(|_| ())));
            }
            Step::StartClose(frame) => {
                let closed = ws.start_close(close_frame(frame.as_ref()));
                self.judge(closed);
            }
            Step::Idle(polls) => {
                let idle = poll_and_drop(ws.idle(), (*polls).into());
                self.judge(idle.map_or(Ok(()), |idle| idle.map(|_| ())));
            }
            Step::Split(..) | Step::Wait(_) | Step::Unblock | Step::More(_) => {}
        }
    }

    fn send(&mut self, ws: &mut Ws, polls: u8, how: Sending, kind: Kind, payload: &Payload) {
        let (text, polls) = (self.next_text(payload), usize::from(polls));
        let message = match kind {
            Kind::Text => Message::Text(Text::from(&*text)),
            Kind::Binary => Message::from(text.as_bytes()),
        };
        let before = ws.traffic().sent.payload;
        let sent = match how {
            Sending::Send => poll_and_drop(ws.send(message), polls),
            Sending::Feed => poll_and_drop(ws.feed(message), polls),
            Sending::FeedRef => poll_and_drop(ws.feed_ref(&message), polls),
            Sending::FeedPlain => poll_and_drop(ws.feed_plain(message), polls),
            Sending::Fragment(last) => {
                let payload = Bytes::copy_from_slice(text.as_bytes());
                poll_and_drop(ws.send_fragment(Fragment { kind, payload, last }), polls)
            }
        };
        let is_done = matches!(sent, Some(Ok(())));
        self.judge(sent.unwrap_or(Ok(())));
        if self.is_queued(ws, before, &text) {
            match how {
                Sending::Fragment(last) => {
                    let (_, message) = self.unfinished.get_or_insert_with(|| (kind, Vec::new()));
                    message.extend_from_slice(text.as_bytes());
                    if last {
                        self.queued.extend(self.unfinished.take());
                    }
                }
                _ => self.queued.push((kind, text.into())),
            }
        } else {
            assert!(!is_done, "it was not queued");
        }
    }

    /// A text that no other is.
    fn next_text(&mut self, payload: &Payload) -> String {
        self.count += 1;
        format!("{}: {}", self.count, payload.text())
    }

    /// Whether the message was queued, whole.
    fn is_queued(&self, ws: &Ws, before: u64, text: &str) -> bool {
        let queued = ws.traffic().sent.payload - before;
        assert!(queued == 0 || queued == text.len() as u64, "{queued} bytes of {} were queued", text.len());
        queued > 0
    }

    fn split(&mut self, ws: Ws, polls: u8, payload: &Payload) -> Ws {
        let text = self.next_text(payload);
        let before = ws.traffic().sent.payload;
        let (mut reader, writer) = ws.split();
        let (mut next, mut sent) = (None, None);
        {
            let (mut reading, mut writing) = (pin!(reader.next()), pin!(writer.send(&*text)));
            for _ in 0..polls {
                if next.is_none() {
                    next = poll_and_drop(poll_fn(|cx| reading.as_mut().poll(cx)), 1);
                }
                if sent.is_none() {
                    sent = poll_and_drop(poll_fn(|cx| writing.as_mut().poll(cx)), 1);
                }
            }
        }
        let message = self.judge(next.flatten().transpose());
        self.see(message.flatten().as_ref().map(Into::into));
        self.judge(sent.unwrap_or(Ok(())));
        let ws = reader.reunite(writer).expect("halves of one stream");
        if self.is_queued(&ws, before, &text) {
            self.queued.push((Kind::Text, text.into()));
        }
        ws
    }

    fn echoed(&mut self, echo: Echo, served: Option<Result<(), Error>>) {
        for (kind, payload, queued) in echo.seen.into_inner() {
            if queued {
                self.queued.push((kind, payload.clone()));
            }
            self.seen.push((kind, payload));
        }
        self.judge(served.unwrap_or(Ok(())));
    }

    fn see(&mut self, message: Option<MessageRef<'_>>) {
        self.seen.extend(message.map(|message| (message.kind(), message.as_bytes().to_vec())));
    }

    /// Counts failures.
    fn judge<T>(&mut self, result: Result<T, Error>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(Error::Send(_)) => None, // the caller's
            Err(Error::Io(_) | Error::Protocol(_) | Error::TimedOut(_)) => {
                self.failures += 1;
                None
            }
            Err(error) => panic!("{error:?}"),
        }
    }

    /// Nothing is in the way any more, and the peer ends.
    fn finish(mut self) {
        self.peer.unblock();
        self.peer.writes([]);
        if !self.peer.is_shut_down() {
            self.peer.shutdowns([]);
        }
        self.peer.then(Read::Eof);
        let mut ws = self.ws.take().expect("a stream");
        let was_open = ws.is_open();
        let (mut seen, mut results) = (Vec::new(), Vec::new());
        run_through_time(async {
            if was_open && self.unfinished.is_none() {
                results.push(ws.flush().await.map(|()| None));
            }
            while let Some(message) = ws.next().await.transpose().unwrap_or_else(|error| {
                results.push(Err(error));
                None
            }) {
                seen.push(message);
            }
            assert!(ws.next().await.is_none(), "there was more");
            assert!(ws.send("late").await.is_err_and(|error| error.is_closed()), "an error twice");
        });
        let is_flushed = matches!(results.first(), Some(Ok(None::<()>)));
        for result in results {
            self.judge(result);
        }
        seen.iter().for_each(|message| self.see(Some(message.into())));
        assert!(self.failures <= 1, "{} failures", self.failures);
        assert!(self.failures == 1 || ws.is_clean(), "it ended in silence");
        self.check_written(is_flushed, ws.is_clean());
        self.check_seen(ws.is_clean());
    }

    fn check_written(&mut self, is_flushed: bool, is_clean: bool) {
        let written = self.peer.written();
        let (mut messages, mut has_closed) = (Vec::new(), false);
        for heard in self.checker.read(&written[self.head..]) {
            match heard {
                reader::Heard::Message(kind, payload) => messages.push((kind, payload)),
                reader::Heard::Close(_) => has_closed = true,
                reader::Heard::Ping(_) | reader::Heard::Pong(_) => {}
            }
        }
        assert!(has_closed || !is_clean || self.breaks || self.failures > 0, "a Close frame was lost");
        assert!(self.queued.starts_with(&messages), "not what was queued");
        assert!(!is_flushed || messages == self.queued, "flushed, and not written");
    }

    fn check_seen(&self, is_clean: bool) {
        let said: Vec<(Kind, Vec<u8>)> = self
            .said
            .heard
            .iter()
            .filter_map(|(heard, _)| match heard {
                reader::Heard::Message(kind, payload) => Some((*kind, payload.clone())),
                _ => None,
            })
            .collect();
        if self.lossy {
            let mut said = said.iter();
            assert!(self.seen.iter().all(|seen| said.any(|said| said == seen)), "not what was said");
        } else {
            assert!(said.starts_with(&self.seen), "not what was said");
            assert!(!is_clean || self.failures > 0 || said == self.seen, "not all that was said");
        }
    }
}

/// A handler that echoes.
#[derive(Default)]
struct Echo {
    seen: RefCell<Vec<(Kind, Vec<u8>, bool)>>,
}

impl Echo {
    fn handle(&self, message: MessageRef<'_>, sender: &mut sansws_core::Sender) -> Result<(), Error> {
        let sent = sender.send_ref(message);
        self.seen.borrow_mut().push((message.kind(), message.as_bytes().to_vec(), sent.is_ok()));
        Ok(()) // if it cannot be sent, the loop goes on
    }
}

fn close_frame(frame: Option<&(u16, Payload)>) -> Option<CloseFrame> {
    frame.map(|(code, reason)| CloseFrame::new(*code, reason.text()))
}
