//! Frame headers, and the rules between frames.

use crate::frame::{FIN, MARKER};
use crate::reader::Reader;
use crate::setup::other;
use crate::tape::Tape;
use bytes::BytesMut;
use sansws_core::frame::{Decoder, Header, Opcode, Role};
use sansws_core::{Limits, ProtocolError};

/// A header is read the same however much of it is there; what is read is written the same, and the other way round;
/// a stream of frames gives what the dull reader gives.
pub fn frame_header(data: &[u8]) {
    prefixes(data);
    fields(data);
    for role in [Role::Client, Role::Server] {
        stream(role, data);
    }
}

/// Once something is known of a header, more bytes do not change it; and it is what it is written from.
fn prefixes(data: &[u8]) {
    let data = &data[..data.len().min(Header::MAX_LEN + 1)];
    let whole = Header::decode(data);
    for len in 0..data.len() {
        match Header::decode(&data[..len]) {
            Ok(None) => {}
            known => assert_eq!(known, whole, "known by {len} bytes"),
        }
    }
    if let Ok(Some((header, taken))) = whole {
        assert_eq!(*header.encode(), data[..taken]);
        assert_eq!(Header::decode(&data[..taken - 1]), Ok(None));
    }
    assert!(whole != Ok(None) || data.len() < Header::MAX_LEN, "waits for a fifteenth byte");
}

/// Any fields that are legal are read as they were written.
fn fields(data: &[u8]) {
    let mut tape = Tape::new(data);
    let Some(opcode) = Opcode::from_bits(tape.byte() & 0xf) else { return };
    let flags = tape.byte();
    let shift = 1 + u32::from(tape.byte() % 63); // lengths of all sizes
    let len = u64::from_le_bytes(*tape.bytes(8).first_chunk().unwrap_or(&[0; 8])) >> shift;
    let mask = (flags & 1 != 0).then(|| [tape.byte(), tape.byte(), tape.byte(), tape.byte()]);
    let (fin, len) = if opcode.is_control() { (true, len % 126) } else { (flags & FIN != 0, len) };
    let header = Header { fin, rsv: flags >> 1 & 7, opcode, mask, len };
    let bytes = header.encode();
    assert_eq!(Header::decode(&[&*bytes, &MARKER[..]].concat()), Ok(Some((header, bytes.len()))));
}

/// The decoder of frames and the dull reader see the same.
fn stream(role: Role, data: &[u8]) {
    const MOST: usize = 200;
    let mut decoder = Decoder::new(role);
    let mut input = BytesMut::from(data);
    let (mut frames, mut seen) = (0, 0);
    let error = loop {
        match decoder.frame(&mut input, MOST) {
            Ok(None) => break None,
            Ok(Some(frame)) => {
                assert_eq!(frame.payload.len() as u64, frame.header.len);
                frames += 1;
                seen += frame.header.encode().len() + frame.payload.len();
                assert_eq!(seen + input.len(), data.len(), "frame {frames}");
                if frame.header.opcode == Opcode::Close {
                    return; // the reader goes no further
                }
            }
            Err(error) => break Some(error),
        }
    };
    let none = Limits { message: u64::MAX / 2, fragments: u32::MAX, empty_fragments: u32::MAX, ..Limits::default() };
    let mut reader = Reader::of(other(role), None, none);
    reader.read(data);
    match (reader.wrong, error) {
        (None, None) => assert_eq!(reader.unread(), input.len()),
        (_, Some(ProtocolError::TooBig { size, .. })) => assert!(size > MOST as u64),
        // Text is for who puts messages together.
        (Some(wrong), _) if wrong.code == 1007 => {}
        (Some(wrong), Some(error)) => assert_eq!(error.close_code().0, wrong.code),
        (wrong, error) => panic!("{error:?}, but {wrong:?}"),
    }
}
