//! The seeds: what there is to begin with, small and by hand.

use crate::frame::{BINARY, CLOSE, CONTINUATION, FIN, Frame, PING, PONG, RSV1, Shape, TEXT};
use crate::op::{Op, Take};
use crate::outcome::Cuts;
use crate::payload::Payload;
use crate::said::Said;
use crate::setup::Setup;
use crate::step::{Cue, Script, Sending, Step};
use crate::support::REQUEST;
use crate::tape::{Recorded, Tape};
use crate::targets::deflate_roundtrip::{How, Sent};
use crate::targets::handshake_request::Own;
use crate::targets::handshake_response::{Asked, KEY};
use sansws_core::Kind;
use std::fmt::Debug;

type Seed = (String, Vec<u8>);

/// Each with its name.
pub(crate) fn of(target: &str) -> Vec<Seed> {
    match target {
        "connection_client" | "connection_server" => connection(),
        "deflate_roundtrip" => deflate_roundtrip(),
        "differential" => heard(|said| tape(&[&[0, 6]], said)),
        "driver" => driver(),
        "extension_offer" => extension_offer(),
        "frame_header" => frame_header(),
        "handshake_request" => handshake_request(),
        "handshake_response" => handshake_response(),
        "inflate" => inflate(),
        "mask" => mask(),
        "split_invariance" => split_invariance(),
        "url" => url(),
        "utf8" => utf8(),
        other => panic!("no such target: {other}"),
    }
}

/// What these are read from.
fn written<T: Recorded + PartialEq + Debug>(what: &[T]) -> Vec<u8> {
    let mut bytes = Vec::new();
    what.iter().for_each(|what| what.write(&mut bytes));
    let mut tape = Tape::new(&bytes);
    let read: Vec<T> = what.iter().map(|_| T::read(&mut tape)).collect();
    assert_eq!(read, what, "what is read is not what was written");
    assert!(tape.is_empty());
    bytes
}

fn tape<T: Recorded + PartialEq + Debug>(before: &[&[u8]], what: &[T]) -> Vec<u8> {
    [&before.concat()[..], &written(what)].concat()
}

fn named<const N: usize>(seeds: [(&str, Vec<u8>); N]) -> Vec<Seed> {
    seeds.map(|(name, bytes)| (name.into(), bytes)).into()
}

const PLAIN: Setup = Setup([0; 3]);
const PIECES: Setup = Setup([4, 0, 0]);
const COMPRESSED: Setup = Setup([0, Setup::DEFLATE, 0]);
const BY_ITSELF: Setup = Setup([0, Setup::DEFLATE | 6, 0xcc]);

/// "Hello", compressed as in RFC 7692 §7.2.3: once, again, not, and in a final block.
const HELLO: [&[u8]; 4] = [
    b"\xf2\x48\xcd\xc9\xc9\x07\x00",
    b"\xf2\x00\x11\x00\x00",
    b"\x00\x05\x00\xfa\xffHello\x00",
    b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00",
];

fn frame(first: u8, payload: &[u8]) -> Said {
    Said::Frame(Frame::new(first, payload))
}

fn shaped(first: u8, shape: u8, payload: Payload) -> Said {
    Said::Frame(Frame { first, shape: Shape(shape), payload })
}

/// What peers say, each with a name.
fn conversations() -> Vec<(&'static str, Vec<Said>)> {
    let few = |payload: &[u8]| Payload::Raw(payload.into());
    vec![
        (
            "messages",
            vec![
                frame(FIN | TEXT, b"Hello"),
                frame(FIN | BINARY, b""),
                frame(FIN | PING, b"?"),
                shaped(FIN | TEXT, 0, Payload::Text(300)),
                frame(FIN | PONG, b"unasked"),
                frame(FIN | CLOSE, b"\x03\xe8bye"),
                frame(FIN | TEXT, b"late"),
            ],
        ),
        (
            "fragments",
            vec![
                frame(TEXT, b"\xe2\x82"),
                frame(FIN | PING, b""),
                frame(CONTINUATION, b""),
                frame(FIN | CONTINUATION, b"\xac"),
                frame(BINARY, b""),
                frame(FIN | CONTINUATION, b"x"),
                frame(FIN | CLOSE, b""),
            ],
        ),
        (
            "long",
            vec![
                shaped(FIN | BINARY, 0, Payload::Run(7, 126)),
                shaped(FIN | BINARY, 0, Payload::Run(7, 1000)),
                shaped(FIN | BINARY, 0, Payload::Run(7, 1001)),
            ],
        ),
        ("half", vec![shaped(FIN | TEXT, Shape::LIE, few(b"\xf0\x9f\x98"))]),
        ("no_opcode", vec![frame(FIN | 3, b""), frame(FIN | TEXT, b"late")]),
        ("reserved_bit", vec![frame(FIN | RSV1 | TEXT, b"")]),
        ("reserved_bit_2", vec![frame(FIN | 0x20 | TEXT, b"")]),
        ("reserved_bit_3", vec![frame(FIN | 0x10 | PING, b"")]),
        ("fragmented_ping", vec![frame(PING, b"")]),
        ("long_ping", vec![shaped(FIN | PING, 0, Payload::Run(0, 126))]),
        ("wrong_mask", vec![shaped(FIN | TEXT, Shape::WRONG_MASK, few(b"Hello"))]),
        ("overlong_length", vec![shaped(FIN | TEXT, Shape::SHORT, few(b"Hello"))]),
        ("overlonger_length", vec![shaped(FIN | TEXT, Shape::LONG, few(b"Hello"))]),
        ("overlong_by_one", vec![shaped(FIN | TEXT, Shape::SHORT, Payload::Run(0, 125))]),
        ("huge", vec![shaped(FIN | BINARY, Shape::LIE | 0x40, few(b""))]),
        ("hugest", vec![shaped(FIN | BINARY, Shape::LIE | 0x80, few(b""))]),
        ("overflow", vec![shaped(FIN | BINARY, Shape::LIE | 0xc0, few(b""))]),
        ("continues_nothing", vec![frame(FIN | CONTINUATION, b"")]),
        ("interrupts", vec![frame(TEXT, b""), frame(FIN | TEXT, b"a whole message")]),
        ("not_utf8", vec![frame(TEXT, b"a\xed"), frame(FIN | CONTINUATION, b"\xa0\x80")]),
        ("half_a_code", vec![frame(FIN | CLOSE, b"\x03")]),
        ("no_code", vec![frame(FIN | CLOSE, b"\x03\xed")]),
        ("registered_code", vec![frame(FIN | CLOSE, b"\x03\xf6")]),
        ("bad_reason", vec![frame(FIN | CLOSE, b"\x03\xe8\xff")]),
        ("noise", vec![Said::Bytes(b"GET / HTTP/1.1\r\n\r\n".into())]),
    ]
}

fn compressed() -> Vec<Said> {
    let first = FIN | RSV1 | TEXT;
    let mut said: Vec<Said> = HELLO.iter().chain(&[HELLO[1]]).map(|payload| frame(first, payload)).collect();
    said.push(shaped(first, Shape::STORED, Payload::Text(500)));
    said.push(frame(RSV1 | TEXT, &HELLO[0][..3]));
    said.push(frame(FIN | CONTINUATION, &HELLO[0][3..]));
    said
}

fn heard(seed: impl Fn(&[Said]) -> Vec<u8>) -> Vec<Seed> {
    conversations().iter().map(|(name, said)| ((*name).into(), seed(said))).collect()
}

fn split_invariance() -> Vec<Seed> {
    let before = |setup: Setup| [vec![0], written(&[setup]), vec![6], written(&[Cuts(vec![1, 3, 7, 2])])].concat();
    let mut seeds = heard(|said| tape(&[&before(PLAIN)], said));
    for (name, setup) in [("compressed", COMPRESSED), ("compressed_by_itself", BY_ITSELF)] {
        seeds.push((name.into(), tape(&[&before(setup)], &compressed())));
    }
    seeds
}

fn arrival(said: &Said) -> Op {
    match said {
        Said::Frame(frame) => Op::Frame(frame.clone(), 0, Take(2)),
        Said::Bytes(bytes) => Op::Bytes(bytes.clone(), 0, Take(0)),
    }
}

fn connection() -> Vec<Seed> {
    let text = |text: &str| Payload::Raw(text.into());
    let all = Op::Write(u16::MAX);
    let mut seeds: Vec<Seed> = Vec::new();
    for (name, said) in conversations() {
        let mut ops: Vec<Op> = said.iter().map(arrival).collect();
        ops.push(all.clone());
        let setup = if name == "fragments" { PIECES } else { PLAIN };
        seeds.push((name.into(), tape(&[&written(&[setup])], &ops)));
    }
    let mut add = |name: &str, setup: Setup, ops: &[Op]| seeds.push((name.into(), tape(&[&written(&[setup])], ops)));
    let flood = |first: u8, payload: &[u8]| Op::Flood(Frame::new(first, payload), 20);
    let begin = Op::Frame(Frame::new(BINARY, b""), 0, Take(0));
    add("flood_of_pings", PLAIN, &[Op::Send(Kind::Binary, Payload::Run(1, 100)), flood(FIN | PING, b"?"), all.clone()]);
    let much = Op::Flood(Frame { first: FIN | PING, shape: Shape(0), payload: Payload::Run(0, 125) }, 200);
    add("flood_of_long_pings", Setup([0x80, 0, 0]), &[much, all.clone()]);
    add("flood_of_pongs", PLAIN, &[flood(FIN | PONG, b"?")]);
    add("flood_of_empty_fragments", PLAIN, &[begin.clone(), flood(CONTINUATION, b"")]);
    add("flood_of_small_fragments", Setup([3, 0, 0]), &[begin, flood(CONTINUATION, b"x")]);
    add("flood_of_messages", PLAIN, &[flood(FIN | TEXT, b"x"), all.clone()]);
    let inflated: Vec<Op> = compressed().iter().map(arrival).chain([all.clone()]).collect();
    add("compressed", COMPRESSED, &inflated);
    add("compressed_by_itself", BY_ITSELF, &inflated);
    let sends = [
        Op::Send(Kind::Text, text("Hello")),
        Op::SendRef(Kind::Binary, Payload::Run(0, 5000)),
        Op::Write(10),
        Op::Send(Kind::Binary, Payload::Run(0, 5000)),
        Op::Send(Kind::Text, Payload::Text(5000)),
        Op::Ping(text("?")),
        Op::SendPlain(Kind::Text, text("Hello")),
        Op::Frame(Frame::new(FIN | PING, b"!"), 0, Take(0)),
        Op::Fragment(Kind::Text, false, Payload::Raw(b"\xe2\x82".into())),
        Op::Pong(text("")),
        Op::Fragment(Kind::Text, true, Payload::Raw(b"\xac".into())),
        Op::Write(5020),
        Op::Close(Some((4000, text("done")))),
        all.clone(),
        Op::Frame(Frame::new(FIN | CLOSE, b"\x0f\xa0"), 0, Take(0)),
        Op::Eof,
    ];
    add("sends", PLAIN, &sends);
    add("sends_compressed", COMPRESSED, &sends);
    let wrong = [
        Op::Fragment(Kind::Text, true, Payload::Raw(b"\xff".into())),
        Op::Fragment(Kind::Binary, false, text("x")),
        Op::Fragment(Kind::Text, true, text("x")),
        Op::Send(Kind::Text, text("x")),
        Op::Ping(Payload::Run(0, 126)),
        Op::Close(Some((1005, text("")))),
        Op::Close(Some((1000, Payload::Run(b'x', 124)))),
        Op::Close(None),
        Op::Send(Kind::Text, text("late")),
    ];
    add("callers_mistakes", PLAIN, &wrong);
    let silence = [Op::Wait(20_000), all.clone(), Op::Wait(19_999), Op::Take(Take(0)), Op::Wait(1)];
    add("keepalive", Setup([8, 0, 0]), &silence);
    add("never_reads", PLAIN, &[Op::Send(Kind::Text, text("x")), Op::Wait(30_000), Op::Wait(30_000)]);
    add(
        "never_closes",
        PLAIN,
        &[Op::Close(None), Op::Flushed(false), all.clone(), Op::Flushed(true), Op::Wait(5000), Op::Wait(5000)],
    );
    let lent = [
        Op::Lend,
        Op::Frame(Frame::new(FIN | TEXT, b"Hello"), 3, Take(1)),
        Op::Reclaim,
        all,
        Op::Reclaim,
        Op::Lend,
        Op::Bytes(vec![FIN | TEXT], 0, Take(0)),
        Op::Reclaim,
        Op::Eof,
    ];
    add("lends", PLAIN, &lent);
    for (name, take) in [("short", Take(3)), ("short_lent", Take(4)), ("ways_in_turn", Take(5))] {
        let wholes = [(TEXT, &b"Hello, you"[..]), (BINARY, &[0; 130]), (TEXT, b"Hello, \xff")];
        add(name, PLAIN, &wholes.map(|(opcode, payload)| Op::Frame(Frame::new(FIN | opcode, payload), 0, take)));
    }
    let owes = [
        Op::Send(Kind::Binary, Payload::Noise(1, 8000)),
        Op::Send(Kind::Binary, Payload::Noise(2, 8000)),
        Op::Send(Kind::Binary, Payload::Run(0, 1000)),
        Op::Frame(Frame::new(FIN | PING, b"1"), 0, Take(0)),
        Op::Frame(Frame::new(FIN | PING, b"2"), 0, Take(0)),
        Op::Close(None),
    ];
    add("closes_and_owes_a_pong", PLAIN, &owes);
    let [first, second, third, one, two, _] = owes;
    add("owes_the_pong_before", PLAIN, &[first, second, third, one, Op::Write(10_000), two]);
    let mut many = vec![Op::Send(Kind::Binary, Payload::Run(0, 5000)); 20];
    many.extend([Op::Ping(text("?")), Op::Write(u16::MAX), Op::Write(u16::MAX), Op::Reclaim]);
    add("sends_many", Setup([0, 0x40, 0]), &many);
    let mut overtakes = vec![Op::Send(Kind::Binary, Payload::Run(0, 5000)); 3];
    overtakes.extend([Op::Ping(text("?")), Op::Write(6000), Op::Ping(text("!")), Op::Write(5000), Op::Pong(text("."))]);
    add("control_frames_overtake", PLAIN, &overtakes);
    add("longest_reason", PLAIN, &[Op::Close(Some((1000, Payload::Run(b'x', 123))))]);
    seeds
}

fn frame_header() -> Vec<Seed> {
    named([
        ("text", b"\x81\x05Hello".into()),
        ("masked", b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58".into()),
        ("fragments", b"\x01\x03Hel\x89\x00\x80\x02lo".into()),
        ("short_length", b"\x82\x7e\x00\x7e".into()),
        ("long_length", b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00".into()),
        ("longest", b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04".into()),
        ("overlong", b"\x82\x7e\x00\x7d".into()),
        ("overflow", b"\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00".into()),
        ("close", b"\x88\x02\x03\xe8\x81\x00".into()),
    ])
}

fn mask() -> Vec<Seed> {
    let seed = |offset: u16, start: u8, cut: u16, repeats: u8, len: u8| {
        let payload: Vec<u8> = (0..len).collect();
        let [low, high] = offset.to_le_bytes();
        let [cut_low, cut_high] = cut.to_le_bytes();
        [&[0x37, 0xfa, 0x21, 0x3d, low, high, 0, start, cut_low, cut_high, repeats - 1], &payload[..]].concat()
    };
    named([
        ("empty", seed(0, 0, 0, 1, 0)),
        ("byte", seed(1, 1, 0, 1, 1)),
        ("words", seed(2, 3, 5, 1, 13)),
        ("wide", seed(3, 17, 100, 4, 43)),
        ("widest", seed(0, 64, 700, 16, 200)),
    ])
}

fn utf8() -> Vec<Seed> {
    let seed = |text: &[u8], padding: u8| {
        [vec![0], written(&[Cuts(vec![1, 2]), Cuts(vec![3, 9])]), vec![padding], text.to_vec()].concat()
    };
    named([
        ("mixed", seed("aé€𝄞".as_bytes(), 0)),
        ("long", seed("κόσμε".as_bytes(), 20)),
        ("overlong", seed(b"a\xc0\xaf", 0)),
        ("surrogate", seed(b"\xed\xa0\x80", 1)),
        ("beyond", seed(b"\xf4\x90\x80\x80", 13)),
        ("cut_short", seed(b"\xf0\x9f\x98", 0)),
        ("stray", seed(b"\x80", 30)),
        ("edges", seed("\0\u{7f}\u{80}\u{7ff}\u{800}\u{fffe}\u{ffff}\u{10ffff}".as_bytes(), 0)),
    ])
}

fn deflate_roundtrip() -> Vec<Seed> {
    let sent = [
        Sent { kind: Kind::Text, how: How::Owned, payload: Payload::Raw(b"Hello".into()) },
        Sent { kind: Kind::Text, how: How::Borrowed, payload: Payload::Raw(b"Hello".into()) },
        Sent { kind: Kind::Binary, how: How::Plain, payload: Payload::Run(9, 40) },
        Sent { kind: Kind::Text, how: How::Pieces(50), payload: Payload::Text(500) },
        Sent { kind: Kind::Binary, how: How::Owned, payload: Payload::Raw(vec![]) },
        Sent { kind: Kind::Binary, how: How::Owned, payload: Payload::Run(1, 8000) },
        Sent { kind: Kind::Binary, how: How::Pieces(200), payload: Payload::Noise(1, 3000) },
    ];
    let seed = |role: u8, setup: [u8; 3]| {
        let before = [vec![role], written(&[Setup(setup)]), vec![0x0a], written(&[Cuts(vec![1, 5])])].concat();
        tape(&[&before], &sent)
    };
    named([
        ("takeover", seed(0, [0, 0x08, 0])),
        ("by_itself", seed(1, [0, 0x06, 0])),
        ("small_windows", seed(0, [4, 0x10, 0x99])),
        ("smallest_windows", seed(1, [0, 0x18, 0x88])),
        ("threshold", seed(0, [0, 0x20, 0])),
    ])
}

fn inflate() -> Vec<Seed> {
    let seed = |setup: Setup, kind: u8, messages: &[&[u8]]| {
        let mut seed = [vec![0], written(&[setup]), vec![9], written(&[Cuts(vec![4, 4])])].concat();
        for message in messages {
            seed.push(kind);
            seed.extend(written(&[Cuts(vec![2])]));
            seed.extend(u16::try_from(message.len()).expect("short").to_le_bytes());
            seed.extend(*message);
        }
        seed
    };
    let bomb = [vec![0, 3, 0, 0, 9], vec![0, 2, 63, 0, 5, 0], b"\x4a\x04\x00\x00\x00".into()].concat();
    named([
        ("hello", seed(COMPRESSED, 1, &HELLO)),
        ("by_itself", seed(BY_ITSELF, 0, &[HELLO[0], HELLO[3], HELLO[2]])),
        ("two_blocks", seed(COMPRESSED, 1, &[b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"])),
        ("finals", seed(COMPRESSED, 0, &[b"\x03\x00\x03\x00\x03\x00\x03\x00\x00"])),
        ("dynamic", seed(COMPRESSED, 0, &[b"\x04\xc0\x81\x08\x00\x00\x00\x00\x20\x7f\xeb\x03\x00"])),
        ("no_block", seed(COMPRESSED, 0, &[b"\x06"])),
        ("before_the_beginning", seed(COMPRESSED, 0, &[b"\xf2\x00\x11\x00\x00"])),
        ("within_a_block", seed(COMPRESSED, 0, &[b"\xf2\x48"])),
        ("bomb", bomb),
    ])
}

fn handshake_request() -> Vec<Seed> {
    let own = Own { name: b"X-Id".into(), value: b"a b".into() };
    let seed = |flags: u8, head: &[u8]| {
        [
            vec![flags, 1],
            written(&[Cuts(vec![20, 100])]),
            written(&[Own { name: own.name.clone(), value: own.value.clone() }]),
            head.to_vec(),
        ]
        .concat()
    };
    let with = |lines: &str| {
        let text = String::from_utf8_lossy(REQUEST).replace("\r\n\r\n", &format!("\r\n{lines}\r\n\r\n"));
        seed(2, text.as_bytes())
    };
    named([
        ("plain", seed(0, REQUEST)),
        ("and_frames", seed(2, &[REQUEST, b"\x81\x80\0\0\0\0"].concat())),
        ("small_limits", seed(3, REQUEST)),
        ("protocols", with("Sec-WebSocket-Protocol: chat, superchat\r\nsec-websocket-protocol: X-Id")),
        ("origin", with("Origin: https://example.com")),
        ("body", with("Content-Length: 5")),
        ("chunked", with("Transfer-Encoding: chunked")),
        ("two_hosts", with("Host: other")),
        ("folded", with("X-A: b\r\n c")),
        ("bare_lf", with("X-A: b\nX-C: d")),
        ("extensions", with("Sec-WebSocket-Extensions: x; a=\"b\\c\", permessage-deflate; server_max_window_bits=8")),
        ("absolute", seed(0, &[b"GET http://h/a?b HTTP/1.1\r\n", &REQUEST[16..]].concat())),
        ("http_1_0", seed(0, b"GET / HTTP/1.0\r\n\r\n")),
        ("post", seed(0, b"POST / HTTP/1.1\r\n\r\n")),
        ("too_long_by_one", seed(1, &[b"GET /", &[b'a'; 107][..], &REQUEST[5..]].concat())),
        (
            "too_long",
            seed(1, format!("GET / HTTP/1.1\r\n{}", format!("X: {}\r\n", "a".repeat(100)).repeat(4)).as_bytes()),
        ),
        ("long_line", seed(1, &[&b"GET /"[..], &[b'a'; 150]].concat())),
    ])
}

fn handshake_response() -> Vec<Seed> {
    let seed = |flags: u8, own: Option<Own>, answer: &[u8]| {
        let asked = Asked { flags, host: b"example.com:81".into(), target: b"/chat?a=b".into(), own };
        [written(&[asked]), written(&[Cuts(vec![9, 1, 30])]), answer.to_vec()].concat()
    };
    let opened = |lines: &str| {
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {}\r\n{lines}\r\n",
            tungstenite::handshake::derive_accept_key(KEY)
        )
    };
    let own = Some(Own { name: b"X-Id".into(), value: b"a b".into() });
    let evil = Some(Own { name: b"X".into(), value: b"a\nHost: b".into() });
    let refused = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 12\r\n\r\nwho are you?";
    named([
        ("plain", seed(0, None, opened("").as_bytes())),
        ("and_frames", seed(0x80, own, (opened("") + "\u{1}\0").as_bytes())),
        ("protocol", seed(2, None, opened("Sec-WebSocket-Protocol: chat\r\n").as_bytes())),
        (
            "deflate",
            seed(
                0x44,
                None,
                opened("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=9\r\n").as_bytes(),
            ),
        ),
        (
            "deflate_twice",
            seed(4, None, opened("Sec-WebSocket-Extensions: permessage-deflate, permessage-deflate\r\n").as_bytes()),
        ),
        ("offers_twice", seed(0x82, Some(Own { name: b"chat".into(), value: vec![] }), b"")),
        ("unoffered", seed(0, None, opened("Sec-WebSocket-Protocol: x\r\nSec-WebSocket-Extensions: y\r\n").as_bytes())),
        ("interim", seed(0, None, ("HTTP/1.1 100 Continue\r\n\r\n".to_owned() + &opened("")).as_bytes())),
        ("small_limits", seed(1, None, opened("").as_bytes())),
        ("refused", seed(0, None, refused)),
        ("refused_with_small_limits", seed(1, None, refused)),
        ("chunked", seed(0, None, b"HTTP/1.1 500 x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n")),
        ("endless", seed(0, None, b"HTTP/1.0 503 x\r\n\r\nsorry")),
        ("injected", seed(0x80, evil, b"")),
    ])
}

fn extension_offer() -> Vec<Seed> {
    let seed = |flags: u8, bits: u8, value: &str| [&[flags, bits], value.as_bytes()].concat();
    named([
        ("nothing", seed(0, 0, "")),
        ("bare", seed(0, 0, "permessage-deflate")),
        ("insists", seed(4, 2, "permessage-deflate")),
        ("browser", seed(0, 0, "permessage-deflate; client_max_window_bits")),
        (
            "all",
            seed(
                31,
                0x42,
                "permessage-deflate;server_no_context_takeover;client_no_context_takeover;server_max_window_bits=10;client_max_window_bits=\"15\"",
            ),
        ),
        ("several", seed(4, 3, "permessage-deflate; server_max_window_bits=8, permessage-deflate")),
        ("twice", seed(0, 0, "permessage-deflate; client_max_window_bits; client_max_window_bits=9")),
        ("out_of_range", seed(0, 0, "permessage-deflate; server_max_window_bits=16")),
        ("others", seed(0, 0, ",foo , bar;a ; b=1;c = \"\\2\"")),
        ("unclosed", seed(0, 0, "foo;a=\"b\\")),
    ])
}

fn url() -> Vec<Seed> {
    named([
        ("plain", b"ws://example.com/chat?room=1".into()),
        ("secure", b"wss://user:pass@[::1]:9001/a/../b".into()),
        ("http", b"HTTP://h:80".into()),
        ("default_port", b"https://h:443/?".into()),
        ("name", "ws://bücher.example/ü?ü".into()),
        ("address", b"ws://127.1:81//a//".into()),
        ("escaped", b"ws://a%40b:%25%c3%bc@ex%41mple.COM/%2e%2e/a%20b".into()),
        ("fragment", b"ws://h/#a".into()),
        ("backslashes", b" ws:\\\\h\\a\t\n ".into()),
    ])
}

fn driver() -> Vec<Seed> {
    let said = |said: Said| Cue::Said(said);
    let text = |text: &str| Payload::Raw(text.into());
    let hello = || said(frame(FIN | TEXT, b"Hello"));
    let goodbye = || said(frame(FIN | CLOSE, b"\x03\xe8"));
    let script = |flags: u8, sizes: [u8; 2], said: Vec<Cue>| Script {
        flags,
        setup: PLAIN,
        sizes,
        said,
        obstacles: [vec![], vec![], vec![]],
    };
    let seed = |script: Script, steps: &[Step]| tape(&[&written(&[script])], steps);
    let send = |how| Step::Send(1, how, Kind::Text, text("x"));
    let conversation = || vec![hello(), said(frame(FIN | PING, b"?")), hello(), goodbye(), Cue::Eof];
    let obstructed = Script {
        obstacles: [vec![0, 0x60, 0x40, 0x61, 0xff], vec![0, 0x40], vec![0]],
        ..script(Script::BUFFERS | Script::HESITATES, [1, 5], conversation())
    };
    let slow = Script { obstacles: [vec![0x40], vec![], vec![]], ..script(0, [0, 0], vec![goodbye(), Cue::Eof]) };
    let broken = Script { obstacles: [vec![0x63, 0x50], vec![], vec![]], ..script(0, [0, 0], conversation()) };
    let inflating = Script { setup: COMPRESSED, ..script(1, [3, 0], compressed().into_iter().map(said).collect()) };
    let large = Step::Send(2, Sending::Feed, Kind::Binary, Payload::Run(1, 8000));
    named([
        ("reads", seed(script(0, [0, 0], conversation()), &[Step::Next(1), Step::Read(1), Step::Next(2)])),
        (
            "reads_events",
            seed(script(1, [2, 0], conversation()), &[Step::NextEvent(8), Step::ReadEvent(8), Step::Idle(1)]),
        ),
        ("serves", seed(script(0, [0, 0], conversation()), &[Step::Serve(2), Step::ServeEvents(1), Step::Flush(1)])),
        (
            "sends",
            seed(
                script(1, [0, 0], vec![]),
                &[
                    Sending::Send,
                    Sending::Feed,
                    Sending::FeedRef,
                    Sending::FeedPlain,
                    Sending::Fragment(false),
                    Sending::Fragment(true),
                ]
                .map(send),
            ),
        ),
        (
            "closes",
            seed(
                script(1, [0, 0], vec![Cue::Pending]),
                &[Step::Close(1, Some((1000, text("done")))), Step::More(goodbye()), Step::Next(1)],
            ),
        ),
        (
            "is_refused",
            seed(
                script(0, [0, 0], vec![]),
                &[
                    Step::StartClose(Some((1005, text("")))),
                    Step::Ping(1, Payload::Run(0, 126)),
                    Step::StartClose(None),
                ],
            ),
        ),
        ("splits", seed(script(0, [0, 0], vec![hello()]), &[Step::Split(3, text("x")), Step::Ready(1), Step::Next(1)])),
        (
            "obstacles",
            seed(obstructed, &[Step::Serve(8), large.clone(), Step::Flush(3), Step::Unblock, Step::Flush(8)]),
        ),
        ("answers_late", seed(slow, &[Step::Next(3), Step::Unblock])),
        ("write_error", seed(broken, &[Step::Serve(3), large, Step::Next(1)])),
        ("read_error", seed(script(0, [0, 0], vec![hello(), Cue::Error]), &[Step::Next(1), Step::Next(1)])),
        ("violation", seed(script(0, [0, 0], vec![said(frame(3, b""))]), &[Step::Next(1), Step::Wait(60_000)])),
        ("early_end", seed(script(1, [0, 0], vec![hello(), Cue::Eof]), &[Step::Next(1), Step::Next(1)])),
        ("accepts", seed(script(Script::ACCEPT, [7, 0], conversation()), &[Step::Next(8)])),
        ("refuses", seed(script(Script::ACCEPT | Script::SPOILT, [0, 2], conversation()), &[])),
        ("inflates", seed(inflating, &[Step::Next(8), Step::Serve(8)])),
    ])
}
