//! permessage-deflate under Criterion: see `sansws_benches::deflate` for what is measured, how far the figures compare,
//! and how to run it beside the peers.

use criterion::{BenchmarkId, Criterion, Throughput};
use sansws_benches::corpus::Corpus;
use sansws_benches::deflate::{Library, SIZES, Settings, bytes, libraries};
use std::hint::black_box;
use std::time::{Duration, Instant};

fn main() {
    // Without this argument it is a test, which need not take long.
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(20)
        .configure_from_args();
    for size in SIZES.into_iter().filter(|size| is_bench || *size < 1 << 20) {
        let corpus = Corpus::new(size);
        let mut group = criterion.benchmark_group(format!("deflate, {}", bytes(size)));
        group.throughput(Throughput::Bytes(size as u64));
        let all = Settings::all();
        for settings in [None].into_iter().chain(all.iter().map(Some)) {
            for library in libraries() {
                bench(&mut group, library, settings, &corpus);
            }
        }
    }
    criterion.final_summary();
}

type Group<'a> = criterion::BenchmarkGroup<'a, criterion::measurement::WallTime>;

fn bench(group: &mut Group<'_>, library: Library, settings: Option<&Settings>, corpus: &Corpus) {
    let Some(mut pair) = (library.pair)(settings).expect("the library connects") else { return };
    let mut texts = corpus.texts().iter().cycle();
    let settings = settings.map_or_else(|| "uncompressed".to_owned(), Settings::to_string);
    group.bench_function(BenchmarkId::new(library.to_string(), settings), |bencher| {
        bencher.iter_custom(|count| {
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            let started = Instant::now();
            pair.pass(&mut texts.by_ref().take(count), &mut |_, received| {
                black_box(received);
            })
            .expect("messages pass");
            started.elapsed()
        });
    });
}
