//! [`Options`]: what a browser decides by itself, and a program says. Plain data.

use crate::config::Config;
use crate::handshake::HandshakeLimits;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use url::Url;

/// What a browser decides by itself, and a program says.
///
/// ```
/// use sansws_core::web::{Options, Url, WebSocket};
///
/// let page = Url::parse("https://example.com/app/index.html")?;
/// let options = Options { base: Some(page), ..Options::default() };
/// let socket = WebSocket::with_options("chat", (), options)?;
/// assert_eq!(socket.url().as_str(), "wss://example.com/app/chat");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Options {
    /// What URLs are relative to: a browser's page. Default: nothing, so they must be absolute.
    pub base: Option<Url>,
    /// Whether the 83 ports of other services, such as 25 for mail, fail as they do in browsers: before anything
    /// connects. Default: no. Right for programs that run other people's scripts.
    pub block_ports: bool,
    /// The `Origin` header: a browser's page. Default: none.
    pub origin: Option<String>,
    /// More headers of the request, such as `Cookie`. Default: none. `Authorization` here takes the place of what the URL's
    /// user info says.
    pub headers: Vec<(String, Vec<u8>)>,
    /// How the connection behaves, deadlines, limits and compression included. Default: [`Config::client`]. Messages are
    /// always given out whole, and [`Limits::output_max`](crate::Limits::output_max) does not count: `buffer` does.
    pub config: Config,
    /// What a server may cost before the connection is open.
    pub handshake: HandshakeLimits,
    /// How many bytes of messages may wait to be sent. If that would be more, the connection fails as the standard has
    /// it. Default: as many as memory holds, as in browsers.
    pub buffer: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            base: None,
            block_ports: false,
            origin: None,
            headers: Vec::new(),
            config: Config::client(),
            handshake: HandshakeLimits::default(),
            buffer: u64::MAX,
        }
    }
}

/// Of headers the names: their values may be credentials.
impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("block_ports", &self.block_ports)
            .field("origin", &self.origin)
            .field("headers", &self.headers.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
