//! [`Connection`]: an open WebSocket, from bytes to events and from messages to bytes.
//!
//! `receiver` and `sender` are its halves; `state` holds every step of the closing handshake, which
//! is what joins them; `timers` all deadlines.

mod receiver;
mod sender;
mod state;
#[cfg(test)]
mod tests;
mod timers;

pub(crate) use receiver::{Constant, Known};
pub use sender::Sender;

use crate::assembler::Verdict;
use crate::close::CloseFrame;
use crate::config::Config;
use crate::deflate::{Agreed, Params};
use crate::entropy::Entropy;
use crate::error::{ProtocolError, SendError, TimedOut};
use crate::event::{Event, EventKind, EventRef, Fragment, Message, MessageRef};
use crate::frame::Role;
use crate::input::Input;
use crate::output::Output;
use crate::prepared::Prepared;
use crate::time::Instant;
use crate::traffic::Traffic;
use alloc::boxed::Box;
use alloc::sync::Arc;
use core::ops::Range;
use receiver::{Control, Decoded, Receiver};
use state::State;
use timers::{Due, Situation, Timers};

/// An open WebSocket connection (RFC 6455 §5–§7), without its transport.
///
/// Bytes that arrive go into [`input`](Self::input), events come out of [`receive`](Self::receive); messages
/// go into [`send`](Self::send), bytes to write come out of [`output`](Self::output). Time comes in as `now`;
/// [`poll_timeout`](Self::poll_timeout) says when [`handle_timeout`](Self::handle_timeout) wants to be called.
/// Any order of calls is correct: taking events is how progress is made, never a duty. The crate's
/// front page shows the loop that drives all this.
///
/// A connection comes from a handshake ([`ServerHandshake`](crate::handshake::ServerHandshake),
/// [`ClientHandshake`](crate::handshake::ClientHandshake)), or from [`server`](Self::server) and
/// [`client`](Self::client) if something else, such as an HTTP library, has done the handshake.
///
/// ```
/// use sansws_core::{Config, Connection, Event, Instant, Message};
/// use bytes::Buf;
///
/// let now = Instant::ORIGIN;
/// let mut server = Connection::server(Config::default(), now);
/// server.input().extend_from_slice(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"); // RFC 6455 §5.7
/// let Some(Event::Message(message)) = server.receive(now)? else { unreachable!() };
/// assert_eq!(message, Message::from("Hello"));
///
/// server.send(message)?;
/// assert_eq!(server.output().chunk(), b"\x81\x05Hello");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Connection {
    receiver: Receiver,
    sender: Sender,
    timers: Timers,
    /// The peer's Close frame, if one came. Boxed, as is the next: idle connections are many.
    closed_by: Option<Box<Option<CloseFrame>>>,
    /// What the peer did wrong, if it did.
    violation: Option<Box<ProtocolError>>,
}

impl Connection {
    /// The client's end of a connection whose handshake is done. Connections that are alike may share their
    /// configuration.
    #[must_use]
    pub fn client(config: impl Into<Arc<Config>>, entropy: impl Entropy + 'static, now: Instant) -> Self {
        Self::new(Role::Client, Some(Box::new(entropy)), config.into(), Input::default(), Output::default(), now)
    }

    /// The server's end of a connection whose handshake is done. Connections that are alike may share their
    /// configuration.
    #[must_use]
    pub fn server(config: impl Into<Arc<Config>>, now: Instant) -> Self {
        Self::new(Role::Server, None, config.into(), Input::default(), Output::default(), now)
    }

    /// A connection that goes on where the handshake left off: with the bytes that came behind the
    /// peer's head, and those of our own head that are not yet written.
    pub(crate) fn new(
        role: Role,
        entropy: Option<Box<dyn Entropy>>,
        config: Arc<Config>,
        input: Input,
        output: Output,
        now: Instant,
    ) -> Self {
        Self {
            receiver: Receiver::new(role, config.delivery, input),
            sender: Sender::new(entropy, config, output),
            timers: Timers::new(now),
            closed_by: None,
            violation: None,
        }
    }

    /// The same connection with permessage-deflate, if that was agreed on.
    pub(crate) fn agree(mut self, answer: Option<&Params>) -> Self {
        if let Some(answer) = answer {
            let own = self.sender.config.compression().map(|deflate| deflate.params.clamped()).unwrap_or_default();
            let agreed = Agreed::new(self.receiver.role(), answer, &own);
            self.receiver.agree(&agreed);
            self.sender.agree(&agreed);
        }
        self
    }

    /// The same connection with permessage-deflate, as a handshake done elsewhere has agreed on it: `answer` is what
    /// the server answered. Says how to compress by [`Config::deflate`], or by its defaults.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn with_deflate(self, answer: &Params) -> Self {
        self.agree(Some(answer))
    }

    /// Where bytes that arrive are put.
    #[inline]
    pub const fn input(&mut self) -> &mut Input {
        &mut self.receiver.input
    }

    /// The next event. `Ok(None)`: put more bytes into [`input`](Self::input).
    ///
    /// The payload is not copied; it shares the memory of the input until it is dropped.
    ///
    /// # Errors
    ///
    /// A [`ProtocolError`], once: the connection has failed, a Close frame that says why is queued, and
    /// whatever else arrives is dropped.
    #[inline]
    pub fn receive(&mut self, now: Instant) -> Result<Option<Event>, ProtocolError> {
        if let Some(next) = self.next_message(now) {
            return Ok(Some(Event::Message(self.receiver.take_message(next))));
        }
        self.decode(now)?;
        Ok(self.take())
    }

    /// The next event, lent out of the input rather than given. `Ok(None)`: put more bytes into
    /// [`input`](Self::input).
    ///
    /// # Errors
    ///
    /// As [`receive`](Self::receive).
    #[inline]
    pub fn receive_ref(&mut self, now: Instant) -> Result<Option<EventRef<'_>>, ProtocolError> {
        if let Some(next) = self.next_message(now) {
            return Ok(Some(EventRef::Message(self.receiver.lend_message(next))));
        }
        self.decode(now)?;
        Ok(self.lend().map(|(event, _)| event))
    }

    /// Goes on until an event is ready to be taken by [`take`](Self::take) or [`lend`](Self::lend). `Ok(false)`:
    /// put more bytes into [`input`](Self::input). An event that is ready stays so until it is taken.
    ///
    /// # Errors
    ///
    /// As [`receive`](Self::receive).
    #[inline]
    pub fn decode(&mut self, now: Instant) -> Result<bool, ProtocolError> {
        if self.receiver.is_ready() {
            return Ok(true);
        }
        if self.receiver.input.is_starved() {
            return Ok(false);
        }
        if !self.is_hearing(now) {
            self.receiver.discard();
            return Ok(false);
        }
        let result = match self.receiver.decode(&self.sender.config.limits) {
            Ok(Decoded::Data) => return Ok(true),
            Ok(Decoded::More) => {
                self.receiver.input.starve();
                self.sender.output.forget_lent();
                self.sender.on_pause();
                return Ok(false);
            }
            Ok(Decoded::Control(Control::Pong, _)) => Ok(()),
            Ok(Decoded::Control(Control::Ping, payload)) => self.sender.answer_ping(self.receiver.input.slice(payload)),
            Ok(Decoded::Control(Control::Close, payload)) => CloseFrame::decode(self.receiver.input.slice(payload))
                .map(|frame| {
                    self.sender.on_close_received(frame.as_ref());
                    self.closed_by = Some(Box::new(frame));
                }),
            Err(error) => Err(error),
        };
        result.map(|()| true).map_err(|error| self.fail(error))
    }

    /// Takes the event that is ready, if there is one.
    #[inline]
    pub fn take(&mut self) -> Option<Event> {
        match self.receiver.take()? {
            Event::Close(_) => Some(Event::Close(self.close_frame().cloned())),
            event => Some(event),
        }
    }

    /// Lends the event that is ready, if there is one, together with the sending half: so a reply can
    /// be sent while the event is in hand.
    ///
    /// ```
    /// # use sansws_core::{Config, Connection, EventRef, Instant};
    /// # use bytes::Buf;
    /// # let now = Instant::ORIGIN;
    /// # let mut connection = Connection::server(Config::default(), now);
    /// # connection.input().extend_from_slice(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    /// while connection.decode(now)? {
    ///     let Some((event, sender)) = connection.lend() else { break };
    ///     if let EventRef::Message(message) = event {
    ///         sender.send_ref(message)?;
    ///     }
    /// }
    /// assert_eq!(connection.output().chunk(), b"\x81\x05Hello");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn lend(&mut self) -> Option<(EventRef<'_>, &mut Sender)> {
        let output = &mut self.sender.output;
        let event = match self.receiver.lend(|payload| output.set_lent(payload))? {
            EventRef::Close(_) => EventRef::Close(self.closed_by.as_deref().and_then(Option::as_ref)),
            event => event,
        };
        Some((event, &mut self.sender))
    }

    /// Lends the next message, with the sending half, if all of it has arrived in one frame: a short way for loops that
    /// handle many. `None` says nothing of what else there is: go on with [`decode`](Self::decode).
    ///
    /// ```
    /// # use sansws_core::{Config, Connection, EventRef, Instant};
    /// # use bytes::Buf;
    /// # let now = Instant::ORIGIN;
    /// # let mut connection = Connection::server(Config::default(), now);
    /// # connection.input().extend_from_slice(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    /// loop {
    ///     while let Some((message, sender)) = connection.lend_message(now) {
    ///         sender.send_ref(message)?;
    ///     }
    ///     if !connection.decode(now)? {
    ///         break; // more bytes, please
    ///     }
    ///     if let Some((EventRef::Message(message), sender)) = connection.lend() {
    ///         sender.send_ref(message)?;
    ///     }
    /// }
    /// assert_eq!(connection.output().chunk(), b"\x81\x05Hello");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn lend_message(&mut self, now: Instant) -> Option<(MessageRef<'_>, &mut Sender)> {
        let next = self.next_message(now)?;
        Some((self.receiver.lend_message(next), &mut self.sender))
    }

    /// Takes the next message, if all of it has arrived in one frame; else as [`lend_message`](Self::lend_message).
    #[inline]
    pub fn take_message(&mut self, now: Instant) -> Option<Message> {
        let next = self.next_message(now)?;
        Some(self.receiver.take_message(next))
    }

    #[inline(always)]
    fn next_message(&mut self, now: Instant) -> Option<(Verdict, Range<usize>)> {
        if !self.is_hearing(now) {
            return None;
        }
        self.receiver.next_message(&self.sender.config.limits)
    }

    /// Whether what arrives still counts; if something has, the peer was heard.
    #[inline]
    fn is_hearing(&mut self, now: Instant) -> bool {
        if self.receiver.input.take_fresh() {
            self.timers.heard(now);
        }
        self.sender.state.is_receiving()
    }

    /// Drops the event that is ready, if there is one.
    pub fn skip(&mut self) {
        self.receiver.lend(drop);
    }

    /// Whether an event is ready to be taken.
    #[inline]
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.receiver.is_ready()
    }

    /// What kind of event is ready to be taken, if one is.
    #[inline]
    #[must_use]
    pub fn peek(&self) -> Option<EventKind> {
        self.receiver.peek()
    }

    /// The peer's side of the stream has ended. Take the events that are in the input first.
    ///
    /// # Errors
    ///
    /// [`ProtocolError::UnexpectedEof`], once, if the closing handshake was not complete; then what
    /// was queued is dropped.
    pub fn receive_eof(&mut self) -> Result<(), ProtocolError> {
        let (state, early) = self.sender.state.on_eof();
        self.sender.state = state;
        self.receiver.discard();
        if early {
            self.sender.output.clear();
            return Err(self.fail(ProtocolError::UnexpectedEof));
        }
        Ok(())
    }

    /// The sending half, whose methods are also those below.
    #[inline]
    pub const fn sender(&mut self) -> &mut Sender {
        &mut self.sender
    }

    /// Queues a message; see [`Sender::send`].
    ///
    /// # Errors
    ///
    /// As [`Sender::send`].
    #[inline]
    pub fn send(&mut self, message: impl Into<Message>) -> Result<(), SendError> {
        self.sender.send(message)
    }

    /// Queues a message that is lent; see [`Sender::send_ref`].
    ///
    /// # Errors
    ///
    /// As [`Sender::send`].
    #[inline]
    pub fn send_ref<'a>(&mut self, message: impl Into<MessageRef<'a>>) -> Result<(), SendError> {
        self.sender.send_ref(message)
    }

    /// Queues a message that is not to be compressed; see [`Sender::send_plain`].
    ///
    /// # Errors
    ///
    /// As [`Sender::send`].
    pub fn send_plain(&mut self, message: impl Into<Message>) -> Result<(), SendError> {
        self.sender.send_plain(message)
    }

    /// Queues a message that others are sent, too; see [`Sender::send_prepared`].
    ///
    /// # Errors
    ///
    /// As [`Sender::send`].
    pub fn send_prepared(&mut self, prepared: &Prepared) -> Result<(), SendError> {
        self.sender.send_prepared(prepared)
    }

    /// Queues a piece of a message; see [`Sender::send_fragment`].
    ///
    /// # Errors
    ///
    /// As [`Sender::send_fragment`].
    pub fn send_fragment(&mut self, fragment: Fragment) -> Result<(), SendError> {
        self.sender.send_fragment(fragment)
    }

    /// Queues a ping of at most 125 bytes; see [`Sender::ping`].
    ///
    /// # Errors
    ///
    /// As [`Sender::ping`].
    pub fn ping(&mut self, payload: &[u8]) -> Result<(), SendError> {
        self.sender.ping(payload)
    }

    /// Queues a pong that answers no ping; see [`Sender::pong`].
    ///
    /// # Errors
    ///
    /// As [`Sender::ping`].
    pub fn pong(&mut self, payload: &[u8]) -> Result<(), SendError> {
        self.sender.pong(payload)
    }

    /// Starts the closing handshake; see [`Sender::close`].
    ///
    /// # Errors
    ///
    /// As [`Sender::close`].
    pub fn close(&mut self, frame: Option<CloseFrame>) -> Result<(), SendError> {
        self.sender.close(frame)
    }

    /// What is to be written. Advance it by what was written; it may ask for more at once.
    #[inline]
    pub fn output(&mut self) -> &mut Output {
        self.sender.output()
    }

    /// Tells whether all that was taken of [`output`](Self::output) has left. Only transports that buffer, as TLS does,
    /// need say so: after a false, [`Config::write_timeout`] counts from then, and the closing handshake waits, as if
    /// something were still queued. Some progress is another false.
    pub const fn set_flushed(&mut self, flushed: bool) {
        self.sender.unflushed = !flushed;
        self.timers.on_progress();
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called, if nothing else happens. The moment
    /// may have passed: some deadlines begin when the time is next known.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next(&self.sender.config, &self.situation())
    }

    /// Time has passed: sends a keepalive ping, or gives the peer up. May be called at any time.
    ///
    /// # Errors
    ///
    /// [`TimedOut`], once: the connection has ended and what was queued is dropped. Close the transport.
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), TimedOut> {
        let situation = self.situation();
        match self.timers.handle(now, &self.sender.config, &situation) {
            Due::Nothing => Ok(()),
            Due::Ping => {
                self.sender.ping(&[]).unwrap_or(()); // more than enough is queued already
                self.timers.handle(now, &self.sender.config, &self.situation()); // the ping's own deadline begins
                Ok(())
            }
            Due::GiveUp(reason) => {
                let both_closed = matches!(self.sender.state, State::Draining | State::Failed) && !situation.queued;
                self.sender.state = State::Ended;
                self.sender.output.clear();
                if !self.receiver.is_ready() {
                    self.receiver.discard();
                }
                // A peer that does not end the stream after both Close frames costs us only the wait.
                if both_closed && matches!(reason, TimedOut::Close(_)) { Ok(()) } else { Err(reason) }
            }
        }
    }

    /// Whether reading makes sense now. False at the end, and while [`Limits::output_high`](crate::Limits::output_high)
    /// bytes are queued: a peer that does not read our answers should send no more questions.
    ///
    /// Two ends that both heed this while both send of their own accord stop each other until one gives up
    /// ([`Config::write_timeout`]). Who does not only answer may read on as long as no event is
    /// [ready](Self::is_ready), as the drivers do.
    #[must_use]
    pub fn wants_read(&self) -> bool {
        match self.sender.state {
            State::Open | State::CloseSent => self.sender.has_room(),
            State::Draining | State::Failed => true,
            State::Ended => false,
        }
    }

    /// Whether [`output`](Self::output) has bytes to write.
    #[inline]
    #[must_use]
    pub fn wants_write(&self) -> bool {
        self.sender.wants_write()
    }

    /// Whether to shut down the write side of the transport (RFC 6455 §7.1.1): a server does when both
    /// Close frames are through, a client leaves that to the server, and after a violation both do. Then
    /// go on reading until EOF. Stays true; shutting down twice does no harm.
    #[must_use]
    pub fn wants_shutdown(&self) -> bool {
        !self.wants_write()
            && match self.sender.state {
                State::Open | State::CloseSent => false,
                State::Draining => self.receiver.role() == Role::Server,
                State::Failed | State::Ended => true,
            }
    }

    /// Whether all is done: the transport can be dropped.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.sender.state == State::Ended && !self.wants_write()
    }

    /// Whether messages can be sent: no Close frame was sent or received, and nothing has failed.
    #[inline]
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.sender.state.may_send()
    }

    /// The peer's Close frame; `None` if none came or it was empty, see [`is_clean`](Self::is_clean).
    #[must_use]
    pub fn close_frame(&self) -> Option<&CloseFrame> {
        self.closed_by.as_deref()?.as_ref()
    }

    /// Whether the peer's Close frame came and so, since it is answered, the closing handshake is
    /// complete (RFC 6455 §7.1.4).
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.closed_by.is_some()
    }

    /// What the peer did wrong, if it did.
    #[must_use]
    pub fn violation(&self) -> Option<ProtocolError> {
        self.violation.as_deref().copied()
    }

    /// How many more bytes the frame in progress needs, at least; zero if that is not known. Of a long frame, 64 KiB or
    /// 15 times what has arrived of the message, whichever is more: a length that is only promised costs no memory, and
    /// memory grows in few steps.
    #[must_use]
    pub fn read_hint(&self) -> usize {
        self.receiver.read_hint()
    }

    /// How many payload bytes of messages are queued; see [`Sender::buffered_amount`].
    #[must_use]
    pub fn buffered_amount(&self) -> u64 {
        self.sender.buffered_amount()
    }

    /// How much data messages were and what they were on the wire.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        Traffic { sent: self.sender.volume(), received: self.receiver.volume() }
    }

    #[cold]
    fn fail(&mut self, error: ProtocolError) -> ProtocolError {
        self.sender.on_violation(error);
        self.receiver.discard();
        self.violation = Some(Box::new(error));
        error
    }

    fn situation(&self) -> Situation {
        Situation {
            open: self.sender.state == State::Open,
            closing: self.sender.state.is_closing(),
            listening: self.wants_read() && !self.is_ready(),
            queued: self.sender.wants_write() || (self.sender.unflushed && self.sender.state != State::Ended),
            taken: self.sender.output.taken(),
        }
    }
}
