//! [`Checker`]: every byte that one of our ends writes must be legal.

use crate::reader::{Heard, Reader};
use crate::setup::Setup;
use sansws_core::Limits;
use sansws_core::frame::Role;
use std::collections::HashSet;

pub(crate) struct Checker {
    reader: Reader,
    keys: HashSet<[u8; 4]>,
    /// How far compressed text may refer back.
    window: usize,
}

impl Checker {
    /// Judges what the end in this role writes.
    pub(crate) fn of(role: Role, setup: Setup) -> Self {
        let none =
            Limits { message: u64::MAX / 2, fragments: u32::MAX, empty_fragments: u32::MAX, ..Limits::default() };
        let bits = setup.answer().and_then(|answer| match role {
            Role::Client => answer.client_max_window_bits.flatten(),
            Role::Server => answer.server_max_window_bits,
        });
        let reader = Reader::of(role, setup.takeover(role), none);
        Self { reader, keys: HashSet::new(), window: 1 << bits.unwrap_or(15) }
    }

    /// More that was written; it may end inside a frame. Gives out what it says.
    #[track_caller]
    pub(crate) fn read(&mut self, written: &[u8]) -> Vec<Heard> {
        self.reader.read(written);
        assert_eq!(self.reader.wrong, None, "an illegal frame was written");
        assert!(!self.reader.closed || self.reader.unread() == 0, "something was written behind the Close frame");
        for key in self.reader.keys.drain(..) {
            assert!(self.keys.insert(key), "masking key {key:02x?} was used twice");
        }
        assert!(self.reader.distance <= self.window, "refers {} bytes back", self.reader.distance);
        assert_eq!(self.reader.finals, 0, "a final block was written");
        self.reader.heard.drain(..).map(|(heard, _)| heard).collect()
    }

    /// Whether the Close frame was written.
    pub(crate) const fn is_closed(&self) -> bool {
        self.reader.closed
    }

    /// Whether what was written ends with a whole frame.
    pub(crate) const fn is_whole(&self) -> bool {
        self.reader.unread() == 0
    }
}
