//! Incremental validation of text.

use crate::frame::{CLOSE, TEXT, message};
use crate::outcome::{Cuts, Manner, Outcome};
use crate::payload::Payload;
use crate::reader::Heard;
use crate::setup::Setup;
use crate::tape::{Recorded, Tape};
use bytes::Bytes;
use sansws_core::frame::Role;
use sansws_core::{Config, Fragment, Kind, ProtocolError, SendError, Text};

/// The standard library decides what is UTF-8 and where it fails, whatever the fragments and cuts; and what is hopeless
/// fails before it is whole. Of what arrives, of what is sent, and of the reason in a Close frame.
pub fn utf8(data: &[u8]) {
    let mut tape = Tape::new(data);
    let (manner, fragments, cuts) = (Manner(tape.byte()), Cuts::read(&mut tape), Cuts::read(&mut tape));
    let padding = Payload::Text(u16::from(tape.byte()) * 10).bytes();
    let text = [&padding[..], tape.rest()].concat();
    let fragments = fragments.of(&text);
    let verdict = str::from_utf8(&text).map_err(|error| (error.valid_up_to() as u64, error.error_len().is_some()));

    assert_eq!(Text::try_from(Bytes::copy_from_slice(&text)).is_ok(), verdict.is_ok());
    receiving(&fragments, &cuts, manner, &text, verdict.map(|_| ()));
    sending(&fragments, verdict.map(|_| ()));
    closing(&text);
}

type Verdict = Result<(), (u64, bool)>;

fn receiving(fragments: &[&[u8]], cuts: &Cuts, manner: Manner, text: &[u8], verdict: Verdict) {
    let outcome = |bytes: &[u8], cuts: &Cuts| {
        let mut connection = Setup([3, 0, 0]).connection(Role::Server, Setup([3, 0, 0]).config());
        Outcome::of(&mut connection, cuts.of(bytes), manner, false)
    };
    let whole = outcome(&message(Role::Server, TEXT, fragments), cuts);
    match verdict {
        Ok(()) => assert_eq!((whole.heard, whole.error), (vec![Heard::Message(Kind::Text, text.into())], None)),
        Err((at, _)) => assert_eq!((whole.heard, whole.error), (vec![], Some(ProtocolError::InvalidUtf8 { at }))),
    }
    // As soon as it is hopeless, and not before: also within a frame.
    let mut begun = message(Role::Server, TEXT, &[&[text, b"?"].concat()]);
    begun.pop();
    let begun = outcome(&begun, cuts);
    let hopeless = verdict.err().filter(|(_, hopeless)| *hopeless);
    assert_eq!(begun.error, hopeless.map(|(at, _)| ProtocolError::InvalidUtf8 { at }));
}

fn sending(fragments: &[&[u8]], verdict: Verdict) {
    let mut connection = Setup([3, 0x40, 0]).connection(Role::Client, Config::client());
    let result = fragments.iter().enumerate().try_for_each(|(at, payload)| {
        let payload = Bytes::copy_from_slice(payload);
        connection.send_fragment(Fragment { kind: Kind::Text, payload, last: at + 1 == fragments.len() })
    });
    assert_eq!(result, verdict.map_err(|(at, _)| SendError::InvalidUtf8 { at }));
}

fn closing(text: &[u8]) {
    if text.len() > 123 {
        return;
    }
    let frame = message(Role::Server, CLOSE, &[&[&[3, 232], text].concat()]);
    let mut connection = Setup([0; 3]).connection(Role::Server, Config::default());
    let outcome = Outcome::of(&mut connection, [&frame[..]], Manner::PLAIN, false);
    match str::from_utf8(text) {
        Ok(text) => assert_eq!(outcome.heard, [Heard::Close(Some((1000, text.into())))]),
        Err(error) => {
            let at = error.valid_up_to() as u64;
            assert_eq!((outcome.heard, outcome.error), (vec![], Some(ProtocolError::InvalidUtf8 { at })));
        }
    }
}
