//! A loop around mio, as programs have it, for tests; and what TLS takes.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use mio::event::Source;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use sansws_driver::rustls::{self, ClientConfig, RootCertStore, ServerConfig};
use sansws_mio::{Acceptor, Connector, WsStream};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A selector, and what is registered there once.
pub(crate) struct Loop {
    poll: Poll,
    events: Events,
    registered: usize,
}

impl Loop {
    pub(crate) fn new() -> Self {
        Self { poll: Poll::new().unwrap(), events: Events::with_capacity(1024), registered: 0 }
    }

    /// Registers something for all; what it is known by.
    pub(crate) fn register(&mut self, source: &mut impl Source) -> usize {
        let token = Token(self.registered);
        self.registered += 1;
        self.poll.registry().register(source, token, Interest::READABLE | Interest::WRITABLE).unwrap();
        token.0
    }

    /// What has changed within `timeout`. That nothing ever does fails the test.
    pub(crate) fn wait(&mut self, timeout: Option<Duration>) -> Vec<usize> {
        const FOREVER: Duration = Duration::from_secs(20);
        let begun = Instant::now();
        if let Err(error) = self.poll.poll(&mut self.events, timeout.or(Some(FOREVER))) {
            assert_eq!(error.kind(), io::ErrorKind::Interrupted);
        }
        assert!(timeout.is_some() || begun.elapsed() < FOREVER, "nothing happens");
        self.events.iter().map(|event| event.token().0).collect()
    }
}

/// A listener on a free port.
pub(crate) fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// A client and a server that trust each other, at `localhost`.
pub(crate) fn tls() -> (ClientConfig, ServerConfig) {
    let rcgen::CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(["localhost".into()]).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let server = server.unwrap().with_no_client_auth().with_single_cert(vec![cert.der().clone()], key).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    let client = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let client = client.with_root_certificates(roots).with_no_client_auth();
    (client, server)
}

/// A client and a server that begin to open a WebSocket with each other.
pub(crate) fn pair(connector: &Connector, acceptor: &Acceptor, url: &str) -> (WsStream, WsStream) {
    let (listener, address) = listen();
    let client = connector.begin(TcpStream::connect(address).unwrap(), url).unwrap();
    loop {
        match listener.accept() {
            Ok((tcp, _)) => return (client, acceptor.begin(tcp).unwrap()),
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
        }
    }
}
