//! [`Frame`]: a frame that a peer sends, right or wrong, in the dullest way.

use crate::payload::Payload;
use crate::tape::{Recorded, Tape};
use sansws_core::frame::Role;

pub(crate) const CONTINUATION: u8 = 0x0;
pub(crate) const TEXT: u8 = 0x1;
pub(crate) const BINARY: u8 = 0x2;
pub(crate) const CLOSE: u8 = 0x8;
pub(crate) const PING: u8 = 0x9;
pub(crate) const PONG: u8 = 0xa;
pub(crate) const FIN: u8 = 0x80;
pub(crate) const RSV1: u8 = 0x40;

/// What is left off a compressed message (RFC 7692 §7.2.1).
pub(crate) const MARKER: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// FIN, RSV1–3 and the opcode.
    pub(crate) first: u8,
    pub(crate) shape: Shape,
    pub(crate) payload: Payload,
}

/// How it is written: with none of these, as it should be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shape(pub(crate) u8);

impl Shape {
    /// The length in two bytes, or in eight, whatever it is.
    pub(crate) const SHORT: u8 = 1;
    pub(crate) const LONG: u8 = 2;
    /// Masked if it should not be, or the other way round.
    pub(crate) const WRONG_MASK: u8 = 4;
    /// With a key that changes nothing.
    pub(crate) const ZERO_KEY: u8 = 8;
    /// The payload in a stored block of DEFLATE: a compressed message.
    pub(crate) const STORED: u8 = 16;
    /// The length says more than there is: by one, by 2³², up to 2⁶³ − 1, or up to 2⁶⁴ − 1.
    pub(crate) const LIE: u8 = 32;
    const LIE_SIZE: u8 = 0xc0;

    const fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }

    fn declared(self, len: u64) -> u64 {
        if !self.has(Self::LIE) {
            return len;
        }
        match self.0 & Self::LIE_SIZE {
            0x00 => len + 1,
            0x40 => len + (1 << 32),
            0x80 => u64::MAX >> 1,
            _ => u64::MAX,
        }
    }
}

impl Frame {
    /// One as it should be.
    #[cfg(test)]
    pub(crate) fn new(first: u8, payload: &[u8]) -> Self {
        Self { first, shape: Shape::default(), payload: Payload::Raw(payload.into()) }
    }

    /// As `to` receives it.
    pub(crate) fn bytes(&self, to: Role) -> Vec<u8> {
        let mut payload = self.payload.bytes();
        if self.shape.has(Shape::STORED) {
            payload = stored(&payload);
        }
        frame(to, self.first, self.shape, &payload)
    }
}

/// A message as `to` receives it, in a frame for each of these.
pub(crate) fn message(to: Role, kind: u8, payloads: &[&[u8]]) -> Vec<u8> {
    let frames = payloads.iter().enumerate().map(|(at, payload)| {
        let opcode = if at == 0 { kind } else { CONTINUATION };
        let fin = if at + 1 == payloads.len() { FIN } else { 0 };
        frame(to, opcode | fin, Shape::default(), payload)
    });
    frames.flatten().collect()
}

fn frame(to: Role, first: u8, shape: Shape, payload: &[u8]) -> Vec<u8> {
    let len = shape.declared(payload.len() as u64);
    let mut bytes = vec![first];
    let [.., high, low] = len.to_be_bytes();
    match len {
        _ if shape.has(Shape::LONG) => bytes.extend([&[127], &len.to_be_bytes()[..]].concat()),
        _ if shape.has(Shape::SHORT) => bytes.extend([126, high, low]),
        0..=125 => bytes.push(low),
        126..=0xffff => bytes.extend([126, high, low]),
        _ => bytes.extend([&[127], &len.to_be_bytes()[..]].concat()),
    }
    if (to == Role::Server) == shape.has(Shape::WRONG_MASK) {
        bytes.extend(payload);
        return bytes;
    }
    let key = if shape.has(Shape::ZERO_KEY) { [0; 4] } else { [0x37, 0xfa ^ low, 0x21, 0x3d ^ first] };
    bytes[1] |= 0x80;
    bytes.extend(key);
    bytes.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    bytes
}

/// A stored block of DEFLATE (RFC 1951 §3.2.4), and the beginning of the empty one whose end a sender leaves off.
fn stored(payload: &[u8]) -> Vec<u8> {
    let [low, high, ..] = payload.len().to_le_bytes();
    [&[0, low, high, !low, !high], payload, &[0]].concat()
}

impl Recorded for Frame {
    fn read(tape: &mut Tape<'_>) -> Self {
        Self { first: tape.byte(), shape: Shape(tape.byte()), payload: Payload::read(tape) }
    }

    #[cfg(test)]
    fn write(&self, tape: &mut Vec<u8>) {
        tape.extend([self.first, self.shape.0]);
        self.payload.write(tape);
    }
}
