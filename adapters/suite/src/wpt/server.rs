//! [`Server`]: the WPT server, on a free port.

use super::client::Request;
use super::cue::Cue;
use super::handlers::handle;
use crate::certificate::Configs;
use crate::echo;
use crate::peer::Peer;
use sansws_driver::rustls::{ClientConfig, ServerConfig};
use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;

/// How a test connects: the variants of most files.
#[derive(Clone, Copy, Debug)]
pub enum Variant {
    /// `?default`: `ws:`.
    Default,
    /// `?wss`.
    Wss,
}

/// A server that runs until it is dropped, with a thread for each connection.
pub(crate) struct Server {
    server: echo::Server,
    tls: Option<Configs>,
    pub(crate) cue: Arc<Cue>,
}

impl Server {
    pub(super) fn start(variant: Variant) -> Self {
        let tls = match variant {
            Variant::Default => None,
            Variant::Wss => Some(Configs::new(&["127.0.0.1", "localhost"])),
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let cue = Arc::new(Cue::default());
        let server = echo::Server::start(listener.local_addr().unwrap(), {
            let (tls, cue) = (tls.as_ref().map(|tls| Arc::clone(&tls.server)), Arc::clone(&cue));
            move |stopped, _| {
                loop {
                    let (tcp, _) = listener.accept().unwrap();
                    if stopped.load(Ordering::Acquire) {
                        return;
                    }
                    let (tls, cue) = (tls.clone(), Arc::clone(&cue));
                    thread::spawn(|| serve(tcp, tls, cue));
                }
            }
        });
        Self { server, tls, cue }
    }

    /// The URL of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        let scheme = if self.tls.is_some() { "wss" } else { "ws" };
        format!("{scheme}://{}{path}", self.server.address())
    }

    /// What trusts it.
    pub(super) fn tls(&self) -> Option<Arc<ClientConfig>> {
        Some(Arc::clone(&self.tls.as_ref()?.client))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.cue.end();
    }
}

/// One client, until it is gone. What it is told, and so what matters of it, is the test's to see.
fn serve(tcp: TcpStream, tls: Option<Arc<ServerConfig>>, cue: Arc<Cue>) -> io::Result<()> {
    let peer = Peer::accepted(tcp);
    let peer = if let Some(tls) = tls { peer.tls_server(tls) } else { peer };
    peer.receive_little();
    handle(Request::read(peer, cue)?)
}
