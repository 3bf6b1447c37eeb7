//! [`Accepting`]: the server's part of the opening handshake, step by step.

use crate::error::Error;
use crate::link::Link;
use crate::opening::{Opened, Opening};
use crate::runtime::Clock;
use crate::transport::Transport;
use bytes::Bytes;
use sansws_core::handshake::{HandshakeError, HandshakeLimits, Offer, Rejection, ServerHandshake};
use sansws_core::{Config, Connection, TimedOut};
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// How much of what a refused client still sends is read and dropped.
const DRAINED: usize = 256 << 10;

/// What decides whether a client gets a WebSocket, where its type is not to be known.
pub(crate) type Decide = Box<dyn FnOnce(&mut Offer) -> Result<(), Rejection> + Send>;

/// The server's part of the opening handshake, under way: TLS if it is wanted, the request, the answer.
pub(crate) struct Accepting<T, C, D> {
    pub(crate) opening: Opening<T, C>,
    handshake: ServerHandshake,
    config: Arc<Config>,
    /// Decides whether the client gets a WebSocket. `None` once it has.
    decide: Option<D>,
    stage: Stage,
}

enum Stage {
    Tls,
    Request,
    /// What is to be written is the connection's output.
    Answer(Box<Connection>, Option<Box<str>>),
    Refusal(Refusal),
}

/// What a refused client is told, and then whoever accepted it. What the client still sends is read and dropped for a
/// while: the answer is lost if the stream is closed while bytes of the client's are unread.
struct Refusal {
    answer: Bytes,
    error: Option<Error>,
    is_shut_down: bool,
    drained: usize,
}

impl<T: Transport, C: Clock, D: FnOnce(&mut Offer) -> Result<(), Rejection>> Accepting<T, C, D> {
    pub(crate) fn new(link: Link<T>, clock: C, config: Arc<Config>, limits: &HandshakeLimits, decide: D) -> Self {
        let handshake = ServerHandshake::new(limits.clone(), clock.now());
        let opening = Opening::new(link, clock, limits.timeout, TimedOut::Handshake);
        Self { opening, handshake, config, decide: Some(decide), stage: Stage::Tls }
    }

    /// Goes on as far as that is possible without waiting. Once it was ready, there is what was [`opened`](Self::opened), or
    /// nothing.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if let Poll::Ready(done) = self.steps(cx) {
            return Poll::Ready(done);
        }
        let late = ready!(self.opening.poll_late(cx));
        Poll::Ready(Err(match &mut self.stage {
            Stage::Refusal(refusal) => refusal.error.take().unwrap_or(late),
            Stage::Tls | Stage::Request | Stage::Answer(..) => late,
        }))
    }

    /// The WebSocket, once it is open; else what it would have been on.
    pub(crate) fn opened(self) -> Result<Opened<T>, Link<T>> {
        let link = self.opening.link;
        match self.stage {
            Stage::Answer(connection, protocol) => Ok(Opened { link, connection: *connection, protocol }),
            Stage::Tls | Stage::Request | Stage::Refusal(_) => Err(link),
        }
    }

    /// Whether it goes on once something can be written.
    pub(crate) fn wants_write(&self) -> bool {
        let answers = match &self.stage {
            Stage::Tls | Stage::Request => false,
            Stage::Answer(..) => true,
            Stage::Refusal(refusal) => !refusal.is_shut_down,
        };
        answers || self.opening.link.wants_write()
    }

    fn steps(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        loop {
            match &mut self.stage {
                Stage::Tls => {
                    ready!(self.opening.link.poll_handshake(cx))?;
                    self.stage = Stage::Request;
                }
                Stage::Request => match self.handshake.receive() {
                    Ok(Some(offer)) => self.stage = self.answer(offer),
                    Ok(None) => {
                        if ready!(self.opening.poll_read(cx, self.handshake.input()))? == 0 {
                            return Poll::Ready(Err(HandshakeError::UnexpectedEof.into()));
                        }
                    }
                    Err(error) => self.stage = Stage::refusal(Rejection::from(&error).encode(), error.into()),
                },
                Stage::Answer(connection, _) => {
                    return self.opening.poll_write(cx, connection.output()).map_err(Error::Io);
                }
                Stage::Refusal(refusal) => {
                    let _ = ready!(refusal.poll(&mut self.opening, cx)); // there is no one left to tell
                    return Poll::Ready(Err(refusal.error.take().unwrap_or(Error::Refused(0))));
                }
            }
        }
    }

    fn answer(&mut self, mut offer: Offer) -> Stage {
        match self.decide.take().map_or(Ok(()), |decide| decide(&mut offer)) {
            Ok(()) => {
                let protocol = offer.protocol().map(Box::from);
                let connection = offer.accept(Arc::clone(&self.config), self.opening.clock.now());
                Stage::Answer(Box::new(connection), protocol)
            }
            Err(rejection) => Stage::refusal(offer.reject(&rejection), Error::Refused(rejection.status())),
        }
    }
}

impl Stage {
    fn refusal(answer: Bytes, error: Error) -> Self {
        Self::Refusal(Refusal { answer, error: Some(error), is_shut_down: false, drained: 0 })
    }
}

impl Refusal {
    fn poll<T: Transport, C: Clock>(
        &mut self,
        opening: &mut Opening<T, C>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.is_shut_down {
            ready!(opening.poll_write(cx, &mut self.answer))?;
            ready!(opening.link.poll_shutdown(cx))?;
            self.is_shut_down = true;
        }
        while self.drained < DRAINED {
            match ready!(opening.poll_drop(cx))? {
                0 => break,
                read => self.drained += read,
            }
        }
        Poll::Ready(Ok(()))
    }
}
