//! Pings and pongs (RFC 6455 §5.5.2, §5.5.3).

use crate::peer::together;
use crate::stage::{in_both_roles, open};
use crate::subject::Subject;
use bytes::Bytes;
use sansws_core::frame::Opcode;
use sansws_core::{CloseFrame, Config, Event, SendError};
use sansws_driver::Error;
use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) fn pings_are_answered_while_reading(subject: &dyn Subject) {
    in_both_roles(|role| {
        let (mut ws, mut peer) = open(subject, role, Config::default());
        let (message, ()) = together(
            || ws.next().unwrap().unwrap(),
            || {
                for payload in [&b""[..], b"ping", &[0xff; 125]] {
                    peer.send(Opcode::Ping, payload);
                    peer.expect(Opcode::Pong, payload);
                }
                peer.send(Opcode::Text, "done");
            },
        );
        assert_eq!(message, "done".into());
    });
}

pub(crate) fn pings_are_answered_while_sending(subject: &dyn Subject) {
    in_both_roles(|role| {
        let (mut ws, mut peer) = open(subject, role, Config::default());
        let answered = AtomicBool::new(false);
        together(
            || {
                while !answered.load(Ordering::Relaxed) {
                    ws.send("tick".into()).unwrap();
                }
            },
            || {
                peer.send(Opcode::Ping, b"ping");
                loop {
                    let frame = peer.frame().unwrap();
                    if frame.header.opcode == Opcode::Pong {
                        assert_eq!(frame.payload, b"ping"[..]);
                        break answered.store(true, Ordering::Relaxed);
                    }
                }
            },
        );
    });
}

pub(crate) fn pongs_that_nobody_asked_for_do_nothing(subject: &dyn Subject) {
    in_both_roles(|role| {
        let (mut ws, mut peer) = open(subject, role, Config::default());
        peer.send(Opcode::Pong, b"unasked");
        peer.send(Opcode::Text, "hi");
        assert_eq!(ws.next().unwrap().unwrap(), "hi".into());
        ws.send("hello".into()).unwrap();
        peer.expect(Opcode::Text, "hello"); // and nothing before it
    });
}

pub(crate) fn pings_of_ours_are_answered_by_events(subject: &dyn Subject) {
    in_both_roles(|role| {
        let (mut ws, mut peer) = open(subject, role, Config::default());
        ws.ping(b"?").unwrap();
        peer.expect(Opcode::Ping, b"?");
        peer.send(Opcode::Pong, b"?");
        assert_eq!(ws.next_event().unwrap().unwrap(), Event::Pong(Bytes::from_static(b"?")));
        let error = ws.ping(&[0; 126]).unwrap_err();
        assert!(matches!(error, Error::Send(SendError::ControlTooLong { len: 126 })), "{error}");
        assert!(ws.is_open());
    });
}

pub(crate) fn all_is_an_event_for_those_who_ask(subject: &dyn Subject) {
    in_both_roles(|role| {
        let (mut ws, mut peer) = open(subject, role, Config::default());
        peer.send(Opcode::Ping, b"1");
        peer.send(Opcode::Text, "hi");
        peer.send(Opcode::Pong, b"2");
        peer.send(Opcode::Close, b"\x0f\xa0bye");
        peer.end();
        let events: Vec<Event> = std::iter::from_fn(|| ws.next_event()).map(Result::unwrap).collect();
        let expected = [
            Event::Ping(Bytes::from_static(b"1")),
            Event::Message("hi".into()),
            Event::Pong(Bytes::from_static(b"2")),
            Event::Close(Some(CloseFrame::new(4000, "bye"))),
        ];
        assert_eq!(events, expected);
        peer.expect(Opcode::Pong, b"1");
        peer.expect(Opcode::Close, b"\x0f\xa0");
    });
}
