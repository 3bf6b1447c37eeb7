//! Vectors: bytes and what comes of them.

use super::*;
use crate::close::{CloseCode, CloseFrame};
use crate::config::{Delivery, Limits};
use crate::error::ProtocolError as E;
use crate::error::SendError;
use crate::event::{Fragment, Kind};
use alloc::format;
use alloc::string::String;
use bytes::Bytes;

fn text(text: &str) -> Event {
    Event::Message(text.into())
}

fn binary(bytes: &[u8]) -> Event {
    Event::Message(bytes.into())
}

fn ping(payload: &'static [u8]) -> Event {
    Event::Ping(payload.into())
}

fn pong(payload: &'static [u8]) -> Event {
    Event::Pong(payload.into())
}

fn closed(code: u16, reason: &str) -> Event {
    Event::Close(Some(CloseFrame::new(code, reason)))
}

/// What `to` makes of `bytes`, at once and byte by byte.
#[track_caller]
fn check_limited(limits: &Limits, to: Role, bytes: &[u8], events: &[Event], error: Option<E>) {
    let config = Config { limits: limits.clone(), ..Config::default() };
    for (pieces, take) in [(vec![bytes], Take::Owned), (bytes.chunks(1).collect(), Take::Lent)] {
        let outcome = receive(&mut connection(to, &config), pieces, take, Feed::Copied);
        assert_eq!(outcome.events, events, "{:02x?}", &bytes[..bytes.len().min(50)]);
        assert_eq!(outcome.error, error, "{:02x?}", &bytes[..bytes.len().min(50)]);
    }
}

/// What either role makes of these frames, given by first byte and payload.
#[track_caller]
fn check_frames(frames: &[(u8, &[u8])], events: &[Event], error: Option<E>) {
    check_frames_limited(&Limits::default(), frames, events, error);
}

#[track_caller]
fn check_frames_limited(limits: &Limits, frames: &[(u8, &[u8])], events: &[Event], error: Option<E>) {
    for to in [Role::Client, Role::Server] {
        let bytes: Vec<u8> = frames.iter().flat_map(|(first, payload)| frame(to, *first, payload)).collect();
        check_limited(limits, to, &bytes, events, error);
    }
}

/// That the last of `bytes` is the one that shows the error: what stands before it is no reason to fail.
#[track_caller]
fn fails_at_last(to: Role, bytes: &[u8], error: E) {
    for delivery in [Delivery::Messages, Delivery::Fragments] {
        let mut connection = connection(to, &Config { delivery, ..Config::default() });
        let (last, before) = bytes.split_last().unwrap();
        let outcome = receive(&mut connection, before.chunks(1), Take::Owned, Feed::Copied);
        assert_eq!(outcome.error, None, "{bytes:02x?}: too early");
        let outcome = receive(&mut connection, [&[*last][..]], Take::Owned, Feed::Copied);
        assert_eq!(outcome.error, Some(error), "{bytes:02x?}");
    }
}

mod rfc_6455_5_7 {
    use super::*;

    /// R098, R066.
    #[test]
    fn read() {
        let (bytes_256, bytes_64k) = (vec![0xa5; 256], vec![0x5a; 65536]);
        client(b"\x81\x05Hello", &[text("Hello")]);
        server(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", &[text("Hello")]);
        client(b"\x01\x03Hel\x80\x02lo", &[text("Hello")]);
        client(b"\x89\x05Hello", &[ping(b"Hello")]);
        server(b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", &[pong(b"Hello")]);
        client(&[b"\x82\x7e\x01\x00", &bytes_256[..]].concat(), &[binary(&bytes_256)]);
        client(&[b"\x82\x7f\0\0\0\0\0\x01\0\0", &bytes_64k[..]].concat(), &[binary(&bytes_64k)]);

        #[track_caller]
        fn client(bytes: &[u8], events: &[Event]) {
            check_limited(&Limits::default(), Role::Client, bytes, events, None);
        }
        #[track_caller]
        fn server(bytes: &[u8], events: &[Event]) {
            check_limited(&Limits::default(), Role::Server, bytes, events, None);
        }
    }

    /// R086, R087, R089–R091, R127.
    #[test]
    fn written() {
        let (bytes_256, bytes_64k) = (vec![0xa5; 256], vec![0x5a; 65536]);
        let piece = |payload: &'static str, last| Fragment { kind: Kind::Text, payload: payload.into(), last };
        server(|it| it.send("Hello"), b"\x81\x05Hello");
        client(|it| it.send("Hello"), b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
        client(|it| it.send_ref("Hello"), b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
        server(|it| it.send_fragment(piece("Hel", false)), b"\x01\x03Hel");
        server(
            |it| it.send_fragment(piece("Hel", false)).and_then(|()| it.send_fragment(piece("lo", true))),
            b"\x01\x03Hel\x80\x02lo",
        );
        server(|it| it.ping(b"Hello"), b"\x89\x05Hello");
        client(|it| it.pong(b"Hello"), b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
        client(
            |it| {
                it.input().extend_from_slice(b"\x89\x05Hello");
                assert_eq!(it.receive(NOW), Ok(Some(ping(b"Hello"))));
                Ok(())
            },
            b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58",
        );
        server(|it| it.send_ref(&bytes_256[..]), &[b"\x82\x7e\x01\x00", &bytes_256[..]].concat());
        server(|it| it.send(bytes_64k.clone()), &[b"\x82\x7f\0\0\0\0\0\x01\0\0", &bytes_64k[..]].concat());

        #[track_caller]
        fn client(act: impl Fn(&mut Connection) -> Result<(), SendError>, expected: &[u8]) {
            let key = |bytes: &mut [u8]| bytes.copy_from_slice(&[0x37, 0xfa, 0x21, 0x3d]);
            check(Connection::client(Config::default(), key, NOW), act, expected);
        }
        #[track_caller]
        fn server(act: impl Fn(&mut Connection) -> Result<(), SendError>, expected: &[u8]) {
            check(Connection::server(Config::default(), NOW), act, expected);
        }
        #[track_caller]
        fn check(mut it: Connection, act: impl Fn(&mut Connection) -> Result<(), SendError>, expected: &[u8]) {
            assert_eq!(act(&mut it), Ok(()));
            assert_eq!(drain(&mut it), expected);
        }
    }
}

/// R066, R078, R082, R089: both sides of each length form, empty included, there and back.
#[test]
fn lengths() {
    for len in [0, 1, 124, 125, 126, 127, 128, 4095, 4096, 4097, 65535, 65536, 65537] {
        for from in [Role::Client, Role::Server] {
            let to = if from == Role::Client { Role::Server } else { Role::Client };
            let payload = vec![0xc3; len];
            let mut sender = connection(from, &Config::default());
            sender.send(payload.clone()).unwrap();
            assert_eq!(sender.buffered_amount(), len as u64);
            let written = drain(&mut sender);
            let header = match len {
                0..=125 => 2,
                126..=65535 => 4,
                _ => 10,
            };
            assert_eq!(written.len(), header + len + if from == Role::Client { 4 } else { 0 });
            check_limited(&Limits::default(), to, &written, &[binary(&payload)], None);
        }
    }
}

/// R067–R075: each known by the byte that shows it, and no earlier.
#[test]
fn illegal_headers() {
    use Role::{Client, Server};
    for bits in 1..8_u8 {
        for first in [TEXT, BINARY, CLOSE, PING, PONG] {
            fails_at_last(Client, &[first | bits << 4], E::ReservedBits { bits });
            fails_at_last(Server, &[first | bits << 4], E::ReservedBits { bits });
        }
        fails_at_last(Client, &[0x01, 0x00, CONTINUATION | bits << 4], E::ReservedBits { bits });
    }
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        fails_at_last(Client, &[0x80 | opcode], E::ReservedOpcode { opcode });
        fails_at_last(Client, &[opcode], E::ReservedOpcode { opcode });
        fails_at_last(Server, &[0x01, 0x80, 0, 0, 0, 0, 0x80 | opcode], E::ReservedOpcode { opcode });
    }
    for first in [TEXT, BINARY, CLOSE, PING, PONG] {
        fails_at_last(Server, &[first, 0x05], E::Unmasked);
        fails_at_last(Client, &[first, 0x85], E::Masked);
    }
    for control in [CLOSE, PING, PONG] {
        fails_at_last(Client, &[control & !FIN], E::FragmentedControl);
        fails_at_last(Client, &[control, 126], E::ControlTooLong);
        fails_at_last(Client, &[control, 127], E::ControlTooLong);
        fails_at_last(Server, &[control, 0x80 | 126], E::ControlTooLong);
        fails_at_last(Client, &[0x01, 0x00, control, 126], E::ControlTooLong);
    }
    fails_at_last(Client, &[BINARY, 126, 0, 125], E::OverlongLength { len: 125 });
    fails_at_last(Client, &[BINARY, 126, 0, 0], E::OverlongLength { len: 0 });
    fails_at_last(Server, &[BINARY, 0x80 | 126, 0, 125], E::OverlongLength { len: 125 });
    fails_at_last(Client, &[BINARY, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff], E::OverlongLength { len: 65535 });
    fails_at_last(Client, &[BINARY, 127, 0, 0, 0, 0, 0, 0, 0, 0], E::OverlongLength { len: 0 });
}

/// R079–R082: which frames may follow which.
#[test]
fn order_of_frames() {
    use Role::{Client, Server};
    fails_at_last(Client, &[CONTINUATION], E::UnexpectedContinuation);
    fails_at_last(Server, &[CONTINUATION & !FIN], E::UnexpectedContinuation);
    fails_at_last(Client, b"\x81\x01a\x80", E::UnexpectedContinuation);
    fails_at_last(Client, b"\x01\x01a\x80\x01b\x00", E::UnexpectedContinuation);
    fails_at_last(Client, b"\x01\x01a\x81", E::UnfinishedMessage);
    fails_at_last(Client, b"\x01\x01a\x02", E::UnfinishedMessage);
    fails_at_last(Client, b"\x02\x00\x89\x00\x82", E::UnfinishedMessage);
    let (first, middle) = (TEXT & !FIN, CONTINUATION & !FIN);
    check_frames(&[(first, b""), (middle, b""), (CONTINUATION, b"")], &[text("")], None);
    check_frames(&[(first, b"a"), (middle, b""), (CONTINUATION, b"")], &[text("a")], None);
    check_frames(&[(first, b""), (middle, b"a"), (CONTINUATION, b"b")], &[text("ab")], None);
    check_frames(&[(BINARY, b""), (TEXT, b"")], &[binary(b""), text("")], None);
    check_frames(
        &[(first, b"a"), (PING, b"1"), (middle, b"b"), (PONG, b"2"), (PING, b""), (CONTINUATION, b"c"), (TEXT, b"d")],
        &[ping(b"1"), pong(b"2"), ping(b""), text("abc"), text("d")],
        None,
    );
    check_frames(&[(BINARY & !FIN, b"\xff"), (CONTINUATION, b"\xfe")], &[binary(b"\xff\xfe")], None); // R099, R107
}

/// R072, R083: what a length may be, judged as 64 bits before anything is made of it.
#[test]
fn enormous_lengths() {
    const MAX: u64 = (1 << 63) - 1;
    for len in [1 << 31, (1 << 32) - 1, 1 << 32, (1 << 32) + 1, 1 << 62, MAX] {
        check(len, Err(E::TooBig { limit: 1 << 20, size: len }), Ok(None));
    }
    for len in [1 << 63, u64::MAX, u64::MAX - 13, (1 << 63) + 5] {
        check(len, Err(E::LengthOverflow { len }), Err(E::LengthOverflow { len }));
    }

    /// With the default limit and with none.
    #[track_caller]
    fn check(len: u64, limited: Result<Option<Event>, E>, unlimited: Result<Option<Event>, E>) {
        let none = Limits { message: u64::MAX, ..Limits::default() };
        for (limits, expected) in [(Limits::default(), limited), (none, unlimited)] {
            for delivery in [Delivery::Messages, Delivery::Fragments] {
                let mut connection =
                    connection(Role::Server, &Config { limits: limits.clone(), delivery, ..Config::default() });
                let header = [&[BINARY, 0xff], &len.to_be_bytes()[..], &[1, 2, 3, 4]].concat();
                connection.input().extend_from_slice(&header);
                assert_eq!(connection.receive(NOW), expected, "{len:#x}");
                assert!(connection.input().is_empty());
                assert_eq!(connection.read_hint(), if expected.is_ok() { 64 << 10 } else { 0 });
            }
        }
    }

    // The sum over fragments does not overflow either.
    let none = Limits { message: u64::MAX - 1, ..Limits::default() };
    let config = Config { limits: none, delivery: Delivery::Fragments, ..Config::default() };
    let mut connection = connection(Role::Client, &config);
    connection.input().extend_from_slice(b"\x02\x01a\x00\x7f\x7f\xff\xff\xff\xff\xff\xff\xff");
    let Ok(Some(Event::Fragment(_))) = connection.receive(NOW) else { panic!("the first byte") };
    assert_eq!(connection.receive(NOW), Ok(None));
}

/// R083, R195: each limit passes what it allows and fails what is one more, as soon as that is declared.
#[test]
fn limits() {
    let big = Limits { message: 10, ..Limits::default() };
    let too_big = |size| Some(E::TooBig { limit: 10, size });
    check_frames_limited(&big, &[(BINARY, &[1; 10])], &[binary(&[1; 10])], None);
    check_frames_limited(&big, &[(BINARY, &[1; 11])], &[], too_big(11));
    check_frames_limited(&big, &[(BINARY, &[1; 10]), (BINARY, &[2; 10])], &[binary(&[1; 10]), binary(&[2; 10])], None);
    let (first, middle) = (BINARY & !FIN, CONTINUATION & !FIN);
    check_frames_limited(&big, &[(first, &[1; 5]), (CONTINUATION, &[1; 5])], &[binary(&[1; 10])], None);
    check_frames_limited(&big, &[(first, &[1; 5]), (CONTINUATION, &[1; 6])], &[], too_big(11));
    check_frames_limited(&big, &[(first, &[1; 10]), (middle, &[]), (middle, &[1])], &[], too_big(11));
    check_frames_limited(
        &big,
        &[(first, &[1; 5]), (PING, &[7; 20]), (CONTINUATION, &[1; 5])],
        &[
            ping(&[7; 20]), // does not count
            binary(&[1; 10]),
        ],
        None,
    );
    check_limited(&big, Role::Client, b"\x82\x0b", &[], too_big(11)); // declared
    check_limited(&big, Role::Client, b"\x82\x7e\x04\x00", &[], too_big(1024));
    check_limited(
        &Limits { message: 0, ..big },
        Role::Client,
        b"\x82\x00\x82\x01",
        &[binary(b"")],
        Some(E::TooBig { limit: 0, size: 1 }),
    );

    let few = Limits { fragments: 3, ..Limits::default() };
    let three: [(u8, &[u8]); 3] = [(first, b"a"), (middle, b"b"), (CONTINUATION, b"c")];
    let four: [(u8, &[u8]); 4] = [(first, b"a"), (middle, b"b"), (middle, b"c"), (CONTINUATION, b"")];
    check_frames_limited(&few, &[&three[..], &three[..]].concat(), &[binary(b"abc"), binary(b"abc")], None);
    check_frames_limited(&few, &four, &[], Some(E::TooManyFragments { limit: 3 }));
    check_frames_limited(&few, &[(BINARY, &[][..]); 9], &vec![binary(b""); 9], None); // each is one

    let empty = Limits { empty_fragments: 2, ..Limits::default() };
    let too_many = Some(E::TooManyEmptyFragments { limit: 2 });
    check_frames_limited(&empty, &[(first, b""), (middle, b""), (CONTINUATION, b"")], &[binary(b"")], None);
    check_frames_limited(&empty, &[(first, b""), (middle, b""), (middle, b"")], &[], too_many);
    check_frames_limited(&empty, &[(first, b""), (middle, b""), (PING, b""), (middle, b"")], &[ping(b"")], too_many);
    check_frames_limited(
        &empty,
        &[(first, b""), (middle, b""), (middle, b"a"), (middle, b""), (middle, b""), (CONTINUATION, b"b")],
        &[binary(b"ab")], // in a row
        None,
    );
    assert_eq!(E::TooBig { limit: 1, size: 2 }.close_code(), CloseCode::TOO_BIG);
    assert_eq!(E::TooManyFragments { limit: 3 }.close_code(), CloseCode::POLICY_VIOLATION);
}

/// R108–R115, R119–R121: what a Close frame may hold, and what is answered.
#[test]
fn close_frames() {
    let sendable = (1000..=1003_u16).chain(1007..=1014).chain([3000, 3999, 4000, 4999]);
    for code in sendable {
        check(&code.to_be_bytes(), Ok(Some((code, ""))), Some(code));
    }
    for code in [0_u16, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535] {
        check(&code.to_be_bytes(), Err(E::InvalidCloseCode { code: CloseCode(code) }), Some(1002));
    }
    check(b"", Ok(None), None);
    check(b"\x03", Err(E::TruncatedCloseCode), Some(1002));
    check(b"\x03\xe8done", Ok(Some((1000, "done"))), Some(1000));
    check("\u{3}\u{0}".as_bytes(), Err(E::InvalidCloseCode { code: CloseCode(0x300) }), Some(1002));
    let longest = [b"\x0f\xa0", &[b'r'; 123][..]].concat();
    check(&longest, Ok(Some((4000, &"r".repeat(123)))), Some(4000));
    check(b"\x03\xe8a\xff", Err(E::InvalidUtf8 { at: 1 }), Some(1007));
    check(b"\x03\xe8ok\xe2\x82", Err(E::InvalidUtf8 { at: 2 }), Some(1007)); // cut inside a character
    check(b"\x03\xe8\xed\xa0\x80", Err(E::InvalidUtf8 { at: 0 }), Some(1007));
    check(b"\x03\xe8\xf4\x8f\xbf\xbf", Ok(Some((1000, "\u{10ffff}"))), Some(1000));

    #[track_caller]
    fn check(payload: &[u8], expected: Result<Option<(u16, &str)>, E>, answer: Option<u16>) {
        for to in [Role::Client, Role::Server] {
            let events: Vec<_> = expected
                .iter()
                .map(|close| Event::Close(close.map(|(code, reason)| CloseFrame::new(code, reason))))
                .collect();
            let bytes = [frame(to, CLOSE, payload), frame(to, TEXT, b"late"), frame(to, CLOSE, b"\x0f\xa0")].concat();
            check_limited(&Limits::default(), to, &bytes, &events, expected.err());

            let mut connection = connection(to, &Config::default());
            let written = whole(&mut connection, &bytes).written;
            let mut checker = checker::Checker::of(to);
            checker.read(&written);
            let answered = checker.close.expect("a Close frame");
            assert_eq!(answered.map(|close| close.code), answer.map(CloseCode), "{payload:02x?}");
            assert_eq!(connection.is_clean(), expected.is_ok());
            let close_frame = connection.close_frame().map(|frame| (frame.code.0, &*frame.reason));
            assert_eq!(close_frame, expected.unwrap_or(None), "{payload:02x?}"); // R119: the first counts
            assert_eq!(connection.receive_eof(), Ok(()));
        }
    }
}

/// R101–R105: text fails at the first byte that no continuation could make valid, in the middle of a
/// frame, before FIN.
#[test]
fn text_fails_at_the_first_hopeless_byte() {
    let valid = "κόσμε".as_bytes();
    check(&[b"\x80"], 0); // a continuation without a beginning
    check(&[valid, b"\xf8"], 10);
    check(&[b"\xff"], 0);
    check(&[b"a\xc0"], 1); // overlong, whatever follows
    check(&[b"\xc1"], 0);
    check(&[b"\xe0\x80"], 0);
    check(&[b"\xe0\x9f"], 0);
    check(&[b"\xf0\x80"], 0);
    check(&[b"\xf0\x8f"], 0);
    check(&[b"\xed\xa0"], 0); // a surrogate
    check(&[b"\xf4\x90"], 0); // above U+10FFFF
    check(&[b"\xf5"], 0);
    check(&[b"\xe2\x82a"], 0); // cut short by another character
    check(&[b"\xe2a"], 0);
    check(&[b"\xf0\x9f\x98\xc3"], 0);
    check(&[valid, b"\xed", b"\xa0"], 10); // over fragments
    check(&[b"\xf4", b"", b"\x90"], 0);
    check(&[b"a", b"\xce", b"\xba\xcf", b"\x2f"], 3);
    check(&[b"x".repeat(200).as_slice(), b"\xff"], 200); // past where the vector code begins
    check(&[&[b"x".repeat(127).as_slice(), b"\xce\xba\xff"].concat()], 129);

    /// Fragments, the last of which goes on for longer than is given here; and the last byte is wrong.
    #[track_caller]
    fn check(fragments: &[&[u8]], at: u64) {
        for to in [Role::Client, Role::Server] {
            let (last, before) = fragments.split_last().unwrap();
            let mut bytes = Vec::new();
            for (i, payload) in before.iter().enumerate() {
                bytes.extend(frame(to, if i == 0 { TEXT & !FIN } else { CONTINUATION & !FIN }, payload));
            }
            let long = [last, &[b'z'; 30][..]].concat();
            let first = if before.is_empty() { TEXT } else { CONTINUATION };
            let whole = frame(to, first & !FIN, &long);
            bytes.extend(&whole[..whole.len() - 30]);
            fails_at_last(to, &bytes, E::InvalidUtf8 { at });
        }
    }
}

/// R101, R104, R105: what only the end of the text can show, and what is valid however odd.
#[test]
fn text_at_its_end() {
    let (first, middle) = (TEXT & !FIN, CONTINUATION & !FIN);
    check_frames(&[(TEXT, b"ab\xe2\x82")], &[], Some(E::InvalidUtf8 { at: 2 }));
    check_frames(&[(first, b"ab\xe2"), (CONTINUATION, b"\x82")], &[], Some(E::InvalidUtf8 { at: 2 }));
    check_frames(&[(first, b"\xf0\x9f"), (middle, b"\x98"), (CONTINUATION, b"")], &[], Some(E::InvalidUtf8 { at: 0 }));
    check_frames(
        &[(first, b"\xf0"), (middle, b"\x9f"), (middle, b"\x98"), (CONTINUATION, b"\x80")],
        &[text("😀")],
        None,
    );
    check_frames(&[(TEXT, b"\xf0\x9f\x98"), (TEXT, b"\x80")], &[], Some(E::InvalidUtf8 { at: 0 })); // two messages
    for odd in ["\0", "\u{fffe}", "\u{ffff}", "\u{1fffe}", "\u{10ffff}", "\u{feff}", "\u{d7ff}\u{e000}"] {
        check_frames(&[(TEXT, odd.as_bytes())], &[text(odd)], None);
    }
    check_frames(&[(BINARY, b"\xff\xc0\x80")], &[binary(b"\xff\xc0\x80")], None);
    assert_eq!(E::InvalidUtf8 { at: 0 }.close_code(), CloseCode::INVALID_DATA);
}

/// R074, R093, R108: what a control frame holds, at the limit and one over.
#[test]
fn control_payloads() {
    check_frames(&[(PING, &[7; 125])], &[ping(&[7; 125])], None);
    check_frames(&[(PONG, &[7; 125])], &[pong(&[7; 125])], None);
    check_frames(&[(PING, &[7; 126])], &[], Some(E::ControlTooLong));
    check_frames(&[(CLOSE, &[7; 126])], &[], Some(E::ControlTooLong));

    for role in [Role::Client, Role::Server] {
        check(role, |it| it.ping(&[7; 125]), Ok(()));
        check(role, |it| it.ping(&[7; 126]), Err(SendError::ControlTooLong { len: 126 }));
        check(role, |it| it.pong(&[7; 125]), Ok(()));
        check(role, |it| it.pong(&[7; 126]), Err(SendError::ControlTooLong { len: 126 }));
        check(role, |it| it.close(Some(CloseFrame::new(1000, "r".repeat(123)))), Ok(()));
        let too_long = Err(SendError::ReasonTooLong { len: 124 });
        check(role, |it| it.close(Some(CloseFrame::new(1000, "r".repeat(124)))), too_long);
        check(role, |it| it.close(Some(CloseFrame::new(1000, "é".repeat(62)))), too_long);
        for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000] {
            let invalid = Err(SendError::InvalidCloseCode { code: CloseCode(code) });
            check(role, |it| it.close(Some(CloseFrame::new(code, ""))), invalid);
        }
        check(role, |it| it.close(Some(CloseFrame::new(4999, ""))), Ok(()));
        check(role, |it| it.close(None), Ok(()));
    }

    /// What is refused leaves no trace.
    #[track_caller]
    fn check(role: Role, act: impl Fn(&mut Connection) -> Result<(), SendError>, expected: Result<(), SendError>) {
        let mut it = connection(role, &Config::default());
        assert_eq!(act(&mut it), expected);
        assert_eq!(it.wants_write(), expected.is_ok());
        if expected.is_err() {
            assert!(it.is_open());
            assert_eq!(it.send("fine"), Ok(()));
        }
        let mut checker = checker::Checker::of(role);
        checker.read(&drain(&mut it));
        assert!(checker.is_whole());
    }
}

/// What may be queued: up to the limit, and then the message that reaches it, whole.
#[test]
fn output_max() {
    let limits = Limits { output_max: 100, output_high: 50, ..Limits::default() };
    let mut connection = connection(Role::Server, &Config { limits, ..Config::default() });
    let full = |queued| Err(SendError::Full { queued, limit: 100 });
    assert_eq!(connection.send(vec![0; 47]), Ok(())); // 49 with its header
    assert!(connection.wants_read());
    assert_eq!(connection.send(vec![]), Ok(())); // 51
    assert!(!connection.wants_read());
    assert_eq!(connection.send_ref(&[0; 46][..]), Ok(())); // 99
    assert_eq!(connection.send(vec![0; 5000]), Ok(()));
    for _ in 0..2 {
        let piece = Fragment { kind: Kind::Binary, payload: Bytes::new(), last: true };
        assert_eq!(connection.send("x"), full(5103));
        assert_eq!(connection.send_ref("x"), full(5103));
        assert_eq!(connection.send_fragment(piece), full(5103));
        assert_eq!(connection.ping(b""), full(5103));
        assert_eq!(connection.pong(b""), full(5103));
    }
    assert_eq!(connection.buffered_amount(), 5093);
    connection.output().advance(5003);
    assert_eq!(connection.send("x"), full(100));
    connection.output().advance(1);
    assert_eq!(connection.send("x"), Ok(()));
    assert_eq!(connection.close(None), Ok(())); // even now
    assert_eq!(drain(&mut connection)[99..], *b"\x81\x01x\x88\x00");
}

/// What goes into our Close frame is the error in words, within 123 bytes.
#[test]
fn the_close_frame_says_why() {
    let mut it = connection(Role::Client, &Config::default());
    assert_eq!(whole(&mut it, b"\x83").written.len(), 2 + 4 + 2 + "reserved opcode 0x3".len());
    let mut it = connection(Role::Server, &Config::default());
    let written = whole(&mut it, b"\x81\x05").written;
    assert_eq!(written, [&b"\x88\x1e\x03\xea"[..], b"unmasked frame from a client"].concat());
    let longest = E::OverlongLength { len: u64::MAX };
    assert!(format!("{longest}").len() <= CloseFrame::MAX_REASON);
}

/// R119, R085: nothing that follows a Close frame is read, however it arrives.
#[test]
fn nothing_counts_behind_a_close_frame() {
    check_frames(&[(CLOSE, b"\x0f\xa0one"), (CLOSE, b"\x0f\xa1two"), (0x83, b"")], &[closed(4000, "one")], None);
    check_frames(&[(CLOSE, b""), (TEXT, b"\xff")], &[Event::Close(None)], None);
    check_frames(&[(TEXT, b"before"), (CLOSE, b""), (PING, b"")], &[text("before"), Event::Close(None)], None);
    check_frames(&[(TEXT & !FIN, b"half"), (CLOSE, b""), (CONTINUATION, b"")], &[Event::Close(None)], None);
}

/// A piece of text may end inside a character, and the pieces are given as they came.
#[test]
fn pieces_of_text() {
    let config = Config { delivery: Delivery::Fragments, ..Config::default() };
    let mut it = connection(Role::Client, &config);
    let pieces = receive(&mut it, [&b"\x81\x04a\xe2"[..], b"", b"\x82\xac"], Take::Owned, Feed::Copied).events;
    let piece =
        |payload: &'static [u8], last| Event::Fragment(Fragment { kind: Kind::Text, payload: payload.into(), last });
    assert_eq!(pieces, [piece(b"a\xe2", false), piece(b"\x82\xac", true)]);
    assert_eq!(whole(&mut it, b"\x81\x00").events, [piece(b"", true)]);
    assert_eq!(whole(&mut it, b"\x01\x00\x00\x00\x80\x00").events, [piece(b"", true)]);
    assert_eq!(whole(&mut it, b"\x01\x01a\x89\x00").events, [piece(b"a", false), ping(b"")]);
    assert_eq!(whole(&mut it, b"\x80\x00").events, [piece(b"", true)]);
}

/// An event stays until it is taken, whatever else is called.
/// To whoever debugs.
#[test]
fn a_connection_shows_where_it_stands() {
    let mut it = connection(Role::Client, &Config::default());
    assert!(format!("{it:?}").contains("state: Open"));
    it.close(None).unwrap();
    assert!(format!("{it:?}").contains("state: CloseSent"));
}

#[test]
fn an_event_stays_until_it_is_taken() {
    let mut it = connection(Role::Client, &Config::default());
    it.input().extend_from_slice(b"\x81\x02hi\x89\x01p\x82\x01b");
    for expected in [text("hi"), ping(b"p"), binary(b"b")] {
        for _ in 0..3 {
            assert_eq!(it.decode(NOW), Ok(true));
            it.input().reclaim();
            it.input().extend_from_slice(b"");
        }
        assert_eq!(it.take(), Some(expected));
        assert_eq!(it.take(), None);
        assert!(it.lend().is_none());
    }
    assert_eq!(it.decode(NOW), Ok(false));
    assert_eq!(messages(&whole(&mut it, b"\x81\x01c").events), ["c".into()]);
}

/// A message that is on its way out to one connection and one that came from another may share memory.
#[test]
fn a_message_outlives_its_connection() {
    let mut it = connection(Role::Client, &Config::default());
    let long = "long ".repeat(2000);
    it.input().extend_from_slice(&frame(Role::Client, TEXT, long.as_bytes()));
    it.input().extend_from_slice(&frame(Role::Client, TEXT, b"next"));
    let Ok(Some(Event::Message(message))) = it.receive(NOW) else { panic!("the first message") };
    it.send(message.clone()).unwrap(); // must mask a copy
    let Ok(Some(Event::Message(next))) = it.receive(NOW) else { panic!("the second message") };
    let _ = whole(&mut it, &frame(Role::Client, BINARY, &[0xff; 20_000]));
    drop(it);
    assert_eq!((message.as_text(), next.as_text()), (Some(&*long), Some("next")));
    let _: String = long;
}

/// Inputs that trade places, which the borrow checker allows, take what is known of their bytes along:
/// no text may come out that was not checked.
#[test]
fn inputs_may_be_swapped() {
    let mut one = connection(Role::Client, &Config::default());
    one.input().extend_from_slice(&frame(Role::Client, TEXT, &[b'a'; 20]));
    assert_eq!(one.decode(NOW), Ok(true));
    let mut other = connection(Role::Client, &Config::default());
    other.input().extend_from_slice(&[0xff; 40]);
    core::mem::swap(one.input(), other.input());
    assert_eq!(one.take(), None);
    assert_eq!(one.decode(NOW), Err(E::ReservedOpcode { opcode: 15 }));
    assert_eq!(messages(&[other.take().unwrap()]), ["a".repeat(20).into()]);

    // What was begun goes with its input, and is not continued without.
    let mut half = connection(Role::Client, &Config::default());
    half.input().extend_from_slice(b"\x01\x04hal\xe2");
    assert_eq!(half.decode(NOW), Ok(false));
    let taken = core::mem::take(half.input());
    assert_eq!(taken.len(), 4);
    assert_eq!(whole(&mut half, &frame(Role::Server, TEXT, b"new")).events, [text("new")]); // as a server's
    let config = Config { delivery: Delivery::Fragments, ..Config::default() };
    let mut pieces = connection(Role::Client, &config);
    assert_eq!(whole(&mut pieces, b"\x01\x01\xe2").events.len(), 1);
    core::mem::swap(pieces.input(), other.input());
    let outcome = whole(&mut other, b"\x80\x02\x82\xac");
    let last = Fragment { kind: Kind::Text, payload: Bytes::from_static(b"\x82\xac"), last: true };
    assert_eq!(outcome.events, [Event::Fragment(last)]);
}
