//! Frame headers: ns to read and to write one, in each of its forms. The floor knows no rules.

mod support;

use bytes::BytesMut;
use criterion::{BenchmarkId, SamplingMode};
use sansws_benches::Error;
use sansws_benches::summary::Summary;
use sansws_benches::wire::{BINARY, Head};
use sansws_core::frame::{Decoder, Header, Opcode, Role};
use std::hint::black_box;
use std::time::Instant;

/// Lengths of payloads, each in another form.
const LENGTHS: [usize; 3] = [16, 1 << 10, 1 << 20];

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A way to read a header from bytes, whose length it returns, or to append one to a buffer.
type Pass = (&'static str, fn(Head, &[u8], &mut BytesMut) -> usize);

const READ: &[Pass] = &[
    ("floor", |_, bytes, _| Head::read(bytes).map_or(0, |(head, size)| black_box(head).size() & size)),
    ("sansws Header::decode", |_, bytes, _| match Header::decode(bytes) {
        Ok(Some((header, size))) => usize::from(black_box(header).fin) * size,
        _ => 0,
    }),
    ("sansws Decoder::header", |head, bytes, _| {
        let role = if head.key.is_some() { Role::Server } else { Role::Client };
        match Decoder::new(role).header(bytes) {
            Ok(Some((header, size))) => usize::from(black_box(header).fin) * size,
            _ => 0,
        }
    }),
    #[cfg(feature = "peers")]
    ("tungstenite FrameHeader::parse", |_, bytes, _| {
        let mut cursor = std::io::Cursor::new(bytes);
        let parsed = tokio_tungstenite::tungstenite::protocol::frame::FrameHeader::parse(&mut cursor);
        black_box(parsed).map_or(0, |_| usize::try_from(cursor.position()).unwrap_or_default())
    }),
];

const WRITE: &[Pass] = &[
    ("floor", |head, _, out| {
        let mut bytes = [0; Head::MAX];
        head.write(&mut bytes);
        out.extend_from_slice(&bytes[..head.size()]);
        head.size()
    }),
    ("sansws Header::encode", |head, _, out| {
        out.extend_from_slice(&Header::data(Opcode::Binary, true, head.payload as u64, head.key).encode());
        head.size()
    }),
    #[cfg(feature = "peers")]
    ("tungstenite FrameHeader::format", |head, _, out| {
        use tokio_tungstenite::tungstenite::protocol::frame::{FrameHeader, coding};
        let opcode = coding::OpCode::Data(coding::Data::Binary);
        let header = FrameHeader { is_final: true, opcode, mask: head.key, ..FrameHeader::default() };
        let written = header.format(head.payload as u64, &mut bytes::BufMut::writer(out));
        written.map_or(0, |()| head.size())
    }),
    #[cfg(feature = "peers")]
    ("sockudo-ws encode_frame_header", |head, _, out| {
        let opcode = sockudo_ws::OpCode::Binary;
        sockudo_ws::frame::encode_frame_header(out, opcode, head.payload, true, head.key);
        head.size()
    }),
];

fn main() -> Result<(), Error> {
    let mut criterion = support::criterion();
    let mut summary = Summary::new(f64::min);
    for (table, passes) in [("Reading", READ), ("Writing", WRITE)] {
        let mut group = criterion.benchmark_group(format!("header, {table}"));
        group.sampling_mode(SamplingMode::Flat);
        for key in [Some(KEY), None] {
            for payload in LENGTHS {
                let head = Head { first: BINARY, payload, key };
                let mut bytes = [0; 16];
                head.write(&mut bytes);
                let mut out = BytesMut::with_capacity(64);
                let form = format!("{} bytes{}", head.size(), if key.is_some() { ", masked" } else { "" });
                for (row, pass) in passes {
                    group.bench_function(BenchmarkId::new(*row, &form), |bencher| {
                        bencher.iter_custom(|count| {
                            let began = Instant::now();
                            for _ in 0..count {
                                out.clear();
                                assert_eq!(pass(black_box(head), black_box(&bytes), &mut out), head.size());
                            }
                            let took = began.elapsed();
                            summary.note(table, row, &form, support::nanos(took, count));
                            took
                        });
                    });
                    assert!(out.is_empty() || *out == bytes[..head.size()], "{row} wrote {out:?}");
                }
            }
        }
    }
    criterion.final_summary();
    if !support::is_bench() {
        return Ok(());
    }
    summary.finish("header", "Frame headers", "ns each; the fastest of the samples.")
}
