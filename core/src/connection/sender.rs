//! [`Sender`]: the sending half of a connection.

use super::receiver::WORTH_SHARING;
use super::state::State;
use crate::close::{CloseCode, CloseFrame};
use crate::config::Config;
use crate::deflate::{Agreed, Compressor, Deflate, RSV1};
use crate::entropy::Entropy;
use crate::error::{ProtocolError, SendError};
use crate::event::{Fragment, Kind, Message, MessageRef};
use crate::frame::{Header, Opcode};
use crate::output::{BY_REFERENCE, Output};
use crate::prepared::Prepared;
use crate::traffic::Volume;
use crate::utf8::Validator;
use alloc::boxed::Box;
use alloc::sync::Arc;
use bytes::{Buf, Bytes};
use core::fmt::{self, Write};
use core::ops::Deref;

/// While more than this is queued, pings are not answered one by one: the newest waits (RFC 6455 §5.5.3).
const PONGS_AT_ONCE: usize = 16 << 10;

/// The longest payload of a control frame (RFC 6455 §5.5).
const MAX_CONTROL: usize = 125;

/// The sending half of a [`Connection`](super::Connection): it can be used while a received message
/// is on loan, see [`Connection::lend`](super::Connection::lend).
///
/// Whatever is sent is queued; writing is the caller's. An error leaves the connection unharmed and
/// queues nothing.
pub struct Sender {
    pub(super) output: Output,
    pub(super) state: State,
    /// What compresses messages, if that was agreed on.
    compressor: Option<Box<Compressor>>,
    volume: Volume,
    /// Where masking keys come from; servers do not mask (RFC 6455 §5.1).
    entropy: Option<Box<dyn Entropy>>,
    rare: Option<Box<Rare>>,
    pub(super) config: Arc<Config>,
    /// How many pings found an older one still waiting since the peer last read something.
    unread_pings: u32,
    /// Whether something was queued when reading last paused for lack of input, and what the peer had read then.
    queued_at_pause: bool,
    taken_at_pause: u64,
    /// Whether the transport has yet to send some of what was taken.
    pub(super) unflushed: bool,
}

/// What few connections have: made when it is first needed.
#[derive(Debug, Default)]
struct Rare {
    /// The message that is being sent in fragments.
    message: Option<Unfinished>,
    /// The newest ping that was not answered because much was queued.
    pong: Option<Box<[u8]>>,
}

/// A message of which not all fragments were sent.
#[derive(Debug)]
struct Unfinished {
    kind: Kind,
    compressed: bool,
    validator: Validator,
}

/// A payload and whose it is.
enum Payload<'a> {
    Owned(Bytes),
    Borrowed(&'a [u8]),
}

impl Deref for Payload<'_> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match self {
            Self::Owned(bytes) => bytes,
            Self::Borrowed(bytes) => bytes,
        }
    }
}

impl Sender {
    pub(super) fn new(entropy: Option<Box<dyn Entropy>>, config: Arc<Config>, output: Output) -> Self {
        Self {
            output,
            state: State::Open,
            compressor: None,
            volume: Volume::default(),
            entropy,
            rare: None,
            config,
            unread_pings: 0,
            queued_at_pause: false,
            taken_at_pause: 0,
            unflushed: false,
        }
    }

    /// Messages are compressed from now on.
    pub(super) fn agree(&mut self, agreed: &Agreed) {
        let default = Deflate::default();
        let deflate = self.config.compression().unwrap_or(&default);
        self.compressor = Compressor::new(agreed, deflate).map(Box::new);
    }

    /// Queues a message in one frame (RFC 6455 §6.1). A payload of 4 KiB or more is not copied,
    /// except to mask one that others hold too.
    ///
    /// # Errors
    ///
    /// [`SendError::Closed`], [`SendError::UnfinishedMessage`], [`SendError::Full`].
    #[inline]
    pub fn send(&mut self, message: impl Into<Message>) -> Result<(), SendError> {
        let message = message.into();
        self.check_message()?;
        self.message(message.kind(), Payload::Owned(message.into_bytes()));
        Ok(())
    }

    /// Queues a message that is not to be compressed even if that was agreed on: because it cannot be, as with
    /// images, or must not be, since it holds a secret beside what others may choose (RFC 7692 §8).
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_plain(&mut self, message: impl Into<Message>) -> Result<(), SendError> {
        let message = message.into();
        self.check_message()?;
        self.data(Opcode::of(message.kind()), true, Payload::Owned(message.into_bytes()));
        Ok(())
    }

    /// Queues a message in one frame, copying its payload: for short messages, the fast way. A server does not copy what
    /// is, or is part of, a long message that [`lend`](super::Connection::lend) has lent (32 KiB or more).
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    #[inline]
    pub fn send_ref<'a>(&mut self, message: impl Into<MessageRef<'a>>) -> Result<(), SendError> {
        let message = message.into();
        self.check_message()?;
        let (kind, payload) = (message.kind(), message.as_bytes());
        if self.compressor.is_some() {
            self.message(kind, Payload::Borrowed(payload));
            return Ok(());
        }
        if payload.len() >= WORTH_SHARING
            && self.entropy.is_none()
            && let Some(shared) = self.output.lent(payload)
        {
            self.data(Opcode::of(kind), true, Payload::Owned(shared));
            return Ok(());
        }
        let key = self.key();
        self.copied(Opcode::of(kind), true, payload, key);
        self.output.count_payload(payload.len() as u64);
        self.volume.count(payload.len(), payload.len());
        Ok(())
    }

    /// Queues a message that others are sent, too, and which is encoded once for them all: see [`Prepared`]. Else as
    /// [`send`](Self::send).
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_prepared(&mut self, prepared: &Prepared) -> Result<(), SendError> {
        self.check_message()?;
        let (kind, payload) = (prepared.message().kind(), prepared.message().as_bytes());
        if self.entropy.is_some() {
            self.message(kind, Payload::Borrowed(payload)); // masked for this one alone
            return Ok(());
        }
        let compressor = self.compressor.as_mut().filter(|compressor| compressor.wants(payload.len()));
        let frame = match compressor {
            None => prepared.plain().clone(),
            Some(compressor) if compressor.is_stateless() => match prepared.compressed(compressor) {
                Some(frame) => frame,
                None => {
                    self.give_up();
                    return Ok(());
                }
            },
            Some(_) => {
                self.compressed(Opcode::of(kind), true, payload);
                return Ok(());
            }
        };
        self.output.put_frame(frame.bytes);
        self.output.count_payload(payload.len() as u64);
        self.volume.count(payload.len(), frame.payload);
        Ok(())
    }

    /// Queues the next piece of a message, in a frame of its own (RFC 6455 §5.4). Between the pieces
    /// only control frames may be sent.
    ///
    /// # Errors
    ///
    /// [`SendError::Closed`], [`SendError::Full`], [`SendError::KindChanged`], and
    /// [`SendError::InvalidUtf8`] for text, which may be cut inside a character but must be whole at the end.
    pub fn send_fragment(&mut self, fragment: Fragment) -> Result<(), SendError> {
        self.check_open()?;
        let Fragment { kind, payload, last } = fragment;
        let (mut validator, opcode, compressed) = match self.unfinished() {
            // A message that goes on may become long.
            None => (
                Validator::new(),
                Opcode::of(kind),
                self.wants_compression(&payload) || (self.compressor.is_some() && !last),
            ),
            Some(message) if message.kind == kind => (message.validator, Opcode::Continuation, message.compressed),
            Some(_) => return Err(SendError::KindChanged),
        };
        if kind == Kind::Text {
            let fed = validator.feed(&payload);
            let valid = if last { fed.and_then(|()| validator.finish().map(|_| ())) } else { fed };
            valid.map_err(|at| SendError::InvalidUtf8 { at })?;
        }
        if compressed {
            self.compressed(opcode, last, &payload);
        } else {
            self.data(opcode, last, Payload::Owned(payload));
        }
        if !last || self.unfinished().is_some() {
            self.rare().message = (!last).then_some(Unfinished { kind, compressed, validator });
        }
        Ok(())
    }

    /// Queues a ping (RFC 6455 §5.5.2), ahead of messages that are queued, as far as frames allow.
    ///
    /// # Errors
    ///
    /// [`SendError::ControlTooLong`] over 125 bytes, [`SendError::Closed`], [`SendError::Full`].
    pub fn ping(&mut self, payload: &[u8]) -> Result<(), SendError> {
        self.control(Opcode::Ping, payload)
    }

    /// Queues a pong that answers no ping (RFC 6455 §5.5.3). Pings are answered without this.
    ///
    /// # Errors
    ///
    /// As [`ping`](Self::ping).
    pub fn pong(&mut self, payload: &[u8]) -> Result<(), SendError> {
        self.control(Opcode::Pong, payload)
    }

    /// Starts the closing handshake (RFC 6455 §7.1.2): queues a Close frame behind all that is queued,
    /// empty if `frame` is `None`. Messages of the peer may still arrive. Does nothing if the
    /// connection is closing already.
    ///
    /// # Errors
    ///
    /// [`SendError::InvalidCloseCode`], [`SendError::ReasonTooLong`].
    pub fn close(&mut self, frame: Option<CloseFrame>) -> Result<(), SendError> {
        if let Some(CloseFrame { code, reason }) = &frame {
            if !code.is_sendable() {
                return Err(SendError::InvalidCloseCode { code: *code });
            }
            if reason.len() > CloseFrame::MAX_REASON {
                return Err(SendError::ReasonTooLong { len: reason.len() });
            }
        }
        let (state, send) = self.state.on_close_sent();
        self.state = state;
        if send {
            if let Some(payload) = self.take_pong() {
                self.urgent(Opcode::Pong, &payload); // owed until the peer closes (RFC 6455 §5.5.2), and later is too late
            }
            match frame {
                None => self.close_frame(None, ""),
                Some(CloseFrame { code, reason }) => self.close_frame(Some(code), &reason),
            }
        }
        Ok(())
    }

    /// How many bytes are queued, with their framing.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.output.remaining()
    }

    /// Whether less than [`Limits::output_high`](crate::Limits::output_high) is queued, and so a message may follow without waiting.
    #[inline]
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.output.remaining() < self.config.limits.output_high.max(1)
    }

    /// Whether so little is queued that a sender who had to wait may go on; see
    /// [`Limits::output_low`](crate::Limits::output_low).
    #[must_use]
    pub fn is_low(&self) -> bool {
        self.output.remaining() <= self.config.limits.output_low
    }

    /// How many bytes were ever queued, with their framing, but for control frames that went ahead of others. Once
    /// [`taken`](Self::taken) has come as far, all has been taken that is queued now.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.output.taken() + self.output.remaining() as u64 - self.output.overtaken()
    }

    /// How much of [`total`](Self::total) was taken, or somewhat less while control frames go ahead.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.output.taken().saturating_sub(self.output.overtaken())
    }

    /// How many payload bytes of messages are queued: as the caller counts them, without framing and
    /// before compression. WHATWG calls this `bufferedAmount`.
    #[must_use]
    pub fn buffered_amount(&self) -> u64 {
        self.output.payload()
    }

    /// The peer pinged.
    pub(super) fn answer_ping(&mut self, payload: &[u8]) -> Result<(), ProtocolError> {
        if !self.state.may_send() {
            return Ok(());
        }
        if self.output.remaining() < PONGS_AT_ONCE {
            self.take_pong(); // an older one must not follow
            self.urgent(Opcode::Pong, payload);
        } else {
            self.rare().pong = Some(payload.into());
        }
        if self.queued_at_pause && self.taken_at_pause == self.output.taken() {
            self.unread_pings = self.unread_pings.saturating_add(1);
            let limit = self.config.limits.unread_pings;
            if self.unread_pings > limit {
                return Err(ProtocolError::PingFlood { limit });
            }
        }
        Ok(())
    }

    /// The input is used up; a driver now writes what it can. If nothing has left by the next time,
    /// the peer is not reading.
    pub(super) fn on_pause(&mut self) {
        let taken = self.output.taken();
        if self.output.is_empty() || !self.queued_at_pause || self.taken_at_pause != taken {
            self.unread_pings = 0;
        }
        self.queued_at_pause = !self.output.is_empty();
        self.taken_at_pause = taken;
    }

    /// What is queued, with the pong that waited if its time has come.
    pub(super) fn output(&mut self) -> &mut Output {
        if self.output.remaining() < PONGS_AT_ONCE
            && self.owes_pong()
            && let Some(payload) = self.take_pong()
        {
            self.urgent(Opcode::Pong, &payload);
        }
        &mut self.output
    }

    /// Whether there is something to write.
    pub(super) fn wants_write(&self) -> bool {
        !self.output.is_empty() || self.owes_pong()
    }

    /// Whether a ping is yet to be answered.
    fn owes_pong(&self) -> bool {
        self.rare.as_ref().is_some_and(|rare| rare.pong.is_some()) && self.state.may_send()
    }

    fn take_pong(&mut self) -> Option<Box<[u8]>> {
        let pong = self.rare.as_mut()?.pong.take();
        self.rare.take_if(|rare| rare.message.is_none());
        pong
    }

    /// The message that is being sent in fragments.
    #[inline]
    fn unfinished(&self) -> Option<&Unfinished> {
        self.rare.as_ref()?.message.as_ref()
    }

    fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// The peer closed: answers with its code (RFC 6455 §5.5.1), empty with empty.
    pub(super) fn on_close_received(&mut self, frame: Option<&CloseFrame>) {
        let (state, answer) = self.state.on_close_received();
        self.state = state;
        if answer {
            self.close_frame(frame.map(|frame| frame.code), "");
        }
    }

    /// The peer broke the protocol: says so in a Close frame (RFC 6455 §7.1.7).
    pub(super) fn on_violation(&mut self, error: ProtocolError) {
        let (state, say) = self.state.on_violation();
        self.state = state;
        if say {
            let mut reason = Reason { bytes: [0; CloseFrame::MAX_REASON], len: 0 };
            let _ = write!(reason, "{error}"); // cut short if need be
            self.close_frame(Some(error.close_code()), reason.as_str());
        }
    }

    fn close_frame(&mut self, code: Option<CloseCode>, reason: &str) {
        let mut payload = [0; MAX_CONTROL];
        let len = match code {
            None => 0,
            Some(CloseCode(code)) => {
                payload[..2].copy_from_slice(&code.to_be_bytes());
                payload[2..2 + reason.len()].copy_from_slice(reason.as_bytes());
                2 + reason.len()
            }
        };
        self.frame(Opcode::Close, true, Payload::Borrowed(&payload[..len]));
    }

    fn control(&mut self, opcode: Opcode, payload: &[u8]) -> Result<(), SendError> {
        if payload.len() > MAX_CONTROL {
            return Err(SendError::ControlTooLong { len: payload.len() });
        }
        self.check_open()?;
        self.urgent(opcode, payload);
        Ok(())
    }

    fn urgent(&mut self, opcode: Opcode, payload: &[u8]) {
        let key = self.key();
        let header = Header::data(opcode, true, payload.len() as u64, key).encode();
        self.output.put_urgent(&header, payload, key);
    }

    #[inline]
    fn check_open(&self) -> Result<(), SendError> {
        if !self.state.may_send() {
            return Err(SendError::Closed);
        }
        let (queued, limit) = (self.output.remaining(), self.config.limits.output_max);
        if queued >= limit {
            return Err(SendError::Full { queued, limit });
        }
        Ok(())
    }

    #[inline]
    fn check_message(&self) -> Result<(), SendError> {
        self.check_open()?;
        if self.unfinished().is_some() {
            return Err(SendError::UnfinishedMessage);
        }
        Ok(())
    }

    /// A whole message, compressed if that is agreed on and worth it.
    #[inline]
    fn message(&mut self, kind: Kind, payload: Payload<'_>) {
        if self.wants_compression(&payload) {
            self.compressed(Opcode::of(kind), true, &payload);
        } else {
            self.data(Opcode::of(kind), true, payload);
        }
    }

    #[inline]
    fn wants_compression(&self, payload: &[u8]) -> bool {
        self.compressor.as_ref().is_some_and(|compressor| compressor.wants(payload.len()))
    }

    /// A message or a piece of one, compressed into one frame (RFC 7692 §7.2.1).
    fn compressed(&mut self, opcode: Opcode, last: bool, payload: &[u8]) {
        let Some(mut compressor) = self.compressor.take() else { return };
        let first = opcode != Opcode::Continuation;
        let may_be_plain = first && last && compressor.is_stateless();
        let done = compressor.compress(payload, last, |compressed| {
            if may_be_plain && compressed.len() >= payload.len() {
                return self.data(opcode, last, Payload::Borrowed(payload));
            }
            let key = self.key();
            let rsv = if first { RSV1 } else { 0 };
            let header = Header { fin: last, rsv, opcode, mask: key, len: compressed.len() as u64 }.encode();
            self.output.put_copied(&header, compressed, key);
            self.output.count_payload(payload.len() as u64);
            self.volume.count(payload.len(), compressed.len());
        });
        if done.is_some() {
            self.compressor = Some(compressor);
        } else {
            self.give_up();
        }
    }

    /// Our own compressor failed in the middle of a message: nothing that makes sense can follow.
    #[cold]
    fn give_up(&mut self) {
        let (state, send) = self.state.on_close_sent();
        self.state = state;
        if send {
            self.close_frame(Some(CloseCode::INTERNAL_ERROR), "");
        }
    }

    /// How much was sent.
    pub(super) const fn volume(&self) -> Volume {
        self.volume
    }

    #[inline]
    fn data(&mut self, opcode: Opcode, fin: bool, payload: Payload<'_>) {
        let len = payload.len();
        self.frame(opcode, fin, payload);
        self.output.count_payload(len as u64);
        self.volume.count(len, len);
    }

    #[inline]
    fn frame(&mut self, opcode: Opcode, fin: bool, payload: Payload<'_>) {
        let key = self.key();
        match payload {
            Payload::Owned(bytes) if bytes.len() >= BY_REFERENCE => {
                let header = Header::data(opcode, fin, bytes.len() as u64, key).encode();
                self.output.put_owned(&header, bytes, key);
            }
            Payload::Owned(bytes) => self.copied(opcode, fin, &bytes, key),
            Payload::Borrowed(bytes) => self.copied(opcode, fin, bytes, key),
        }
    }

    #[inline]
    fn copied(&mut self, opcode: Opcode, fin: bool, payload: &[u8], key: Option<[u8; 4]>) {
        let header = Header::data(opcode, fin, payload.len() as u64, key).encode();
        self.output.put_copied(&header, payload, key);
    }

    /// A fresh masking key for every frame (RFC 6455 §5.3), or none for a server.
    #[inline]
    fn key(&mut self) -> Option<[u8; 4]> {
        let mut key = [0; 4];
        self.entropy.as_mut()?.fill(&mut key);
        Some(key)
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("state", &self.state).field("output", &self.output).finish_non_exhaustive()
    }
}

/// The reason of a Close frame, cut to fit between two characters.
struct Reason {
    bytes: [u8; CloseFrame::MAX_REASON],
    len: usize,
}

impl Reason {
    fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }
}

impl Write for Reason {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.bytes.len() - self.len;
        let fits = (0..=room.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        self.bytes[self.len..self.len + fits].copy_from_slice(&text.as_bytes()[..fits]);
        self.len += fits;
        Ok(())
    }
}
