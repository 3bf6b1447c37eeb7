//! [`Said`]: what a peer says, frames mostly.

use crate::frame::Frame;
use crate::tape::{Recorded, Tape};
use sansws_core::frame::Role;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Frame(Frame),
    /// Any bytes, up to 255.
    Bytes(Vec<u8>),
}

impl Said {
    /// As `to` receives it.
    pub(crate) fn bytes(&self, to: Role) -> Vec<u8> {
        match self {
            Self::Frame(frame) => frame.bytes(to),
            Self::Bytes(bytes) => bytes.clone(),
        }
    }
}

impl Recorded for Said {
    fn read(tape: &mut Tape<'_>) -> Self {
        if tape.flag() {
            let len = tape.byte();
            Self::Bytes(tape.bytes(len.into()).into())
        } else {
            Self::Frame(Frame::read(tape))
        }
    }

    #[cfg(test)]
    fn write(&self, tape: &mut Vec<u8>) {
        match self {
            Self::Frame(frame) => {
                tape.push(0);
                frame.write(tape);
            }
            Self::Bytes(bytes) => {
                tape.extend([1, u8::try_from(bytes.len()).expect("short")]);
                tape.extend(bytes);
            }
        }
    }
}
