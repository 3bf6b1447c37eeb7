//! [`Inner`]: what a [`WsStream`](crate::WsStream) is, whole or in halves: its engine, and on whose behalf that runs.

use crate::behalf::Behalf;
use crate::drive::{Engine, Wanted};
use crate::error::Error;
use crate::pool;
use crate::runtime::Clock;
use crate::transport::Transport;
use crate::wakers::{Place, Side, Wakers};
use sansws_core::{CloseFrame, Event, EventKind, EventRef, Message, Sender};
use std::task::{Context, Poll, ready};

#[derive(Debug)]
pub(crate) struct Inner<T, C, B = Wakers> {
    pub(crate) engine: Engine<T, C>,
    pub(crate) behalf: B,
    pub(crate) protocol: Option<Box<str>>,
}

impl<T: Transport, C: Clock, B: Behalf> Inner<T, C, B> {
    fn drive(&mut self, side: Side<'_>, cx: &mut Context<'_>) {
        self.behalf.drive(&mut self.engine, side, cx);
    }

    /// Whether an event is ready to be taken; false at the end.
    pub(crate) fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Error>> {
        // Messages that have arrived already cost no look at the transport, the clock or the wakers.
        if self.engine.has_room() && self.engine.decode() {
            return Poll::Ready(Ok(true));
        }
        self.drive(Side::Reader, cx);
        if self.engine.connection.is_ready() {
            return Poll::Ready(Ok(true));
        }
        match self.engine.take_end() {
            Some(end) => Poll::Ready(end.map(|()| false)),
            None => Poll::Pending,
        }
    }

    /// Whether an event is ready to be taken, pings and pongs among them; false at the end.
    pub(crate) fn poll_any_event(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Error>> {
        self.engine.wanted = Wanted::All;
        self.poll_event(cx)
    }

    /// Whether a message is ready to be taken; false at the end.
    pub(crate) fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Error>> {
        while ready!(self.poll_event(cx))? {
            match self.engine.connection.peek() {
                Some(EventKind::Message) => return Poll::Ready(Ok(true)),
                Some(EventKind::Fragment) => return Poll::Ready(Err(Error::Fragment)),
                Some(_) | None => self.engine.connection.skip(),
            }
        }
        Poll::Ready(Ok(false))
    }

    /// The next message.
    #[inline]
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, Error>>> {
        match self.engine.take_message() {
            Some(message) => Poll::Ready(Some(Ok(message))),
            None => self.poll_next_slowly(cx),
        }
    }

    #[inline(never)]
    fn poll_next_slowly(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, Error>>> {
        Poll::Ready(match ready!(self.poll_message(cx)) {
            Ok(true) => match self.engine.connection.take() {
                Some(Event::Message(message)) => Some(Ok(message)),
                Some(_) | None => None, // not reached: a message is ready
            },
            Ok(false) => None,
            Err(error) => Some(Err(error)),
        })
    }

    /// The next event.
    pub(crate) fn poll_next_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Event, Error>>> {
        Poll::Ready(match ready!(self.poll_any_event(cx)) {
            Ok(true) => self.engine.connection.take().map(Ok),
            Ok(false) => None,
            Err(error) => Some(Err(error)),
        })
    }

    /// As `poll_ready`, and that there is room for a reply. An event that is ready stays so.
    pub(crate) fn poll_serve(
        &mut self,
        cx: &mut Context<'_>,
        poll_ready: impl Fn(&mut Self, &mut Context<'_>) -> Poll<Result<bool, Error>>,
    ) -> Poll<Result<bool, Error>> {
        let is_ready = ready!(poll_ready(self, cx))?;
        if is_ready {
            ready!(self.poll_room(Side::Writer, cx))?;
            self.lend_output();
        }
        Poll::Ready(Ok(is_ready))
    }

    /// Has the event handled that is ready, and all messages that follow it in memory while there is room for replies.
    #[inline]
    pub(crate) fn serve<E>(
        &mut self,
        mut handle: impl FnMut(EventRef<'_>, &mut Sender) -> Result<(), E>,
    ) -> Result<(), E> {
        if let Some((event, sender)) = self.engine.connection.lend() {
            handle(event, sender)?;
        }
        while let Some((message, sender)) = self.engine.lend_message() {
            handle(EventRef::Message(message), sender)?;
        }
        Ok(())
    }

    /// Waits until a message may be queued.
    pub(crate) fn poll_room(&mut self, side: Side<'_>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if !self.engine.is_over() {
            if self.engine.has_room() {
                return Poll::Ready(Ok(()));
            }
            self.drive(side, cx);
        }
        match self.poll_writer_end() {
            Poll::Pending if self.engine.has_room() => Poll::Ready(Ok(())),
            ended => ended,
        }
    }

    /// Waits until all that is queued has left.
    pub(crate) fn poll_flushed(&mut self, side: Side<'_>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.engine.is_flushed() {
            return Poll::Ready(Ok(()));
        }
        if !self.engine.is_over() {
            self.drive(side, cx);
        }
        if self.engine.is_flushed() {
            return Poll::Ready(Ok(()));
        }
        self.poll_writer_end()
    }

    /// Waits until all has left that was queued when [`core::Sender::total`](Sender::total) was `total`.
    pub(crate) fn poll_left(&mut self, total: u64, side: Side<'_>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if !self.engine.has_left(total) && !self.engine.is_over() {
            self.drive(side, cx);
        }
        if self.engine.has_left(total) {
            return Poll::Ready(Ok(())); // whatever has happened since
        }
        self.poll_writer_end()
    }

    /// What a writer that cannot go on is told: why it ended, or to wait.
    fn poll_writer_end(&mut self) -> Poll<Result<(), Error>> {
        match self.engine.take_broken() {
            Some(error) => Poll::Ready(Err(error)),
            None => Poll::Pending,
        }
    }

    /// Whether messages can be sent.
    pub(crate) fn is_open(&self) -> bool {
        self.engine.connection.is_open() && !self.engine.is_broken()
    }

    /// The sending half, to queue what is to be sent without waiting.
    pub(crate) fn sender(&mut self) -> Result<&mut Sender, Error> {
        if let Some(error) = self.engine.take_broken() {
            return Err(error);
        }
        self.lend_output();
        Ok(self.engine.connection.sender())
    }

    pub(crate) fn start_close(&mut self, frame: Option<CloseFrame>) -> Result<(), Error> {
        Ok(self.engine.connection.close(frame)?)
    }

    /// As [`Sink::poll_close`](futures_sink::Sink::poll_close): sends what is queued, then an empty Close frame.
    pub(crate) fn poll_close(&mut self, side: Side<'_>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if let Some(end) = self.engine.take_end() {
            return Poll::Ready(end);
        }
        self.start_close(None)?;
        self.poll_flushed(side, cx)
    }

    /// Has frames joined in a buffer of this thread.
    #[inline]
    fn lend_output(&mut self) {
        let output = self.engine.connection.output();
        if !output.has_buffer() {
            output.lend(pool::take());
        }
    }
}

impl<T: Transport, C: Clock> Inner<T, C> {
    /// As `poll_room`, for one of several senders: who comes anew while others wait lets these go first, once. So none
    /// is kept out by those that are quick, nor by one that waits and is not polled.
    pub(crate) fn poll_turn(&mut self, place: &mut Option<Place>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if place.is_none() && self.engine.has_room() && self.behalf.is_contended() {
            self.behalf.register(&mut Side::Room(place), cx);
            self.behalf.wake(); // this task last
            return Poll::Pending;
        }
        let polled = self.poll_room(Side::Room(place), cx);
        if polled.is_ready() {
            *place = None;
        }
        polled
    }
}
