#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
//! What compression costs in heap memory: bombs, messages, and connections that are idle.
//!
//! Allocations are counted for each thread by itself, as codecs are kept.

mod counting;

use bytes::{Buf, Bytes};
use counting::cost;
use sansws_core::deflate::{Deflate, Params};
use sansws_core::{Config, Connection, Delivery, EventRef, Fragment, Instant, Kind, Limits, MessageRef, ProtocolError};

const NOW: Instant = Instant::ORIGIN;

const BOTH: Params = Params {
    server_no_context_takeover: false,
    client_no_context_takeover: false,
    server_max_window_bits: None,
    client_max_window_bits: None,
};
const NEITHER: Params = Params { server_no_context_takeover: true, client_no_context_takeover: true, ..BOTH };

/// Everything is compressed.
fn eager() -> Config {
    Config { deflate: Some(Deflate { threshold: 0, ..Deflate::default() }), ..Config::default() }
}

fn client(config: Config, answer: &Params) -> Connection {
    Connection::client(config, |bytes: &mut [u8]| bytes.fill(0), NOW).with_deflate(answer)
}

fn drain(connection: &mut Connection) -> Vec<u8> {
    let mut written = Vec::new();
    while connection.wants_write() {
        let output = connection.output();
        written.extend(output.chunk());
        output.advance(output.chunk().len());
    }
    written
}

/// What a server makes of `message`.
fn compressed(message: &[u8], answer: &Params) -> Vec<u8> {
    let mut server = Connection::server(eager(), NOW).with_deflate(answer);
    server.send_ref(message).unwrap();
    drain(&mut server)
}

/// Takes all events, and counts the bytes in them. What is left of the input is reclaimed.
fn take(connection: &mut Connection, bytes: &[u8], lent: bool) -> Result<usize, ProtocolError> {
    let mut len = 0;
    for piece in bytes.chunks(4 << 10) {
        connection.input().extend_from_slice(piece);
        loop {
            len += if lent {
                match connection.receive_ref(NOW)? {
                    None => break,
                    Some(EventRef::Message(message)) => message.as_bytes().len(),
                    Some(EventRef::Fragment { payload, .. }) => payload.len(),
                    Some(other) => panic!("{other:?}"),
                }
            } else {
                match connection.receive(NOW)?.map(|event| size(&event)) {
                    None => break,
                    Some(size) => size,
                }
            };
        }
        connection.input().reclaim();
    }
    Ok(len)
}

fn size(event: &sansws_core::Event) -> usize {
    match event {
        sansws_core::Event::Message(message) => message.len(),
        sansws_core::Event::Fragment(fragment) => fragment.payload.len(),
        other => panic!("{other:?}"),
    }
}

/// R161: 10 KiB that want to be 10 MiB cost twice the limit and an inflater, not a message.
#[test]
fn a_bomb_costs_what_the_limit_says() {
    let bomb = compressed(&vec![0; 10 << 20], &BOTH);
    assert!(bomb.len() < 11 << 10, "{} bytes", bomb.len());
    check(&bomb, 64 << 10, Delivery::Messages, 192 << 10);
    check(&bomb, 64 << 10, Delivery::Fragments, 192 << 10);
    check(&bomb, 1 << 20, Delivery::Messages, (2 << 20) + (64 << 10)); // the default
    check(&bomb, 1 << 20, Delivery::Fragments, 320 << 10);

    #[track_caller]
    fn check(bomb: &[u8], limit: u64, delivery: Delivery, most: i64) {
        for lent in [true, false] {
            let config = Config { limits: Limits { message: limit, ..Limits::default() }, delivery, ..eager() };
            let mut connection = client(config, &BOTH);
            let (result, spent) = cost(|| take(&mut connection, bomb, lent));
            assert_eq!(result, Err(ProtocolError::TooBig { limit, size: limit + 1 }));
            assert!(spent.peak <= most, "{} bytes, {most} expected", spent.peak);
            assert!(spent.live < 4 << 10, "{} bytes are left", spent.live); // the Close frame
        }
    }
}

/// In pieces, a message that is far larger than memory costs as much as a few pieces.
#[test]
fn a_bomb_in_pieces_costs_pieces() {
    let bomb = compressed(&vec![0; 2 << 20], &NEITHER);
    for answer in [BOTH, NEITHER] {
        for lent in [true, false] {
            let limits = Limits { message: u64::MAX, ..Limits::default() };
            let mut connection = client(Config { limits, delivery: Delivery::Fragments, ..eager() }, &answer);
            let (result, spent) = cost(|| take(&mut connection, &bomb, lent));
            assert_eq!(result, Ok(2 << 20));
            assert!(spent.peak <= 320 << 10, "{} bytes", spent.peak);
        }
    }
}

/// A length is a promise, and promises cost nothing.
#[test]
fn a_declared_length_costs_nothing() {
    for delivery in [Delivery::Messages, Delivery::Fragments] {
        let declared = [&[0xc2, 0x7f][..], &(1_u64 << 62).to_be_bytes(), b"\xf2\x48\xcd"].concat();
        let limits = Limits { message: u64::MAX, ..Limits::default() };
        let mut connection = client(Config { limits, delivery, ..eager() }, &BOTH);
        let (result, spent) = cost(|| take(&mut connection, &declared, true));
        assert_eq!(result.map(|len| len <= 2), Ok(true));
        assert!(spent.peak < 52 << 10, "{spent:?}"); // an inflater
        assert_eq!(connection.read_hint(), 64 << 10);
    }
}

/// A peer that never ends its message, and never says anything in it, costs an inflater.
#[test]
fn a_message_of_nothing_costs_nothing() {
    for answer in [BOTH, NEITHER] {
        let mut connection = client(eager(), &answer);
        let len = 1_u64 << 20;
        let frame = [&[0x42, 0x7f][..], &len.to_be_bytes(), &b"\x00\x00\x00\xff\xff".repeat(100_000)].concat();
        let (result, spent) = cost(|| take(&mut connection, &frame, true));
        assert_eq!(result, Ok(0));
        assert!(spent.peak < 80 << 10, "{spent:?}"); // and what is read and inflated at once
    }
}

/// Messages, whole and in fragments, and a large one.
fn talk(from: &mut Connection, to: &mut Connection, round: usize) {
    let large = "something that repeats itself in most of its parts, ".repeat(700); // more than a window
    let text = format!("{round}: {}", &large[..round * 791]);
    from.send(&*text).unwrap();
    from.send_ref(&*large).unwrap();
    for last in [false, true] {
        from.send_fragment(Fragment { kind: Kind::Text, payload: text.clone().into(), last }).unwrap();
    }
    let written = drain(from);
    drop(from.output().reclaim());
    assert_eq!(take(to, &written, round.is_multiple_of(2)), Ok(large.len() + 3 * text.len()));
}

/// What each of so many pairs of connections holds when idle. The codecs of a thread are there before.
fn idle(config: &Config, answer: Option<&Params>, rounds: usize, pairs: usize) -> i64 {
    let pair = || {
        let mut client = Connection::client(config.clone(), |bytes: &mut [u8]| bytes.fill(0), NOW);
        let mut server = Connection::server(config.clone(), NOW);
        if let Some(answer) = answer {
            (client, server) = (client.with_deflate(answer), server.with_deflate(answer));
        }
        for round in 0..rounds {
            talk(&mut client, &mut server, round);
            talk(&mut server, &mut client, round);
        }
        (client, server)
    };
    drop(pair());
    let mut held = Vec::with_capacity(pairs);
    let ((), spent) = cost(|| (0..pairs).for_each(|_| held.push(pair())));
    spent.live / i64::try_from(pairs).unwrap()
}

/// Without takeover an idle connection holds a few fields, and no codec.
#[test]
fn an_idle_connection_holds_no_codec() {
    let without = idle(&Config::default(), None, 2, 50);
    let with = idle(&eager(), Some(&NEITHER), 2, 50);
    assert!(with - without < 1000, "{with} bytes, {without} without compression");
    // Nor before the first message.
    assert!(idle(&eager(), Some(&BOTH), 0, 50) - idle(&Config::default(), None, 0, 50) < 1000);
}

/// Nor one that sends a message in fragments, once it has ended, however it ended.
#[test]
fn an_unfinished_message_holds_a_codec_until_it_ends() {
    let mut server = Connection::server(eager(), NOW).with_deflate(&NEITHER);
    let fragment = |last| Fragment { kind: Kind::Binary, payload: Bytes::from_static(b"a piece"), last };
    server.send_fragment(fragment(true)).unwrap(); // the thread's codec is made
    drain(&mut server);
    let ((), spent) = cost(|| (0..10).for_each(|_| drop(Connection::server(eager(), NOW).with_deflate(&NEITHER))));
    assert_eq!(spent.live, 0);
    let ((), spent) = cost(|| {
        let mut other = Connection::server(eager(), NOW).with_deflate(&NEITHER);
        other.send_fragment(fragment(false)).unwrap();
    });
    assert!(spent.live < 0, "the thread's codec went with the connection: {spent:?}");
}

/// The table at `deflate::Deflate`, within 5 %.
#[test]
fn takeover_costs_what_is_documented() {
    let without = idle(&Config::default(), None, 2, 5);
    check(without, &eager(), 165_000);
    let deflate = Deflate { threshold: 0, window_bits: 15, memory_level: 8, ..Deflate::default() };
    check(without, &Config { deflate: Some(deflate), ..Config::default() }, 380_000);

    #[track_caller]
    fn check(without: i64, config: &Config, compressor: i64) {
        let receiver = [
            Params { server_no_context_takeover: true, ..BOTH }, // only the client compresses with takeover
            Params { client_no_context_takeover: true, ..BOTH },
            BOTH,
        ];
        let [one, other, both] = receiver.map(|answer| idle(config, Some(&answer), 2, 5) - without);
        for (held, documented) in
            [(one, compressor + 48_000), (other, compressor + 48_000), (both, 2 * (compressor + 48_000))]
        {
            assert!((held - documented).abs() * 20 <= documented, "{held} bytes, {documented} documented");
        }
    }
}

/// Each of the two by itself, on one connection.
#[test]
fn codecs_are_made_when_first_needed() {
    let message = compressed(b"Hello, Hello, Hello", &BOTH);
    let mut connection = client(eager(), &BOTH);
    let (_, inflater) = cost(|| take(&mut connection, &message, true));
    let (_, none) = cost(|| take(&mut connection, &message, true));
    let (_, compressor) = cost(|| {
        connection.send("Hello, Hello, Hello").unwrap();
        drain(&mut connection);
        drop(connection.output().reclaim());
    });
    assert!((inflater.live - 48_000).abs() * 20 <= 48_000, "{inflater:?}");
    assert_eq!(none.live, 0);
    assert!((compressor.live - 165_000).abs() * 20 <= 165_000, "{compressor:?}");
}

/// A peer that ends its blocks as final ones costs its window a second time, and no more.
#[test]
fn final_blocks_cost_another_window() {
    let block = |len: usize| {
        let [low, high] = u16::try_from(len).unwrap().to_le_bytes();
        [&[1, low, high, !low, !high][..], &vec![7; len]].concat()
    };
    let payload = [block(60_000), vec![0]].concat();
    let frame = [&[0xc2, 0x7e][..], &u16::try_from(payload.len()).unwrap().to_be_bytes(), &payload].concat();
    for delivery in [Delivery::Messages, Delivery::Fragments] {
        let mut connection = client(Config { delivery, ..eager() }, &BOTH);
        let ((), spent) = cost(|| (0..20).for_each(|_| assert_eq!(take(&mut connection, &frame, false), Ok(60_000))));
        assert!(spent.live < (48 << 10) + (64 << 10) + 2000, "{spent:?}");
        let mut connection = client(Config { delivery, ..eager() }, &NEITHER);
        let ((), spent) = cost(|| (0..20).for_each(|_| assert_eq!(take(&mut connection, &frame, false), Ok(60_000))));
        assert!(spent.live < 52 << 10, "{spent:?}"); // the thread's inflater
    }
}

/// What a thread keeps for all its connections: two codecs of each kind and a buffer, however large messages were.
#[test]
fn a_thread_keeps_little() {
    let ((), spent) = cost(|| {
        for level in 1..=4 {
            let deflate = Deflate { level, threshold: 0, ..Deflate::default() };
            let config = Config { deflate: Some(deflate), ..Config::default() };
            let connections = [300_000_u32, 100, 10, 1].map(|len| {
                let mut server = Connection::server(config.clone(), NOW).with_deflate(&NEITHER);
                let payload: Bytes = (0..len).map(|i| i.wrapping_mul(0x9e37_79b1).to_be_bytes()[0]).collect();
                server.send_fragment(Fragment { kind: Kind::Binary, payload, last: false }).unwrap();
                server
            });
            for mut server in connections {
                drain(&mut server);
                let last = Fragment { kind: Kind::Binary, payload: Bytes::new(), last: true };
                server.send_fragment(last).unwrap();
                let written = drain(&mut server);
                assert!(written.len() < 10);
            }
        }
    });
    assert!(spent.live < 2 * 175_000 + 2 * 50_000 + (256 << 10), "{spent:?}");
}

/// Sending costs no allocation once codecs and buffers are there; receiving, those of the message itself.
#[test]
fn messages_cost_few_allocations() {
    for answer in [BOTH, NEITHER] {
        for len in [100, 5000, 64 << 10] {
            let text = "something that repeats itself in some of its parts, ".repeat(len / 50);
            let mut server = Connection::server(eager(), NOW).with_deflate(&answer);
            let mut send = || {
                server.send_ref(MessageRef::Text(&text)).unwrap();
                let count = server.output().remaining();
                server.output().advance(count);
            };
            (0..5).for_each(|_| send());
            let ((), spent) = cost(|| (0..20).for_each(|_| send()));
            assert_eq!((spent.allocations, spent.live), (0, 0), "{len} bytes");

            let mut receiver = client(eager(), &answer);
            let bytes = compressed(text.as_bytes(), &NEITHER);
            let mut receive = || {
                receiver.input().extend_from_slice(&bytes);
                assert!(matches!(receiver.receive_ref(NOW), Ok(Some(EventRef::Message(_)))));
                assert_eq!(receiver.receive_ref(NOW), Ok(None));
            };
            (0..5).for_each(|_| receive());
            let ((), spent) = cost(|| (0..20).for_each(|_| receive()));
            assert!(spent.allocations <= 20 * 8 && spent.live == 0, "{len} bytes: {spent:?}");
        }
    }
}
