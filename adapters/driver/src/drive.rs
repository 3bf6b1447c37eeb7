//! The one loop between a connection and a transport: [`Engine::drive`].
//!
//! It writes what is queued, reads until one event is ready or the transport has nothing, writes the replies, and
//! looks at the deadlines. It is bounded, and holds nothing that is lost if the future around it is dropped: what
//! was read is in the connection's input, what is queued in its output, an event stays ready until it is taken.

use crate::error::Error;
use crate::link::Link;
use crate::pool;
use crate::runtime::Clock;
use crate::transport::Transport;
use bytes::{Buf, BytesMut};
use sansws_core::{CloseCode, CloseFrame, Connection, EventKind, Instant, Message, MessageRef, SendError, Sender};
use std::io::{self, IoSlice};
use std::task::{Context, Poll};
use std::time::Duration;

/// How many reads may follow each other before other tasks have their turn.
const READS: u8 = 32;

/// How many slices one write takes at most.
const SLICES: usize = 16;

#[derive(Debug)]
pub(crate) struct Engine<T, C> {
    pub(crate) link: Link<T>,
    pub(crate) clock: C,
    pub(crate) connection: Connection,
    /// The time of the last read or timeout: what is decoded from one read arrived at one time.
    now: Instant,
    /// When the clock's timer is set to fire. Deadlines move away with every read; the timer is left
    /// where it is, and set anew when it fires.
    armed: Option<Instant>,
    write: Write,
    /// How many reads followed each other, in this call and those before.
    reads: u8,
    /// Whether the last read took all that there was room for.
    has_gulped: bool,
    /// Whether the peer has ended its side.
    read_ended: bool,
    end: End,
    /// What is given out, and what is dropped when it arrives.
    pub(crate) wanted: Wanted,
    /// Whether so much was queued that a sender has to wait, and not yet so little that it may go on.
    is_full: bool,
    /// Whether messages are dropped when they arrive, since no answer can follow: the server shuts down.
    goes_away: bool,
    /// How much has left of all that was ever queued, as [`Sender::taken`](sansws_core::Sender::taken) counts.
    left: u64,
}

/// Which events are for the caller. Pings are answered either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Messages and fragments, and the end.
    Data,
    /// All: pings and pongs, too.
    All,
    /// None: whoever read is gone.
    Nothing,
}

/// The write side of the transport.
#[derive(Debug)]
enum Write {
    Flushed,
    /// Something was written and not flushed.
    Unflushed,
    /// And the transport cannot send all of it yet.
    Flushing,
    ShutDown,
    /// Writing failed; the error is for the first who asks. What the peer sent before may still be read.
    Broken(Option<io::Error>),
    /// And there was nothing to read when last asked. A transport says so as well when it wants other tasks to have
    /// their turn, so it is asked twice.
    Silent(Option<io::Error>),
}

/// How the connection ends.
#[derive(Debug)]
enum End {
    NotYet,
    /// It has failed; the closing tail is under way: our Close frame, shutdown, the peer's EOF.
    Failing(Box<Error>),
    /// It is over.
    Over {
        /// For the first who asks.
        error: Option<Box<Error>>,
        /// Whether there was an error, and so what was queued may be lost.
        failed: bool,
    },
}

impl<T: Transport, C: Clock> Engine<T, C> {
    pub(crate) fn new(link: Link<T>, clock: C, mut connection: Connection) -> Self {
        Self {
            link,
            left: connection.sender().taken(), // the answer of the opening handshake
            now: clock.now(),
            clock,
            connection,
            armed: None,
            write: Write::Flushed,
            reads: 0,
            has_gulped: false,
            read_ended: false,
            end: End::NotYet,
            wanted: Wanted::Data,
            is_full: false,
            goes_away: false,
        }
    }

    /// Decodes what has arrived. Whether an event is ready.
    #[inline]
    pub(crate) fn decode(&mut self) -> bool {
        loop {
            match self.connection.decode(self.now) {
                Ok(true) if self.is_unwanted() => self.connection.skip(),
                Ok(ready) => return ready,
                Err(error) if matches!(self.end, End::NotYet) && !self.was_told() => {
                    self.end = End::Failing(Box::new(error.into()));
                }
                Err(_) => {} // there was an error before
            }
        }
    }

    /// Lends the next message if it has arrived whole and there is room for a reply: the short way, for many of them.
    #[inline]
    pub(crate) fn lend_message(&mut self) -> Option<(MessageRef<'_>, &mut Sender)> {
        if self.goes_away || !self.has_room() {
            return None;
        }
        self.connection.lend_message(self.now)
    }

    /// Takes the next message by the same way.
    #[inline]
    pub(crate) fn take_message(&mut self) -> Option<Message> {
        if self.goes_away || !self.has_room() {
            return None;
        }
        self.connection.take_message(self.now)
    }

    /// Whether the event that is ready is not for the caller.
    fn is_unwanted(&self) -> bool {
        match self.connection.peek() {
            Some(EventKind::Message | EventKind::Fragment) => self.goes_away || self.wanted == Wanted::Nothing,
            Some(EventKind::Ping | EventKind::Pong) => self.wanted != Wanted::All,
            Some(_) | None => self.wanted == Wanted::Nothing,
        }
    }

    /// Closes the connection with 1001 (Going Away), as if the peer had: it is given no more messages.
    pub(crate) fn go_away(&mut self) {
        self.goes_away = true;
        let _ = self.connection.close(Some(CloseFrame::from(CloseCode::GOING_AWAY))); // a valid one
    }

    /// Whether a message may be queued without waiting: up to the high water mark, and once that was reached, from the
    /// low one on.
    #[inline]
    pub(crate) fn has_room(&mut self) -> bool {
        let sender = self.connection.sender();
        self.is_full = !sender.has_room() || (self.is_full && !sender.is_low());
        !self.is_full
    }

    /// Makes what progress there is without waiting.
    pub(crate) fn drive(&mut self, cx: &mut Context<'_>) {
        let before = (self.is_broken(), self.is_over());
        self.turn(cx);
        if (self.is_broken(), self.is_over()) != before {
            cx.waker().wake_by_ref(); // others may wait for what will not come
        }
    }

    /// Makes what progress there is without reading.
    pub(crate) fn push(&mut self, cx: &mut Context<'_>) {
        self.write(cx);
        if self.timers(cx) && !self.is_over() {
            self.write(cx);
        }
    }

    fn turn(&mut self, cx: &mut Context<'_>) {
        for _ in 0..=READS {
            let ready = self.decode();
            if !self.is_over() {
                self.write(cx);
            }
            if self.is_over() {
                return; // also if what is queued could be written: the user was told that it is lost
            }
            if ready && self.connection.is_open() && !self.wants_write() {
                return; // nobody waits; and deadlines are looked at after so many reads
            }
            let tired = !ready && self.reads == READS;
            if !ready && !tired {
                if self.read(cx).is_ready() {
                    self.reads += 1;
                    continue;
                }
                self.reads = 0;
            }
            let due = self.timers(cx); // also of a peer that never pauses
            if tired {
                break;
            }
            if !due {
                return;
            }
        }
        self.reads = 0;
        cx.waker().wake_by_ref(); // others first
    }

    /// Whether nothing more will happen.
    pub(crate) const fn is_over(&self) -> bool {
        matches!(self.end, End::Over { .. })
    }

    /// Whether nothing more can be written.
    pub(crate) const fn is_broken(&self) -> bool {
        self.is_over() || matches!(self.write, Write::Broken(_) | Write::Silent(_))
    }

    /// Why a writer cannot go on, once it cannot: the error for the first who asks.
    pub(crate) fn take_broken(&mut self) -> Option<Error> {
        if !self.is_broken() {
            return None;
        }
        let error = match &self.end {
            End::NotYet => self.take_write_error(),
            End::Failing(_) => None, // for whoever meets the end
            End::Over { .. } => self.take_end().and_then(Result::err),
        };
        Some(error.unwrap_or(SendError::Closed.into()))
    }

    fn take_write_error(&mut self) -> Option<Error> {
        match &mut self.write {
            Write::Broken(error) | Write::Silent(error) => error.take().map(Error::Io),
            Write::Flushed | Write::Unflushed | Write::Flushing | Write::ShutDown => None,
        }
    }

    /// Whether somebody was told that writing has failed.
    const fn was_told(&self) -> bool {
        matches!(self.write, Write::Broken(None) | Write::Silent(None))
    }

    /// Whether something is to be written.
    pub(crate) fn wants_write(&self) -> bool {
        let queued = self.connection.wants_write()
            || matches!(self.write, Write::Unflushed | Write::Flushing)
            || self.link.wants_write();
        queued && !self.is_broken()
    }

    /// How long until it wants to be driven though nothing has happened. `None`: for ever.
    pub(crate) fn timeout(&self) -> Option<Duration> {
        let deadline = self.connection.poll_timeout().filter(|_| !self.is_over())?;
        Some(deadline.saturating_duration_since(self.clock.now()))
    }

    /// Whether all that was queued has left.
    pub(crate) fn is_flushed(&self) -> bool {
        !self.connection.wants_write() && matches!(self.write, Write::Flushed | Write::ShutDown) && !self.has_lost()
    }

    /// Whether what was queued may have been lost.
    pub(crate) const fn has_lost(&self) -> bool {
        matches!(self.end, End::Over { failed: true, .. })
    }

    /// Whether all has left that was queued when [`Sender::total`](sansws_core::Sender::total) was `total`.
    pub(crate) const fn has_left(&self, total: u64) -> bool {
        self.left >= total
    }

    /// What changes whenever something has left.
    pub(crate) fn progress(&mut self) -> (u64, u64) {
        (self.connection.output().taken(), self.left)
    }

    /// How it ended, once it has: the error for the first who asks.
    pub(crate) fn take_end(&mut self) -> Option<Result<(), Error>> {
        match &mut self.end {
            End::NotYet | End::Failing(_) => None,
            End::Over { error, .. } => Some(error.take().map_or(Ok(()), |error| Err(*error))),
        }
    }

    /// Writes what is queued, flushes it, and shuts down if it is time.
    fn write(&mut self, cx: &mut Context<'_>) {
        if matches!(self.write, Write::Flushed) && self.connection.is_open() && !self.wants_write() && !self.read_ended
        {
            return self.reclaim_output();
        }
        if let Err(error) = self.try_write(cx) {
            self.write = Write::Broken(Some(error));
        }
        if self.connection.is_closed() {
            self.finish(None);
        }
    }

    fn try_write(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if matches!(self.write, Write::Broken(_) | Write::Silent(_)) {
            return Ok(());
        }
        // What the transport had taken when it was full may have left by now, and somebody may wait for just that.
        if self.try_flush(cx)?.is_pending() && !self.connection.wants_write() {
            return Ok(());
        }
        while self.connection.wants_write() {
            let output = self.connection.output();
            let mut slices = [IoSlice::new(&[]); SLICES];
            let filled = output.chunks_vectored(&mut slices);
            match self.link.poll_write(cx, &slices[..filled]) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(written) => output.advance(written?),
            }
            self.write = Write::Unflushed;
        }
        if self.try_flush(cx)?.is_pending() {
            return Ok(());
        }
        self.reclaim_output();
        if self.read_ended {
            let _ = self.connection.receive_eof(); // not too early, or it would be over
        }
        if self.connection.wants_shutdown()
            && !matches!(self.write, Write::ShutDown)
            && let Poll::Ready(shut_down) = self.link.poll_shutdown(cx)
        {
            let _ = shut_down; // the peer may have ended the stream already; reading will tell
            self.write = Write::ShutDown;
        }
        Ok(())
    }

    fn reclaim_output(&mut self) {
        if let Some(buffer) = self.connection.output().reclaim() {
            pool::give(buffer);
        }
    }

    /// Has the transport send what it was given.
    fn try_flush(&mut self, cx: &mut Context<'_>) -> io::Result<Poll<()>> {
        if !matches!(self.write, Write::Unflushed | Write::Flushing) {
            return Ok(Poll::Ready(()));
        }
        let before = self.link.sent();
        if self.link.poll_flush(cx)?.is_pending() {
            if matches!(self.write, Write::Unflushed) || self.link.sent() != before {
                self.connection.set_flushed(false); // as of now
            }
            self.write = Write::Flushing;
            return Ok(Poll::Pending);
        }
        self.connection.set_flushed(true);
        self.left = self.left.max(self.connection.sender().taken());
        self.write = Write::Flushed;
        Ok(Poll::Ready(()))
    }

    /// Reads once. Pending if there is nothing to read now.
    fn read(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.read_ended {
            self.on_silence(cx);
            return Poll::Pending;
        }
        let hint = self.connection.read_hint();
        let input = self.connection.input();
        if input.wants_buffer() {
            input.lend(pool::take());
        }
        let has_gulped = self.has_gulped;
        let read = |space: &mut BytesMut| {
            let free = space.capacity();
            let polled = self.link.poll_read(cx, space, free);
            self.has_gulped = space.len() == free;
            polled
        };
        let polled = if hint >= pool::SIZE {
            input.fill_up_to(hint, read)
        } else if has_gulped {
            input.fill(pool::MOST, read)
        } else if input.try_reclaim(pool::SIZE * 3 / 4) {
            input.fill(pool::LEAST, read)
        } else {
            input.fill(pool::LEAST.max(hint), read)
        };
        match polled {
            Poll::Ready(Ok(0)) => self.on_eof(),
            Poll::Ready(Ok(_)) => self.on_data(),
            Poll::Ready(Err(error)) => self.on_read_error(error),
            Poll::Pending => {
                if let Some(buffer) = input.reclaim() {
                    pool::give(buffer);
                }
                self.on_silence(cx);
                return Poll::Pending;
            }
        }
        Poll::Ready(())
    }

    fn on_data(&mut self) {
        self.now = self.clock.now();
        if let Write::Silent(error) = &mut self.write {
            self.write = Write::Broken(error.take());
        }
    }

    /// There is nothing to read now. If writing has failed, that was all.
    fn on_silence(&mut self, cx: &Context<'_>) {
        match &mut self.write {
            Write::Flushed | Write::Unflushed | Write::Flushing | Write::ShutDown => {}
            Write::Broken(error) => {
                self.write = Write::Silent(error.take());
                cx.waker().wake_by_ref();
            }
            Write::Silent(_) => self.finish(None),
        }
    }

    fn on_eof(&mut self) {
        self.read_ended = true;
        if self.is_closing() {
            return; // the peer may still read: our Close frame. When it has left, `write` goes on
        }
        let early = self.connection.receive_eof().err();
        self.finish(early.map(Error::Protocol));
    }

    /// Whether the peer has nothing more to say that counts.
    fn is_closing(&self) -> bool {
        self.connection.is_clean() || self.connection.violation().is_some()
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

    /// Ends it with an error of our own making.
    pub(crate) fn abort(&mut self, error: io::Error) {
        let _ = self.connection.receive_eof(); // nothing more is decoded
        self.finish(Some(error.into()));
    }

    /// It is over, and everybody knows why.
    pub(crate) fn end(&mut self) {
        self.end = End::Over { error: None, failed: true };
    }

    /// It is over; an error from before counts more than the one that followed from it.
    fn finish(&mut self, error: Option<Error>) {
        let end = std::mem::replace(&mut self.end, End::NotYet);
        self.end = match end {
            // If the peer has closed, it is only our answer that is lost. And a writer may have been told.
            End::NotYet if self.is_broken() => {
                let error = self.take_write_error().filter(|_| !self.connection.is_clean());
                End::Over { error: error.map(Box::new), failed: true }
            }
            End::NotYet => End::Over { failed: error.is_some(), error: error.map(Box::new) },
            End::Failing(first) => End::Over { failed: true, error: Some(first) },
            over @ End::Over { .. } => over,
        };
        if let Some(buffer) = self.connection.input().reclaim() {
            pool::give(buffer);
        }
    }
}
