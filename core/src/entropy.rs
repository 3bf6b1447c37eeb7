//! Randomness is an input: masking keys and the handshake's key come from the caller.

/// A source of unpredictable bytes.
///
/// A client takes four bytes from it for every frame it sends (RFC 6455 §5.3) and sixteen for the
/// opening handshake (§4.1). They must be unpredictable to whoever chooses the payloads (§10.3), so
/// use a cryptographically secure generator; the drivers use `rand`'s thread-local ChaCha12.
///
/// Any `FnMut(&mut [u8])` that fills the slice will do:
///
/// ```
/// use sansws_core::Entropy;
///
/// fn key(entropy: &mut impl Entropy) -> [u8; 4] {
///     let mut key = [0; 4];
///     entropy.fill(&mut key);
///     key
/// }
/// let mut not_random = |bytes: &mut [u8]| bytes.fill(7); // for tests only
/// assert_eq!(key(&mut not_random), [7; 4]);
/// ```
pub trait Entropy: Send + Sync {
    /// Overwrites all of `bytes`.
    fn fill(&mut self, bytes: &mut [u8]);
}

impl<F: FnMut(&mut [u8]) + Send + Sync> Entropy for F {
    fn fill(&mut self, bytes: &mut [u8]) {
        self(bytes);
    }
}
