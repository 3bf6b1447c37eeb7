//! [`Opening`]: a transport before it is a WebSocket, and the time by which it must be one.

use crate::behalf::Behalf;
use crate::drive::Engine;
use crate::error::Error;
use crate::inner::Inner;
use crate::link::Link;
use crate::pool;
use crate::runtime::Clock;
use crate::transport::Transport;
use bytes::{Buf, BytesMut};
use sansws_core::{Connection, Input, Instant, TimedOut};
use std::io::{self, IoSlice};
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// How much is asked for at once: most heads fit.
pub(crate) const READ: usize = 4 << 10;

/// A transport before it is a WebSocket, and the time by which it must be one.
#[derive(Debug)]
pub(crate) struct Opening<T, C> {
    pub(crate) link: Link<T>,
    pub(crate) clock: C,
    deadline: Instant,
    late: TimedOut,
}

impl<T: Transport, C: Clock> Opening<T, C> {
    /// It must be done within `patience`, or `late` is what becomes of it.
    pub(crate) fn new(link: Link<T>, clock: C, patience: Duration, late: fn(Duration) -> TimedOut) -> Self {
        let deadline = clock.now() + patience;
        Self { link, clock, deadline, late: late(patience) }
    }

    /// From now on, it must be done within `patience`.
    pub(crate) fn wait_for(&mut self, patience: Duration, late: fn(Duration) -> TimedOut) {
        self.deadline = self.clock.now() + patience;
        self.late = late(patience);
    }

    /// How long it has left.
    pub(crate) fn timeout(&self) -> Duration {
        self.deadline.saturating_duration_since(self.clock.now())
    }

    /// Ready when time is up.
    pub(crate) fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<Error> {
        self.clock.poll_until(cx, self.deadline).map(|()| self.late.into())
    }

    /// Writes all of `output` and flushes it.
    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>, output: &mut impl Buf) -> Poll<io::Result<()>> {
        while output.has_remaining() {
            let written = ready!(self.link.poll_write(cx, &[IoSlice::new(output.chunk())]))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            output.advance(written);
        }
        self.link.poll_flush(cx)
    }

    /// Reads some bytes; zero at the end of the stream. While there are none, no buffer is held.
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>, input: &mut Input) -> Poll<io::Result<usize>> {
        if input.wants_buffer() {
            input.lend(pool::take());
        }
        let read = input.fill(READ, |input| self.link.poll_read(cx, input, READ));
        if read.is_pending()
            && let Some(buffer) = input.reclaim()
        {
            pool::give(buffer);
        }
        read
    }

    /// Reads and drops.
    pub(crate) fn poll_drop(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut input: BytesMut = pool::take();
        let read = self.link.poll_read(cx, &mut input, READ);
        input.clear();
        pool::give(input);
        read
    }
}

/// An open WebSocket, before it is decided who drives it.
#[derive(Debug)]
pub(crate) struct Opened<T> {
    pub(crate) link: Link<T>,
    pub(crate) connection: Connection,
    pub(crate) protocol: Option<Box<str>>,
}

impl<T: Transport> Opened<T> {
    /// It, on somebody's behalf. Its clock has no timer set.
    pub(crate) fn driven_for<C: Clock + Default, B: Behalf>(self, behalf: B) -> Inner<T, C, B> {
        let engine = Engine::new(self.link, C::default(), self.connection);
        Inner { engine, behalf, protocol: self.protocol }
    }
}
