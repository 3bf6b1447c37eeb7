//! A stream of frames and the rules between them.

use super::header::Start;
use super::{Header, Opcode, Role};
use crate::error::ProtocolError;
use crate::mask;
use bytes::{Buf, Bytes, BytesMut};

/// Reads frames and holds them to the rules that a single header cannot show: who masks (RFC 6455
/// §5.1), reserved bits (§5.2), and the order of fragments (§5.4).
///
/// For tools that look at frames: proxies, recorders, checkers. A [`Connection`](crate::Connection)
/// gives messages.
///
/// ```
/// use bytes::BytesMut;
/// use sansws_core::frame::{Decoder, Opcode, Role};
///
/// let mut decoder = Decoder::new(Role::Client); // reads what a server sent
/// let mut input = BytesMut::from(&b"\x01\x03Hel\x80\x02lo"[..]); // RFC 6455 §5.7
/// let first = decoder.frame(&mut input, 1024)?.unwrap();
/// assert_eq!((first.header.opcode, &*first.payload), (Opcode::Text, &b"Hel"[..]));
/// let last = decoder.frame(&mut input, 1024)?.unwrap();
/// assert_eq!((last.header.opcode, &*last.payload), (Opcode::Continuation, &b"lo"[..]));
/// assert_eq!(decoder.frame(&mut input, 1024)?, None);
/// # Ok::<_, sansws_core::ProtocolError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decoder {
    role: Role,
    /// The reserved bits that an extension allows on the first frame of a message.
    extension_bits: u8,
    /// Whether a message has begun and not ended.
    in_message: bool,
}

/// A frame with its payload, unmasked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its header, as it was received.
    pub header: Header,
    /// Its payload, unmasked.
    pub payload: Bytes,
}

impl Decoder {
    /// A decoder of what the end in `role` receives: a server wants masked frames, a client unmasked ones.
    #[must_use]
    pub const fn new(role: Role) -> Self {
        Self { role, extension_bits: 0, in_message: false }
    }

    /// Allows these reserved bits (RSV1, RSV2, RSV3 as 4, 2, 1) on the first frame of a data message,
    /// as an extension negotiated them (RFC 6455 §5.2, RFC 7692 §6).
    #[must_use]
    pub const fn with_extension_bits(self, bits: u8) -> Self {
        Self { extension_bits: bits, ..self }
    }

    /// The role it was made for.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// Whether a message has begun and not ended.
    pub(crate) const fn in_message(&self) -> bool {
        self.in_message
    }

    /// Reads the header at the start of `bytes`, and says how many bytes it took. `Ok(None)`: it is
    /// not complete. The caller skips the payload.
    ///
    /// # Errors
    ///
    /// A [`ProtocolError`] as soon as the bytes that show it are there. The decoder may not be used after it.
    #[inline]
    pub fn header(&mut self, bytes: &[u8]) -> Result<Option<(Header, usize)>, ProtocolError> {
        let Some(&first) = bytes.first() else { return Ok(None) };
        let start = Start::decode(first)?;
        self.check_start(start)?;
        if let Some(second) = bytes.get(1) {
            match (self.role, second & 0x80 != 0) {
                (Role::Server, true) | (Role::Client, false) => {}
                (Role::Server, false) => return Err(ProtocolError::Unmasked),
                (Role::Client, true) => return Err(ProtocolError::Masked),
            }
        }
        let decoded = Header::decode_after(start, bytes)?;
        if let Some((header, _)) = decoded
            && !header.opcode.is_control()
        {
            self.in_message = !header.fin;
        }
        Ok(decoded)
    }

    /// Takes a whole frame off the front of `input`. `Ok(None)`: it is not complete.
    ///
    /// # Errors
    ///
    /// As [`header`](Self::header), and [`ProtocolError::TooBig`] if the frame declares a payload of
    /// more than `max` bytes.
    pub fn frame(&mut self, input: &mut BytesMut, max: usize) -> Result<Option<Frame>, ProtocolError> {
        let mut ahead = self.clone();
        let Some((header, taken)) = ahead.header(input)? else { return Ok(None) };
        let Some(len) = usize::try_from(header.len).ok().filter(|len| *len <= max) else {
            return Err(ProtocolError::TooBig { limit: max as u64, size: header.len });
        };
        if input.len() - taken < len {
            return Ok(None);
        }
        *self = ahead;
        input.advance(taken);
        let mut payload = input.split_to(len);
        if let Some(key) = header.mask {
            mask::apply(key, 0, &mut payload);
        }
        Ok(Some(Frame { header, payload: payload.freeze() }))
    }

    /// What the first byte shows: reserved bits, and whether this frame may stand here.
    #[inline]
    fn check_start(&self, start: Start) -> Result<(), ProtocolError> {
        let allowed = match start.opcode {
            Opcode::Text | Opcode::Binary => self.extension_bits,
            Opcode::Continuation | Opcode::Close | Opcode::Ping | Opcode::Pong => 0,
        };
        if start.rsv & !allowed != 0 {
            return Err(ProtocolError::ReservedBits { bits: start.rsv & !allowed });
        }
        match (start.opcode, self.in_message) {
            (Opcode::Continuation, false) => Err(ProtocolError::UnexpectedContinuation),
            (Opcode::Text | Opcode::Binary, true) => Err(ProtocolError::UnfinishedMessage),
            (Opcode::Continuation, true)
            | (Opcode::Text | Opcode::Binary, false)
            | (Opcode::Close | Opcode::Ping | Opcode::Pong, _) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R067, R069, R070, R079, R080, R135: rules that need to know what came before.
    #[test]
    fn rules_between_frames() {
        use ProtocolError as E;
        server(b"\x81\x05", Err(E::Unmasked));
        client(b"\x81\x80", Err(E::Masked));
        client(b"\xc1", Err(E::ReservedBits { bits: 4 }));
        client(b"\xf9", Err(E::ReservedBits { bits: 7 }));
        client(b"\x80", Err(E::UnexpectedContinuation));
        client(b"\x01\x00\x81", Err(E::UnfinishedMessage));
        client(b"\x01\x00\x89\x00\x80\x00\x81\x00", Ok(4)); // R081: a ping between fragments
        client(b"\x01\x00\x00\x00\x80\x00", Ok(3)); // R082: empty fragments

        #[track_caller]
        fn client(bytes: &[u8], expected: Result<usize, ProtocolError>) {
            check(Role::Client, bytes, expected);
        }
        #[track_caller]
        fn server(bytes: &[u8], expected: Result<usize, ProtocolError>) {
            check(Role::Server, bytes, expected);
        }
        #[track_caller]
        fn check(role: Role, bytes: &[u8], expected: Result<usize, ProtocolError>) {
            let mut decoder = Decoder::new(role);
            let mut input = BytesMut::from(bytes);
            let mut frames = 0;
            let result = loop {
                match decoder.frame(&mut input, 125) {
                    Ok(Some(_)) => frames += 1,
                    Ok(None) => break Ok(frames),
                    Err(error) => break Err(error),
                }
            };
            assert_eq!(result, expected, "{bytes:02x?}");
        }
    }

    #[test]
    fn extension_bits_only_on_first_frames() {
        let mut decoder = Decoder::new(Role::Client).with_extension_bits(4);
        assert!(decoder.header(b"\x41\x00").is_ok());
        assert_eq!(decoder.header(b"\xc9"), Err(ProtocolError::ReservedBits { bits: 4 }));
        assert_eq!(decoder.header(b"\xc0"), Err(ProtocolError::ReservedBits { bits: 4 }));
    }

    /// R083: the limit holds before the payload is there.
    #[test]
    fn too_big_when_declared() {
        let mut input = BytesMut::from(&b"\x82\x7e\x04\x01"[..]);
        let error = ProtocolError::TooBig { limit: 1024, size: 1025 };
        assert_eq!(Decoder::new(Role::Client).frame(&mut input, 1024), Err(error));
    }
}
