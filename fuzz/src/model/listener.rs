//! [`Listener`]: what a peer has sent, and what is given out of it.

use crate::reader::{Heard, Reader};
use crate::setup::{Setup, other};
use sansws_core::frame::Role;
use sansws_core::{Kind, ProtocolError};

/// An event that was taken, without its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Message(Kind),
    Fragment(Kind, bool),
    Ping,
    Pong,
    Close(Option<u16>),
}

pub(super) struct Listener {
    reader: Reader,
    /// What was given out of a message in pieces.
    pieces: Vec<u8>,
    /// The limit of messages.
    limit: u64,
}

impl Listener {
    /// Listens to the peer of the end in `role`.
    pub(super) fn new(role: Role, setup: Setup) -> Self {
        let peer = other(role);
        let limits = setup.config().limits;
        let limit = limits.message;
        Self { reader: Reader::of(peer, setup.takeover(peer), limits), pieces: Vec::new(), limit }
    }

    pub(super) fn read(&mut self, bytes: &[u8]) {
        self.reader.read(bytes);
    }

    pub(super) fn event(&mut self, taken: Taken, payload: &[u8]) {
        let heard = match taken {
            Taken::Message(kind) => Heard::Message(kind, payload.into()),
            Taken::Fragment(kind, last) => {
                self.pieces.extend_from_slice(payload);
                assert!(self.pieces.len() as u64 <= self.limit, "{} bytes of a message", self.pieces.len());
                if !last {
                    return;
                }
                Heard::Message(kind, std::mem::take(&mut self.pieces))
            }
            Taken::Ping => Heard::Ping(payload.into()),
            Taken::Pong => Heard::Pong(payload.into()),
            Taken::Close(code) => Heard::Close(code.map(|code| (code, String::from_utf8_lossy(payload).into_owned()))),
        };
        let expected = self.reader.heard.pop_front().map(|(heard, _)| heard);
        assert_eq!(Some(heard), expected, "not what was sent");
    }

    /// More input is asked for.
    pub(super) fn pause(&self) {
        assert_eq!(self.reader.heard.front(), None, "not given out");
        assert_eq!(self.reader.wrong, None, "not noticed");
    }

    /// The ping that was one too many.
    pub(super) fn last_ping(&mut self) -> Vec<u8> {
        match self.reader.heard.pop_front() {
            Some((Heard::Ping(payload), _)) => payload,
            other => panic!("a flood of pings, but there is {other:?}"),
        }
    }

    pub(super) fn error(&self, error: ProtocolError) {
        let code = error.close_code().0;
        // What is inflated shows before the message has ended.
        if self.reader.heard.is_empty() && self.reader.is_inflating() && [1007, 1009].contains(&code) {
            return;
        }
        match (self.reader.heard.front(), &self.reader.wrong) {
            // As the reader's `heard` says.
            (Some((Heard::Message(..), true)), _) => assert_eq!(error, ProtocolError::InvalidDeflate),
            (Some(heard), _) => panic!("{error}, but there is {heard:?}"),
            (None, Some(wrong)) if wrong.code == 1007 => {
                assert!([1007, 1009].contains(&code), "{error}, not {wrong:?}");
            }
            (None, Some(wrong)) => assert_eq!(code, wrong.code, "{error}, not {wrong:?}"),
            (None, None) => panic!("{error}, but nothing is wrong"),
        }
    }
}
