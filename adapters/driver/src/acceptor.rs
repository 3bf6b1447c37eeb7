//! [`Acceptor`]: how a server opens WebSockets.

use crate::accepting::{Accepting, Decide};
use crate::drain::Drain;
use crate::error::Error;
use crate::link::Link;
use crate::nonblocking::NonBlocking;
use crate::runtime::{Bind, Readiness, Runtime};
use crate::stream::WsStream;
use crate::transport::Transport;
use crate::upgrade::Upgrade;
use crate::wakers::Wakers;
use sansws_core::Config;
#[cfg(feature = "deflate")]
use sansws_core::deflate::Deflate;
use sansws_core::handshake::{HandshakeError, HandshakeLimits, InvalidHead, Offer, Rejection, Request};
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::sync::Arc;

/// How a server opens WebSockets: limits, subprotocols, which sites may connect.
///
/// Make one, and use it for all connections; a clone costs next to nothing.
pub struct Acceptor<R> {
    settings: Arc<Settings>,
    drain: Option<Drain<R>>,
}

#[derive(Clone, Debug, Default)]
struct Settings {
    config: Arc<Config>,
    limits: HandshakeLimits,
    protocols: Vec<String>,
    origins: Origins,
    #[cfg(feature = "tls")]
    tls: Option<Arc<rustls::ServerConfig>>,
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
        Self { settings: Arc::default(), drain: None }
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
        self.set(|settings| settings.config = Arc::new(config))
    }

    /// Compresses messages with permessage-deflate (RFC 7692), if the client offers it. Part of [`config`](Self::config), so to be
    /// called after it.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn deflate(self, deflate: Deflate) -> Self {
        self.set(|settings| Arc::make_mut(&mut settings.config).deflate = Some(deflate))
    }

    /// What a client may cost before its connection is open.
    #[must_use]
    pub fn handshake_limits(self, limits: HandshakeLimits) -> Self {
        self.set(|settings| settings.limits = limits)
    }

    /// The subprotocols of this server (RFC 6455 §1.9). The first that the client offers and that is among them is
    /// chosen; if there is none, the connection has none.
    #[must_use]
    pub fn protocols<P: Into<String>>(self, protocols: impl IntoIterator<Item = P>) -> Self {
        self.set(|settings| settings.protocols = protocols.into_iter().map(Into::into).collect())
    }

    /// Which sites' pages may connect; others are answered 403.
    #[must_use]
    pub fn origins(self, origins: Origins) -> Self {
        self.set(|settings| settings.origins = origins)
    }

    /// Speaks TLS with all clients: `wss:` rather than `ws:`. If the configuration names nothing in ALPN (RFC 7301), it
    /// is `http/1.1`.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(self, config: impl Into<Arc<rustls::ServerConfig>>) -> Self {
        let config = crate::tls::server(config.into());
        self.set(|settings| settings.tls = Some(config))
    }

    /// Enters all connections there, so that they can be closed together.
    #[must_use]
    pub fn drain(self, drain: &Drain<R>) -> Self {
        Self { drain: Some(drain.clone()), ..self }
    }

    fn set(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        set(Arc::make_mut(&mut self.settings));
        self
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
    pub fn accept<S>(&self, stream: S) -> impl Future<Output = Result<Accepted<R, S>, Error>> + use<R, S>
    where
        R: Bind<S>,
    {
        self.accept_with(stream, |_| Ok(()))
    }

    /// Opens a WebSocket if `decide` agrees: it sees the request, may choose a subprotocol and add headers to the
    /// answer, or turn the client away with an HTTP answer of its own.
    ///
    /// Not cancel safe: dropped, the stream is dropped with it.
    ///
    /// # Errors
    ///
    /// As [`accept`](Self::accept).
    pub fn accept_with<S, D>(
        &self,
        stream: S,
        decide: D,
    ) -> impl Future<Output = Result<Accepted<R, S>, Error>> + use<R, S, D>
    where
        R: Bind<S>,
        D: FnOnce(&mut Offer) -> Result<(), Rejection>,
    {
        let accepting = self.accepting(R::bind(stream), self.deciding(decide));
        let drain = self.drain.clone();
        async move {
            let mut accepting = accepting?;
            poll_fn(|cx| accepting.poll(cx)).await?;
            let opened = accepting.opened().map_err(|_| HandshakeError::UnexpectedEof)?; // not reached: it was ready
            Ok(WsStream::new(opened.driven_for(wakers(drain.as_ref()))))
        }
    }

    /// Begins to open a WebSocket on a stream that a client has connected, for a caller who waits for readiness. How
    /// that ends is told by the first call that meets the end. A [`Drain`] does not enter it.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if TLS cannot begin.
    pub fn begin<S>(&self, stream: S) -> Result<R::WsStream, Error>
    where
        R: Readiness<S>,
    {
        self.begin_with(stream, |_| Ok(()))
    }

    /// Begins to open a WebSocket if `decide` agrees; see [`begin`](Self::begin) and
    /// [`accept_with`](Self::accept_with).
    ///
    /// # Errors
    ///
    /// As [`begin`](Self::begin).
    pub fn begin_with<S>(
        &self,
        stream: S,
        decide: impl FnOnce(&mut Offer) -> Result<(), Rejection> + Send + 'static,
    ) -> Result<R::WsStream, Error>
    where
        R: Readiness<S>,
    {
        let decide: Decide = Box::new(self.deciding(decide));
        Ok(NonBlocking::accepting(self.accepting(R::bind(stream), decide)?).into())
    }

    /// Judges a request that an HTTP library has read, of HTTP/1.1: for those who serve other things on the same port. The
    /// answer to give is 101 (Switching Protocols) with the [`headers`](Upgrade::headers) of what this returns; once that has
    /// left, the library gives up the stream, and the WebSocket is [`on`](Upgrade::on) it. Else it is the rejection's
    /// [`status`](Rejection::status), [`headers`](Rejection::headers) and [`text`](Rejection::text).
    ///
    /// Limits and deadlines of the handshake, and TLS, are the library's.
    ///
    /// # Errors
    ///
    /// [`Rejection`] if the request is not a valid one for a WebSocket, if its origin may not connect, or if `decide` says so,
    /// which is as in [`accept_with`](Self::accept_with).
    pub fn upgrade<N: AsRef<str>, V: AsRef<[u8]>>(
        &self,
        method: &str,
        target: &str,
        headers: impl IntoIterator<Item = (N, V)>,
        decide: impl FnOnce(&mut Offer) -> Result<(), Rejection>,
    ) -> Result<Upgrade<R>, Rejection> {
        let mut offer = Offer::from_request(method, target, headers).map_err(|error| Rejection::from(&error))?;
        self.deciding(decide)(&mut offer)?;
        Ok(Upgrade::new(offer, Arc::clone(&self.settings.config), self.drain.clone()))
    }

    /// The handshake with a client that `decide` decides on alone. In a box, since it is large and soon gone: what is left
    /// of a future that holds it is a pointer.
    fn accepting<T: Transport, D>(&self, transport: T, decide: D) -> io::Result<Box<Accepting<T, R::Clock, D>>>
    where
        D: FnOnce(&mut Offer) -> Result<(), Rejection>,
    {
        let Settings { config, limits, .. } = &*self.settings;
        let link = self.settings.link(transport)?;
        Ok(Box::new(Accepting::new(link, R::Clock::default(), Arc::clone(config), limits, decide)))
    }

    /// The server's decision on a client, and then `decide`'s.
    fn deciding<D>(&self, decide: D) -> impl FnOnce(&mut Offer) -> Result<(), Rejection> + use<R, D>
    where
        D: FnOnce(&mut Offer) -> Result<(), Rejection>,
    {
        let Self { settings, drain } = self.clone();
        move |offer: &mut Offer| {
            if drain.as_ref().is_some_and(Drain::is_draining) {
                return Err(Rejection::new(503).body("shutting down\n"));
            }
            settings.judge(offer).and_then(|()| decide(offer))
        }
    }
}

/// Those of a connection that is entered with `drain`, if there is one.
pub(crate) fn wakers<R: Runtime>(drain: Option<&Drain<R>>) -> Wakers {
    drain.map_or_else(Wakers::new, |drain| Wakers::entered(|slots| drain.watch(slots)))
}

/// What an acceptor of runtime `R` makes of a stream.
pub(crate) type Accepted<R, S> = WsStream<<R as Bind<S>>::Transport, <R as Runtime>::Clock>;

impl Settings {
    fn link<T>(&self, transport: T) -> io::Result<Link<T>> {
        #[cfg(feature = "tls")]
        if let Some(config) = &self.tls {
            return Ok(Link { transport, tls: Some(crate::tls::Session::server(Arc::clone(config))?) });
        }
        Ok(Link::plain(transport))
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
        Self { settings: Arc::clone(&self.settings), drain: self.drain.clone() }
    }
}

impl<R> fmt::Debug for Acceptor<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acceptor").field("settings", &self.settings).field("drain", &self.drain).finish()
    }
}
