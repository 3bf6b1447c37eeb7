//! [`Subject`]: an adapter, as the rows see it.

use crate::echo::{self, Echo, Server};
use sansws_core::handshake::{HandshakeLimits, Offer, Rejection, Response};
use sansws_core::{CloseFrame, Config, Event, EventRef, Fragment, Message, MessageRef, Sender, Traffic};
use sansws_driver::rustls::{ClientConfig, CommonState, ServerConfig};
use sansws_driver::{Error, Origins};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// An adapter. Everything blocks.
pub trait Subject: Send + Sync {
    /// Listens on a free port of 127.0.0.1.
    fn listen(&self, options: ServerOptions) -> Box<dyn Listener>;

    /// Opens a WebSocket as a client.
    fn connect(&self, url: &str, options: ClientOptions) -> Result<(Box<dyn Socket>, Response), Error>;

    /// Starts a server that echoes on all connections at a time: here on a thread each, while an adapter with tasks
    /// has one for each.
    fn serve(&self, options: ServerOptions, way: Echo) -> Server {
        echo::on_threads(self.listen(options), way)
    }
}

/// How a server opens WebSockets.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// How connections behave.
    pub config: Config,
    /// What a client may cost before its connection is open.
    pub limits: HandshakeLimits,
    /// Its subprotocols.
    pub protocols: Vec<String>,
    /// Which sites' pages may connect.
    pub origins: Origins,
    /// The program's own decision.
    pub decide: fn(&mut Offer) -> Result<(), Rejection>,
    /// With TLS, so configured.
    pub tls: Option<Arc<ServerConfig>>,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            config: Config::default(),
            limits: HandshakeLimits::default(),
            protocols: Vec::new(),
            origins: Origins::default(),
            decide: |_| Ok(()),
            tls: None,
        }
    }
}

/// How a client opens WebSockets.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// How the connection behaves.
    pub config: Config,
    /// What a server may cost before the connection is open.
    pub limits: HandshakeLimits,
    /// The subprotocols to offer.
    pub protocols: Vec<String>,
    /// Headers to add to the request.
    pub headers: Vec<(String, String)>,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How TLS is configured, for `wss:`.
    pub tls: Option<Arc<ClientConfig>>,
    /// How long its handshake may take.
    pub tls_timeout: Duration,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            config: Config::client(),
            limits: HandshakeLimits::default(),
            protocols: Vec::new(),
            headers: Vec::new(),
            connect_timeout: Duration::from_secs(10),
            tls: None,
            tls_timeout: Duration::from_secs(10),
        }
    }
}

/// A server's socket.
pub trait Listener: Send {
    /// Where it listens.
    fn address(&self) -> SocketAddr;

    /// Waits for a client, and opens a WebSocket with it.
    fn accept(&mut self) -> Result<Box<dyn Socket>, Error>;
}

/// What handles a message, for [`Socket::serve`].
pub type Handle<'h> = dyn FnMut(MessageRef<'_>, &mut Sender) -> Result<(), Error> + Send + 'h;

/// What handles an event, for [`Socket::serve_events`].
pub type HandleEvent<'h> = dyn FnMut(EventRef<'_>, &mut Sender) -> Result<(), Error> + Send + 'h;

/// An open WebSocket of the adapter. The methods are those of [`WsStream`](sansws_driver::WsStream), which block; to drop
/// it is to drop the connection.
#[expect(missing_docs, reason = "see WsStream")]
pub trait Socket: Send {
    fn next(&mut self) -> Option<Result<Message, Error>>;
    /// What is lent is copied.
    fn read(&mut self) -> Result<Option<Message>, Error>;
    fn next_event(&mut self) -> Option<Result<Event, Error>>;
    fn serve(&mut self, handle: &mut Handle<'_>) -> Result<(), Error>;
    fn serve_events(&mut self, handle: &mut HandleEvent<'_>) -> Result<(), Error>;

    fn send(&mut self, message: Message) -> Result<(), Error>;
    fn feed(&mut self, message: Message) -> Result<(), Error>;
    fn feed_ref(&mut self, message: MessageRef<'_>) -> Result<(), Error>;
    fn send_fragment(&mut self, fragment: Fragment) -> Result<(), Error>;
    fn ping(&mut self, payload: &[u8]) -> Result<(), Error>;
    fn flush(&mut self) -> Result<(), Error>;

    fn close(&mut self, frame: Option<CloseFrame>) -> Result<Option<CloseFrame>, Error>;
    fn start_close(&mut self, frame: Option<CloseFrame>) -> Result<(), Error>;

    fn protocol(&self) -> Option<&str>;
    fn close_frame(&self) -> Option<&CloseFrame>;
    fn is_open(&self) -> bool;
    fn is_clean(&self) -> bool;
    fn buffered_amount(&self) -> u64;
    fn traffic(&self) -> Traffic;
    fn tls(&self) -> Option<&CommonState>;
}
