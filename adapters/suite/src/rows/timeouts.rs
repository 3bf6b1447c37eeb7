//! Peers that keep us waiting: each patience has an end. How much later than that is not asked here.

use crate::peer::{Peer, frame, listen, request, together};
use crate::stage::{in_both_roles, open};
use crate::subject::{ClientOptions, ServerOptions, Socket, Subject};
use sansws_core::frame::{Opcode, Role};
use sansws_core::handshake::HandshakeLimits;
use sansws_core::{Config, Keepalive, TimedOut};
use sansws_driver::Error;
use std::thread;
use std::time::{Duration, Instant};

/// Short, for peers that try it.
const SHORT: Duration = Duration::from_millis(60);

/// For peers that are not to try it, on a machine that is busy.
const LONG: Duration = Duration::from_secs(20);

/// The handshake of a subject in this role with a peer that does this, until it is gone.
#[track_caller]
fn fail_to_open(subject: &dyn Subject, role: Role, peer_does: impl FnOnce(&mut Peer) + Send) -> Error {
    let limits = HandshakeLimits { timeout: SHORT, ..HandshakeLimits::default() };
    let began = Instant::now();
    let (opened, ()) = match role {
        Role::Server => {
            let mut listener = subject.listen(ServerOptions { limits, ..ServerOptions::default() });
            let mut peer = Peer::client(listener.address());
            together(|| listener.accept().map(drop), || peer_does(&mut peer))
        }
        Role::Client => {
            let (listener, url) = listen();
            together(
                || subject.connect(&url, ClientOptions { limits, ..ClientOptions::default() }).map(drop),
                || {
                    let mut peer = Peer::server(&listener);
                    peer.head();
                    peer_does(&mut peer);
                },
            )
        }
    };
    assert!(began.elapsed() >= SHORT);
    opened.unwrap_err()
}

fn is_handshake(error: &Error) -> bool {
    matches!(error, Error::TimedOut(TimedOut::Handshake(after)) if *after == SHORT)
}

pub(crate) fn silent_peers_are_dropped(subject: &dyn Subject) {
    for said in [&b""[..], b"G", b"GET / HTTP/1.1\r\n", &request("X: y")] {
        let error = fail_to_open(subject, Role::Server, |peer| {
            peer.write(said);
            peer.until_gone();
        });
        assert!(is_handshake(&error), "{error}");
    }
    for said in [&b""[..], b"H", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"] {
        let error = fail_to_open(subject, Role::Client, |peer| {
            peer.write(said);
            peer.until_gone();
        });
        assert!(is_handshake(&error), "{error}");
    }
}

/// A byte now and then does not help: the deadline is for all of it.
pub(crate) fn trickling_peers_are_dropped(subject: &dyn Subject) {
    in_both_roles(|role| {
        let start = if role == Role::Client { "HTTP/1.1 101 x\r\n" } else { "GET / HTTP/1.1\r\n" };
        let endless = start.bytes().chain(b"X: y\r\n".iter().copied().cycle()); // within all limits for 3 s
        let error = fail_to_open(subject, role, |peer| {
            for byte in endless.take(600) {
                if peer.try_write([byte]).is_err() {
                    return;
                }
                thread::sleep(SHORT / 12);
            }
            panic!("600 bytes were waited for");
        });
        assert!(is_handshake(&error), "{error}");
    });
}

#[track_caller]
fn assert_timed_out<T>(result: Result<T, Error>, expected: TimedOut) {
    let error = result.map(drop).unwrap_err();
    assert!(matches!(&error, Error::TimedOut(told) if *told == expected), "{error:?}, not {expected:?}");
}

#[track_caller]
fn assert_over(ws: &mut dyn Socket) {
    assert!(ws.next().is_none() && !ws.is_clean() && !ws.is_open());
    assert!(ws.send("late".into()).unwrap_err().is_closed());
}

pub(crate) fn close_frames_must_be_answered(subject: &dyn Subject) {
    in_both_roles(|role| {
        let config = Config { close_timeout: SHORT, ..Config::default() };
        let (mut ws, mut peer) = open(subject, role, config);
        assert_timed_out(ws.close(None), TimedOut::Close(SHORT));
        assert_over(&mut *ws);
        drop(ws);
        peer.expect(Opcode::Close, b"");
        assert!(peer.frame().is_none());
    });
}

/// Talking on is no answer.
pub(crate) fn close_frames_must_be_answered_by_talkers_too(subject: &dyn Subject) {
    in_both_roles(|role| {
        let config = Config { close_timeout: SHORT, ..Config::default() };
        let (mut ws, mut peer) = open(subject, role, config);
        together(
            || {
                assert_timed_out(ws.close(None), TimedOut::Close(SHORT));
                drop(ws);
            },
            || {
                let text = frame(peer.role(), Opcode::Text, true, b"and another thing");
                while peer.try_write(&text).is_ok() {}
            },
        );
    });
}

/// The timer is set for an hour when we close.
pub(crate) fn a_nearer_deadline_comes_first(subject: &dyn Subject) {
    in_both_roles(|role| {
        let hour = Duration::from_secs(3600);
        let keepalive = Some(Keepalive { interval: hour, timeout: hour });
        let (mut ws, mut peer) = open(subject, role, Config { keepalive, close_timeout: SHORT, ..Config::default() });
        together(|| assert_eq!(ws.next().unwrap().unwrap(), "hi".into()), || peer.send(Opcode::Text, "hi"));
        assert_timed_out(ws.close(None), TimedOut::Close(SHORT));
    });
}

/// Once both have closed, a peer that does not end the stream costs the wait and nothing else.
pub(crate) fn an_end_of_the_stream_is_not_waited_for_for_ever(subject: &dyn Subject) {
    in_both_roles(|role| {
        let config = Config { close_timeout: SHORT, ..Config::default() };
        let (mut ws, mut peer) = open(subject, role, config);
        peer.send(Opcode::Close, b"");
        assert!(ws.next().is_none() && ws.is_clean());
        peer.expect(Opcode::Close, b"");
    });
}

pub(crate) fn peers_must_read(subject: &dyn Subject) {
    in_both_roles(|role| {
        let config = Config { write_timeout: SHORT, ..Config::default() };
        let (mut ws, _peer) = open(subject, role, config);
        let error = loop {
            if let Err(error) = ws.send(vec![0; 100_000].into()) {
                break error;
            }
        };
        assert_timed_out(Err::<(), _>(error), TimedOut::Write(SHORT));
        assert_over(&mut *ws);
    });
}

/// It asks and asks, and reads none of the answers, until all buffers of the system are full.
pub(crate) fn peers_must_read_what_they_asked_for(subject: &dyn Subject) {
    in_both_roles(|role| {
        let config = Config { write_timeout: SHORT, ..Config::default() };
        let (mut ws, mut peer) = open(subject, role, config);
        together(
            || {
                let served = ws.serve(&mut |_, sender| Ok(sender.send_ref(&[0; 5000][..])?));
                assert_timed_out(served, TimedOut::Write(SHORT));
                assert!(!ws.is_clean() && !ws.is_open());
                drop(ws);
            },
            || {
                let questions = frame(peer.role(), Opcode::Binary, true, b"").repeat(1000);
                while peer.try_write(&questions).is_ok() {}
            },
        );
    });
}

pub(crate) fn silence_is_broken_by_pings_then_ended(subject: &dyn Subject) {
    in_both_roles(|role| {
        let keepalive = Some(Keepalive { interval: SHORT / 2, timeout: SHORT });
        let (mut ws, mut peer) = open(subject, role, Config { keepalive, ..Config::default() });
        assert_timed_out(ws.next().unwrap(), TimedOut::Keepalive(SHORT));
        assert_over(&mut *ws);
        drop(ws);
        peer.expect(Opcode::Ping, b"");
        assert!(peer.frame().is_none());
    });
}

/// Without an answer there would be no second ping.
pub(crate) fn peers_that_answer_pings_are_kept(subject: &dyn Subject) {
    in_both_roles(|role| {
        let keepalive = Some(Keepalive { interval: SHORT / 4, timeout: LONG });
        let (mut ws, mut peer) = open(subject, role, Config { keepalive, ..Config::default() });
        let (message, ()) = together(
            || ws.next().unwrap().unwrap(),
            || {
                for _ in 0..5 {
                    peer.expect(Opcode::Ping, b"");
                    peer.send(Opcode::Pong, b"");
                }
                peer.send(Opcode::Text, "alive");
            },
        );
        assert_eq!(message, "alive".into());
        assert!(ws.is_open());
    });
}
