//! TLS for tests: certificates, and a peer that is rustls and nothing else.

use super::script::{Cut, Peer, Read, Scripted, script};
use super::task::run_until_idle;
use super::time::Manual;
use super::{Acceptor, REQUEST};
use sansws_driver::WsStream;
use sansws_driver::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use sansws_driver::rustls::{
    self, ClientConfig, ClientConnection, Connection, RootCertStore, ServerConfig, ServerConnection, crypto,
};
use std::io::{Read as _, Write as _};
use std::sync::{Arc, LazyLock};

/// A server's configuration with a certificate of its own making, and that of a client which trusts it.
pub(crate) fn configs(names: &[&str]) -> (ServerConfig, ClientConfig) {
    let names: Vec<String> = names.iter().copied().map(String::from).collect();
    let rcgen::CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(names).expect("a certificate");
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let server = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    let server = server.expect("versions").with_no_client_auth();
    let server = server.with_single_cert(vec![cert.der().clone()], key.into()).expect("a key");
    (server, trusting(cert.der()))
}

/// A client that trusts this certificate.
pub(crate) fn trusting(certificate: &CertificateDer<'static>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).expect("a root");
    let client = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    client.expect("versions").with_root_certificates(roots).with_no_client_auth()
}

/// A server under test, whose client is rustls and nothing else, and knows that it is open.
pub(crate) fn raw_client(cut: Cut) -> (Raw, WsStream<Scripted, Manual>) {
    static CONFIGS: LazyLock<(ServerConfig, ClientConfig)> = LazyLock::new(|| configs(&["localhost"]));
    let (server, client) = CONFIGS.clone();
    let (mut raw, transport) = Raw::client(client, cut);
    raw.say(REQUEST);
    let mut accepting = Box::pin(Acceptor::new().tls(server).accept(transport));
    let ws = loop {
        raw.pump().expect("the server is in order");
        if let Some(accepted) = run_until_idle(accepting.as_mut()) {
            break accepted.expect("the client is in order");
        }
    };
    raw.pump().expect("the server is in order");
    assert!(raw.plaintext.starts_with(b"HTTP/1.1 101 ") && raw.plaintext.ends_with(b"\r\n\r\n"));
    raw.plaintext.clear();
    (raw, ws)
}

fn provider() -> Arc<crypto::CryptoProvider> {
    Arc::new(crypto::ring::default_provider())
}

/// An end that is rustls and nothing else, at the other end of a scripted transport.
pub(crate) struct Raw {
    pub(crate) peer: Peer,
    pub(crate) tls: Connection,
    /// How much it has read of what was written.
    seen: usize,
    /// What came out of it.
    pub(crate) plaintext: Vec<u8>,
}

impl Raw {
    pub(crate) fn client(config: ClientConfig, cut: Cut) -> (Self, Scripted) {
        let host = ServerName::try_from("localhost").expect("a name");
        Self::new(ClientConnection::new(Arc::new(config), host).expect("a client"), cut)
    }

    pub(crate) fn server(config: ServerConfig, cut: Cut) -> (Self, Scripted) {
        Self::new(ServerConnection::new(Arc::new(config)).expect("a server"), cut)
    }

    fn new(tls: impl Into<Connection>, cut: Cut) -> (Self, Scripted) {
        let (peer, transport) = script(cut, []);
        (Self { peer, tls: tls.into(), seen: 0, plaintext: Vec::new() }, transport)
    }

    /// Reads what there is, and sends what it has to.
    pub(crate) fn pump(&mut self) -> Result<(), rustls::Error> {
        let written = self.peer.written();
        let mut unread = &written[self.seen..];
        self.seen = written.len();
        while !unread.is_empty() {
            self.tls.read_tls(&mut unread).expect("it takes all");
            let processed = self.tls.process_new_packets();
            let _ = self.tls.reader().read_to_end(&mut self.plaintext); // until there is no more
            if let Err(error) = processed {
                self.send();
                return Err(error);
            }
        }
        self.send();
        Ok(())
    }

    /// Encrypts this. It leaves with the next `pump`.
    pub(crate) fn say(&mut self, plaintext: &[u8]) {
        self.tls.writer().write_all(plaintext).expect("it is buffered");
    }

    /// What it has to send.
    pub(crate) fn ciphertext(&mut self) -> Vec<u8> {
        let mut ciphertext = Vec::new();
        while self.tls.wants_write() {
            self.tls.write_tls(&mut ciphertext).expect("a vector takes all");
        }
        ciphertext
    }

    fn send(&mut self) {
        let ciphertext = self.ciphertext();
        self.peer.then(Read::Data(ciphertext));
    }
}
