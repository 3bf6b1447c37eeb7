//! [`Upgrade`]: a WebSocket whose client has yet to be told, by an HTTP library.

use crate::acceptor::{Accepted, wakers};
use crate::drain::Drain;
use crate::link::Link;
use crate::opening::Opened;
use crate::runtime::{Bind, Clock, Runtime};
use crate::stream::WsStream;
use sansws_core::handshake::Offer;
use sansws_core::{Config, Connection};
use std::sync::Arc;

/// A WebSocket whose client has yet to be told, by an HTTP library; from
/// [`Acceptor::upgrade`](crate::Acceptor::upgrade).
#[derive(Debug)]
pub struct Upgrade<R> {
    connection: Connection,
    headers: Vec<(String, Vec<u8>)>,
    protocol: Option<Box<str>>,
    drain: Option<Drain<R>>,
}

impl<R: Runtime> Upgrade<R> {
    pub(crate) fn new(offer: Offer, config: Arc<Config>, drain: Option<Drain<R>>) -> Self {
        let protocol = offer.protocol().map(Box::from);
        let (connection, headers) = offer.upgrade(config, R::Clock::default().now());
        Self { connection, headers, protocol, drain }
    }

    /// The headers of the answer, whose status is 101.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.headers.iter().map(|(name, value)| (&**name, &**value))
    }

    /// The subprotocol that was chosen (RFC 6455 §1.9).
    #[must_use]
    pub fn protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }

    /// The WebSocket, on the stream that the library gives up once the answer has left. What the client has sent since is
    /// read from there.
    pub fn on<S>(self, stream: S) -> Accepted<R, S>
    where
        R: Bind<S>,
    {
        let Self { connection, protocol, drain, .. } = self;
        let opened = Opened { link: Link::plain(R::bind(stream)), connection, protocol };
        WsStream::new(opened.driven_for(wakers(drain.as_ref())))
    }
}
