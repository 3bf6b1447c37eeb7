//! [`Connecting`]: the client's part of the opening handshake, step by step.

use crate::error::Error;
use crate::link::Link;
use crate::opening::{Opened, Opening};
use crate::runtime::Clock;
use crate::transport::Transport;
use sansws_core::handshake::{ClientHandshake, HandshakeError, Response};
use sansws_core::{Connection, TimedOut};
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// The client's part of the opening handshake, under way: TLS if it is wanted, the request, the answer.
pub(crate) struct Connecting<T, C> {
    pub(crate) opening: Opening<T, C>,
    handshake: ClientHandshake,
    /// How long the answer may take.
    patience: Duration,
    stage: Stage,
}

enum Stage {
    Tls,
    Request,
    Answer,
    Open(Box<(Connection, Response)>),
}

impl<T: Transport, C: Clock> Connecting<T, C> {
    /// TLS may take as long as `tls`, and then the handshake as long as `patience`.
    pub(crate) fn new(link: Link<T>, clock: C, handshake: ClientHandshake, tls: Duration, patience: Duration) -> Self {
        let opening = Opening::new(link, clock, tls, TimedOut::Tls);
        Self { opening, handshake, patience, stage: Stage::Tls }
    }

    /// Goes on as far as that is possible without waiting. Once it was ready, there is what was [`opened`](Self::opened), or
    /// nothing.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if let Poll::Ready(done) = self.steps(cx) {
            return Poll::Ready(done);
        }
        let late = ready!(self.opening.poll_late(cx));
        Poll::Ready(Err(self.refused().unwrap_or(late)))
    }

    /// The WebSocket, once it is open, and the server's answer; else what it would have been on.
    pub(crate) fn opened(self) -> Result<(Opened<T>, Response), Link<T>> {
        let link = self.opening.link;
        let Stage::Open(open) = self.stage else { return Err(link) };
        let (connection, response) = *open;
        let protocol = response.protocol().map(Box::from);
        Ok((Opened { link, connection, protocol }, response))
    }

    /// Whether it goes on once something can be written.
    pub(crate) fn wants_write(&self) -> bool {
        let link = &self.opening.link;
        match self.stage {
            Stage::Tls => !link.is_handshaking() || link.wants_write(),
            Stage::Request => true,
            Stage::Answer | Stage::Open(_) => link.wants_write(),
        }
    }

    fn steps(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        loop {
            match &mut self.stage {
                Stage::Tls => {
                    ready!(self.opening.link.poll_handshake(cx))?;
                    self.opening.wait_for(self.patience, TimedOut::Handshake);
                    self.stage = Stage::Request;
                }
                Stage::Request => {
                    ready!(self.opening.poll_write(cx, self.handshake.output()))?;
                    self.stage = Stage::Answer;
                }
                Stage::Answer => {
                    if let Some(opened) = self.handshake.receive(self.opening.clock.now())? {
                        self.stage = Stage::Open(Box::new(opened));
                        continue;
                    }
                    match ready!(self.opening.poll_read(cx, self.handshake.input())) {
                        Ok(0) => return Poll::Ready(Err(self.handshake.receive_eof().into())),
                        Ok(_) => {}
                        Err(error) => return Poll::Ready(Err(self.refused().unwrap_or(error.into()))),
                    }
                }
                Stage::Open(_) => return Poll::Ready(Ok(())),
            }
        }
    }

    /// Whether the answer was a refusal, whose body does not end.
    fn refused(&mut self) -> Option<Error> {
        match self.handshake.receive_eof() {
            HandshakeError::UnexpectedEof => None,
            refused => Some(refused.into()),
        }
    }
}
