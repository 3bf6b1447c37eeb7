//! The receiving half: bytes → events, where they lie.
//!
//! ```text
//!            input
//! ┌────────┬──────────────────┬────────┬──────────────────────┐
//! │ spent  │ message so far   │ spent  │ not yet decoded      │
//! └────────┴──────────────────┴────────┴──────────────────────┘
//! 0        start              end      cursor                 len
//! ```
//!
//! A payload is unmasked and checked where it lies, as it arrives. The payloads of further fragments
//! move down to the end of the message so far, over their own headers; so a message in one frame is
//! never copied, one in fragments is copied once, and no second buffer exists. Spent bytes are dropped
//! when more input is needed, all at once, or when an event is taken.

use crate::assembler::{Assembler, Verdict};
use crate::config::{Delivery, Limits};
use crate::error::ProtocolError;
use crate::event::{Event, EventKind, EventRef, Fragment, Message, MessageRef};
use crate::frame::{Decoder, Header, Opcode, Role};
use crate::input::Input;
use crate::mask;
use crate::text::{Text, validated_str};
use bytes::{Buf, Bytes, BytesMut};
use core::ops::Range;

/// How far ahead of what has arrived a reader is asked to reserve memory.
const READ_AHEAD: usize = 64 << 10;

#[derive(Debug)]
pub(super) struct Receiver {
    pub(super) input: Input,
    role: Role,
}

/// All that is known of the bytes in an [`Input`]. It is kept there and not in the [`Receiver`], so that it
/// stays with its bytes even if a caller swaps two inputs: that text is valid must never be said of other bytes.
#[derive(Debug)]
pub(crate) struct Known {
    decoder: Decoder,
    assembler: Assembler,
    delivery: Delivery,
    start: usize,
    end: usize,
    cursor: usize,
    /// The data frame whose payload is arriving.
    frame: Option<Payload>,
    /// The event that was decoded and not taken.
    ready: Ready,
}

impl Default for Known {
    fn default() -> Self {
        Self::nothing(Role::Server, Delivery::Messages)
    }
}

/// What is yet to come of a data frame.
#[derive(Debug)]
struct Payload {
    remaining: u64,
    /// Turned so that its first byte belongs to the next byte to come.
    mask: Option<[u8; 4]>,
    fin: bool,
}

#[derive(Debug)]
enum Ready {
    No,
    /// The message in `start..end`.
    Message(Verdict),
    /// The piece of a message in `start..end`.
    Fragment {
        last: bool,
    },
    /// The payload of a control frame.
    Control(Control, Range<usize>),
}

/// The control frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Control {
    Close,
    Ping,
    Pong,
}

/// What [`Receiver::decode`] found.
#[derive(Debug)]
pub(super) enum Decoded {
    /// Nothing: more bytes are needed.
    More,
    /// Part of a message, ready to be taken.
    Data,
    /// A control frame, ready to be taken, its payload unmasked in this range of the input.
    Control(Control, Range<usize>),
}

impl Receiver {
    pub(super) fn new(role: Role, delivery: Delivery, mut input: Input) -> Self {
        *input.parts().1 = Known::nothing(role, delivery);
        Self { input, role }
    }

    /// Whether an event was decoded and not taken.
    #[inline]
    pub(super) const fn is_ready(&self) -> bool {
        !matches!(self.input.known().ready, Ready::No)
    }

    /// The kind of the event that was decoded and not taken.
    #[inline]
    pub(super) const fn peek(&self) -> Option<EventKind> {
        Some(match self.input.known().ready {
            Ready::No => return None,
            Ready::Message(_) => EventKind::Message,
            Ready::Fragment { .. } => EventKind::Fragment,
            Ready::Control(Control::Ping, _) => EventKind::Ping,
            Ready::Control(Control::Pong, _) => EventKind::Pong,
            Ready::Control(Control::Close, _) => EventKind::Close,
        })
    }

    /// How many more bytes the frame in progress needs, within reason.
    pub(super) fn read_hint(&self) -> usize {
        let Known { frame, start, end, .. } = self.input.known();
        let Some(frame) = frame else { return 0 };
        let ahead = READ_AHEAD.max(end - start);
        usize::try_from(frame.remaining).map_or(ahead, |remaining| remaining.min(ahead))
    }

    /// Which end this is.
    pub(super) const fn role(&self) -> Role {
        self.role
    }

    /// Drops all that has arrived.
    pub(super) fn discard(&mut self) {
        let (buffer, known) = self.input.parts();
        buffer.clear();
        *known = Known::nothing(self.role, known.delivery);
    }

    /// Goes on until there is an event to take. Not to be called while there is one.
    #[inline]
    pub(super) fn decode(&mut self, limits: &Limits) -> Result<Decoded, ProtocolError> {
        loop {
            let (buffer, known) = self.input.parts();
            if let Some(frame) = &mut known.frame {
                let undecoded = buffer.len() - known.cursor;
                let arrived = usize::try_from(frame.remaining).map_or(undecoded, |remaining| remaining.min(undecoded));
                let key = frame.mask;
                frame.remaining -= arrived as u64;
                if let Some(key) = &mut frame.mask {
                    key.rotate_left(arrived % 4);
                }
                let ended = frame.remaining == 0;
                let last = ended && frame.fin;
                known.append(buffer, arrived, key)?;
                if ended {
                    known.frame = None;
                }
                if last {
                    let verdict = known.assembler.finish()?;
                    known.ready = match known.delivery {
                        Delivery::Messages => Ready::Message(verdict),
                        Delivery::Fragments => Ready::Fragment { last: true },
                    };
                    return Ok(Decoded::Data);
                }
                if known.delivery == Delivery::Fragments && known.end > known.start {
                    known.ready = Ready::Fragment { last: false };
                    return Ok(Decoded::Data);
                }
                if !ended {
                    known.close_gaps(buffer);
                    return Ok(Decoded::More);
                }
            }
            let Some((header, taken)) = known.decoder.header(&buffer[known.cursor..])? else {
                known.close_gaps(buffer);
                return Ok(Decoded::More);
            };
            let control = match header.opcode {
                Opcode::Continuation | Opcode::Text | Opcode::Binary => {
                    known.assembler.begin_frame(&header, limits)?;
                    known.cursor += taken;
                    known.frame = Some(Payload { remaining: header.len, mask: header.mask, fin: header.fin });
                    continue;
                }
                Opcode::Close => Control::Close,
                Opcode::Ping => Control::Ping,
                Opcode::Pong => Control::Pong,
            };
            return Ok(known.decode_control(buffer, control, &header, taken));
        }
    }

    /// Takes the event as its own, splitting its bytes off the input.
    pub(super) fn take(&mut self) -> Option<Event> {
        let (buffer, known) = self.input.parts();
        let event = match core::mem::replace(&mut known.ready, Ready::No) {
            Ready::No => return None,
            Ready::Message(verdict) => {
                let payload = known.take_payload(buffer);
                Event::Message(match verdict {
                    Verdict::Text(proof) => Message::Text(Text::from_validated(payload, proof)),
                    Verdict::Binary => Message::Binary(payload),
                })
            }
            Ready::Fragment { last } => {
                let payload = known.take_payload(buffer);
                Event::Fragment(Fragment { kind: known.assembler.kind(), payload, last })
            }
            Ready::Control(control, range) => {
                let payload = Bytes::copy_from_slice(&buffer[range]);
                match control {
                    Control::Close => Event::Close(None), // the connection knows its content
                    Control::Ping => Event::Ping(payload),
                    Control::Pong => Event::Pong(payload),
                }
            }
        };
        Some(event)
    }

    /// Lends the event out of the input; its bytes are spent from now on.
    #[inline]
    pub(super) fn lend(&mut self) -> Option<EventRef<'_>> {
        let (buffer, known) = self.input.parts();
        let event = match core::mem::replace(&mut known.ready, Ready::No) {
            Ready::No => return None,
            Ready::Message(verdict) => {
                let payload = known.lend_payload(buffer);
                EventRef::Message(match verdict {
                    Verdict::Text(proof) => MessageRef::Text(validated_str(payload, proof)),
                    Verdict::Binary => MessageRef::Binary(payload),
                })
            }
            Ready::Fragment { last } => {
                EventRef::Fragment { kind: known.assembler.kind(), payload: known.lend_payload(buffer), last }
            }
            Ready::Control(control, range) => {
                let payload = &buffer[range];
                match control {
                    Control::Close => EventRef::Close(None), // the connection knows its content
                    Control::Ping => EventRef::Ping(payload),
                    Control::Pong => EventRef::Pong(payload),
                }
            }
        };
        Some(event)
    }
}

impl Known {
    /// Nothing, of bytes that the end in `role` received.
    const fn nothing(role: Role, delivery: Delivery) -> Self {
        Self {
            decoder: Decoder::new(role),
            assembler: Assembler::new(),
            delivery,
            start: 0,
            end: 0,
            cursor: 0,
            frame: None,
            ready: Ready::No,
        }
    }

    /// Adds the next `arrived` bytes of the input to the message.
    #[inline]
    fn append(&mut self, buffer: &mut BytesMut, arrived: usize, key: Option<[u8; 4]>) -> Result<(), ProtocolError> {
        if self.start == self.end {
            // Nothing of the message is here yet: it begins where its bytes are.
            (self.start, self.end) = (self.cursor, self.cursor);
        } else if self.end != self.cursor {
            buffer.copy_within(self.cursor..self.cursor + arrived, self.end);
        }
        let payload = &mut buffer[self.end..self.end + arrived];
        if let Some(key) = key {
            mask::apply(key, 0, payload);
        }
        self.assembler.feed(payload)?;
        self.cursor += arrived;
        self.end += arrived;
        Ok(())
    }

    /// A control frame is taken whole: it has 125 bytes of payload at most.
    #[cold]
    fn decode_control(&mut self, buffer: &mut BytesMut, control: Control, header: &Header, taken: usize) -> Decoded {
        let begin = self.cursor + taken;
        let len = usize::try_from(header.len).unwrap_or(usize::MAX); // the header's decoder saw to it that this is 125 at most
        let range = begin..begin.saturating_add(len);
        let Some(payload) = buffer.get_mut(range.clone()) else {
            self.close_gaps(buffer);
            return Decoded::More;
        };
        if let Some(key) = header.mask {
            mask::apply(key, 0, payload);
        }
        self.cursor = range.end;
        self.ready = Ready::Control(control, range.clone());
        Decoded::Control(control, range)
    }

    /// Drops spent bytes, so that the input holds the message so far, what is not decoded, and nothing else.
    fn close_gaps(&mut self, buffer: &mut BytesMut) {
        if self.start == self.end {
            (self.start, self.end) = (self.cursor, self.cursor);
        } else if self.end < self.cursor {
            let rest = buffer.len() - self.cursor; // part of a header or of a control frame: it costs little to move
            buffer.copy_within(self.cursor.., self.end);
            buffer.truncate(self.end + rest);
            self.cursor = self.end;
        }
        self.drop_front(buffer, self.start);
    }

    /// Drops the first `count` bytes.
    #[inline]
    fn drop_front(&mut self, buffer: &mut BytesMut, count: usize) {
        if count == buffer.len() {
            buffer.clear(); // unlike `advance`, this keeps the capacity
        } else if count > 0 {
            buffer.advance(count);
        }
        self.start -= count;
        self.end -= count;
        self.cursor -= count;
    }

    /// Splits `start..end` off the input, and drops what is spent on both sides.
    #[inline]
    fn take_payload(&mut self, buffer: &mut BytesMut) -> Bytes {
        let len = self.end - self.start;
        let payload = if len == 0 {
            Bytes::new()
        } else {
            self.drop_front(buffer, self.start);
            self.cursor -= len;
            buffer.split_to(len).freeze()
        };
        (self.start, self.end) = (self.cursor, self.cursor);
        self.drop_front(buffer, self.cursor);
        payload
    }

    /// Lends `start..end`, which is spent from now on.
    #[inline]
    fn lend_payload<'a>(&mut self, buffer: &'a [u8]) -> &'a [u8] {
        let range = self.start..self.end;
        self.start = self.cursor;
        self.end = self.cursor;
        &buffer[range]
    }
}
