//! Sending binary messages into memory: ns per message, of ours and, with `--features peers`, of the peers.
//!
//! Messages are queued in batches of 64, or of 256 KiB if that is less, and written to what takes all and drops it.
//! «Borrowed» is a payload that is copied, «owned» one that is given away, as all peers but fastwebsockets take it:
//! a clone that shares its memory, and so one that a client has to copy before it is masked.

mod support;

use bytes::Bytes;
use criterion::{BenchmarkId, SamplingMode, Throughput};
use sansws_benches::Error;
use sansws_benches::deflate::bytes as named;
use sansws_benches::memory::libraries;
use sansws_benches::summary::Summary;
use sansws_benches::tape::Tape;
use sansws_core::frame::Role;
use std::time::Instant;

const SIZES: [usize; 5] = [16, 125, 1 << 10, 16 << 10, 1 << 20];

fn main() -> Result<(), Error> {
    let mut criterion = support::criterion();
    let mut summary = Summary::new(f64::min);
    for (role, table) in [(Role::Server, "as a server"), (Role::Client, "as a client, masked")] {
        let mut group = criterion.benchmark_group(format!("send {table}"));
        group.sampling_mode(SamplingMode::Flat);
        for size in SIZES {
            let batch = ((256 << 10) / size).clamp(1, 64);
            group.throughput(Throughput::Bytes((batch * size) as u64));
            let payload = Bytes::from(vec![b'a'; size]);
            for library in libraries() {
                let mut end = (library.open)(Tape::new(&[], 1), role)?;
                group.bench_function(BenchmarkId::new(library.name, named(size)), |bencher| {
                    bencher.iter_custom(|count| {
                        let began = Instant::now();
                        for _ in 0..count {
                            end.send(&payload, batch).expect("messages leave");
                        }
                        let took = began.elapsed();
                        let nanos = support::nanos(took, count * batch as u64);
                        summary.note(table, library.name, &named(size), nanos);
                        took
                    });
                });
            }
        }
    }
    criterion.final_summary();
    if !support::is_bench() {
        return Ok(());
    }
    summary.finish("send", "Sending into memory", "ns per message; the fastest of the samples.")
}
