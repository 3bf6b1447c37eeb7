//! [`WsStream`]: an open WebSocket over a transport.

use crate::drive::Engine;
use crate::error::Error;
use crate::pool;
use crate::runtime::Clock;
use crate::transport::Transport;
use crate::wakers::{Side, Wakers};
use futures_core::Stream;
use futures_sink::Sink;
use sansws_core::{CloseFrame, Connection, Event, EventKind, EventRef, Fragment, Message, MessageRef, Sender, Traffic};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// An open WebSocket over a transport.
///
/// It is driven by whoever polls it: each method makes all the progress there is, both ways. So pings are answered
/// while only sending, and pongs leave while only receiving. Nothing happens while nobody polls; and nothing more is
/// read while a message waits to be taken, so that the peer is held back by TCP. Who only sends should still take
/// messages, or drop them.
///
/// # Cancel safety
///
/// A future may be dropped at any point, as `select!` and timeouts do:
///
/// | future | dropped before it is ready |
/// |---|---|
/// | `next`, `read`, `next_event`, `read_event` | nothing is lost; the next call goes on |
/// | `send`, `feed`, `send_fragment`, `ping` | the message is queued whole or not at all; if queued, any later call sends it |
/// | `flush` | what is queued stays queued |
/// | `serve` | nothing is lost; a message is handled whole or not at all |
/// | `close` | the Close frame is queued; any later call goes on with the closing handshake |
///
/// # The end
///
/// When the peer closes, `next` gives `None` once the closing handshake is done; [`close_frame`](Self::close_frame)
/// says how it ended. After an error, `next` gives it once, then `None`. A peer that broke the protocol is first told
/// so, within [`Config::close_timeout`](sansws_core::Config::close_timeout) once what was queued has left. To drop a `WsStream` is to drop the
/// connection without a closing handshake.
#[derive(Debug)]
pub struct WsStream<T, C> {
    engine: Engine<T, C>,
    wakers: Wakers,
    protocol: Option<Box<str>>,
}

impl<T: Transport, C: Clock> WsStream<T, C> {
    /// A WebSocket whose opening handshake is done.
    ///
    /// Adapters have `accept` and `connect`; this is for those who upgrade through an HTTP library and made
    /// the [`Connection`] themselves.
    pub fn from_connection(transport: T, clock: C, connection: Connection) -> Self {
        Self { engine: Engine::new(transport, clock, connection), wakers: Wakers::new(), protocol: None }
    }

    pub(crate) fn with_protocol(self, protocol: Option<Box<str>>) -> Self {
        Self { protocol, ..self }
    }

    /// The next message; `None` when the connection is closed. Pings, pongs and the closing handshake are
    /// taken care of.
    ///
    /// The message shares the memory of the read that it came with, up to 64 KiB: who keeps small messages for long
    /// should copy them. [`read`](Self::read) and [`serve`](Self::serve) lend instead.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// Once, [`Error::Protocol`], [`Error::Io`] or [`Error::TimedOut`], and then `None`.
    pub async fn next(&mut self) -> Option<Result<Message, Error>> {
        poll_fn(|cx| self.poll_message(cx)).await
    }

    /// The next message, lent until the next call; `None` when the connection is closed.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next).
    pub async fn read(&mut self) -> Result<Option<MessageRef<'_>>, Error> {
        if !poll_fn(|cx| self.poll_ready_message(cx)).await? {
            return Ok(None);
        }
        Ok(match self.engine.connection.lend() {
            Some((EventRef::Message(message), _)) => Some(message),
            Some(_) | None => None, // not reached: a message is ready
        })
    }

    /// The next event of any kind: also fragments, pings (answered already), pongs, and the peer's Close frame.
    /// `None` when the connection is closed.
    ///
    /// Pings and pongs are given out from the first call on; before, and without it, they are dropped.
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next).
    pub async fn next_event(&mut self) -> Option<Result<Event, Error>> {
        self.engine.control_events = true;
        match poll_fn(|cx| self.poll_ready_event(cx)).await {
            Ok(true) => self.engine.connection.take().map(Ok),
            Ok(false) => None,
            Err(error) => Some(Err(error)),
        }
    }

    /// The next event, lent until the next call; see [`next_event`](Self::next_event).
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next).
    pub async fn read_event(&mut self) -> Result<Option<EventRef<'_>>, Error> {
        self.engine.control_events = true;
        if !poll_fn(|cx| self.poll_ready_event(cx)).await? {
            return Ok(None);
        }
        Ok(self.engine.connection.lend().map(|(event, _)| event))
    }

    /// Calls `handle` with each message until the connection is closed. The handler gets the message on loan and
    /// the sending half; replies to all messages of one read leave in one write. This is the fastest loop.
    ///
    /// While the peer does not read its replies, no more messages are handled. If the handler fails, what was queued
    /// before has not left: [`flush`](Self::flush) or [`close`](Self::close) to send it.
    ///
    /// Cancel safe: dropped, it has handled each message whole or not at all, and can be called again.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next), and what the handler returns.
    pub async fn serve<E: Into<Error>>(
        &mut self,
        mut handle: impl FnMut(MessageRef<'_>, &mut Sender) -> Result<(), E>,
    ) -> Result<(), Error> {
        poll_fn(|cx| {
            while ready!(self.poll_serve(cx, Self::poll_ready_message))? {
                if let Some((EventRef::Message(message), sender)) = self.engine.connection.lend() {
                    handle(message, sender).map_err(Into::into)?;
                }
            }
            Poll::Ready(Ok(()))
        })
        .await
    }

    /// Calls `handle` with each event until the connection is closed; see [`serve`](Self::serve) and
    /// [`next_event`](Self::next_event).
    ///
    /// Cancel safe, as [`serve`](Self::serve).
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next), and what the handler returns.
    pub async fn serve_events<E: Into<Error>>(
        &mut self,
        mut handle: impl FnMut(EventRef<'_>, &mut Sender) -> Result<(), E>,
    ) -> Result<(), Error> {
        self.engine.control_events = true;
        poll_fn(|cx| {
            while ready!(self.poll_serve(cx, Self::poll_ready_event))? {
                if let Some((event, sender)) = self.engine.connection.lend() {
                    handle(event, sender).map_err(Into::into)?;
                }
            }
            Poll::Ready(Ok(()))
        })
        .await
    }

    /// Sends a message: queues it, and waits until all that is queued has left.
    ///
    /// For many messages in a row, [`feed`](Self::feed) them and [`flush`](Self::flush) once.
    ///
    /// Cancel safe: dropped, the message is queued whole or not at all.
    ///
    /// # Errors
    ///
    /// [`SendError::Closed`](sansws_core::SendError::Closed) when the connection is closing; [`Error::Io`], [`Error::TimedOut`] or [`Error::Protocol`]
    /// if it failed and nobody was told yet.
    pub async fn send(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        self.feed(message).await?;
        self.flush().await
    }

    /// Queues a message, waiting only while too much is queued. It leaves with whatever is awaited next that reads
    /// or flushes: nothing fed is ever stranded by waiting for the answer.
    ///
    /// Cancel safe: dropped, the message is queued whole or not at all.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn feed(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        poll_fn(|cx| self.poll_room(cx)).await?;
        self.start_send(message.into())
    }

    /// Queues a message that is lent, copying it; else as [`feed`](Self::feed).
    ///
    /// Cancel safe: dropped, the message is queued whole or not at all.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn feed_ref<'a>(&mut self, message: impl Into<MessageRef<'a>>) -> Result<(), Error> {
        poll_fn(|cx| self.poll_room(cx)).await?;
        Ok(self.sender()?.send_ref(message)?)
    }

    /// Queues a message that is not to be compressed, see [`Sender::send_plain`]; else as [`feed`](Self::feed).
    ///
    /// Cancel safe: dropped, the message is queued whole or not at all.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn feed_plain(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        poll_fn(|cx| self.poll_room(cx)).await?;
        Ok(self.sender()?.send_plain(message)?)
    }

    /// Sends the next piece of a message in a frame of its own (RFC 6455 §5.4); else as [`send`](Self::send).
    ///
    /// Cancel safe: dropped, the fragment is queued whole or not at all.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), and what [`Sender::send_fragment`] refuses.
    pub async fn send_fragment(&mut self, fragment: Fragment) -> Result<(), Error> {
        poll_fn(|cx| self.poll_room(cx)).await?;
        self.sender()?.send_fragment(fragment)?;
        self.flush().await
    }

    /// Sends a ping of at most 125 bytes, ahead of queued messages as far as frames allow.
    ///
    /// Cancel safe: dropped, the ping is queued or not.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), and what [`Sender::ping`] refuses.
    pub async fn ping(&mut self, payload: &[u8]) -> Result<(), Error> {
        self.sender()?.ping(payload)?;
        self.flush().await
    }

    /// Waits until all that is queued has left.
    ///
    /// Cancel safe: what is queued stays queued.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn flush(&mut self) -> Result<(), Error> {
        poll_fn(|cx| self.poll_flushed(cx)).await
    }

    /// Closes the connection: starts the closing handshake unless the peer has, and waits until it is done, at
    /// most [`Config::close_timeout`](sansws_core::Config::close_timeout) once what was queued has left, which may take
    /// up to [`Config::write_timeout`](sansws_core::Config::write_timeout). Messages that still arrive are dropped; to
    /// have them, [`start_close`](Self::start_close) and go on with [`next`](Self::next). Returns the peer's Close
    /// frame, `None` if it was empty.
    ///
    /// ```text
    /// ws.close(None).await?;                                  // an empty Close frame
    /// ws.close(CloseCode::NORMAL).await?;
    /// ws.close(CloseFrame::new(4000, "game over")).await?;
    /// ```
    ///
    /// Cancel safe: the Close frame is queued at once.
    ///
    /// # Errors
    ///
    /// [`SendError::InvalidCloseCode`](sansws_core::SendError::InvalidCloseCode), [`SendError::ReasonTooLong`](sansws_core::SendError::ReasonTooLong); [`TimedOut::Close`](sansws_core::TimedOut::Close)
    /// and other failures.
    pub async fn close(&mut self, frame: impl Into<Option<CloseFrame>>) -> Result<Option<CloseFrame>, Error> {
        self.start_close(frame)?;
        while poll_fn(|cx| self.poll_ready_event(cx)).await? {
            self.engine.connection.skip();
        }
        Ok(self.close_frame().cloned())
    }

    /// Queues a Close frame and returns at once. It leaves with whatever is awaited next.
    ///
    /// # Errors
    ///
    /// [`SendError::InvalidCloseCode`](sansws_core::SendError::InvalidCloseCode), [`SendError::ReasonTooLong`](sansws_core::SendError::ReasonTooLong).
    pub fn start_close(&mut self, frame: impl Into<Option<CloseFrame>>) -> Result<(), Error> {
        Ok(self.engine.connection.close(frame.into())?)
    }

    /// The subprotocol that the handshake agreed on (RFC 6455 §1.9).
    #[must_use]
    pub fn protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }

    /// The peer's Close frame; `None` if none came or it was empty, see [`is_clean`](Self::is_clean).
    #[must_use]
    pub fn close_frame(&self) -> Option<&CloseFrame> {
        self.engine.connection.close_frame()
    }

    /// Whether messages can be sent: no Close frame was sent or received, and nothing has failed.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.engine.connection.is_open() && !self.engine.is_broken()
    }

    /// Whether the closing handshake is complete (RFC 6455 §7.1.4).
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.engine.connection.is_clean()
    }

    /// How many payload bytes of messages are queued, without framing. WHATWG calls this `bufferedAmount`.
    #[must_use]
    pub fn buffered_amount(&self) -> u64 {
        self.engine.connection.buffered_amount()
    }

    /// How much data messages were, and what they were on the wire.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.engine.connection.traffic()
    }

    /// The transport.
    #[must_use]
    pub const fn get_ref(&self) -> &T {
        &self.engine.transport
    }

    /// The transport, as it is: what is queued is dropped, and what was read of it stays unread for others.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.engine.transport
    }

    /// Whether an event is ready to be taken; false at the end.
    fn poll_ready_event(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Error>> {
        // Messages that have arrived already cost no look at the transport, the clock or the wakers.
        if self.engine.connection.sender().has_room() && self.engine.decode() {
            return Poll::Ready(Ok(true));
        }
        self.engine.drive(&mut self.wakers.register(Side::Reader, cx));
        if self.engine.connection.is_ready() {
            return Poll::Ready(Ok(true));
        }
        match self.engine.take_end() {
            Some(end) => Poll::Ready(end.map(|()| false)),
            None => Poll::Pending,
        }
    }

    /// Whether a message is ready to be taken; false at the end.
    fn poll_ready_message(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Error>> {
        while ready!(self.poll_ready_event(cx))? {
            match self.engine.connection.peek() {
                Some(EventKind::Message) => return Poll::Ready(Ok(true)),
                Some(EventKind::Fragment) => return Poll::Ready(Err(Error::Fragment)),
                Some(_) | None => self.engine.connection.skip(),
            }
        }
        Poll::Ready(Ok(false))
    }

    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, Error>>> {
        Poll::Ready(match ready!(self.poll_ready_message(cx)) {
            Ok(true) => match self.engine.connection.take() {
                Some(Event::Message(message)) => Some(Ok(message)),
                Some(_) | None => None, // not reached: a message is ready
            },
            Ok(false) => None,
            Err(error) => Some(Err(error)),
        })
    }

    /// As `poll_ready`, and that there is room for a reply. An event that is ready stays so.
    fn poll_serve(
        &mut self,
        cx: &mut Context<'_>,
        poll_ready: impl Fn(&mut Self, &mut Context<'_>) -> Poll<Result<bool, Error>>,
    ) -> Poll<Result<bool, Error>> {
        let is_ready = ready!(poll_ready(self, cx))?;
        if is_ready {
            ready!(self.poll_room(cx))?;
            self.lend_output();
        }
        Poll::Ready(Ok(is_ready))
    }

    /// Waits until a message may be queued.
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if !self.engine.is_over() {
            if self.engine.connection.sender().has_room() {
                return Poll::Ready(Ok(()));
            }
            self.engine.drive(&mut self.wakers.register(Side::Writer, cx));
        }
        match self.poll_writer_end() {
            Poll::Pending if self.engine.connection.sender().has_room() => Poll::Ready(Ok(())),
            ended => ended,
        }
    }

    fn poll_flushed(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.engine.is_flushed() {
            return Poll::Ready(Ok(()));
        }
        if !self.engine.is_over() {
            self.engine.drive(&mut self.wakers.register(Side::Writer, cx));
        }
        if self.engine.is_flushed() {
            return Poll::Ready(Ok(()));
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

    /// The sending half, to queue what is to be sent without waiting. It leaves with whatever is awaited next that
    /// reads or flushes.
    ///
    /// # Errors
    ///
    /// [`SendError::Closed`](sansws_core::SendError::Closed), or the error that ended the connection if nobody was told yet.
    pub fn sender(&mut self) -> Result<&mut Sender, Error> {
        if let Some(error) = self.engine.take_broken() {
            return Err(error);
        }
        self.lend_output();
        Ok(self.engine.connection.sender())
    }

    fn start_send(&mut self, message: Message) -> Result<(), Error> {
        Ok(self.sender()?.send(message)?)
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

impl<T: Transport + Unpin, C: Clock + Unpin> Stream for WsStream<T, C> {
    type Item = Result<Message, Error>;

    /// As [`WsStream::next`].
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_message(cx)
    }
}

impl<T: Transport + Unpin, C: Clock + Unpin> Sink<Message> for WsStream<T, C> {
    type Error = Error;

    /// Ready unless too much is queued.
    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.get_mut().poll_room(cx)
    }

    /// Queues the message.
    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        self.get_mut().start_send(message)
    }

    /// As [`WsStream::flush`].
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.get_mut().poll_flushed(cx)
    }

    /// Sends what is queued, then an empty Close frame. The rest of the closing handshake is the reader's, who still
    /// gets what the peer sends before it closes; alone, [`WsStream::close`] does all of it.
    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let this = self.get_mut();
        if let Some(end) = this.engine.take_end() {
            return Poll::Ready(end);
        }
        this.start_close(None)?;
        this.poll_flushed(cx)
    }
}
