#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
//! What a WebSocket gives to a caller who waits for readiness by itself.

mod support;

use sansws_core::frame::{Opcode, Role};
use sansws_core::handshake::{ClientRequest, HandshakeError, Rejection};
use sansws_core::{CloseCode, Config, Event, EventRef, Fragment, Keepalive, Kind, Limits, Message, TimedOut};
use sansws_driver::{Error, NonBlocking, Origins, Transport};
use std::fmt::Debug;
use std::io::ErrorKind;
use std::pin::pin;
use std::time::Duration;
use support::pipe::{Edges, Pipe, pipe};
use support::script::{Cut, Peer, Read, Scripted, Write, script, sends};
use support::task::run_until_idle;
use support::{Acceptor, CLOSED, Connector, Failure, ROLES, open, open_nonblocking, other, time, wire};

const SECOND: Duration = Duration::from_secs(1);

type Ws<T> = NonBlocking<T, time::Manual>;

/// What was given out: `None` if it would have been waited for.
#[track_caller]
fn given<R: Debug>(result: Result<R, Error>) -> Option<Result<R, Failure>> {
    match result.map_err(Failure::from) {
        Err(Failure::WouldBlock) => None,
        other => Some(other),
    }
}

/// All that is given out without waiting, up to the end.
fn hear<T: Transport>(ws: &mut Ws<T>) -> Vec<Result<Option<Event>, Failure>> {
    let mut heard = Vec::new();
    while let Some(event) = given(ws.next_event()) {
        let ended = event == Ok(None);
        heard.push(event);
        if ended {
            break;
        }
    }
    heard
}

/// What a connection gives does not depend on who waits, and how.
#[test]
fn says_what_a_stream_says() {
    for role in ROLES {
        let from = other(role);
        let talk = [
            wire::text(from, "hello"),
            wire::ping(from, b"?"),
            wire::frame(from, Opcode::Text, false, b"hel"),
            wire::frame(from, Opcode::Pong, true, b"!"),
            wire::frame(from, Opcode::Continuation, true, b"lo"),
            wire::binary(from, &[7; 3000]),
        ]
        .concat();
        let close = wire::close(from, 4000, "bye");
        check(role, &[Read::Data(talk.clone())]);
        check(role, &[Read::Data(talk.clone()), Read::Eof]);
        check(role, &[Read::Data(talk.clone()), Read::Error(ErrorKind::ConnectionReset)]);
        check(role, &[Read::Data([talk.clone(), close.clone()].concat()), Read::Eof]);
        check(role, &[Read::Data(close.clone()), Read::Error(ErrorKind::ConnectionReset)]);
        check(role, &[Read::Data([talk.clone(), vec![0xff; 100]].concat()), Read::Eof]);
        check(role, &[Read::Data([close, talk].concat()), Read::Eof]);
    }

    #[track_caller]
    fn check(role: Role, reads: &[Read]) {
        for cut in Cut::ALL {
            for fails in [None, Some(Write::Error(ErrorKind::BrokenPipe))] {
                let (peer, transport) = script(cut, reads.iter().cloned());
                peer.writes(fails);
                let mut stream = open(transport, role, Config::default());
                let mut expected = Vec::new();
                while let Some(event) = run_until_idle(pin!(stream.next_event())) {
                    let event = event.transpose().map_err(Failure::from);
                    let ended = event == Ok(None);
                    expected.push(event);
                    if ended {
                        break;
                    }
                }

                let (other, transport) = script(cut, reads.iter().cloned());
                other.writes(fails);
                let heard = hear(&mut open_nonblocking(transport, role, Config::default()));
                assert_eq!(heard, expected, "{role:?}, {cut:?}, {fails:?}");
                assert_eq!(other.written(), peer.written(), "{role:?}, {cut:?}");
            }
        }
    }
}

/// One of two ends in a loop that only calls when it is told to.
struct End {
    ws: Ws<Pipe>,
    edges: Edges,
    to_say: Vec<Message>,
    heard: Vec<Message>,
    echoes: bool,
    is_over: bool,
}

impl End {
    fn new(pipe: Pipe, role: Role, to_say: Vec<Message>) -> Self {
        let edges = pipe.edges();
        let echoes = to_say.is_empty();
        let ws = open_nonblocking(pipe, role, Config::default());
        Self { ws, edges, to_say, heard: Vec::new(), echoes, is_over: false }
    }

    /// Something was told: says what it can, reads what there is.
    fn turn(&mut self, total: usize) {
        while let Some(message) = self.to_say.first() {
            if given(self.ws.send(message.clone())).is_none() {
                break;
            }
            self.to_say.remove(0);
        }
        if self.echoes {
            let mut more = Some(Ok(true));
            while more == Some(Ok(true)) {
                more = given(self.ws.serve(|message, sender| sender.send_ref(message)));
            }
            self.is_over = more == Some(Ok(false));
            return;
        }
        while let Some(message) = given(self.ws.next()) {
            match message.unwrap() {
                Some(message) => self.heard.push(message),
                None => {
                    self.is_over = true;
                    return;
                }
            }
            if self.heard.len() == total {
                self.ws.close(CloseCode::NORMAL).unwrap();
            }
        }
    }
}

/// Whatever arrives in whatever pieces, whoever is told of each change once, and goes on until it would block, gets all.
#[test]
fn edges_are_enough() {
    for (role, cut) in ROLES.into_iter().flat_map(|role| Cut::ALL.map(|cut| (role, cut))) {
        for size in [1, 7, 1000, 1 << 20] {
            let lens = [0, 1, 125, 126, 300, 0, 2 * size.min(5000)];
            let say: Vec<Message> = (0..14_u8).map(|at| vec![at; lens[usize::from(at) % 7]].into()).collect();
            let (a, b) = pipe(size, cut);
            let mut ends = [End::new(a, role, say.clone()), End::new(b, other(role), Vec::new())];
            for end in &mut ends {
                end.turn(say.len());
            }
            while !ends.iter().all(|end| end.is_over) {
                let mut told = false;
                for end in &mut ends {
                    if end.edges.next() && !end.is_over {
                        told = true;
                        end.turn(say.len());
                    }
                }
                assert!(told, "nobody is told anything any more: {role:?}, {cut:?}, pipes of {size}");
            }
            assert_eq!(ends[0].heard, say);
            assert!(ends.iter().all(|end| end.ws.is_clean()));
        }
    }
}

/// Sending leaves what has arrived to those who read, who are told of it once.
#[test]
fn sending_reads_nothing() {
    for role in ROLES {
        let (peer, transport) = sends(wire::text(other(role), "hello"));
        let mut ws = open_nonblocking(transport, role, Config::default());
        ws.send("a").unwrap();
        ws.send_ref("b").unwrap();
        ws.send_fragment(Fragment { kind: Kind::Text, payload: "c".into(), last: true }).unwrap();
        ws.ping(b"d").unwrap();
        ws.flush().unwrap();
        assert_eq!((wire::frames(role, &peer.written()).len(), peer.given()), (4, 0), "what is sent leaves at once");
        ws.feed("e").unwrap();
        ws.feed_ref("f").unwrap();
        assert_eq!(ws.timeout(), Some(Duration::ZERO), "there is something to do");
        assert!(ws.wants_write());
        assert_eq!(ws.next().unwrap(), Some("hello".into()));
        assert_eq!(given(ws.next()), None);
        assert_eq!(wire::frames(role, &peer.written()).len(), 6, "nothing is stranded by reading");
        assert!(!ws.wants_write());
        assert_eq!(ws.timeout(), None);
    }
}

#[test]
fn what_would_block_queues_nothing() {
    let limits = Limits { output_high: 100, output_low: 50, ..Limits::default() };
    let config = Config { limits, ..Config::default() };
    let (peer, transport) = script(Cut::NONE, []);
    peer.writes([Write::Limit(1), Write::Blocked]);
    let mut ws = open_nonblocking(transport, Role::Server, config);
    let mut sent = 0_u8;
    while given(ws.send(vec![sent; 9])).is_some() {
        sent += 1;
    }
    assert_eq!(ws.buffered_amount(), u64::from(sent) * 9);
    assert_eq!(given(ws.ready()), None);
    assert_eq!(given(ws.feed("a")), None);
    assert_eq!(given(ws.send_fragment(Fragment { kind: Kind::Text, payload: "a".into(), last: true })), None);
    assert_eq!(given(ws.flush()), None);
    assert!(ws.wants_write());
    peer.unblock();
    ws.ready().unwrap();
    ws.flush().unwrap();
    let expected: Vec<_> = (0..sent).map(|at| vec![at; 9]).collect();
    assert_eq!(wire::messages(&wire::frames(Role::Server, &peer.written())), expected);
}

mod turns {
    use super::*;

    /// The other connections of a loop have their turn, too.
    #[test]
    fn of_serve_are_bounded() {
        let (peer, transport) = script(Cut::NONE, [Read::Endless(wire::text(Role::Client, "hello"))]);
        let mut ws = open_nonblocking(transport, Role::Server, Config::default());
        for turn in 1..4 {
            let mut handled = 0;
            let more = ws.serve(|message, sender| {
                handled += 1;
                sender.send_ref(message)
            });
            assert_eq!(given(more), Some(Ok(true)));
            assert!(handled > 0 && peer.given() <= turn * (32 * (64 << 10)), "{} bytes", peer.given());
        }
    }

    /// A call that reads goes on until there is something, and would block only if the transport would.
    #[test]
    fn of_reading_are_not() {
        let from = Role::Client;
        let begin = [wire::ping(from, b"?"), wire::frame(from, Opcode::Binary, false, &[1; 1000])].concat();
        let pieces = (0..200).map(|_| Read::Data(wire::frame(from, Opcode::Continuation, false, &[2; 1000])));
        let end = Read::Data(wire::frame(from, Opcode::Continuation, true, b""));
        let (peer, transport) = script(Cut::NONE, [Read::Data(begin)].into_iter().chain(pieces).chain([end]));
        let mut ws = open_nonblocking(transport, Role::Server, Config::default());
        assert_eq!(ws.next().unwrap().unwrap().as_bytes().len(), 201_000);
        assert_eq!(given(ws.next()), None);
        assert_eq!(peer.steps_left(), 0);
    }

    /// A handler may send on other connections of its thread.
    #[test]
    fn may_be_within_turns() {
        let (_, transport) = sends(wire::text(Role::Client, "hello").repeat(3));
        let mut ws = open_nonblocking(transport, Role::Server, Config::default());
        let (peer, transport) = sends(Vec::new());
        let mut other = open_nonblocking(transport, Role::Server, Config::default());
        assert_eq!(given(ws.serve(|message, _| other.send_ref(message))), None);
        assert_eq!(wire::frames(Role::Server, &peer.written()).len(), 3);
    }
}

#[test]
fn serve_waits_for_room() {
    let limits = Limits { output_high: 100, output_low: 50, ..Limits::default() };
    let config = Config { limits, ..Config::default() };
    let (peer, transport) = sends(wire::binary(Role::Client, &[7; 60]).repeat(10));
    peer.writes([Write::Blocked]);
    let mut ws = open_nonblocking(transport, Role::Server, config);
    let mut handled = 0;
    let mut serve = |ws: &mut Ws<Scripted>| {
        let served = ws.serve(|message, sender| {
            handled += 1;
            sender.send_ref(message)
        });
        assert_eq!(given(served), None);
        handled
    };
    assert_eq!((serve(&mut ws), serve(&mut ws)), (2, 2));
    peer.unblock();
    assert_eq!(serve(&mut ws), 10);
    assert_eq!(wire::frames(Role::Server, &peer.written()).len(), 10);
}

#[test]
fn a_handler_that_fails_ends_nothing() {
    let (_, transport) = sends([wire::text(Role::Client, "a"), wire::ping(Role::Client, b"b")].concat());
    let mut ws = open_nonblocking(transport, Role::Server, Config::default());
    assert_eq!(given(ws.serve(|_, _| Err(Error::Fragment))), Some(Err(Failure::Fragment)));
    assert!(matches!(ws.read_event(), Ok(Some(EventRef::Ping(b"b")))));
    assert!(ws.is_open());
}

mod time_passes {
    use super::*;

    /// A caller that waits no longer than it is told finds that the time has come.
    #[track_caller]
    fn wait(ws: &Ws<Scripted>, expected: Option<Duration>) {
        assert_eq!(ws.timeout(), expected);
        time::advance(expected.unwrap());
    }

    #[test]
    fn a_silent_peer_is_pinged_then_dropped() {
        let keepalive = Keepalive { interval: 20 * SECOND, timeout: 10 * SECOND };
        let config = Config { keepalive: Some(keepalive), ..Config::default() };
        let (peer, transport) = script(Cut::NONE, []);
        let mut ws = open_nonblocking(transport, Role::Server, config);
        assert_eq!(given(ws.read().map(|_| ())), None);
        wait(&ws, Some(20 * SECOND));
        assert_eq!(given(ws.idle()), None);
        assert_eq!(wire::frames(Role::Server, &peer.written())[0].0, Opcode::Ping);
        wait(&ws, Some(10 * SECOND));
        let late = Failure::TimedOut(TimedOut::Keepalive(10 * SECOND));
        assert_eq!(given(ws.idle()), Some(Err(late)));
        assert_eq!((given(ws.idle()), ws.timeout()), (Some(Ok(false)), None));
    }

    #[test]
    fn a_peer_that_does_not_read_is_given_up() {
        let (peer, transport) = script(Cut::NONE, []);
        peer.writes([Write::Blocked]);
        let mut ws = open_nonblocking(transport, Role::Server, Config::default());
        ws.send("hello").unwrap();
        wait(&ws, Some(30 * SECOND));
        assert_eq!(given(ws.flush()), Some(Err(Failure::TimedOut(TimedOut::Write(30 * SECOND)))));
        assert_eq!(given(ws.send("more")), Some(Err(CLOSED)));
    }

    #[test]
    fn a_close_frame_is_answered_in_time_or_not_at_all() {
        let (peer, transport) = script(Cut::NONE, []);
        let mut ws = open_nonblocking(transport, Role::Server, Config::default());
        ws.close(CloseCode::NORMAL).unwrap();
        assert_eq!(peer.written(), wire::close(Role::Server, 1000, ""));
        assert!(!ws.is_open());
        wait(&ws, Some(5 * SECOND));
        assert_eq!(given(ws.next()), Some(Err(Failure::TimedOut(TimedOut::Close(5 * SECOND)))));
        assert_eq!(given(ws.next()), Some(Ok(None)));
    }

    #[test]
    fn a_handshake_ends() {
        let late = Failure::TimedOut(TimedOut::Handshake(10 * SECOND));
        for (peer, mut ws) in [accepting(&[]), connecting(&[])] {
            assert_eq!(given(ws.open()), None);
            wait(&ws, Some(10 * SECOND));
            assert_eq!(given(ws.next()), Some(Err(late.clone())));
            assert_eq!((given(ws.next()), ws.timeout()), (Some(Ok(None)), None));
            assert!(!peer.is_dropped(), "that is for the caller");
        }
    }
}

/// A server whose client says this.
fn accepting(says: &[u8]) -> (Peer, Ws<Scripted>) {
    let (peer, transport) = sends(says.into());
    (peer, Acceptor::new().begin(transport).unwrap())
}

/// A client whose server says this.
fn connecting(says: &[u8]) -> (Peer, Ws<Scripted>) {
    let (peer, transport) = sends(says.into());
    (peer, Connector::new().begin_client(transport, ClientRequest::new("h", "/")).unwrap())
}

mod opening {
    use super::*;

    /// Two ends in every stage of the handshake, whichever call drives it.
    #[test]
    fn any_call_goes_on_with_it() {
        for cut in Cut::ALL {
            check(cut, |ws| given(ws.open().map(|_| ())));
            check(cut, |ws| given(ws.read().map(|_| ())));
            check(cut, |ws| given(ws.next().map(|_| ())));
            check(cut, |ws| given(ws.read_event().map(|_| ())));
            check(cut, |ws| given(ws.next_event().map(|_| ())));
            check(cut, |ws| given(ws.serve(|_, _| Ok::<_, Error>(())).map(|_| ())));
            check(cut, |ws| given(ws.serve_events(|_, _| Ok::<_, Error>(())).map(|_| ())));
            check(cut, |ws| given(ws.idle().map(|_| ())));
            check(cut, |ws| given(ws.ready()));
            check(cut, |ws| given(ws.send("a")));
            check(cut, |ws| given(ws.ping(b"a")));
            check(cut, |ws| given(ws.flush()));
            check(cut, |ws| given(ws.sender().map(|_| ())));
        }

        #[track_caller]
        fn check(cut: Cut, call: impl Fn(&mut Ws<Pipe>) -> Option<Result<(), Failure>>) {
            let (a, b) = pipe(100, cut);
            let mut client = Connector::new().protocols(["x"]).begin(a, "ws://h/chat").unwrap();
            let mut server = Acceptor::new().protocols(["x"]).begin(b).unwrap();
            for _ in 0..1000 {
                for ws in [&mut client, &mut server] {
                    assert!(call(ws).is_none_or(|said| said == Ok(())));
                }
                if client.is_open() && server.is_open() {
                    assert_eq!((client.protocol(), server.protocol()), (Some("x"), Some("x")));
                    return;
                }
                assert!(client.is_opening() || server.is_opening());
            }
            panic!("it does not end");
        }
    }

    #[test]
    fn the_answer_comes_with_it() {
        let (a, b) = pipe(1000, Cut::NONE);
        let mut client = Connector::new().begin(a, "ws://h/").unwrap();
        let mut server = Acceptor::new()
            .origins(Origins::Any)
            .begin_with(b, |offer| offer.add_header("X-A", "b").map_err(|_| Rejection::new(500)))
            .unwrap();
        assert!(client.wants_write() && !server.wants_write());
        assert!(given(client.open()).is_none());
        assert!(!client.wants_write());
        assert!(server.open().unwrap().is_none());
        let answer = client.open().unwrap().unwrap();
        assert_eq!(answer.headers().get("X-A"), Some("b"));
        assert!(client.open().unwrap().is_none(), "once");
    }

    #[test]
    fn what_comes_with_the_head_is_read() {
        let says = [support::REQUEST, &wire::text(Role::Client, "hello"), &wire::text(Role::Client, "world")].concat();
        let (_, mut ws) = accepting(&says);
        ws.send("hi").unwrap();
        assert_eq!(ws.next().unwrap(), Some("hello".into()));
        assert_eq!(ws.next().unwrap(), Some("world".into()));
        assert_eq!(given(ws.next()), None);
    }

    /// The error is told once; then, it is a connection that has ended.
    #[test]
    fn may_fail() {
        let refused = HandshakeError::Malformed;
        check(accepting(b"hello\r\n\r\n"), &Failure::Handshake(refused));
        check(connecting(b""), &Failure::Handshake(HandshakeError::UnexpectedEof));
        let (peer, transport) = sends(support::REQUEST.into());
        let turned_away = Acceptor::new().begin_with(transport, |_| Err(Rejection::new(404)));
        check((peer, turned_away.unwrap()), &Failure::Refused(404));

        #[track_caller]
        fn check((peer, mut ws): (Peer, Ws<Scripted>), expected: &Failure) {
            peer.then(Read::Eof);
            assert_eq!(given(ws.next()), Some(Err(expected.clone())));
            assert!(!ws.is_opening() && !ws.is_open() && !ws.wants_write() && !ws.is_clean());
            assert_eq!(given(ws.next()), Some(Ok(None)));
            assert_eq!(given(ws.serve(|_, _| Ok::<_, Error>(()))), Some(Ok(false)));
            assert_eq!(given(ws.open().map(|_| ())), Some(Err(CLOSED)));
            assert_eq!(given(ws.send("a")), Some(Err(CLOSED)));
            assert_eq!(given(ws.flush()), Some(Err(CLOSED)));
            assert_eq!(ws.timeout(), None);
        }
    }

    #[test]
    fn may_be_given_up() {
        for (peer, mut ws) in [accepting(&support::REQUEST[..10]), connecting(b"")] {
            assert_eq!(given(ws.open().map(|_| ())), None);
            let written = peer.written();
            ws.close(None).unwrap();
            assert_eq!(given(ws.next()), Some(Ok(None)));
            ws.close(None).unwrap();
            assert_eq!(given(ws.next()), Some(Ok(None)));
            assert_eq!(peer.written(), written);
            assert!(!peer.is_dropped());
            drop(ws);
            assert!(peer.is_dropped());
        }
    }
}

/// What may be moved to another thread.
#[test]
fn may_be_sent() {
    fn check<T: Send>() {}
    struct Nothing;
    check::<NonBlocking<Nothing, Nothing>>();
}
