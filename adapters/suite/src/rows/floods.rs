//! Peers that send much that is worth nothing: what they may, at the defaults, and one more.

use crate::peer::{Peer, close_payload, frame, together};
use crate::stage::{in_both_roles, open};
use crate::subject::{Socket, Subject};
use sansws_core::frame::{Opcode, Role};
use sansws_core::{Config, Limits, ProtocolError};
use sansws_driver::Error;
use std::time::Duration;

const MANY: usize = 20_000;

#[track_caller]
fn assert_failed(ws: &mut dyn Socket, expected: ProtocolError) {
    let error = ws.next().unwrap().unwrap_err();
    assert!(matches!(error, Error::Protocol(told) if told == expected), "{error:?}, not {expected:?}");
    assert!(ws.next().is_none() && !ws.is_open());
}

/// Each is answered, or a later one.
pub(crate) fn pings_whose_answers_are_read(subject: &dyn Subject) {
    in_both_roles(|role| {
        let (mut ws, mut peer) = open(subject, role, Config::default());
        together(
            || {
                assert_eq!(ws.next().unwrap().unwrap(), "enough".into());
                ws.send("indeed".into()).unwrap();
            },
            || {
                let mut last = None;
                for from in (0..MANY).step_by(100) {
                    let pings = (from..from + 100).map(|at| frame(peer.role(), Opcode::Ping, true, &at.to_be_bytes()));
                    peer.write(pings.collect::<Vec<_>>().concat());
                    let newest = (from + 99).to_be_bytes();
                    while last.as_deref() != Some(&newest[..]) {
                        let pong = peer.frame().unwrap();
                        assert!(pong.header.opcode == Opcode::Pong && last.is_none_or(|last| last < pong.payload));
                        last = Some(pong.payload);
                    }
                }
                peer.send(Opcode::Text, "enough");
                peer.expect(Opcode::Text, "indeed");
            },
        );
    });
}

/// Once the buffers of the system are full, and so is ours, such a peer has a thousand left.
pub(crate) fn pings_whose_answers_are_not_read(subject: &dyn Subject) {
    in_both_roles(|role| {
        let short = Duration::from_millis(60); // for the Close frame, which is not read either
        let config = Config { write_timeout: short, close_timeout: short, ..Config::default() };
        let (mut ws, mut peer) = open(subject, role, config);
        peer.receive_little();
        together(
            || {
                assert_failed(&mut *ws, ProtocolError::PingFlood { limit: Limits::default().unread_pings });
                drop(ws);
            },
            || {
                let pings = frame(peer.role(), Opcode::Ping, true, &[7; 125]).repeat(100);
                while peer.try_write(&pings).is_ok() {}
            },
        );
    });
}

pub(crate) fn pongs(subject: &dyn Subject) {
    in_both_roles(|role| {
        let (mut ws, mut peer) = open(subject, role, Config::default());
        together(
            || {
                assert_eq!(ws.next().unwrap().unwrap(), "enough".into());
                ws.send("indeed".into()).unwrap();
            },
            || {
                peer.write(frame(peer.role(), Opcode::Pong, true, &[7; 125]).repeat(MANY));
                peer.send(Opcode::Text, "enough");
                peer.expect(Opcode::Text, "indeed"); // and no other frame
            },
        );
    });
}

pub(crate) fn empty_fragments(subject: &dyn Subject) {
    let Limits { empty_fragments: limit, .. } = Limits::default();
    fragments(subject, b"", limit, ProtocolError::TooManyEmptyFragments { limit });
}

pub(crate) fn tiny_fragments(subject: &dyn Subject) {
    let Limits { fragments: limit, .. } = Limits::default();
    fragments(subject, b"x", limit - 1, ProtocolError::TooManyFragments { limit }); // and the last one
}

/// So many and an end are a message; one more is an error.
fn fragments(subject: &dyn Subject, payload: &[u8], most: u32, expected: ProtocolError) {
    in_both_roles(|role| {
        let (mut ws, mut peer) = open(subject, role, Config::default());
        together(
            || {
                let message = ws.next().unwrap().unwrap();
                assert_eq!(message.as_bytes().len(), most as usize * payload.len());
                assert_failed(&mut *ws, expected);
            },
            || {
                peer.write(pieces(peer.role(), payload, most));
                peer.send_part(Opcode::Continuation, true, b"");
                peer.write(pieces(peer.role(), payload, most + 1));
                peer.send_part(Opcode::Continuation, true, b"");
                expect_reason(&mut peer, expected);
            },
        );
    });
}

/// A message without an end.
fn pieces(from: Role, payload: &[u8], count: u32) -> Vec<u8> {
    let next = frame(from, Opcode::Continuation, false, payload);
    [frame(from, Opcode::Binary, false, payload), next.repeat(count as usize - 1)].concat()
}

#[track_caller]
fn expect_reason(peer: &mut Peer, error: ProtocolError) {
    peer.expect(Opcode::Close, close_payload(error.close_code(), &error.to_string()));
    peer.end();
}
