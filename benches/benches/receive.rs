//! Receiving messages from memory: ns per message, of ours and, with `--features peers`, of the peers.
//!
//! A [`Tape`] repeats one frame, and gives 64 KiB to each read (many messages, or a large part of one) or, as a network
//! does, 1,448 bytes. What is read is copied once, for all.

mod support;

use criterion::{BenchmarkId, SamplingMode, Throughput};
use sansws_benches::Error;
use sansws_benches::deflate::bytes as named;
use sansws_benches::memory::libraries;
use sansws_benches::summary::Summary;
use sansws_benches::tape::Tape;
use sansws_benches::wire::{BINARY, TEXT, frame};
use sansws_core::frame::Role;
use std::time::Instant;

const SIZES: [usize; 5] = [16, 125, 1 << 10, 16 << 10, 1 << 20];

const BLOCKS: [usize; 2] = [64 << 10, 1448];

fn main() -> Result<(), Error> {
    let mut criterion = support::criterion();
    let mut summary = Summary::new(f64::min);
    for (role, key) in [(Role::Server, Some([0x37, 0xfa, 0x21, 0x3d])), (Role::Client, None)] {
        let masked = if key.is_some() { "masked" } else { "unmasked" };
        for (kind, first) in [("binary", BINARY), ("text", TEXT)] {
            for block in BLOCKS {
                let table = format!("{kind}, {masked}, reads of {block} bytes");
                let mut group = criterion.benchmark_group(format!("receive {table}"));
                group.sampling_mode(SamplingMode::Flat);
                for size in SIZES {
                    group.throughput(Throughput::Bytes(size as u64));
                    let tape = Tape::new(&frame(first, &vec![b'a'; size], key), block);
                    for library in libraries() {
                        let mut end = (library.open)(tape.clone(), role)?;
                        group.bench_function(BenchmarkId::new(library.name, named(size)), |bencher| {
                            bencher.iter_custom(|count| {
                                let began = Instant::now();
                                let messages = usize::try_from(count).unwrap_or(usize::MAX);
                                let received = end.receive(messages).expect("messages arrive");
                                let took = began.elapsed();
                                assert_eq!(received, messages * size);
                                summary.note(&table, library.name, &named(size), support::nanos(took, count));
                                took
                            });
                        });
                    }
                }
            }
        }
    }
    criterion.final_summary();
    if !support::is_bench() {
        return Ok(());
    }
    summary.finish("receive", "Receiving from memory", "ns per message; the fastest of the samples.")
}
