//! [`WsStream`]: an open WebSocket over a transport.

use crate::drive::Engine;
use crate::error::Error;
use crate::halves::{Reader, Writer};
use crate::inner::Inner;
use crate::link::Link;
use crate::runtime::Clock;
use crate::transport::Transport;
use crate::wakers::{Side, Wakers};
use futures_core::Stream;
use futures_sink::Sink;
use sansws_core::{CloseFrame, Connection, Event, EventRef, Fragment, Message, MessageRef, Prepared, Sender, Traffic};
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
/// | `flush`, `ready`, `idle` | what is queued stays queued, what has arrived is still there |
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
    inner: Box<Inner<T, C>>, // so that tasks and moves are small
}

impl<T: Transport, C: Clock> WsStream<T, C> {
    /// A WebSocket whose opening handshake is done.
    ///
    /// Adapters have `accept` and `connect`; this is for those who upgrade through an HTTP library and made
    /// the [`Connection`] themselves.
    pub fn from_connection(transport: T, clock: C, connection: Connection) -> Self {
        let engine = Engine::new(Link::plain(transport), clock, connection);
        Self::new(Inner { engine, behalf: Wakers::new(), protocol: None })
    }

    pub(crate) fn new(inner: Inner<T, C>) -> Self {
        Self { inner: Box::new(inner) }
    }

    /// The next message; `None` when the connection is closed. Pings, pongs and the closing handshake are
    /// taken care of.
    ///
    /// The message shares the memory of the read that it came with, up to 256 KiB: who keeps small messages for long
    /// should copy them. [`read`](Self::read) and [`serve`](Self::serve) lend instead.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// Once, [`Error::Protocol`], [`Error::Io`] or [`Error::TimedOut`], and then `None`.
    pub async fn next(&mut self) -> Option<Result<Message, Error>> {
        poll_fn(|cx| self.inner.poll_next(cx)).await
    }

    /// The next message, lent until the next call; `None` when the connection is closed.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next).
    pub async fn read(&mut self) -> Result<Option<MessageRef<'_>>, Error> {
        if !poll_fn(|cx| self.inner.poll_message(cx)).await? {
            return Ok(None);
        }
        Ok(match self.inner.engine.connection.lend() {
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
        poll_fn(|cx| self.inner.poll_next_event(cx)).await
    }

    /// The next event, lent until the next call; see [`next_event`](Self::next_event).
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next).
    pub async fn read_event(&mut self) -> Result<Option<EventRef<'_>>, Error> {
        if !poll_fn(|cx| self.inner.poll_any_event(cx)).await? {
            return Ok(None);
        }
        Ok(self.inner.engine.connection.lend().map(|(event, _)| event))
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
            while ready!(self.inner.poll_serve(cx, Inner::poll_message))? {
                let handled = self.inner.serve(|event, sender| match event {
                    EventRef::Message(message) => handle(message, sender),
                    _ => Ok(()), // not reached: a message is ready
                });
                handled.map_err(Into::into)?;
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
        poll_fn(|cx| {
            while ready!(self.inner.poll_serve(cx, Inner::poll_any_event))? {
                self.inner.serve(&mut handle).map_err(Into::into)?;
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
        self.ready().await?;
        Ok(self.sender()?.send(message)?)
    }

    /// Queues a message that is lent, copying it; else as [`feed`](Self::feed).
    ///
    /// Cancel safe: dropped, the message is queued whole or not at all.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn feed_ref<'a>(&mut self, message: impl Into<MessageRef<'a>>) -> Result<(), Error> {
        self.ready().await?;
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
        self.ready().await?;
        Ok(self.sender()?.send_plain(message)?)
    }

    /// Queues a message that others are sent, too, and which is encoded once for them all, see [`Prepared`]; else as
    /// [`feed`](Self::feed).
    ///
    /// Cancel safe: dropped, the message is queued whole or not at all.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn feed_prepared(&mut self, prepared: &Prepared) -> Result<(), Error> {
        self.ready().await?;
        Ok(self.sender()?.send_prepared(prepared)?)
    }

    /// Sends the next piece of a message in a frame of its own (RFC 6455 §5.4); else as [`send`](Self::send).
    ///
    /// Cancel safe: dropped, the fragment is queued whole or not at all.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), and what [`Sender::send_fragment`] refuses.
    pub async fn send_fragment(&mut self, fragment: Fragment) -> Result<(), Error> {
        self.ready().await?;
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

    /// Waits until a message may be queued without too much being queued then: less than
    /// [`Limits::output_high`](sansws_core::Limits::output_high), and after it was reached, no more than
    /// [`Limits::output_low`](sansws_core::Limits::output_low). [`feed`](Self::feed) waits for this by itself.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn ready(&mut self) -> Result<(), Error> {
        poll_fn(|cx| self.inner.poll_room(Side::Writer, cx)).await
    }

    /// Waits until all that is queued has left.
    ///
    /// Cancel safe: what is queued stays queued.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn flush(&mut self) -> Result<(), Error> {
        poll_fn(|cx| self.inner.poll_flushed(Side::Writer, cx)).await
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
        while poll_fn(|cx| self.inner.poll_event(cx)).await? {
            self.inner.engine.connection.skip();
        }
        Ok(self.close_frame().cloned())
    }

    /// Queues a Close frame and returns at once. It leaves with whatever is awaited next.
    ///
    /// # Errors
    ///
    /// [`SendError::InvalidCloseCode`](sansws_core::SendError::InvalidCloseCode), [`SendError::ReasonTooLong`](sansws_core::SendError::ReasonTooLong).
    pub fn start_close(&mut self, frame: impl Into<Option<CloseFrame>>) -> Result<(), Error> {
        self.inner.start_close(frame.into())
    }

    /// Keeps the connection alive while there is nothing to do: pings are answered and sent, what is queued leaves, time
    /// counts. True once a message or another event has arrived, which is still there to be taken; false when the connection
    /// is closed.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next).
    pub async fn idle(&mut self) -> Result<bool, Error> {
        poll_fn(|cx| self.inner.poll_event(cx)).await
    }

    /// Splits it into halves that can live on two tasks. Whoever is polled drives both: pings are answered while only the
    /// writer is, pongs and the closing handshake leave while only the reader is. If the reader is dropped, what arrives is.
    ///
    /// [`Reader::reunite`] undoes it.
    #[must_use]
    pub fn split(self) -> (Reader<T, C>, Writer<T, C>) {
        crate::halves::split(*self.inner)
    }

    /// The subprotocol that the handshake agreed on (RFC 6455 §1.9).
    #[must_use]
    pub fn protocol(&self) -> Option<&str> {
        self.inner.protocol.as_deref()
    }

    /// The peer's Close frame; `None` if none came or it was empty, see [`is_clean`](Self::is_clean).
    #[must_use]
    pub fn close_frame(&self) -> Option<&CloseFrame> {
        self.inner.engine.connection.close_frame()
    }

    /// Whether messages can be sent: no Close frame was sent or received, and nothing has failed.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.inner.is_open()
    }

    /// Whether the closing handshake is complete (RFC 6455 §7.1.4).
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.inner.engine.connection.is_clean()
    }

    /// How many payload bytes of messages are queued, without framing. WHATWG calls this `bufferedAmount`.
    #[must_use]
    pub fn buffered_amount(&self) -> u64 {
        self.inner.engine.connection.buffered_amount()
    }

    /// How much data messages were, and what they were on the wire.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.inner.engine.connection.traffic()
    }

    /// What TLS agreed on, if there is TLS: the peer's certificates, ALPN, the version.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(&self) -> Option<&rustls::CommonState> {
        self.inner.engine.link.tls.as_ref().map(|session| session.state())
    }

    /// The transport, under TLS if there is.
    #[must_use]
    pub fn get_ref(&self) -> &T {
        &self.inner.engine.link.transport
    }

    /// The transport, under TLS if there is, as it is: what is queued is dropped, and what was read of it stays unread for others.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.inner.engine.link.transport
    }

    /// The sending half, to queue what is to be sent without waiting. It leaves with whatever is awaited next that
    /// reads or flushes.
    ///
    /// # Errors
    ///
    /// [`SendError::Closed`](sansws_core::SendError::Closed), or the error that ended the connection if nobody was told yet.
    pub fn sender(&mut self) -> Result<&mut Sender, Error> {
        self.inner.sender()
    }
}

impl<T: Transport + Unpin, C: Clock + Unpin> Stream for WsStream<T, C> {
    type Item = Result<Message, Error>;

    /// As [`WsStream::next`].
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().inner.poll_next(cx)
    }
}

impl<T: Transport + Unpin, C: Clock + Unpin> Sink<Message> for WsStream<T, C> {
    type Error = Error;

    /// Ready unless too much is queued.
    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.get_mut().inner.poll_room(Side::Writer, cx)
    }

    /// Queues the message.
    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        Ok(self.get_mut().sender()?.send(message)?)
    }

    /// As [`WsStream::flush`].
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.get_mut().inner.poll_flushed(Side::Writer, cx)
    }

    /// Sends what is queued, then an empty Close frame. The rest of the closing handshake is the reader's, who still
    /// gets what the peer sends before it closes; alone, [`WsStream::close`] does all of it.
    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.get_mut().inner.poll_close(Side::Writer, cx)
    }
}
