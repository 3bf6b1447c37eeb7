//! Codecs of a thread, for connections that need one only while a message passes through.
//!
//! This is a cache of memory, as an allocator's is; nothing of what a connection does depends on it.

use super::codec::Settings;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cell::RefCell;
use zlib_rs::{Deflate, Inflate};

/// How many of each a thread keeps.
const KEPT: usize = 2;

/// A larger scratch buffer is freed: it was made for one large message.
const LARGEST: usize = 256 << 10;

#[derive(Default)]
#[expect(clippy::vec_box, reason = "the boxes move between connections and the pool")]
struct Pool {
    compressors: Vec<(Settings, Box<Deflate>)>,
    inflaters: Vec<Box<Inflate>>,
    scratch: Vec<u8>,
}

thread_local! {
    static POOL: RefCell<Pool> = RefCell::new(Pool::default());
}

/// What `act` makes of the pool, unless the thread is ending.
fn with<R>(act: impl FnOnce(&mut Pool) -> R) -> Option<R> {
    POOL.try_with(|pool| pool.try_borrow_mut().ok().map(|mut pool| act(&mut pool))).ok().flatten()
}

/// A compressor that has seen nothing.
pub(super) fn take_compressor(settings: Settings) -> Box<Deflate> {
    let kept = with(|pool| {
        let at = pool.compressors.iter().position(|(other, _)| *other == settings)?;
        Some(pool.compressors.swap_remove(at).1)
    });
    kept.flatten().unwrap_or_else(|| settings.compressor())
}

pub(super) fn give_compressor(settings: Settings, mut compressor: Box<Deflate>) {
    compressor.reset();
    with(|pool| {
        if pool.compressors.len() == KEPT {
            pool.compressors.remove(0); // other settings, perhaps no longer in use
        }
        pool.compressors.push((settings, compressor));
    });
}

/// An inflater that has seen nothing, for the largest window.
pub(super) fn take_inflater() -> Box<Inflate> {
    with(|pool| pool.inflaters.pop()).flatten().unwrap_or_else(|| Box::new(Inflate::new(false, 15)))
}

pub(super) fn give_inflater(mut inflater: Box<Inflate>) {
    inflater.reset(false);
    with(|pool| {
        if pool.inflaters.len() < KEPT {
            pool.inflaters.push(inflater);
        }
    });
}

/// An empty buffer.
pub(super) fn take_scratch() -> Vec<u8> {
    with(|pool| core::mem::take(&mut pool.scratch)).unwrap_or_default()
}

pub(super) fn give_scratch(mut scratch: Vec<u8>) {
    scratch.clear();
    if scratch.capacity() <= LARGEST {
        with(|pool| pool.scratch = scratch);
    }
}
