//! The opening handshake over a transport, both roles.

use crate::deadline::until;
use crate::error::Error;
use crate::pool;
use crate::runtime::Clock;
use crate::stream::WsStream;
use crate::transport::Transport;
use bytes::{Buf, Bytes};
use sansws_core::handshake::ServerHandshake;
use sansws_core::handshake::{ClientHandshake, HandshakeError, HandshakeLimits, Offer, Rejection, Response};
use sansws_core::{Config, Connection, Input, Instant, TimedOut};
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::task::{Context, Poll};
use std::time::Duration;

/// How much is asked for at once: most heads fit.
const READ: usize = 4 << 10;

/// How much of what a refused client still sends is read and dropped.
const DRAINED: usize = 256 << 10;

/// A transport before it is a WebSocket, and the time by which it must be one.
pub(crate) struct Opening<T, C> {
    pub(crate) transport: T,
    pub(crate) clock: C,
    deadline: Instant,
    timeout: Duration,
}

impl<T: Transport, C: Clock> Opening<T, C> {
    pub(crate) fn new(transport: T, clock: C, limits: &HandshakeLimits) -> Self {
        let deadline = clock.now() + limits.timeout;
        Self { transport, clock, deadline, timeout: limits.timeout }
    }

    /// Reads a client's request. One that is wrong is answered here.
    pub(crate) async fn request(&mut self, limits: &HandshakeLimits) -> Result<Offer, Error> {
        let mut handshake = ServerHandshake::new(limits.clone(), self.clock.now());
        loop {
            match handshake.receive() {
                Ok(Some(offer)) => return Ok(offer),
                Ok(None) => {}
                Err(error) => {
                    self.refuse(Rejection::from(&error).encode()).await;
                    return Err(error.into());
                }
            }
            if self.read(handshake.input()).await? == 0 {
                return Err(HandshakeError::UnexpectedEof.into());
            }
        }
    }

    /// Accepts the offer: a WebSocket once the answer has left.
    pub(crate) async fn open(
        mut self,
        offer: Offer,
        config: Config,
        protocol: Option<Box<str>>,
    ) -> Result<WsStream<T, C>, Error>
    where
        C: Default,
    {
        let mut connection = offer.accept(config, self.clock.now());
        self.write(connection.output()).await?;
        Ok(self.opened(connection, protocol))
    }

    /// The WebSocket, whose clock has no timer set.
    pub(crate) fn opened(self, connection: Connection, protocol: Option<Box<str>>) -> WsStream<T, C>
    where
        C: Default,
    {
        WsStream::from_connection(self.transport, C::default(), connection).with_protocol(protocol)
    }

    /// Sends a client's request and reads the answer.
    pub(crate) async fn ask(&mut self, mut handshake: ClientHandshake) -> Result<(Connection, Response), Error> {
        self.write(handshake.output()).await?;
        loop {
            if let Some(opened) = handshake.receive(self.clock.now())? {
                return Ok(opened);
            }
            match self.read(handshake.input()).await {
                Ok(0) => return Err(handshake.receive_eof().into()),
                Ok(_) => {}
                // The answer may be a refusal whose body does not end.
                Err(error) => match handshake.receive_eof() {
                    HandshakeError::UnexpectedEof => return Err(error),
                    rejected => return Err(rejected.into()),
                },
            }
        }
    }

    /// Answers that there will be no WebSocket, and ends the stream so that the answer arrives: it is lost if
    /// the stream is closed while bytes of the client's are unread.
    pub(crate) async fn refuse(&mut self, answer: Bytes) {
        let _ = self.try_refuse(answer).await; // there is no one left to tell
    }

    async fn try_refuse(&mut self, mut answer: Bytes) -> Result<(), Error> {
        self.write(&mut answer).await?;
        self.wait(T::poll_shutdown).await?;
        let (mut input, mut drained) = (bytes::BytesMut::with_capacity(READ), 0);
        while drained < DRAINED {
            input.clear();
            match self.wait(|transport, cx| transport.poll_read(cx, &mut input, READ)).await? {
                0 => break,
                read => drained += read,
            }
        }
        Ok(())
    }

    /// Writes all of `output` and flushes it.
    async fn write(&mut self, output: &mut impl Buf) -> Result<(), Error> {
        while output.has_remaining() {
            let written = self.wait(|transport, cx| transport.poll_write(cx, &[IoSlice::new(output.chunk())])).await?;
            if written == 0 {
                return Err(io::Error::from(io::ErrorKind::WriteZero).into());
            }
            output.advance(written);
        }
        self.wait(T::poll_flush).await
    }

    /// Reads some bytes; zero at the end of the stream. While there are none, no buffer is held.
    async fn read(&mut self, input: &mut Input) -> Result<usize, Error> {
        self.wait(|transport, cx| {
            if input.wants_buffer() {
                input.lend(pool::take());
            }
            let read = input.fill(READ, |input| transport.poll_read(cx, input, READ));
            if read.is_pending()
                && let Some(buffer) = input.reclaim()
            {
                pool::give(buffer);
            }
            read
        })
        .await
    }

    /// Waits for the transport, but not past the deadline.
    async fn wait<R>(
        &mut self,
        mut poll: impl FnMut(&mut T, &mut Context<'_>) -> Poll<io::Result<R>>,
    ) -> Result<R, Error> {
        let Self { transport, clock, deadline, timeout } = self;
        match until(clock, *deadline, poll_fn(|cx| poll(transport, cx))).await {
            Some(result) => Ok(result?),
            None => Err(TimedOut::Handshake(*timeout).into()),
        }
    }
}
