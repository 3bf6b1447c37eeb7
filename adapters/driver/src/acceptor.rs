//! [`Acceptor`]: how a server opens WebSockets.

use crate::error::Error;
use crate::opening::Opening;
use crate::runtime::{Bind, Runtime};
use crate::stream::WsStream;
use sansws_core::Config;
#[cfg(feature = "deflate")]
use sansws_core::deflate::Deflate;
use sansws_core::handshake::{HandshakeLimits, InvalidHead, Offer, Rejection, Request};
use std::fmt;
use std::marker::PhantomData;

/// How a server opens WebSockets: limits, subprotocols, which sites may connect.
///
/// Make one, and use it for all connections.
pub struct Acceptor<R> {
    config: Config,
    limits: HandshakeLimits,
    protocols: Vec<String>,
    origins: Origins,
    runtime: PhantomData<fn() -> R>,
}

/// Which sites' pages may connect (RFC 6455 §10.2).
///
/// A browser lets any page open a WebSocket to any server, with the user's cookies; the `Origin` header says which
/// page it was, and the server must decide. Programs other than browsers send none, or what they like (§10.1), so a
/// request without one is always let through here.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origins {
    /// Pages of the host that they connect to, and of its port. The default.
    #[default]
    Same,
    /// Pages of these origins, such as `https://example.com`.
    List(Vec<String>),
    /// All pages: for servers that do not go by cookies or by being reachable.
    Any,
}

impl Origins {
    fn allow(&self, request: &Request) -> bool {
        let mut origins = request.headers().get_all("Origin");
        let Some(origin) = origins.next() else { return true };
        let Ok(origin) = std::str::from_utf8(origin) else { return *self == Self::Any };
        match self {
            Self::Any => true,
            _ if origins.next().is_some() => false,
            Self::List(list) => list.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin)),
            Self::Same => {
                origin.split_once("://").is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(request.host()))
            }
        }
    }
}

impl<R> Default for Acceptor<R> {
    fn default() -> Self {
        Self {
            config: Config::default(),
            limits: HandshakeLimits::default(),
            protocols: Vec::new(),
            origins: Origins::Same,
            runtime: PhantomData,
        }
    }
}

impl<R> Acceptor<R> {
    /// One with all defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How connections behave once they are open.
    #[must_use]
    pub fn config(self, config: Config) -> Self {
        Self { config, ..self }
    }

    /// Compresses messages with permessage-deflate (RFC 7692), if the client offers it. Part of [`config`](Self::config), so to be
    /// called after it.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn deflate(self, deflate: Deflate) -> Self {
        Self { config: Config { deflate: Some(deflate), ..self.config }, ..self }
    }

    /// What a client may cost before its connection is open.
    #[must_use]
    pub fn handshake_limits(self, limits: HandshakeLimits) -> Self {
        Self { limits, ..self }
    }

    /// The subprotocols of this server (RFC 6455 §1.9). The first that the client offers and that is among them is
    /// chosen; if there is none, the connection has none.
    #[must_use]
    pub fn protocols<P: Into<String>>(self, protocols: impl IntoIterator<Item = P>) -> Self {
        Self { protocols: protocols.into_iter().map(Into::into).collect(), ..self }
    }

    /// Which sites' pages may connect; others are answered 403.
    #[must_use]
    pub fn origins(self, origins: Origins) -> Self {
        Self { origins, ..self }
    }
}

impl<R: Runtime> Acceptor<R> {
    /// Opens a WebSocket on a stream that a client has connected.
    ///
    /// Not cancel safe: dropped, the stream is dropped with it.
    ///
    /// # Errors
    ///
    /// [`Error::Handshake`] if the request is not a valid one, [`Error::Refused`] if its origin may not connect: the
    /// client has been answered, with the HTTP status that fits. [`Error::TimedOut`], [`Error::Io`].
    pub async fn accept<S>(&self, stream: S) -> Result<WsStream<R::Transport, R::Clock>, Error>
    where
        R: Bind<S>,
    {
        self.accept_with(stream, |_| Ok(())).await
    }

    /// Opens a WebSocket if `decide` agrees: it sees the request, may choose a subprotocol and add headers to the
    /// answer, or turn the client away with an HTTP answer of its own.
    ///
    /// Not cancel safe: dropped, the stream is dropped with it.
    ///
    /// # Errors
    ///
    /// As [`accept`](Self::accept).
    pub async fn accept_with<S>(
        &self,
        stream: S,
        decide: impl FnOnce(&mut Offer) -> Result<(), Rejection>,
    ) -> Result<WsStream<R::Transport, R::Clock>, Error>
    where
        R: Bind<S>,
    {
        let mut opening = Opening::new(R::bind(stream), R::Clock::default(), &self.limits);
        let mut offer = opening.request(&self.limits).await?;
        if let Err(rejection) = self.judge(&mut offer).and_then(|()| decide(&mut offer)) {
            let status = rejection.status();
            opening.refuse(offer.reject(&rejection)).await;
            return Err(Error::Refused(status));
        }
        let protocol = offer.protocol().map(Box::from);
        opening.open(offer, self.config.clone(), protocol).await
    }

    fn judge(&self, offer: &mut Offer) -> Result<(), Rejection> {
        if !self.origins.allow(offer.request()) {
            return Err(Rejection::new(403).body("origin not allowed\n"));
        }
        let chosen = offer.protocols().find(|offered| self.protocols.iter().any(|ours| ours == offered));
        let chosen = chosen.map(String::from);
        let select = |protocol: String| offer.select_protocol(&protocol);
        chosen.map_or(Ok(()), select).map_err(|_: InvalidHead| Rejection::new(500)) // not reached: it is offered
    }
}

impl<R> Clone for Acceptor<R> {
    fn clone(&self) -> Self {
        Self {
            config: self.config.clone(),
            limits: self.limits.clone(),
            protocols: self.protocols.clone(),
            origins: self.origins.clone(),
            runtime: PhantomData,
        }
    }
}

impl<R> fmt::Debug for Acceptor<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acceptor")
            .field("config", &self.config)
            .field("limits", &self.limits)
            .field("protocols", &self.protocols)
            .field("origins", &self.origins)
            .finish()
    }
}
