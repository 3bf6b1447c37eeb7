//! [`IntoProtocols`]: the second argument of the constructor.

use super::exception::SyntaxError;
use crate::handshake::token;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

/// What may stand for `protocols`: `()` for none, a string for one, a list for several, the best first.
///
/// An empty string is not none: it is a [`SyntaxError`].
pub trait IntoProtocols {
    /// The list.
    fn into_protocols(self) -> Vec<String>;
}

impl IntoProtocols for () {
    fn into_protocols(self) -> Vec<String> {
        Vec::new()
    }
}

impl IntoProtocols for &str {
    fn into_protocols(self) -> Vec<String> {
        vec![self.into()]
    }
}

impl IntoProtocols for String {
    fn into_protocols(self) -> Vec<String> {
        vec![self]
    }
}

impl<S: Into<String>, const N: usize> IntoProtocols for [S; N] {
    fn into_protocols(self) -> Vec<String> {
        self.into_iter().map(Into::into).collect()
    }
}

impl<S: AsRef<str>> IntoProtocols for &[S] {
    fn into_protocols(self) -> Vec<String> {
        self.iter().map(|protocol| protocol.as_ref().into()).collect()
    }
}

impl<S: Into<String>> IntoProtocols for Vec<S> {
    fn into_protocols(self) -> Vec<String> {
        self.into_iter().map(Into::into).collect()
    }
}

/// Tokens all, and none twice; case counts (RFC 7936 §2).
pub(super) fn check(protocols: &[String]) -> Result<(), SyntaxError> {
    for (at, protocol) in protocols.iter().enumerate() {
        if token(protocol.as_bytes()).is_none() {
            return Err(SyntaxError::Protocol(protocol.clone()));
        }
        if protocols[..at].contains(protocol) {
            return Err(SyntaxError::DuplicateProtocol(protocol.clone()));
        }
    }
    Ok(())
}
