//! [`NonBlocking`]: a WebSocket for callers who wait for readiness by themselves.

use crate::accepting::{Accepting, Decide};
use crate::behalf::Caller;
use crate::connecting::Connecting;
use crate::drive::Engine;
use crate::error::Error;
use crate::inner::Inner;
use crate::link::Link;
use crate::opening::Opened;
use crate::runtime::Clock;
use crate::transport::Transport;
use crate::turns::{self, settle};
use crate::wakers::Side;
use sansws_core::handshake::Response;
use sansws_core::{CloseFrame, Config, Connection, Event, EventRef, Fragment, Message, MessageRef, Sender, Traffic};
use std::fmt;
use std::task::{Context, Poll};
use std::time::Duration;

/// A WebSocket for callers who wait for readiness by themselves, from the opening handshake on.
///
/// Nothing here waits. What cannot be done yet gives [`Error::WouldBlock`], and can be done again once the stream is
/// ready or [`timeout`](Self::timeout) has passed. Any call goes on with the opening handshake while there is one.
///
/// | call | `WouldBlock` means |
/// |---|---|
/// | `open` | the handshake is under way |
/// | `read`, `next`, `read_event`, `next_event`, `idle` | all that has arrived was given out |
/// | `serve`, `serve_events` | all that has arrived was handled, or the peer does not take the replies |
/// | `ready`, `feed`, `send` and their like | nothing was queued: the handshake is under way, or too much is queued |
/// | `flush` | something is still queued |
///
/// # Readiness
///
/// `WouldBlock` is said when the transport would block and not before: edge-triggered notifications will do, as long
/// as the caller, once it was told of any readiness, goes on to read (or serve) until `WouldBlock`. Reading writes,
/// too: pongs, the closing handshake, and all that is queued. Sending reads nothing, unless it completes the opening
/// handshake: then as well, read until `WouldBlock`, since messages may have come with the peer's head.
///
/// # Fairness
///
/// One call of `serve` reads 32 times at most, up to 256 KiB each, and then says that there is more. All other calls
/// are bounded by what they are for: one that reads goes on until one message is whole, of which
/// [`Limits::message`](sansws_core::Limits::message) is the limit; pings and pongs count as nothing there, so that who
/// has peers to fear that send nothing else, faster than they are read, uses `serve` or `read_event`.
///
/// # The end
///
/// When the peer closes, reading gives `None` once the closing handshake is done; [`close_frame`](Self::close_frame)
/// says how it ended. An error is given once, by whichever call meets it; after it, reading gives `None` and sending
/// [`SendError::Closed`](sansws_core::SendError::Closed). To drop a `NonBlocking` is to drop the connection without a
/// closing handshake.
///
/// # Memory
///
/// An idle open one holds no buffer, no waker and nothing on the heap beyond itself, unless TLS or compression does.
pub struct NonBlocking<T, C> {
    /// `None` only while it goes from one stage to the next.
    stage: Option<Stage<T, C>>,
}

#[expect(clippy::large_enum_variant, reason = "the large one is the usual one")]
enum Stage<T, C> {
    Accepting(Box<Accepting<T, C, Decide>>),
    Connecting(Box<Connecting<T, C>>),
    /// It is open, or has ended.
    Open(Inner<T, C, Caller>),
}

const BETWEEN: &str = "it is always in a stage";

impl<T: Transport, C: Clock + Default> NonBlocking<T, C> {
    pub(crate) const fn accepting(accepting: Box<Accepting<T, C, Decide>>) -> Self {
        Self { stage: Some(Stage::Accepting(accepting)) }
    }

    pub(crate) const fn connecting(connecting: Box<Connecting<T, C>>) -> Self {
        Self { stage: Some(Stage::Connecting(connecting)) }
    }

    /// One that has ended before it began.
    #[cfg(feature = "web")]
    pub(crate) fn ended(link: Link<T>) -> Self {
        Self { stage: Some(Stage::Open(ended(link))) }
    }

    /// A WebSocket whose opening handshake is done: for those who upgrade through an HTTP library and made the
    /// [`Connection`] themselves.
    pub fn from_connection(transport: T, connection: Connection) -> Self {
        let opened = Opened { link: Link::plain(transport), connection, protocol: None };
        Self { stage: Some(Stage::Open(opened.driven_for(Caller))) }
    }

    /// Goes on with the opening handshake, as any call does, and says when it is done. The server's answer comes from
    /// the call that completes it, if that is this one.
    ///
    /// # Errors
    ///
    /// [`Error::WouldBlock`]; as [`Acceptor::accept`](crate::Acceptor::accept) or
    /// [`Connector::connect_over`](crate::Connector::connect_over) once it has failed, and then
    /// [`SendError::Closed`](sansws_core::SendError::Closed).
    pub fn open(&mut self) -> Result<Option<Response>, Error> {
        let polled = match self.stage_mut() {
            Stage::Accepting(accepting) => settle(|cx| accepting.poll(cx)),
            Stage::Connecting(connecting) => settle(|cx| connecting.poll(cx)),
            Stage::Open(inner) => return inner.engine.take_broken().map_or(Ok(None), Err),
        };
        let Poll::Ready(opened) = polled else { return Err(Error::WouldBlock) };
        let response = self.leave_opening();
        opened.map(|()| response)
    }

    /// The next message, lent until the next call; `None` when the connection is closed. Pings, pongs and the closing
    /// handshake are taken care of.
    ///
    /// # Errors
    ///
    /// [`Error::WouldBlock`]; once, [`Error::Protocol`], [`Error::Io`], [`Error::TimedOut`] or what
    /// [`open`](Self::open) gives, and then `None`.
    pub fn read(&mut self) -> Result<Option<MessageRef<'_>>, Error> {
        if !self.poll(Inner::poll_message)? {
            return Ok(None);
        }
        Ok(match self.inner()?.engine.connection.lend() {
            Some((EventRef::Message(message), _)) => Some(message),
            Some(_) | None => None, // not reached: a message is ready
        })
    }

    /// The next message; `None` when the connection is closed. It shares the memory of the read that it came with; see
    /// [`WsStream::next`](crate::WsStream::next).
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    #[expect(clippy::should_implement_trait, reason = "the name that it has everywhere; an iterator cannot block")]
    pub fn next(&mut self) -> Result<Option<Message>, Error> {
        self.poll(|inner, cx| inner.poll_next(cx).map(Option::transpose))
    }

    /// The next event of any kind, lent until the next call: also fragments, pings (answered already), pongs, and the
    /// peer's Close frame. `None` when the connection is closed.
    ///
    /// Pings and pongs are given out from the first call on; before, and without it, they are dropped.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn read_event(&mut self) -> Result<Option<EventRef<'_>>, Error> {
        if !self.poll(Inner::poll_any_event)? {
            return Ok(None);
        }
        Ok(self.inner()?.engine.connection.lend().map(|(event, _)| event))
    }

    /// The next event of any kind; see [`read_event`](Self::read_event).
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn next_event(&mut self) -> Result<Option<Event>, Error> {
        self.poll(|inner, cx| inner.poll_next_event(cx).map(Option::transpose))
    }

    /// Calls `handle` with each message that is there. The handler gets the message on loan and the sending half;
    /// replies to all messages of one read leave in one write. This is the fastest loop.
    ///
    /// True: there is more, and others should have their turn; call again without waiting for readiness. False: the
    /// connection is closed. While the peer does not take its replies, no more messages are handled.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), and what the handler returns; what was queued before that has not left.
    pub fn serve<E: Into<Error>>(
        &mut self,
        mut handle: impl FnMut(MessageRef<'_>, &mut Sender) -> Result<(), E>,
    ) -> Result<bool, Error> {
        self.serve_by(Inner::poll_message, |event, sender| match event {
            EventRef::Message(message) => handle(message, sender),
            _ => Ok(()), // not reached: a message is ready
        })
    }

    /// Calls `handle` with each event that is there; see [`serve`](Self::serve) and [`read_event`](Self::read_event).
    ///
    /// # Errors
    ///
    /// As [`serve`](Self::serve).
    pub fn serve_events<E: Into<Error>>(
        &mut self,
        handle: impl FnMut(EventRef<'_>, &mut Sender) -> Result<(), E>,
    ) -> Result<bool, Error> {
        self.serve_by(Inner::poll_any_event, handle)
    }

    fn serve_by<E: Into<Error>>(
        &mut self,
        is_ready: impl Fn(&mut Inner<T, C, Caller>, &mut Context<'_>) -> Poll<Result<bool, Error>>,
        mut handle: impl FnMut(EventRef<'_>, &mut Sender) -> Result<(), E>,
    ) -> Result<bool, Error> {
        let inner = self.inner()?;
        loop {
            let (polled, woken) = turns::one(|cx| inner.poll_serve(cx, &is_ready));
            match polled {
                Poll::Ready(Ok(true)) => {}
                Poll::Ready(ended) => return ended,
                Poll::Pending if woken => return Ok(true),
                Poll::Pending => return Err(Error::WouldBlock),
            }
            inner.serve(&mut handle).map_err(Into::into)?;
        }
    }

    /// Keeps the connection alive while there is nothing to do: pings are answered and sent, what is queued leaves, time
    /// counts. True if a message or another event has arrived, which is still there to be taken; false when the
    /// connection is closed.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn idle(&mut self) -> Result<bool, Error> {
        self.poll(Inner::poll_event)
    }

    /// Whether a message may be queued without too much being queued then; see
    /// [`WsStream::ready`](crate::WsStream::ready). All that sends messages asks this first.
    ///
    /// # Errors
    ///
    /// [`Error::WouldBlock`] if not; as [`send`](Self::send).
    pub fn ready(&mut self) -> Result<(), Error> {
        self.poll(|inner, cx| inner.poll_room(Side::Writer, cx))
    }

    /// Sends a message: queues it, and writes what the transport takes. The rest leaves with later calls.
    ///
    /// If it would block, nothing is queued and the message is dropped: ask [`ready`](Self::ready) before, or keep a
    /// clone, which copies nothing.
    ///
    /// # Errors
    ///
    /// [`Error::WouldBlock`]; [`SendError::Closed`](sansws_core::SendError::Closed) when the connection is closing;
    /// [`Error::Io`], [`Error::TimedOut`], [`Error::Protocol`] or what [`open`](Self::open) gives if it failed and nobody
    /// was told yet.
    pub fn send(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        self.feed(message)?;
        self.push()
    }

    /// Sends a message that is lent, copying it; else as [`send`](Self::send).
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_ref<'a>(&mut self, message: impl Into<MessageRef<'a>>) -> Result<(), Error> {
        self.feed_ref(message)?;
        self.push()
    }

    /// Sends the next piece of a message in a frame of its own (RFC 6455 §5.4); else as [`send`](Self::send).
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), and what [`Sender::send_fragment`] refuses.
    pub fn send_fragment(&mut self, fragment: Fragment) -> Result<(), Error> {
        self.ready()?;
        self.sender()?.send_fragment(fragment)?;
        self.push()
    }

    /// Queues a message, and writes nothing: for many in a row. It leaves with the next call that reads or flushes;
    /// until then, [`timeout`](Self::timeout) says that there is something to do.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn feed(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        self.ready()?;
        Ok(self.sender()?.send(message)?)
    }

    /// Queues a message that is lent, copying it; else as [`feed`](Self::feed).
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn feed_ref<'a>(&mut self, message: impl Into<MessageRef<'a>>) -> Result<(), Error> {
        self.ready()?;
        Ok(self.sender()?.send_ref(message)?)
    }

    /// Sends a ping of at most 125 bytes, ahead of queued messages as far as frames allow.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), and what [`Sender::ping`] refuses. It would block only in the opening handshake.
    pub fn ping(&mut self, payload: &[u8]) -> Result<(), Error> {
        self.sender()?.ping(payload)?;
        self.push()
    }

    /// Writes what is queued.
    ///
    /// # Errors
    ///
    /// [`Error::WouldBlock`] unless all has left; as [`send`](Self::send).
    pub fn flush(&mut self) -> Result<(), Error> {
        self.poll(|inner, cx| inner.poll_flushed(Side::Writer, cx))
    }

    /// Starts the closing handshake, unless the peer has: go on reading until `None`. In the opening handshake, gives
    /// that up.
    ///
    /// # Errors
    ///
    /// [`SendError::InvalidCloseCode`](sansws_core::SendError::InvalidCloseCode),
    /// [`SendError::ReasonTooLong`](sansws_core::SendError::ReasonTooLong); as [`send`](Self::send), but it never would
    /// block.
    pub fn close(&mut self, frame: impl Into<Option<CloseFrame>>) -> Result<(), Error> {
        if self.is_opening() {
            self.leave_opening();
            return Ok(());
        }
        self.inner()?.start_close(frame.into())?;
        match self.push() {
            Err(error) if error.is_closed() => Ok(()),
            pushed => pushed,
        }
    }

    /// The sending half, to queue what is to be sent without asking whether there is room; else as [`feed`](Self::feed).
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send). It would block only in the opening handshake.
    pub fn sender(&mut self) -> Result<&mut Sender, Error> {
        self.inner()?.sender()
    }

    /// Whether a call would go on once the stream is writable. That it is readable always matters.
    #[must_use]
    pub fn wants_write(&self) -> bool {
        match self.stage() {
            Stage::Accepting(accepting) => accepting.wants_write(),
            Stage::Connecting(connecting) => connecting.wants_write(),
            Stage::Open(inner) => inner.engine.wants_write(),
        }
    }

    /// How long may be waited for readiness before any call that reads is due nonetheless: deadlines are kept by such
    /// calls. `None`: for ever. It changes with each call.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        match self.stage() {
            Stage::Accepting(accepting) => Some(accepting.opening.timeout()),
            Stage::Connecting(connecting) => Some(connecting.opening.timeout()),
            Stage::Open(inner) => inner.engine.timeout(),
        }
    }

    /// Whether messages can be sent: the opening handshake is done, no Close frame was sent or received, and nothing
    /// has failed.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.opened().is_some_and(Inner::is_open)
    }

    /// Whether the opening handshake is under way.
    #[must_use]
    pub fn is_opening(&self) -> bool {
        self.opened().is_none()
    }

    /// The peer's Close frame; `None` if none came or it was empty, see [`is_clean`](Self::is_clean).
    #[must_use]
    pub fn close_frame(&self) -> Option<&CloseFrame> {
        self.opened()?.engine.connection.close_frame()
    }

    /// Whether the closing handshake is complete (RFC 6455 §7.1.4).
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.opened().is_some_and(|inner| inner.engine.connection.is_clean())
    }

    /// The subprotocol that the handshake agreed on (RFC 6455 §1.9).
    #[must_use]
    pub fn protocol(&self) -> Option<&str> {
        self.opened()?.protocol.as_deref()
    }

    /// How many payload bytes of messages are queued, without framing. WHATWG calls this `bufferedAmount`.
    #[must_use]
    pub fn buffered_amount(&self) -> u64 {
        self.opened().map_or(0, |inner| inner.engine.connection.buffered_amount())
    }

    /// How much data messages were, and what they were on the wire.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.opened().map(|inner| inner.engine.connection.traffic()).unwrap_or_default()
    }

    /// What TLS agreed on, if there is TLS: the peer's certificates, ALPN, the version.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(&self) -> Option<&rustls::CommonState> {
        self.link().tls.as_ref().map(|session| session.state())
    }

    /// The transport, under TLS if there is.
    #[must_use]
    pub fn get_ref(&self) -> &T {
        &self.link().transport
    }

    /// The transport, under TLS if there is: to register it. What others read of it or write to it is lost to the
    /// connection.
    pub fn get_mut(&mut self) -> &mut T {
        let link = match self.stage_mut() {
            Stage::Accepting(accepting) => &mut accepting.opening.link,
            Stage::Connecting(connecting) => &mut connecting.opening.link,
            Stage::Open(inner) => &mut inner.engine.link,
        };
        &mut link.transport
    }

    fn link(&self) -> &Link<T> {
        match self.stage() {
            Stage::Accepting(accepting) => &accepting.opening.link,
            Stage::Connecting(connecting) => &connecting.opening.link,
            Stage::Open(inner) => &inner.engine.link,
        }
    }

    fn stage(&self) -> &Stage<T, C> {
        self.stage.as_ref().expect(BETWEEN)
    }

    fn stage_mut(&mut self) -> &mut Stage<T, C> {
        self.stage.as_mut().expect(BETWEEN)
    }

    fn opened(&self) -> Option<&Inner<T, C, Caller>> {
        match self.stage() {
            Stage::Accepting(_) | Stage::Connecting(_) => None,
            Stage::Open(inner) => Some(inner),
        }
    }

    /// What drives it, once it is open.
    #[cfg(feature = "web")]
    pub(crate) fn engine(&mut self) -> Option<&mut Engine<T, C>> {
        match self.stage_mut() {
            Stage::Accepting(_) | Stage::Connecting(_) => None,
            Stage::Open(inner) => Some(&mut inner.engine),
        }
    }

    /// It, once it is open.
    fn inner(&mut self) -> Result<&mut Inner<T, C, Caller>, Error> {
        if self.is_opening() {
            self.open()?;
        }
        match self.stage_mut() {
            Stage::Accepting(_) | Stage::Connecting(_) => Err(Error::WouldBlock), // not reached: it is open
            Stage::Open(inner) => Ok(inner),
        }
    }

    /// The opening handshake is done, failed or given up.
    pub(crate) fn leave_opening(&mut self) -> Option<Response> {
        let (inner, response) = match self.stage.take().expect(BETWEEN) {
            Stage::Accepting(accepting) => {
                (accepting.opened().map_or_else(ended, |opened| opened.driven_for(Caller)), None)
            }
            Stage::Connecting(connecting) => match connecting.opened() {
                Ok((opened, response)) => (opened.driven_for(Caller), Some(response)),
                Err(link) => (ended(link), None),
            },
            Stage::Open(inner) => (inner, None),
        };
        self.stage = Some(Stage::Open(inner));
        response
    }

    /// Asks for as long as that helps without waiting.
    fn poll<R>(
        &mut self,
        mut poll: impl FnMut(&mut Inner<T, C, Caller>, &mut Context<'_>) -> Poll<Result<R, Error>>,
    ) -> Result<R, Error> {
        let inner = self.inner()?;
        match settle(|cx| poll(inner, cx)) {
            Poll::Ready(result) => result,
            Poll::Pending => Err(Error::WouldBlock),
        }
    }

    /// Writes what the transport takes.
    fn push(&mut self) -> Result<(), Error> {
        match self.flush() {
            Err(Error::WouldBlock) => Ok(()),
            flushed => flushed,
        }
    }
}

/// One that has ended before it began.
fn ended<T: Transport, C: Clock + Default>(link: Link<T>) -> Inner<T, C, Caller> {
    let clock = C::default();
    let connection = Connection::server(Config::default(), clock.now());
    let mut engine = Engine::new(link, clock, connection);
    engine.end();
    Inner { engine, behalf: Caller, protocol: None }
}

impl<T: fmt::Debug, C: fmt::Debug> fmt::Debug for NonBlocking<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.stage {
            Some(Stage::Open(inner)) => f.debug_tuple("NonBlocking").field(inner).finish(),
            Some(Stage::Accepting(_) | Stage::Connecting(_)) | None => f.write_str("NonBlocking(..)"),
        }
    }
}
