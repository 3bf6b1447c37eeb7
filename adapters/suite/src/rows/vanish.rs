//! Peers that go without a word, and how our own going looks to them.

use crate::peer::frame;
use crate::stage::{in_both_roles, open};
use crate::subject::{Socket, Subject};
use sansws_core::frame::{Opcode, Role};
use sansws_core::{Config, ProtocolError};
use sansws_driver::Error;

/// The error is told once, and then it is over.
#[track_caller]
fn assert_lost(ws: &mut dyn Socket, expected: impl Fn(&Error) -> bool) {
    let error = ws.next().unwrap().unwrap_err();
    assert!(expected(&error), "{error:?}");
    assert!(ws.next().is_none() && !ws.is_clean() && !ws.is_open());
    assert!(ws.send("late".into()).unwrap_err().is_closed());
    assert_eq!(ws.close(None).unwrap(), None);
}

const fn is_eof(error: &Error) -> bool {
    matches!(error, Error::Protocol(ProtocolError::UnexpectedEof))
}

/// What was said before counts. There is nobody to say anything to.
pub(crate) fn without_closing(subject: &dyn Subject) {
    in_both_roles(|role| {
        let (mut ws, mut peer) = open(subject, role, Config::default());
        peer.send(Opcode::Text, "hi");
        peer.end();
        assert_eq!(ws.next().unwrap().unwrap(), "hi".into());
        assert_lost(&mut *ws, is_eof);
        drop(ws);
        assert!(peer.frame().is_none());
    });
}

pub(crate) fn in_the_middle_of_a_frame(subject: &dyn Subject) {
    in_both_roles(|role| {
        let from = if role == Role::Client { Role::Server } else { Role::Client };
        let bytes =
            [frame(from, Opcode::Text, false, b"one"), frame(from, Opcode::Continuation, true, b"two")].concat();
        for cut in 1..bytes.len() {
            let (mut ws, mut peer) = open(subject, role, Config::default());
            peer.write(&bytes[..cut]);
            peer.end();
            assert_lost(&mut *ws, is_eof);
        }
    });
}

pub(crate) fn with_a_reset(subject: &dyn Subject) {
    in_both_roles(|role| {
        let (mut ws, peer) = open(subject, role, Config::default());
        peer.reset();
        assert_lost(&mut *ws, |error| matches!(error, Error::Io(_)));
    });
}

pub(crate) fn while_we_send(subject: &dyn Subject) {
    in_both_roles(|role| {
        for reset in [true, false] {
            let (mut ws, peer) = open(subject, role, Config::default());
            match reset {
                true => peer.reset(),
                false => drop(peer),
            }
            let error = loop {
                if let Err(error) = ws.send("is anybody there?".into()) {
                    break error;
                }
            };
            assert!(is_eof(&error) || matches!(error, Error::Io(_)), "{error:?}");
            assert!(ws.send("late".into()).unwrap_err().is_closed());
            assert!(ws.next().is_none());
        }
    });
}

pub(crate) fn while_we_close(subject: &dyn Subject) {
    in_both_roles(|role| {
        let (mut ws, mut peer) = open(subject, role, Config::default());
        peer.end();
        let error = ws.close(None).unwrap_err();
        assert!(is_eof(&error), "{error:?}");
        assert!(ws.next().is_none() && !ws.is_clean());
    });
}

/// To drop a connection is not to close it, and the peer can tell.
pub(crate) fn and_we_may_as_well(subject: &dyn Subject) {
    in_both_roles(|role| {
        let (mut ws, mut peer) = open(subject, role, Config::default());
        ws.send("hi".into()).unwrap();
        drop(ws);
        peer.expect(Opcode::Text, "hi");
        assert!(peer.frame().is_none());
    });
}
