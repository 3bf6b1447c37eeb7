//! Other libraries on tokio, after an opening handshake that is not theirs.

use super::{Place, handshake};
use crate::Error;
use crate::peers::{fastwebsockets, sockudo, tokio_websockets, tungstenite, yawc};
use sansws_core::frame::Role;
use std::fmt;
use std::future::pending;
use tokio::net::{TcpListener, TcpStream};
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

    pub(super) fn run(self, place: &Place) -> Result<(), Error> {
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
            match place {
                Place::Listen(addr) => {
                    let listener = TcpListener::bind(addr).await?;
                    println!("{}", listener.local_addr()?);
                    loop {
                        let (mut tcp, _) = listener.accept().await?;
                        tokio::spawn(async move {
                            tcp.set_nodelay(true)?;
                            handshake::accept_async(&mut tcp).await?;
                            self.echo(tcp, Role::Server).await
                        });
                    }
                }
                Place::Connect(addr, count) => {
                    for _ in 0..*count {
                        let tcp = TcpStream::from_std(handshake::connected(*addr)?)?;
                        tokio::spawn(self.echo(tcp, Role::Client));
                    }
                    pending().await
                }
            }
        })
    }

    async fn echo(self, tcp: TcpStream, role: Role) -> Result<(), Error> {
        match self {
            Self::Tungstenite(replies) => tungstenite::echo(tcp, role, replies == Coalesced).await,
            Self::Fastwebsockets => unconstrained(fastwebsockets::echo(tcp, role)).await,
            Self::TokioWebsockets => unconstrained(tokio_websockets::echo(tcp, role)).await,
            Self::Sockudo(replies) => sockudo::echo(tcp, role, replies == Coalesced).await,
            Self::Yawc(replies) => yawc::echo(tcp, role, replies == Coalesced).await,
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
