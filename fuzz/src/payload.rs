//! [`Payload`]: what a message carries: a few bytes as they stand, or many that a few bytes stand for.

use crate::tape::{Recorded, Tape};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Payload {
    /// Up to 191 bytes.
    Raw(Vec<u8>),
    /// One byte, so many times.
    Run(u8, u16),
    /// So many bytes of text in which characters of one to four bytes take turns. It may end inside of one.
    Text(u16),
    /// So many bytes that do not compress, others for each number.
    Noise(u8, u16),
}

/// Longer payloads only take time.
const LONGEST: u16 = 0x1fff;

const TEXT: &[u8] = "aé€𝄞".as_bytes();

impl Payload {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Raw(bytes) => bytes.clone(),
            Self::Run(byte, len) => vec![*byte; (*len).into()],
            Self::Text(len) => {
                let mut text = TEXT.repeat(usize::from(*len).div_ceil(TEXT.len()));
                text.truncate((*len).into());
                text
            }
            Self::Noise(seed, len) => {
                let mut state = u32::from(*seed) << 1 | 1;
                let next = |_| {
                    state = state.wrapping_mul(0x0019_660d).wrapping_add(0x3c6e_f35f);
                    state.to_be_bytes()[0]
                };
                (0..*len).map(next).collect()
            }
        }
    }

    /// As text, whatever it is.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }
}

impl Recorded for Payload {
    fn read(tape: &mut Tape<'_>) -> Self {
        match tape.byte() {
            len @ ..0xc0 => Self::Raw(tape.bytes(len.into()).into()),
            0xc0..0xd8 => Self::Run(tape.byte(), tape.short() & LONGEST),
            0xd8..0xf0 => Self::Text(tape.short() & LONGEST),
            0xf0.. => Self::Noise(tape.byte(), tape.short() & LONGEST),
        }
    }

    #[cfg(test)]
    fn write(&self, tape: &mut Vec<u8>) {
        match self {
            Self::Raw(bytes) => {
                tape.push(u8::try_from(bytes.len()).expect("short"));
                tape.extend(bytes);
            }
            Self::Run(byte, len) => {
                tape.extend([0xc0, *byte]);
                tape.extend(len.to_le_bytes());
            }
            Self::Text(len) => {
                tape.push(0xd8);
                tape.extend(len.to_le_bytes());
            }
            Self::Noise(seed, len) => {
                tape.extend([0xf0, *seed]);
                tape.extend(len.to_le_bytes());
            }
        }
    }
}
