//! [`Configs`]: TLS for both ends, with a certificate of their own making.

use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};
use sansws_driver::rustls::pki_types::PrivatePkcs8KeyDer;
use sansws_driver::rustls::{self, ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion, crypto};
use std::sync::Arc;

/// TLS for both ends.
#[derive(Clone, Debug)]
pub(crate) struct Configs {
    /// It has the certificate.
    pub(crate) server: Arc<ServerConfig>,
    /// It trusts that one.
    pub(crate) client: Arc<ClientConfig>,
}

impl Configs {
    /// With a good certificate for these names and addresses.
    pub(crate) fn new(names: &[&str]) -> Self {
        Self::with(certificate(names), rustls::ALL_VERSIONS)
    }

    /// With one that is over.
    pub(crate) fn expired(names: &[&str]) -> Self {
        let mut certificate = certificate(names);
        (certificate.not_before, certificate.not_after) = (date_time_ymd(1999, 1, 1), date_time_ymd(2000, 1, 1));
        Self::with(certificate, rustls::ALL_VERSIONS)
    }

    /// With a good one, and one version of TLS.
    pub(crate) fn version(names: &[&str], version: &'static SupportedProtocolVersion) -> Self {
        Self::with(certificate(names), &[version])
    }

    fn with(certificate: CertificateParams, versions: &[&'static SupportedProtocolVersion]) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = certificate.self_signed(&key).unwrap().der().clone();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        let provider = Arc::new(crypto::ring::default_provider());

        let server =
            ServerConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(versions).unwrap();
        let server = server.with_no_client_auth().with_single_cert(vec![certificate.clone()], key).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        let client = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
        let client = client.with_root_certificates(roots).with_no_client_auth();
        Self { server: Arc::new(server), client: Arc::new(client) }
    }
}

/// Its issuer, who is itself, is named by these names too: another's is unknown.
fn certificate(names: &[&str]) -> CertificateParams {
    let mut params = CertificateParams::new(names.iter().copied().map(String::from).collect::<Vec<_>>()).unwrap();
    params.distinguished_name.push(DnType::CommonName, names.join(" "));
    params
}
