#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
//! What every adapter does: by loops around mio, by blocking streams, and by futures on threads that block.

mod blocking;
mod readiness;

use sansws_driver::{Acceptor, Connector, Error};
use sansws_suite::{ClientOptions, Listener, ServerOptions, Socket};
use std::net::{SocketAddr, TcpListener, TcpStream};

mod loops {
    sansws_suite::suite!(crate::readiness::Loops);
}

mod streams {
    sansws_suite::suite!(crate::blocking::Streams);
}

mod futures {
    sansws_suite::async_suite!(crate::blocking::Threads);
}

fn acceptor<R>(options: &ServerOptions) -> Acceptor<R> {
    let ServerOptions { config, limits, protocols, origins, tls, .. } = options.clone();
    let acceptor = Acceptor::new().config(config).handshake_limits(limits).protocols(protocols).origins(origins);
    if let Some(tls) = tls { acceptor.tls(tls) } else { acceptor }
}

fn connector<R>(options: ClientOptions) -> Connector<R> {
    let ClientOptions { config, limits, protocols, headers, connect_timeout, tls, tls_timeout } = options;
    let connector = Connector::new().config(config).handshake_limits(limits).protocols(protocols);
    let connector = connector.connect_timeout(connect_timeout).tls_timeout(tls_timeout);
    let connector = if let Some(tls) = tls { connector.tls(tls) } else { connector };
    headers.into_iter().fold(connector, |connector, (name, value)| connector.header(name, value))
}

type Accepted = Result<Box<dyn Socket>, Error>;

/// A listener, and what becomes of those who connect.
struct Listening<A>(TcpListener, A);

fn listen<A: FnMut(TcpStream) -> Accepted + Send + 'static>(accept: A) -> Box<dyn Listener> {
    Box::new(Listening(TcpListener::bind("127.0.0.1:0").unwrap(), accept))
}

impl<A: FnMut(TcpStream) -> Accepted + Send> Listener for Listening<A> {
    fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    fn accept(&mut self) -> Accepted {
        (self.1)(self.0.accept()?.0)
    }
}
