//! Checking that text is UTF-8: GB/s of the validators alone, and of all that a masked text goes through.
//!
//! The core checks while it receives, so that it is measured there: text beside binary messages of the same length, and
//! beside the plain way, which is to copy in, unmask and then validate.

mod support;

use criterion::{BenchmarkId, SamplingMode, Throughput};
use sansws_benches::Error;
use sansws_benches::corpus::{ascii, mixed};
use sansws_benches::deflate::bytes as named;
use sansws_benches::mask;
use sansws_benches::memory::libraries;
use sansws_benches::summary::Summary;
use sansws_benches::tape::Tape;
use sansws_benches::wire::{BINARY, TEXT, frame};
use sansws_core::frame::Role;
use std::hint::black_box;
use std::time::{Duration, Instant};

const SIZES: [usize; 6] = [16, 64, 125, 1 << 10, 16 << 10, 1 << 20];
const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// What is done to a masked text, given room for a copy of it.
type Pass = fn(&[u8], &mut [u8]) -> bool;

/// What those do who have no core.
const PASSES: [(&str, Pass); 5] = [
    ("std alone", |text, _| std::str::from_utf8(text).is_ok()),
    ("simdutf8 alone", |text, _| simdutf8::basic::from_utf8(text).is_ok()),
    ("copy in, unmask", |text, room| {
        unmask(text, room);
        true
    }),
    ("copy in, unmask, then std", |text, room| std::str::from_utf8(unmask(text, room)).is_ok()),
    ("copy in, unmask, then simdutf8", |text, room| simdutf8::basic::from_utf8(unmask(text, room)).is_ok()),
];

fn unmask<'a>(text: &[u8], room: &'a mut [u8]) -> &'a [u8] {
    room.copy_from_slice(text);
    mask::by_hand([0; 4], black_box(&mut *room)); // a key that changes nothing
    room
}

fn main() -> Result<(), Error> {
    let mut criterion = support::criterion();
    let mut summary = Summary::new(f64::max);
    for (table, corpus) in [("ASCII", ascii as fn(usize) -> String), ("Characters of one to four bytes", mixed)] {
        let mut group = criterion.benchmark_group(format!("utf8, {table}"));
        group.sampling_mode(SamplingMode::Flat);
        for size in SIZES {
            group.throughput(Throughput::Bytes(size as u64));
            let text = corpus(size);
            let mut bench = |row: &str, run: &mut dyn FnMut(u64) -> Duration| {
                group.bench_function(BenchmarkId::new(row, named(size)), |bencher| {
                    bencher.iter_custom(|count| {
                        let took = run(count);
                        summary.note(
                            table,
                            row,
                            &named(size),
                            support::nanos(took, count).map(|nanos| size as f64 / nanos),
                        );
                        took
                    });
                });
            };
            let mut room = vec![0; size];
            for (row, pass) in PASSES {
                bench(row, &mut |count| {
                    let began = Instant::now();
                    for _ in 0..count {
                        assert!(pass(black_box(text.as_bytes()), black_box(&mut room)));
                    }
                    began.elapsed()
                });
            }
            let Some(core) = libraries().into_iter().find(|library| library.name == "sansws-core, borrowed") else {
                continue;
            };
            for (row, first) in
                [("sansws-core receives it as binary", BINARY), ("sansws-core receives it as text", TEXT)]
            {
                let tape = Tape::new(&frame(first, text.as_bytes(), Some(KEY)), 64 << 10);
                let mut end = (core.open)(tape, Role::Server)?;
                bench(row, &mut |count| {
                    let began = Instant::now();
                    end.receive(usize::try_from(count).unwrap_or(usize::MAX)).expect("messages arrive");
                    began.elapsed()
                });
            }
        }
    }
    criterion.final_summary();
    if !support::is_bench() {
        return Ok(());
    }
    summary.finish("utf8", "Checking UTF-8", "GB/s; the fastest of the samples.")
}
