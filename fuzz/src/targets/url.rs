//! URLs.

use crate::head::Head;
use crate::tape::trace;
use bytes::Buf;
use sansws_core::handshake::{ClientHandshake, ClientRequest, HandshakeLimits, InvalidHead};
use sansws_core::{Config, Instant};
use sansws_driver::Target;

/// What is read of a URL can be sent as it is, if its host can be: one head, with this host, this target and these credentials in it, and
/// nothing else. Read again, it says the same.
pub fn url(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    trace(&text);
    let Ok(target) = Target::parse(text) else { return };
    let (host, authority, resource) = (target.host(), target.authority(), target.resource());
    assert!(!host.is_empty() && !host.contains(['@', '[', ']', '/']), "{host}");
    assert!(
        resource.starts_with('/')
            && !resource.contains('#')
            && resource.split_once('?').is_none_or(|(_, query)| !query.is_empty()),
        "{resource}"
    );
    assert!(!authority.contains(['@', '/', '?', '#']), "{authority}");
    let default = if target.is_secure() { 443 } else { 80 };
    let port = authority.strip_prefix(host).or_else(|| authority.strip_prefix(&format!("[{host}]")));
    let expected = if target.port() == default { String::new() } else { format!(":{}", target.port()) };
    assert_eq!(port, Some(&*expected), "{authority}");

    let scheme = if target.is_secure() { "wss" } else { "ws" };
    let again = Target::parse(&format!("{scheme}://{authority}{resource}")).expect("what was read is no URL");
    assert_eq!((again.host(), again.port(), again.is_secure()), (host, target.port(), target.is_secure()));
    assert_eq!((again.authority(), again.resource()), (authority, resource));
    assert_eq!(again.credentials(), None);

    let mut request = ClientRequest::new(authority, resource);
    let credentials = target.credentials().map(sansws_driver::Credentials::to_basic);
    if let Some(credentials) = &credentials {
        request = request.header("Authorization", credentials);
    }
    let entropy = |bytes: &mut [u8]| bytes.fill(7);
    let asked = ClientHandshake::new(request, Config::client(), HandshakeLimits::default(), entropy, Instant::ORIGIN);
    let mut asked = match asked {
        Ok(asked) => asked,
        Err(error) => {
            // WHATWG's standard has hosts with characters that RFC 3986 does not, and so HTTP does not.
            let foreign = host.contains(['"', '`', '{', '}']);
            assert!(foreign && matches!(error, InvalidHead::Host(_)), "what was read cannot be sent: {error}");
            return;
        }
    };
    let output = asked.output();
    let written = output.chunk();
    let head = Head::read(written).expect("an illegal request");
    assert_eq!(head.start, [b"GET", resource.as_bytes(), b"HTTP/1.1"]);
    assert_eq!(head.all("Host"), [authority.as_bytes()]);
    let sent: Vec<&[u8]> = credentials.iter().map(String::as_bytes).collect();
    assert_eq!(head.all("Authorization"), sent);
    assert_eq!(head.fields.len(), 5 + sent.len());
}
