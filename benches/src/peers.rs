//! The other libraries, each behind its own public stream type.

#[cfg(feature = "peers-c-zlib")]
pub mod ratchet;
#[cfg(feature = "peers")]
pub mod sockudo;
#[cfg(feature = "peers-c-zlib")]
pub mod soketto;
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
