//! Messages there and back: every size, every cut, every way to take and to send them.

use crate::echo::{Echo, Server, on_threads};
use crate::peer::{Peer, close_payload, frame, opcode, request, together};
use crate::stage::{in_both_roles, open, url};
use crate::subject::{ClientOptions, ServerOptions, Subject};
use sansws_core::frame::{Opcode, Role};
use sansws_core::{CloseFrame, Config, Delivery, Event, Fragment, Kind, Limits, Message};

/// All forms of a length, and what is about as long as buffers are.
fn messages() -> Vec<Message> {
    let sizes = [0_usize, 1, 125, 126, 127, 4095, 4096, 65_535, 65_536, 1 << 20];
    let binary = sizes.map(|size| Message::from(vec![size.to_le_bytes()[0]; size]));
    let text = sizes.map(|size| Message::from("é".repeat(size / 2) + &"e".repeat(size % 2)));
    binary.into_iter().chain(text).collect()
}

/// A client of this server, whose connection is open.
fn client(server: &Server) -> Peer {
    let mut peer = Peer::client(server.address());
    peer.write(request(""));
    assert!(peer.head().starts_with("HTTP/1.1 101 "));
    peer
}

/// Each message, then a Close frame.
fn ask(server: &Server) {
    let mut peer = client(server);
    for message in messages() {
        peer.say(&message);
        peer.hear(&message);
    }
    peer.send(Opcode::Close, close_payload(4000, "bye"));
    peer.expect(Opcode::Close, close_payload(4000, ""));
    assert!(peer.frame().is_none());
    drop(peer);
    let end = server.end();
    assert!(end.result.is_ok(), "{end:?}");
    assert_eq!(end.close_frame, Some(CloseFrame::new(4000, "bye")));
}

pub(crate) fn every_size(subject: &dyn Subject) {
    Echo::ALL.into_iter().for_each(|way| ask(&subject.serve(ServerOptions::default(), way)));
}

/// Each call runs to its end before the next.
pub(crate) fn every_size_by_threads(subject: &dyn Subject) {
    Echo::ALL.into_iter().for_each(|way| ask(&on_threads(subject.listen(ServerOptions::default()), way)));
}

pub(crate) fn every_size_as_a_client(subject: &dyn Subject) {
    let server = subject.serve(ServerOptions::default(), Echo::Serve);
    let (mut ws, _) = subject.connect(&url(server.address()), ClientOptions::default()).unwrap();
    for message in messages() {
        ws.send(message.clone()).unwrap();
        assert!(ws.next().unwrap().unwrap() == message, "{} bytes", message.len());
        ws.feed_ref((&message).into()).unwrap();
        assert!(ws.read().unwrap().unwrap() == message, "{} bytes", message.len());
    }
    assert_eq!(ws.close(Some(CloseFrame::new(4000, "bye"))).unwrap(), Some(CloseFrame::new(4000, "")));
    assert!(ws.is_clean() && ws.next().is_none());
}

pub(crate) fn many_in_one_packet(subject: &dyn Subject) {
    const COUNT: usize = 1000;
    let text = |at: usize| format!("message {at}");
    let packet: Vec<u8> =
        (0..COUNT).flat_map(|at| frame(Role::Client, Opcode::Text, true, text(at).as_bytes())).collect();
    for way in Echo::ALL {
        let server = subject.serve(ServerOptions::default(), way);
        let mut peer = client(&server);
        peer.write(&packet);
        (0..COUNT).for_each(|at| peer.expect(Opcode::Text, text(at)));
    }
}

/// As a client, before the first answer is read.
pub(crate) fn many_fed_at_once(subject: &dyn Subject) {
    let server = subject.serve(ServerOptions::default(), Echo::Serve);
    let (mut ws, _) = subject.connect(&url(server.address()), ClientOptions::default()).unwrap();
    let text = |at: usize| Message::from(format!("message {at}"));
    (0..1000).for_each(|at| ws.feed(text(at)).unwrap());
    (0..1000).for_each(|at| assert_eq!(ws.next().unwrap().unwrap(), text(at)));
}

pub(crate) fn one_byte_at_a_time(subject: &dyn Subject) {
    let message = Message::from("é".repeat(100));
    in_both_roles(|role| {
        let (mut ws, mut peer) = open(subject, role, Config::default());
        let bytes = frame(peer.role(), opcode(&message), true, message.as_bytes());
        let ((), ()) = together(
            || {
                let received = ws.next().unwrap().unwrap();
                assert_eq!(received, message);
                ws.send(received).unwrap();
            },
            || {
                bytes.chunks(1).for_each(|byte| peer.write(byte));
                peer.hear(&message);
            },
        );
    });
}

/// RFC 6455 §5.4: control frames may stand between fragments. The text is cut inside a character.
pub(crate) fn fragments_around_control_frames(subject: &dyn Subject) {
    for way in Echo::ALL {
        let server = subject.serve(ServerOptions::default(), way);
        let mut peer = client(&server);
        peer.send_part(Opcode::Text, false, b"h\xc3");
        peer.send(Opcode::Ping, b"1");
        peer.expect(Opcode::Pong, b"1");
        peer.send_part(Opcode::Continuation, false, b"");
        peer.send(Opcode::Pong, b"unasked");
        peer.send_part(Opcode::Continuation, false, b"\xa9ll");
        peer.send(Opcode::Ping, b"2");
        peer.expect(Opcode::Pong, b"2");
        peer.send_part(Opcode::Continuation, true, b"o");
        peer.expect(Opcode::Text, "héllo");
    }
}

/// Pieces are given out before their message, or even their frame, is whole; and sent in frames of their own.
pub(crate) fn pieces_as_they_arrive(subject: &dyn Subject) {
    let config = Config { delivery: Delivery::Fragments, ..Config::default() };
    for way in [Echo::Events, Echo::ServeEvents] {
        let options = ServerOptions { config: config.clone(), ..ServerOptions::default() };
        let server = subject.serve(options, way);
        let mut peer = client(&server);
        let whole = frame(Role::Client, Opcode::Binary, false, b"abcdef");
        peer.write(&whole[..9]); // of which three bytes are payload
        peer.expect_part(Opcode::Binary, false, b"abc");
        peer.write(&whole[9..]);
        peer.expect_part(Opcode::Continuation, false, b"def");
        peer.send_part(Opcode::Continuation, true, b"gh");
        peer.expect_part(Opcode::Continuation, true, b"gh");
    }
    in_both_roles(|role| {
        let (mut ws, mut peer) = open(subject, role, config.clone());
        peer.send(Opcode::Text, "é");
        let Event::Fragment(fragment) = ws.next_event().unwrap().unwrap() else { panic!("a fragment") };
        assert_eq!(fragment, Fragment { kind: Kind::Text, payload: "é".into(), last: true });
    });
}

/// Nothing that was fed is stranded by waiting for the answer.
pub(crate) fn what_is_fed_leaves_with_next(subject: &dyn Subject) {
    in_both_roles(|role| {
        let (mut ws, mut peer) = open(subject, role, Config::default());
        ws.feed("question".into()).unwrap();
        let (answer, ()) = together(
            || ws.next().unwrap().unwrap(),
            || {
                peer.expect(Opcode::Text, "question");
                peer.send(Opcode::Text, "answer");
            },
        );
        assert_eq!(answer, "answer".into());
    });
}

pub(crate) fn beyond_the_usual(subject: &dyn Subject) {
    const SIZE: usize = 20 << 20;
    let limits = Limits { message: SIZE as u64, ..Limits::default() };
    let config = Config { limits, ..Config::default() };
    let options = ServerOptions { config: config.clone(), ..ServerOptions::default() };
    let server = subject.serve(options, Echo::Serve);
    let options = ClientOptions { config, ..ClientOptions::default() };
    let (mut ws, _) = subject.connect(&url(server.address()), options).unwrap();
    let message = Message::from(vec![7; SIZE]);
    ws.send(message.clone()).unwrap();
    assert!(ws.next().unwrap().unwrap() == message);
}
