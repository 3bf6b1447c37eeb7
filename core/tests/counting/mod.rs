#![expect(unsafe_code, reason = "an allocator that counts")]
//! What a piece of a test costs in heap memory, counted for each thread by itself.

use core::cell::Cell;
use std::alloc::{GlobalAlloc, Layout, System};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Counting;

/// Of one thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// How often memory was asked for.
    pub(crate) allocations: u64,
    /// How many bytes are held; what another thread allocated and this one freed counts below zero.
    pub(crate) live: i64,
    /// The most that were held at once.
    pub(crate) peak: i64,
}

thread_local! {
    static COUNTS: Cell<Counts> = const { Cell::new(Counts { allocations: 0, live: 0, peak: 0 }) };
}

fn count(allocations: u64, added: usize, removed: usize) {
    // An ending thread frees its own storage, which nobody measures.
    let _ = COUNTS.try_with(|cell| {
        let mut counts = cell.get();
        counts.allocations += allocations;
        counts.live += i64::try_from(added).unwrap_or(i64::MAX) - i64::try_from(removed).unwrap_or(i64::MAX);
        counts.peak = counts.peak.max(counts.live);
        cell.set(counts);
    });
}

// SAFETY: every call goes to `System` as it came; counting neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size(), 0);
        // SAFETY: the caller keeps the contract of `alloc`, which is `System`'s.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, 0, layout.size());
        // SAFETY: the caller got `pointer` for `layout` from this allocator, and so from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(1, size, layout.size());
        // SAFETY: the caller got `pointer` for `layout` from this allocator, and so from `System`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// What `act` costs: its allocations, what it leaves behind, and the most it holds on the way.
pub(crate) fn cost<R>(act: impl FnOnce() -> R) -> (R, Counts) {
    let before = COUNTS.get();
    COUNTS.set(Counts { peak: before.live, ..before });
    let result = act();
    let after = COUNTS.get();
    let spent = Counts {
        allocations: after.allocations - before.allocations,
        live: after.live - before.live,
        peak: after.peak - before.live,
    };
    (result, spent)
}
