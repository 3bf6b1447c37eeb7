//! Laws: what holds for any messages, any parameters and any bytes.

use super::*;
use proptest::prelude::*;
use proptest::sample::Index;
use sansws_core::Limits;

/// What one end sends.
#[derive(Clone, Debug)]
enum Said {
    Message(Message, How),
    /// A message in pieces, perhaps with a ping in front of each further one.
    Pieces(Message, Vec<Index>, Option<u8>),
    Ping(u8),
}

#[derive(Clone, Copy, Debug)]
enum How {
    Owned,
    Borrowed,
    Plain,
}

/// `bytes` in pieces.
fn cut<'a>(bytes: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
    let mut at: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    at.extend([0, bytes.len()]);
    at.sort_unstable();
    at.windows(2).map(|ends| &bytes[ends[0]..ends[1]]).collect()
}

fn cuts(most: usize) -> impl Strategy<Value = Vec<Index>> {
    prop::collection::vec(any::<Index>(), 0..=most)
}

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Client), Just(Role::Server)]
}

fn take() -> impl Strategy<Value = Take> {
    prop_oneof![Just(Take::Owned), Just(Take::Lent), Just(Take::Alternately)]
}

fn delivery() -> impl Strategy<Value = Delivery> {
    prop_oneof![Just(Delivery::Messages), Just(Delivery::Fragments)]
}

/// Bytes in which nothing repeats.
fn noise(seed: u32, len: usize) -> Vec<u8> {
    let step = |state: &mut u32| {
        *state = state.wrapping_mul(0x9e37_79b1).wrapping_add(0x7f4a_7c15);
        Some(state.to_be_bytes()[0])
    };
    core::iter::repeat(()).scan(seed, |state, ()| step(state)).take(len).collect()
}

/// What cannot be compressed, what can very much, and what can if one looks back far enough.
fn message() -> impl Strategy<Value = Message> {
    let word =
        prop::sample::select(&["the ", "quick ", "brown ", "fox ", "jumps ", "ÿ€𝄞 ", "{\"id\":", "},", "0", "\0"][..]);
    let text = prop::collection::vec(word, 0..300).prop_map(|words| words.concat().into());
    let binary = prop::collection::vec(any::<u8>(), 0..300).prop_map(Message::from);
    let run = (any::<u8>(), 0..20_000_usize).prop_map(|(byte, len)| vec![byte; len].into());
    // Repeats exactly where a window of some size ends.
    let far = (any::<u32>(), 9..=13_u32, 0..600_usize).prop_map(|(seed, bits, less)| {
        let noise = noise(seed, (1_usize << bits) + 300 - less.min(1 << bits));
        [&noise[..], &noise[..noise.len().min(600)]].concat().into()
    });
    prop_oneof![6 => text, 2 => binary, 1 => run, 1 => far]
}

fn said() -> impl Strategy<Value = Said> {
    let how = prop_oneof![3 => Just(How::Owned), 3 => Just(How::Borrowed), 1 => Just(How::Plain)];
    prop_oneof![
        5 => (message(), how).prop_map(|(message, how)| Said::Message(message, how)),
        3 => (message(), cuts(4), any::<Option<u8>>()).prop_map(|(message, cuts, ping)| Said::Pieces(message, cuts, ping)),
        1 => any::<u8>().prop_map(Said::Ping),
    ]
}

/// What a server may have answered to some offer.
fn answer() -> impl Strategy<Value = Params> {
    let bits = || prop::option::of(8..=15_u8);
    (any::<bool>(), any::<bool>(), bits(), bits()).prop_map(|(server, client, server_bits, client_bits)| Params {
        server_no_context_takeover: server,
        client_no_context_takeover: client,
        server_max_window_bits: server_bits,
        client_max_window_bits: client_bits.map(Some),
    })
}

fn deflate() -> impl Strategy<Value = Deflate> {
    let threshold = prop_oneof![3 => Just(0), 1 => Just(20), 1 => Just(1000)];
    (0..=9_u8, 1..=9_u8, 9..=15_u8, threshold).prop_map(|(level, memory_level, window_bits, threshold)| Deflate {
        params: BOTH,
        level,
        memory_level,
        window_bits,
        threshold,
    })
}

/// The bits of the largest window that this end may use; none if 8, which our compressor cannot make.
fn allowed(role: Role, answer: &Params, deflate: &Deflate) -> Option<u8> {
    let agreed = match role {
        Role::Client => answer.client_max_window_bits.flatten(),
        Role::Server => answer.server_max_window_bits,
    };
    Some(agreed.unwrap_or(15).min(deflate.window_bits)).filter(|bits| *bits > 8)
}

/// Sends all of it. Returns what should arrive: the messages and the pings.
fn say(sender: &mut Connection, said: &[Said]) -> (Vec<Message>, Vec<Bytes>) {
    let (mut messages, mut pings) = (Vec::new(), Vec::new());
    for said in said {
        match said {
            Said::Ping(ping) => {
                sender.ping(&[*ping]).unwrap();
                pings.push(vec![*ping].into());
            }
            Said::Message(message, how) => {
                match how {
                    How::Owned => sender.send(message.clone()).unwrap(),
                    How::Borrowed => sender.send_ref(message).unwrap(),
                    How::Plain => sender.send_plain(message.clone()).unwrap(),
                }
                messages.push(message.clone());
            }
            Said::Pieces(message, cuts, ping) => {
                let pieces = cut(message.as_bytes(), cuts);
                for (i, piece) in pieces.iter().enumerate() {
                    if let (Some(ping), true) = (ping, i > 0) {
                        sender.ping(&[*ping]).unwrap();
                        pings.push(vec![*ping].into());
                    }
                    let payload = Bytes::copy_from_slice(piece);
                    sender
                        .send_fragment(Fragment { kind: message.kind(), payload, last: i + 1 == pieces.len() })
                        .unwrap();
                }
                messages.push(message.clone());
            }
        }
    }
    (messages, pings)
}

/// Whether a message must be compressed. `None`: that is for the sender to say, if it became longer.
fn is_compressed(said: &Said, deflate: &Deflate, allowed: Option<u8>) -> Option<bool> {
    match said {
        _ if allowed.is_none() => Some(false),
        Said::Ping(_) | Said::Message(_, How::Plain) => Some(false),
        Said::Pieces(_, cuts, _) if !cuts.is_empty() => Some(true), // who knows how long it is going to be?
        Said::Message(message, _) | Said::Pieces(message, _, _) => (message.len() < deflate.threshold).then_some(false),
    }
}

/// inflate∘deflate = id, and R133–R137, R149–R153, R158: every frame is legal, every message inflates by itself with a
/// window of the agreed size, and arrives, however it is cut and taken, also where the limit is just that of the longest.
#[track_caller]
fn check(role: Role, answer: &Params, deflate: &Deflate, delivery: Delivery, said: &[Said], at: &[Index], take: Take) {
    let limits = Limits { output_max: usize::MAX, ..Limits::default() };
    let config = Config { limits, delivery, deflate: Some(deflate.clone()), ..Config::default() };
    let mut sender = connection(role, &config, answer);
    let (messages, pings) = say(&mut sender, said);
    let len: u64 = messages.iter().map(|message| message.len() as u64).sum();
    assert_eq!(sender.buffered_amount(), len);
    let written = drain(&mut sender);
    assert_eq!(sender.buffered_amount(), 0);

    let mut judge = Judge::of(role, answer);
    judge.read(&written);
    let allowed = allowed(role, answer, deflate);
    let window = allowed.map_or(0, |bits| 1 << bits);
    assert!(judge.distance <= window, "refers {} bytes back, {window} are allowed", judge.distance);
    assert_eq!(judge.messages.len(), messages.len());
    let data = said.iter().filter(|said| !matches!(said, Said::Ping(_)));
    for ((written, message), said) in judge.messages.iter().zip(&messages).zip(data) {
        assert!(written.text == message.as_bytes() && written.kind == message.kind());
        let expected = is_compressed(said, deflate, allowed);
        assert!(expected.is_none_or(|expected| expected == written.compressed), "{said:?}");
    }
    let volume = Volume { payload: len, wire: judge.wire };
    assert_eq!(sender.traffic().sent, volume);

    let longest = messages.iter().map(Message::len).max().unwrap_or_default();
    let limits = Limits { message: longest as u64, ..Limits::default() };
    let mut receiver = connection(other(role), &Config { limits, ..config }, answer);
    let outcome = receive(&mut receiver, cut(&written, at), take);
    assert_eq!(outcome.error, None);
    assert!(outcome.messages == messages && outcome.rest.is_empty(), "other messages arrived");
    assert!(outcome.largest <= 64 << 10 || delivery == Delivery::Messages);
    assert_eq!(outcome.pings, pings);
    assert_eq!(receiver.traffic().received, volume);
    assert_eq!(receiver.read_hint(), 0);
    assert!(receiver.input().is_empty());
}

/// All settings of a compressor, one by one.
#[test]
fn every_setting_is_inverted() {
    let noise = noise(1, 700);
    let said = [
        Said::Message("the quick brown fox jumps over the lazy dog, ".repeat(20).into(), How::Owned),
        Said::Message(noise.clone().into(), How::Borrowed),
        Said::Message("the quick brown fox".into(), How::Plain),
        Said::Message([&noise[..], &noise[..100]].concat().into(), How::Owned),
        Said::Message("".into(), How::Owned),
        Said::Message("the quick brown fox".into(), How::Owned),
    ];
    for bits in 9..=15 {
        for level in 0..=9 {
            for memory_level in 1..=9 {
                let takeover = (bits + level + memory_level) % 2 == 0;
                let role = if level % 2 == 0 { Role::Client } else { Role::Server };
                let (answer, window_bits) = if memory_level % 2 == 0 {
                    (if takeover { BOTH } else { NEITHER }, bits)
                } else {
                    let answer = Params {
                        server_no_context_takeover: !takeover,
                        client_no_context_takeover: takeover == (role == Role::Server),
                        server_max_window_bits: Some(bits),
                        client_max_window_bits: Some(Some(bits)),
                    };
                    (answer, 15)
                };
                let deflate = Deflate { params: BOTH, level, memory_level, window_bits, threshold: 0 };
                check(role, &answer, &deflate, Delivery::Messages, &said, &[], Take::Alternately);
            }
        }
    }
}

/// Windows are used to their end, and not beyond: what repeats after just less is found, after just more is not.
#[test]
fn windows_are_as_large_as_agreed() {
    for role in [Role::Client, Role::Server] {
        for bits in 9..=15_u8 {
            for level in [1, 3, 9] {
                let deflate = Deflate { level, memory_level: 9, window_bits: 15, threshold: 0, ..Deflate::default() };
                let answer =
                    Params { server_max_window_bits: Some(bits), client_max_window_bits: Some(Some(bits)), ..BOTH };
                let limits = Limits { output_max: usize::MAX, ..Limits::default() };
                let config = Config { limits, deflate: Some(deflate), ..Config::default() };
                let mut sender = connection(role, &config, &answer);
                let mut judge = Judge::of(role, &answer);
                for (seed, distance) in (1..).zip([(1 << bits) - 400, (1 << bits) - 262, 1 << bits, (1 << bits) + 1]) {
                    let noise = noise(seed, distance);
                    sender.send(noise.clone()).unwrap();
                    sender.send(&noise[..100.min(distance)]).unwrap();
                }
                judge.read(&drain(&mut sender));
                assert!(
                    judge.distance <= 1 << bits && judge.distance >= (1 << bits) - 400,
                    "{} of {bits} bits",
                    judge.distance
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn inflating_undoes_deflating(
        role in role(), answer in answer(), deflate in deflate(), delivery in delivery(),
        said in prop::collection::vec(said(), 0..8), at in cuts(30), take in take(),
    ) {
        check(role, &answer, &deflate, delivery, &said, &at, take);
    }
}

/// Blocks that end at a whole byte or are the last: stored and not, with text, with a third of a character, with
/// references, and without anything.
const BLOCKS: &[&[u8]] = &[
    b"\xf3\x48\xcd\xc9\xc9\x07\x00",
    b"\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff",
    b"\xf3\x00\x11\x00\x00",
    b"\xf2\x00\x11\x00\x00\x00\x00\xff\xff",
    b"\x00\x05\x00\xfa\xffHello",
    b"\x01\x05\x00\xfa\xffHello",
    b"\x00\x00\x00\xff\xff",
    b"\x03\x00",
    b"\x01\x01\x00\xfe\xff\xe2",
    b"\x01\x01\x00\xfe\xff\x82",
    b"\x01\x01\x00\xfe\xff\xac",
];

/// What a hostile peer compresses: noise, and something legal with a byte changed, taken out or put in.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let noise = prop::collection::vec(any::<u8>(), 0..100);
    let blocks = prop::collection::vec(prop::sample::select(BLOCKS), 0..12).prop_map(|blocks| blocks.concat());
    let spoilt = (message(), 0..=9_u8).prop_map(|(message, level)| {
        let config =
            Config { deflate: Some(Deflate { level, threshold: 0, ..Deflate::default() }), ..Config::default() };
        let mut sender = connection(Role::Server, &config, &BOTH);
        let cut = message.len().min(2000);
        sender.send(&message.as_bytes()[..cut]).unwrap();
        let mut judge = Judge::of(Role::Server, &BOTH);
        judge.read(&drain(&mut sender)).messages[0].payload.clone()
    });
    let bytes = prop_oneof![noise, blocks, spoilt];
    (bytes, prop::option::of((any::<Index>(), 0..3_u8, any::<u8>()))).prop_map(|(mut bytes, spoil)| {
        if let Some((at, how, byte)) = spoil {
            let at = at.index(bytes.len() + 1);
            match how {
                0 => bytes.insert(at, byte),
                1 => drop(bytes.splice(at..bytes.len().min(at + 1), [byte])),
                _ => drop(bytes.splice(at..bytes.len().min(at + 1), [])),
            }
        }
        bytes
    })
}

proptest! {
    /// R161, R162: whatever is claimed to be compressed does not panic, and nothing beyond the limit is given out. Any
    /// cut gives the same: messages, errors, and in pieces no more than came before what is wrong.
    #[test]
    fn any_bytes_and_any_cut(
        role in role(), answer in answer(), limit in prop_oneof![Just(0_u64), 1..20_u64, 20..3000_u64],
        payloads in prop::collection::vec((hostile(), any::<bool>(), cuts(3)), 0..5), at in cuts(20), take in take(),
    ) {
        let bytes: Vec<u8> = payloads.iter().flat_map(|(payload, text, cuts)| {
            let first = if *text { TEXT | RSV1 } else { BINARY | RSV1 };
            let pieces = cut(payload, cuts);
            let frames: Vec<Vec<u8>> = pieces.iter().enumerate().map(|(i, piece)| {
                let first = if i > 0 { CONTINUATION } else { first };
                frame(role, if i + 1 == pieces.len() { first } else { first & !FIN }, piece)
            }).collect();
            frames.concat()
        }).collect();
        let outcome = |delivery, pieces: &[&[u8]], take| {
            let limits = Limits { message: limit, ..Limits::default() };
            let config = Config { limits, delivery, ..eager() };
            let mut it = connection(role, &config, &answer);
            let outcome = receive(&mut it, pieces.iter().copied(), take);
            prop_assert_eq!(it.violation(), outcome.error);
            prop_assert!(outcome.rest.len() as u64 <= limit);
            prop_assert!(outcome.messages.iter().all(|message| message.len() as u64 <= limit));
            Ok(outcome)
        };
        let whole = outcome(Delivery::Messages, &[&bytes], Take::Owned)?;
        let legal = match whole.error {
            None | Some(ProtocolError::InvalidDeflate | ProtocolError::InvalidUtf8 { .. }) => true,
            Some(ProtocolError::TooBig { limit: was, size }) => (was == limit && size == limit + 1) || (was > limit && size > was),
            Some(_) => false,
        };
        prop_assert!(legal, "{:?}", whole.error);
        let cut = outcome(Delivery::Messages, &cut(&bytes, &at), take)?;
        prop_assert_eq!((&cut.messages, cut.error), (&whole.messages, whole.error));
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        let last = outcome(Delivery::Fragments, &single, take)?;
        prop_assert_eq!((&last.messages, last.error), (&whole.messages, whole.error));
        let pieces = outcome(Delivery::Fragments, &[&bytes], take)?;
        prop_assert_eq!((&pieces.messages, pieces.error), (&whole.messages, whole.error));
        prop_assert!(last.rest.starts_with(&pieces.rest));
    }
}
