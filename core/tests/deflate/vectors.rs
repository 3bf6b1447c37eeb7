//! Vectors: the examples of RFC 7692, and what is one bit off.

use super::*;

/// "Hello" in one block, with what was left off (§7.2.3.1).
const HELLO: &[u8] = b"\xf2\x48\xcd\xc9\xc9\x07\x00";
/// "Hello" once more, as a reference to it (§7.2.3.2).
const AGAIN: &[u8] = b"\xf2\x00\x11\x00\x00";
/// "Hello" in a block that says it is the last (§7.2.3.4).
const FINAL: &[u8] = b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00";

/// One frame for each payload: compressed text.
fn texts(to: Role, payloads: &[&[u8]]) -> Vec<u8> {
    payloads.iter().flat_map(|payload| frame(to, TEXT | RSV1, payload)).collect()
}

/// What the receiver of `bytes` makes of them, by each way of delivering, taking and cutting.
#[track_caller]
fn check(answer: &Params, bytes: impl Fn(Role) -> Vec<u8>, messages: &[&str], error: Option<ProtocolError>) {
    for role in [Role::Client, Role::Server] {
        let bytes = bytes(role);
        for config in [eager(), in_pieces()] {
            for take in [Take::Owned, Take::Lent, Take::Alternately] {
                for size in [usize::MAX, 3, 1] {
                    let mut it = connection(role, &config, answer);
                    let outcome = receive(&mut it, bytes.chunks(size), take);
                    let got: Vec<_> = outcome.messages.iter().map(|message| message.as_text().unwrap()).collect();
                    assert_eq!(
                        (&*got, outcome.error),
                        (messages, error),
                        "{role:?} {take:?} {size} {:?}",
                        config.delivery
                    );
                    assert_eq!(it.violation(), error);
                }
            }
        }
    }
}

/// R152–R155, §7.2.3.
#[test]
fn examples_of_the_rfc() {
    for answer in [BOTH, NEITHER] {
        one(&answer, HELLO, "Hello");
        one(&answer, b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", "Hello"); // §7.2.3.3: not compressed
        one(&answer, FINAL, "Hello");
        one(&answer, b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", "Hello"); // §7.2.3.5: two blocks
        one(&answer, b"\x00", ""); // §7.2.3.6
        one(&answer, b"\x02\x00", ""); // what is empty can be written in other ways
        check(
            &answer,
            |to| texts(to, &[HELLO, HELLO, b"\x00", FINAL, FINAL, HELLO]),
            &["Hello", "Hello", "", "Hello", "Hello", "Hello"],
            None,
        );
    }
    check(&BOTH, |to| texts(to, &[HELLO, AGAIN, AGAIN]), &["Hello"; 3], None);
    check(&NEITHER, |to| texts(to, &[HELLO, AGAIN]), &["Hello"], Some(ProtocolError::InvalidDeflate));

    #[track_caller]
    fn one(answer: &Params, payload: &[u8], expected: &str) {
        check(answer, |to| texts(to, &[payload]), &[expected], None);
    }
}

/// R156, §7.2.3.4: a block that says it is the last ends nothing but itself.
#[test]
fn a_final_block_is_not_the_end() {
    for answer in [BOTH, NEITHER] {
        // What follows in the same message may refer back, be final again, or be empty.
        one(&answer, &[&FINAL[..7], HELLO].concat(), "HelloHello");
        one(&answer, &[&FINAL[..7], AGAIN].concat(), "HelloHello");
        one(&answer, &[&FINAL[..7], b"\xf3\x00\x11\x00\x00"].concat(), "HelloHello");
        one(&answer, b"\x03\x00\x03\x00\x03\x00\x00", "");
        one(&answer, b"\x01\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", "Hello");
    }
    let all = &["Hello"; 4];
    check(&BOTH, |to| texts(to, &[FINAL, AGAIN, FINAL, AGAIN]), all, None);
    check(&BOTH, |to| texts(to, &[HELLO, AGAIN, FINAL, AGAIN]), all, None);
    check(&NEITHER, |to| texts(to, &[FINAL, AGAIN]), &["Hello"], Some(ProtocolError::InvalidDeflate));

    // But across the first of them, not to messages before, of which nothing was kept.
    let across = [b"\x03\x00", AGAIN].concat();
    let error = Some(ProtocolError::InvalidDeflate);
    check(&BOTH, |to| texts(to, &[FINAL, &across]), &["Hello", "Hello"], None);
    check(&BOTH, |to| texts(to, &[HELLO, &across]), &["Hello"], error);

    // Plain messages stay out of it (R158).
    let plain = |to| [texts(to, &[FINAL]), frame(to, TEXT, b"plain"), texts(to, &[AGAIN])].concat();
    check(&BOTH, plain, &["Hello", "plain", "Hello"], None);

    #[track_caller]
    fn one(answer: &Params, payload: &[u8], expected: &str) {
        check(answer, |to| texts(to, &[payload, HELLO]), &[expected, "Hello"], None);
    }
}

/// R137, §7.2.3.1: frames may be cut anywhere behind the compression, and control frames stand between them.
#[test]
fn compressed_messages_in_fragments() {
    for answer in [BOTH, NEITHER] {
        for at in 0..=HELLO.len() {
            for second in at..=HELLO.len() {
                let bytes = move |to| {
                    [
                        frame(to, (TEXT | RSV1) & !FIN, &HELLO[..at]),
                        frame(to, PING, b"between"),
                        frame(to, CONTINUATION & !FIN, &HELLO[at..second]),
                        frame(to, CONTINUATION, &HELLO[second..]),
                        texts(to, &[HELLO]),
                    ]
                    .concat()
                };
                check(&answer, bytes, &["Hello", "Hello"], None);
            }
        }
    }
}

/// R134–R136: where RSV1 may stand, and where it must not.
#[test]
fn the_bit_stands_on_first_frames_only() {
    const RESERVED: Option<ProtocolError> = Some(ProtocolError::ReservedBits { bits: 4 });
    check(&BOTH, |to| frame(to, TEXT, b"plain"), &["plain"], None);
    let second = |to| [frame(to, (TEXT | RSV1) & !FIN, HELLO), frame(to, CONTINUATION | RSV1, b"\x00")].concat();
    check(&BOTH, second, &[], RESERVED);
    let second = |to| [frame(to, TEXT & !FIN, b"plain"), frame(to, CONTINUATION | RSV1, HELLO)].concat();
    check(&BOTH, second, &[], RESERVED);
    for control in [PING, 0x88, 0x8a] {
        check(&BOTH, move |to| frame(to, control | RSV1, b""), &[], RESERVED);
    }
    check(&BOTH, |to| frame(to, TEXT | 0x70, HELLO), &[], Some(ProtocolError::ReservedBits { bits: 3 }));

    // Without an agreement it stands nowhere.
    for role in [Role::Client, Role::Server] {
        let mut it = match role {
            Role::Client => Connection::client(eager(), counting(), NOW),
            Role::Server => Connection::server(eager(), NOW),
        };
        assert_eq!(whole(&mut it, &texts(role, &[HELLO])).error, RESERVED);
        assert_eq!(ProtocolError::ReservedBits { bits: 4 }.close_code().0, 1002);
    }
}

/// R162: what is not DEFLATE fails with 1007, and once.
#[test]
fn what_is_not_deflate_fails() {
    bad(b"\x07"); // a block of the fourth kind, of which there is none
    bad(b"\x00\x05\x00\xfa\xfe\x48\x65\x6c\x6c\x6f\x00"); // a stored block of two lengths
    bad(b"\xf2\x00\x11\x00\x00"); // refers to what was before the beginning
    bad(b"\xfc\xff\xff\xff"); // too many symbols
    bad(&[FINAL, b"\x07"].concat());

    #[track_caller]
    fn bad(payload: &[u8]) {
        for answer in [BOTH, NEITHER] {
            check(&answer, |to| texts(to, &[payload, HELLO]), &[], Some(ProtocolError::InvalidDeflate));
        }
        let mut it = connection(Role::Server, &eager(), &BOTH);
        assert_eq!(whole(&mut it, &texts(Role::Server, &[payload])).error, Some(ProtocolError::InvalidDeflate));
        assert_eq!(drain(&mut it)[2..4], 1007_u16.to_be_bytes());
    }
}

/// A payload that ends within a block is not what a sender makes (§7.2.1), whether or not any text is missing. One of
/// nothing at all, as some make of an empty message, does no harm.
#[test]
fn a_message_ends_with_a_block() {
    // By zlib at level 9, with codes of its own.
    const CODES: &[u8] =
        b"\x34\x8a\x89\x0d\x00\x40\x10\x01\x6b\x1d\xf4\x5f\xc3\xdd\x7e\x24\x84\x8c\x02\x92\xc1\x74\x50\x93\xf2\
        \xc4\xc9\x9e\xee\xdf\x5a\xaa\x95\x45\x94\x39\xe4\xf8\x13\x0f";
    const TEXT: &str = "bdaabbcaacacaacaaaabbababaababaaaaaaaaaaccaaaaaabaabacbaabbabaaaaaadaaaaaaabdbaaaaabcdccba";
    for answer in [BOTH, NEITHER] {
        for (payload, text) in [(HELLO, "Hello"), (CODES, TEXT)] {
            check(&answer, |to| texts(to, &[payload, b"", payload, b"\x00"]), &[text, "", text, ""], None);
            for len in 1..payload.len() {
                let error = Some(ProtocolError::InvalidDeflate);
                check(&answer, |to| texts(to, &[&payload[..len], payload]), &[], error);
            }
        }
    }
}

/// What is left off is not taken for the rest of the block; no text of it is given out as if it were whole.
#[test]
fn a_payload_that_ends_too_early_gives_out_nothing_of_what_was_left_off() {
    // All of the stored block but its last bytes, which would be those that are left off.
    for missing in 1..=4 {
        let stored = &b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f"[..10 - missing];
        for config in [eager(), in_pieces()] {
            let mut it = connection(Role::Client, &config, &BOTH);
            let outcome = whole(&mut it, &frame(Role::Client, BINARY | RSV1, stored));
            assert_eq!(outcome.error, Some(ProtocolError::InvalidDeflate), "{missing}");
            assert!(outcome.messages.is_empty());
        }
    }
}

/// R106: text fails at its first bad byte, long before its message ends. The same whatever comes behind it.
#[test]
fn text_fails_at_its_first_bad_byte() {
    let stored = |text: &[u8]| [&[0, 100, 0, 155, 255], text].concat(); // of 100 bytes
    let (cut, bad) = (stored(b"ok\xe2\x82"), stored(b"ok\xe2\x82("));
    let first = |payload: &[u8]| {
        let payload = payload.to_vec();
        move |to| frame(to, (TEXT | RSV1) & !FIN, &payload)
    };
    check(&BOTH, first(&cut), &[], None);
    check(&BOTH, first(&bad), &[], Some(ProtocolError::InvalidUtf8 { at: 2 }));
    check(
        &BOTH,
        |to| texts(to, &[b"\x00\x02\x00\xfd\xff\xc3\x28\x00"]),
        &[],
        Some(ProtocolError::InvalidUtf8 { at: 0 }),
    );
    check(&BOTH, |to| texts(to, &[b"\x00\x01\x00\xfe\xff\xc3\x00"]), &[], Some(ProtocolError::InvalidUtf8 { at: 0 })); // half a character
    // Behind the bad byte the bytes are not even DEFLATE, or too many.
    let then = [b"\x00\x01\x00\xfe\xff\xff", &b"\x07"[..]].concat();
    check(&BOTH, |to| texts(to, &[&then]), &[], Some(ProtocolError::InvalidUtf8 { at: 0 }));
}

/// R153, R154: what our own compressor makes of the examples.
#[test]
fn what_is_sent() {
    for role in [Role::Client, Role::Server] {
        let mut it = connection(role, &eager(), &BOTH);
        let mut judge = Judge::of(role, &BOTH);
        for (message, expected) in [("Hello", HELLO), ("Hello", AGAIN), ("", b"\x00"), ("", b"\x00"), ("Hello", AGAIN)]
        {
            it.send(message).unwrap();
            judge.read(&drain(&mut it));
            let written = judge.messages.last().unwrap();
            assert!(written.compressed && written.text == message.as_bytes());
            assert!(written.payload == expected || (expected == AGAIN && written.payload.len() < AGAIN.len()));
        }

        // Pieces are flushed one by one: each can be inflated when it is there.
        let fragment = |payload: &'static str, last| Fragment { kind: Kind::Text, payload: payload.into(), last };
        let mut it = connection(role, &eager(), &BOTH);
        it.send_fragment(fragment("Hel", false)).unwrap();
        let first = drain(&mut it);
        assert!(first.ends_with(&MARKER) || role == Role::Client);
        assert_eq!(first[0], (TEXT | RSV1) & !FIN);
        let mut receiver = connection(other(role), &in_pieces(), &BOTH);
        assert_eq!(whole(&mut receiver, &first).rest, b"Hel");
        it.send_fragment(fragment("", false)).unwrap();
        it.send_fragment(fragment("lo", false)).unwrap();
        assert_eq!(whole(&mut receiver, &drain(&mut it)).rest, b"lo");
        it.send_fragment(fragment("", true)).unwrap();
        let last = drain(&mut it);
        assert_eq!(last[0], CONTINUATION);
        assert_eq!(whole(&mut receiver, &last).messages.len(), 1);

        // What gains nothing is sent as it is, where the other end's window does not miss it.
        let mut it = connection(role, &eager(), &NEITHER);
        it.send("Hello").unwrap();
        it.send("").unwrap();
        it.send("Hello Hello Hello").unwrap();
        assert_eq!(
            Judge::of(role, &NEITHER).read(&drain(&mut it)).texts(),
            [(false, &b"Hello"[..]), (false, b""), (true, b"Hello Hello Hello")]
        );
    }
}

/// §8: a message with a secret goes out as it is, and what is compressed behind it does not refer to it.
#[test]
fn plain_messages_stay_out_of_the_window() {
    for role in [Role::Client, Role::Server] {
        let mut it = connection(role, &eager(), &BOTH);
        it.send_plain("a secret of some length").unwrap();
        it.send("a secret of some length").unwrap();
        let written = drain(&mut it);
        let mut judge = Judge::of(role, &BOTH);
        let text = &b"a secret of some length"[..];
        assert_eq!(judge.read(&written).texts(), [(false, text), (true, text)]);
        assert!(judge.messages[1].payload.len() > 20);
        let got = whole(&mut connection(other(role), &eager(), &BOTH), &written);
        assert_eq!(got.messages, [Message::from("a secret of some length"), "a secret of some length".into()]);
    }
}

/// Inputs that trade places take what was inflated along: no text comes out that was not checked.
#[test]
fn inputs_may_be_swapped() {
    let mut one = connection(Role::Client, &eager(), &BOTH);
    one.input().extend_from_slice(&texts(Role::Client, &[HELLO]));
    assert_eq!(one.decode(NOW), Ok(true));
    let mut other = connection(Role::Client, &eager(), &NEITHER);
    let stored = b"\x00\x03\x00\xfc\xff\xff\xff\xff\x00";
    other.input().extend_from_slice(&frame(Role::Client, BINARY | RSV1, stored));
    assert_eq!(other.decode(NOW), Ok(true));
    core::mem::swap(one.input(), other.input());
    assert_eq!(one.take(), Some(Event::Message(Message::from(&[0xff; 3][..]))));
    assert_eq!(other.take(), Some(Event::Message("Hello".into())));

    // Half of a message, and an input that knows nothing of compression.
    let mut half = connection(Role::Client, &eager(), &BOTH);
    half.input().extend_from_slice(&frame(Role::Client, (TEXT | RSV1) & !FIN, HELLO));
    assert_eq!(half.decode(NOW), Ok(false));
    let mut plain = Connection::client(eager(), counting(), NOW);
    core::mem::swap(half.input(), plain.input());
    assert_eq!(whole(&mut half, &texts(Role::Client, &[HELLO])).error, Some(ProtocolError::ReservedBits { bits: 4 }));
    let rest = frame(Role::Client, CONTINUATION, b"");
    assert_eq!(whole(&mut plain, &rest).messages, ["Hello".into()]);
}

/// What one connection inflated or compressed is not to be had from another one that uses the same memory after it.
#[test]
fn connections_know_nothing_of_each_other() {
    for _ in 0..4 {
        let mut one = connection(Role::Client, &eager(), &NEITHER);
        assert_eq!(whole(&mut one, &texts(Role::Client, &[HELLO])).messages.len(), 1);
        one.send("a secret, a secret, a secret").unwrap();
        drop(one);
        let mut two = connection(Role::Client, &eager(), &NEITHER);
        assert_eq!(whole(&mut two, &texts(Role::Client, &[AGAIN])).error, Some(ProtocolError::InvalidDeflate));
        let mut three = connection(Role::Client, &eager(), &NEITHER);
        three.send("a secret, a secret, a secret").unwrap();
        Judge::of(Role::Client, &NEITHER).read(&drain(&mut three)); // which finds nothing before the beginning
    }
}

/// A connection may go from thread to thread between any two of its calls.
#[test]
fn connections_belong_to_no_thread() {
    for answer in [BOTH, NEITHER] {
        let (mut one, mut other) =
            (connection(Role::Client, &eager(), &answer), connection(Role::Server, &eager(), &answer));
        for i in 0..6 {
            (one, other) = std::thread::spawn(move || {
                let message = format!("{i}: Hello, Hello, Hello");
                one.send(&*message).unwrap();
                let mut first = drain(&mut one);
                let rest = first.split_off(first.len() / 2);
                assert_eq!(whole(&mut other, &first).messages, []);
                std::thread::spawn(move || {
                    assert_eq!(whole(&mut other, &rest).messages, [Message::from(message)]);
                    (one, other)
                })
                .join()
                .unwrap()
            })
            .join()
            .unwrap();
        }
    }
}
