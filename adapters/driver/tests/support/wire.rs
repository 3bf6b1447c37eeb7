//! Frames as bytes, both ways, by the layer below what is under test.

use bytes::{Bytes, BytesMut};
use sansws_core::frame::{Decoder, Frame, Header, Opcode, Role};
use sansws_core::mask;

/// A frame as the end in `from` sends it.
pub(crate) fn frame(from: Role, opcode: Opcode, fin: bool, payload: &[u8]) -> Vec<u8> {
    let key = match from {
        Role::Client => Some([0x37, 0xfa, 0x21, 0x3d]),
        Role::Server => None,
    };
    let mut bytes = Header::data(opcode, fin, payload.len() as u64, key).encode().to_vec();
    let start = bytes.len();
    bytes.extend_from_slice(payload);
    if let Some(key) = key {
        mask::apply(key, 0, &mut bytes[start..]);
    }
    bytes
}

pub(crate) fn text(from: Role, text: &str) -> Vec<u8> {
    frame(from, Opcode::Text, true, text.as_bytes())
}

pub(crate) fn binary(from: Role, payload: &[u8]) -> Vec<u8> {
    frame(from, Opcode::Binary, true, payload)
}

pub(crate) fn ping(from: Role, payload: &[u8]) -> Vec<u8> {
    frame(from, Opcode::Ping, true, payload)
}

pub(crate) fn close(from: Role, code: u16, reason: &str) -> Vec<u8> {
    frame(from, Opcode::Close, true, &[&code.to_be_bytes(), reason.as_bytes()].concat())
}

/// A frame that was sent: what it is, whether it is the last of its message, its payload.
pub(crate) type Sent = (Opcode, bool, Bytes);

/// The frames that the end in `from` sent. They must be legal and whole, and nothing may follow a Close frame.
#[track_caller]
pub(crate) fn frames(from: Role, bytes: &[u8]) -> Vec<Sent> {
    let (frames, rest) = whole_frames(from, bytes);
    assert!(rest.is_empty(), "a frame is cut off: {rest:02x?}");
    frames
}

/// As [`frames`], and what is there of a last one that is not whole.
#[track_caller]
pub(crate) fn whole_frames(from: Role, bytes: &[u8]) -> (Vec<Sent>, Bytes) {
    let to = super::other(from);
    let (mut decoder, mut input) = (Decoder::new(to), BytesMut::from(bytes));
    let mut frames: Vec<Sent> = Vec::new();
    while let Some(Frame { header, payload }) = decoder.frame(&mut input, 64 << 20).expect("what is sent is legal") {
        assert!(frames.last().is_none_or(|(opcode, ..)| *opcode != Opcode::Close), "a frame behind a Close frame");
        frames.push((header.opcode, header.fin, payload));
    }
    assert!(
        input.is_empty() || frames.last().is_none_or(|(opcode, ..)| *opcode != Opcode::Close),
        "bytes behind a Close frame"
    );
    (frames, input.freeze())
}

/// The payloads of whole data messages among these frames, fragments joined.
pub(crate) fn messages(frames: &[Sent]) -> Vec<Bytes> {
    let (mut messages, mut message) = (Vec::new(), BytesMut::new());
    for (opcode, fin, payload) in frames {
        if !opcode.is_control() {
            message.extend_from_slice(payload);
            if *fin {
                messages.push(std::mem::take(&mut message).freeze());
            }
        }
    }
    messages
}

/// The payloads of the frames of one kind among these.
pub(crate) fn payloads(frames: &[Sent], opcode: Opcode) -> Vec<Bytes> {
    frames.iter().filter(|(other, ..)| *other == opcode).map(|(.., payload)| payload.clone()).collect()
}
