//! [`Connector`]: how a client opens WebSockets.

#[cfg(unix)]
mod unix;

use crate::dial::dial;
use crate::entropy::ThreadEntropy;
use crate::error::Error;
use crate::opening::Opening;
use crate::runtime::{Bind, Clock, Connect, Runtime};
use crate::stream::WsStream;
use crate::target::{Target, UrlError};
use sansws_core::Config;
#[cfg(feature = "deflate")]
use sansws_core::deflate::Deflate;
use sansws_core::handshake::{ClientHandshake, ClientRequest, HandshakeLimits, Response};
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

/// How a client opens WebSockets: limits, subprotocols, headers, timeouts.
pub struct Connector<R> {
    config: Config,
    limits: HandshakeLimits,
    protocols: Vec<String>,
    headers: Vec<(String, Vec<u8>)>,
    connect_timeout: Duration,
    one_at_a_time: bool,
    runtime: PhantomData<fn() -> R>,
}

impl<R> Default for Connector<R> {
    fn default() -> Self {
        Self {
            config: Config::client(),
            limits: HandshakeLimits::default(),
            protocols: Vec::new(),
            headers: Vec::new(),
            connect_timeout: Duration::from_secs(10),
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
        Self { config, ..self }
    }

    /// Compresses messages with permessage-deflate (RFC 7692), by offering it. Part of [`config`](Self::config), so to be
    /// called after it.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn deflate(self, deflate: Deflate) -> Self {
        Self { config: Config { deflate: Some(deflate), ..self.config }, ..self }
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
    /// Connects over TCP to a `ws:` URL and opens a WebSocket. The answer comes with it. Redirects are not followed.
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
        let target = plain(url)?;
        let (host, port) = (target.host(), target.port());
        let (stream, _turn) = dial::<R>(host, port, self.connect_timeout, self.one_at_a_time).await?;
        self.client(stream, self.request(&target)).await
    }

    /// Opens a WebSocket on a stream that is connected to the server: through a proxy, over TLS of the caller's
    /// own. What the connector knows of subprotocols and headers is added to the request.
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
        let request = self.protocols.iter().fold(request, ClientRequest::protocol);
        let request = self.headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        let mut opening = Opening::new(R::bind(stream), R::Clock::default(), &self.limits);
        let now = opening.clock.now();
        let entropy = ThreadEntropy::new()?;
        let handshake = ClientHandshake::new(request, self.config.clone(), self.limits.clone(), entropy, now)?;
        let (connection, response) = opening.ask(handshake).await?;
        Ok((opening.opened(connection, response.protocol().map(Into::into)), response))
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

/// A URL without TLS.
fn plain(url: &str) -> Result<Target, UrlError> {
    let target = Target::parse(url)?;
    if target.is_secure() { Err(UrlError::NoTls) } else { Ok(target) }
}

impl<R> Clone for Connector<R> {
    fn clone(&self) -> Self {
        Self {
            config: self.config.clone(),
            limits: self.limits.clone(),
            protocols: self.protocols.clone(),
            headers: self.headers.clone(),
            connect_timeout: self.connect_timeout,
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
