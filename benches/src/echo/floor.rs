//! The least that a program can do that echoes: read, parse heads, unmask in place, write once for each batch. No checks,
//! no pings, no closing handshake, no deadlines.

mod futures;
mod mio;
mod tokio;

use super::{Place, Runtime, bare};
use crate::Error;
use crate::mask;
use crate::wire::{FIN, Head};
use sansws_core::frame::Role;
use std::collections::VecDeque;
use std::io::IoSlice;
use std::ops::Range;

/// How much is read at once, unless a frame is longer.
const READ: usize = 256 << 10;

/// A reply of up to this many bytes moves down behind the one before, so that both are one slice.
const MOVED: usize = 4 << 10;

/// How many slices one write takes.
const SLICES: usize = 64;

/// A client's key is not random: the floor has no generator.
const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

pub(super) fn run(runtime: Runtime, place: &Place) -> Result<(), Error> {
    match runtime {
        Runtime::Tokio => bare::run(tokio::OnTokio, place),
        Runtime::AsyncStd => futures::run_async_std(place),
        Runtime::Smol => futures::run_smol(place),
        Runtime::Mio => mio::run(place),
    }
}

/// One connection: what has arrived, and the replies to it.
#[derive(Debug)]
struct Floor {
    role: Role,
    bytes: Vec<u8>,
    /// How many bytes have arrived.
    filled: usize,
    /// Where the next frame begins.
    at: usize,
    /// The opcode and the payload so far of a message in fragments.
    message: Option<(u8, Range<usize>)>,
    /// What is to be written: replies made in place.
    replies: VecDeque<Range<usize>>,
    /// What is to be written by a client, whose frames are longer than those they answer, and how much of it was.
    joined: Vec<u8>,
    written: usize,
}

impl Floor {
    fn new(role: Role) -> Self {
        let (bytes, joined) = (Vec::new(), Vec::new());
        Self { role, bytes, filled: 0, at: 0, message: None, replies: VecDeque::new(), joined, written: 0 }
    }

    /// Where to read to. A frame that has begun is read into one piece.
    fn room(&mut self) -> &mut [u8] {
        if self.bytes.is_empty() {
            self.bytes = vec![0; READ]; // of which the system gives as much as is touched
        }
        let needed = match Head::read(&self.bytes[self.at..self.filled]) {
            Some((head, size)) => self.at + size + head.payload,
            None => self.filled + Head::MAX,
        };
        if needed > self.bytes.len() {
            self.bytes.resize(needed, 0);
        }
        &mut self.bytes[self.filled..]
    }

    /// So many bytes were read: makes the replies to all messages that are whole.
    fn read(&mut self, count: usize) {
        self.filled += count;
        while let Some((head, size)) = Head::read(&self.bytes[self.at..self.filled]) {
            let frame = self.at + size..self.at + size + head.payload;
            let Some(payload) = self.bytes[..self.filled].get_mut(frame.clone()) else { break };
            if let Some(key) = head.key {
                mask::by_hand(key, payload);
            }
            self.at = frame.end;
            let (opcode, payload) = match self.message.take() {
                None => (head.first & 0x0f, frame),
                Some((opcode, so_far)) => {
                    let end = so_far.end + frame.len();
                    self.bytes.copy_within(frame, so_far.end);
                    (opcode, so_far.start..end)
                }
            };
            match head.first & FIN {
                0 => self.message = Some((opcode, payload)),
                _ => self.reply(FIN | opcode, payload),
            }
        }
    }

    fn reply(&mut self, first: u8, payload: Range<usize>) {
        let key = (self.role == Role::Client).then_some(KEY);
        let head = Head { first, payload: payload.len(), key };
        let size = head.size();
        if let Some(key) = key {
            let begin = self.joined.len();
            self.joined.resize(begin + size, 0);
            head.write(&mut self.joined[begin..]);
            self.joined.extend_from_slice(&self.bytes[payload]);
            return mask::by_hand(key, &mut self.joined[begin + size..]);
        }
        // A server's head is shorter than the one that it answers, or than those of all fragments.
        match self.replies.back_mut() {
            Some(last) if payload.len() <= MOVED => {
                let begin = last.end + size;
                head.write(&mut self.bytes[last.end..]);
                last.end = begin + payload.len();
                self.bytes.copy_within(payload, begin);
            }
            _ => {
                let begin = payload.start - size;
                head.write(&mut self.bytes[begin..]);
                self.replies.push_back(begin..payload.end);
            }
        }
    }

    fn wants_write(&self) -> bool {
        !self.replies.is_empty() || !self.joined.is_empty()
    }

    /// What is to be written, and in how many slices.
    fn slices(&self) -> ([IoSlice<'_>; SLICES], usize) {
        let mut slices = [IoSlice::new(&[]); SLICES];
        if !self.joined.is_empty() {
            slices[0] = IoSlice::new(&self.joined[self.written..]);
            return (slices, 1);
        }
        for (slice, reply) in slices.iter_mut().zip(&self.replies) {
            *slice = IoSlice::new(&self.bytes[reply.clone()]);
        }
        (slices, self.replies.len().min(SLICES))
    }

    /// So many bytes were written.
    fn wrote(&mut self, mut count: usize) {
        self.written += count;
        if self.written >= self.joined.len() {
            self.written = 0;
            self.joined.clear();
        }
        while let Some(reply) = self.replies.front_mut() {
            let taken = count.min(reply.len());
            reply.start += taken;
            count -= taken;
            if reply.start < reply.end {
                return;
            }
            self.replies.pop_front();
        }
    }

    /// Whether nothing is held.
    fn is_idle(&self) -> bool {
        self.filled == 0 && !self.wants_write()
    }

    /// Nothing is to be written: moves what has not been answered to the front.
    fn compact(&mut self) {
        // Of a message that has begun, room for the head of the reply stays, where the heads of its fragments were.
        let start = self.message.as_ref().map_or(self.at, |(_, so_far)| so_far.start.saturating_sub(Head::MAX));
        if start == 0 {
            return;
        }
        self.bytes.copy_within(start..self.filled, 0);
        self.filled -= start;
        self.at -= start;
        if let Some((_, so_far)) = &mut self.message {
            *so_far = so_far.start - start..so_far.end - start;
        }
    }
}
