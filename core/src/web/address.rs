//! What a URL says of where to connect and what to ask for: as the WebSocket constructor and the handshake read it.

use super::exception::SyntaxError;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use url::{Position, Url};

/// Reads a URL as the constructor does, steps 1 to 7: `http` and `https` become `ws` and `wss`.
pub(super) fn parse(url: &str, base: Option<&Url>) -> Result<Url, SyntaxError> {
    let mut url = Url::options().base_url(base).parse(url).map_err(SyntaxError::Url)?;
    let scheme = match url.scheme() {
        "ws" | "http" => "ws",
        "wss" | "https" => "wss",
        other => return Err(SyntaxError::Scheme(other.into())),
    };
    if scheme != url.scheme() && url.set_scheme(scheme).is_err() {
        return Err(SyntaxError::Scheme(url.scheme().into())); // not reached: all four are special schemes with a host
    }
    if url.fragment().is_some() {
        return Err(SyntaxError::Fragment);
    }
    Ok(url)
}

/// The host: a name in ASCII, or an address without brackets.
pub(super) fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']')
}

/// The port, 80 or 443 by default.
pub(super) fn port(url: &Url) -> u16 {
    url.port().unwrap_or(if is_secure(url) { 443 } else { 80 })
}

/// Whether TLS is wanted.
pub(super) fn is_secure(url: &Url) -> bool {
    url.scheme() != "ws"
}

/// What goes into the `Host` header: the host, and the port if it is not the default.
pub(super) fn authority(url: &Url) -> &str {
    &url[Position::BeforeHost..Position::AfterPort]
}

/// The resource name: the path, and the query if it is not empty.
pub(super) fn resource(url: &Url) -> &str {
    let end = if url.query() == Some("") { Position::AfterPath } else { Position::AfterQuery };
    &url[Position::BeforePath..end]
}

/// What `Authorization` says for the URL's user info (RFC 7617), if there is any. It is percent-decoded and sent as it then
/// is: no byte of it can end the header, since base64 has none that could.
pub(super) fn basic(url: &Url) -> Option<String> {
    let (user, password) = (url.username(), url.password().unwrap_or_default());
    if user.is_empty() && password.is_empty() {
        return None;
    }
    let both: Vec<u8> = percent_decode_str(user).chain([b':']).chain(percent_decode_str(password)).collect();
    Some(format!("Basic {}", STANDARD.encode(both)))
}
