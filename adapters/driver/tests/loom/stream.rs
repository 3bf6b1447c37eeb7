//! A stream in memory, and the runtime that consists of it.

use bytes::BytesMut;
use loom::future::block_on;
use loom::sync::Mutex;
use sansws_core::Instant;
use sansws_driver::{Bind, Clock, Runtime, Transport};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// A stream in memory. As with a reactor that looks at its descriptors now and then, one is told that it can be read
/// or written only if that is still so when it looks.
#[derive(Debug, Default)]
struct State {
    incoming: VecDeque<u8>,
    ended: bool,
    outgoing: Vec<u8>,
    room: usize,
    reader: Option<Waker>,
    writer: Option<Waker>,
    peer: Option<Waker>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Stream(Arc<Mutex<State>>);

impl Stream {
    fn with<R>(&self, act: impl FnOnce(&mut State) -> R) -> R {
        act(&mut self.0.lock().unwrap())
    }

    /// The peer says this.
    pub(crate) fn says(&self, bytes: &[u8]) {
        self.with(|state| state.incoming.extend(bytes));
        self.look();
    }

    /// The peer ends its side.
    pub(crate) fn ends(&self) {
        self.with(|state| state.ended = true);
        self.look();
    }

    /// The peer makes room for so many bytes.
    pub(crate) fn reads(&self, count: usize) {
        self.with(|state| state.room += count);
        self.look();
    }

    /// Has woken who waits for what is so.
    fn look(&self) {
        let wakers = self.with(|state| {
            let can_read = !state.incoming.is_empty() || state.ended;
            let reader = if can_read { state.reader.take() } else { None };
            let writer = if state.room > 0 { state.writer.take() } else { None };
            [reader, writer]
        });
        wakers.into_iter().flatten().for_each(Waker::wake);
    }

    /// Waits until so much has come, and gives it.
    pub(crate) fn hears(&self, count: usize) -> Vec<u8> {
        block_on(poll_fn(|cx| {
            self.with(|state| {
                if state.outgoing.len() >= count {
                    return Poll::Ready(state.outgoing.clone());
                }
                state.peer = Some(cx.waker().clone());
                Poll::Pending
            })
        }))
    }
}

impl Transport for Stream {
    fn poll_read(&mut self, cx: &mut Context<'_>, input: &mut BytesMut, room: usize) -> Poll<io::Result<usize>> {
        self.with(|state| {
            let count = state.incoming.len().min(room);
            if count == 0 && !state.ended {
                state.reader = Some(cx.waker().clone());
                return Poll::Pending;
            }
            input.extend(state.incoming.drain(..count));
            Poll::Ready(Ok(count))
        })
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let (polled, peer) = self.with(|state| {
            let bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).take(state.room).collect();
            if bytes.is_empty() {
                state.writer = Some(cx.waker().clone());
                return (Poll::Pending, None);
            }
            state.room -= bytes.len();
            state.outgoing.extend(&bytes);
            (Poll::Ready(Ok(bytes.len())), state.peer.take())
        });
        peer.inspect(Waker::wake_by_ref);
        polled
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A clock that stands still.
#[derive(Debug, Default)]
pub(crate) struct Still;

impl Clock for Still {
    fn now(&self) -> Instant {
        Instant::ORIGIN
    }

    fn poll_until(&mut self, _: &mut Context<'_>, _: Instant) -> Poll<()> {
        Poll::Pending
    }
}

#[derive(Debug)]
pub(crate) struct Loom;

impl Runtime for Loom {
    type Clock = Still;
}

impl Bind<Stream> for Loom {
    type Transport = Stream;

    fn bind(stream: Stream) -> Stream {
        stream
    }
}
