//! Peers that break the protocol: they are told why by a Close frame, and so are we.

use crate::peer::{Peer, close_payload, frame, together};
use crate::stage::{in_both_roles, open};
use crate::subject::Subject;
use sansws_core::frame::{Opcode, Role};
use sansws_core::{Config, Limits, ProtocolError};
use sansws_driver::Error;

const LIMIT: u64 = 100_000;

fn config() -> Config {
    Config {
        limits: Limits { message: LIMIT, fragments: 5, empty_fragments: 3, ..Limits::default() },
        ..Config::default()
    }
}

/// What an end in `from` may not send.
fn violations(from: Role) -> Vec<(Vec<u8>, ProtocolError)> {
    use Opcode::{Binary, Continuation, Ping, Text};
    use ProtocolError as E;
    let (other, masking) = match from {
        Role::Client => (Role::Server, E::Unmasked),
        Role::Server => (Role::Client, E::Masked),
    };
    let too_big = E::TooBig { limit: LIMIT, size: LIMIT + 1 };
    let half = vec![0; 50_001];
    let with_first = |first: u8, mut bytes: Vec<u8>| {
        bytes[0] = first;
        bytes
    };
    let with_first_byte = |first| with_first(first, frame(from, Text, true, b""));
    let with_length = |len: u64| {
        let mut bytes = frame(from, Binary, true, &vec![0; 1 << 16]);
        bytes[2..10].copy_from_slice(&len.to_be_bytes());
        bytes
    };
    let declares = |len| (with_length(len), E::TooBig { limit: LIMIT, size: len });
    vec![
        declares((1 << 32) - 1),
        declares(1 << 32),
        declares((1 << 32) + 5), // five, for those who count in 32 bits
        declares((1 << 63) - 1),
        (with_length(1 << 63), E::LengthOverflow { len: 1 << 63 }),
        (with_length(u64::MAX - 13), E::LengthOverflow { len: u64::MAX - 13 }),
        (with_length(u64::MAX), E::LengthOverflow { len: u64::MAX }),
        (with_length(125), E::OverlongLength { len: 125 }),
        (
            [frame(from, Binary, false, b"a"), with_first(0x80, with_length((1 << 63) - 1))].concat(),
            E::TooBig { limit: LIMIT, size: 1 << 63 },
        ),
        (frame(other, Text, true, b"hi"), masking),
        (with_first_byte(0xc1), E::ReservedBits { bits: 0b100 }),
        (with_first_byte(0x91), E::ReservedBits { bits: 0b001 }),
        (with_first_byte(0x83), E::ReservedOpcode { opcode: 3 }),
        (with_first_byte(0x8b), E::ReservedOpcode { opcode: 11 }),
        (frame(from, Ping, false, b""), E::FragmentedControl),
        (frame(from, Ping, true, &[0; 126]), E::ControlTooLong),
        (frame(from, Continuation, true, b""), E::UnexpectedContinuation),
        ([frame(from, Text, false, b"a"), frame(from, Text, true, b"b")].concat(), E::UnfinishedMessage),
        (frame(from, Text, true, b"\xff"), E::InvalidUtf8 { at: 0 }),
        (frame(from, Text, false, b"ab\xe2\x28"), E::InvalidUtf8 { at: 2 }), // before the message is whole
        (frame(from, Text, true, b"ab\xe2\x82"), E::InvalidUtf8 { at: 2 }),
        (frame(from, Binary, true, &vec![0; 100_001]), too_big),
        ([frame(from, Binary, false, &half), frame(from, Continuation, true, &half[1..])].concat(), too_big),
        (
            [frame(from, Binary, false, b"a"), frame(from, Continuation, false, b"b").repeat(5)].concat(),
            E::TooManyFragments { limit: 5 },
        ),
        (
            [frame(from, Binary, false, b""), frame(from, Continuation, false, b"").repeat(3)].concat(),
            E::TooManyEmptyFragments { limit: 3 },
        ),
    ]
}

/// It arrives though the peer sent more than was wanted of it.
pub(crate) fn are_told_both_ways(subject: &dyn Subject) {
    in_both_roles(|role| {
        let from = if role == Role::Client { Role::Server } else { Role::Client };
        for (said, error) in violations(from) {
            for extra in [0, 200_000] {
                let (mut ws, mut peer) = open(subject, role, config());
                peer.send(Opcode::Text, "legal");
                together(
                    || {
                        assert_eq!(ws.next().unwrap().unwrap(), "legal".into());
                        let told = ws.next().unwrap().unwrap_err();
                        assert!(matches!(told, Error::Protocol(told) if told == error), "{told:?}, not {error:?}");
                        assert!(ws.next().is_none() && !ws.is_clean() && !ws.is_open());
                        assert!(ws.send("late".into()).unwrap_err().is_closed());
                    },
                    || {
                        peer.write([&said, &*vec![0x55; extra]].concat());
                        expect_reason(&mut peer, error);
                    },
                );
            }
        }
    });
}

#[track_caller]
fn expect_reason(peer: &mut Peer, error: ProtocolError) {
    peer.expect(Opcode::Close, close_payload(error.close_code(), &error.to_string()));
    assert!(peer.frame().is_none());
    peer.end();
}

/// Whoever only sends is told as well, in whatever way.
pub(crate) fn are_told_while_sending(subject: &dyn Subject) {
    in_both_roles(|role| {
        let (mut ws, mut peer) = open(subject, role, Config::default());
        let (error, ()) = together(
            || loop {
                if let Err(error) = ws.send(vec![0; 10_000].into()) {
                    break error;
                }
            },
            || {
                peer.send_part(Opcode::Continuation, true, b"");
                let expected = ProtocolError::UnexpectedContinuation;
                loop {
                    let frame = peer.frame().expect("a Close frame");
                    if frame.header.opcode == Opcode::Close {
                        let payload = close_payload(expected.close_code(), &expected.to_string());
                        assert_eq!(frame.payload, payload);
                        break;
                    }
                }
                peer.end();
            },
        );
        let is_told = matches!(error, Error::Protocol(ProtocolError::UnexpectedContinuation));
        assert!(error.is_closed() || is_told, "{error}");
    });
}
