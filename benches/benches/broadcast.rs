//! One message to many connections, from 1 to 10,000: ns per connection, prepared once and sent to each by itself.
//!
//! What is queued is taken off the connections again outside of what is measured. «Compressed» is without context
//! takeover, with the default level.

mod support;

use bytes::Buf;
use criterion::{BenchmarkId, SamplingMode, Throughput};
use sansws_benches::Error;
use sansws_benches::corpus::Corpus;
use sansws_benches::deflate::bytes as named;
use sansws_benches::summary::Summary;
use sansws_core::deflate::{Deflate, Params};
use sansws_core::{Config, Connection, Message, Prepared};
use std::time::{Duration, Instant};

const CONNECTIONS: [usize; 5] = [1, 10, 100, 1_000, 10_000];
const SIZES: [usize; 3] = [128, 1 << 10, 16 << 10];

fn main() -> Result<(), Error> {
    let mut criterion = support::criterion();
    let mut summary = Summary::new(f64::min);
    for (is_compressed, kind) in [(false, "as it is"), (true, "compressed")] {
        for size in SIZES {
            let table = format!("{}, {kind}", named(size));
            let mut group = criterion.benchmark_group(format!("broadcast, {table}"));
            group.sampling_mode(SamplingMode::Flat);
            let message = Message::from(&*Corpus::new(size).texts()[0]);
            for many in CONNECTIONS.into_iter().filter(|many| support::is_bench() || *many <= 100) {
                let mut connections: Vec<_> = (0..many).map(|_| connection(is_compressed)).collect();
                group.throughput(Throughput::Elements(many as u64));
                for (row, send) in [("prepared", prepared as Send), ("one by one", one_by_one)] {
                    group.bench_function(BenchmarkId::new(row, many), |bencher| {
                        bencher.iter_custom(|count| {
                            let mut took = Duration::ZERO;
                            for _ in 0..count {
                                let began = Instant::now();
                                send(&message, &mut connections);
                                took += began.elapsed();
                                connections.iter_mut().for_each(written);
                            }
                            summary.note(&table, row, &many.to_string(), support::nanos(took, count * many as u64));
                            took
                        });
                    });
                }
            }
        }
    }
    criterion.final_summary();
    if !support::is_bench() {
        return Ok(());
    }
    summary.finish(
        "broadcast",
        "One message to many connections",
        "ns per connection, by how many there are; the fastest of the samples.",
    )
}

type Send = fn(&Message, &mut [Connection]);

/// As a server has it whose connections are open.
fn connection(is_compressed: bool) -> Connection {
    let deflate = is_compressed.then(|| Deflate { threshold: 0, ..Deflate::default() });
    let connection = Connection::server(Config { deflate, ..Config::default() }, sansws_core::Instant::ORIGIN);
    let answer = Params { server_no_context_takeover: true, ..Params::default() };
    if is_compressed { connection.with_deflate(&answer) } else { connection }
}

fn prepared(message: &Message, connections: &mut [Connection]) {
    let prepared = Prepared::new(message.clone());
    for connection in connections {
        connection.send_prepared(&prepared).expect("it is open");
    }
}

fn one_by_one(message: &Message, connections: &mut [Connection]) {
    for connection in connections {
        connection.send(message.clone()).expect("it is open");
    }
}

fn written(connection: &mut Connection) {
    let output = connection.output();
    output.advance(output.remaining());
}
