//! Stories of two ends, and of one end with a peer that misbehaves.

use super::checker::Checker;
use super::pair::{Pair, tell};
use super::*;
use crate::close::{CloseCode, CloseFrame};
use crate::config::{Delivery, Keepalive, Limits};
use crate::error::{SendError, TimedOut};
use crate::event::{Fragment, Kind};
use bytes::Bytes;
use core::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

fn text(text: &str) -> Event {
    Event::Message(text.into())
}

fn closed(code: u16, reason: &str) -> Event {
    Event::Close(Some(CloseFrame::new(code, reason)))
}

fn piece(payload: &[u8], last: bool) -> Fragment {
    Fragment { kind: Kind::Text, payload: Bytes::copy_from_slice(payload), last }
}

fn keepalive() -> Config {
    Config { keepalive: Some(Keepalive { interval: 20 * SECOND, timeout: 10 * SECOND }), ..Config::default() }
}

/// Both ends are done, and nobody is to blame.
#[track_caller]
fn assert_clean(pair: &mut Pair) {
    for end in [&mut pair.client, &mut pair.server] {
        assert!(end.is_closed() && end.connection.is_clean());
        assert_eq!((end.violation, end.timed_out), (None, None));
        assert!(end.wrote.is_whole() && end.wrote.close.is_some());
        assert_eq!(end.connection.poll_timeout(), None);
    }
}

mod closing {
    use super::*;

    #[test]
    fn the_client_closes() {
        tell(&Config::default(), |pair| {
            pair.client.connection.send("last words").unwrap();
            pair.client.connection.close(Some(CloseFrame::new(1000, "bye"))).unwrap();
            pair.exchange();
            assert_eq!(pair.server.events(), [text("last words"), closed(1000, "bye")]);
            assert_eq!(pair.client.events(), [closed(1000, "")]); // the code is echoed, the reason not
            assert_clean(pair);
        });
    }

    #[test]
    fn the_server_closes_without_a_code() {
        tell(&Config::default(), |pair| {
            pair.server.connection.close(None).unwrap();
            pair.exchange();
            assert_eq!(pair.client.events(), [Event::Close(None)]);
            assert_eq!(pair.server.events(), [Event::Close(None)]);
            assert_eq!(pair.client.connection.close_frame(), None);
            assert_clean(pair);
        });
    }

    /// R118: each counts the other's Close frame as the answer to its own.
    #[test]
    fn both_close_at_once() {
        tell(&Config::default(), |pair| {
            pair.client.connection.close(Some(CloseFrame::new(1000, "client"))).unwrap();
            pair.server.connection.close(Some(CloseFrame::new(1001, "server"))).unwrap();
            pair.exchange();
            assert_eq!(pair.client.events(), [closed(1001, "server")]);
            assert_eq!(pair.server.events(), [closed(1000, "client")]);
            assert_clean(pair);
        });
    }

    /// R116: the server ends the stream first; the client waits for that, and only then ends its own.
    #[test]
    fn the_server_shuts_down_first() {
        for client_closes in [true, false] {
            let mut client = connection(Role::Client, &Config::default());
            let mut server = connection(Role::Server, &Config::default());
            let (first, second) = if client_closes { (&mut client, &mut server) } else { (&mut server, &mut client) };
            first.close(CloseCode::NORMAL.into()).unwrap();
            let close = drain(first);
            assert!(!first.wants_shutdown());
            let answer = whole(second, &close).written;
            assert!(second.is_clean() && !second.is_open());
            assert_eq!(whole(first, &answer).events, [closed(1000, "")]);

            assert!(server.wants_shutdown() && server.wants_read() && !server.is_closed());
            assert!(!client.wants_shutdown() && client.wants_read() && !client.is_closed());
            assert_eq!(client.receive_eof(), Ok(()));
            assert!(client.wants_shutdown() && client.is_closed() && !client.wants_read());
            assert!(!server.is_closed());
            assert_eq!(server.receive_eof(), Ok(()));
            assert!(server.is_closed());
        }
    }

    #[test]
    fn a_close_that_is_never_answered_ends_in_time() {
        tell(&Config::default(), |pair| {
            pair.wait(3 * SECOND);
            pair.server.hung = true;
            pair.client.connection.close(None).unwrap();
            pair.wait(Duration::from_millis(4999));
            assert!(!pair.client.is_closed() && pair.client.connection.wants_read());
            pair.wait(Duration::from_millis(1));
            assert!(pair.client.is_closed());
            assert_eq!(pair.client.timed_out, Some(TimedOut::Close(5 * SECOND)));
            assert!(!pair.client.connection.is_clean());
        });
    }

    /// W062: what was queued ahead of the Close frame has time to leave, as long as the peer reads.
    #[test]
    fn the_close_timeout_counts_from_when_the_close_frame_has_left() {
        let mut it = connection(Role::Server, &Config::default());
        it.send(vec![0; 100_000]).unwrap();
        it.close(None).unwrap();
        for second in 0..9 {
            assert_eq!(it.handle_timeout(NOW + second * SECOND), Ok(()));
            it.output().advance(10_000);
        }
        drain(&mut it);
        assert_eq!(it.handle_timeout(NOW + 9 * SECOND), Ok(()));
        assert_eq!(it.poll_timeout(), Some(NOW + 14 * SECOND));
        assert_eq!(it.handle_timeout(NOW + 14 * SECOND), Err(TimedOut::Close(5 * SECOND)));
    }

    /// What was decoded before the end can still be taken.
    #[test]
    fn a_message_that_waits_survives_the_timeout() {
        let mut it = connection(Role::Client, &Config::default());
        it.input().extend_from_slice(b"\x81\x02hi");
        it.send("never read").unwrap();
        assert_eq!(it.decode(NOW), Ok(true));
        assert_eq!(it.handle_timeout(NOW), Ok(()));
        assert_eq!(it.handle_timeout(NOW + 30 * SECOND), Err(TimedOut::Write(30 * SECOND)));
        assert_eq!(it.receive(NOW + 30 * SECOND), Ok(Some(Event::Message("hi".into()))));
        assert_eq!(it.receive(NOW + 30 * SECOND), Ok(None));
    }

    /// A peer that reads a byte now and then cannot put off the end for ever.
    #[test]
    fn a_peer_that_hardly_reads_does_not_delay_the_end_for_ever() {
        let mut it = connection(Role::Server, &Config::default());
        it.send(vec![0; 100_000]).unwrap();
        it.close(None).unwrap();
        for second in 0..35 {
            assert_eq!(it.handle_timeout(NOW + second * SECOND), Ok(()));
            it.output().advance(1);
        }
        assert_eq!(it.handle_timeout(NOW + 35 * SECOND), Err(TimedOut::Close(35 * SECOND)));
    }

    /// The handshake is complete, so a server that keeps the stream open costs the wait, not an error.
    #[test]
    fn a_server_that_does_not_shut_down_is_left_in_time() {
        let mut client = connection(Role::Client, &Config::default());
        let outcome = whole(&mut client, &frame(Role::Client, CLOSE, b"\x03\xe9"));
        assert_eq!(outcome.events, [closed(1001, "")]);
        assert_eq!(client.handle_timeout(NOW), Ok(()));
        assert_eq!(client.poll_timeout(), Some(NOW + 5 * SECOND));
        assert_eq!(client.handle_timeout(NOW + 4 * SECOND), Ok(()));
        assert!(!client.is_closed());
        assert_eq!(client.handle_timeout(NOW + 5 * SECOND), Ok(()));
        assert!(client.is_closed() && client.is_clean());
    }

    /// W062.
    #[test]
    fn messages_queued_before_close_still_arrive() {
        tell(&Config::default(), |pair| {
            let long = "long ".repeat(20_000);
            pair.client.room = 100;
            for message in ["a", &long, "b"] {
                pair.server.connection.send(message).unwrap();
            }
            pair.server.connection.close(CloseCode::GOING_AWAY.into()).unwrap();
            assert_eq!(pair.server.connection.send("too late"), Err(SendError::Closed));
            assert_eq!(pair.server.connection.ping(b""), Err(SendError::Closed));
            pair.exchange();
            assert_eq!(pair.client.events(), [text("a"), text(&long), text("b"), closed(1001, "")]);
            assert_clean(pair);
        });
    }

    #[test]
    fn the_peers_messages_still_arrive_after_our_close() {
        tell(&Config::default(), |pair| {
            pair.server.hung = true;
            pair.client.connection.close(None).unwrap();
            pair.exchange();
            pair.server.hung = false;
            pair.server.connection.send("crossed").unwrap();
            pair.server.connection.ping(b"unanswered").unwrap();
            pair.server.connection.send_fragment(piece(b"in ", false)).unwrap();
            pair.server.connection.send_fragment(piece(b"pieces", true)).unwrap();
            pair.exchange();
            let ping = Event::Ping(Bytes::from_static(b"unanswered"));
            assert_eq!(pair.client.events(), [text("crossed"), ping, text("in pieces"), Event::Close(None)]);
            assert!(pair.client.wrote.pongs.is_empty()); // R095: our Close frame was the last
            assert_clean(pair);
        });
    }

    /// R085.
    #[test]
    fn nothing_counts_behind_the_peers_close() {
        for role in [Role::Client, Role::Server] {
            let mut it = connection(role, &Config::default());
            let late = [frame(role, CLOSE, b""), frame(role, TEXT, b"late"), frame(role, PING, b"late")].concat();
            let outcome = whole(&mut it, &late);
            assert_eq!(outcome.events, [Event::Close(None)]);
            assert_eq!(outcome.written.len(), if role == Role::Client { 6 } else { 2 });
            assert!(it.input().is_empty());
            assert_eq!(whole(&mut it, &[0xff; 100_000]).events, []);
            assert!(it.input().is_empty());
        }
    }

    /// R124: legal, and the part that came is dropped.
    #[test]
    fn a_close_inside_an_unfinished_message() {
        tell(&Config::default(), |pair| {
            pair.client.connection.send_fragment(piece(b"never to be end", false)).unwrap();
            pair.server.connection.send_fragment(piece(b"nor th\xe2", false)).unwrap();
            pair.exchange();
            pair.client.connection.close(CloseCode::NORMAL.into()).unwrap();
            assert_eq!(pair.client.connection.send_fragment(piece(b"ed", true)), Err(SendError::Closed));
            pair.exchange();
            assert_eq!(pair.server.events(), [closed(1000, "")]);
            assert_eq!(pair.client.events(), [closed(1000, "")]);
            assert!(pair.server.connection.input().is_empty());
            assert_clean(pair);
        });
    }

    /// R123, R120: before the closing handshake is through, an end of the stream is a loss; after it, an end.
    #[test]
    fn eof_at_every_byte() {
        for role in [Role::Client, Role::Server] {
            let close = frame(role, CLOSE, b"\x03\xe8bye");
            let before = [
                frame(role, TEXT, b"hello"),
                frame(role, TEXT & !FIN, b"half"),
                frame(role, PING, b"?"),
                frame(role, CONTINUATION, b"way"),
            ]
            .concat();
            let bytes = [&before[..], &close, b"more"].concat();
            for ours_first in [false, true] {
                for end in 0..=bytes.len() {
                    let mut it = connection(role, &Config::default());
                    if ours_first {
                        it.close(None).unwrap();
                    }
                    it.input().extend_from_slice(&bytes[..end]);
                    while it.receive(NOW).unwrap().is_some() {}
                    let clean = end >= before.len() + close.len();
                    let queued = it.wants_write();
                    assert_eq!(it.is_clean(), clean);
                    assert_eq!(it.receive_eof(), if clean { Ok(()) } else { Err(ProtocolError::UnexpectedEof) });
                    assert_eq!(it.receive_eof(), Ok(()), "once");
                    assert_eq!(it.receive(NOW), Ok(None));
                    assert_eq!(it.wants_write(), clean && queued, "our answer may still be read");
                    drain(&mut it);
                    assert!(it.is_closed() && it.wants_shutdown() && !it.wants_read());
                    assert_eq!(it.violation().is_some(), !clean);
                }
            }
        }
        assert_eq!(ProtocolError::UnexpectedEof.close_code(), CloseCode::ABNORMAL);
    }

    /// R094: unless our Close frame has gone, which is the last.
    #[test]
    fn a_violation_after_our_close_is_not_told() {
        for role in [Role::Client, Role::Server] {
            let mut it = connection(role, &Config::default());
            it.close(CloseCode::GOING_AWAY.into()).unwrap();
            let close = drain(&mut it);
            let outcome = whole(&mut it, b"\x83");
            assert_eq!(outcome.error, Some(ProtocolError::ReservedOpcode { opcode: 3 }));
            assert_eq!(outcome.written, b"");
            let mut checker = Checker::of(role);
            checker.read(&close);
            assert_eq!(checker.close, Some(Some(CloseCode::GOING_AWAY.into())));
            assert!(it.wants_shutdown() && it.wants_read() && !it.is_clean());
            assert_eq!(it.receive_eof(), Ok(()));
            assert!(it.is_closed());
        }
    }

    /// R121: whoever breaks the protocol is told why, and both ends end.
    #[test]
    fn a_violation_ends_both() {
        tell(&Config { limits: Limits { message: 10, ..Limits::default() }, ..Config::default() }, |pair| {
            pair.client.connection.send("far too long").unwrap();
            pair.client.connection.send("and more").unwrap();
            pair.exchange();
            let error = ProtocolError::TooBig { limit: 10, size: 12 };
            assert_eq!(pair.server.violation, Some(error));
            assert_eq!(pair.server.events(), []);
            assert_eq!(pair.client.events(), [closed(1009, &alloc::format!("{error}"))]);
            assert!(pair.client.is_closed() && pair.server.is_closed());
            assert_eq!((pair.client.violation, pair.client.timed_out, pair.server.timed_out), (None, None, None));
        });
    }
}

mod pings {
    use super::*;

    fn pongs(role: Role, written: &[u8]) -> Vec<Bytes> {
        let mut checker = Checker::of(role);
        checker.read(written);
        checker.pongs
    }

    /// R081, R126, R127, R131.
    #[test]
    fn a_ping_between_fragments_is_answered_at_once() {
        tell(&Config::default(), |pair| {
            pair.client.connection.send_fragment(piece(b"un", false)).unwrap();
            pair.client.connection.ping(b"payload").unwrap();
            pair.exchange();
            assert_eq!(pair.server.events(), [Event::Ping(Bytes::from_static(b"payload"))]);
            assert_eq!(pair.client.events(), [Event::Pong(Bytes::from_static(b"payload"))]);
            pair.client.connection.send_fragment(piece(b"hurt", true)).unwrap();
            pair.exchange();
            assert_eq!(pair.server.events(), [text("unhurt")]);
        });
    }

    /// R129.
    #[test]
    fn a_pong_is_not_answered() {
        tell(&Config::default(), |pair| {
            pair.client.connection.pong(b"to no ping").unwrap();
            pair.exchange();
            assert_eq!(pair.server.events(), [Event::Pong(Bytes::from_static(b"to no ping"))]);
            assert_eq!(pair.client.events(), []);
        });
    }

    /// R131: a pong waits for one large message at most, the one that has begun.
    #[test]
    fn a_pong_overtakes_queued_messages() {
        let mut it = connection(Role::Server, &Config::default());
        for _ in 0..3 {
            it.send(vec![0; 5000]).unwrap();
        }
        it.input().extend_from_slice(&frame(Role::Server, PING, b"now"));
        assert!(matches!(it.receive(NOW), Ok(Some(Event::Ping(_)))));
        let written = drain(&mut it);
        assert_eq!(&written[5004..5009], b"\x8a\x03now");
        assert_eq!(&written[5009..5011], b"\x82\x7e");
    }

    /// R128.
    #[test]
    fn the_newest_ping_wins_when_much_is_queued() {
        let mut it = connection(Role::Server, &Config::default());
        it.send(vec![0; 20_000]).unwrap();
        for ping in [b"1", b"2", b"3"] {
            it.input().extend_from_slice(&frame(Role::Server, PING, ping));
            assert!(matches!(it.receive(NOW), Ok(Some(Event::Ping(_)))));
        }
        assert_eq!(it.output().remaining(), 20_004);
        assert_eq!(pongs(Role::Server, &drain(&mut it)), [&b"3"[..]]);
        assert!(!it.wants_write());
    }

    /// R128: an older ping is not answered after a newer one.
    #[test]
    fn a_pong_that_waited_too_long_is_dropped() {
        let mut it = connection(Role::Server, &Config::default());
        it.send(vec![0; 20_000]).unwrap();
        it.input().extend_from_slice(&frame(Role::Server, PING, b"old"));
        assert!(matches!(it.receive(NOW), Ok(Some(Event::Ping(_)))));
        it.output().advance(10_000);
        it.input().extend_from_slice(&frame(Role::Server, PING, b"new"));
        assert!(matches!(it.receive(NOW), Ok(Some(Event::Ping(_)))));
        let written = drain(&mut it);
        let mut checker = Checker::of(Role::Server);
        checker.read(&[&b"\x82\x7e\x4e\x20"[..], &vec![0; 9_996], &written].concat());
        assert_eq!(checker.pongs, [&b"new"[..]]);
    }

    /// R126: only a Close frame of the peer's releases us from a pong that we owe.
    #[test]
    fn a_pong_that_waits_leaves_before_our_close() {
        let mut it = connection(Role::Server, &Config::default());
        it.send(vec![0; 20_000]).unwrap();
        it.input().extend_from_slice(&frame(Role::Server, PING, b"owed"));
        assert!(matches!(it.receive(NOW), Ok(Some(Event::Ping(_)))));
        it.close(None).unwrap();
        assert_eq!(pongs(Role::Server, &drain(&mut it)), [&b"owed"[..]]);
    }

    #[test]
    fn no_pong_is_owed_to_a_peer_that_closed() {
        let mut it = connection(Role::Server, &Config::default());
        it.send(vec![0; 20_000]).unwrap();
        let bytes = [frame(Role::Server, PING, b"!"), frame(Role::Server, CLOSE, b"")].concat();
        it.input().extend_from_slice(&bytes);
        while it.receive(NOW).unwrap().is_some() {}
        let count = it.output().remaining();
        let written = it.output().copy_to_bytes(count);
        assert!(!it.wants_write() && it.wants_shutdown());
        let mut checker = Checker::of(Role::Server);
        checker.read(&written);
        assert!(checker.is_whole() && checker.close.is_some());
        assert_eq!(checker.pongs, [&b""[..]; 0]);
    }

    /// R132: a peer that pings and never reads costs 16 KiB and a frame, and then it fails.
    #[test]
    fn a_ping_flood_is_bounded() {
        tell(&Config::default(), |pair| {
            pair.client.deaf = true;
            pair.client.room = 0;
            let mut most = 0;
            for i in 0..10_000_u32 {
                if pair.client.connection.ping(&i.to_be_bytes()).is_err() {
                    break;
                }
                pair.exchange();
                most = most.max(pair.server.connection.output().remaining());
            }
            assert_eq!(pair.server.violation, Some(ProtocolError::PingFlood { limit: 1000 }));
            assert!(most <= (16 << 10) + 127, "{most} bytes queued");
            let pinged = pair.server.events().len();
            assert!((1000..=1001).contains(&pinged), "{pinged} pings before the end");
        });
    }

    /// The same without a pause in between: all in one read.
    #[test]
    fn a_ping_flood_at_once_is_bounded() {
        let mut it = connection(Role::Server, &Config::default());
        for _ in 0..100_000 {
            it.input().extend_from_slice(&frame(Role::Server, PING, &[1; 100]));
        }
        while it.decode(NOW).is_ok_and(|ready| ready) {
            it.take();
        }
        let queued = it.output().remaining();
        assert!(queued <= (16 << 10) + 102 + 127, "{queued} bytes queued");
    }

    /// A peer that reads may ping as it likes.
    #[test]
    fn many_pings_from_a_peer_that_reads() {
        tell(&Config::default(), |pair| {
            for _ in 0..3_000 {
                pair.client.connection.ping(b"").unwrap();
                pair.exchange();
            }
            assert_eq!((pair.server.violation, pair.client.events().len()), (None, 3_000));
        });
    }

    /// It is forgiven whenever the peer reads.
    #[test]
    fn pings_count_in_a_row() {
        let mut it = connection(Role::Server, &Config::default());
        it.send(vec![0; 20_000]).unwrap();
        for round in 1..=5 {
            for _ in 0..900 {
                it.input().extend_from_slice(&frame(Role::Server, PING, b""));
                assert!(matches!(it.receive(NOW), Ok(Some(Event::Ping(_)))), "round {round}");
                assert_eq!(it.receive(NOW), Ok(None));
            }
            it.output().advance(1);
            assert_eq!(it.receive(NOW), Ok(None));
        }
    }

    /// Pings keep their order, whatever they overtake.
    #[test]
    fn control_frames_keep_their_order() {
        let mut it = connection(Role::Server, &Config::default());
        it.send(vec![0; 5000]).unwrap();
        it.ping(b"1").unwrap();
        it.ping(b"2").unwrap();
        it.send(vec![0; 5000]).unwrap();
        it.ping(b"3").unwrap();
        let mut written = vec![];
        written.extend(it.output().chunk());
        let n = written.len();
        it.output().advance(n);
        it.ping(b"4").unwrap();
        written.extend(drain(&mut it));
        let mut checker = Checker::of(Role::Server);
        checker.read(&written);
        assert_eq!(checker.pings, [&b"1"[..], b"2", b"3", b"4"]);
    }
}

mod silence {
    use super::*;

    #[test]
    fn silent_peer_is_pinged_then_dropped() {
        tell(&keepalive(), |pair| {
            pair.wait(7 * SECOND);
            pair.client.connection.send("last heard").unwrap();
            pair.exchange();
            pair.client.hung = true;
            pair.wait(20 * SECOND - Duration::from_millis(1));
            assert!(pair.server.wrote.pings.is_empty());
            pair.wait(Duration::from_millis(1));
            assert_eq!(pair.server.wrote.pings, [&b""[..]]);
            pair.wait(10 * SECOND - Duration::from_millis(1));
            assert!(!pair.server.is_closed());
            pair.wait(Duration::from_millis(1));
            assert_eq!(pair.server.timed_out, Some(TimedOut::Keepalive(10 * SECOND)));
            assert!(pair.server.is_closed() && !pair.server.connection.is_open());
            assert_eq!(pair.elapsed(), 37 * SECOND);
        });
    }

    #[test]
    fn a_peer_that_answers_is_kept() {
        tell(&keepalive(), |pair| {
            pair.wait(1000 * SECOND);
            for end in [&mut pair.client, &mut pair.server] {
                assert!(end.connection.is_open());
                let (pings, pongs) = (end.wrote.pings.len(), end.wrote.pongs.len());
                assert!((49..=100).contains(&(pings + pongs)), "{pings} pings, {pongs} pongs");
            }
        });
    }

    /// Whoever is heard need not be pinged.
    #[test]
    fn a_peer_that_talks_is_not_pinged() {
        tell(&keepalive(), |pair| {
            for _ in 0..20 {
                pair.client.connection.send("still here").unwrap();
                pair.wait(19 * SECOND);
            }
            assert!(pair.server.wrote.pings.is_empty());
        });
    }

    #[test]
    fn without_keepalive_silence_is_no_reason() {
        tell(&Config::default(), |pair| {
            assert_eq!(pair.server.connection.poll_timeout(), None);
            pair.wait(1_000_000 * SECOND);
            assert!(pair.client.connection.is_open() && pair.server.connection.is_open());
        });
    }

    /// A part of a message is a sign of life.
    #[test]
    fn a_slow_message_is_not_silence() {
        for feed in [Feed::Copied, Feed::InPlace, Feed::Lent] {
            let mut it = connection(Role::Server, &keepalive());
            let mut now = NOW;
            for byte in frame(Role::Server, BINARY, &[0; 50]) {
                now = now + 19 * SECOND;
                assert_eq!(it.handle_timeout(now), Ok(()));
                feed.put(&mut it, &[byte]);
                it.decode(now).unwrap();
                it.input().reclaim();
                assert!(!it.wants_write());
            }
            assert!(it.is_ready());
        }
    }

    #[test]
    fn a_peer_that_never_reads_is_not_read_from_and_then_dropped() {
        tell(&Config::default(), |pair| {
            pair.client.deaf = true;
            pair.client.room = 1000;
            let mut sent = 0_u64;
            while pair.server.connection.send(vec![7; 10_000]).is_ok() {
                sent += 10_000;
                pair.exchange();
                let queued = pair.server.connection.output().remaining();
                assert_eq!(pair.server.connection.wants_read(), queued < 64 << 10);
            }
            assert!(pair.server.connection.output().remaining() <= (1 << 20) + 10_004);
            assert!(pair.server.connection.buffered_amount() >= sent - 1000);
            pair.client.connection.send("unheard").unwrap();
            pair.wait(30 * SECOND - Duration::from_millis(1));
            assert!(pair.server.connection.is_open());
            assert_eq!(pair.server.events(), []);
            pair.wait(Duration::from_millis(1));
            assert_eq!(pair.server.timed_out, Some(TimedOut::Write(30 * SECOND)));
            assert!(pair.server.is_closed());
            assert_eq!(pair.server.connection.buffered_amount(), 0);
        });
    }

    /// What counts is whether anything leaves, not how much.
    #[test]
    fn a_peer_that_reads_a_little_is_kept() {
        tell(&Config::default(), |pair| {
            pair.client.deaf = true;
            pair.client.room = 1000;
            pair.server.connection.send(vec![7; 100_000]).unwrap();
            for _ in 0..20 {
                pair.wait(29 * SECOND);
                pair.client.room += 1;
            }
            assert!(pair.server.connection.is_open());
            pair.client.deaf = false;
            pair.exchange();
            assert_eq!(pair.client.events().len(), 1);
            pair.wait(100 * SECOND);
            assert!(pair.server.connection.is_open());
        });
    }

    /// The deadline counts from when something last left.
    #[test]
    fn every_byte_that_leaves_buys_time() {
        let mut it = connection(Role::Server, &Config::default());
        assert_eq!(it.poll_timeout(), None);
        it.send("four").unwrap();
        for second in [0, 29, 31, 60] {
            let now = NOW + second * SECOND;
            assert!(it.poll_timeout().is_some_and(|due| due <= now), "a deadline begins");
            assert_eq!(it.handle_timeout(now), Ok(()));
            assert_eq!(it.poll_timeout(), Some(now + 30 * SECOND));
            it.output().advance(1);
        }
        it.output().advance(2);
        assert_eq!(it.poll_timeout(), None);
        it.ping(b"").unwrap();
        assert_eq!(it.handle_timeout(NOW + 1000 * SECOND), Ok(()));
        assert_eq!(it.handle_timeout(NOW + 1030 * SECOND), Err(TimedOut::Write(30 * SECOND)));
        assert!(it.is_closed());
    }

    /// A transport that buffers has taken all, and the peer reads it or does not.
    #[test]
    fn what_a_transport_buffers_must_leave_in_time() {
        let mut it = connection(Role::Server, &Config::default());
        it.send("four").unwrap();
        it.close(None).unwrap();
        drain(&mut it);
        for second in [0, 4, 33] {
            let now = NOW + second * SECOND;
            it.set_flushed(false);
            assert_eq!(it.handle_timeout(now), Ok(()));
            let due = [now + 30 * SECOND, NOW + 35 * SECOND]; // as with what is queued ahead of a Close frame
            assert_eq!(it.poll_timeout(), due.into_iter().min());
        }
        it.set_flushed(true);
        assert_eq!(it.handle_timeout(NOW + 34 * SECOND), Ok(()));
        assert_eq!(it.poll_timeout(), Some(NOW + 35 * SECOND));

        let mut it = connection(Role::Server, &Config::default());
        it.send("four").unwrap();
        drain(&mut it);
        it.set_flushed(false);
        assert_eq!(it.handle_timeout(NOW), Ok(()));
        assert_eq!(it.handle_timeout(NOW + 30 * SECOND), Err(TimedOut::Write(30 * SECOND)));
        assert_eq!(it.poll_timeout(), None);
    }

    /// While we do not read from a peer, its silence says nothing: it reads, and that is enough.
    #[test]
    fn a_slow_reader_is_not_taken_for_silent() {
        for seed in 0..10 {
            let mut pair = Pair::new(&Config::default(), &keepalive(), seed);
            pair.client.deaf = true;
            for second in 0..60 {
                while pair.server.connection.output().remaining() < 200_000 {
                    pair.server.connection.send(vec![7; 10_000]).unwrap();
                }
                assert!(!pair.server.connection.wants_read());
                pair.client.connection.pong(b"alive").unwrap();
                pair.client.room = 1000 * (second + 1);
                pair.wait(SECOND);
            }
            assert_eq!(pair.server.timed_out, None);
        }
    }

    /// Nor while an event waits to be taken.
    #[test]
    fn a_slow_application_does_not_make_its_peer_silent() {
        let mut it = connection(Role::Server, &keepalive());
        it.input().extend_from_slice(&frame(Role::Server, TEXT, b"wait"));
        assert_eq!(it.decode(NOW), Ok(true));
        let mut now = NOW;
        for _ in 0..100 {
            now = now + 5 * SECOND;
            assert_eq!(it.handle_timeout(now), Ok(()));
            drain(&mut it);
        }
        it.take();
        assert_eq!(it.decode(now), Ok(false));
        let mut result = Ok(());
        for _ in 0..10 {
            now = now + 5 * SECOND;
            result = it.handle_timeout(now);
            drain(&mut it);
            if result.is_err() {
                break;
            }
        }
        assert_eq!(result, Err(TimedOut::Keepalive(10 * SECOND)));
    }

    /// Time that runs backwards delays deadlines and does nothing else.
    #[test]
    fn time_that_runs_backwards_only_delays() {
        let mut it = connection(Role::Server, &keepalive());
        it.input().extend_from_slice(b"\x81");
        it.decode(NOW + 100 * SECOND).unwrap();
        it.input().extend_from_slice(b"\x80");
        it.decode(NOW + 50 * SECOND).unwrap();
        assert_eq!(it.poll_timeout(), Some(NOW + 120 * SECOND));
        it.close(None).unwrap();
        drain(&mut it);
        for now in [60, 70, 104] {
            assert_eq!(it.handle_timeout(NOW + now * SECOND), Ok(()));
            assert!(it.poll_timeout().is_some_and(|next| next >= NOW + 105 * SECOND));
        }
        assert_eq!(it.handle_timeout(NOW + 105 * SECOND), Err(TimedOut::Close(5 * SECOND)));
        assert_eq!(it.handle_timeout(NOW + 500 * SECOND), Ok(()), "once");
    }

    /// A driver that comes late finds one thing due, not all that it missed.
    #[test]
    fn a_late_driver_pings_before_it_gives_up() {
        let mut it = connection(Role::Client, &keepalive());
        assert_eq!(it.handle_timeout(NOW + 1000 * SECOND), Ok(()));
        assert!(it.wants_write());
        assert_eq!(it.poll_timeout(), Some(NOW + 1010 * SECOND));
    }
}

mod sending {
    use super::*;

    #[test]
    fn both_talk_at_once() {
        let config = Config { limits: Limits { message: 10 << 20, ..Limits::default() }, ..Config::default() };
        tell(&config, |pair| {
            let long = "né ".repeat(30_000);
            for _ in 0..3 {
                pair.client.connection.send_ref("short").unwrap();
                pair.client.connection.send(&*long).unwrap();
                pair.server.connection.send(&*long).unwrap();
                pair.server.connection.send_ref("short").unwrap();
            }
            pair.exchange();
            assert_eq!(pair.server.events(), vec![[text("short"), text(&long)]; 3].concat());
            assert_eq!(pair.client.events(), vec![[text(&long), text("short")]; 3].concat());
            assert_eq!(pair.client.connection.buffered_amount() + pair.server.connection.buffered_amount(), 0);
        });
    }

    /// R091, R092: what the caller does wrong is refused, and the message goes on.
    #[test]
    fn misuse_of_fragments_is_harmless() {
        tell(&Config::default(), |pair| {
            let it = &mut pair.client.connection;
            assert_eq!(it.send_fragment(piece(b"a\xff", false)), Err(SendError::InvalidUtf8 { at: 1 }));
            assert_eq!(it.send_fragment(piece(b"a\xe2\x82", true)), Err(SendError::InvalidUtf8 { at: 1 }));
            assert_eq!(it.send("no message has begun"), Ok(()));
            assert_eq!(it.send_fragment(piece(b"5 \xe2", false)), Ok(()));
            for _ in 0..2 {
                assert_eq!(it.send("another"), Err(SendError::UnfinishedMessage));
                assert_eq!(it.send_ref(&b"another"[..]), Err(SendError::UnfinishedMessage));
                let binary = Fragment { kind: Kind::Binary, payload: Bytes::new(), last: true };
                assert_eq!(it.send_fragment(binary), Err(SendError::KindChanged));
                assert_eq!(it.send_fragment(piece(b"x", false)), Err(SendError::InvalidUtf8 { at: 2 }));
                assert_eq!(it.send_fragment(piece(b"\x82", true)), Err(SendError::InvalidUtf8 { at: 2 }));
                assert_eq!(it.ping(b"between"), Ok(()));
            }
            assert_eq!(it.send_fragment(piece(b"\x82\xac", false)), Ok(()));
            assert_eq!(it.send_fragment(piece(b"", true)), Ok(()));
            assert_eq!(it.send("after"), Ok(()));
            pair.exchange();
            let ping = || Event::Ping(Bytes::from_static(b"between"));
            let expected = [text("no message has begun"), ping(), ping(), text("5 €"), text("after")];
            assert_eq!(pair.server.events(), expected);
            assert_eq!(pair.server.violation, None);
        });
    }

    /// A reply may be sent while the message is in hand, and they leave together.
    #[test]
    fn replies_leave_in_one_piece() {
        let mut it = connection(Role::Server, &Config::default());
        let bytes = [frame(Role::Server, TEXT, b"a"), frame(Role::Server, BINARY, b"b")].concat();
        it.input().extend_from_slice(&bytes);
        while it.decode(NOW).unwrap() {
            let Some((EventRef::Message(message), sender)) = it.lend() else { panic!("a message") };
            sender.send_ref(message).unwrap();
            sender.send(Message::from(message)).unwrap();
        }
        assert_eq!(it.output().chunk(), b"\x81\x01a\x81\x01a\x82\x01b\x82\x01b");
    }

    /// A message larger than what the ends hold passes in pieces.
    #[test]
    fn a_message_passes_that_no_end_holds() {
        let limits = Limits { message: 1 << 40, ..Limits::default() };
        let config = Config { limits, delivery: Delivery::Fragments, ..Config::default() };
        tell(&config, |pair| {
            let (mut sent, mut came, mut done) = (0, 0, false);
            for i in 0..40_u8 {
                let last = i == 39;
                let payload = Bytes::from(vec![i; 50_000]);
                sent += payload.len();
                pair.client.connection.send_fragment(Fragment { kind: Kind::Binary, payload, last }).unwrap();
                pair.exchange();
                assert!(pair.server.connection.input().len() < 20);
                for event in pair.server.events() {
                    let Event::Fragment(fragment) = event else { panic!("a fragment") };
                    assert!(!done && fragment.payload.iter().all(|byte| *byte == i));
                    came += fragment.payload.len();
                    done = fragment.last;
                }
            }
            assert!(done);
            assert_eq!(came, sent);
        });
    }

    /// A buffer with something in it is no buffer to lend.
    #[test]
    fn only_empty_buffers_are_lent() {
        let mut it = connection(Role::Server, &Config::default());
        let full = || BytesMut::from(&b"stale"[..]);
        assert_eq!(it.output().lend(full()), Some(full()));
        assert!(!it.wants_write());
        it.send("fresh").unwrap();
        assert_eq!(drain(&mut it), b"\x81\x05fresh");
    }
}
