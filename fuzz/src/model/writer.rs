//! [`Writer`]: what was sent, and what is written of it.

use crate::checker::Checker;
use crate::reader::Heard;
use crate::setup::Setup;
use sansws_core::Kind;
use sansws_core::frame::Role;
use std::collections::VecDeque;

/// Why there is a Close frame of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Closing {
    /// It was asked for, with this in it.
    Own(Option<(u16, String)>),
    /// The peer has closed with this code.
    Answer(Option<u16>),
    /// The peer broke the protocol.
    Violation(u16),
}

pub(super) struct Writer {
    checker: Checker,
    keepalive: bool,
    /// Accepted, and not seen written.
    pub(super) messages: VecDeque<(Kind, Vec<u8>)>,
    pub(super) pings: VecDeque<Vec<u8>>,
    pub(super) pongs: VecDeque<Vec<u8>>,
    /// Pings of the peer that were not answered; an older one need not be when a newer is.
    pub(super) pinged: VecDeque<Vec<u8>>,
    last_pong: Option<Vec<u8>>,
    /// The message that is being sent in fragments.
    pub(super) unfinished: Option<(Kind, Vec<u8>)>,
    pub(super) closing: Option<Closing>,
}

impl Writer {
    pub(super) fn new(role: Role, setup: Setup) -> Self {
        Self {
            checker: Checker::of(role, setup),
            keepalive: setup.config().keepalive.is_some(),
            messages: VecDeque::new(),
            pings: VecDeque::new(),
            pongs: VecDeque::new(),
            pinged: VecDeque::new(),
            last_pong: None,
            unfinished: None,
            closing: None,
        }
    }

    /// Whether this fragment must be refused.
    pub(super) fn is_wrong(&self, kind: Kind, last: bool, payload: &[u8]) -> bool {
        let before = match &self.unfinished {
            Some((other, _)) if *other != kind => return true,
            Some((_, before)) => &before[..],
            None => &[],
        };
        let checked = str::from_utf8(&[before, payload].concat()).map(|_| ()).map_err(|error| error.error_len());
        kind == Kind::Text && checked.is_err_and(|error| last || error.is_some())
    }

    /// A fragment was accepted.
    pub(super) fn fragment(&mut self, kind: Kind, last: bool, payload: &[u8]) {
        let (_, message) = self.unfinished.get_or_insert_with(|| (kind, Vec::new()));
        message.extend_from_slice(payload);
        if last {
            self.messages.extend(self.unfinished.take());
        }
    }

    /// More was written.
    pub(super) fn read(&mut self, written: &[u8]) {
        for heard in self.checker.read(written) {
            match heard {
                Heard::Message(kind, payload) => {
                    assert!(self.messages.pop_front() == Some((kind, payload)), "not the message that was sent");
                }
                Heard::Ping(payload) if self.pings.front() == Some(&payload) => drop(self.pings.pop_front()),
                Heard::Ping(payload) => assert!(self.keepalive && payload.is_empty(), "a ping of nobody's"),
                Heard::Pong(payload) if self.pongs.front() == Some(&payload) => drop(self.pongs.pop_front()),
                Heard::Pong(payload) => {
                    let at = self.pinged.iter().position(|pinged| *pinged == payload);
                    self.pinged.drain(..=at.expect("a pong to no ping"));
                    self.last_pong = Some(payload);
                }
                Heard::Close(close) => self.close(close),
            }
        }
    }

    fn close(&self, close: Option<(u16, String)>) {
        match self.closing.as_ref().expect("nobody wants to close") {
            Closing::Own(own) => {
                assert_eq!(close, *own);
                self.check_pongs();
            }
            Closing::Answer(code) => assert_eq!(close, code.map(|code| (code, String::new()))),
            Closing::Violation(code) => assert_eq!(close.map(|(code, _)| code), Some(*code)),
        }
    }

    /// The newest ping is answered; which of several that are alike that is does not show.
    pub(super) fn check_pongs(&self) {
        assert!(self.pinged.iter().all(|pinged| self.last_pong.as_ref() == Some(pinged)), "a ping was not answered");
    }

    /// All was written.
    pub(super) fn finish(&self) {
        assert!(self.checker.is_whole(), "part of a frame was written");
        assert!(self.messages.is_empty() && self.pings.is_empty() && self.pongs.is_empty(), "not all was written");
        assert_eq!(self.checker.is_closed(), self.closing.is_some());
    }
}
