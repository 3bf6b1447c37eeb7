//! [`Output`]: what a connection has to write.

use crate::frame::HeaderBytes;
use crate::mask;
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use bytes::{Buf, BufMut, Bytes, BytesMut};

/// From this many bytes on a payload that we own is queued as it is; a shorter one is copied behind
/// its header, since a copy of it costs less than one more slice in a vectored write.
pub(crate) const BY_REFERENCE: usize = 4 << 10;

/// What a connection has to write, as a [`Buf`]: write [`chunk`](Buf::chunk) or
/// [`chunks_vectored`](Buf::chunks_vectored), then [`advance`](Buf::advance) by what was written.
///
/// Short frames share one buffer, so that a batch of replies leaves as one slice; a long payload stays
/// where it is. The buffer can be lent by the caller, so that idle connections hold none; see
/// [`lend`](Self::lend).
#[derive(Debug, Default)]
pub struct Output {
    /// Headers, and payloads that were copied behind them.
    joined: BytesMut,
    /// Payloads that were not copied, in order. Made for the first, and kept for those that follow.
    large: Option<Box<Queue>>,
    /// How many bytes are queued in all.
    len: usize,
    /// How many of them are payload of data messages, as the caller counts it; see [`payload`](Self::payload).
    payload: u64,
    /// How many bytes were ever taken.
    taken: u64,
}

#[derive(Debug)]
struct Large {
    /// How many bytes of `joined`, from the end of the large payload before, precede this one.
    after: usize,
    payload: Bytes,
}

/// Large payloads, in order.
#[derive(Debug, Default)]
struct Queue {
    large: VecDeque<Large>,
    /// How many bytes of `joined` precede the last of `large`: the sum of their `after`.
    claimed: usize,
    /// How many bytes of `joined`, behind the first of `large`, are frames that overtook what was queued there.
    urgent: usize,
    /// How many bytes ever did.
    overtaken: u64,
    /// The long payload that the receiver lends.
    lent: Option<Bytes>,
}

/// How much is copied before it is masked: as much as stays in the first cache.
const MASKED_AT_ONCE: usize = 8 << 10;

/// A queue of more entries is freed when it is empty; one of fewer waits for the next.
const KEPT: usize = 16;

impl Output {
    /// Whether nothing is queued.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many bytes were taken since the connection began.
    #[must_use]
    pub const fn taken(&self) -> u64 {
        self.taken
    }

    /// Lends an empty buffer for frames to be joined in. Without one, the first send allocates.
    ///
    /// A driver of many connections lends each the same few buffers in turn, so that an idle
    /// connection holds none and the one in use is in cache. Returns the buffer if one is there already.
    ///
    /// ```
    /// use bytes::{Buf, BytesMut};
    /// use sansws_core::{Config, Connection, Instant};
    ///
    /// let mut connection = Connection::server(Config::default(), Instant::ORIGIN);
    /// assert!(connection.output().lend(BytesMut::with_capacity(4096)).is_none());
    /// connection.send("hi")?;
    /// let n = connection.output().remaining();
    /// connection.output().advance(n); // written
    /// assert!(connection.output().reclaim().unwrap().capacity() >= 4092);
    /// # Ok::<_, sansws_core::SendError>(())
    /// ```
    pub fn lend(&mut self, buffer: BytesMut) -> Option<BytesMut> {
        if self.has_buffer() || !buffer.is_empty() {
            return Some(buffer);
        }
        self.joined = buffer;
        None
    }

    /// Whether a buffer is there, lent or allocated.
    #[must_use]
    pub fn has_buffer(&self) -> bool {
        self.joined.capacity() > 0
    }

    /// Takes the buffer back, if there is one and nothing is queued.
    pub fn reclaim(&mut self) -> Option<BytesMut> {
        if !self.is_empty() {
            return None;
        }
        if self.large.as_ref().is_some_and(|queue| queue.large.capacity() > KEPT) {
            self.large = None;
        }
        self.has_buffer().then(|| core::mem::take(&mut self.joined))
    }

    /// How many bytes went ahead of others since this was last empty, or before.
    pub(crate) fn overtaken(&self) -> u64 {
        self.large.as_ref().map_or(0, |queue| queue.overtaken)
    }

    /// How many bytes of data messages are queued, counted before framing and compression. Falls in
    /// proportion to the bytes taken, and is exact when a message has just been queued on an empty
    /// output and when all has been taken.
    pub(crate) const fn payload(&self) -> u64 {
        self.payload
    }

    /// Counts a message's payload.
    #[inline]
    pub(crate) const fn count_payload(&mut self, len: u64) {
        self.payload = self.payload.saturating_add(len);
    }

    /// Queues bytes as they are.
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        self.joined.put_slice(bytes);
        self.len += bytes.len();
    }

    /// Queues a frame whose payload is copied, and masked on the way if there is a key.
    #[inline(always)]
    pub(crate) fn put_copied(&mut self, header: &HeaderBytes, payload: &[u8], key: Option<[u8; 4]>) {
        self.joined.reserve(HeaderBytes::PADDED + payload.len());
        let start = self.joined.len() + header.len();
        match header.short() {
            Some(padded) => self.joined.extend_from_slice(&padded),
            None => self.joined.extend_from_slice(header.padded()),
        }
        self.joined.truncate(start);
        if let Some(key) = key
            && payload.len() > MASKED_AT_ONCE
        {
            self.extend_masked(payload, key);
        } else {
            self.joined.extend_from_slice(payload);
            if let Some(key) = key {
                mask::apply(key, 0, &mut self.joined[start..]);
            }
        }
        self.len += header.len() + payload.len();
    }

    /// Masks while what is copied is in cache.
    #[inline(never)]
    fn extend_masked(&mut self, payload: &[u8], key: [u8; 4]) {
        for piece in payload.chunks(MASKED_AT_ONCE) {
            let start = self.joined.len();
            self.joined.extend_from_slice(piece);
            mask::apply(key, 0, &mut self.joined[start..]); // each before it was a multiple of the key
        }
    }

    /// Remembers the long payload that the receiver lends.
    pub(crate) fn set_lent(&mut self, payload: Bytes) {
        self.large.get_or_insert_default().lent = Some(payload);
    }

    /// The receiver lends none any more.
    #[inline]
    pub(crate) fn forget_lent(&mut self) {
        if let Some(queue) = &mut self.large {
            queue.lent = None;
        }
    }

    /// The same bytes, shared, if they are of the payload that the receiver lends.
    pub(crate) fn lent(&self, bytes: &[u8]) -> Option<Bytes> {
        let lent = self.large.as_ref()?.lent.as_ref()?;
        let (outer, inner) = (lent.as_ptr_range(), bytes.as_ptr_range());
        (outer.start <= inner.start && inner.end <= outer.end).then(|| lent.slice_ref(bytes))
    }

    /// Queues a frame whose payload is not copied, except to mask it if others hold it too.
    pub(crate) fn put_owned(&mut self, header: &HeaderBytes, payload: Bytes, key: Option<[u8; 4]>) {
        let payload = match key {
            None => payload,
            Some(key) => match payload.try_into_mut() {
                Ok(mut own) => {
                    mask::apply(key, 0, &mut own);
                    own.freeze()
                }
                Err(shared) => return self.put_copied(header, &shared, Some(key)),
            },
        };
        self.joined.put_slice(header);
        self.len += header.len();
        self.put_large(payload);
    }

    /// Queues a whole frame that was encoded before.
    pub(crate) fn put_frame(&mut self, frame: Bytes) {
        if frame.len() >= BY_REFERENCE {
            return self.put_large(frame);
        }
        self.put(&frame);
    }

    /// Queues what is not copied.
    fn put_large(&mut self, payload: Bytes) {
        self.len += payload.len();
        let queue = self.large.get_or_insert_default();
        let after = self.joined.len() - queue.claimed;
        queue.claimed += after;
        queue.large.push_back(Large { after, payload });
    }

    /// Queues a control frame ahead of what is queued, as far as frames allow: behind the first large
    /// payload if there is one and the control frames there, else at the end, which is near.
    pub(crate) fn put_urgent(&mut self, header: &HeaderBytes, payload: &[u8], key: Option<[u8; 4]>) {
        let before = self.joined.len();
        self.put_copied(header, payload, key);
        let Some(queue) = &mut self.large else { return };
        let Some(first) = queue.large.front() else { return };
        let frame = self.joined.len() - before;
        self.joined[first.after + queue.urgent..].rotate_right(frame);
        queue.urgent += frame;
        queue.overtaken += frame as u64;
        if let Some(second) = queue.large.get_mut(1) {
            second.after += frame;
            queue.claimed += frame;
        }
    }

    /// Drops all that is queued.
    pub(crate) fn clear(&mut self) {
        self.joined = BytesMut::new();
        self.large = None;
        self.len = 0;
        self.payload = 0;
    }
}

impl Buf for Output {
    fn remaining(&self) -> usize {
        self.len
    }

    fn chunk(&self) -> &[u8] {
        match self.large.as_ref().and_then(|queue| queue.large.front()) {
            None => &self.joined,
            Some(Large { after: 0, payload }) => payload,
            Some(Large { after, .. }) => &self.joined[..*after],
        }
    }

    #[cfg(feature = "std")]
    fn chunks_vectored<'a>(&'a self, slices: &mut [std::io::IoSlice<'a>]) -> usize {
        let mut joined: &[u8] = &self.joined;
        let large = self.large.iter().flat_map(|queue| &queue.large).flat_map(|Large { after, payload }| {
            let (before, rest) = joined.split_at(*after);
            joined = rest;
            [before, payload]
        });
        let mut filled = 0;
        let mut fill = |bytes: &'a [u8]| {
            if !bytes.is_empty() && filled < slices.len() {
                slices[filled] = std::io::IoSlice::new(bytes);
                filled += 1;
            }
            filled < slices.len()
        };
        let mut large = large;
        if large.all(&mut fill) {
            drop(large);
            fill(joined);
        }
        filled
    }

    /// # Panics
    ///
    /// If `count` exceeds [`remaining`](Buf::remaining), as [`Buf::advance`] demands.
    fn advance(&mut self, count: usize) {
        assert!(count <= self.len, "advanced {count} bytes of {}", self.len);
        self.payload -= proportion(self.payload, count, self.len);
        self.len -= count;
        self.taken += count as u64;
        let mut left = count;
        while let Some(queue) = &mut self.large
            && let Some(front) = queue.large.front_mut()
        {
            let joined = left.min(front.after);
            self.joined.advance(joined);
            front.after -= joined;
            queue.claimed -= joined;
            left -= joined;
            if left == 0 && (front.after > 0 || !front.payload.is_empty()) {
                return;
            }
            let payload = left.min(front.payload.len());
            front.payload.advance(payload);
            left -= payload;
            if !front.payload.is_empty() {
                return;
            }
            queue.large.pop_front();
            queue.urgent = 0;
        }
        if left == self.joined.len() {
            self.joined.clear();
        } else {
            self.joined.advance(left);
        }
    }
}

/// `count / of` of `whole`, rounded down; all of it if `count` is all.
#[expect(clippy::cast_possible_truncation, reason = "at most `whole`, since count <= of")]
fn proportion(whole: u64, count: usize, of: usize) -> u64 {
    if whole == 0 || count == of {
        return whole;
    }
    (u128::from(whole) * count as u128 / of as u128) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Header, Opcode};
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn header(len: usize) -> HeaderBytes {
        Header::data(Opcode::Binary, true, len as u64, None).encode()
    }

    /// Takes everything, `step` bytes at a time.
    fn drain(output: &mut Output, step: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while output.has_remaining() {
            let chunk = output.chunk();
            let taken = chunk.len().min(step);
            assert!(taken > 0, "an empty chunk while {} bytes remain", output.remaining());
            bytes.extend_from_slice(&chunk[..taken]);
            output.advance(taken);
        }
        bytes
    }

    #[derive(Clone, Debug)]
    enum Step {
        Copied(Vec<u8>),
        Owned(Vec<u8>),
        Take(prop::sample::Index),
    }

    fn step() -> impl Strategy<Value = Step> {
        let payload = || prop::collection::vec(any::<u8>(), 0..200);
        prop_oneof![
            payload().prop_map(Step::Copied),
            payload().prop_map(Step::Owned),
            any::<prop::sample::Index>().prop_map(Step::Take),
        ]
    }

    proptest! {
        /// Whatever is queued and however it is taken, the bytes come out in order.
        #[test]
        fn equals_a_plain_queue(steps in prop::collection::vec(step(), 0..30), step in 1..300usize) {
            let (mut output, mut expected, mut got) = (Output::default(), Vec::new(), Vec::new());
            for step in steps {
                match step {
                    Step::Copied(payload) => {
                        expected.extend_from_slice(&header(payload.len()));
                        expected.extend_from_slice(&payload);
                        output.put_copied(&header(payload.len()), &payload, None);
                    }
                    Step::Owned(payload) => {
                        expected.extend_from_slice(&header(payload.len()));
                        expected.extend_from_slice(&payload);
                        output.put_owned(&header(payload.len()), payload.into(), None);
                    }
                    Step::Take(at) => {
                        let count = at.index(output.remaining() + 1);
                        let mut slices = [std::io::IoSlice::new(&[]); 64];
                        let filled = output.chunks_vectored(&mut slices);
                        let all: Vec<u8> = slices[..filled].iter().flat_map(|slice| slice.to_vec()).collect();
                        prop_assert_eq!(all.len(), output.remaining());
                        got.extend_from_slice(&all[..count]);
                        output.advance(count);
                    }
                }
                prop_assert_eq!(output.remaining() + got.len(), expected.len());
            }
            got.extend(drain(&mut output, step));
            prop_assert_eq!(got, expected);
        }

        #[test]
        fn owned_payloads_are_masked_whether_shared_or_not(payload in prop::collection::vec(any::<u8>(), 0..100), key: [u8; 4], shared: bool) {
            let payload = Bytes::from(payload);
            let other = shared.then(|| payload.clone());
            let mut expected = payload.to_vec();
            mask::apply(key, 0, &mut expected);
            let mut output = Output::default();
            output.put_owned(&header(expected.len()), payload.clone(), Some(key));
            prop_assert_eq!(&drain(&mut output, 1000)[header(expected.len()).len()..], &expected);
            drop(other);
        }
    }

    #[test]
    fn urgent_frames_overtake_what_has_not_begun() {
        let ping = Header::data(Opcode::Ping, true, 1, None).encode();
        let mut output = Output::default();
        for payload in [&b"first"[..], b"second", b"third"] {
            output.put_owned(&header(payload.len()), Bytes::copy_from_slice(payload), None);
        }
        output.advance(4); // inside the first payload
        output.put_urgent(&ping, b"!", None);
        assert_eq!(drain(&mut output, 3), b"rst\x89\x01!\x82\x06second\x82\x05third");
    }

    #[test]
    fn payload_is_exact_at_both_ends_and_never_rises_by_taking() {
        let mut output = Output::default();
        for len in [100, 1, 5000] {
            output.put_copied(&header(len), &alloc::vec![0; len], None);
            output.count_payload(len as u64);
        }
        assert_eq!(output.payload(), 5101);
        let mut last = 5101;
        while output.has_remaining() {
            output.advance(1);
            assert!(output.payload() <= last && output.payload() <= output.remaining() as u64);
            last = output.payload();
        }
        assert_eq!(last, 0);
    }

    #[test]
    fn a_lent_buffer_comes_back_only_when_all_is_taken() {
        let mut output = Output::default();
        assert!(output.reclaim().is_none());
        assert!(output.lend(BytesMut::with_capacity(100)).is_none());
        assert!(output.lend(BytesMut::with_capacity(1)).is_some());
        output.put(b"abc");
        output.advance(2);
        assert!(output.reclaim().is_none());
        output.advance(1);
        assert_eq!(output.reclaim().map(|buffer| buffer.len()), Some(0));
        assert!(!output.has_buffer());
    }
}
