//! Laws: what holds for any input and any use.

use super::checker::Checker;
use super::*;
use crate::close::CloseFrame;
use crate::config::{Delivery, Keepalive, Limits};
use crate::error::SendError;
use crate::event::{Fragment, Kind};
use crate::frame::Decoder;
use crate::input::InputBuffer;
use alloc::string::String;
use bytes::{Bytes, BytesMut};
use core::time::Duration;
use proptest::prelude::*;
use proptest::sample::Index;

/// What a peer may say in one go.
#[derive(Clone, Debug)]
enum Said {
    /// A message, cut into fragments at these places, with a ping in front of each further one if there is one.
    Message(Message, Vec<Index>, Option<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
}

/// A whole conversation, as one end says it. What stands behind the Close frame is to be ignored.
#[derive(Clone, Debug)]
struct Conversation {
    said: Vec<Said>,
    close: Option<(Option<CloseFrame>, Vec<u8>)>,
}

impl Conversation {
    fn bytes(&self, to: Role) -> Vec<u8> {
        let mut bytes = Vec::new();
        for said in &self.said {
            match said {
                Said::Ping(payload) => bytes.extend(frame(to, PING, payload)),
                Said::Pong(payload) => bytes.extend(frame(to, PONG, payload)),
                Said::Message(message, cuts, ping) => {
                    let pieces = cut(message.as_bytes(), cuts);
                    for (i, piece) in pieces.iter().enumerate() {
                        let first = match message {
                            _ if i > 0 => CONTINUATION,
                            Message::Text(_) => TEXT,
                            Message::Binary(_) => BINARY,
                        };
                        if let (Some(ping), true) = (ping, i > 0) {
                            bytes.extend(frame(to, PING, &[*ping]));
                        }
                        let last = i + 1 == pieces.len();
                        bytes.extend(frame(to, if last { first } else { first & !FIN }, piece));
                    }
                }
            }
        }
        if let Some((close, rest)) = &self.close {
            let payload = close
                .as_ref()
                .map(|CloseFrame { code, reason }| [&code.0.to_be_bytes(), reason.as_bytes()].concat())
                .unwrap_or_default();
            bytes.extend(frame(to, CLOSE, &payload));
            bytes.extend(rest);
        }
        bytes
    }

    fn events(&self) -> Vec<Event> {
        let mut events = Vec::new();
        for said in &self.said {
            match said {
                Said::Ping(payload) => events.push(Event::Ping(payload.clone().into())),
                Said::Pong(payload) => events.push(Event::Pong(payload.clone().into())),
                Said::Message(message, cuts, ping) => {
                    events.extend(cuts.iter().filter_map(|_| Some(Event::Ping(vec![(*ping)?].into()))));
                    events.push(Event::Message(message.clone()));
                }
            }
        }
        events.extend(self.close.iter().map(|(close, _)| Event::Close(close.clone())));
        events
    }
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

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..=most)
}

fn text(most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(any::<char>(), 0..=most).prop_map(String::from_iter)
}

fn message() -> impl Strategy<Value = Message> {
    prop_oneof![text(60).prop_map(Message::from), bytes(300).prop_map(Message::from)]
}

fn close() -> impl Strategy<Value = Option<CloseFrame>> {
    let code = prop_oneof![1000..=1003_u16, 1007..=1014_u16, 3000..=4999_u16];
    prop::option::of((code, text(30)).prop_map(|(code, reason)| CloseFrame::new(code, reason)))
}

fn conversation() -> impl Strategy<Value = Conversation> {
    let said = prop_oneof![
        4 => (message(), cuts(3), any::<Option<u8>>()).prop_map(|(message, cuts, ping)| Said::Message(message, cuts, ping)),
        1 => bytes(125).prop_map(Said::Ping),
        1 => bytes(125).prop_map(Said::Pong),
    ];
    (prop::collection::vec(said, 0..8), prop::option::of((close(), bytes(20))))
        .prop_map(|(said, close)| Conversation { said, close })
}

/// What a hostile peer sends: noise, frames of noise, and conversations with one thing wrong.
fn hostile(to: Role) -> impl Strategy<Value = Vec<u8>> {
    let frames = prop::collection::vec((any::<u8>(), bytes(130)), 0..6)
        .prop_map(move |frames| frames.iter().flat_map(|(first, payload)| frame(to, first & 0x8f, payload)).collect());
    let spoilt = (conversation(), any::<Index>(), 0..3_u8, any::<u8>()).prop_map(move |(said, at, how, byte)| {
        let mut bytes = said.bytes(to);
        let at = at.index(bytes.len() + 1);
        match how {
            0 => bytes.insert(at, byte),
            1 => drop(bytes.splice(at..bytes.len().min(at + 1), [byte])),
            _ => drop(bytes.splice(at..bytes.len().min(at + 1), [])),
        }
        bytes
    });
    prop_oneof![1 => bytes(300), 2 => frames, 4 => spoilt]
}

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Client), Just(Role::Server)]
}

fn take() -> impl Strategy<Value = Take> {
    prop::sample::select(vec![Take::Owned, Take::Lent, Take::ShortOwned, Take::ShortLent, Take::Alternately])
}

fn feed() -> impl Strategy<Value = Feed> {
    prop::sample::select(vec![Feed::Copied, Feed::InPlace, Feed::UpTo, Feed::Lent])
}

fn whose_input() -> impl Strategy<Value = (Role, Vec<u8>)> {
    role().prop_flat_map(|role| (Just(role), hostile(role)))
}

fn in_fragments() -> Config {
    Config { delivery: Delivery::Fragments, ..Config::default() }
}

/// Joins the pieces that nothing came between: where they were cut carries no meaning.
fn joined(outcome: Outcome) -> Outcome {
    let mut events: Vec<Event> = Vec::new();
    for event in outcome.events {
        match (events.last_mut(), event) {
            (
                Some(Event::Fragment(Fragment { kind, payload, last: last @ false })),
                Event::Fragment(Fragment { kind: next_kind, payload: next, last: next_last }),
            ) => {
                assert_eq!(*kind, next_kind);
                *payload = [&payload[..], &next].concat().into();
                *last = next_last;
            }
            (_, event) => events.push(event),
        }
    }
    if outcome.error.is_some() {
        // How much of a frame was given out before its bad byte came depends on the cut, and must.
        events.pop_if(|event| matches!(event, Event::Fragment(Fragment { last: false, .. })));
    }
    Outcome { events, ..outcome }
}

/// Puts fragments together, which is what a connection would have done.
fn assembled(outcome: Outcome) -> Outcome {
    let (mut events, mut message) = (Vec::new(), Vec::new());
    for event in outcome.events {
        let Event::Fragment(Fragment { kind, payload, last }) = event else {
            events.push(event);
            continue;
        };
        message.extend_from_slice(&payload);
        if last {
            let message = core::mem::take(&mut message);
            events.push(Event::Message(match kind {
                Kind::Text => String::from_utf8(message).expect("each text was checked").into(),
                Kind::Binary => message.into(),
            }));
        }
    }
    Outcome { events, ..outcome }
}

proptest! {
    /// R076, R081, R082, R097, R099–R101.
    #[test]
    fn what_is_said_arrives_however_it_is_cut(said in conversation(), role in role(), at in cuts(20), take in take(), feed in feed()) {
        let bytes = said.bytes(role);
        let outcome = receive(&mut connection(role, &Config::default()), cut(&bytes, &at), take, feed);
        prop_assert_eq!(outcome.error, None);
        prop_assert_eq!(&outcome.events, &said.events());
        prop_assert_eq!(outcome.written, whole(&mut connection(role, &Config::default()), &bytes).written);

        let fragments = receive(&mut connection(role, &in_fragments()), cut(&bytes, &at), take, feed);
        prop_assert_eq!(assembled(fragments).events, said.events());
    }

    #[test]
    fn any_cut_of_any_input_gives_the_same((role, bytes) in whose_input(), at in cuts(20), take in take(), feed in feed()) {
        let expected = whole(&mut connection(role, &Config::default()), &bytes);
        let outcome = receive(&mut connection(role, &Config::default()), cut(&bytes, &at), take, feed);
        prop_assert_eq!(&outcome, &expected);

        let fragments = |pieces: Vec<&[u8]>, take, feed| receive(&mut connection(role, &in_fragments()), pieces, take, feed);
        let at_once = fragments(vec![&bytes], Take::Owned, Feed::Copied);
        let in_pieces = fragments(cut(&bytes, &at), take, feed);
        let byte_by_byte = fragments(bytes.chunks(1).collect(), take, feed);
        prop_assert_eq!(joined(in_pieces.clone()), joined(at_once));
        prop_assert_eq!(joined(in_pieces.clone()), joined(byte_by_byte));
        prop_assert_eq!((assembled(in_pieces).events, outcome.error), (expected.events, expected.error));
    }

    /// R083: what is held between two reads is the message so far and part of a header or a control
    /// frame; with fragments, not even the message.
    #[test]
    fn no_more_is_held_than_the_limit((role, bytes) in whose_input(), at in cuts(20), limit in 0..200_u64, feed in feed()) {
        const CONTROL: usize = 14 + 125;
        let limits = Limits { message: limit, ..Limits::default() };
        let limit = usize::try_from(limit).unwrap();
        for (delivery, held) in [(Delivery::Messages, limit + CONTROL), (Delivery::Fragments, CONTROL)] {
            let mut connection = connection(role, &Config { limits: limits.clone(), delivery, ..Config::default() });
            for piece in cut(&bytes, &at) {
                receive(&mut connection, [piece], Take::Owned, feed);
                prop_assert!(connection.input().len() <= held, "{} bytes held, limit {}", connection.input().len(), limit);
                prop_assert!(connection.read_hint() <= 64 << 10);
            }
        }
    }

    /// R195: nor is what fragments and pings cost on the wire, however small they are.
    #[test]
    fn no_more_is_held_than_the_message_so_far(payloads in prop::collection::vec(0..4_usize, 300..600), ping in 0..=125_usize, most in 1..3000_usize, role in role()) {
        let mut connection = connection(role, &Config::default());
        let (mut bytes, mut so_far) = (frame(role, BINARY & !FIN, b""), vec![0; 6]);
        for len in payloads {
            bytes.extend(frame(role, CONTINUATION & !FIN, &b"abc"[..len]));
            bytes.extend(frame(role, PING, &vec![0; ping]));
            so_far.resize(bytes.len(), so_far.last().copied().unwrap_or(0) + len); // at each byte, at most
        }
        let mut fed = 0;
        for piece in bytes.chunks(most) {
            fed += piece.len();
            let outcome = receive(&mut connection, [piece], Take::Alternately, Feed::InPlace);
            prop_assert_eq!(outcome.error, None);
            let (held, most) = (connection.input().len(), so_far[fed - 1] + 14 + 125);
            prop_assert!(held <= most, "{} bytes held instead of {}", held, most);
        }
    }

    /// R084, R121: one error, one Close frame that says why, and silence.
    #[test]
    fn a_violation_is_the_end((role, bytes) in whose_input(), at in cuts(5), more in bytes(50)) {
        let mut connection = connection(role, &Config::default());
        let outcome = receive(&mut connection, cut(&bytes, &at), Take::Owned, Feed::Copied);
        prop_assert_eq!(connection.violation(), outcome.error);
        let Some(error) = outcome.error else { return Ok(()) };
        let mut checker = Checker::of(role);
        checker.read(&outcome.written);
        prop_assert_eq!(checker.close.clone().flatten().map(|close| close.code), Some(error.close_code()));
        prop_assert!(!connection.is_open() && connection.wants_read() && connection.wants_shutdown());
        prop_assert_eq!(connection.read_hint(), 0);
        prop_assert_eq!(connection.send("more"), Err(SendError::Closed));
        prop_assert_eq!(connection.close(None), Ok(()));

        let silence = Outcome { events: Vec::new(), error: None, written: Vec::new() };
        prop_assert_eq!(receive(&mut connection, [&more[..]], Take::Owned, Feed::Copied), silence);
        prop_assert!(connection.input().is_empty());
        prop_assert!(!connection.is_closed());
        prop_assert_eq!(connection.receive_eof(), Ok(()));
        prop_assert!(connection.is_closed());
        prop_assert_eq!(connection.poll_timeout(), None);
    }
}

/// R076, without chance: short conversations, cut at every two places.
#[test]
fn any_two_cuts() {
    check(&[&[0x01], b"H\xe2"], &[&[PING], b"?"], &[&[0x00], b"\x82"], &[&[0x00]], &[&[CONTINUATION], b"\xac!"]);
    check(&[&[TEXT]], &[&[BINARY], b"ab"], &[&[PONG]], &[&[PING]], &[&[CLOSE], b"\x03\xe8bye"]);
    check(&[&[BINARY], b"x"], &[&[0x02]], &[&[CONTINUATION]], &[&[CLOSE]], &[&[TEXT], b"late"]);
    check(&[&[0x01], b"\xf0\x9f"], &[&[CLOSE], b"\x0f\xa0"], &[], &[], &[]);
    check(&[&[TEXT], b"ok"], &[&[TEXT], b"a\xed\xa0\x80"], &[&[TEXT], b"late"], &[], &[]); // a surrogate
    check(&[&[0x01], b"a\xe2"], &[&[PING]], &[&[CONTINUATION], b"\x82"], &[&[TEXT], b"late"], &[]); // half a character
    check(&[&[0x02], b"a"], &[&[0x00], b"b"], &[&[BINARY], b"c"], &[&[CONTINUATION], b"d"], &[]); // one in another
    check(&[&[BINARY], b"a"], &[&[CONTINUATION], b"b"], &[], &[], &[]);
    check(&[&[PING], b"a"], &[&[CLOSE], b"\x03\xed"], &[&[TEXT], b"late"], &[], &[]); // 1005
    check(&[&[PING], b"a"], &[&[CLOSE], b"\x03\xe8a\xff"], &[&[TEXT], b"late"], &[], &[]);

    /// Five frames: the first byte and the payload of each.
    #[track_caller]
    fn check(a: &[&[u8]], b: &[&[u8]], c: &[&[u8]], d: &[&[u8]], e: &[&[u8]]) {
        for role in [Role::Client, Role::Server] {
            let mut bytes = Vec::new();
            for spec in [a, b, c, d, e] {
                match spec {
                    [] => {}
                    [first] => bytes.extend(frame(role, first[0], &[])),
                    [first, payload, ..] => bytes.extend(frame(role, first[0], payload)),
                }
            }
            let expected = whole(&mut connection(role, &Config::default()), &bytes);
            let fragments = joined(whole(&mut connection(role, &in_fragments()), &bytes));
            let assembled = assembled(fragments.clone());
            assert_eq!((assembled.events, assembled.error), (expected.events.clone(), expected.error));
            for i in 0..=bytes.len() {
                for j in i..=bytes.len() {
                    let pieces = [&bytes[..i], &bytes[i..j], &bytes[j..]];
                    for (take, feed) in [(Take::Owned, Feed::Copied), (Take::Lent, Feed::InPlace)] {
                        let outcome = receive(&mut connection(role, &Config::default()), pieces, take, feed);
                        assert_eq!(outcome, expected, "{bytes:02x?} cut at {i} and {j}, {take:?}");
                    }
                    let outcome =
                        receive(&mut connection(role, &in_fragments()), pieces, Take::Alternately, Feed::Lent);
                    assert_eq!(joined(outcome), fragments, "{bytes:02x?} cut at {i} and {j}");
                }
            }
        }
    }
}

/// What a sender may do, all of it legal.
#[derive(Clone, Debug)]
enum Sent {
    Owned(Sized),
    Shared(Sized),
    Borrowed(Sized),
    Fragments(Sized, Vec<Index>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    /// What was queued leaves, as much of it as this says.
    Write(Index),
}

/// A message of this size, at most.
#[derive(Clone, Copy, Debug)]
struct Sized {
    len: usize,
    kind: Kind,
    seed: u8,
}

impl Sized {
    fn message(self) -> Message {
        match self.kind {
            Kind::Text => {
                let skipped = usize::from(self.seed % 4);
                "añ€𝄞".chars().cycle().skip(skipped).take(self.len * 2 / 5).collect::<String>().into()
            }
            Kind::Binary => {
                (0..self.len).map(|i| self.seed.wrapping_add(i.to_le_bytes()[0])).collect::<Vec<u8>>().into()
            }
        }
    }
}

/// Around the lengths where encodings and ways of queueing change.
fn sized() -> impl Strategy<Value = Sized> {
    let len = prop_oneof![6 => 0..200_usize, 2 => 4000..4200_usize, 1 => 65_520..65_560_usize];
    (len, kind(), any::<u8>()).prop_map(|(len, kind, seed)| Sized { len, kind, seed })
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::Text), Just(Kind::Binary)]
}

fn sent() -> impl Strategy<Value = Sent> {
    prop_oneof![
        sized().prop_map(Sent::Owned),
        sized().prop_map(Sent::Shared),
        sized().prop_map(Sent::Borrowed),
        (sized(), cuts(4)).prop_map(|(message, cuts)| Sent::Fragments(message, cuts)),
        bytes(125).prop_map(Sent::Ping),
        bytes(125).prop_map(Sent::Pong),
        any::<Index>().prop_map(Sent::Write),
    ]
}

fn other(role: Role) -> Role {
    match role {
        Role::Client => Role::Server,
        Role::Server => Role::Client,
    }
}

fn is_data(event: &Event) -> bool {
    match event {
        Event::Message(_) | Event::Fragment(_) => true,
        Event::Ping(_) | Event::Pong(_) | Event::Close(_) => false,
    }
}

/// Takes `count` bytes of what is queued.
fn write(connection: &mut Connection, mut count: usize) -> Vec<u8> {
    let mut written = Vec::new();
    while count > 0 {
        let output = connection.output();
        let taken = output.chunk().len().min(count);
        written.extend(&output.chunk()[..taken]);
        output.advance(taken);
        count -= taken;
    }
    written
}

proptest! {
    /// encode∘decode = id, and R086–R093: every byte is legal. Pings and pongs may overtake messages
    /// but not each other.
    #[test]
    fn what_is_sent_arrives(
        sent in prop::collection::vec(sent(), 0..12), close in prop::option::of(close()), role in role(), at in cuts(20), take in take(),
    ) {
        let config = Config { limits: Limits { output_max: usize::MAX, ..Limits::default() }, ..Config::default() };
        let mut sender = connection(role, &config);
        let (mut written, mut expected) = (Vec::new(), Vec::new());
        let mut shared = Vec::new();
        for sent in sent {
            match sent {
                Sent::Owned(sized) => {
                    sender.send(sized.message()).unwrap(); // with one owner, so that a client may mask it where it is
                    expected.push(Event::Message(sized.message()));
                }
                Sent::Shared(sized) => {
                    let message = sized.message();
                    sender.send(message.clone()).unwrap();
                    shared.push((message.clone(), sized));
                    expected.push(Event::Message(message));
                }
                Sent::Borrowed(sized) => {
                    sender.send_ref(&sized.message()).unwrap();
                    expected.push(Event::Message(sized.message()));
                }
                Sent::Fragments(sized, cuts) => {
                    let message = sized.message();
                    let pieces = cut(message.as_bytes(), &cuts);
                    for (i, piece) in pieces.iter().enumerate() {
                        let payload = Bytes::copy_from_slice(piece);
                        let last = i + 1 == pieces.len();
                        sender.send_fragment(Fragment { kind: message.kind(), payload, last }).unwrap();
                    }
                    expected.push(Event::Message(message));
                }
                Sent::Ping(payload) => {
                    sender.ping(&payload).unwrap();
                    expected.push(Event::Ping(payload.into()));
                }
                Sent::Pong(payload) => {
                    sender.pong(&payload).unwrap();
                    expected.push(Event::Pong(payload.into()));
                }
                Sent::Write(count) => {
                    let count = count.index(sender.output().remaining() + 1);
                    written.extend(write(&mut sender, count));
                }
            }
        }
        if let Some(close) = close {
            sender.close(close.clone()).unwrap();
            expected.push(Event::Close(close));
        }
        written.extend(drain(&mut sender));
        prop_assert_eq!(sender.buffered_amount(), 0);
        for (message, sized) in shared {
            prop_assert!(message == sized.message(), "a payload that others hold was masked");
        }

        let mut checker = Checker::of(role);
        checker.read(&written);
        prop_assert!(checker.is_whole());

        let outcome = receive(&mut connection(other(role), &config), cut(&written, &at), take, Feed::InPlace);
        prop_assert_eq!(outcome.error, None);
        let (data, control): (Vec<_>, Vec<_>) = outcome.events.into_iter().partition(is_data);
        let (expected_data, expected_control): (Vec<_>, Vec<_>) = expected.into_iter().partition(is_data);
        prop_assert!(data == expected_data, "messages differ");
        prop_assert_eq!(control, expected_control);
    }
}

proptest! {
    /// Whatever overtakes it, a message has been taken whole once `taken` is what `total` was behind it; and when all is
    /// taken, it is.
    #[test]
    fn taken_counts_whole_messages(sent in prop::collection::vec(sent(), 0..30)) {
        let mut it = connection(Role::Server, &Config::default());
        let (mut written, mut totals) = (Vec::new(), Vec::new());
        for sent in sent {
            match sent {
                Sent::Owned(sized) | Sent::Shared(sized) | Sent::Borrowed(sized) | Sent::Fragments(sized, _) => {
                    if it.send(sized.message()).is_ok() {
                        totals.push(it.sender().total());
                    }
                }
                Sent::Ping(payload) | Sent::Pong(payload) => it.ping(&payload).unwrap_or(()), // or it is full
                Sent::Write(count) => {
                    let count = count.index(it.output().remaining() + 1);
                    written.extend(write(&mut it, count));
                }
            }
            let (mut decoder, mut input) = (Decoder::new(Role::Client), BytesMut::from(&*written));
            let frames = core::iter::from_fn(|| decoder.frame(&mut input, usize::MAX).unwrap());
            let whole = frames.filter(|frame| !frame.header.opcode.is_control()).count();
            let counted = totals.iter().filter(|total| **total <= it.sender().taken()).count();
            prop_assert!(counted <= whole, "{counted} of {whole}");
        }
        drain(&mut it);
        prop_assert!(totals.iter().all(|total| *total <= it.sender().taken()));
        it.output().reclaim();
        prop_assert!(totals.iter().all(|total| *total <= it.sender().taken()));
    }
}

/// What may happen to a connection, in any order.
#[derive(Clone, Debug)]
enum Step {
    Send(usize, Kind),
    SendRef(usize),
    Fragment(Vec<u8>, Kind, bool),
    Ping(usize),
    Pong(usize),
    Close(Option<(u16, usize)>),
    /// Bytes arrive, and at most so many events are taken.
    Receive(Vec<u8>, Take, usize),
    Eof,
    Write(Index),
    Wait(Duration),
    /// Buffers are lent, or reclaimed.
    Lend,
    Reclaim,
}

fn step(role: Role) -> impl Strategy<Value = Step> {
    let control = || prop_oneof![9 => 0..=125_usize, 1 => 126..200_usize];
    let arriving = prop_oneof![
        8 => conversation().prop_map(move |said| Conversation { close: None, ..said }.bytes(role)),
        1 => conversation().prop_map(move |said| said.bytes(role)),
        1 => hostile(role),
    ];
    prop_oneof![
        4 => (0..6000_usize, kind()).prop_map(|(len, kind)| Step::Send(len, kind)),
        4 => (0..200_usize).prop_map(Step::SendRef),
        3 => (bytes(10), kind(), any::<bool>()).prop_map(|(payload, kind, last)| Step::Fragment(payload, kind, last)),
        1 => control().prop_map(Step::Ping),
        1 => control().prop_map(Step::Pong),
        1 => prop::option::of((prop_oneof![Just(1000_u16), Just(1005), 0..5000_u16], 0..130_usize)).prop_map(Step::Close),
        6 => (arriving, take(), 0..20_usize).prop_map(|(bytes, take, most)| Step::Receive(bytes, take, most)),
        1 => Just(Step::Eof),
        6 => any::<Index>().prop_map(Step::Write),
        4 => (0..30_000_u64).prop_map(|millis| Step::Wait(Duration::from_millis(millis))),
        1 => Just(Step::Lend),
        1 => Just(Step::Reclaim),
    ]
}

/// A connection under random use, and what is known about it.
struct Model {
    connection: Connection,
    checker: Checker,
    now: Instant,
    /// Payload bytes that were accepted.
    accepted: u64,
    violation: Option<ProtocolError>,
    ended: bool,
    /// Whether a Close frame of ours must be the last frame.
    closing: bool,
}

impl Model {
    fn new(role: Role) -> Self {
        let limits =
            Limits { message: 1000, unread_pings: 20, output_high: 5_000, output_max: 20_000, ..Limits::default() };
        let config = Config { limits, keepalive: Some(Keepalive::default()), ..Config::default() };
        Self {
            connection: connection(role, &config),
            checker: Checker::of(role),
            now: NOW,
            accepted: 0,
            violation: None,
            ended: false,
            closing: false,
        }
    }

    fn sent(&mut self, len: usize, result: Result<(), SendError>) {
        match result {
            Ok(()) => self.accepted += len as u64,
            Err(SendError::Closed) => assert!(!self.connection.is_open()),
            Err(SendError::Full { queued, limit }) => {
                assert!(queued == self.connection.output().remaining() && queued >= limit);
            }
            Err(_) => assert!(self.connection.is_open()),
        }
    }

    fn take(&mut self, step: Step) {
        let open = self.connection.is_open();
        match step {
            Step::Send(len, kind) => {
                let message: Message = match kind {
                    Kind::Text => "x".repeat(len).into(),
                    Kind::Binary => vec![0; len].into(),
                };
                let result = self.connection.send(message);
                self.sent(len, result);
            }
            Step::SendRef(len) => {
                let result = self.connection.send_ref(&vec![0; len][..]);
                self.sent(len, result);
            }
            Step::Fragment(payload, kind, last) => {
                let len = payload.len();
                let result = self.connection.send_fragment(Fragment { kind, payload: payload.into(), last });
                self.sent(len, result);
            }
            Step::Ping(len) => assert!(self.connection.ping(&vec![0; len]).is_err() || (open && len <= 125)),
            Step::Pong(len) => assert!(self.connection.pong(&vec![0; len]).is_err() || (open && len <= 125)),
            Step::Close(frame) => {
                let frame = frame.map(|(code, len)| CloseFrame::new(code, "r".repeat(len)));
                let legal = frame.as_ref().is_none_or(|frame| frame.code.is_sendable() && frame.reason.len() <= 123);
                assert_eq!(self.connection.close(frame).is_ok(), legal);
                assert_eq!(self.connection.is_open(), open && !legal);
            }
            Step::Receive(bytes, take, most) => self.receive(&bytes, take, most),
            Step::Eof => {
                let clean = self.connection.is_clean() || self.violation.is_some() || self.ended;
                assert_eq!(self.connection.receive_eof().is_ok(), clean);
                self.ended = true;
            }
            Step::Write(count) => {
                let count = count.index(self.connection.output().remaining() + 1);
                let before = self.connection.buffered_amount();
                self.checker.read(&write(&mut self.connection, count));
                assert!(self.connection.buffered_amount() <= before);
            }
            Step::Wait(duration) => self.wait(duration),
            Step::Lend => {
                self.connection.input().lend(InputBuffer::with_capacity(100));
                self.connection.output().lend(BytesMut::with_capacity(100));
            }
            Step::Reclaim => {
                self.connection.input().reclaim();
                let idle = !self.connection.wants_write();
                let reclaimed = self.connection.output().reclaim();
                assert!(reclaimed.is_none_or(|buffer| buffer.is_empty() && idle));
            }
        }
        self.closing |= open && !self.connection.is_open();
    }

    fn receive(&mut self, bytes: &[u8], take: Take, most: usize) {
        self.connection.input().extend_from_slice(bytes);
        for i in 0..most {
            let (receiving, clean) = (self.violation.is_none() && !self.ended, self.connection.is_clean());
            let ready = self.connection.is_ready();
            let result = match take.at(i) {
                Take::ShortOwned => match self.connection.take_message(self.now) {
                    Some(message) => Ok(Some(Event::Message(message))),
                    None => self.connection.receive(self.now),
                },
                Take::ShortLent => match self.connection.lend_message(self.now) {
                    Some((message, _)) => Ok(Some(Event::Message(message.into()))),
                    None => self.connection.receive(self.now),
                },
                Take::Owned => self.connection.receive(self.now),
                Take::Lent | Take::Alternately => {
                    self.connection.receive_ref(self.now).map(|event| event.map(Event::from))
                }
            };
            match result {
                Ok(None) => {
                    assert!(!ready);
                    return;
                }
                Ok(Some(event)) => {
                    assert!(receiving);
                    let close = matches!(event, Event::Close(_));
                    assert!(!clean || (ready && close), "an event behind the Close frame");
                }
                Err(error) => {
                    assert_eq!(self.violation.replace(error), None);
                    assert!(!ready);
                }
            }
        }
    }

    fn wait(&mut self, duration: Duration) {
        self.now = self.now + duration;
        let result = self.connection.handle_timeout(self.now);
        self.ended |= result.is_err() || self.connection.is_closed();
        if let Some(next) = self.connection.poll_timeout() {
            assert!(next > self.now, "next at {next:?}, now is {:?}", self.now);
        }
        if result.is_err() {
            assert!(self.connection.is_closed());
        }
    }

    fn check(&mut self) {
        let connection = &mut self.connection;
        let wants_write = connection.wants_write();
        assert_eq!(wants_write, connection.output().remaining() > 0);
        assert_eq!(wants_write, connection.wants_write());
        let queued = connection.output().remaining() as u64;
        assert!(connection.buffered_amount() <= queued.min(self.accepted));
        assert!(queued <= 20_000 + 6_000 + 3 * 139 + 14, "{queued} bytes queued");
        assert!(!(connection.is_open() && (connection.wants_shutdown() || connection.is_closed())));
        assert!(!(wants_write && connection.wants_shutdown()));
        if self.violation.is_some() {
            assert_eq!(connection.violation(), self.violation);
        }
        if connection.is_closed() {
            assert!(!connection.wants_read() && connection.wants_shutdown());
            assert_eq!(connection.poll_timeout(), None);
            assert_eq!(connection.send("late"), Err(SendError::Closed));
        } else {
            assert!(connection.poll_timeout().is_some(), "waits for nothing and is not closed");
        }
        assert_eq!(connection.is_open(), !self.closing);
    }
}

proptest! {
    /// R094, R095, R132: whatever is done in whatever order.
    #[test]
    fn any_order_of_calls_is_correct((role, steps) in role().prop_flat_map(|role| (Just(role), prop::collection::vec(step(role), 0..40)))) {
        let mut model = Model::new(role);
        for step in steps {
            model.take(step);
            model.check();
        }
        let lost = model.connection.is_closed();
        model.checker.read(&drain(&mut model.connection));
        if model.closing && !lost {
            prop_assert!(model.checker.is_whole());
            prop_assert!(model.checker.close.is_some());
        }
    }
}
