//! The least that can be done: copy, parse heads, unmask in place. No checks, no roles.

use super::End;
use crate::Error;
use crate::mask;
use crate::tape::Tape;
use crate::wire::{BINARY, Head};
use bytes::Bytes;
use sansws_core::frame::Role;
use std::hint::black_box;

const BLOCK: usize = 64 << 10;
const KEY: [u8; 4] = [0x5a; 4];

struct Floor {
    tape: Tape,
    role: Role,
    bytes: Vec<u8>,
    /// What has arrived and is not taken: `taken..filled`.
    taken: usize,
    filled: usize,
    out: Vec<u8>,
}

pub(super) fn open(tape: Tape, role: Role) -> Result<Box<dyn End>, Error> {
    Ok(Box::new(Floor { tape, role, bytes: vec![0; BLOCK], taken: 0, filled: 0, out: Vec::with_capacity(BLOCK) }))
}

impl Floor {
    /// Takes a frame, if it is all there.
    #[inline]
    fn take(&mut self) -> Option<usize> {
        let (Head { payload: len, key, .. }, size) = Head::read(&self.bytes[self.taken..self.filled])?;
        let begin = self.taken + size;
        let payload = self.bytes[..self.filled].get_mut(begin..begin + len)?;
        if let Some(key) = key {
            mask::by_hand(key, payload);
        }
        black_box(&*payload);
        self.taken = begin + len;
        Some(len)
    }

    fn read(&mut self) {
        self.bytes.copy_within(self.taken..self.filled, 0);
        (self.taken, self.filled) = (0, self.filled - self.taken);
        if self.filled + BLOCK > self.bytes.len() {
            self.bytes.resize(2 * self.bytes.len(), 0);
        }
        let block = self.tape.read(self.bytes.len() - self.filled);
        self.bytes[self.filled..self.filled + block.len()].copy_from_slice(block);
        self.filled += block.len();
    }
}

impl End for Floor {
    fn receive(&mut self, count: usize) -> Result<usize, Error> {
        let mut bytes = 0;
        for _ in 0..count {
            bytes += loop {
                match self.take() {
                    Some(len) => break len,
                    None => self.read(),
                }
            };
        }
        Ok(bytes)
    }

    fn send(&mut self, payload: &Bytes, count: usize) -> Result<(), Error> {
        let head = Head { first: BINARY, payload: payload.len(), key: (self.role == Role::Client).then_some(KEY) };
        self.out.clear();
        for _ in 0..count {
            let mut bytes = [0; Head::MAX];
            head.write(&mut bytes);
            self.out.extend_from_slice(&bytes[..head.size()]);
            let begin = self.out.len();
            self.out.extend_from_slice(payload);
            if let Some(key) = head.key {
                mask::by_hand(key, &mut self.out[begin..]);
            }
        }
        self.tape.write(&self.out);
        Ok(())
    }
}
