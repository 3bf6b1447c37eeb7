#![expect(unsafe_code, reason = "an allocator that counts")]
//! What pieces of code hold in heap memory.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Counting;

/// Of one thread, in bytes. What is freed and was allocated before counts below zero.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    live: i64,
    peak: i64,
}

thread_local! {
    static COUNTS: Cell<Counts> = const { Cell::new(Counts { live: 0, peak: 0 }) };
}

/// Counts what the code that it runs holds: between its runs, others may allocate as they like, as long as each frees
/// its own.
#[derive(Debug, Default)]
pub(crate) struct Meter(Counts);

impl Meter {
    /// Runs `act`, counting.
    pub(crate) fn run<R>(&mut self, act: impl FnOnce() -> R) -> R {
        let Counts { live, peak } = self.0;
        COUNTS.set(Counts { live, peak });
        let result = act();
        self.0 = COUNTS.get();
        result
    }

    /// How many bytes are held now; below zero if caches from before were freed.
    pub(crate) const fn live(&self) -> i64 {
        self.0.live
    }

    /// The most that were held at once.
    pub(crate) const fn peak(&self) -> i64 {
        self.0.peak
    }
}

fn count(added: usize, removed: usize) {
    // An ending thread frees its own storage, which nobody measures.
    let _ = COUNTS.try_with(|cell| {
        let mut counts = cell.get();
        counts.live += i64::try_from(added).unwrap_or(i64::MAX) - i64::try_from(removed).unwrap_or(i64::MAX);
        counts.peak = counts.peak.max(counts.live);
        cell.set(counts);
    });
}

// SAFETY: every call goes to `System` as it came; counting neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: the caller keeps the contract of `alloc`, which is `System`'s.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: the caller keeps the contract of `alloc_zeroed`, which is `System`'s.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, layout.size());
        // SAFETY: the caller got `pointer` for `layout` from this allocator, and so from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size, 0); // both are held for a moment
        // SAFETY: the caller got `pointer` for `layout` from this allocator, and so from `System`.
        let moved = unsafe { System.realloc(pointer, layout, size) };
        count(0, layout.size());
        moved
    }
}
