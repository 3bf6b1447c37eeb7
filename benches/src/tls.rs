//! TLS for both ends of `echo`: rustls with the provider ring, whatever the server is.

use crate::Error;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use sansws_driver::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use sansws_driver::rustls::crypto::{CryptoProvider, ring};
use sansws_driver::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use sansws_driver::rustls::{
    self, ClientConfig, ClientConnection, DigitallySignedStruct, ServerConfig, SignatureScheme,
};
use std::sync::Arc;

/// For a server, with a certificate of its own making.
///
/// # Errors
///
/// If none can be made.
pub fn server() -> Result<Arc<ServerConfig>, Error> {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".into()])?;
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    Ok(Arc::new(config.with_no_client_auth().with_single_cert(vec![cert.der().clone()], key.into())?))
}

/// A client's session.
///
/// # Errors
///
/// If rustls has no use for its own defaults.
pub fn client() -> Result<ClientConnection, Error> {
    let config = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    let config = config.dangerous().with_custom_certificate_verifier(Arc::new(Trusting)).with_no_client_auth();
    Ok(ClientConnection::new(Arc::new(config), ServerName::try_from("localhost")?)?)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// Trusts any server: the one that is measured is a child process.
#[derive(Debug)]
struct Trusting;

impl ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
