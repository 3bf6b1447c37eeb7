//! A strict reader of what one end writes: every byte of it must be legal.

use crate::close::CloseFrame;
use crate::event::Kind;
use crate::frame::{Decoder, Frame, Opcode, Role};
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use bytes::{Bytes, BytesMut};

pub(super) struct Checker {
    decoder: Decoder,
    input: BytesMut,
    /// All masking keys, each of which may be used once.
    keys: BTreeSet<[u8; 4]>,
    message: Option<(Kind, Vec<u8>)>,
    /// The Close frame, behind which nothing may come.
    pub(super) close: Option<Option<CloseFrame>>,
    pub(super) pings: Vec<Bytes>,
    pub(super) pongs: Vec<Bytes>,
}

impl Checker {
    /// Judges what the end in this role writes.
    pub(super) fn of(role: Role) -> Self {
        let reader = match role {
            Role::Client => Role::Server,
            Role::Server => Role::Client,
        };
        Self {
            decoder: Decoder::new(reader),
            input: BytesMut::new(),
            keys: BTreeSet::new(),
            message: None,
            close: None,
            pings: Vec::new(),
            pongs: Vec::new(),
        }
    }

    /// More that was written; it may end inside a frame.
    #[track_caller]
    pub(super) fn read(&mut self, written: &[u8]) {
        self.input.extend_from_slice(written);
        while let Some(frame) = self.decoder.frame(&mut self.input, usize::MAX).expect("an illegal frame was written") {
            self.judge(frame);
        }
    }

    /// Whether what was written ends with a whole frame.
    pub(super) fn is_whole(&self) -> bool {
        self.input.is_empty()
    }

    #[track_caller]
    fn judge(&mut self, Frame { header, payload }: Frame) {
        assert_eq!(self.close, None, "{:?} behind the Close frame", header.opcode);
        if let Some(key) = header.mask {
            assert!(self.keys.insert(key), "masking key {key:02x?} used twice");
        }
        let kind = match header.opcode {
            Opcode::Close => {
                self.close = Some(CloseFrame::decode(&payload).expect("an illegal Close frame was written"));
                return;
            }
            Opcode::Ping => return self.pings.push(payload),
            Opcode::Pong => return self.pongs.push(payload),
            Opcode::Text => Some(Kind::Text),
            Opcode::Binary => Some(Kind::Binary),
            Opcode::Continuation => None,
        };
        let (kind, mut message) = match kind {
            Some(kind) => (kind, Vec::new()),
            None => self.message.take().expect("the decoder saw the message begin"),
        };
        message.extend_from_slice(&payload);
        match kind {
            _ if !header.fin => self.message = Some((kind, message)),
            Kind::Text => assert!(core::str::from_utf8(&message).is_ok(), "text that is not UTF-8 was written"),
            Kind::Binary => {}
        }
    }
}
