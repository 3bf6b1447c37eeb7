//! [`Connector`]: how a client opens WebSockets.

use crate::deadline::until;
use crate::entropy::ThreadEntropy;
use crate::error::Error;
use crate::opening::Opening;
use crate::runtime::{Bind, Clock, Connect, Runtime};
use crate::stream::WsStream;
use crate::target::{Target, UrlError};
use crate::turn::Turn;
#[cfg(feature = "deflate")]
use sansws_core::deflate::Deflate;
use sansws_core::handshake::{ClientHandshake, ClientRequest, HandshakeLimits, Response};
use sansws_core::{Config, TimedOut};
use std::fmt;
use std::io;
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

    /// How long resolving the host and connecting to it may take together, without the time that
    /// [`one_at_a_time`](Self::one_at_a_time) waits. Default: 10 s.
    #[must_use]
    pub fn connect_timeout(self, connect_timeout: Duration) -> Self {
        Self { connect_timeout, ..self }
    }

    /// Whether no two handshakes with one address and port are under way at a time in this process, whichever
    /// connectors begin them (RFC 6455 §4.1 step 2). Default: no. The RFC demands it of clients that run other people's
    /// scripts, as browsers do, so that these cannot make them flood a server; a program that opens its own connections
    /// wants them soon.
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
    /// Connects over TCP to a `ws:` URL and opens a WebSocket. The host's addresses are tried in turn. The answer
    /// comes with it. Redirects are not followed.
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
        if target.is_secure() {
            return Err(UrlError::NoTls.into());
        }
        let (stream, _turn) = self.tcp(&target).await?;
        self.client(stream, ClientRequest::new(target.authority(), target.resource())).await
    }

    /// Opens a WebSocket on a stream that is connected to the server: through a proxy, over a Unix socket, over TLS
    /// of the caller's own. What the connector knows of subprotocols and headers is added to the request.
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

    /// Connects to the first address of the host that answers, when it is our turn. An address that does not answer
    /// leaves the others their share of the time.
    async fn tcp(&self, target: &Target) -> Result<(R::Tcp, Option<Turn>), Error>
    where
        R: Connect,
    {
        let timed_out = || Error::from(TimedOut::Connect(self.connect_timeout));
        let mut clock = R::Clock::default();
        let deadline = clock.now() + self.connect_timeout;
        let resolved = until(&mut clock, deadline, R::resolve(target.host(), target.port())).await;
        let addresses = resolved.ok_or_else(timed_out)??;
        let mut failure = io::Error::new(io::ErrorKind::NotFound, "host has no address").into();
        let mut left = deadline.saturating_duration_since(clock.now());
        let mut untried = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
        for address in addresses {
            let turn = if self.one_at_a_time { Some(Turn::take(address).await) } else { None };
            let start = clock.now();
            match until(&mut clock, start + left / untried.max(1), R::connect(address)).await {
                Some(Ok(stream)) => return Ok((stream, turn)),
                Some(Err(error)) => failure = error.into(),
                None => failure = timed_out(),
            }
            untried = untried.saturating_sub(1);
            left = left.saturating_sub(clock.now().saturating_duration_since(start));
        }
        Err(failure)
    }
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
