//! The other libraries, each behind its own public stream type.

#[cfg(feature = "peers")]
pub mod fastwebsockets;
#[cfg(feature = "peers-c-zlib")]
pub mod ratchet;
#[cfg(feature = "peers")]
pub mod sockudo;
#[cfg(feature = "peers-c-zlib")]
pub mod soketto;
#[cfg(feature = "peers")]
pub mod tokio_websockets;
#[cfg(feature = "peers")]
pub mod tungstenite;
#[cfg(feature = "peers")]
pub mod yawc;

use crate::Error;
use crate::deflate::Pair;
use crate::pipe::{End, Pipe};
use sansws_core::Text;
use tokio::runtime::Runtime;

/// What compresses, for peers that do so by `flate2`.
pub const FLATE2: &str = if cfg!(feature = "peers-c-zlib") { "C zlib" } else { "zlib-rs" };

/// A server and a client of a peer.
#[expect(async_fn_in_trait, reason = "used here alone, on one thread")]
pub trait Peer {
    /// Sends a text from the server, receives it at the client, checked to be UTF-8, and gives it to `arrived`.
    async fn pass(&mut self, text: &Text, arrived: &mut dyn FnMut(&str, &[u8])) -> Result<(), Error>;
}

/// A peer, the runtime it runs in, and what its server writes to.
#[derive(Debug)]
pub struct Async<P> {
    peer: P,
    runtime: Runtime,
    pipe: Pipe,
}

impl<P: Peer> Async<P> {
    /// Has `make` turn the server's end and the client's into a peer.
    ///
    /// # Errors
    ///
    /// If there is no runtime to be had, or if `make` fails.
    pub fn new(make: impl FnOnce(End, End) -> Result<P, Error>) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let (server, client) = End::pair();
        let pipe = server.outgoing();
        let entered = runtime.enter();
        let peer = make(server, client)?;
        drop(entered);
        Ok(Self { peer, runtime, pipe })
    }
}

impl<P: Peer> Pair for Async<P> {
    fn pass(
        &mut self,
        texts: &mut dyn Iterator<Item = &Text>,
        arrived: &mut dyn FnMut(&str, &[u8]),
    ) -> Result<(), Error> {
        let Self { peer, runtime, .. } = self;
        runtime.block_on(async {
            for text in texts {
                peer.pass(text, arrived).await?;
            }
            Ok(())
        })
    }

    fn written(&self) -> u64 {
        self.pipe.written()
    }
}

/// The peers that are measured in memory.
#[cfg(feature = "peers")]
pub(crate) fn memory() -> [crate::memory::Library; 5] {
    use crate::memory::Library;
    [
        Library { name: "tungstenite", open: tungstenite::open },
        Library { name: "fastwebsockets", open: fastwebsockets::open },
        Library { name: "tokio-websockets", open: tokio_websockets::open },
        Library { name: "sockudo-ws", open: sockudo::open },
        Library { name: "yawc", open: yawc::open },
    ]
}

/// The next message. Before it waits for one, it has the replies to those before written.
#[cfg(feature = "peers")]
async fn next_or_flush<S, M>(ws: &mut S) -> Option<S::Item>
where
    S: futures_util::Stream + futures_util::Sink<M> + Unpin,
{
    use futures_util::{SinkExt, StreamExt};
    std::future::poll_fn(|cx| {
        let next = ws.poll_next_unpin(cx);
        if next.is_pending() {
            let _ = ws.poll_flush_unpin(cx); // the next feed meets the error
        }
        next
    })
    .await
}
