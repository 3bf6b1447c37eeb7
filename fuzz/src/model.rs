//! [`Model`]: a connection under any use, and what is known about it.
//!
//! Two readers of frames watch it, which know nothing of ours: what a peer sends must be given out as the one in
//! `listener` reads it, what is written must be what was sent as the one in `writer` reads it. What it holds in memory
//! is counted.

mod listener;
mod writer;

use crate::memory::Meter;
use crate::op::{How, Op, Take};
use crate::payload::Payload;
use crate::setup::Setup;
use bytes::{Buf, Bytes, BytesMut};
use listener::{Listener, Taken};
use sansws_core::frame::Role;
use sansws_core::{
    CloseFrame, Config, Connection, Event, EventRef, Fragment, InputBuffer, Instant, Kind, Message, MessageRef,
    ProtocolError, SendError, Text,
};
use std::io::IoSlice;
use std::time::Duration;
use writer::{Closing, Writer};

/// What a connection may hold that is neither in its input nor in its output, in bytes.
const FIXED: usize = 8 << 10;

/// And what compression takes: both codecs with the largest windows, what a thread keeps of them, and a piece of
/// inflated text.
const DEFLATE: usize = 2 << 20;

/// What a buffer takes that grows by doubling, while it moves.
const GROWTH: usize = 3;

/// A control frame, masked.
const CONTROL: usize = 6 + 125;

/// More floods only take time.
const MOST_FLOODED: usize = 3000;

pub(crate) struct Model {
    role: Role,
    config: Config,
    compresses: bool,
    connection: Connection,
    meter: Meter,
    listener: Listener,
    writer: Writer,
    now: Instant,
    violation: Option<ProtocolError>,
    /// Whether the peer's side is at its end, or it was given up.
    ended: bool,
    /// Whether what was queued is lost.
    lost: bool,
    /// Whether the transport has passed on what it took.
    flushed: bool,
    /// When it was first told the time with nothing left to do but to wait for the peer to close.
    done: Option<Instant>,
    /// What an event carries, copied.
    scratch: Vec<u8>,
    /// How many pings came since something was last written.
    pings: usize,
    flooded: usize,
    /// The most of each, in bytes.
    most_input: usize,
    most_queued: usize,
    most_sent: usize,
}

impl Model {
    pub(crate) fn new(role: Role, setup: Setup) -> Self {
        let config = setup.config();
        let mut meter = Meter::default();
        let connection = meter.run(|| setup.connection(role, setup.config()));
        Self {
            role,
            compresses: config.deflate.is_some(),
            scratch: Vec::with_capacity(size(config.limits.message).max(64 << 10)),
            listener: Listener::new(role, setup),
            writer: Writer::new(role, setup),
            connection,
            config,
            meter,
            now: Instant::ORIGIN,
            violation: None,
            ended: false,
            lost: false,
            flushed: true,
            done: None,
            pings: 0,
            flooded: 0,
            most_input: 0,
            most_queued: 0,
            most_sent: 0,
        }
    }

    /// Does it, and checks what must hold behind whatever happened.
    pub(crate) fn act(&mut self, op: &Op) {
        match op {
            Op::Frame(frame, cut, take) => self.arrive(&frame.bytes(self.role), *cut, *take),
            Op::Bytes(bytes, cut, take) => self.arrive(bytes, *cut, *take),
            Op::Flood(frame, count) => {
                let bytes = frame.bytes(self.role);
                for _ in 0..(4 * usize::from(*count)).min(MOST_FLOODED - self.flooded) {
                    self.flooded += 1;
                    self.arrive(&bytes, 0, Take(0));
                }
            }
            Op::Take(take) => {
                if self.take(*take) {
                    self.pause();
                }
            }
            Op::Send(kind, payload) => self.send(*kind, payload, |connection, message| connection.send(owned(message))),
            Op::SendRef(kind, payload) => self.send(*kind, payload, |connection, message| connection.send_ref(message)),
            Op::SendPlain(kind, payload) => {
                self.send(*kind, payload, |connection, message| connection.send_plain(owned(message)));
            }
            Op::Fragment(kind, last, payload) => self.send_fragment(*kind, *last, &payload.bytes()),
            Op::Ping(payload) => {
                let payload = payload.bytes();
                let result = self.meter.run(|| self.connection.ping(&payload));
                self.judge(result, payload.len() > 125, |writer| writer.pings.push_back(payload));
            }
            Op::Pong(payload) => {
                let payload = payload.bytes();
                let result = self.meter.run(|| self.connection.pong(&payload));
                self.judge(result, payload.len() > 125, |writer| writer.pongs.push_back(payload));
            }
            Op::Close(frame) => self.close(frame.as_ref()),
            Op::Eof => self.eof(),
            Op::Write(count) => self.write((*count).into()),
            Op::Wait(millis) => self.wait(Duration::from_millis((*millis).into())),
            Op::Lend => self.meter.run(|| {
                self.connection.input().lend(InputBuffer::with_capacity(100));
                self.connection.output().lend(BytesMut::with_capacity(100));
            }),
            Op::Reclaim => {
                let idle = !self.connection.wants_write();
                let reclaimed = self.meter.run(|| {
                    self.connection.input().reclaim();
                    self.connection.output().reclaim().map(|buffer| buffer.is_empty())
                });
                assert!(reclaimed.is_none_or(|empty| empty && idle), "a buffer with something in it");
            }
            Op::Flushed(flushed) => {
                self.flushed = *flushed;
                self.connection.set_flushed(*flushed);
            }
        }
        self.check();
    }

    /// Writes the rest, and ends it.
    pub(crate) fn finish(mut self) {
        self.act(&Op::Take(Take(0)));
        self.write(usize::MAX);
        self.check();
        if !self.lost {
            self.writer.finish();
        }
        self.eof();
        self.check();
        assert!(self.connection.is_closed());
        let Self { connection, mut meter, .. } = self;
        meter.run(|| drop(connection));
        // Caches of the thread may stay, of which there are none without compression.
        assert!(meter.live() <= if self.compresses { 2 << 20 } else { 0 }, "{} bytes were leaked", meter.live());
    }

    fn arrive(&mut self, bytes: &[u8], cut: u8, take: Take) {
        if !self.ended {
            self.listener.read(bytes); // at once: it is slow
        }
        let size = if cut == 0 { bytes.len() } else { cut.into() };
        let mut pieces = bytes.chunks(size.max(1)).peekable();
        while let Some(piece) = pieces.next() {
            self.meter.run(|| self.connection.input().extend_from_slice(piece));
            self.most_input = self.most_input.max(self.connection.input().len());
            if self.take(take) && pieces.peek().is_none() {
                self.pause();
            }
        }
    }

    /// All that has arrived was taken.
    fn pause(&self) {
        if self.violation.is_none() && !self.ended {
            self.listener.pause();
        }
    }

    /// Takes events, as many as are wanted and there are. Whether there are no more.
    fn take(&mut self, take: Take) -> bool {
        for at in 0..take.most() {
            let (was_open, was_ready) = (self.connection.is_open(), self.connection.is_ready());
            match self.take_one(take.how(at)) {
                Ok(None) => {
                    assert!(!was_ready, "an event was ready, and was not given out");
                    self.check_input();
                    return true;
                }
                Ok(Some(taken)) => {
                    assert!(self.violation.is_none() && (!self.ended || was_ready), "{taken:?} behind the end");
                    if taken == Taken::Ping {
                        self.pings += 1;
                        if was_open {
                            self.writer.pinged.push_back(self.scratch.clone());
                        }
                    }
                    if let (Taken::Close(code), true) = (taken, was_open) {
                        self.writer.closing = Some(Closing::Answer(code));
                    }
                    self.listener.event(taken, &self.scratch);
                }
                Err(error) => {
                    assert_eq!(self.violation.replace(error), None, "an error twice");
                    assert!(!error.to_string().is_empty());
                    assert!(!was_ready && !self.ended);
                    if let ProtocolError::PingFlood { limit } = error {
                        assert!(self.pings >= limit as usize, "{} pings are no flood", self.pings);
                        self.writer.pinged.push_back(self.listener.last_ping());
                    } else {
                        self.listener.error(error);
                    }
                    if was_open {
                        self.writer.closing = Some(Closing::Violation(error.close_code().0));
                    }
                }
            }
        }
        false
    }

    /// Takes one event, its payload into `scratch`.
    fn take_one(&mut self, how: How) -> Result<Option<Taken>, ProtocolError> {
        let Self { meter, connection, scratch, writer, now, most_sent, .. } = self;
        scratch.clear();
        let mut copy = |bytes: &[u8]| {
            assert!(bytes.len() <= scratch.capacity(), "{} bytes in one event", bytes.len());
            scratch.extend_from_slice(bytes);
        };
        let mut echoed = None;
        let short = meter.run(|| match how {
            How::ShortOwned => connection.take_message(*now).map(|message| {
                copy(message.as_bytes());
                message.kind()
            }),
            How::ShortLent => connection.lend_message(*now).map(|(message, _)| {
                copy(message.as_bytes());
                message.kind()
            }),
            How::Owned | How::Lent | How::Echoed => None,
        });
        if let Some(kind) = short {
            return Ok(Some(Taken::Message(kind)));
        }
        let taken = meter.run(|| match how {
            How::Owned | How::ShortOwned => Ok(connection.receive(*now)?.map(|event| match &event {
                Event::Message(message) => {
                    copy(message.as_bytes());
                    Taken::Message(message.kind())
                }
                Event::Fragment(Fragment { kind, payload, last }) => {
                    copy(payload);
                    Taken::Fragment(*kind, *last)
                }
                Event::Ping(payload) => {
                    copy(payload);
                    Taken::Ping
                }
                Event::Pong(payload) => {
                    copy(payload);
                    Taken::Pong
                }
                Event::Close(close) => {
                    copy(close.as_ref().map_or(&[], |close| close.reason.as_bytes()));
                    Taken::Close(close.as_ref().map(|close| close.code.0))
                }
                other => panic!("{other:?}"),
            })),
            How::Lent | How::Echoed | How::ShortLent => {
                let ready = connection.decode(*now)?;
                assert_eq!(ready, connection.peek().is_some());
                Ok(connection.lend().map(|(event, sender)| match event {
                    EventRef::Message(message) => {
                        copy(message.as_bytes());
                        if how == How::Echoed && sender.send_ref(message).is_ok() {
                            echoed = Some(message.kind());
                        }
                        Taken::Message(message.kind())
                    }
                    EventRef::Fragment { kind, payload, last } => {
                        copy(payload);
                        Taken::Fragment(kind, last)
                    }
                    EventRef::Ping(payload) => {
                        copy(payload);
                        Taken::Ping
                    }
                    EventRef::Pong(payload) => {
                        copy(payload);
                        Taken::Pong
                    }
                    EventRef::Close(close) => {
                        copy(close.map_or(&[], |close| close.reason.as_bytes()));
                        Taken::Close(close.map(|close| close.code.0))
                    }
                    other => panic!("{other:?}"),
                }))
            }
        });
        if let Some(kind) = echoed {
            *most_sent = (*most_sent).max(scratch.len());
            writer.messages.push_back((kind, scratch.clone()));
        }
        taken
    }

    fn send(
        &mut self,
        kind: Kind,
        payload: &Payload,
        send: impl FnOnce(&mut Connection, MessageRef<'_>) -> Result<(), SendError>,
    ) {
        let (text, bytes);
        let message = match kind {
            Kind::Text => {
                text = payload.text();
                MessageRef::Text(&text)
            }
            Kind::Binary => {
                bytes = payload.bytes();
                MessageRef::Binary(&bytes)
            }
        };
        self.most_sent = self.most_sent.max(message.as_bytes().len());
        let unfinished = self.writer.unfinished.is_some();
        let result = self.meter.run(|| send(&mut self.connection, message));
        self.judge(result, unfinished, |writer| writer.messages.push_back((kind, message.as_bytes().to_vec())));
    }

    fn send_fragment(&mut self, kind: Kind, last: bool, payload: &[u8]) {
        self.most_sent = self.most_sent.max(payload.len());
        let wrong = self.writer.is_wrong(kind, last, payload);
        let result = self
            .meter
            .run(|| self.connection.send_fragment(Fragment { kind, payload: Bytes::copy_from_slice(payload), last }));
        self.judge(result, wrong, |writer| writer.fragment(kind, last, payload));
    }

    /// Whether a call should have been refused for what was asked, and was.
    fn judge(&mut self, result: Result<(), SendError>, wrong: bool, accept: impl FnOnce(&mut Writer)) {
        let queued = self.connection.sender().queued();
        match result {
            Ok(()) => {
                assert!(!wrong, "what must not be sent was accepted");
                accept(&mut self.writer);
            }
            Err(SendError::Closed) => assert!(!self.connection.is_open(), "closed, it says"),
            Err(SendError::Full { queued: said, limit }) => {
                assert!(said == queued && limit == self.config.limits.output_max && queued >= limit);
            }
            Err(error) => assert!(wrong, "{error}"),
        }
    }

    fn close(&mut self, frame: Option<&(u16, Payload)>) {
        let frame = frame.map(|(code, reason)| (*code, reason.text()));
        let legal = frame.as_ref().is_none_or(|(code, reason)| {
            let payload = [&code.to_be_bytes(), reason.as_bytes()].concat();
            payload.len() <= 125 && crate::reader::close(&payload).is_ok()
        });
        self.most_sent = self.most_sent.max(frame.as_ref().map_or(0, |(_, reason)| reason.len()));
        let was_open = self.connection.is_open();
        let given = || frame.as_ref().map(|(code, reason)| CloseFrame::new(*code, Text::from(&**reason)));
        let result = self.meter.run(|| self.connection.close(given()));
        assert_eq!(result.is_ok(), legal, "{frame:?}");
        assert_eq!(self.connection.is_open(), was_open && !legal);
        if was_open && legal {
            self.writer.closing = Some(Closing::Own(frame));
        }
    }

    fn eof(&mut self) {
        let in_time = self.connection.is_clean() || self.violation.is_some() || self.ended;
        let result = self.meter.run(|| self.connection.receive_eof());
        assert_eq!(result, if in_time { Ok(()) } else { Err(ProtocolError::UnexpectedEof) });
        self.lost |= !in_time;
        self.violation = self.violation.or(result.err());
        self.ended = true;
    }

    fn write(&mut self, most: usize) {
        let before = self.connection.buffered_amount();
        let wants_write = self.connection.wants_write();
        assert_eq!(self.meter.run(|| self.connection.output().has_remaining()), wants_write);
        let mut left = most;
        while left > 0 && self.connection.wants_write() {
            let output = self.meter.run(|| self.connection.output());
            let mut slices = [IoSlice::new(&[]); 8];
            let filled = output.chunks_vectored(&mut slices);
            let all: Vec<u8> = slices[..filled].iter().flat_map(|slice| slice.to_vec()).collect();
            assert!(all.starts_with(output.chunk()) && !output.chunk().is_empty(), "two views of what is queued");
            let count = left.min(all.len());
            self.meter.run(|| output.advance(count));
            left -= count;
            self.pings = 0;
            self.writer.read(&all[..count]);
        }
        assert!(self.connection.buffered_amount() <= before);
        if !self.connection.wants_write() && self.connection.is_open() {
            self.writer.check_pongs();
        }
    }

    fn wait(&mut self, duration: Duration) {
        self.now = self.now + duration;
        let result = self.meter.run(|| self.connection.handle_timeout(self.now));
        if self.connection.is_closed() {
            self.lost |= result.is_err();
            self.ended = true;
        }
        assert!(result.is_ok() || self.connection.is_closed());
        if let Some(next) = self.connection.poll_timeout() {
            assert!(next > self.now, "next at {next:?}, now is {:?}", self.now);
            if !self.connection.is_open() && !self.connection.wants_write() && self.flushed {
                let last = *self.done.get_or_insert(self.now) + self.config.close_timeout;
                assert!(next <= last, "next at {next:?}, the peer's time is over at {last:?}");
            }
        }
    }

    /// What is held once all events are taken: the message so far, and part of a frame.
    fn check_input(&mut self) {
        let held = self.connection.input().len();
        let message = match self.config.delivery {
            sansws_core::Delivery::Messages => size(self.config.limits.message),
            sansws_core::Delivery::Fragments => 0,
        };
        assert!(held <= message + CONTROL + 14, "{held} bytes of input are held");
        assert!(self.connection.read_hint() <= 64 << 10);
    }

    fn check(&mut self) {
        let Self { connection, config, .. } = self;
        let wants_write = connection.wants_write();
        let queued = connection.sender().queued();
        assert!(wants_write || queued == 0);
        self.most_queued = self.most_queued.max(queued);
        let largest = self.most_sent + self.most_sent / 8 + 64;
        assert!(queued <= config.limits.output_max + largest + 3 * CONTROL, "{queued} bytes are queued");
        assert!(self.compresses || connection.buffered_amount() <= queued as u64);

        assert!(!(connection.is_open() && (connection.wants_shutdown() || connection.is_closed())));
        assert!(!(wants_write && connection.wants_shutdown()));
        assert!(!(self.lost && wants_write), "something to write, and nobody to read it");
        assert_eq!(connection.violation(), self.violation);
        assert_eq!(connection.is_open(), self.writer.closing.is_none() && !self.ended);
        if connection.is_closed() {
            assert!(!connection.wants_read() && connection.wants_shutdown());
            assert_eq!(connection.poll_timeout(), None);
            assert_eq!(connection.send_ref("late"), Err(SendError::Closed));
        } else {
            let idle = config.keepalive.is_none() && connection.is_open() && !wants_write;
            assert!(connection.poll_timeout().is_some() || idle, "waits for nothing, and is not closed");
        }

        let mut bound = FIXED + GROWTH * (self.most_input + self.most_queued + self.most_sent);
        if self.compresses {
            bound += DEFLATE + GROWTH * size(config.limits.message);
        }
        assert!(
            self.meter.peak() <= i64::try_from(bound).unwrap_or(i64::MAX),
            "{} bytes held, {bound} allowed",
            self.meter.peak()
        );
    }
}

/// A limit, as memory counts.
fn size(limit: u64) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

fn owned(message: MessageRef<'_>) -> Message {
    message.into()
}
