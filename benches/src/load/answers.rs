//! [`Answers`]: compares what comes back with what must come back.

use super::{Scenario, Side};
use crate::Error;
use crate::mask;
use crate::wire::Head;
use std::sync::Arc;

/// What is yet to come back on a connection.
#[derive(Debug)]
pub(super) struct Answers {
    answer: Arc<Answer>,
    /// How much of the answer in progress has come. If it is masked, the head that has come so far.
    at: usize,
    head: Vec<u8>,
}

/// One answer, without a mask.
#[derive(Debug)]
pub(super) struct Answer {
    bytes: Vec<u8>,
    /// How long its head is.
    head: usize,
    is_masked: bool,
}

impl Answer {
    pub(super) fn new(scenario: &Scenario) -> Arc<Self> {
        let bytes = scenario.answer();
        let (head, is_masked) = (bytes.len() - scenario.payload.len(), scenario.side == Side::Client);
        Arc::new(Self { bytes, head, is_masked })
    }
}

impl Answers {
    pub(super) fn new(answer: &Arc<Answer>) -> Self {
        Self { answer: Arc::clone(answer), at: 0, head: Vec::new() }
    }

    /// Takes what has come, and unmasks it if need be. How many answers are complete by that.
    pub(super) fn take(&mut self, mut bytes: &mut [u8]) -> Result<usize, Error> {
        let mut complete = 0;
        while !bytes.is_empty() {
            if self.answer.is_masked && self.at == 0 {
                bytes = self.take_head(bytes)?;
            }
            let expected = &self.answer.bytes[self.at..];
            let (piece, rest) = bytes.split_at_mut(expected.len().min(bytes.len()));
            if let Some(mut key) = self.head.last_chunk::<4>().copied().filter(|_| self.at > 0) {
                key.rotate_left((self.at - self.answer.head) % 4);
                mask::by_hand(key, piece);
            }
            if *piece != expected[..piece.len()] {
                let differs = piece.iter().zip(expected).position(|(byte, expected)| byte != expected);
                let differs = self.at + differs.unwrap_or_default();
                return Err(format!("what comes back differs from what was sent, in byte {differs} of a frame").into());
            }
            self.at += piece.len();
            if self.at == self.answer.bytes.len() {
                self.at = 0;
                self.head.clear();
                complete += 1;
            }
            bytes = rest;
        }
        Ok(complete)
    }

    /// Takes a head with a key, once it is all there.
    fn take_head<'a>(&mut self, bytes: &'a mut [u8]) -> Result<&'a mut [u8], Error> {
        let missing = self.answer.head + 4 - self.head.len();
        let (head, rest) = bytes.split_at_mut(missing.min(bytes.len()));
        self.head.extend_from_slice(head);
        if let Some((head, _)) = Head::read(&self.head) {
            let (expected, _) = Head::read(&self.answer.bytes).ok_or("an answer has a head")?;
            if (Head { key: None, ..head }) != expected || head.key.is_none() {
                return Err(format!("not the answer: {head:?}").into());
            }
            self.at = self.answer.head;
        }
        Ok(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::super::scenarios;
    use super::*;
    use crate::wire;

    #[test]
    fn answers_are_recognised_however_they_are_cut() {
        for scenario in scenarios().iter().filter(|scenario| scenario.payload.len() <= 1 << 10) {
            let key = (scenario.side == Side::Client).then_some([1, 2, 3, 4]);
            let answer = wire::frame(scenario.answer()[0], &scenario.payload, key);
            let expected = Answer::new(scenario);
            for step in [1, 2, 5, 13, 1000, 5000] {
                let (mut answers, mut stream) = (Answers::new(&expected), answer.repeat(7));
                let taken = stream.chunks_mut(step).map(|piece| answers.take(piece).unwrap());
                assert_eq!(taken.sum::<usize>(), 7, "{}, {step}", scenario.name);
            }
            for wrong in 0..answer.len() {
                let mut stream = answer.repeat(2);
                stream[wrong] ^= 0x10;
                assert!(Answers::new(&expected).take(&mut stream).is_err(), "{}, byte {wrong}", scenario.name);
            }
        }
    }
}
