//! [`Sender`]: sends on a connection that is driven elsewhere.

use crate::error::Error;
use crate::halves::Shared;
use crate::inner::Inner;
use crate::runtime::Clock;
use crate::transport::Transport;
use crate::wakers::Side;
use sansws_core::{CloseFrame, Message, SendError};
use std::fmt;
use std::future::poll_fn;
use std::sync::Weak;
use std::task::{Context, Poll, ready};

/// Sends on a connection that is [split](crate::WsStream::split): any number of tasks may hold a clone.
///
/// Messages of one sender keep their order; control frames go ahead of queued messages as far as frames allow. A sender
/// does not keep the connection: when its halves are dropped or reunited, sending gives
/// [`SendError::Closed`](sansws_core::SendError::Closed).
///
/// # Cancel safety
///
/// | future | dropped before it is ready |
/// |---|---|
/// | `send`, `feed`, `ping` | the message is queued whole or not at all |
/// | `flush`, `ready`, `close` | what is queued stays queued |
pub struct Sender<T, C> {
    shared: Weak<Shared<T, C>>,
}

impl<T: Transport, C: Clock> Sender<T, C> {
    pub(crate) const fn new(shared: Weak<Shared<T, C>>) -> Self {
        Self { shared }
    }

    /// Sends a message: queues it, when there is room, and waits until it has left, but not for what others queue
    /// behind it.
    ///
    /// Cancel safe: dropped, the message is queued whole or not at all.
    ///
    /// # Errors
    ///
    /// As [`WsStream::send`](crate::WsStream::send).
    pub async fn send(&self, message: impl Into<Message>) -> Result<(), Error> {
        let total = self.queue(message.into()).await?;
        self.left(total).await
    }

    /// Queues a message, waiting only while too much is queued. It leaves with whatever drives the connection next,
    /// which is woken for that.
    ///
    /// Cancel safe: dropped, the message is queued whole or not at all.
    ///
    /// # Errors
    ///
    /// As [`WsStream::send`](crate::WsStream::send).
    pub async fn feed(&self, message: impl Into<Message>) -> Result<(), Error> {
        self.queue(message.into()).await?;
        self.with(|inner| {
            inner.wakers.wake();
            Ok(())
        })
    }

    /// Queues a message if that can be done without waiting; else as [`feed`](Self::feed).
    ///
    /// # Errors
    ///
    /// [`Error::WouldBlock`] while too much is queued; as [`WsStream::send`](crate::WsStream::send).
    pub fn try_feed(&self, message: impl Into<Message>) -> Result<(), Error> {
        self.with(|inner| {
            let sender = inner.sender()?;
            if !sender.has_room() {
                return Err(Error::WouldBlock);
            }
            sender.send(message)?;
            inner.wakers.wake();
            Ok(())
        })
    }

    /// Sends a ping of at most 125 bytes, ahead of queued messages as far as frames allow.
    ///
    /// Cancel safe: dropped, the ping is queued or not.
    ///
    /// # Errors
    ///
    /// As [`WsStream::ping`](crate::WsStream::ping).
    pub async fn ping(&self, payload: &[u8]) -> Result<(), Error> {
        let total = self.with(|inner| {
            let sender = inner.sender()?;
            sender.ping(payload)?;
            Ok(sender.total())
        })?;
        self.left(total).await
    }

    /// Waits until a message may be queued without too much being queued then; see
    /// [`WsStream::ready`](crate::WsStream::ready). Another sender may be faster.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// As [`WsStream::send`](crate::WsStream::send).
    pub async fn ready(&self) -> Result<(), Error> {
        self.poll(|inner, cx| inner.poll_room(Side::Sender, cx)).await
    }

    /// Waits until all has left that is queued now, but not for what others queue behind it.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// As [`WsStream::send`](crate::WsStream::send).
    pub async fn flush(&self) -> Result<(), Error> {
        let total = self.with(|inner| Ok(inner.engine.connection.sender().total()))?;
        self.left(total).await
    }

    /// Sends a Close frame, empty if `frame` is `None`, behind all that is queued. The reader goes on to get what the
    /// peer sends before it closes, and then the end.
    ///
    /// Cancel safe: the Close frame is queued at once.
    ///
    /// # Errors
    ///
    /// As [`WsStream::start_close`](crate::WsStream::start_close) and [`WsStream::send`](crate::WsStream::send).
    pub async fn close(&self, frame: impl Into<Option<CloseFrame>>) -> Result<(), Error> {
        self.with(|inner| inner.start_close(frame.into()))?;
        self.flush().await
    }

    /// Whether messages can be sent: the connection is there, no Close frame was sent or received, and nothing has failed.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.with(|inner| Ok(inner.is_open())).unwrap_or(false)
    }

    /// How many payload bytes of messages are queued, without framing. WHATWG calls this `bufferedAmount`.
    #[must_use]
    pub fn buffered_amount(&self) -> u64 {
        self.with(|inner| Ok(inner.engine.connection.buffered_amount())).unwrap_or(0)
    }

    /// Queues a message when there is room. Returns the [total](sansws_core::Sender::total) then.
    async fn queue(&self, message: Message) -> Result<u64, Error> {
        let mut message = Some(message);
        self.poll(|inner, cx| {
            ready!(inner.poll_room(Side::Sender, cx))?;
            let sender = inner.sender()?;
            if let Some(message) = message.take() {
                sender.send(message)?;
            }
            Poll::Ready(Ok(sender.total()))
        })
        .await
    }

    /// Waits until all has left that was queued at this total.
    async fn left(&self, total: u64) -> Result<(), Error> {
        self.poll(|inner, cx| inner.poll_left(total, Side::Sender, cx)).await
    }

    async fn poll<R>(
        &self,
        mut poll: impl FnMut(&mut Inner<T, C>, &mut Context<'_>) -> Poll<Result<R, Error>>,
    ) -> Result<R, Error> {
        poll_fn(|cx| match self.with(|inner| Ok(poll(inner, cx))) {
            Ok(polled) => polled,
            Err(error) => Poll::Ready(Err(error)),
        })
        .await
    }

    /// Does something with the connection, if it is still there.
    fn with<R>(&self, act: impl FnOnce(&mut Inner<T, C>) -> Result<R, Error>) -> Result<R, Error> {
        let shared = self.shared.upgrade().ok_or(SendError::Closed)?;
        match &mut *shared.lock() {
            Some(inner) => act(inner),
            None => Err(SendError::Closed.into()),
        }
    }
}

impl<T, C> Clone for Sender<T, C> {
    fn clone(&self) -> Self {
        Self { shared: Weak::clone(&self.shared) }
    }
}

impl<T, C> fmt::Debug for Sender<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}
