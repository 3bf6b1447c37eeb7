//! Patience, under a clock that is set by hand.

mod support;

use sansws_core::frame::{Opcode, Role};
use sansws_core::handshake::{ClientRequest, HandshakeLimits};
use sansws_core::{CloseCode, Config, Keepalive, TimedOut};
use sansws_driver::Error;
use std::pin::pin;
use std::time::Duration;
use support::script::{Cut, Peer, Read, Scripted, Write, script};
use support::task::{run, run_through_time, run_until_idle};
use support::{Acceptor, Connector, Failure, ROLES, net, open, time, wire};

const SECOND: Duration = Duration::from_secs(1);

fn timed_out<T>(after: TimedOut) -> Result<T, Failure> {
    Err(Failure::TimedOut(after))
}

mod opening {
    use super::*;

    /// Ends at the deadline of the handshake, and drops the stream.
    #[track_caller]
    fn check<T>(seconds: u32, handshake: impl Future<Output = Result<T, Error>>, peer: &Peer) {
        let begun = time::elapsed();
        let error = run_through_time(handshake).err().map(Failure::from);
        assert_eq!(error, Some(Failure::TimedOut(TimedOut::Handshake(seconds * SECOND))));
        assert_eq!(time::elapsed() - begun, seconds * SECOND);
        assert!(peer.is_dropped());
        assert!(!time::advance_to_next(), "no timer is left");
    }

    fn request() -> ClientRequest {
        ClientRequest::new("h", "/")
    }

    #[test]
    fn a_silent_peer_is_dropped() {
        let (peer, transport) = script(Cut::NONE, []);
        check(10, Acceptor::new().accept(transport), &peer);
        assert!(peer.written().is_empty());

        let (peer, transport) = script(Cut::NONE, []);
        check(10, Connector::new().client(transport, request()), &peer);

        let limits = HandshakeLimits { timeout: 3 * SECOND, ..HandshakeLimits::default() };
        let (peer, transport) = script(Cut::NONE, []);
        check(3, Acceptor::new().handshake_limits(limits.clone()).accept(transport), &peer);

        let (peer, transport) = script(Cut::NONE, []);
        check(3, Connector::new().handshake_limits(limits).client(transport, request()), &peer);
    }

    /// The deadline is for all of the handshake: a byte now and then does not move it.
    #[test]
    fn a_slow_peer_is_dropped() {
        let (peer, transport) = script(Cut::NONE, []);
        trickle(Acceptor::new().accept(transport), &peer, b"GET / HTTP/1.1\r\n");

        let (peer, transport) = script(Cut::NONE, []);
        trickle(Connector::new().client(transport, request()), &peer, b"HTTP/1.1 101 Switching\r\n");

        #[track_caller]
        fn trickle<T>(handshake: impl Future<Output = Result<T, Error>>, peer: &Peer, bytes: &[u8]) {
            let mut handshake = Box::pin(handshake);
            for byte in &bytes[..10] {
                assert!(run_until_idle(handshake.as_mut()).is_none());
                peer.sends(vec![*byte]);
                time::advance(SECOND);
            }
            let error = run_until_idle(handshake.as_mut()).expect("ten seconds are over").err().map(Failure::from);
            assert_eq!(error, Some(Failure::TimedOut(TimedOut::Handshake(10 * SECOND))));
            drop(handshake);
            assert!(peer.is_dropped());
        }
    }

    #[test]
    fn a_peer_that_reads_nothing_is_dropped() {
        let (peer, transport) = script(Cut::NONE, []);
        peer.writes([Write::Limit(5), Write::Blocked]);
        check(10, Connector::new().client(transport, request()), &peer);

        let (peer, transport) = script(Cut::NONE, [Read::Data(support::REQUEST.into())]);
        peer.writes([Write::Limit(5), Write::Blocked]);
        check(10, Acceptor::new().accept(transport), &peer);

        let (peer, transport) = script(Cut::NONE, [Read::Data(support::REQUEST.into())]);
        peer.flushes([Write::Blocked]);
        check(10, Acceptor::new().accept(transport), &peer);
    }

    /// Nor does it help to have been refused.
    #[test]
    fn a_refused_client_that_stays_is_dropped() {
        for stuck in [vec![], vec![Write::Limit(5), Write::Blocked]] {
            let begun = time::elapsed();
            let (peer, transport) = script(Cut::NONE, [Read::Data(b"PUT / HTTP/1.1\r\n\r\n".into())]);
            peer.writes(stuck);
            assert!(matches!(run_through_time(Acceptor::new().accept(transport)), Err(Error::Handshake(_))));
            assert_eq!(time::elapsed() - begun, 10 * SECOND);
            assert!(peer.is_dropped());
        }
    }

    /// What there is of the answer is worth more than that it took too long.
    #[test]
    fn a_refusal_without_an_end_is_still_told() {
        let begun = time::elapsed();
        let answer = b"HTTP/1.1 503 Busy\r\n\r\ncome back";
        let (_, transport) = script(Cut::NONE, [Read::Data(answer.into())]);
        let error = run_through_time(Connector::new().client(transport, request())).unwrap_err();
        let Error::Handshake(sansws_core::handshake::HandshakeError::Rejected(response)) = error else {
            panic!("{error:?}")
        };
        assert_eq!((response.status(), &response.body()[..]), (503, &b"come back"[..]));
        assert_eq!(time::elapsed() - begun, 10 * SECOND);
    }

    #[test]
    fn a_connection_that_opens_leaves_no_timer() {
        for cut in Cut::ALL {
            let (a, b) = support::pipe::pipe(10, cut);
            let (acceptor, connector) = (Acceptor::new(), Connector::new());
            let both = futures_util::future::join(acceptor.accept(a), connector.client(b, request()));
            let _open = run(both);
            assert!(!time::advance_to_next());
        }
    }
}

mod connecting {
    use super::*;

    #[test]
    fn takes_ten_seconds_unless_told_otherwise() {
        let begun = time::elapsed();
        net::servers([None]);
        let error = run_through_time(Connector::new().connect("ws://h")).unwrap_err();
        assert_eq!(Failure::from(error), Failure::TimedOut(TimedOut::Connect(10 * SECOND)));
        assert_eq!(time::elapsed() - begun, 10 * SECOND);
    }

    /// The handshake has its own time, from when the stream is connected.
    #[test]
    fn the_handshake_begins_when_connected() {
        let begun = time::elapsed();
        let (_, transport) = script(Cut::NONE, []);
        net::servers([Some(Ok(transport))]);
        let error = run_through_time(Connector::new().connect("ws://h")).unwrap_err();
        assert_eq!(Failure::from(error), Failure::TimedOut(TimedOut::Handshake(10 * SECOND)));
        assert_eq!(time::elapsed() - begun, 10 * SECOND);
    }
}

mod open_connections {
    use super::*;

    #[test]
    fn a_close_frame_is_answered_in_time_or_not_at_all() {
        for role in ROLES {
            let begun = time::elapsed();
            let (_, transport) = script(Cut::NONE, []);
            let mut ws = open(transport, role, Config::default());
            let closed = run_through_time(ws.close(CloseCode::NORMAL)).map_err(Failure::from);
            assert_eq!(closed, timed_out(TimedOut::Close(5 * SECOND)));
            assert_eq!(time::elapsed() - begun, 5 * SECOND);
            assert!(run(ws.next()).is_none());
            assert!(!ws.is_clean());
        }
    }

    /// Messages do not put it off.
    #[test]
    fn a_peer_that_talks_on_is_given_up_as_well() {
        let (peer, transport) = script(Cut::NONE, []);
        let mut ws = open(transport, Role::Server, Config::default());
        let mut closing = pin!(ws.close(None));
        for _ in 0..10 {
            assert!(run_until_idle(closing.as_mut()).is_none());
            peer.sends(wire::text(Role::Client, "but"));
            time::advance(SECOND / 2);
        }
        let closed = run_until_idle(closing).expect("five seconds are over").map_err(Failure::from);
        assert_eq!(closed, timed_out(TimedOut::Close(5 * SECOND)));
    }

    /// Nor does a peer that sends faster than we read.
    #[test]
    fn a_peer_that_never_pauses_is_given_up_as_well() {
        let (_, transport) = script(Cut::NONE, [Read::Endless(wire::binary(Role::Client, &[0; 4000]))]);
        let mut ws = open(transport, Role::Server, Config::default());
        let task = support::task::Task::new();
        let mut closing = pin!(ws.close(None));
        let mut poll = || closing.as_mut().poll(&mut task.context());
        assert!(poll().is_pending());
        time::advance(5 * SECOND);
        let closed = (0..3).find_map(|_| match poll() {
            std::task::Poll::Ready(closed) => Some(closed),
            std::task::Poll::Pending => None,
        });
        assert_eq!(
            closed.expect("five seconds are over").map_err(Failure::from),
            timed_out(TimedOut::Close(5 * SECOND))
        );
    }

    #[test]
    fn a_peer_that_does_not_read_is_given_up() {
        for role in ROLES {
            let begun = time::elapsed();
            let (peer, transport) = script(Cut::NONE, []);
            peer.writes([Write::Limit(3), Write::Blocked]);
            let mut ws = open(transport, role, Config::default());
            let sent = run_through_time(ws.send("hello")).map_err(Failure::from);
            assert_eq!(sent, timed_out(TimedOut::Write(30 * SECOND)));
            assert_eq!(time::elapsed() - begun, 30 * SECOND);
            assert!(run(ws.next()).is_none());
        }
    }

    /// The handler is not called for a reply that cannot leave. The message is still there.
    #[test]
    fn a_peer_that_does_not_read_replies_is_given_up() {
        let (peer, transport) = script(Cut::NONE, [Read::Data(wire::text(Role::Client, "one"))]);
        peer.writes([Write::Blocked]);
        let mut ws = open(transport, Role::Server, Config::default());
        ws.sender().unwrap().send(vec![0; 100_000]).unwrap();
        let served = run_through_time(ws.serve(|_, _| -> Result<(), Error> { panic!("no room") }));
        assert_eq!(served.map_err(Failure::from), timed_out(TimedOut::Write(30 * SECOND)));
        assert_eq!(run(ws.next()).unwrap().unwrap(), "one".into());
        assert!(run(ws.next()).is_none());
    }

    #[test]
    fn whoever_waits_for_room_is_told() {
        let (peer, transport) = script(Cut::NONE, []);
        peer.writes([Write::Blocked]);
        let mut ws = open(transport, Role::Server, Config::default());
        run(ws.feed(vec![0; 100_000])).unwrap();
        let fed = run_through_time(ws.feed("no room"));
        assert_eq!(fed.map_err(Failure::from), timed_out(TimedOut::Write(30 * SECOND)));
        assert!(run(ws.feed("late")).unwrap_err().is_closed());
    }

    /// A peer that reads a byte now and then does read.
    #[test]
    fn a_peer_that_reads_slowly_is_not_given_up() {
        let (peer, transport) = script(Cut::NONE, []);
        let mut ws = open(transport, Role::Server, Config::default());
        peer.writes([Write::Limit(1), Write::Blocked].repeat(7));
        let mut sending = pin!(ws.send("hello"));
        for _ in 0..6 {
            assert!(run_until_idle(sending.as_mut()).is_none());
            time::advance(29 * SECOND);
            peer.unblock();
        }
        run_until_idle(sending).unwrap().unwrap();
        assert_eq!(wire::frames(Role::Server, &peer.written()).len(), 1);
    }

    fn keepalive() -> Config {
        Config { keepalive: Some(Keepalive::default()), ..Config::default() }
    }

    #[test]
    fn a_silent_peer_is_pinged_then_dropped() {
        for role in ROLES {
            let begun = time::elapsed();
            let (peer, transport) = script(Cut::NONE, []);
            let mut ws = open(transport, role, keepalive());
            let end = run_through_time(ws.next()).unwrap().map_err(Failure::from);
            assert_eq!(end, timed_out(TimedOut::Keepalive(20 * SECOND)));
            assert_eq!(time::elapsed() - begun, 40 * SECOND);
            let frames = wire::frames(role, &peer.written());
            assert_eq!(wire::payloads(&frames, Opcode::Ping), [&b""[..]]);
            assert!(run(ws.next()).is_none());
        }
    }

    #[test]
    fn a_peer_that_answers_pings_is_not_dropped() {
        let (peer, transport) = script(Cut::NONE, []);
        let mut ws = open(transport, Role::Server, keepalive());
        let mut next = pin!(ws.next());
        for pings in 1..10 {
            assert!(run_until_idle(next.as_mut()).is_none());
            time::advance(20 * SECOND);
            assert!(run_until_idle(next.as_mut()).is_none());
            assert_eq!(wire::frames(Role::Server, &peer.written()).len(), pings);
            time::advance(19 * SECOND);
            peer.sends(wire::frame(Role::Client, Opcode::Pong, true, b""));
        }
    }

    #[test]
    fn a_peer_that_talks_is_not_pinged() {
        let (peer, transport) = script(Cut::NONE, []);
        let mut ws = open(transport, Role::Server, keepalive());
        for _ in 0..10 {
            assert!(run_until_idle(pin!(ws.next())).is_none());
            time::advance(19 * SECOND);
            peer.sends(wire::text(Role::Client, "x"));
            run(ws.next()).unwrap().unwrap();
        }
        assert!(peer.written().is_empty());
    }

    /// While a message waits to be taken nothing more is read: the peer's silence is ours.
    #[test]
    fn a_peer_is_not_given_up_for_what_we_do_not_read() {
        let (peer, transport) = script(Cut::NONE, [Read::Data(wire::text(Role::Client, "take me"))]);
        let config = Config { write_timeout: 1000 * SECOND, ..keepalive() };
        let mut ws = open(transport, Role::Server, config);
        peer.writes([Write::Blocked]);
        {
            let mut sending = pin!(ws.send("x"));
            for _ in 0..20 {
                assert!(run_until_idle(sending.as_mut()).is_none());
                peer.sends(wire::frame(Role::Client, Opcode::Pong, true, b""));
                time::advance(21 * SECOND);
            }
        }
        assert_eq!(run(ws.next()).unwrap().unwrap(), "take me".into());
    }

    /// Each message moves the deadline; a timer for each would cost more than the messages.
    #[test]
    fn timers_are_set_seldom() {
        let (peer, transport) = script(Cut::NONE, []);
        let mut ws = open(transport, Role::Server, keepalive());
        let begun = time::times_set();
        for _ in 0..10_000 {
            peer.sends(wire::text(Role::Client, "x"));
            run(ws.next()).unwrap().unwrap();
            assert!(run_until_idle(pin!(ws.next())).is_none());
            time::advance(SECOND / 1000);
        }
        assert_eq!(time::times_set() - begun, 1, "it is the first one, of ten seconds ago");
    }

    #[test]
    fn nothing_is_timed_without_need() {
        let (peer, transport) = script(Cut::NONE, []);
        let mut ws = open(transport, Role::Server, Config::default());
        for _ in 0..10 {
            peer.sends(wire::text(Role::Client, "x"));
            let message = run(ws.next()).unwrap().unwrap();
            run(ws.send(message)).unwrap();
            assert!(run_until_idle(pin!(ws.next())).is_none());
        }
        assert_eq!(time::times_set(), 0);
    }

    type Call = fn(&mut sansws_driver::WsStream<Scripted, time::Manual>) -> Result<(), Failure>;

    /// Whoever waits is told, whatever it is that is awaited.
    #[test]
    fn every_call_is_told() {
        let calls: [Call; 8] = [
            |ws| run_through_time(ws.next()).unwrap().map(|_| ()).map_err(Failure::from),
            |ws| run_through_time(ws.read()).map(|_| ()).map_err(Failure::from),
            |ws| run_through_time(ws.next_event()).unwrap().map(|_| ()).map_err(Failure::from),
            |ws| run_through_time(ws.serve(|_, _| Ok::<_, Error>(()))).map_err(Failure::from),
            |ws| run_through_time(ws.flush()).map_err(Failure::from),
            |ws| run_through_time(ws.send("x")).map_err(Failure::from),
            |ws| run_through_time(ws.ping(b"x")).map_err(Failure::from),
            |ws| run_through_time(futures_util::SinkExt::flush(ws)).map_err(Failure::from),
        ];
        for (role, call) in ROLES.into_iter().flat_map(|role| calls.map(|call| (role, call))) {
            let (peer, transport) = script(Cut::NONE, []);
            peer.writes([Write::Blocked]);
            let mut ws = open(transport, role, Config::default());
            ws.sender().unwrap().send("queued").unwrap();
            assert_eq!(call(&mut ws), timed_out(TimedOut::Write(30 * SECOND)));
            assert!(run(ws.next()).is_none());
            assert!(run(ws.send("late")).unwrap_err().is_closed());
        }
    }
}
