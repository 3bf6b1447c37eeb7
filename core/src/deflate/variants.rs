//! [`Variants`]: one message, compressed in each of the ways that connections have agreed on.

use super::codec::{Compressor, Settings};
use alloc::vec::Vec;
use std::sync::{Mutex, PoisonError};

/// One message, compressed in each of the ways that connections have agreed on, once: one for each size of a window,
/// and of each configuration.
pub(crate) struct Variants<T>(Mutex<Vec<(Settings, T)>>);

impl<T> Default for Variants<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Variants<T> {
    /// As a compressor without context takeover has it: from before, or as `make` makes it of what is compressed. Whoever
    /// asks while it is made waits for it. `None` if the compressor failed.
    pub(crate) fn get(&self, compressor: &mut Compressor, payload: &[u8], make: impl FnOnce(&[u8]) -> T) -> Option<T> {
        let settings = compressor.settings();
        let mut variants = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, variant)) = variants.iter().find(|(with, _)| *with == settings) {
            return Some(variant.clone());
        }
        let made = compressor.compress(payload, true, make)?;
        variants.push((settings, made.clone()));
        Some(made)
    }
}
