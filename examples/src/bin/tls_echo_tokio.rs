//! TLS on tokio, both ends in one program: an echo server with a certificate of its own making, and a client that trusts
//! just that. A server on the internet reads its certificate from files instead, with `CertificateDer::pem_file_iter`
//! and `PrivateKeyDer::from_pem_file`; and its clients need no configuration if the feature `tls-platform-verifier` or
//! `tls-webpki-roots` is on: `sansws_tokio::connect("wss://…")` does it all.
//!
//! `cargo run --release --bin tls_echo_tokio`

use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use sansws_tokio::{Acceptor, CloseCode, Connector, Error, rustls};
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (server, client) = configs()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("wss://localhost:{}/", listener.local_addr()?.port());
    println!("listening on {url}");
    tokio::spawn(serve(listener, Acceptor::new().tls(server)));

    let (mut ws, _response) = Connector::new().tls(client).connect(&url).await?;
    let tls = ws.tls().ok_or("no TLS")?;
    println!("connected: {:?}, {:?}", tls.protocol_version(), tls.negotiated_cipher_suite());
    ws.send("hello").await?;
    if let Some(message) = ws.next().await {
        println!("echo: {:?}", message?);
    }
    ws.close(CloseCode::NORMAL).await?;
    Ok(())
}

async fn serve(listener: TcpListener, acceptor: Acceptor) {
    while let Ok((tcp, peer)) = listener.accept().await {
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            if let Err(error) = echo(&acceptor, tcp).await {
                eprintln!("{peer}: {error}"); // such as a client that does not trust us
            }
        });
    }
}

async fn echo(acceptor: &Acceptor, tcp: TcpStream) -> Result<(), Error> {
    let mut ws = acceptor.accept(tcp).await?;
    ws.serve(|message, sender| sender.send_ref(message)).await
}

/// A server's configuration for `localhost`, and a client's that trusts it. The provider of cryptography is named,
/// rather than that of the process, of which there may be none or two.
fn configs() -> Result<(ServerConfig, ClientConfig), Box<dyn std::error::Error>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let own = rcgen::generate_simple_self_signed(["localhost".into()])?;
    let key = PrivatePkcs8KeyDer::from(own.signing_key.serialize_der());
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key.into())?;
    let mut roots = RootCertStore::empty();
    roots.add(own.cert.der().clone())?;
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok((server, client))
}
