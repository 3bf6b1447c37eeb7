//! Limits: what a compressed message may become, and what is counted how.

use super::*;
use sansws_core::{Limits, SendError};

/// Messages as a peer of `role` sends them, compressed into one frame each.
fn compressed(role: Role, answer: &Params, messages: &[Message]) -> Vec<u8> {
    let limits = Limits { output_max: usize::MAX, ..Limits::default() };
    let mut peer = connection(other(role), &Config { limits, ..eager() }, answer);
    messages.iter().for_each(|message| peer.send_ref(message).unwrap());
    drain(&mut peer)
}

fn limited(message: u64, delivery: Delivery) -> Config {
    Config { limits: Limits { message, ..Limits::default() }, delivery, ..eager() }
}

/// R161: a message may have exactly as many bytes as the limit says, however they came.
#[test]
fn the_limit_is_of_what_was_inflated() {
    for len in [1, 100, 4096, 65_535, 65_536] {
        for text in [true, false] {
            let message = |len| if text { "a".repeat(len).into() } else { Message::from(vec![0; len]) };
            check(&BOTH, &[message(len)], len as u64, None);
            check(&BOTH, &[message(len + 1)], len as u64, Some(0));
            check(&BOTH, &[message(len + 1000)], len as u64, Some(0));
        }
    }
    // It is of each message, not of the connection.
    let many: Vec<Message> = (0..20).map(|i| vec![i; 5000].into()).collect();
    for answer in [BOTH, NEITHER] {
        check(&answer, &many, 5000, None);
        check(&answer, &many, 4999, Some(0));
        check(&answer, &[&many[..], &[vec![1; 5001].into()]].concat(), 5000, Some(20));
    }
    check(&BOTH, &[Message::from("")], 0, None);
    check(&BOTH, &[Message::from("a")], 0, Some(0));

    /// Which of the messages is too big.
    #[track_caller]
    fn check(answer: &Params, messages: &[Message], limit: u64, too_big: Option<usize>) {
        for role in [Role::Client, Role::Server] {
            let bytes = compressed(role, answer, messages);
            for delivery in [Delivery::Messages, Delivery::Fragments] {
                for size in [usize::MAX, 11] {
                    let mut it = connection(role, &limited(limit, delivery), answer);
                    let outcome = receive(&mut it, bytes.chunks(size), Take::Alternately);
                    let error = too_big.map(|_| ProtocolError::TooBig { limit, size: limit + 1 });
                    assert_eq!(outcome.error, error, "{role:?} {delivery:?} {size}");
                    assert!(outcome.messages == messages[..too_big.unwrap_or(messages.len())]);
                    assert!(outcome.rest.len() as u64 <= limit);
                }
            }
        }
    }
}

/// The same if the sender, or someone on the way, cut it into fragments.
#[test]
fn the_limit_is_of_all_fragments_together() {
    for (extra, error) in [(0, None), (1, Some(ProtocolError::TooBig { limit: 50_000, size: 50_001 }))] {
        for (config, answer) in
            [(limited(50_000, Delivery::Messages), BOTH), (limited(50_000, Delivery::Fragments), NEITHER)]
        {
            let mut sender = connection(Role::Client, &eager(), &answer);
            for i in 0..=50 {
                let payload = vec![7; if i < 50 { 1000 } else { extra }].into();
                sender.send_fragment(Fragment { kind: Kind::Binary, payload, last: i == 50 }).unwrap();
            }
            let mut receiver = connection(Role::Server, &config, &answer);
            let outcome = whole(&mut receiver, &drain(&mut sender));
            assert_eq!(outcome.error, error);
            assert_eq!(outcome.messages.len(), usize::from(error.is_none()));
            assert!(outcome.rest.len() <= 50_000);
            if error.is_some() {
                assert_eq!(drain(&mut receiver)[2..4], 1009_u16.to_be_bytes());
            }
        }
    }
}

/// What does not compress grows, the more the shorter its pieces are. The limit is of what it was.
#[test]
fn growth_is_not_held_against_the_sender() {
    let noise: Vec<u8> = (1..=5000_u32).map(|i| i.wrapping_mul(0x9e37_79b1).to_be_bytes()[0] | 0x90).collect();
    for (level, piece) in [(0, 1), (0, 20), (1, 1), (1, 20), (3, 7), (6, 1), (9, 1), (9, 50), (9, 5000)] {
        let deflate = Deflate { level, threshold: 0, ..Deflate::default() };
        let mut sender = connection(Role::Server, &Config { deflate: Some(deflate), ..Config::default() }, &BOTH);
        for (i, payload) in noise.chunks(piece).enumerate() {
            let last = (i + 1) * piece >= noise.len();
            sender.send_fragment(Fragment { kind: Kind::Binary, payload: payload.to_vec().into(), last }).unwrap();
        }
        let mut receiver = connection(Role::Client, &limited(5000, Delivery::Messages), &BOTH);
        let outcome = whole(&mut receiver, &drain(&mut sender));
        assert_eq!((outcome.error, outcome.messages.len()), (None, 1), "level {level}, pieces of {piece}");
    }
}

/// But what says nothing at great length is refused as soon as it is declared, or comes in small frames.
#[test]
fn a_message_of_little_text_has_few_bytes() {
    let mut it = connection(Role::Client, &limited(5000, Delivery::Fragments), &BOTH);
    let declared = [&[0xc2, 0x7f][..], &(1_u64 << 40).to_be_bytes()].concat();
    assert!(matches!(whole(&mut it, &declared).error, Some(ProtocolError::TooBig { size, .. }) if size == 1 << 40));
    let mut it = connection(Role::Client, &limited(5000, Delivery::Fragments), &BOTH);
    let first = frame(Role::Client, (BINARY | RSV1) & !FIN, &b"\x00\x00\x00\xff\xff".repeat(100));
    let more = frame(Role::Client, CONTINUATION & !FIN, &b"\x00\x00\x00\xff\xff".repeat(100)).repeat(100);
    assert!(matches!(whole(&mut it, &[first, more].concat()).error, Some(ProtocolError::TooBig { .. })));
}

/// Nor may it be of many final blocks, behind each of which an inflater begins anew. However they are cut.
#[test]
fn a_message_of_little_text_has_few_final_blocks() {
    check(0, 16, true);
    check(0, 17, false);
    check(4095, 31, true);
    check(4095, 32, false);
    check(4096, 32, true);

    /// Text, and so many final blocks behind it.
    #[track_caller]
    fn check(text: u16, finals: usize, expected: bool) {
        let [low, high] = text.to_le_bytes();
        let stored = [&[0, low, high, !low, !high][..], &vec![7; text.into()]].concat();
        let payload = [&stored[..], &b"\x03\x00".repeat(finals), b"\x00"].concat();
        let bytes = frame(Role::Server, BINARY | RSV1, &payload);
        for delivery in [Delivery::Messages, Delivery::Fragments] {
            for size in [usize::MAX, 100, 3, 1] {
                for answer in [BOTH, NEITHER] {
                    let mut it = connection(Role::Server, &limited(10_000, delivery), &answer);
                    let outcome = receive(&mut it, bytes.chunks(size), Take::Lent);
                    let error = (!expected).then_some(ProtocolError::InvalidDeflate);
                    assert_eq!(outcome.error, error, "{delivery:?} {size}");
                }
            }
        }
    }
}

/// Who ends each message with one can go on for ever.
#[test]
fn any_number_of_messages_has_a_final_block() {
    for answer in [BOTH, NEITHER] {
        let bytes = frame(Role::Client, TEXT | RSV1, b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00").repeat(1000);
        let outcome = whole(&mut connection(Role::Client, &in_pieces(), &answer), &bytes);
        assert_eq!((outcome.error, outcome.messages.len()), (None, 1000));
    }
}

/// In pieces a message may be larger than memory: none of them is, and all are there. What has arrived and has to wait
/// for its turn is unmasked once.
#[test]
fn a_bomb_in_pieces_is_given_out_in_pieces() {
    let message: Message = (0..10_u8).flat_map(|i| vec![i; 70_000]).collect::<Vec<u8>>().into();
    for role in [Role::Client, Role::Server] {
        let bytes = compressed(role, &BOTH, core::slice::from_ref(&message));
        assert!(bytes.len() < 2 << 10);
        for (take, size) in [(Take::Owned, usize::MAX), (Take::Lent, 301), (Take::Alternately, usize::MAX)] {
            let mut it = connection(role, &limited(u64::MAX, Delivery::Fragments), &BOTH);
            let outcome = receive(&mut it, bytes.chunks(size), take);
            assert_eq!(outcome.error, None);
            assert!(outcome.largest <= 64 << 10 && (outcome.largest == 64 << 10 || size < 1000));
            assert!(outcome.messages == core::slice::from_ref(&message));
        }
        // More arrives while some has to wait.
        let mut it = connection(role, &limited(u64::MAX, Delivery::Fragments), &BOTH);
        let mut outcome = Outcome::default();
        for piece in bytes.chunks(150) {
            it.input().extend_from_slice(piece);
            outcome.add(it.receive(NOW).unwrap().unwrap());
        }
        while let Some(event) = it.receive(NOW).unwrap() {
            outcome.add(event);
        }
        assert!(outcome.messages == core::slice::from_ref(&message));
    }
}

/// The limits that are of frames hold as before.
#[test]
fn limits_of_frames_hold() {
    let limits = Limits { fragments: 10, empty_fragments: 3, ..Limits::default() };
    check(&limits, b"", 4, ProtocolError::TooManyEmptyFragments { limit: 3 });
    check(&limits, b"\x00\x00\x00\xff\xff", 10, ProtocolError::TooManyFragments { limit: 10 });

    #[track_caller]
    fn check(limits: &Limits, payload: &[u8], count: usize, error: ProtocolError) {
        let config = Config { limits: limits.clone(), ..eager() };
        let first = frame(Role::Server, (BINARY | RSV1) & !FIN, b"\x00\x00\x00\xff\xff");
        let next = frame(Role::Server, CONTINUATION & !FIN, payload);
        let mut it = connection(Role::Server, &config, &BOTH);
        assert_eq!(whole(&mut it, &[&first[..], &next.repeat(count - 1)].concat()).error, None);
        assert_eq!(whole(&mut it, &next).error, Some(error));
    }
}

/// What is queued counts as it is written; what is buffered, as the caller counts.
#[test]
fn each_count_is_of_its_own() {
    for role in [Role::Client, Role::Server] {
        let limits = Limits { output_max: 2000, ..Limits::default() };
        let mut it = connection(role, &Config { limits, ..eager() }, &BOTH);
        it.send(vec![0; 256 << 10]).unwrap();
        it.send_plain("plain").unwrap();
        let fragment = |len, last| Fragment { kind: Kind::Binary, payload: vec![1; len].into(), last };
        it.send_fragment(fragment(300, false)).unwrap();
        it.send_fragment(fragment(400, true)).unwrap();
        assert_eq!(it.buffered_amount(), (256 << 10) + 5 + 300 + 400);
        let queued = it.sender().queued();
        assert!(queued < 2000, "{queued} bytes queued");
        let mut last = it.buffered_amount();
        while it.wants_write() {
            it.output().advance(1);
            assert!(it.buffered_amount() <= last);
            last = it.buffered_amount();
        }
        assert_eq!(last, 0);

        // Refused is refused: neither what is queued nor the window of the next message knows of it.
        it.send_plain(vec![1; 3000]).unwrap();
        let sent = it.traffic().sent;
        assert!(matches!(it.send("not sent"), Err(SendError::Full { .. })));
        assert_eq!((it.traffic().sent, it.buffered_amount()), (sent, 3000));
        it.send_fragment(fragment(1, false)).unwrap_err();
        drain(&mut it);
        assert_eq!(
            it.send_fragment(Fragment { kind: Kind::Text, payload: Bytes::from_static(b"\xff"), last: true }),
            Err(SendError::InvalidUtf8 { at: 0 })
        );
        it.send("not sent").unwrap();
        assert!(drain(&mut it).len() > "not sent".len()); // nothing to refer to
    }
}

/// What of it arrived, too: bytes of messages and of payloads.
#[test]
fn traffic_is_counted_on_both_sides_of_the_compression() {
    let mut it = connection(Role::Server, &eager(), &BOTH);
    let hello = frame(Role::Server, TEXT | RSV1, b"\xf2\x48\xcd\xc9\xc9\x07\x00");
    let bytes = [hello, frame(Role::Server, TEXT, b"plain"), frame(Role::Server, PING, b"ping")].concat();
    assert_eq!(whole(&mut it, &bytes).messages.len(), 2);
    assert_eq!(it.traffic().received, Volume { payload: 10, wire: 12 });
    it.send("Hello").unwrap();
    it.send_plain("plain").unwrap();
    it.ping(b"ping").unwrap();
    assert_eq!(it.traffic().sent, Volume { payload: 10, wire: 12 });
}

/// A message below the threshold is sent as it is; one that is cut may become long.
#[test]
fn the_threshold() {
    let config = Config { deflate: Some(Deflate { threshold: 100, ..Deflate::default() }), ..Config::default() };
    let fragment = |len, last| Fragment { kind: Kind::Text, payload: "a".repeat(len).into(), last };
    let mut it = connection(Role::Server, &config, &BOTH);
    it.send("a".repeat(99)).unwrap();
    it.send_ref(&*"a".repeat(99)).unwrap();
    it.send_fragment(fragment(99, true)).unwrap();
    it.send("a".repeat(100)).unwrap();
    it.send_ref(&*"a".repeat(100)).unwrap();
    it.send_fragment(fragment(100, true)).unwrap();
    it.send_fragment(fragment(1, false)).unwrap();
    it.send_fragment(fragment(1, true)).unwrap();
    let mut judge = Judge::of(Role::Server, &BOTH);
    let compressed: Vec<bool> = judge.read(&drain(&mut it)).texts().iter().map(|(compressed, _)| *compressed).collect();
    assert_eq!(compressed, [false, false, false, true, true, true, true]);
    let mut it = Connection::server(Config::default(), NOW).with_deflate(&BOTH); // as `Deflate::default` says
    it.send("a".repeat(1023)).unwrap();
    it.send("a".repeat(1024)).unwrap();
    let mut judge = Judge::of(Role::Server, &BOTH);
    assert_eq!(
        judge.read(&drain(&mut it)).messages.iter().map(|message| message.compressed).collect::<Vec<_>>(),
        [false, true]
    );
}
