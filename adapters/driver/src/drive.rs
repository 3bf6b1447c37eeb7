//! The one loop between a connection and a transport: [`Engine::drive`].
//!
//! It writes what is queued, reads until one event is ready or the transport has nothing, writes the replies, and
//! looks at the deadlines. It is bounded, and holds nothing that is lost if the future around it is dropped: what
//! was read is in the connection's input, what is queued in its output, an event stays ready until it is taken.

use crate::error::Error;
use crate::pool;
use crate::runtime::Clock;
use crate::transport::Transport;
use bytes::Buf;
use sansws_core::{Connection, EventKind, Instant, SendError};
use std::io::{self, IoSlice};
use std::task::{Context, Poll};

/// How many reads one call may make before other tasks have their turn.
const READS: usize = 32;

/// How many slices one write takes at most.
const SLICES: usize = 16;

#[derive(Debug)]
pub(crate) struct Engine<T, C> {
    pub(crate) transport: T,
    pub(crate) clock: C,
    pub(crate) connection: Connection,
    /// The time of the last read or timeout: what is decoded from one read arrived at one time.
    now: Instant,
    /// When the clock's timer is set to fire. Deadlines move away with every read; the timer is left
    /// where it is, and set anew when it fires.
    armed: Option<Instant>,
    write: Write,
    /// Whether the peer has ended its side.
    read_ended: bool,
    end: End,
    /// Whether pings and pongs are events for the caller. They are answered either way.
    pub(crate) control_events: bool,
}

/// The write side of the transport.
#[derive(Debug)]
enum Write {
    Flushed,
    /// Something was written and not flushed.
    Unflushed,
    ShutDown,
    /// Writing failed; the error is for the first who asks. What the peer sent before may still be read.
    Broken(Option<io::Error>),
}

/// How the connection ends.
#[derive(Debug)]
enum End {
    NotYet,
    /// It has failed; the closing tail is under way: our Close frame, shutdown, the peer's EOF.
    Failing(Error),
    /// It is over.
    Over {
        /// For the first who asks.
        error: Option<Error>,
        /// Whether there was an error, and so what was queued may be lost.
        failed: bool,
    },
}

impl<T: Transport, C: Clock> Engine<T, C> {
    pub(crate) fn new(transport: T, clock: C, connection: Connection) -> Self {
        Self {
            transport,
            now: clock.now(),
            clock,
            connection,
            armed: None,
            write: Write::Flushed,
            read_ended: false,
            end: End::NotYet,
            control_events: false,
        }
    }

    /// Decodes what has arrived. Whether an event is ready.
    #[inline]
    pub(crate) fn decode(&mut self) -> bool {
        loop {
            match self.connection.decode(self.now) {
                Ok(true) if !self.control_events && self.is_control() => self.connection.skip(),
                Ok(ready) => return ready,
                Err(error) => self.end = End::Failing(error.into()),
            }
        }
    }

    fn is_control(&self) -> bool {
        matches!(self.connection.peek(), Some(EventKind::Ping | EventKind::Pong))
    }

    /// Makes what progress there is without waiting.
    pub(crate) fn drive(&mut self, cx: &mut Context<'_>) {
        for _ in 0..READS {
            let ready = self.decode();
            self.write(cx);
            if self.is_over() {
                return;
            }
            if !ready && self.read(cx).is_ready() {
                continue;
            }
            if self.is_over() || !self.timers(cx) {
                return;
            }
        }
        cx.waker().wake_by_ref(); // others first
    }

    /// Whether nothing more will happen.
    pub(crate) const fn is_over(&self) -> bool {
        matches!(self.end, End::Over { .. })
    }

    /// Whether nothing more can be written.
    pub(crate) const fn is_broken(&self) -> bool {
        self.is_over() || matches!(self.write, Write::Broken(_))
    }

    /// Why a writer cannot go on, once it cannot: the error for the first who asks.
    pub(crate) fn take_broken(&mut self) -> Option<Error> {
        if !self.is_broken() {
            return None;
        }
        let error = self.take_write_error().or_else(|| self.take_end().and_then(Result::err));
        Some(error.unwrap_or(SendError::Closed.into()))
    }

    fn take_write_error(&mut self) -> Option<Error> {
        match &mut self.write {
            Write::Broken(error) => error.take().map(Error::Io),
            Write::Flushed | Write::Unflushed | Write::ShutDown => None,
        }
    }

    /// Whether all that was queued has left.
    pub(crate) fn is_flushed(&self) -> bool {
        let lost = matches!(self.end, End::Over { failed: true, .. });
        !self.connection.wants_write() && !matches!(self.write, Write::Unflushed) && !lost
    }

    /// How it ended, once it has: the error for the first who asks.
    pub(crate) fn take_end(&mut self) -> Option<Result<(), Error>> {
        match &mut self.end {
            End::NotYet | End::Failing(_) => None,
            End::Over { error, .. } => Some(error.take().map_or(Ok(()), Err)),
        }
    }

    /// Writes what is queued, flushes it, and shuts down if it is time.
    fn write(&mut self, cx: &mut Context<'_>) {
        if let Err(error) = self.try_write(cx) {
            self.write = Write::Broken(Some(error));
        }
        if self.connection.is_closed() {
            self.finish(None);
        }
    }

    fn try_write(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if matches!(self.write, Write::ShutDown | Write::Broken(_)) {
            return Ok(());
        }
        while self.connection.wants_write() {
            let output = self.connection.output();
            let mut slices = [IoSlice::new(&[]); SLICES];
            let filled = output.chunks_vectored(&mut slices);
            match self.transport.poll_write(cx, &slices[..filled]) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(written) => output.advance(written?),
            }
            self.write = Write::Unflushed;
        }
        if matches!(self.write, Write::Unflushed) {
            match self.transport.poll_flush(cx) {
                Poll::Pending => return Ok(()),
                Poll::Ready(flushed) => flushed?,
            }
            self.write = Write::Flushed;
        }
        if let Some(buffer) = self.connection.output().reclaim() {
            pool::give(buffer);
        }
        if self.connection.wants_shutdown()
            && let Poll::Ready(shut_down) = self.transport.poll_shutdown(cx)
        {
            let _ = shut_down; // the peer may have ended the stream already; reading will tell
            self.write = Write::ShutDown;
        }
        Ok(())
    }

    /// Reads once. Pending if there is nothing to read now.
    fn read(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.read_ended {
            return Poll::Pending;
        }
        let room = match self.connection.read_hint() {
            0 => pool::READ,
            hint => hint,
        };
        let input = self.connection.input();
        if !input.has_buffer() {
            input.lend(pool::take());
        }
        match input.fill(room, |input| self.transport.poll_read(cx, input, room)) {
            Poll::Ready(Ok(0)) => self.on_eof(),
            Poll::Ready(Ok(_)) => self.now = self.clock.now(),
            Poll::Ready(Err(error)) => self.on_read_error(error),
            Poll::Pending => {
                if let Some(buffer) = input.reclaim() {
                    pool::give(buffer);
                }
                if matches!(self.write, Write::Broken(_)) {
                    self.finish_broken(); // and nothing more can be read
                }
                return Poll::Pending;
            }
        }
        Poll::Ready(())
    }

    fn on_eof(&mut self) {
        self.read_ended = true;
        let is_broken = matches!(self.write, Write::Broken(_));
        match self.connection.receive_eof() {
            Ok(()) if is_broken => self.finish(None), // the peer closed, and did not wait for our answer
            Ok(()) => {}                              // it may still read: our Close frame
            Err(_) if is_broken => self.finish_broken(),
            Err(early) => self.finish(Some(early.into())),
        }
    }

    /// It is over since writing failed.
    fn finish_broken(&mut self) {
        let error = self.take_write_error();
        self.finish(error);
        if let End::Over { failed, .. } = &mut self.end {
            *failed = true; // also if a writer was told already
        }
    }

    fn on_read_error(&mut self, error: io::Error) {
        self.read_ended = true;
        // Once the closing handshake is done, how the peer ends the stream no longer matters.
        let done = self.connection.receive_eof().is_ok();
        self.finish((!done).then_some(error.into()));
    }

    /// Looks at the deadlines. Whether something was due, so that there may be something to write.
    fn timers(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(deadline) = self.connection.poll_timeout().filter(|_| !self.is_over()) else { return false };
        let until = self.armed.map_or(deadline, |armed| armed.min(deadline));
        self.armed = Some(until);
        if self.clock.poll_until(cx, until).is_pending() {
            return false;
        }
        self.armed = None;
        self.now = self.clock.now();
        if let Err(timed_out) = self.connection.handle_timeout(self.now) {
            self.finish(Some(timed_out.into()));
        }
        true
    }

    /// It is over; an error from before counts more than the one that followed from it.
    fn finish(&mut self, error: Option<Error>) {
        let end = std::mem::replace(&mut self.end, End::NotYet);
        self.end = match end {
            End::NotYet => End::Over { failed: error.is_some(), error },
            End::Failing(first) => End::Over { failed: true, error: Some(first) },
            over @ End::Over { .. } => over,
        };
        if let Some(buffer) = self.connection.input().reclaim() {
            pool::give(buffer);
        }
    }
}
