//! [`Target`]: what a `ws:` or `wss:` URL says (RFC 6455 §3).

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
}

impl Target {
    /// Reads a URL as WHATWG's standard does, `http` and `https` taken for `ws` and `wss`.
    ///
    /// User name and password do not become part of anything here.
    ///
    /// # Errors
    ///
    /// [`UrlError`] if it is no URL, has another scheme, or a fragment, be it empty (RFC 6455 §3).
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
    /// It wants TLS, and the connector has no configuration for it: neither its own, nor roots that a feature builds in.
    NoTls,
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parse(error) => write!(f, "invalid URL: {error}"),
            Self::Scheme(scheme) => write!(f, "URL scheme {scheme:?} is not ws or wss"),
            Self::Fragment => f.write_str("URL has a fragment"),
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

    /// R001–R004, R014, W012–W019.
    #[test]
    fn parts_of_a_url() {
        check("ws://h", Ok((false, "h", 80, "h", "/")));
        check("WSS://H:443/a", Ok((true, "h", 443, "h", "/a")));
        check("ws://h:443/?", Ok((false, "h", 443, "h:443", "/")));
        check("ws://h/a??", Ok((false, "h", 80, "h", "/a??")));
        check("http://h:8080/a%20b?c d", Ok((false, "h", 8080, "h:8080", "/a%20b?c%20d")));
        check("https://h", Ok((true, "h", 443, "h", "/")));
        check("ws://user:secret@h/", Ok((false, "h", 80, "h", "/")));
        check("ws://[::1]:9001/", Ok((false, "::1", 9001, "[::1]:9001", "/")));
        check("ws://bücher.example/ü", Ok((false, "xn--bcher-kva.example", 80, "xn--bcher-kva.example", "/%C3%BC")));
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
}
