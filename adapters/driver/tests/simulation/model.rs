//! [`Model`]: one end of a connection as RFC 6455 has it, by what passes its transport and what its user sees.
//!
//! ```text
//!   Open ─ our Close is written ─▶ Sent ─ theirs is read ─▶ Both
//!    └──── theirs is read ───▶ Received ─ ours is written ──▶┘
//! ```

use super::frames::{BINARY, CLOSE, CONTINUATION, Frame, PING, PONG, Parser, TEXT};
use super::random::Random;
use super::support::{CLOSED, Failure};
use super::world::World;
use sansws_core::frame::Role;
use sansws_core::{CloseFrame, ProtocolError, SendError};
use sansws_driver::Error;
use std::io::ErrorKind;
use std::rc::Rc;

/// What was written and read of the closing handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closing {
    Open,
    Sent,
    Received,
    Both,
}

/// How far something is that the user wanted to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It may have been queued.
    Unknown,
    Queued,
    Refused,
    Written,
}

/// A frame that the user wanted to send, and which task did.
#[derive(Debug)]
struct Said {
    task: &'static str,
    frame: Frame,
    fate: Fate,
}

/// A message, and whether it is text.
type Whole = (bool, Vec<u8>);

/// What the user was told of the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    NotYet,
    /// An error was told, and the reader has yet to meet the end.
    Failed,
    Over,
}

/// What a task waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Waits {
    ToSend,
    ToHear,
    ForElse,
}

#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) name: &'static str,
    role: Role,
    world: Rc<World>,
    closing: Closing,
    /// The payload of the Close frame that the user wanted, if that came first.
    chosen: Option<Vec<u8>>,
    /// The payload of the peer's.
    received: Option<Vec<u8>>,
    writes: Parser,
    reads: Parser,
    said: Vec<Said>,
    /// Pings that were read, of which the first so many are answered or never will be.
    pings: Vec<Vec<u8>>,
    answered: usize,
    /// The payload of the last pong that was written.
    pong: Option<Vec<u8>>,
    /// Messages that were read, of which so many were heard.
    messages: Vec<Whole>,
    heard: usize,
    /// What was read, and what was heard, of a message that is not whole.
    reading: Whole,
    hearing: Vec<u8>,
    /// Whether messages come in pieces.
    pub(crate) pieces: bool,
    /// Whether an event was taken and nobody has looked what follows it: others are not woken to do so.
    pub(crate) took: bool,
    /// How many tasks wait to send, and to hear.
    senders: isize,
    hearers: isize,
    /// Whether whoever read is gone.
    is_deaf: bool,
    /// Whether messages, or pieces, may be dropped: `close` has begun.
    pub(crate) skips: bool,
    /// Whether reading or writing has met its end.
    stream_ended: bool,
    write_failed: bool,
    shut_down: bool,
    was_clean: bool,
    /// Whether it is the end of a server that shuts down, and whether that has waited long enough.
    goes_away: bool,
    aborted: bool,
    /// Whether the server's shutdown has closed it.
    has_gone_away: bool,
    end: End,
    dropped: bool,
}

impl Model {
    pub(crate) fn new(role: Role, world: &Rc<World>) -> Self {
        let (name, other) = match role {
            Role::Client => ("client", Role::Server),
            Role::Server => ("server", Role::Client),
        };
        Self {
            name,
            role,
            world: Rc::clone(world),
            closing: Closing::Open,
            chosen: None,
            received: None,
            writes: Parser::new(role),
            reads: Parser::new(other),
            said: Vec::new(),
            pings: Vec::new(),
            answered: 0,
            pong: None,
            messages: Vec::new(),
            heard: 0,
            reading: Whole::default(),
            hearing: Vec::new(),
            pieces: false,
            took: false,
            senders: 0,
            hearers: 0,
            is_deaf: false,
            skips: false,
            stream_ended: false,
            write_failed: false,
            shut_down: false,
            was_clean: false,
            goes_away: false,
            aborted: false,
            has_gone_away: false,
            end: End::NotYet,
            dropped: false,
        }
    }

    pub(crate) fn world(&self) -> Rc<World> {
        Rc::clone(&self.world)
    }

    pub(crate) fn note(&self, what: &str) {
        self.world.note(format!("{} {what}", self.name));
    }
}

/// What passes the transport.
impl Model {
    /// The transport has taken these bytes. Whether a Close frame is whole with them.
    pub(crate) fn wrote(&mut self, bytes: &[u8]) -> bool {
        assert!(!self.shut_down, "bytes behind the shutdown");
        let frames = self.writes.feed(bytes);
        for frame in &frames {
            self.world.count_progress();
            self.note(&format!("writes opcode {}, {} bytes", frame.opcode, frame.payload.len()));
            match frame.opcode {
                CLOSE => self.wrote_close(&frame.payload),
                PONG => self.wrote_pong(&frame.payload),
                _ => self.wrote_said(frame),
            }
        }
        let has_closed = matches!(self.closing, Closing::Sent | Closing::Both);
        assert!(!has_closed || !self.writes.has_rest(), "bytes behind the Close frame");
        has_closed && !frames.is_empty()
    }

    /// RFC 6455 §5.5.1: ours as the user wanted it, or the answer; and behind all that was queued.
    fn wrote_close(&mut self, payload: &[u8]) {
        self.closing = match self.closing {
            Closing::Open => Closing::Sent,
            Closing::Received => Closing::Both,
            Closing::Sent | Closing::Both => panic!("a second Close frame"),
        };
        let answer = self.received.as_ref().map(|received| &received[..received.len().min(2)]);
        let away = GOING_AWAY.to_be_bytes();
        let expected = [self.chosen.as_deref().or(answer), self.goes_away.then_some(&away)];
        assert!(expected.contains(&Some(payload)), "the Close frame is {payload:?}, and not one of {expected:?}");
        self.has_gone_away = self.chosen.is_none() && self.received.is_none();
        let lost = self.said.iter().find(|said| said.fate == Fate::Queued && said.frame.opcode != PING);
        assert!(lost.is_none(), "was queued before the Close frame and not written: {lost:?}");
    }

    /// RFC 6455 §5.5.3: the newest may stand for all before it.
    fn wrote_pong(&mut self, payload: &[u8]) {
        let ping = self.pings[self.answered..].iter().position(|ping| ping == payload);
        self.pong = Some(payload.to_vec());
        self.answered += 1 + ping.expect("a pong that answers nothing");
    }

    /// What one task said, in its order, once, as it said it. Pings may go ahead.
    fn wrote_said(&mut self, frame: &Frame) {
        let is_ping = frame.opcode == PING;
        if is_ping && frame.payload.is_empty() {
            return; // of the keepalive
        }
        let id: Option<usize> = frame.payload.get(..ID).and_then(|id| std::str::from_utf8(id).ok()?.parse().ok());
        let id = id.filter(|id| self.said.get(*id).is_some_and(|said| said.frame.payload == frame.payload));
        let at: usize = id.or_else(|| self.echo(frame)).unwrap_or_else(|| panic!("nobody said this: {frame:?}"));
        let said = &self.said[at];
        assert!(matches!(said.fate, Fate::Unknown | Fate::Queued), "{:?} and yet written: {at}", said.fate);
        assert_eq!((said.frame.opcode, said.frame.fin), (frame.opcode, frame.fin), "{at} is not as it was said");
        let mut before = self.said[..at].iter();
        let overtaken = before.find(|before| {
            before.fate == Fate::Queued && before.task == said.task && (before.frame.opcode == PING) == is_ping
        });
        assert!(overtaken.is_none(), "{at} is written before {overtaken:?}");
        self.said[at].fate = Fate::Written;
    }

    /// What was said and is the rest of what was heard.
    fn echo(&self, frame: &Frame) -> Option<usize> {
        self.said.iter().position(|said| said.fate != Fate::Written && said.frame.payload == frame.payload)
    }

    /// The transport gave these bytes.
    pub(crate) fn read(&mut self, bytes: &[u8]) {
        for frame in self.reads.feed(bytes) {
            match frame.opcode {
                CLOSE => {
                    self.note("reads a Close frame");
                    self.received = Some(frame.payload);
                    self.closing = match self.closing {
                        Closing::Open => Closing::Received,
                        Closing::Sent => Closing::Both,
                        Closing::Received | Closing::Both => unreachable!("the parser stops at the first"),
                    };
                }
                PING => self.pings.push(frame.payload),
                PONG => {}
                opcode => {
                    if opcode != CONTINUATION {
                        self.reading = (opcode == TEXT, Vec::new());
                    }
                    self.reading.1.extend(frame.payload);
                    if frame.fin {
                        self.messages.push(std::mem::take(&mut self.reading));
                    }
                }
            }
        }
    }

    pub(crate) fn stream_ended(&mut self, how: &str) {
        self.note(&format!("meets the end of the stream: {how}"));
        self.stream_ended = true;
    }

    pub(crate) fn write_failed(&mut self) {
        self.note("cannot write");
        self.write_failed = true;
    }

    /// RFC 6455 §7.1.1: once both Close frames are there, the server goes first. Whether they are.
    pub(crate) fn shut_down(&mut self) -> bool {
        self.note("shuts down");
        assert!(self.closing == Closing::Both || self.has_excuse(), "a shutdown while {:?}", self.closing);
        assert!(self.role == Role::Server || self.stream_ended || self.has_excuse(), "the client shuts down first");
        self.shut_down = true;
        self.closing == Closing::Both
    }

    /// The connection is dropped. Whether it was over.
    pub(crate) fn dropped(&mut self) -> bool {
        self.dropped = true;
        self.end == End::Over
    }
}

/// What the user does and sees.
impl Model {
    /// The payload of the next frame that is said.
    pub(crate) fn payload(&self, opcode: u8, random: &mut Random) -> Vec<u8> {
        let filling = if opcode == BINARY { "\u{0}\u{1}" } else { "é" };
        let mut payload =
            format!("{:0ID$}{}", self.said.len(), filling.repeat(self.world.size(random) / 2)).into_bytes();
        payload.truncate(if opcode == PING { 125 } else { usize::MAX });
        payload
    }

    /// The user wants to send this: by what it is then known.
    pub(crate) fn says(&mut self, task: &'static str, opcode: u8, fin: bool, payload: &[u8]) -> usize {
        let frame = Frame { opcode, fin, payload: payload.to_vec() };
        self.said.push(Said { task, frame, fate: Fate::Unknown });
        self.said.len() - 1
    }

    /// It was queued, or will never be.
    pub(crate) fn settle(&mut self, said: usize, queued: bool) {
        let fate = &mut self.said[said].fate;
        match (*fate, queued) {
            (Fate::Unknown, true) => *fate = Fate::Queued,
            (Fate::Unknown, false) => *fate = Fate::Refused,
            (Fate::Queued | Fate::Written, true) => {}
            (now, _) => panic!("{now:?}, and then queued: {queued}"),
        }
    }

    /// What is known to be queued.
    pub(crate) fn queued(&self) -> Vec<usize> {
        (0..self.said.len()).filter(|at| self.said[*at].fate == Fate::Queued).collect()
    }

    /// One task more, or less, waits for this.
    pub(crate) const fn waits(&mut self, waits: Waits, one: isize) {
        match waits {
            Waits::ToSend => self.senders += one,
            Waits::ToHear => self.hearers += one,
            Waits::ForElse => {}
        }
    }

    /// The reader is gone: what arrives is for nobody.
    pub(crate) const fn is_deaf(&mut self) {
        self.is_deaf = true;
        self.took = false;
    }

    /// Nobody is woken. So nobody waits for what there is: room in the network, something to read, the end.
    pub(crate) fn rests(&self, writable: bool, readable: bool) {
        let (sends, hears) = (self.senders > 0, self.hearers > 0);
        assert!(!sends || !writable, "somebody waits to send, and could");
        assert!(!(sends || hears) || self.end == End::NotYet, "somebody waits, and it has ended");
        let listens = hears || (sends && self.is_deaf);
        assert!(!listens || !readable || self.stream_ended, "what has arrived is not read");
        let is_heard = self.heard == self.messages.len() || self.pieces || self.skips;
        assert!(!hears || is_heard, "somebody waits to hear what is there");
        let is_answered = self.pings.last() == self.pong.as_ref() || self.closing != Closing::Open;
        assert!(!hears || !writable || is_answered, "a ping is not answered");
    }

    /// What was queued is flushed.
    pub(crate) fn flushed(&self, queued: &[usize]) {
        for at in queued {
            assert_eq!(self.said[*at].fate, Fate::Written, "{at} is flushed");
        }
    }

    /// The user closes; nothing comes of it if the connection is not open.
    pub(crate) fn closes(&mut self, frame: Option<&CloseFrame>, is_open: bool) {
        self.note(&format!("closes with {frame:?}"));
        if is_open {
            let encode = |frame: &CloseFrame| [&frame.code.0.to_be_bytes()[..], frame.reason.as_bytes()].concat();
            self.chosen = Some(frame.map(encode).unwrap_or_default());
        }
    }

    /// The next message, or the rest of it.
    pub(crate) fn hears(&mut self, is_text: bool, payload: &[u8], last: bool) {
        self.world.count_progress();
        self.note(&format!("hears {} bytes", payload.len()));
        assert_ne!(self.end, End::Over, "a message behind the end");
        assert!(!self.has_gone_away, "a message that cannot be answered");
        if self.pieces && self.skips {
            return;
        }
        self.hearing.extend_from_slice(payload);
        if !last {
            return;
        }
        let message = (is_text, std::mem::take(&mut self.hearing));
        let at = self.messages[self.heard..].iter().position(|read| *read == message);
        let at = at.expect("a message that was not read, or heard before");
        assert!(at == 0 || self.skips, "{at} messages were not heard");
        self.heard += at + 1;
    }

    /// The server begins to shut down: the end is closed as soon as somebody looks, and gives no more messages.
    pub(crate) fn goes_away(&mut self) {
        self.note("goes away");
        self.goes_away = true;
        self.skips = true;
    }

    /// The server has shut down.
    pub(crate) fn is_aborted(&mut self) {
        self.aborted = true;
        self.world.disturb("the server drops the connection");
    }

    /// What can be seen at any time.
    pub(crate) fn sees_open(&self, is_open: bool) {
        let may_be_open = self.chosen.is_none() && !self.was_clean && self.end != End::Over;
        assert!(!is_open || may_be_open, "open: {self:?}");
        let may_be_closed =
            self.chosen.is_some() || self.received.is_some() || self.dropped || self.goes_away || self.has_excuse();
        assert!(is_open || may_be_closed, "not open: {self:?}");
    }

    pub(crate) fn sees_clean(&mut self, is_clean: bool, frame: Option<&CloseFrame>) {
        assert!(is_clean || !self.was_clean, "no longer clean");
        self.was_clean = is_clean;
        let received = self.received.as_ref().filter(|received| is_clean && !received.is_empty());
        assert!(!is_clean || self.received.is_some(), "clean without the peer's Close frame");
        let frame = frame.map(|frame| (frame.code.0, frame.reason.as_bytes()));
        let received = received.map(|payload| (u16::from_be_bytes([payload[0], payload[1]]), &payload[2..]));
        assert_eq!(frame, received, "the peer's Close frame");
    }

    /// The reader met the end: `next` gave none.
    pub(crate) fn ends(&mut self) {
        self.world.count_progress();
        self.note("is over");
        if self.end == End::NotYet {
            assert!(self.received.is_some(), "the end comes without a reason");
            assert!(self.skips || self.heard == self.messages.len(), "it ends early: {self:?}");
        }
        self.end = End::Over;
    }

    /// An error. What it may be depends on what has happened.
    pub(crate) fn fails(&mut self, error: Error) {
        self.world.count_progress();
        self.note(&format!("is told: {error:?}"));
        match Failure::from(error) {
            CLOSED => self.sees_open(false),
            Failure::WouldBlock | Failure::Send(SendError::Full { .. } | SendError::UnfinishedMessage) => {}
            failure => {
                assert_eq!(self.end, End::NotYet, "a second error");
                assert!(self.has_excuse(), "an error for no reason");
                match failure {
                    Failure::Io(_) if self.write_failed => {}
                    Failure::Io(ErrorKind::ConnectionAborted) if self.aborted => {}
                    Failure::Io(_) | Failure::Protocol(ProtocolError::UnexpectedEof) => {
                        assert!(self.stream_ended && self.received.is_none(), "all was said");
                    }
                    Failure::TimedOut(_) => assert!(!self.world.patient || !self.world.is_calm()),
                    other => panic!("{other:?} cannot be"),
                }
                self.end = End::Failed;
            }
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.end == End::Over
    }

    /// The user has done all it wanted. If nothing disturbed them, both have closed as they should.
    pub(crate) fn is_done(&self) {
        if self.world.is_calm() {
            assert_eq!((self.closing, self.end), (Closing::Both, End::Over), "in a calm world");
        }
    }

    fn has_excuse(&self) -> bool {
        !self.world.is_calm()
    }
}

const GOING_AWAY: u16 = 1001;

/// How long the number is that starts what is said.
pub(crate) const ID: usize = 4;
