//! [`Outbox`]: what was sent and has not left.

use crate::close::CloseFrame;
use crate::connection::Connection;
use crate::event::Message;
use alloc::collections::VecDeque;

/// What was sent and has not left, or not that we know.
#[derive(Default)]
pub(super) struct Outbox {
    messages: VecDeque<Message>,
    /// How many bytes they have.
    waiting: u64,
    /// How many bytes of messages were in the connection's output, when last asked.
    leaving: u64,
    /// How many bytes will never leave.
    lost: u64,
    /// How far the connection's output went when the last message was moved there.
    end: u64,
    /// Whether something of a message had not left, when last asked.
    unwritten: bool,
    /// What closes the connection behind the messages.
    close: Option<Option<CloseFrame>>,
}

impl Outbox {
    /// The standard's `bufferedAmount`.
    pub(super) const fn amount(&self) -> u64 {
        self.waiting.saturating_add(self.leaving).saturating_add(self.lost)
    }

    pub(super) fn push(&mut self, message: Message) {
        self.waiting += message.len() as u64;
        self.unwritten = true;
        self.messages.push_back(message);
    }

    /// Whether something of what was pushed had not left, when last asked: also of a message without bytes. After
    /// `abandon`, what it was then.
    pub(super) const fn is_unwritten(&self) -> bool {
        self.unwritten
    }

    /// Counts a message that will never leave.
    pub(super) const fn lose(&mut self, len: usize) {
        self.lost = self.lost.saturating_add(len as u64);
    }

    /// Nothing more will be sent.
    pub(super) fn abandon(&mut self) {
        self.lost = self.lost.saturating_add(self.waiting);
        (self.messages, self.waiting, self.close) = (VecDeque::new(), 0, None);
        self.end = u64::MAX; // never reached
    }

    pub(super) fn close(&mut self, frame: Option<CloseFrame>) {
        self.close = Some(frame);
    }

    pub(super) fn wants_transmit(&self) -> bool {
        !self.messages.is_empty() || self.close.is_some()
    }

    /// Moves messages to the connection while it has room, and the Close frame behind the last.
    pub(super) fn transmit(&mut self, connection: &mut Connection) {
        while connection.is_open()
            && connection.sender().has_room()
            && let Some(message) = self.messages.pop_front()
        {
            let len = message.len();
            self.waiting -= len as u64;
            if connection.send(message).is_err() {
                self.lose(len); // not reached: it is open and has room
            }
            self.end = connection.sender().total();
        }
        if self.messages.is_empty()
            && let Some(frame) = self.close.take()
        {
            let _ = connection.close(frame); // its code and length were checked
        }
        self.measure(connection);
    }

    /// Asks how much is still to leave. One that has failed drops what it had: that counts for ever.
    pub(super) fn measure(&mut self, connection: &mut Connection) {
        if !connection.is_closed() || connection.is_clean() {
            self.leaving = connection.buffered_amount();
            self.unwritten &= !self.messages.is_empty() || connection.sender().taken() < self.end;
        }
    }
}
