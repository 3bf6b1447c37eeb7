#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
//! TLS over real sockets. What TLS does to a connection is tested in the driver, over streams in memory.

use futures_util::future::join_all;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig, crypto};
use sansws_tokio::{Acceptor, CloseCode, Connector, Error, Message, WsStream, rustls};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;

/// Runs a test on one thread and on several, and fails it if it hangs.
#[track_caller]
fn on_both<F: Future<Output = ()>>(test: impl Fn() -> F) {
    for mut runtime in [Builder::new_current_thread(), Builder::new_multi_thread()] {
        let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            tokio::time::timeout(Duration::from_secs(60), test()).await.expect("the test hangs");
        });
    }
}

/// A certificate of its own making, and its key.
struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    fn new() -> Self {
        let rcgen::CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["localhost".into(), "127.0.0.1".into()]).unwrap();
        Self { certificate: cert.der().clone(), key: PrivatePkcs8KeyDer::from(signing_key.serialize_der()).into() }
    }

    /// To trust it, and nobody else.
    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        roots
    }
}

fn provider() -> Arc<crypto::CryptoProvider> {
    Arc::new(crypto::ring::default_provider())
}

/// A server, and a client that trusts it.
fn ends() -> (Acceptor, Connector) {
    let own = Identity::new();
    let client = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    let connector = Connector::new().tls(client.with_root_certificates(own.roots()).with_no_client_auth());
    let server = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    let server = server.with_no_client_auth().with_single_cert(vec![own.certificate], own.key).unwrap();
    (Acceptor::new().tls(server), connector)
}

/// A server that echoes on all connections.
async fn echo_server(acceptor: Acceptor) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let accepting = acceptor.accept(tcp);
            tokio::spawn(async move {
                let mut ws: WsStream = accepting.await?;
                ws.serve(|message, sender| sender.send_ref(message)).await
            });
        }
    });
    address
}

async fn ask(mut ws: WsStream) {
    for size in [0, 1, 1000, 16_384, 1 << 20] {
        let message = Message::from(vec![7; size]);
        ws.send(message.clone()).await.unwrap();
        assert_eq!(ws.next().await.unwrap().unwrap(), message);
    }
    assert_eq!(ws.close(CloseCode::NORMAL).await.unwrap(), Some(CloseCode::NORMAL.into()));
}

#[test]
fn echoes() {
    on_both(async || {
        let (acceptor, connector) = ends();
        let address = echo_server(acceptor).await;
        for host in ["localhost", "127.0.0.1"] {
            let (ws, response) = connector.connect(&format!("wss://{host}:{}/", address.port())).await.unwrap();
            assert_eq!(response.status(), 101);
            assert_eq!(ws.tls().unwrap().alpn_protocol(), Some(&b"http/1.1"[..]));
            assert!(ws.get_ref().get_ref().nodelay().unwrap());
            ask(ws).await;
        }
        let tcp = TcpStream::connect(address).await.unwrap();
        ask(connector.connect_over(tcp, "wss://localhost/").await.unwrap().0).await;
    });
}

#[test]
fn many_at_a_time_and_in_halves() {
    on_both(async || {
        let (acceptor, connector) = ends();
        let address = echo_server(acceptor).await;
        let url = format!("wss://localhost:{}/", address.port());
        let clients = (0..20_u8).map(|id| {
            let (connector, url) = (connector.clone(), url.clone());
            tokio::spawn(async move {
                let (mut reader, writer) = connector.connect(&url).await.unwrap().0.split();
                let sender = writer.sender();
                let writing = tokio::spawn(async move {
                    for at in 0..20 {
                        sender.send(vec![id; at * 1000]).await.unwrap();
                    }
                });
                for at in 0..20 {
                    assert_eq!(reader.next().await.unwrap().unwrap(), vec![id; at * 1000].into());
                }
                writing.await.unwrap();
                drop(writer);
            })
        });
        join_all(clients).await.into_iter().for_each(|client| client.unwrap());
    });
}

#[test]
fn strangers_are_refused() {
    on_both(async || {
        let (acceptor, _) = ends();
        let address = echo_server(acceptor).await;
        let (_, stranger) = ends();
        let refused = stranger.connect(&format!("wss://localhost:{}/", address.port())).await.unwrap_err();
        let Error::Io(error) = refused else { panic!("{refused:?}") };
        let cause = error.get_ref().unwrap().downcast_ref::<rustls::Error>();
        assert!(matches!(cause, Some(rustls::Error::InvalidCertificate(_))), "{error:?}");

        // A client without TLS is answered in TLS, and so with nothing that it knows.
        let mut tcp = TcpStream::connect(address).await.unwrap();
        tcp.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        tcp.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer[0], 21, "an alert");
    });
}

/// The server asks for a certificate; who has none, or another, does not get in.
#[test]
fn clients_may_have_to_say_who_they_are() {
    on_both(async || {
        let (server, client) = (Identity::new(), Identity::new());
        let verifier = WebPkiClientVerifier::builder_with_provider(client.roots().into(), provider()).build().unwrap();
        let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
        let trusted = server.roots();
        let config = builder.with_client_cert_verifier(verifier);
        let config = config.with_single_cert(vec![server.certificate], server.key).unwrap();
        let address = echo_server(Acceptor::new().tls(config)).await;
        let url = format!("wss://localhost:{}/", address.port());

        let builder = || ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
        let trusting = || builder().with_root_certificates(trusted.clone());
        let known = trusting().with_client_auth_cert(vec![client.certificate], client.key).unwrap();
        ask(Connector::new().tls(known).connect(&url).await.unwrap().0).await;
        let nobody = trusting().with_no_client_auth();
        assert!(matches!(Connector::new().tls(nobody).connect(&url).await, Err(Error::Io(_))));
    });
}
