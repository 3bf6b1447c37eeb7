//! Compressed messages of a hostile peer.

use crate::frame::{BINARY, RSV1, TEXT, message};
use crate::memory::Meter;
use crate::outcome::{Cuts, Manner, Outcome};
use crate::reader::{Heard, Reader};
use crate::setup::{Setup, other};
use crate::tape::{Recorded, Tape, trace};
use sansws_core::frame::Role;
use sansws_core::{Config, Delivery, Instant, ProtocolError};

/// What an inflater holds beside the message: itself, the text it may have to be told, a piece that is given out, and
/// what the thread keeps of such.
const INFLATER: u64 = 640 << 10;

/// Whatever is said to be compressed: any cut gives the same, nothing beyond the limit is given out or held, and what is
/// given out is what an inflater that is not ours makes of it.
pub fn inflate(data: &[u8]) {
    let mut tape = Tape::new(data);
    let role = if tape.flag() { Role::Client } else { Role::Server };
    let Setup([a, b, c]) = Setup::read(&mut tape);
    let setup = Setup([a, b | Setup::DEFLATE, c]);
    let (manner, cuts) = (Manner(tape.byte()), Cuts::read(&mut tape));
    let (mut bytes, mut bomb) = (Vec::new(), false);
    while !tape.is_empty() && bytes.len() < 1 << 20 {
        let flags = tape.byte();
        let repeats = if flags & 2 == 0 { 1 } else { 1 + 4 * usize::from(tape.byte()) };
        bomb |= repeats > 1;
        let frames = Cuts::read(&mut tape);
        let len = usize::from(tape.short() & 0x7ff);
        let payload = tape.bytes(len).repeat(repeats);
        let first = if flags & 1 == 0 { BINARY } else { TEXT };
        bytes.extend(message(role, first | RSV1, &frames.of(&payload)));
    }

    trace(&(role, setup, &cuts, &bytes));

    let outcome = |delivery, pieces: &[&[u8]], manner| {
        let mut connection = setup.connection(role, Config { delivery, ..setup.config() });
        Outcome::of(&mut connection, pieces.iter().copied(), manner, false)
    };
    let whole = outcome(Delivery::Messages, &[&bytes], Manner::PLAIN);
    check(setup, role, &bytes, &whole, bomb);
    let cut = outcome(Delivery::Messages, &cuts.of(&bytes), manner);
    assert_eq!((&cut.heard, cut.error), (&whole.heard, whole.error));
    let pieces = outcome(Delivery::Fragments, &[&bytes], manner);
    assert_eq!((&pieces.heard, pieces.error), (&whole.heard, whole.error));
    if bytes.len() < 4 << 10 {
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        let last = outcome(Delivery::Fragments, &single, manner);
        assert_eq!((&last.heard, last.error), (&whole.heard, whole.error));
        assert!(last.rest.starts_with(&pieces.rest));
    }
    for delivery in [Delivery::Messages, Delivery::Fragments] {
        memory(setup, role, delivery, &bytes);
    }
}

fn check(setup: Setup, role: Role, bytes: &[u8], whole: &Outcome, bomb: bool) {
    let limits = setup.config().limits;
    for heard in &whole.heard {
        assert!(matches!(heard, Heard::Message(_, payload) if payload.len() as u64 <= limits.message));
    }
    match whole.error {
        None
        | Some(
            ProtocolError::InvalidDeflate
            | ProtocolError::InvalidUtf8 { .. }
            | ProtocolError::TooManyFragments { .. }
            | ProtocolError::TooManyEmptyFragments { .. },
        ) => {}
        Some(ProtocolError::TooBig { limit, size }) => {
            assert!((limit == limits.message && size == limit + 1) || (limit > limits.message && size > limit));
        }
        Some(error) => panic!("{error}"),
    }
    if bomb {
        return; // the dull inflater has no limit
    }
    let peer = other(role);
    let mut reader = Reader::of(peer, setup.takeover(peer), limits);
    reader.read(bytes);
    let expected: Vec<&Heard> = reader.heard.iter().map(|(heard, _)| heard).collect();
    let given: Vec<&Heard> = whole.heard.iter().collect();
    assert!(expected.starts_with(&given), "other text");
    match whole.error {
        None => assert!(expected == given && reader.wrong.is_none(), "not noticed: {:?}", reader.wrong),
        Some(ProtocolError::InvalidDeflate) if expected.len() > given.len() => {
            assert!(reader.heard[given.len()].1, "refused, but it is right");
        }
        Some(error) if expected == given => {
            let wrong = reader.wrong.unwrap_or_else(|| panic!("{error}, but nothing is wrong"));
            let early = reader.is_inflating(); // what is inflated shows before the message has ended
            assert!(early || wrong.code == 1007 || wrong.code == error.close_code().0, "{error}, not {wrong:?}");
        }
        Some(error) => panic!("{error}, but there is a message"),
    }
}

/// However well it is compressed, no more is held than the limit.
fn memory(setup: Setup, role: Role, delivery: Delivery, bytes: &[u8]) {
    let mut meter = Meter::default();
    let mut connection = meter.run(|| setup.connection(role, Config { delivery, ..setup.config() }));
    for piece in bytes.chunks(1024) {
        meter.run(|| connection.input().extend_from_slice(piece));
        while !matches!(meter.run(|| connection.receive(Instant::ORIGIN).map(|event| event.is_none())), Ok(true)) {}
    }
    let held = meter.run(|| connection.input().len()) as u64;
    assert!(held <= setup.config().limits.message + 150, "{held} bytes of input are held");
    let bound = INFLATER + 3 * (setup.config().limits.message + 1024);
    assert!(meter.peak() <= i64::try_from(bound).unwrap_or(i64::MAX), "{} bytes held", meter.peak());
    meter.run(|| drop(connection));
}
