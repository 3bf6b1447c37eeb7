//! Frames as bytes (RFC 6455 §5.2), for what must not depend on a library: the floors and the load generator.

/// The first byte of a final frame: text.
pub const TEXT: u8 = 0x81;
/// The first byte of a final frame: binary.
pub const BINARY: u8 = 0x82;
/// In the first byte: the message ends here.
pub const FIN: u8 = 0x80;

/// What a frame begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// FIN, reserved bits, opcode.
    pub first: u8,
    /// How many bytes of payload follow.
    pub payload: usize,
    /// What they are masked with.
    pub key: Option<[u8; 4]>,
}

impl Head {
    /// The longest, in bytes.
    pub const MAX: usize = 14;

    /// Reads a head, and says how many bytes it has. `None` if it is not all there.
    #[inline]
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<(Self, usize)> {
        let (&[first, second], rest) = bytes.split_first_chunk()?;
        let (payload, rest) = match second & 0x7f {
            126 => rest.split_first_chunk().map(|(len, rest)| (u64::from(u16::from_be_bytes(*len)), rest))?,
            127 => rest.split_first_chunk().map(|(len, rest)| (u64::from_be_bytes(*len), rest))?,
            short => (u64::from(short), rest),
        };
        let (key, rest) = match second & 0x80 {
            0 => (None, rest),
            _ => rest.split_first_chunk().map(|(key, rest)| (Some(*key), rest))?,
        };
        Some((Self { first, payload: usize::try_from(payload).ok()?, key }, bytes.len() - rest.len()))
    }

    /// How many bytes it has.
    #[inline]
    #[must_use]
    pub fn size(&self) -> usize {
        let length = match self.payload {
            ..126 => 0,
            126..0x1_0000 => 2,
            _ => 8,
        };
        2 + length + if self.key.is_some() { 4 } else { 0 }
    }

    /// Writes it to the start of `bytes`, which has room for it.
    #[inline]
    pub fn write(&self, bytes: &mut [u8]) {
        let masked = if self.key.is_some() { 0x80 } else { 0 };
        let length = self.payload.to_be_bytes();
        bytes[0] = self.first;
        match self.payload {
            ..126 => bytes[1] = masked | length[7],
            126..0x1_0000 => {
                bytes[1] = masked | 126;
                bytes[2..4].copy_from_slice(&length[6..]);
            }
            _ => {
                bytes[1] = masked | 127;
                bytes[2..10].copy_from_slice(&length);
            }
        }
        if let Some(key) = self.key {
            bytes[self.size() - 4..self.size()].copy_from_slice(&key);
        }
    }
}

/// A frame.
#[must_use]
pub fn frame(first: u8, payload: &[u8], key: Option<[u8; 4]>) -> Vec<u8> {
    let head = Head { first, payload: payload.len(), key };
    let mut frame = vec![0; head.size()];
    head.write(&mut frame);
    match key {
        None => frame.extend_from_slice(payload),
        Some(key) => frame.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key)),
    }
    frame
}

#[cfg(test)]
mod tests {
    use super::*;
    use sansws_core::frame::{Header, Opcode};

    #[test]
    fn heads_are_what_the_core_makes_of_them() {
        for payload in [0, 1, 125, 126, 127, 0xffff, 0x1_0000, 1 << 20] {
            for key in [None, Some([1, 2, 3, 4])] {
                let head = Head { first: TEXT, payload, key };
                let core = Header::data(Opcode::Text, true, payload as u64, key).encode();
                let mut bytes = vec![0; head.size()];
                head.write(&mut bytes);
                assert_eq!(bytes, *core, "{head:?}");
                assert_eq!(Head::read(&bytes), Some((head, bytes.len())));
                for end in 0..bytes.len() {
                    assert_eq!(Head::read(&bytes[..end]), None, "{head:?}, {end} bytes of it");
                }
            }
        }
    }
}
