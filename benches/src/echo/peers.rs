//! Other libraries on tokio.

use super::bare::Echo;
use crate::Error;
use crate::peers::{fastwebsockets, sockudo, tokio_websockets, tungstenite, yawc};
use sansws_core::frame::Role;
use std::fmt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::unconstrained;

/// A library, and how it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// tokio-tungstenite; with replies coalesced or not.
    Tungstenite(Replies),
    /// fastwebsockets, which cannot coalesce.
    Fastwebsockets,
    /// tokio-websockets, which flushes before it reads.
    TokioWebsockets,
    /// sockudo-ws.
    Sockudo(Replies),
    /// yawc.
    Yawc(Replies),
}

/// When replies leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replies {
    /// Each on its own, as in the library's example.
    Single,
    /// Together, when there is nothing more to read.
    Coalesced,
}

use Replies::{Coalesced, Single};

impl Peer {
    /// All, in all ways.
    pub const ALL: [Self; 8] = [
        Self::Tungstenite(Single),
        Self::Tungstenite(Coalesced),
        Self::Fastwebsockets,
        Self::TokioWebsockets,
        Self::Sockudo(Single),
        Self::Sockudo(Coalesced),
        Self::Yawc(Single),
        Self::Yawc(Coalesced),
    ];
}

impl Echo for Peer {
    async fn echo<S>(self, stream: S, role: Role) -> Result<(), Error>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        match self {
            Self::Tungstenite(replies) => tungstenite::echo(stream, role, replies == Coalesced).await,
            Self::Fastwebsockets => unconstrained(fastwebsockets::echo(stream, role)).await,
            Self::TokioWebsockets => unconstrained(tokio_websockets::echo(stream, role)).await,
            Self::Sockudo(replies) => sockudo::echo(stream, role, replies == Coalesced).await,
            Self::Yawc(replies) => yawc::echo(stream, role, replies == Coalesced).await,
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, version, replies) = match self {
            Self::Tungstenite(replies) => ("tokio-tungstenite", tungstenite::VERSION, *replies),
            Self::Fastwebsockets => ("fastwebsockets", fastwebsockets::VERSION, Single),
            Self::TokioWebsockets => ("tokio-websockets", tokio_websockets::VERSION, Single),
            Self::Sockudo(replies) => ("sockudo-ws", sockudo::VERSION, *replies),
            Self::Yawc(replies) => ("yawc", yawc::VERSION, *replies),
        };
        let replies = if replies == Coalesced { ", coalesced" } else { "" };
        write!(f, "{name} {version}{replies}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_of_the_manifest() {
        let manifest = include_str!("../../Cargo.toml");
        for peer in Peer::ALL {
            let named = peer.to_string();
            let (name, version) = named.trim_end_matches(", coalesced").split_once(' ').unwrap();
            assert!(manifest.contains(&format!("{name} = {{ version = \"={version}\"")), "{named}");
        }
    }
}
