//! [`WsStream`]: an open WebSocket, whose calls block.

use super::halves::{self, Reader, Writer};
use super::patience::Patience;
use super::socket::{Socket, Transport};
use super::waits::Timer;
use sansws_core::{
    CloseFrame, Connection, Event, EventRef, Fragment, Message, MessageRef, Prepared, SendError, Sender, Traffic,
};
use sansws_driver::Error;
use std::net::TcpStream;
use std::time::Duration;

/// An open WebSocket, whose calls block. The messages are its items.
///
/// # Timeouts
///
/// [`set_timeout`](Self::set_timeout) bounds each call. If time passes, the connection is unharmed, and the call can be
/// repeated:
///
/// | call | if time passes |
/// |---|---|
/// | `next`, `read`, `next_event`, `read_event`, `idle` | `WouldBlock`; nothing is lost |
/// | `serve`, `serve_events` | `WouldBlock`; each message was handled whole or not at all |
/// | `send`, `feed`, `ready` and their like | `WouldBlock`, if nothing was queued |
/// | `send`, `send_fragment`, `ping` | success, if it was queued: it leaves with later calls |
/// | `flush` | `WouldBlock`; what is queued stays queued |
/// | `close` | `WouldBlock`; the Close frame is queued, and another call goes on with the closing handshake |
///
/// # The end
///
/// As for [`sansws_driver::WsStream`]: when the peer closes, `next` gives `None`, after an error it gives that once.
/// To drop a `WsStream` is to drop the connection without a closing handshake.
#[derive(Debug)]
pub struct WsStream<S = TcpStream> {
    pub(super) ws: sansws_driver::WsStream<Transport<S>, Timer>,
    pub(super) patience: Patience,
}

impl<S> From<sansws_driver::WsStream<Transport<S>, Timer>> for WsStream<S> {
    fn from(ws: sansws_driver::WsStream<Transport<S>, Timer>) -> Self {
        Self { ws, patience: Patience::default() }
    }
}

/// As [`WsStream::next`](sansws_driver::WsStream::next): the next message, [`None`] when the connection is closed.
impl<S: Socket> Iterator for WsStream<S> {
    type Item = Result<Message, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.patience.begin().wait(async { self.ws.next().await.transpose() }).transpose()
    }
}

impl<S: Socket> WsStream<S> {
    /// A WebSocket whose opening handshake is done: for those who upgrade through an HTTP library and made the
    /// [`Connection`] themselves.
    pub fn from_connection(stream: S, connection: Connection) -> Self {
        sansws_driver::WsStream::from_connection(Transport::new(stream), Timer::default(), connection).into()
    }

    /// How long a call may wait; `None`, the default: for ever, but for the connection's own deadlines. What else time
    /// does, the [table](Self#timeouts) says.
    pub const fn set_timeout(&mut self, timeout: Option<Duration>) {
        self.patience.set(timeout);
    }

    /// The next message, lent until the next call; `None` when the connection is closed. Pings, pongs and the closing
    /// handshake are taken care of.
    ///
    /// # Errors
    ///
    /// [`Error::WouldBlock`] if time passes; once, [`Error::Protocol`], [`Error::Io`] or [`Error::TimedOut`], and then
    /// `None`.
    pub fn read(&mut self) -> Result<Option<MessageRef<'_>>, Error> {
        self.patience.begin().wait(self.ws.read())
    }

    /// The next event of any kind: also fragments, pings (answered already), pongs, and the peer's Close frame. `None` when
    /// the connection is closed; see [`sansws_driver::WsStream::next_event`].
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn next_event(&mut self) -> Option<Result<Event, Error>> {
        self.patience.begin().wait(async { self.ws.next_event().await.transpose() }).transpose()
    }

    /// The next event, lent until the next call; see [`next_event`](Self::next_event).
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn read_event(&mut self) -> Result<Option<EventRef<'_>>, Error> {
        self.patience.begin().wait(self.ws.read_event())
    }

    /// Calls `handle` with each message until the connection is closed. The handler gets the message on loan and the
    /// sending half; replies to all messages of one read leave in one write. This is the fastest loop; see
    /// [`sansws_driver::WsStream::serve`].
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), and what the handler returns.
    pub fn serve<E: Into<Error>>(
        &mut self,
        handle: impl FnMut(MessageRef<'_>, &mut Sender) -> Result<(), E>,
    ) -> Result<(), Error> {
        self.patience.begin().wait(self.ws.serve(handle))
    }

    /// Calls `handle` with each event until the connection is closed; see [`serve`](Self::serve) and
    /// [`next_event`](Self::next_event).
    ///
    /// # Errors
    ///
    /// As [`serve`](Self::serve).
    pub fn serve_events<E: Into<Error>>(
        &mut self,
        handle: impl FnMut(EventRef<'_>, &mut Sender) -> Result<(), E>,
    ) -> Result<(), Error> {
        self.patience.begin().wait(self.ws.serve_events(handle))
    }

    /// Keeps the connection alive while there is nothing to do: pings are answered and sent, what is queued leaves, time
    /// counts. True once a message or another event has arrived, which is still there to be taken; false when the
    /// connection is closed.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn idle(&mut self) -> Result<bool, Error> {
        self.patience.begin().wait(self.ws.idle())
    }

    /// Sends a message: queues it, and waits until all that is queued has left.
    ///
    /// # Errors
    ///
    /// [`Error::WouldBlock`] if time passes before it is queued;
    /// [`SendError::Closed`] when the connection is closing; [`Error::Io`],
    /// [`Error::TimedOut`] or [`Error::Protocol`] if it failed and nobody was told yet.
    pub fn send(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        self.queue(true, |sender| sender.send(message))
    }

    /// Queues a message, waiting only while too much is queued. It leaves with whatever call comes next that reads or
    /// flushes: nothing fed is ever stranded by waiting for the answer.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn feed(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        self.queue(false, |sender| sender.send(message))
    }

    /// Queues a message that is lent, copying it; else as [`feed`](Self::feed).
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn feed_ref<'a>(&mut self, message: impl Into<MessageRef<'a>>) -> Result<(), Error> {
        self.queue(false, |sender| sender.send_ref(message))
    }

    /// Queues a message that is not to be compressed, see [`send_plain`](Sender::send_plain); else as
    /// [`feed`](Self::feed).
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn feed_plain(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        self.queue(false, |sender| sender.send_plain(message))
    }

    /// Queues a message that others are sent, too, and which is encoded once for them all, see [`Prepared`]; else as
    /// [`feed`](Self::feed).
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn feed_prepared(&mut self, prepared: &Prepared) -> Result<(), Error> {
        self.queue(false, |sender| sender.send_prepared(prepared))
    }

    /// Sends the next piece of a message in a frame of its own (RFC 6455 §5.4); else as [`send`](Self::send).
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), and what [`send_fragment`](Sender::send_fragment) refuses.
    pub fn send_fragment(&mut self, fragment: Fragment) -> Result<(), Error> {
        self.queue(true, |sender| sender.send_fragment(fragment))
    }

    /// Sends a ping of at most 125 bytes, ahead of queued messages as far as frames allow.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), and what [`ping`](Sender::ping) refuses.
    pub fn ping(&mut self, payload: &[u8]) -> Result<(), Error> {
        self.patience.begin().leave(self.ws.ping(payload))
    }

    fn queue(&mut self, flush: bool, act: impl FnOnce(&mut Sender) -> Result<(), SendError>) -> Result<(), Error> {
        let deadline = self.patience.begin();
        deadline.wait(self.ws.ready())?;
        act(self.ws.sender()?)?;
        if flush { deadline.leave(self.ws.flush()) } else { Ok(()) }
    }

    /// Waits until a message may be queued without too much being queued then; see
    /// [`sansws_driver::WsStream::ready`].
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn ready(&mut self) -> Result<(), Error> {
        self.patience.begin().wait(self.ws.ready())
    }

    /// Waits until all that is queued has left.
    ///
    /// # Errors
    ///
    /// [`Error::WouldBlock`] if time passes; as [`send`](Self::send).
    pub fn flush(&mut self) -> Result<(), Error> {
        self.patience.begin().wait(self.ws.flush())
    }

    /// Closes the connection, and waits until the closing handshake is done; messages that still arrive are dropped. Returns
    /// the peer's Close frame, `None` if it was empty; see [`sansws_driver::WsStream::close`].
    ///
    /// # Errors
    ///
    /// [`Error::WouldBlock`] if time passes; as [`sansws_driver::WsStream::close`].
    pub fn close(&mut self, frame: impl Into<Option<CloseFrame>>) -> Result<Option<CloseFrame>, Error> {
        self.patience.begin().wait(self.ws.close(frame))
    }

    /// Queues a Close frame and returns at once. It leaves with whatever call comes next.
    ///
    /// # Errors
    ///
    /// As [`sansws_driver::WsStream::start_close`].
    pub fn start_close(&mut self, frame: impl Into<Option<CloseFrame>>) -> Result<(), Error> {
        self.ws.start_close(frame)
    }

    /// Splits it into halves for two threads, with the same timeout. Whoever waits drives both: pings are answered while only
    /// the writer waits, pongs and the closing handshake leave while only the reader does.
    ///
    /// [`Reader::reunite`] undoes it.
    #[must_use]
    pub fn split(self) -> (Reader<S>, Writer<S>) {
        halves::split(self.ws, self.patience)
    }

    /// The subprotocol that the handshake agreed on (RFC 6455 §1.9).
    #[must_use]
    pub fn protocol(&self) -> Option<&str> {
        self.ws.protocol()
    }

    /// The peer's Close frame; `None` if none came or it was empty, see [`is_clean`](Self::is_clean).
    #[must_use]
    pub fn close_frame(&self) -> Option<&CloseFrame> {
        self.ws.close_frame()
    }

    /// Whether messages can be sent: no Close frame was sent or received, and nothing has failed.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.ws.is_open()
    }

    /// Whether the closing handshake is complete (RFC 6455 §7.1.4).
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.ws.is_clean()
    }

    /// How many payload bytes of messages are queued, without framing. WHATWG calls this `bufferedAmount`.
    #[must_use]
    pub fn buffered_amount(&self) -> u64 {
        self.ws.buffered_amount()
    }

    /// How much data messages were, and what they were on the wire.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.ws.traffic()
    }

    /// What TLS agreed on, if there is TLS: the peer's certificates, ALPN, the version.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(&self) -> Option<&sansws_driver::rustls::CommonState> {
        self.ws.tls()
    }

    /// The socket, under TLS if there is; its calls do not wait.
    #[must_use]
    pub fn get_ref(&self) -> &S {
        self.ws.get_ref().get_ref()
    }

    /// The sending half, to queue what is to be sent without waiting. It leaves with whatever call comes next that reads or
    /// flushes.
    ///
    /// # Errors
    ///
    /// As [`sansws_driver::WsStream::sender`].
    pub fn sender(&mut self) -> Result<&mut Sender, Error> {
        self.ws.sender()
    }
}
