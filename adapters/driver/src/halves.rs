//! [`Reader`] and [`Writer`]: a WebSocket in halves, for two tasks.
//!
//! Both share one engine behind a lock, which is held while it is driven and never while anything is waited for. So
//! wakers must not poll their tasks at once; none of a runtime does.

use crate::drive::Wanted;
use crate::error::Error;
use crate::inner::Inner;
use crate::runtime::Clock;
use crate::sender::Sender;
use crate::stream::WsStream;
use crate::sync::{Mutex, MutexGuard, lock};
use crate::transport::Transport;
use crate::wakers::{Place, Side, Slots};
use futures_core::Stream;
use futures_sink::Sink;
use sansws_core::{CloseFrame, Event, Fragment, Message};
use std::fmt;
use std::future::poll_fn;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake};

/// What halves and senders share.
pub(crate) struct Shared<T, C> {
    /// `None` once the halves are reunited.
    inner: Mutex<Option<Inner<T, C>>>,
    slots: Arc<Slots>,
}

impl<T, C> Shared<T, C> {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Option<Inner<T, C>>> {
        lock(&self.inner)
    }

    /// Wakes all, without the lock.
    pub(crate) fn wake(&self) {
        self.slots.wake_by_ref();
    }
}

impl<T, C> Drop for Shared<T, C> {
    /// The halves are gone, or reunited: senders that wait have nothing to wait for.
    fn drop(&mut self) {
        self.wake();
    }
}

/// The shared part, as halves have it: they exist only as long as it is there.
struct Half<T, C>(Arc<Shared<T, C>>);

impl<T, C> Half<T, C> {
    fn with<R>(&self, act: impl FnOnce(&mut Inner<T, C>) -> R) -> R {
        act(self.0.lock().as_mut().expect("halves are reunited both at once"))
    }
}

pub(crate) fn split<T: Transport, C: Clock>(mut inner: Inner<T, C>) -> (Reader<T, C>, Writer<T, C>) {
    let slots = Arc::clone(inner.behalf.slots());
    let shared = Arc::new(Shared { inner: Mutex::new(Some(inner)), slots });
    let sender = Sender::new(Arc::downgrade(&shared));
    (Reader { half: Half(Arc::clone(&shared)) }, Writer { half: Half(shared), sender, place: None })
}

/// The receiving half of a [`WsStream`]; see [`WsStream::split`].
///
/// All its futures are cancel safe: nothing that has arrived is lost.
///
/// Dropped, what arrives from then on is dropped, too, while the writer is in use. If that is gone as well, so is the
/// connection.
pub struct Reader<T, C> {
    half: Half<T, C>,
}

/// The sending half of a [`WsStream`]; see [`WsStream::split`]. All that a [`Sender`] can do, it can.
///
/// Cancel safe as [`WsStream`] is.
pub struct Writer<T, C> {
    half: Half<T, C>,
    sender: Sender<T, C>,
    /// That of the `Sink`.
    place: Option<Place>,
}

impl<T: Transport, C: Clock> Reader<T, C> {
    /// The next message; `None` when the connection is closed. See [`WsStream::next`].
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// As [`WsStream::next`]. An error is given to one of the halves, whichever meets it first.
    pub async fn next(&mut self) -> Option<Result<Message, Error>> {
        poll_fn(|cx| self.half.with(|inner| inner.poll_next(cx))).await
    }

    /// The next event of any kind; see [`WsStream::next_event`].
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next).
    pub async fn next_event(&mut self) -> Option<Result<Event, Error>> {
        poll_fn(|cx| self.half.with(|inner| inner.poll_next_event(cx))).await
    }

    /// Keeps the connection alive; see [`WsStream::idle`].
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next).
    pub async fn idle(&mut self) -> Result<bool, Error> {
        poll_fn(|cx| self.half.with(|inner| inner.poll_event(cx))).await
    }

    /// The peer's Close frame; `None` if none came or it was empty, see [`is_clean`](Self::is_clean).
    #[must_use]
    pub fn close_frame(&self) -> Option<CloseFrame> {
        self.half.with(|inner| inner.engine.connection.close_frame().cloned())
    }

    /// Whether the closing handshake is complete (RFC 6455 §7.1.4).
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.half.with(|inner| inner.engine.connection.is_clean())
    }

    /// The subprotocol that the handshake agreed on (RFC 6455 §1.9).
    #[must_use]
    pub fn protocol(&self) -> Option<Box<str>> {
        self.half.with(|inner| inner.protocol.clone())
    }

    /// A handle to send with, of which any number of tasks may have one.
    #[must_use]
    pub fn sender(&self) -> Sender<T, C> {
        Sender::new(Arc::downgrade(&self.half.0))
    }

    /// Puts the halves together again. Handles to send with are closed by that.
    ///
    /// # Errors
    ///
    /// [`ReuniteError`] with both, if they are not halves of one WebSocket.
    pub fn reunite(self, writer: Writer<T, C>) -> Result<WsStream<T, C>, ReuniteError<T, C>> {
        let belong = Arc::ptr_eq(&self.half.0, &writer.half.0);
        let inner = if belong { self.half.0.lock().take() } else { None };
        inner.map(WsStream::new).ok_or(ReuniteError(self, writer))
    }
}

/// Those that a `Sink` has, too, are the sender's here, even where `SinkExt` is in scope; only behind a `&mut Writer`
/// are they those of `SinkExt`.
impl<T: Transport, C: Clock> Writer<T, C> {
    /// Sends a message; see [`Sender::send`].
    ///
    /// Cancel safe: dropped, the message is queued whole or not at all.
    ///
    /// # Errors
    ///
    /// As [`WsStream::send`].
    pub async fn send(&self, message: impl Into<Message>) -> Result<(), Error> {
        self.sender.send(message).await
    }

    /// Queues a message; see [`Sender::feed`].
    ///
    /// Cancel safe: dropped, the message is queued whole or not at all.
    ///
    /// # Errors
    ///
    /// As [`WsStream::send`].
    pub async fn feed(&self, message: impl Into<Message>) -> Result<(), Error> {
        self.sender.feed(message).await
    }

    /// Waits until all has left that is queued now; see [`Sender::flush`].
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// As [`WsStream::send`].
    pub async fn flush(&self) -> Result<(), Error> {
        self.sender.flush().await
    }

    /// Sends a Close frame; see [`Sender::close`].
    ///
    /// Cancel safe: the Close frame is queued at once.
    ///
    /// # Errors
    ///
    /// As [`WsStream::start_close`] and [`WsStream::send`].
    pub async fn close(&self, frame: impl Into<Option<CloseFrame>>) -> Result<(), Error> {
        self.sender.close(frame).await
    }

    /// Sends the next piece of a message in a frame of its own; see [`WsStream::send_fragment`]. Until its last piece,
    /// senders are refused with [`SendError::UnfinishedMessage`](sansws_core::SendError::UnfinishedMessage).
    ///
    /// Cancel safe: dropped, the fragment is queued whole or not at all.
    ///
    /// # Errors
    ///
    /// As [`WsStream::send_fragment`].
    pub async fn send_fragment(&mut self, fragment: Fragment) -> Result<(), Error> {
        self.sender.send_with(|sender| sender.send_fragment(fragment)).await
    }

    /// A handle to send with, of which any number of tasks may have one.
    #[must_use]
    pub fn sender(&self) -> Sender<T, C> {
        self.sender.clone()
    }
}

impl<T, C> Deref for Writer<T, C> {
    type Target = Sender<T, C>;

    fn deref(&self) -> &Sender<T, C> {
        &self.sender
    }
}

impl<T, C> Drop for Reader<T, C> {
    fn drop(&mut self) {
        match &mut *self.half.0.lock() {
            Some(inner) => inner.engine.wanted = Wanted::Nothing,
            None => return, // they are reunited
        }
        self.half.0.wake(); // whoever drives from now on
    }
}

impl<T: Transport, C: Clock> Stream for Reader<T, C> {
    type Item = Result<Message, Error>;

    /// As [`Reader::next`].
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.half.with(|inner| inner.poll_next(cx))
    }
}

impl<T: Transport, C: Clock> Sink<Message> for Writer<T, C> {
    type Error = Error;

    /// Ready unless too much is queued.
    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let Self { half, place, .. } = self.get_mut();
        half.with(|inner| inner.poll_turn(place, cx))
    }

    /// Queues the message.
    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        self.half.with(|inner| Ok(inner.sender()?.send(message)?))
    }

    /// Waits until all that is queued has left.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.half.with(|inner| inner.poll_flushed(Side::Writer, cx))
    }

    /// Sends what is queued, then an empty Close frame; the rest of the closing handshake is the reader's.
    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.half.with(|inner| inner.poll_close(Side::Writer, cx))
    }
}

impl<T, C> fmt::Debug for Reader<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

impl<T, C> fmt::Debug for Writer<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

/// These are not halves of one WebSocket; here they are again.
pub struct ReuniteError<T, C>(pub Reader<T, C>, pub Writer<T, C>);

impl<T, C> fmt::Debug for ReuniteError<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReuniteError").finish_non_exhaustive()
    }
}

impl<T, C> fmt::Display for ReuniteError<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("reader and writer are not halves of one connection")
    }
}

impl<T, C> std::error::Error for ReuniteError<T, C> {}
