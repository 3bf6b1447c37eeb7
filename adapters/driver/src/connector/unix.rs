//! Unix sockets.

use super::Connector;
use crate::deadline::until;
use crate::error::Error;
use crate::runtime::{Bind, Clock, ConnectUnix};
use crate::stream::WsStream;
use crate::target::Target;
use sansws_core::TimedOut;
use sansws_core::handshake::Response;
use std::path::Path;

impl<R: ConnectUnix> Connector<R> {
    /// Connects to the Unix socket at `path` and opens a WebSocket. What to ask for comes from a `ws:` or `wss:` URL, as in
    /// [`connect`](Self::connect); its host is not looked up.
    ///
    /// Not cancel safe: dropped, the attempt is given up.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub async fn connect_unix(
        &self,
        path: impl AsRef<Path>,
        url: &str,
    ) -> Result<(WsStream<<R as Bind<R::Unix>>::Transport, R::Clock>, Response), Error> {
        let target = Target::parse(url)?;
        let secured = self.secured(target.is_secure(), target.host())?;
        let mut clock = R::Clock::default();
        let deadline = clock.now() + self.connect_timeout;
        let connected = until(&mut clock, deadline, R::connect_unix(path.as_ref())).await;
        let stream = connected.ok_or(TimedOut::Connect(self.connect_timeout))??;
        self.open(secured(R::bind(stream)), self.request(&target)).await
    }
}
