//! [`ThreadEntropy`]: masks and keys from the thread's generator.

use rand::Rng;
use rand::TryRng;
use rand::rngs::SysRng;
use sansws_core::Entropy;
use std::io;

/// `rand`'s generator of the current thread, ChaCha12 seeded by the operating system: unpredictable, as RFC 6455
/// §10.3 demands, and without state of its own in each connection.
#[derive(Clone, Copy, Debug)]
pub struct ThreadEntropy(());

impl ThreadEntropy {
    /// # Errors
    ///
    /// If the operating system has no randomness to give.
    pub fn new() -> io::Result<Self> {
        SysRng.try_next_u32().map_err(io::Error::other)?;
        Ok(Self(()))
    }
}

impl Entropy for ThreadEntropy {
    fn fill(&mut self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }
}
