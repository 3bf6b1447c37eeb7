//! Cuts of the input.

use crate::outcome::{Cuts, Manner, Outcome};
use crate::reader::Heard;
use crate::said::Said;
use crate::setup::Setup;
use crate::tape::{Recorded, Tape};
use sansws_core::Delivery;
use sansws_core::frame::Role;

/// Byte by byte, more would only take time.
const MOST: usize = 5000;

/// However the input is cut, put in and taken, whole or in pieces: the same events, the same error, the same output.
pub fn split_invariance(data: &[u8]) {
    let mut tape = Tape::new(data);
    let role = if tape.flag() { Role::Client } else { Role::Server };
    let (setup, manner, cuts) = (Setup::read(&mut tape), Manner(tape.byte()), Cuts::read(&mut tape));
    let mut bytes: Vec<u8> = tape.all::<Said>(50).iter().flat_map(|said| said.bytes(role)).collect();
    bytes.truncate(MOST);

    let outcome = |delivery, pieces: &[&[u8]], manner| {
        let config = sansws_core::Config { delivery, ..setup.config() };
        let mut connection = setup.connection(role, config);
        Outcome::of(&mut connection, pieces.iter().copied(), manner, delivery == Delivery::Messages)
    };
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    let whole = outcome(Delivery::Messages, &[&bytes], Manner::PLAIN);
    for (pieces, manner) in [(cuts.of(&bytes), manner), (single.clone(), Manner::PLAIN)] {
        let cut = outcome(Delivery::Messages, &pieces, manner);
        assert_eq!((&cut.heard, cut.error), (&whole.heard, whole.error));
        // How many pings find much queued, and so wait for the newest, is a matter of how often there is a write.
        assert!(cut.written == whole.written || whole.written.len() > 16 << 10, "other bytes are written");
    }
    let pieces = outcome(Delivery::Fragments, &[&bytes], manner);
    let last = outcome(Delivery::Fragments, &single, manner);
    let cut = outcome(Delivery::Fragments, &cuts.of(&bytes), Manner::PLAIN);
    for fragments in [&pieces, &cut, &last] {
        assert_eq!((&fragments.heard, fragments.error), (&whole.heard, whole.error));
        assert!(last.rest.starts_with(&fragments.rest), "byte by byte, most is given out of what goes wrong");
    }
    let close = whole.heard.iter().position(|heard| matches!(heard, Heard::Close(_)));
    assert!(close.is_none_or(|at| at + 1 == whole.heard.len()), "an event behind the Close frame");
}
