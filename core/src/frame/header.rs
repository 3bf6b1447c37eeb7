//! One frame header, from bytes and to bytes.

use crate::error::ProtocolError;
use crate::event::Kind;
use core::ops::Deref;

/// What a frame is (RFC 6455 §5.2, §11.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Opcode {
    /// The next piece of the message in progress.
    Continuation,
    /// A text message, or its first piece.
    Text,
    /// A binary message, or its first piece.
    Binary,
    /// The closing handshake.
    Close,
    /// A request for a pong.
    Ping,
    /// The answer to a ping, or a sign of life.
    Pong,
}

impl Opcode {
    /// That of a message, or of its first piece.
    pub(crate) const fn of(kind: Kind) -> Self {
        match kind {
            Kind::Text => Self::Text,
            Kind::Binary => Self::Binary,
        }
    }

    /// The opcode of these four bits; `None` if they are reserved.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xa => Self::Pong,
            _ => return None,
        })
    }

    /// The four bits of the opcode.
    #[must_use]
    pub const fn bits(self) -> u8 {
        match self {
            Self::Continuation => 0x0,
            Self::Text => 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xa,
        }
    }

    /// Whether this is a Close, Ping or Pong (RFC 6455 §5.5).
    #[must_use]
    pub const fn is_control(self) -> bool {
        self.bits() >= 0x8
    }
}

/// The fields of a frame header (RFC 6455 §5.2).
///
/// ```
/// use sansws_core::frame::{Header, Opcode};
///
/// let header = Header::data(Opcode::Text, true, 5, None);
/// assert_eq!(*header.encode(), [0x81, 0x05]); // RFC 6455 §5.7
/// assert_eq!(Header::decode(&[0x81, 0x05]), Ok(Some((header, 2))));
/// assert_eq!(Header::decode(&[0x81]), Ok(None)); // more bytes, please
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Whether the message ends with this frame.
    pub fin: bool,
    /// RSV1, RSV2, RSV3 as 4, 2, 1.
    pub rsv: u8,
    /// What the frame is.
    pub opcode: Opcode,
    /// The key that the payload is masked with, if it is.
    pub mask: Option<[u8; 4]>,
    /// The length of the payload in bytes, without the key; at most 2⁶³ − 1.
    pub len: u64,
}

/// The first byte of a header. What it says can be judged before the rest has come.
#[derive(Clone, Copy)]
pub(super) struct Start {
    pub(super) fin: bool,
    pub(super) rsv: u8,
    pub(super) opcode: Opcode,
}

impl Start {
    /// Reads the first byte: FIN, RSV1–3, opcode.
    #[inline]
    pub(super) fn decode(first: u8) -> Result<Self, ProtocolError> {
        let Some(opcode) = Opcode::from_bits(first & 0x0f) else {
            return Err(ProtocolError::ReservedOpcode { opcode: first & 0x0f });
        };
        let start = Self { fin: first & 0x80 != 0, rsv: (first >> 4) & 0x7, opcode };
        if opcode.is_control() && !start.fin {
            return Err(ProtocolError::FragmentedControl);
        }
        Ok(start)
    }
}

impl Header {
    /// The longest header in bytes: two, an eight-byte length and a four-byte key.
    pub const MAX_LEN: usize = 14;

    /// A header without reserved bits.
    #[must_use]
    pub const fn data(opcode: Opcode, fin: bool, len: u64, mask: Option<[u8; 4]>) -> Self {
        Self { fin, rsv: 0, opcode, mask, len }
    }

    /// Reads the header at the start of `bytes`, and says how many bytes it took. `Ok(None)`: it is
    /// not complete.
    ///
    /// Reserved bits and the presence of a key are reported, not judged: they depend on the role
    /// and on extensions, which [`Decoder`](super::Decoder) knows.
    ///
    /// # Errors
    ///
    /// What no role and no extension makes legal: a reserved opcode, a fragmented or too long control
    /// frame, a length that is not in its shortest form or has its highest bit set (§5.2, §5.5); each
    /// as soon as the bytes that show it are there.
    pub fn decode(bytes: &[u8]) -> Result<Option<(Self, usize)>, ProtocolError> {
        let Some(&first) = bytes.first() else { return Ok(None) };
        let start = Start::decode(first)?;
        Self::decode_after(start, bytes)
    }

    /// Reads what follows the first byte.
    #[inline]
    pub(super) fn decode_after(start: Start, bytes: &[u8]) -> Result<Option<(Self, usize)>, ProtocolError> {
        let Start { fin, rsv, opcode } = start;
        let Some(&second) = bytes.get(1) else { return Ok(None) };
        let short = second & 0x7f;
        if opcode.is_control() && short > 125 {
            return Err(ProtocolError::ControlTooLong);
        }
        let (len, mut at) = match short {
            126 => {
                let Some(len) = array::<2>(bytes, 2) else { return Ok(None) };
                let len = u64::from(u16::from_be_bytes(len));
                if len < 126 {
                    return Err(ProtocolError::OverlongLength { len });
                }
                (len, 4)
            }
            127 => {
                let Some(len) = array::<8>(bytes, 2) else { return Ok(None) };
                let len = u64::from_be_bytes(len);
                if len >> 63 != 0 {
                    return Err(ProtocolError::LengthOverflow { len });
                }
                if len <= 0xffff {
                    return Err(ProtocolError::OverlongLength { len });
                }
                (len, 10)
            }
            len => (u64::from(len), 2),
        };
        let mask = if second & 0x80 == 0 {
            None
        } else {
            let Some(key) = array::<4>(bytes, at) else { return Ok(None) };
            at += 4;
            Some(key)
        };
        Ok(Some((Self { fin, rsv, opcode, mask, len }, at)))
    }

    /// The header in bytes, its length in the shortest form.
    #[inline]
    #[must_use]
    pub fn encode(&self) -> HeaderBytes {
        let first = u8::from(self.fin) << 7 | (self.rsv & 0x7) << 4 | self.opcode.bits();
        let masked = u8::from(self.mask.is_some()) << 7;
        // In one number, whose lowest byte is the first: so it is made in registers.
        let start = |second: u8| u128::from(first) | u128::from(masked | second) << 8;
        #[expect(clippy::cast_possible_truncation, reason = "each arm has what fits")]
        let (mut word, mut len) = match self.len {
            0..=125 => (start(self.len as u8), 2),
            126..=0xffff => (start(126) | u128::from((self.len as u16).swap_bytes()) << 16, 4),
            _ => (start(127) | u128::from(self.len.swap_bytes()) << 16, 10),
        };
        if let Some(key) = self.mask {
            word |= u128::from(u32::from_le_bytes(key)) << (8 * len);
            len += 4;
        }
        HeaderBytes { bytes: word.to_le_bytes(), len }
    }
}

/// `N` bytes from `at` on, if they are there.
#[inline]
fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}

/// An encoded header; derefs to its bytes.
#[derive(Clone, Copy, Debug)]
pub struct HeaderBytes {
    /// Two bytes more than there can be, so that it can be copied in one go.
    bytes: [u8; 16],
    len: usize,
}

impl HeaderBytes {
    /// The most that [`padded`](Self::padded) has.
    pub(crate) const PADDED: usize = 16;

    /// The bytes, and zeros behind them, which cost less to copy than not to.
    #[inline]
    pub(crate) const fn padded(&self) -> &[u8; Self::PADDED] {
        &self.bytes
    }

    /// The same, of a header that is short: all but those of payloads from 64 KiB on are.
    #[inline]
    pub(crate) fn short(&self) -> Option<[u8; 8]> {
        self.bytes.first_chunk().copied().filter(|_| self.len <= 8)
    }
}

impl Deref for HeaderBytes {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// R066, R071, R072, R078, R089: the three forms of a length, each where it must be.
    #[test]
    fn length_forms() {
        check(&[0x82, 0x00], Ok(Some((0, 2))));
        check(&[0x82, 0x7d], Ok(Some((125, 2))));
        check(&[0x82, 0x7e, 0x00, 0x7e], Ok(Some((126, 4))));
        check(&[0x82, 0x7e, 0xff, 0xff], Ok(Some((65535, 4))));
        check(&[0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0], Ok(Some((65536, 10))));
        check(&[0x82, 0x7f, 0x7f, 255, 255, 255, 255, 255, 255, 255], Ok(Some(((1 << 63) - 1, 10))));
        check(&[0x82, 0xfe, 0x00, 0x7e, 1, 2, 3, 4], Ok(Some((126, 8))));
        check(&[0x82, 0x7e, 0x00, 0x7d], Err(ProtocolError::OverlongLength { len: 125 }));
        check(&[0x82, 0x7f, 0, 0, 0, 0, 0, 0, 255, 255], Err(ProtocolError::OverlongLength { len: 65535 }));
        let len = 1 << 63;
        check(&[0x82, 0x7f, 0x80, 0, 0, 0, 0, 0, 0, 0], Err(ProtocolError::LengthOverflow { len }));
        check(
            &[0x82, 0x7f, 255, 255, 255, 255, 255, 255, 255, 255],
            Err(ProtocolError::LengthOverflow { len: u64::MAX }),
        );
        for incomplete in
            [&[][..], &[0x82], &[0x82, 0x7e, 1], &[0x82, 0x7f, 0, 0, 0, 0, 0, 0, 1], &[0x82, 0x81, 1, 2, 3]]
        {
            check(incomplete, Ok(None));
        }

        #[track_caller]
        fn check(bytes: &[u8], expected: Result<Option<(u64, usize)>, ProtocolError>) {
            let decoded = Header::decode(bytes).map(|some| some.map(|(header, taken)| (header.len, taken)));
            assert_eq!(decoded, expected, "{bytes:02x?}");
        }
    }

    /// R068, R073–R075: a bad first byte is known without the second, a bad second without the third.
    #[test]
    fn fails_as_early_as_it_can() {
        for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
            assert_eq!(Header::decode(&[0x80 | opcode]), Err(ProtocolError::ReservedOpcode { opcode }));
        }
        for opcode in [0x8, 0x9, 0xa] {
            assert_eq!(Header::decode(&[opcode]), Err(ProtocolError::FragmentedControl));
            assert_eq!(Header::decode(&[0x80 | opcode, 126]), Err(ProtocolError::ControlTooLong));
            assert_eq!(Header::decode(&[0x80 | opcode, 0xff]), Err(ProtocolError::ControlTooLong));
        }
    }

    prop_compose! {
        fn header()(
            fin: bool,
            rsv in 0..8u8,
            opcode in 0..16u8,
            mask: Option<[u8; 4]>,
            len in prop_oneof![0..300u64, 65_000..66_000u64, 0..1u64 << 63],
        ) -> Header {
            let opcode = Opcode::from_bits(opcode).unwrap_or(Opcode::Text);
            let (fin, len) = if opcode.is_control() { (true, len % 126) } else { (fin, len) };
            Header { fin, rsv, opcode, mask, len }
        }
    }

    proptest! {
        #[test]
        fn decode_undoes_encode(header in header(), rest: [u8; 3]) {
            let mut bytes = header.encode().to_vec();
            let len = bytes.len();
            for cut in 0..len {
                prop_assert_eq!(Header::decode(&bytes[..cut]), Ok(None));
            }
            bytes.extend(rest);
            prop_assert_eq!(Header::decode(&bytes), Ok(Some((header, len))));
        }

        #[test]
        fn encode_undoes_decode(bytes: [u8; 14]) {
            if let Ok(Some((header, taken))) = Header::decode(&bytes) {
                prop_assert_eq!(&*header.encode(), &bytes[..taken]);
            }
        }
    }
}
