//! [`Target`]: what a `ws:` or `wss:` URL says (RFC 6455 §3).

use crate::credentials::Credentials;
use std::fmt;
use url::{Position, Url};

/// Where a client connects and what it asks for.
///
/// ```
/// use sansws_driver::Target;
///
/// let target = Target::parse("ws://Example.com/chat?room=1")?;
/// assert_eq!((target.host(), target.port(), target.is_secure()), ("example.com", 80, false));
/// assert_eq!((target.authority(), target.resource()), ("example.com", "/chat?room=1"));
/// # Ok::<_, sansws_driver::UrlError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    secure: bool,
    host: String,
    port: u16,
    authority: String,
    resource: String,
    credentials: Option<Credentials>,
}

impl Target {
    /// Reads a URL as WHATWG's standard does, `http` and `https` taken for `ws` and `wss`: it lower-cases and
    /// encodes hosts, resolves `.` and `..`, and knows no zones of IPv6 addresses.
    ///
    /// # Errors
    ///
    /// [`UrlError`] if it is no URL, has another scheme, a fragment, be it empty (RFC 6455 §3), or user info that
    /// cannot be sent.
    pub fn parse(url: &str) -> Result<Self, UrlError> {
        let url = Url::parse(url).map_err(UrlError::Parse)?;
        let (secure, default_port) = match url.scheme() {
            "ws" | "http" => (false, 80),
            "wss" | "https" => (true, 443),
            other => return Err(UrlError::Scheme(other.into())),
        };
        if url.fragment().is_some() {
            return Err(UrlError::Fragment);
        }
        let authority = &url[Position::BeforeHost..Position::AfterPort];
        let host = url.host_str().unwrap_or_default();
        // `?` with nothing behind it is not sent (RFC 6455 §3).
        let end = if url.query() == Some("") { Position::AfterPath } else { Position::AfterQuery };
        Ok(Self {
            secure,
            host: host.trim_start_matches('[').trim_end_matches(']').into(),
            port: url.port().unwrap_or(default_port),
            authority: authority.into(),
            resource: url[Position::BeforePath..end].into(),
            credentials: Credentials::parse(url.username(), url.password().unwrap_or_default())?,
        })
    }

    /// Whether TLS is wanted.
    #[must_use]
    pub const fn is_secure(&self) -> bool {
        self.secure
    }

    /// The host: a name in ASCII, or an address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, 80 or 443 by default.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// What goes into the `Host` header: the host, and the port if it is not the default.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The resource name: the path, and the query if it is not empty.
    #[must_use]
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// The user name and password, if either is not empty. They are in nothing else here.
    #[must_use]
    pub const fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }
}

/// Why a URL is not one of a WebSocket.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UrlError {
    /// It is no URL.
    Parse(url::ParseError),
    /// Its scheme is none of `ws`, `wss`, `http`, `https`.
    Scheme(String),
    /// It has a fragment (RFC 6455 §3).
    Fragment,
    /// Its user name or password is not UTF-8 or has a control character, or its user name a colon: `Authorization:
    /// Basic` cannot say that (RFC 7617 §2).
    Credentials,
    /// It wants TLS, and the connector has no configuration for it: neither its own, nor roots that a feature builds in.
    NoTls,
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parse(error) => write!(f, "invalid URL: {error}"),
            Self::Scheme(scheme) => write!(f, "URL scheme {scheme:?} is not ws or wss"),
            Self::Fragment => f.write_str("URL has a fragment"),
            Self::Credentials => f.write_str("URL has a user name or password that cannot be sent"),
            Self::NoTls => {
                f.write_str("URL wants TLS, for which the connector has neither a configuration nor roots built in")
            }
        }
    }
}

impl std::error::Error for UrlError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sansws_core::handshake::{ClientHandshake, ClientRequest, HandshakeLimits};
    use sansws_core::{Config, Instant};

    /// R001–R004, R014, W012–W019.
    #[test]
    fn parts_of_a_url() {
        check("ws://h", Ok((false, "h", 80, "h", "/")));
        check("WSS://H:443/a", Ok((true, "h", 443, "h", "/a")));
        check("ws://h:443/?", Ok((false, "h", 443, "h:443", "/")));
        check("ws://h/a??", Ok((false, "h", 80, "h", "/a??")));
        check("http://h:8080/a%20b?c d", Ok((false, "h", 8080, "h:8080", "/a%20b?c%20d")));
        check("https://h", Ok((true, "h", 443, "h", "/")));
        check("ws://[::1]:9001/", Ok((false, "::1", 9001, "[::1]:9001", "/")));
        check("ws://bücher.example/ü", Ok((false, "xn--bcher-kva.example", 80, "xn--bcher-kva.example", "/%C3%BC")));
        // As WHATWG's standard reads it.
        check("HTTP://h:80", Ok((false, "h", 80, "h", "/")));
        check("http://h:443", Ok((false, "h", 443, "h:443", "/")));
        check("https://h:443/a", Ok((true, "h", 443, "h", "/a")));
        check("https://h:80/a", Ok((true, "h", 80, "h:80", "/a")));
        check("ws://h:", Ok((false, "h", 80, "h", "/")));
        check("wss://h:00443", Ok((true, "h", 443, "h", "/")));
        check("ws://h:0", Ok((false, "h", 0, "h:0", "/")));
        check("ws://h:65536", Err(UrlError::Parse(url::ParseError::InvalidPort)));
        check("ws://h:-1", Err(UrlError::Parse(url::ParseError::InvalidPort)));
        check("ws:h/a", Ok((false, "h", 80, "h", "/a")));
        check("ws:///h/a", Ok((false, "h", 80, "h", "/a")));
        check(" ws:\\\\h\\a\t\n ", Ok((false, "h", 80, "h", "/a")));
        check("ws://h/a/./b/../c/", Ok((false, "h", 80, "h", "/a/c/")));
        check("ws://h/%2E%2e/../a", Ok((false, "h", 80, "h", "/a")));
        check("ws://h//a//?/../b", Ok((false, "h", 80, "h", "//a//?/../b")));
        check("ws://h?a=\"<>'", Ok((false, "h", 80, "h", "/?a=%22%3C%3E%27")));
        check("ws://h./", Ok((false, "h.", 80, "h.", "/")));
        check("ws://ex%41mple.COM", Ok((false, "example.com", 80, "example.com", "/")));
        check("ws://xn--BCHER-kva.example", Ok((false, "xn--bcher-kva.example", 80, "xn--bcher-kva.example", "/")));
        check("ws://\u{ff21}\u{3002}b", Ok((false, "a.b", 80, "a.b", "/"))); // fullwidth A, ideographic full stop
        check("ws://xn--a", Err(UrlError::Parse(url::ParseError::IdnaError)));
        check("ws://127.1:81", Ok((false, "127.0.0.1", 81, "127.0.0.1:81", "/")));
        check("ws://1.2.3.256", Err(UrlError::Parse(url::ParseError::InvalidIpv4Address)));
        check("ws://[0:0::0:1]", Ok((false, "::1", 80, "[::1]", "/")));
        check("ws://[::ffff:1.2.3.4]", Ok((false, "::ffff:102:304", 80, "[::ffff:102:304]", "/")));
        check("ws://[fe80::1%25eth0]", Err(UrlError::Parse(url::ParseError::InvalidIpv6Address)));
        check("ws://[fe80::1%eth0]", Err(UrlError::Parse(url::ParseError::InvalidIpv6Address)));
        check("ws://::1", Err(UrlError::Parse(url::ParseError::EmptyHost)));
        check("ws://h/#", Err(UrlError::Fragment));
        check("ws://h/#a", Err(UrlError::Fragment));
        check("ftp://h/", Err(UrlError::Scheme("ftp".into())));
        check("/chat", Err(UrlError::Parse(url::ParseError::RelativeUrlWithoutBase)));
        check("ws://", Err(UrlError::Parse(url::ParseError::EmptyHost)));
        check("ws://a b/", Err(UrlError::Parse(url::ParseError::IdnaError)));

        #[track_caller]
        fn check(url: &str, expected: Result<(bool, &str, u16, &str, &str), UrlError>) {
            let target = Target::parse(url);
            let parts = target.as_ref().map(|t| (t.secure, t.host(), t.port(), t.authority(), t.resource()));
            assert_eq!(parts, expected.as_ref().map(|parts| *parts), "{url}");
        }
    }

    proptest! {
        /// What is behind the host can be sent, whatever it is.
        #[test]
        fn any_resource_can_be_sent(resource: String) {
            if let Ok(target) = Target::parse(&format!("ws://h/{resource}")) {
                let request = ClientRequest::new(target.authority(), target.resource());
                let (config, limits) = (Config::client(), HandshakeLimits::default());
                let asked = ClientHandshake::new(request, config, limits, |_: &mut [u8]| (), Instant::ORIGIN);
                prop_assert_eq!(asked.err(), None);
            }
        }
    }
}
