//! Masking, beside memcpy, loops written by hand and, with `--features peers`, the peers' public functions:
//! `cargo bench -p sansws-benches --bench mask`, under two minutes.
//!
//! Every loop is called through a pointer, on bytes that are in cache if they fit.

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, SamplingMode, Throughput};
use sansws_benches::Error;
use sansws_benches::deflate::bytes as named;
use sansws_benches::mask::{Kernel, kernels};
use sansws_benches::summary::Summary;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Lengths, in bytes.
const SIZES: [usize; 12] = [1, 4, 7, 16, 31, 64, 125, 1 << 10, 16 << 10, 64 << 10, 1 << 20, 16 << 20];

/// Where a payload begins, in bytes past a cache line: in the first frame of a buffer, where its header ends; and on the line.
const STARTS: [usize; 2] = [6, 0];

/// Those measured at each of the 64 misalignments.
const KEY_SIZES: [usize; 6] = [7, 16, 64, 125, 1 << 10, 16 << 10];

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

fn main() -> Result<(), Error> {
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(30))
        .measurement_time(Duration::from_millis(120))
        .sample_size(10)
        .nresamples(1000)
        .without_plots()
        .configure_from_args();
    let mut summary = Summary::new(f64::max);
    for start in STARTS {
        let mut group = group(&mut criterion, &format!("mask, start {start}"));
        for size in SIZES {
            bench(&mut group, size, &[start], &mut |kernel, _, speed| {
                let table = format!("Start {start} bytes past a cache line");
                summary.note(&table, kernel, &named(size), speed);
            });
        }
    }
    let mut by_start = Summary::new(f64::max);
    let mut group = group(&mut criterion, "mask, all 64 starts");
    for size in KEY_SIZES {
        let starts: Vec<usize> = (0..64).collect();
        bench(&mut group, size, &starts, &mut |kernel, start, speed| {
            by_start.note(&named(size), &start.to_string(), kernel, speed);
        });
    }
    group.finish();
    add_worst(&mut summary, &by_start);
    criterion.final_summary();
    if !is_bench {
        return Ok(()); // a test, which measures nothing
    }
    summary.finish("mask", "Masking in place", "GB/s; the fastest of the samples.")
}

fn group<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.sampling_mode(SamplingMode::Flat);
    group
}

/// Measures all loops on payloads of one size: an iteration is one at each start. `found` is given the loop, the start
/// and a speed in GB/s.
fn bench(
    group: &mut BenchmarkGroup<'_, WallTime>,
    size: usize,
    starts: &[usize],
    found: &mut dyn FnMut(&str, usize, f64),
) {
    group.throughput(Throughput::Bytes((size * starts.len()) as u64));
    let (mut bytes, others) = (vec![0x5a; size + 128], vec![0xa5; size + 128]);
    let (to, from) = (bytes.as_ptr().align_offset(64), others.as_ptr().align_offset(64));
    for Kernel { name, apply } in kernels() {
        group.bench_function(BenchmarkId::new(name, named(size)), |bencher| {
            bencher.iter_custom(|count| {
                let mut total = Duration::ZERO;
                for start in starts {
                    let bytes = &mut bytes[to + start..][..size];
                    let others = &others[from + start..][..size];
                    let began = Instant::now();
                    for _ in 0..count {
                        apply(black_box(KEY), black_box(&mut *bytes), black_box(others));
                    }
                    let took = began.elapsed();
                    found(name, *start, (size as u64 * count) as f64 / took.as_nanos().max(1) as f64);
                    total += took;
                }
                total
            });
        });
    }
}

/// Of all starts: how fast a loop is where it is slowest, and ours beside the fastest loop where that is worst.
fn add_worst(summary: &mut Summary, by_start: &Summary) {
    let names: Vec<_> = kernels().iter().map(|kernel| kernel.name).filter(|name| *name != "memcpy").collect();
    for size in KEY_SIZES.map(named) {
        let at = |name: &str, start: usize| by_start.figure(&size, &start.to_string(), name);
        let mut worst: Option<f64> = None;
        let mut lowest: Vec<Option<f64>> = vec![None; names.len()];
        for start in 0..64 {
            let speeds: Vec<_> = names.iter().filter_map(|name| at(name, start)).collect();
            let (Some(ours), [first, rest @ ..]) = (at("sansws", start), &speeds[..]) else { continue };
            let best = rest.iter().fold(*first, |best, speed| best.max(*speed));
            worst = Some(worst.map_or(ours / best, |worst| worst.min(ours / best)));
            for (lowest, speed) in lowest.iter_mut().zip(&speeds) {
                *lowest = Some(lowest.map_or(*speed, |lowest| lowest.min(*speed)));
            }
        }
        for (name, lowest) in names.iter().zip(lowest) {
            if let Some(lowest) = lowest {
                summary.note("The slowest of all 64 misalignments", name, &size, lowest);
            }
        }
        if let Some(worst) = worst {
            summary.note("The slowest of all 64 misalignments", "sansws ÷ the fastest there, at worst", &size, worst);
        }
    }
}
