#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
//! A prepared message is what it is when it is sent by itself: on any connection, in any state.

mod counting;

use bytes::Buf;
use proptest::prelude::*;
use sansws_core::deflate::{Deflate, Params};
use sansws_core::frame::Role;
use sansws_core::{Config, Connection, Fragment, Instant, Kind, Message, Prepared, SendError};

const NOW: Instant = Instant::ORIGIN;

/// What a connection has agreed on.
#[derive(Clone, Debug)]
struct Kindred {
    role: Role,
    deflate: Option<(Deflate, Params)>,
}

impl Kindred {
    fn connection(&self) -> Connection {
        let deflate = self.deflate.as_ref().map(|(deflate, _)| deflate.clone());
        let config = Config { deflate, ..Config::default() };
        let mut last = 0_u8;
        let keys = move |key: &mut [u8]| {
            last = last.wrapping_add(1);
            key.fill(last);
        };
        let connection = match self.role {
            Role::Client => Connection::client(config, keys, NOW),
            Role::Server => Connection::server(config, NOW),
        };
        match &self.deflate {
            Some((_, answer)) => connection.with_deflate(answer),
            None => connection,
        }
    }
}

fn kindred() -> impl Strategy<Value = Kindred> {
    let deflate = (0..4_u8, 1..=9_u8, 8..=15_u8, any::<bool>(), 0..200_usize).prop_map(
        |(level, memory_level, bits, no_takeover, threshold)| {
            let deflate = Deflate { level, memory_level, threshold, ..Deflate::default() };
            let answer = Params {
                server_no_context_takeover: no_takeover,
                client_no_context_takeover: no_takeover,
                server_max_window_bits: Some(bits),
                client_max_window_bits: Some(Some(bits)),
            };
            (deflate, answer)
        },
    );
    let role = prop_oneof![1 => Just(Role::Client), 4 => Just(Role::Server)];
    (role, prop::option::weighted(0.8, deflate)).prop_map(|(role, deflate)| Kindred { role, deflate })
}

fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        ".{0,40}".prop_map(Message::from),
        ("[ab]{1,9}", 0..1500_usize).prop_map(|(word, times)| word.repeat(times).into()),
        prop::collection::vec(any::<u8>(), 0..9000).prop_map(Message::from),
    ]
}

/// What is done on a connection.
#[derive(Clone, Debug)]
enum Step {
    Prepared(usize),
    Own(Message),
    Ping,
    Written(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..3_usize).prop_map(Step::Prepared),
        1 => message().prop_map(Step::Own),
        1 => Just(Step::Ping),
        1 => (0..10_000_usize).prop_map(Step::Written),
    ]
}

fn take(connection: &mut Connection, most: usize, taken: &mut Vec<u8>) {
    let most = most.min(connection.output().remaining());
    taken.extend_from_slice(&connection.output().copy_to_bytes(most));
}

proptest! {
    #[test]
    fn prepared_as_by_itself(
        kinds in prop::collection::vec(kindred(), 1..4),
        messages in prop::array::uniform3(message()),
        steps in prop::collection::vec((any::<prop::sample::Index>(), step()), 0..20),
    ) {
        let prepared = messages.clone().map(Prepared::from);
        let new = || kinds.iter().map(|kind| (kind.connection(), Vec::new())).collect::<Vec<_>>();
        let (mut ours, mut theirs) = (new(), new());
        for (at, step) in steps {
            let (ours, taken) = at.get_mut(&mut ours);
            let (theirs, expected) = at.get_mut(&mut theirs);
            match step {
                Step::Prepared(n) => {
                    ours.send_prepared(&prepared[n]).unwrap();
                    theirs.send(messages[n].clone()).unwrap();
                }
                Step::Own(message) => {
                    ours.send(message.clone()).unwrap();
                    theirs.send(message).unwrap();
                }
                Step::Ping => {
                    ours.sender().ping(b"?").unwrap();
                    theirs.sender().ping(b"?").unwrap();
                }
                Step::Written(most) => {
                    take(ours, most, taken);
                    take(theirs, most, expected);
                }
            }
            prop_assert_eq!(ours.traffic(), theirs.traffic());
            prop_assert_eq!(ours.sender().queued(), theirs.sender().queued());
        }
        for ((mut ours, mut taken), (mut theirs, mut expected)) in ours.into_iter().zip(theirs) {
            take(&mut ours, usize::MAX, &mut taken);
            take(&mut theirs, usize::MAX, &mut expected);
            // Where a ping goes ahead depends on what is queued by reference.
            prop_assert_eq!(frames(&taken), frames(&expected));
            prop_assert_eq!(ours.buffered_amount(), 0);
        }
    }
}

/// The frames, those of messages in order, and then the pings.
fn frames(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut frames = Vec::new();
    while let &[first, second, ..] = bytes {
        let masked = if second & 0x80 == 0 { 0 } else { 4 };
        let len = match second & 0x7f {
            126 => 4 + masked + usize::from(u16::from_be_bytes([bytes[2], bytes[3]])),
            127 => 10 + masked + usize::try_from(u64::from_be_bytes(bytes[2..10].try_into().unwrap())).unwrap(),
            short => 2 + masked + usize::from(short),
        };
        let (frame, rest) = bytes.split_at(len);
        frames.push((first == 0x89, frame));
        bytes = rest;
    }
    assert!(bytes.is_empty());
    frames.sort_by_key(|(is_ping, _)| *is_ping);
    frames.into_iter().map(|(_, frame)| frame).collect()
}

#[test]
fn refused_as_any_message() {
    let prepared = Prepared::new("news");
    assert_eq!(prepared.message().as_text(), Some("news"));
    let mut connection = Connection::server(Config::default(), NOW);
    connection.send_fragment(Fragment { kind: Kind::Text, payload: "a".into(), last: false }).unwrap();
    assert_eq!(connection.send_prepared(&prepared), Err(SendError::UnfinishedMessage));
    connection.close(None).unwrap();
    assert_eq!(connection.send_prepared(&prepared), Err(SendError::Closed));
}

/// A long one is held once, and compressed once for each size of a window.
#[test]
fn once_for_all() {
    const CLIENTS: usize = 200;
    let noise = |n: u32| (n.wrapping_mul(0x9e37_79b1) >> 24) as u8;
    let message: Vec<u8> = (0..100_000).map(noise).map(|byte| byte & 0xf).collect();
    for deflate in [false, true] {
        let clients = (0..CLIENTS).map(|n| {
            let answer = Params {
                server_no_context_takeover: true,
                server_max_window_bits: Some(if n % 2 == 0 { 9 } else { 12 }),
                ..Params::default()
            };
            let deflate = deflate.then(|| (Deflate { window_bits: 15, ..Deflate::default() }, answer));
            Kindred { role: Role::Server, deflate }.connection()
        });
        let mut clients: Vec<_> = clients.collect();
        let prepared = Prepared::new(message.clone());
        let ((), counts) = counting::cost(|| {
            for client in &mut clients {
                client.send_prepared(&prepared).unwrap();
            }
        });
        let variants = if deflate { 2 * message.len() } else { 0 };
        let limit = i64::try_from(variants + CLIENTS * 1000 + 1_000_000).unwrap(); // a compressor is some 300 KB
        assert!(counts.peak < limit, "{} bytes for {CLIENTS} clients, compressed: {deflate}", counts.peak);
        assert!(clients.iter().all(|client| client.buffered_amount() == 100_000));
    }
}
