//! [`Sender`]: sends on a connection that is driven elsewhere.

use crate::error::Error;
use crate::halves::Shared;
use crate::inner::Inner;
use crate::runtime::Clock;
use crate::transport::Transport;
use crate::wakers::Side;
use sansws_core::{CloseFrame, Message, Prepared, SendError, Sender as CoreSender};
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
        let message = message.into();
        self.send_with(|sender| sender.send(message)).await
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
        let message = message.into();
        self.queue(|sender| sender.send(message)).await?;
        self.wake();
        Ok(())
    }

    /// Queues a message if that can be done without waiting; else as [`feed`](Self::feed).
    ///
    /// # Errors
    ///
    /// [`Error::WouldBlock`] while too much is queued; as [`WsStream::send`](crate::WsStream::send).
    pub fn try_feed(&self, message: impl Into<Message>) -> Result<(), Error> {
        self.try_queue(|sender| sender.send(message))
    }

    /// Queues a message that others are sent, too, and which is encoded once for them all, see [`Prepared`]; else as
    /// [`try_feed`](Self::try_feed). To broadcast, call it for each client: whoever gives [`Error::WouldBlock`] is too slow, and
    /// to have it wait would have the others wait.
    ///
    /// # Errors
    ///
    /// As [`try_feed`](Self::try_feed).
    pub fn try_feed_prepared(&self, prepared: &Prepared) -> Result<(), Error> {
        self.try_queue(|sender| sender.send_prepared(prepared))
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
        let mut place = None;
        self.poll(|inner, cx| inner.poll_room(Side::Room(&mut place), cx)).await
    }

    /// Waits until all has left that is queued now, but not for what others queue behind it.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// As [`WsStream::send`](crate::WsStream::send).
    pub async fn flush(&self) -> Result<(), Error> {
        let total = self.with(|inner| {
            if inner.engine.has_lost() {
                inner.sender()?; // an error: what was queued is forgotten, not flushed
            }
            Ok(inner.engine.connection.sender().total())
        })?;
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

    /// Has `act` queue something when there is room, and waits until it has left; else as [`send`](Self::send).
    ///
    /// Cancel safe: dropped, `act` was called or not, and what it queued stays queued.
    ///
    /// # Errors
    ///
    /// As [`WsStream::send`](crate::WsStream::send).
    pub async fn send_with(&self, act: impl FnOnce(&mut CoreSender) -> Result<(), SendError>) -> Result<(), Error> {
        let total = self.queue(act).await?;
        self.left(total).await
    }

    /// Has `act` queue something if there is room.
    fn try_queue(&self, act: impl FnOnce(&mut CoreSender) -> Result<(), SendError>) -> Result<(), Error> {
        self.with(|inner| {
            if !inner.engine.is_broken() && !inner.engine.has_room() {
                return Err(Error::WouldBlock);
            }
            Ok(act(inner.sender()?)?)
        })?;
        self.wake();
        Ok(())
    }

    /// Has `act` queue something when there is room. Returns the [total](CoreSender::total) then.
    async fn queue(&self, act: impl FnOnce(&mut CoreSender) -> Result<(), SendError>) -> Result<u64, Error> {
        let (mut act, mut place) = (Some(act), None);
        self.poll(|inner, cx| {
            ready!(inner.poll_turn(&mut place, cx))?;
            let sender = inner.sender()?;
            act.take().map_or(Ok(()), |act| act(sender))?;
            Poll::Ready(Ok(sender.total()))
        })
        .await
    }

    /// Waits until all has left that was queued at this total.
    async fn left(&self, total: u64) -> Result<(), Error> {
        let mut place = None;
        self.poll(|inner, cx| inner.poll_left(total, Side::Flush(&mut place), cx)).await
    }

    /// Wakes whoever drives the connection.
    fn wake(&self) {
        if let Some(shared) = self.shared.upgrade() {
            shared.wake();
        }
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
