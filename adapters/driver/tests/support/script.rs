//! A peer that follows a script, and the transport to it.

use bytes::BytesMut;
use sansws_driver::Transport;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::io::{self, ErrorKind, IoSlice};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// What the next read meets. Behind the last step, reads wait for the script to be continued.
#[derive(Clone, Debug)]
pub(crate) enum Read {
    /// These bytes, or as many as are asked for.
    Data(Vec<u8>),
    /// One such byte after the other, without end.
    Endless(Vec<u8>),
    /// Nothing yet, but soon: the reader is woken at once.
    Pending,
    Error(ErrorKind),
    Eof,
}

/// What the next write meets. Behind the last step, writes take all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Write {
    /// So many bytes are taken, and no more.
    Limit(usize),
    /// Nothing is taken yet, but soon: the writer is woken at once.
    Pending,
    /// Nothing is taken until [`Peer::unblock`].
    Blocked,
    Error(ErrorKind),
}

#[derive(Debug, Default)]
struct State {
    reads: VecDeque<Read>,
    writes: VecDeque<Write>,
    flushes: VecDeque<Write>,
    shutdowns: VecDeque<Write>,
    /// How much one read gives and one write takes at most.
    read_size: usize,
    write_size: usize,
    /// Whether the transport has to wait before each read and each write.
    hesitates: bool,
    hesitated: (bool, bool),
    /// What was written and not flushed.
    buffered: Vec<u8>,
    /// Whether what is written stays in `buffered` until it is flushed.
    buffers: bool,
    written: Vec<u8>,
    shut_down: bool,
    dropped: bool,
    polls: usize,
    /// How many bytes were read.
    given: usize,
    /// How many writes were taken.
    taken: usize,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// The peer: continues the script, and sees what was written.
#[derive(Clone, Debug)]
pub(crate) struct Peer(Rc<RefCell<State>>);

/// The transport to the peer.
pub(crate) struct Scripted(Rc<RefCell<State>>);

/// How a transport cuts what passes through it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    pub(crate) read: usize,
    pub(crate) write: usize,
    pub(crate) hesitates: bool,
}

impl Cut {
    pub(crate) const NONE: Self = Self { read: usize::MAX, write: usize::MAX, hesitates: false };

    pub(crate) const ALL: [Self; 6] = [
        Self::NONE,
        Self { hesitates: true, ..Self::NONE },
        Self { read: 1, ..Self::NONE },
        Self { write: 1, ..Self::NONE },
        Self { read: 7, write: 5, hesitates: true },
        Self { read: 1, write: 1, hesitates: true },
    ];
}

/// A peer that sends this, and the transport to it.
pub(crate) fn script(cut: Cut, reads: impl IntoIterator<Item = Read>) -> (Peer, Scripted) {
    let state = State {
        reads: reads.into_iter().collect(),
        read_size: cut.read,
        write_size: cut.write,
        hesitates: cut.hesitates,
        ..State::default()
    };
    let state = Rc::new(RefCell::new(state));
    (Peer(Rc::clone(&state)), Scripted(state))
}

/// A peer that sends these bytes at once and then nothing.
pub(crate) fn sends(bytes: Vec<u8>) -> (Peer, Scripted) {
    script(Cut::NONE, [Read::Data(bytes)])
}

impl Peer {
    /// Continues the script.
    pub(crate) fn then(&self, read: Read) {
        let waker = {
            let mut state = self.0.borrow_mut();
            state.reads.push_back(read);
            state.reader.take()
        };
        waker.inspect(Waker::wake_by_ref);
    }

    pub(crate) fn sends(&self, bytes: Vec<u8>) {
        self.then(Read::Data(bytes));
    }

    /// The transport's reactor is slow: it has not looked yet when something is done, and what it would then have seen
    /// may be gone. Nobody is woken for what has happened so far.
    pub(crate) fn misses(&self) {
        let mut state = self.0.borrow_mut();
        (state.reader, state.writer) = (None, None);
    }

    /// What the coming writes meet.
    pub(crate) fn writes(&self, writes: impl IntoIterator<Item = Write>) {
        self.0.borrow_mut().writes = writes.into_iter().collect();
    }

    /// What the coming flushes meet. From now on nothing leaves without one.
    pub(crate) fn flushes(&self, flushes: impl IntoIterator<Item = Write>) {
        let mut state = self.0.borrow_mut();
        state.buffers = true;
        state.flushes = flushes.into_iter().collect();
    }

    /// What the coming shutdowns meet.
    pub(crate) fn shutdowns(&self, shutdowns: impl IntoIterator<Item = Write>) {
        self.0.borrow_mut().shutdowns = shutdowns.into_iter().collect();
    }

    /// Ends what blocks writes, flushes and shutdowns now.
    pub(crate) fn unblock(&self) {
        let waker = {
            let mut state = self.0.borrow_mut();
            let State { writes, flushes, shutdowns, .. } = &mut *state;
            for steps in [writes, flushes, shutdowns] {
                if steps.front() == Some(&Write::Blocked) {
                    steps.pop_front();
                }
            }
            state.writer.take()
        };
        waker.inspect(Waker::wake_by_ref);
    }

    /// All that left so far.
    pub(crate) fn written(&self) -> Vec<u8> {
        self.0.borrow().written.clone()
    }

    pub(crate) fn is_shut_down(&self) -> bool {
        self.0.borrow().shut_down
    }

    pub(crate) fn is_dropped(&self) -> bool {
        self.0.borrow().dropped
    }

    /// How many steps the reader has yet to meet.
    pub(crate) fn steps_left(&self) -> usize {
        self.0.borrow().reads.iter().filter(|read| !matches!(read, Read::Data(bytes) if bytes.is_empty())).count()
    }

    /// How many bytes were read.
    pub(crate) fn given(&self) -> usize {
        self.0.borrow().given
    }

    /// In how many writes all that left was taken.
    pub(crate) fn taken(&self) -> usize {
        self.0.borrow().taken
    }

    /// How often the transport was asked for anything.
    pub(crate) fn polls(&self) -> usize {
        self.0.borrow().polls
    }
}

impl State {
    /// The step that a write, flush or shutdown meets; `None`: no obstacle.
    fn meet(steps: &mut VecDeque<Write>, writer: &mut Option<Waker>, cx: &Context<'_>) -> Poll<io::Result<usize>> {
        match steps.front().copied() {
            None => Poll::Ready(Ok(usize::MAX)),
            Some(Write::Limit(limit)) => {
                steps.pop_front();
                Poll::Ready(Ok(limit))
            }
            Some(Write::Pending) => {
                steps.pop_front();
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Some(Write::Blocked) => {
                *writer = Some(cx.waker().clone());
                Poll::Pending
            }
            Some(Write::Error(kind)) => Poll::Ready(Err(kind.into())), // stays
        }
    }
}

/// The first bytes of these slices, `limit` at most.
pub(crate) fn first(slices: &[IoSlice<'_>], limit: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for slice in slices {
        let room = limit - bytes.len();
        bytes.extend_from_slice(&slice[..slice.len().min(room)]);
    }
    bytes
}

impl Transport for Scripted {
    fn poll_read(&mut self, cx: &mut Context<'_>, input: &mut BytesMut, room: usize) -> Poll<io::Result<usize>> {
        let mut state = self.0.borrow_mut();
        let State { reads, reader, read_size, hesitates, hesitated, given, polls, .. } = &mut *state;
        *polls += 1;
        assert!(input.capacity() - input.len() >= room && room > 0, "promised room is there");
        while matches!(reads.front(), Some(Read::Data(bytes)) if bytes.is_empty()) {
            reads.pop_front();
        }
        if *hesitates && matches!(reads.front(), Some(Read::Data(_) | Read::Endless(_))) {
            hesitated.0 = !hesitated.0;
            if hesitated.0 {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
        let size = room.min(*read_size);
        match reads.front_mut() {
            None => {
                *reader = Some(cx.waker().clone());
                Poll::Pending
            }
            Some(Read::Data(bytes)) => {
                let count = bytes.len().min(size);
                input.extend(bytes.drain(..count));
                *given += count;
                Poll::Ready(Ok(count))
            }
            Some(Read::Endless(bytes)) => {
                let whole = bytes.repeat(size / bytes.len());
                input.extend_from_slice(&whole);
                *given += whole.len();
                Poll::Ready(Ok(whole.len()))
            }
            Some(Read::Pending) => {
                reads.pop_front();
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Some(Read::Error(kind)) => Poll::Ready(Err((*kind).into())),
            Some(Read::Eof) => Poll::Ready(Ok(0)),
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let mut state = self.0.borrow_mut();
        state.polls += 1;
        let State {
            writes,
            writer,
            write_size,
            hesitates,
            hesitated,
            buffered,
            buffers,
            written,
            shut_down,
            taken,
            ..
        } = &mut *state;
        assert!(!*shut_down, "a write after the shutdown");
        assert!(slices.iter().any(|slice| !slice.is_empty()), "a write of nothing");
        if *hesitates {
            hesitated.1 = !hesitated.1;
            if hesitated.1 {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
        State::meet(writes, writer, cx).map_ok(|limit| {
            let bytes = first(slices, limit.min(*write_size));
            let to = if *buffers { buffered } else { written };
            to.extend_from_slice(&bytes);
            *taken += 1;
            bytes.len()
        })
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.0.borrow_mut();
        state.polls += 1;
        let State { flushes, writer, buffered, written, .. } = &mut *state;
        State::meet(flushes, writer, cx).map_ok(|_| written.append(buffered))
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.0.borrow_mut();
        state.polls += 1;
        let State { shutdowns, writer, buffered, shut_down, .. } = &mut *state;
        assert!(buffered.is_empty(), "a shutdown before all is flushed");
        State::meet(shutdowns, writer, cx).map_ok(|_| *shut_down = true)
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.0.borrow_mut().dropped = true;
    }
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scripted")
    }
}
