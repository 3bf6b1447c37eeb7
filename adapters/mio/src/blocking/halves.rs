//! [`Reader`], [`Writer`] and [`Sender`]: a WebSocket for several threads.

use super::patience::Patience;
use super::socket::{Socket, Transport};
use super::stream::WsStream;
use super::waits::Timer;
use sansws_core::{CloseFrame, Event, Fragment, Message, SendError};
use sansws_driver::Error;
use std::net::TcpStream;
use std::ops::Deref;
use std::time::Duration;

/// The receiving half of a [`WsStream`]; see [`WsStream::split`]. The messages are its items.
///
/// Dropped, what arrives from then on is dropped, too, while the writer is in use. If that is gone as well, so is the
/// connection.
#[derive(Debug)]
pub struct Reader<S = TcpStream> {
    half: sansws_driver::Reader<Transport<S>, Timer>,
    patience: Patience,
}

/// The sending half of a [`WsStream`]; see [`WsStream::split`]. All that a [`Sender`] can do, it can.
#[derive(Debug)]
pub struct Writer<S = TcpStream> {
    half: sansws_driver::Writer<Transport<S>, Timer>,
    sender: Sender<S>,
}

/// Sends on a connection that is [split](WsStream::split): any number of threads may hold a clone, each with its own
/// [timeout](Self::set_timeout). See [`sansws_driver::Sender`].
#[derive(Debug)]
pub struct Sender<S = TcpStream> {
    sender: sansws_driver::Sender<Transport<S>, Timer>,
    patience: Patience,
}

pub(super) fn split<S: Socket>(
    ws: sansws_driver::WsStream<Transport<S>, Timer>,
    patience: Patience,
) -> (Reader<S>, Writer<S>) {
    let (reader, writer) = ws.split();
    let sender = Sender { sender: writer.sender(), patience };
    (Reader { half: reader, patience }, Writer { half: writer, sender })
}

/// As [`Reader::next`](sansws_driver::Reader::next): the next message, [`None`] when the connection is closed.
impl<S: Socket> Iterator for Reader<S> {
    type Item = Result<Message, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.patience.begin().wait(async { self.half.next().await.transpose() }).transpose()
    }
}

impl<S: Socket> Reader<S> {
    /// How long a call may wait; see [`WsStream::set_timeout`].
    pub const fn set_timeout(&mut self, timeout: Option<Duration>) {
        self.patience.set(timeout);
    }

    /// The next event of any kind; see [`WsStream::next_event`].
    ///
    /// # Errors
    ///
    /// As [`WsStream::next_event`].
    pub fn next_event(&mut self) -> Option<Result<Event, Error>> {
        self.patience.begin().wait(async { self.half.next_event().await.transpose() }).transpose()
    }

    /// Keeps the connection alive; see [`WsStream::idle`].
    ///
    /// # Errors
    ///
    /// As [`WsStream::idle`].
    pub fn idle(&mut self) -> Result<bool, Error> {
        self.patience.begin().wait(self.half.idle())
    }

    /// The peer's Close frame; `None` if none came or it was empty, see [`is_clean`](Self::is_clean).
    #[must_use]
    pub fn close_frame(&self) -> Option<CloseFrame> {
        self.half.close_frame()
    }

    /// Whether the closing handshake is complete (RFC 6455 §7.1.4).
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.half.is_clean()
    }

    /// The subprotocol that the handshake agreed on (RFC 6455 §1.9).
    #[must_use]
    pub fn protocol(&self) -> Option<Box<str>> {
        self.half.protocol()
    }

    /// A handle to send with, of which any number of threads may have one.
    #[must_use]
    pub fn sender(&self) -> Sender<S> {
        Sender { sender: self.half.sender(), patience: self.patience }
    }

    /// Puts the halves together again, with the reader's timeout. Handles to send with are closed by that.
    ///
    /// # Errors
    ///
    /// Both, if they are not halves of one WebSocket.
    pub fn reunite(self, writer: Writer<S>) -> Result<WsStream<S>, (Self, Writer<S>)> {
        let Self { half, patience } = self;
        let Writer { half: writer, sender } = writer;
        match half.reunite(writer) {
            Ok(ws) => Ok(WsStream { ws, patience }),
            Err(sansws_driver::ReuniteError(half, writer)) => {
                Err((Self { half, patience }, Writer { half: writer, sender }))
            }
        }
    }
}

impl<S: Socket> Writer<S> {
    /// How long a call may wait; see [`WsStream::set_timeout`].
    pub const fn set_timeout(&mut self, timeout: Option<Duration>) {
        self.sender.set_timeout(timeout);
    }

    /// Sends the next piece of a message in a frame of its own; see [`WsStream::send_fragment`]. Until its last piece,
    /// senders are refused with [`SendError::UnfinishedMessage`].
    ///
    /// # Errors
    ///
    /// As [`WsStream::send_fragment`].
    pub fn send_fragment(&mut self, fragment: Fragment) -> Result<(), Error> {
        self.sender.send_with(|sender| sender.send_fragment(fragment))
    }

    /// A handle to send with, of which any number of threads may have one.
    #[must_use]
    pub fn sender(&self) -> Sender<S> {
        Sender { sender: self.half.sender(), patience: self.sender.patience }
    }
}

impl<S> Deref for Writer<S> {
    type Target = Sender<S>;

    fn deref(&self) -> &Sender<S> {
        &self.sender
    }
}

impl<S: Socket> Sender<S> {
    /// How long a call may wait; see [`WsStream::set_timeout`].
    pub const fn set_timeout(&mut self, timeout: Option<Duration>) {
        self.patience.set(timeout);
    }

    /// Sends a message; see [`WsStream::send`]. It does not wait for what others queue behind it.
    ///
    /// # Errors
    ///
    /// As [`WsStream::send`].
    pub fn send(&self, message: impl Into<Message>) -> Result<(), Error> {
        let message = message.into();
        self.send_with(|sender| sender.send(message))
    }

    fn send_with(&self, act: impl FnOnce(&mut sansws_core::Sender) -> Result<(), SendError>) -> Result<(), Error> {
        let mut is_queued = false;
        let sent = self.patience.begin().wait(self.sender.send_with(|sender| {
            is_queued = true;
            act(sender)
        }));
        match sent {
            Err(Error::WouldBlock) if is_queued => Ok(()),
            sent => sent,
        }
    }

    /// Queues a message; see [`WsStream::feed`]. It leaves with whatever drives the connection next, which is woken for that.
    ///
    /// # Errors
    ///
    /// As [`WsStream::feed`].
    pub fn feed(&self, message: impl Into<Message>) -> Result<(), Error> {
        self.patience.begin().wait(self.sender.feed(message))
    }

    /// Sends a ping; see [`WsStream::ping`].
    ///
    /// # Errors
    ///
    /// As [`WsStream::ping`].
    pub fn ping(&self, payload: &[u8]) -> Result<(), Error> {
        self.patience.begin().leave(self.sender.ping(payload))
    }

    /// Waits until a message may be queued; see [`WsStream::ready`]. Another sender may be faster.
    ///
    /// # Errors
    ///
    /// As [`WsStream::ready`].
    pub fn ready(&self) -> Result<(), Error> {
        self.patience.begin().wait(self.sender.ready())
    }

    /// Waits until all has left that is queued now, but not for what others queue behind it.
    ///
    /// # Errors
    ///
    /// As [`WsStream::flush`].
    pub fn flush(&self) -> Result<(), Error> {
        self.patience.begin().wait(self.sender.flush())
    }

    /// Sends a Close frame, empty if `frame` is `None`, behind all that is queued. The reader goes on to get what the
    /// peer sends before it closes, and then the end.
    ///
    /// # Errors
    ///
    /// As [`WsStream::start_close`] and [`WsStream::send`].
    pub fn close(&self, frame: impl Into<Option<CloseFrame>>) -> Result<(), Error> {
        self.patience.begin().leave(self.sender.close(frame))
    }

    /// Whether messages can be sent: the connection is there, no Close frame was sent or received, and nothing has failed.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.sender.is_open()
    }

    /// How many payload bytes of messages are queued, without framing. WHATWG calls this `bufferedAmount`.
    #[must_use]
    pub fn buffered_amount(&self) -> u64 {
        self.sender.buffered_amount()
    }
}

impl<S> Clone for Sender<S> {
    fn clone(&self) -> Self {
        Self { sender: self.sender.clone(), patience: self.patience }
    }
}
