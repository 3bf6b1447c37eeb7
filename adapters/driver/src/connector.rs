//! [`Connector`]: how a client opens WebSockets.

#[cfg(unix)]
mod unix;

use crate::connecting::Connecting;
use crate::dial::dial;
use crate::entropy::ThreadEntropy;
use crate::error::Error;
use crate::link::Link;
use crate::nonblocking::NonBlocking;
use crate::runtime::{Bind, Clock, Connect, Readiness, Runtime};
use crate::stream::WsStream;
use crate::target::{Target, UrlError};
use crate::transport::Transport;
use crate::wakers::Wakers;
use sansws_core::Config;
#[cfg(feature = "deflate")]
use sansws_core::deflate::Deflate;
use sansws_core::handshake::{ClientHandshake, ClientRequest, HandshakeError, HandshakeLimits, Response};
use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

/// How a client opens WebSockets: limits, subprotocols, headers, timeouts.
pub struct Connector<R> {
    config: Arc<Config>,
    limits: HandshakeLimits,
    protocols: Vec<String>,
    headers: Vec<(String, Vec<u8>)>,
    pub(crate) connect_timeout: Duration,
    pub(crate) tls_timeout: Duration,
    #[cfg(feature = "tls")]
    tls: Option<Arc<rustls::ClientConfig>>,
    pub(crate) one_at_a_time: bool,
    runtime: PhantomData<fn() -> R>,
}

impl<R> Default for Connector<R> {
    fn default() -> Self {
        Self {
            config: Arc::new(Config::client()),
            limits: HandshakeLimits::default(),
            protocols: Vec::new(),
            headers: Vec::new(),
            connect_timeout: Duration::from_secs(10),
            tls_timeout: Duration::from_secs(10),
            #[cfg(feature = "tls")]
            tls: None,
            one_at_a_time: false,
            runtime: PhantomData,
        }
    }
}

impl<R> Connector<R> {
    /// One with all defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How the connection behaves once it is open.
    #[must_use]
    pub fn config(self, config: Config) -> Self {
        Self { config: Arc::new(config), ..self }
    }

    /// Compresses messages with permessage-deflate (RFC 7692), by offering it. Part of [`config`](Self::config), so to be
    /// called after it.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn deflate(mut self, deflate: Deflate) -> Self {
        Arc::make_mut(&mut self.config).deflate = Some(deflate);
        self
    }

    /// What a server may cost before the connection is open.
    #[must_use]
    pub fn handshake_limits(self, limits: HandshakeLimits) -> Self {
        Self { limits, ..self }
    }

    /// How long resolving the host and connecting to it may take together, without the time in which
    /// [`one_at_a_time`](Self::one_at_a_time) lets no address be tried. Default: 10 s.
    #[must_use]
    pub fn connect_timeout(self, connect_timeout: Duration) -> Self {
        Self { connect_timeout, ..self }
    }

    /// How long the TLS handshake may take. Default: 10 s.
    #[must_use]
    pub fn tls_timeout(self, tls_timeout: Duration) -> Self {
        Self { tls_timeout, ..self }
    }

    /// How to speak TLS, for `wss:` URLs: whom to trust, with which provider. If the configuration names nothing in ALPN
    /// (RFC 7301), it is `http/1.1`.
    ///
    /// Without this, the roots of the operating system or those of Mozilla are trusted, if the feature
    /// `tls-platform-verifier` or `tls-webpki-roots` is on.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(self, config: impl Into<Arc<rustls::ClientConfig>>) -> Self {
        Self { tls: Some(crate::tls::client(config.into())), ..self }
    }

    /// Whether no two handshakes with one address and port are under way at a time in this process, whichever
    /// connectors begin them (RFC 6455 §4.1 step 2). An address that has one is passed over in favour of the host's
    /// others, and tried once it is free; Unix sockets are not counted. Default: no. The RFC demands it of clients that
    /// run other people's scripts, as browsers do, so that these cannot make them flood a server; a program that opens
    /// its own connections wants them soon.
    #[must_use]
    pub fn one_at_a_time(self, one_at_a_time: bool) -> Self {
        Self { one_at_a_time, ..self }
    }

    /// The subprotocols to offer, the best first (RFC 6455 §1.9).
    #[must_use]
    pub fn protocols<P: Into<String>>(self, protocols: impl IntoIterator<Item = P>) -> Self {
        Self { protocols: protocols.into_iter().map(Into::into).collect(), ..self }
    }

    /// Adds a header to the request, such as `Origin`, `Cookie` or `Authorization`.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.into(), value.as_ref().into()));
        self
    }
}

impl<R: Runtime> Connector<R> {
    /// Connects over TCP to a `ws:` or `wss:` URL and opens a WebSocket. The answer comes with it. Redirects are not
    /// followed.
    ///
    /// The host's addresses race by Happy Eyeballs (RFC 8305): families alternate, an attempt starts 250 ms after
    /// the one before or as soon as that has failed, and the first that connects is it. If all fail, the error is the
    /// one that came first.
    ///
    /// A user name or password in the URL is sent as `Authorization: Basic` (RFC 7617), unless the connector has an
    /// `Authorization` [`header`](Self::header) of its own.
    ///
    /// Not cancel safe: dropped, the attempt is given up.
    ///
    /// # Errors
    ///
    /// [`Error::Url`], [`Error::Head`] for what the caller gave; [`Error::Io`], [`Error::TimedOut`] while connecting;
    /// [`Error::Handshake`] for what the server did, with its answer if it refused.
    pub async fn connect(&self, url: &str) -> Result<(WsStream<R::Transport, R::Clock>, Response), Error>
    where
        R: Connect + Bind<<R as Connect>::Tcp>,
    {
        let target = Target::parse(url)?;
        let secured = self.secured(target.is_secure(), target.host())?;
        let (host, port) = (target.host(), target.port());
        let (stream, _turn) = dial::<R>(host, port, self.connect_timeout, self.one_at_a_time).await?;
        self.open(secured(R::bind(stream)), self.request(&target)).await
    }

    /// Opens a WebSocket at a `ws:` or `wss:` URL over a stream that is connected to its host already, or to a proxy that
    /// is: the rest is as in [`connect`](Self::connect).
    ///
    /// Not cancel safe: dropped, the stream is dropped with it.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub async fn connect_over<S>(
        &self,
        stream: S,
        url: &str,
    ) -> Result<(WsStream<R::Transport, R::Clock>, Response), Error>
    where
        R: Bind<S>,
    {
        let target = Target::parse(url)?;
        let secured = self.secured(target.is_secure(), target.host())?;
        self.open(secured(R::bind(stream)), self.request(&target)).await
    }

    /// Opens a WebSocket with a request of the caller's own, on a stream that is connected to the server. What the
    /// connector knows of subprotocols and headers is added to the request.
    ///
    /// Not cancel safe: dropped, the stream is dropped with it.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub async fn client<S>(
        &self,
        stream: S,
        request: ClientRequest,
    ) -> Result<(WsStream<R::Transport, R::Clock>, Response), Error>
    where
        R: Bind<S>,
    {
        self.open(Link::plain(R::bind(stream)), request).await
    }

    /// Begins to open a WebSocket at a `ws:` or `wss:` URL, for a caller who waits for readiness; else as
    /// [`connect_over`](Self::connect_over), but that the stream may still be connecting. How it ends is told by the first
    /// call that meets the end.
    ///
    /// # Errors
    ///
    /// [`Error::Url`], [`Error::Head`] for what the caller gave; [`Error::Io`] if TLS cannot begin, or there is no
    /// randomness.
    pub fn begin<S>(&self, stream: S, url: &str) -> Result<R::WsStream, Error>
    where
        R: Readiness<S>,
    {
        let target = Target::parse(url)?;
        let secured = self.secured(target.is_secure(), target.host())?;
        let connecting = self.connecting(secured(R::bind(stream)), self.request(&target))?;
        Ok(NonBlocking::connecting(connecting).into())
    }

    /// Begins to open a WebSocket with a request of the caller's own; see [`begin`](Self::begin) and
    /// [`client`](Self::client).
    ///
    /// # Errors
    ///
    /// As [`begin`](Self::begin).
    pub fn begin_client<S>(&self, stream: S, request: ClientRequest) -> Result<R::WsStream, Error>
    where
        R: Readiness<S>,
    {
        Ok(NonBlocking::connecting(self.connecting(Link::plain(R::bind(stream)), request)?).into())
    }

    async fn open<T: Transport>(
        &self,
        link: Link<T>,
        request: ClientRequest,
    ) -> Result<(WsStream<T, R::Clock>, Response), Error> {
        let mut connecting = self.connecting(link, request)?;
        poll_fn(|cx| connecting.poll(cx)).await?;
        let opened = connecting.opened().map_err(|_| HandshakeError::UnexpectedEof); // not reached: it was ready
        let (opened, response) = opened?;
        Ok((WsStream::new(opened.driven_for(Wakers::new())), response))
    }

    /// The handshake with a server. In a box, since it is large and soon gone.
    fn connecting<T: Transport>(
        &self,
        link: Link<T>,
        request: ClientRequest,
    ) -> Result<Box<Connecting<T, R::Clock>>, Error> {
        let request = self.protocols.iter().fold(request, ClientRequest::protocol);
        let request = self.headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        let clock = R::Clock::default();
        let entropy = ThreadEntropy::new()?;
        let handshake =
            ClientHandshake::new(request, Arc::clone(&self.config), self.limits.clone(), entropy, clock.now())?;
        Ok(Box::new(Connecting::new(link, clock, handshake, self.tls_timeout, self.limits.timeout)))
    }

    /// What puts TLS on a transport, if it is wanted.
    #[cfg(feature = "tls")]
    pub(crate) fn secured<T>(
        &self,
        is_secure: bool,
        host: &str,
    ) -> Result<impl FnOnce(T) -> Link<T> + use<T, R>, Error> {
        let tls = if is_secure {
            let default = if self.tls.is_none() { crate::tls::default_client()? } else { None };
            let config = self.tls.clone().or(default).ok_or(UrlError::NoTls)?;
            Some(crate::tls::Session::client(config, host)?)
        } else {
            None
        };
        Ok(|transport| Link { transport, tls })
    }

    #[cfg(not(feature = "tls"))]
    pub(crate) fn secured<T>(
        &self,
        is_secure: bool,
        _host: &str,
    ) -> Result<impl FnOnce(T) -> Link<T> + use<T, R>, Error> {
        if is_secure { Err(UrlError::NoTls.into()) } else { Ok(Link::plain) }
    }

    /// What the URL says of the request.
    fn request(&self, target: &Target) -> ClientRequest {
        let request = ClientRequest::new(target.authority(), target.resource());
        let ours = self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("Authorization"));
        match target.credentials() {
            Some(credentials) if !ours => request.header("Authorization", credentials.to_basic()),
            _ => request,
        }
    }
}

impl<R> Clone for Connector<R> {
    fn clone(&self) -> Self {
        Self {
            config: Arc::clone(&self.config),
            limits: self.limits.clone(),
            protocols: self.protocols.clone(),
            headers: self.headers.clone(),
            connect_timeout: self.connect_timeout,
            tls_timeout: self.tls_timeout,
            #[cfg(feature = "tls")]
            tls: self.tls.clone(),
            one_at_a_time: self.one_at_a_time,
            runtime: PhantomData,
        }
    }
}

impl<R> fmt::Debug for Connector<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector")
            .field("config", &self.config)
            .field("limits", &self.limits)
            .field("protocols", &self.protocols)
            .field("connect_timeout", &self.connect_timeout)
            .finish_non_exhaustive() // headers may hold credentials
    }
}
