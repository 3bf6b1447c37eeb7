//! TLS below the WebSocket: the peer is rustls on a blocking socket.

use crate::certificate::Configs;
use crate::echo::{Echo, reply};
use crate::peer::{Peer, frame, listen, request, together};
use crate::stage::in_both_roles;
use crate::subject::{ClientOptions, ServerOptions, Socket, Subject};
use sansws_core::frame::{Opcode, Role};
use sansws_core::handshake::{HandshakeError, HandshakeLimits};
use sansws_core::{Config, Limits, Message, ProtocolError, TimedOut};
use sansws_driver::Error;
use sansws_driver::rustls::{self, AlertDescription, ClientConfig, ServerConfig, version};
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// Short, for peers that try it.
const SHORT: Duration = Duration::from_millis(60);

/// Two ends of which one is the subject and the other its peer. One that has no TLS does without.
#[derive(Clone)]
struct Ends {
    config: Config,
    limits: HandshakeLimits,
    tls_timeout: Duration,
    server: Option<Arc<ServerConfig>>,
    client: Option<Arc<ClientConfig>>,
    host: &'static str,
}

impl Ends {
    fn new(host: &'static str, Configs { server, client }: Configs) -> Self {
        Self {
            config: Config::default(),
            limits: HandshakeLimits::default(),
            tls_timeout: Duration::from_secs(20),
            server: Some(server),
            client: Some(client),
            host,
        }
    }

    fn trusting() -> Self {
        Self::new("localhost", Configs::new(&["localhost"]))
    }

    /// What becomes of the subject in this role, at a peer that does this.
    #[track_caller]
    fn meet<P: Send>(
        &self,
        subject: &dyn Subject,
        role: Role,
        peer_does: impl FnOnce(Peer) -> P + Send,
    ) -> (Result<Box<dyn Socket>, Error>, P) {
        let Self { config, limits, tls_timeout, server, client, host } = self.clone();
        match role {
            Role::Server => {
                let options = ServerOptions { config, limits, tls: server, ..ServerOptions::default() };
                let mut listener = subject.listen(options);
                let peer = Peer::client(listener.address());
                let peer = if let Some(client) = client { peer.tls_client(client, host) } else { peer };
                together(|| listener.accept(), || peer_does(peer))
            }
            Role::Client => {
                let (listener, url) = listen();
                let url = url.replace("127.0.0.1", host);
                let url = if client.is_some() { url.replace("ws:", "wss:") } else { url };
                let options = ClientOptions { config, limits, tls: client, tls_timeout, ..ClientOptions::default() };
                together(
                    || subject.connect(&url, options).map(|(ws, _)| ws),
                    || {
                        let peer = Peer::server(&listener);
                        peer_does(if let Some(server) = server { peer.tls_server(server) } else { peer })
                    },
                )
            }
        }
    }

    /// An open connection.
    #[track_caller]
    fn open(&self, subject: &dyn Subject, role: Role) -> (Box<dyn Socket>, Peer) {
        let (opened, peer) = self.meet(subject, role, |mut peer| {
            peer.upgrade();
            peer
        });
        (opened.unwrap(), peer)
    }

    /// An opening handshake with a peer that does this, until it is gone.
    #[track_caller]
    fn fail(&self, subject: &dyn Subject, role: Role, peer_does: impl FnOnce(&mut Peer) + Send) -> Error {
        let (opened, ()) = self.meet(subject, role, |mut peer| {
            peer_does(&mut peer);
            peer.until_gone();
        });
        opened.map(drop).unwrap_err()
    }
}

/// What rustls says of it, if it does.
fn cause(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

#[track_caller]
fn io_error(error: Error) -> io::Error {
    let Error::Io(error) = error else { panic!("{error:?}") };
    error
}

/// In each version, on HTTP/1.1, though the peer would rather have another.
pub(crate) fn by_name_and_by_address(subject: &dyn Subject) {
    for version in [&version::TLS12, &version::TLS13] {
        for host in ["localhost", "127.0.0.1"] {
            let ends = Ends::new(host, Configs::version(&[host], version));
            in_both_roles(|role| {
                let (mut ws, mut peer) = ends.open(subject, role);
                let tls = ws.tls().unwrap();
                assert_eq!(tls.protocol_version(), Some(version.version));
                assert_eq!(tls.alpn_protocol(), Some(&b"http/1.1"[..]));
                ws.send("hi".into()).unwrap();
                peer.expect(Opcode::Text, "hi");
            });
        }
    }
}

/// Both Close frames are through: the server ends the stream first, and says so.
#[track_caller]
fn finish(peer: &mut Peer) {
    if peer.role() == Role::Client {
        assert!(peer.frame().is_none(), "the server ends the stream");
    }
    peer.notify();
}

pub(crate) fn every_way_to_echo(subject: &dyn Subject) {
    let ends = Ends::trusting();
    for way in Echo::ALL {
        let server = subject.serve(ServerOptions { tls: ends.server.clone(), ..ServerOptions::default() }, way);
        let mut peer = Peer::client(server.address()).tls_client(ends.client.clone().unwrap(), ends.host);
        peer.upgrade();
        ask(&mut peer);
        assert!(server.end().result.is_ok());
    }
    let (mut ws, mut peer) = ends.open(subject, Role::Client);
    together(|| ws.serve(&mut reply).unwrap(), || ask(&mut peer));

    #[track_caller]
    fn ask(peer: &mut Peer) {
        // About as long as a record (RFC 8446 §5.1), and longer.
        for size in [0, 1, 126, 16_383, 16_384, 16_385, 65_536, 1 << 20] {
            let message = Message::from(vec![7; size]);
            peer.say(&message);
            peer.hear(&message);
        }
        let text = |at: usize| format!("message {at}");
        let role = peer.role();
        let many = (0..1000).flat_map(|at| frame(role, Opcode::Text, true, text(at).as_bytes()));
        peer.write(many.collect::<Vec<_>>());
        (0..1000).for_each(|at| peer.expect(Opcode::Text, text(at)));
        peer.send(Opcode::Close, b"\x03\xe8");
        peer.expect(Opcode::Close, b"\x03\xe8");
        finish(peer);
    }
}

/// Each end reads only once all of its own has left, and no buffer holds that: the subject reads while it sends.
pub(crate) fn a_big_message_each_way_at_a_time(subject: &dyn Subject) {
    let message = Message::from(vec![7; 12 << 20]);
    let limits = Limits { message: 12 << 20, ..Limits::default() };
    let ends = Ends { config: Config { limits, ..Config::default() }, ..Ends::trusting() };
    in_both_roles(|role| {
        let (mut ws, mut peer) = ends.open(subject, role);
        together(
            || {
                ws.send(message.clone()).unwrap();
                assert!(ws.next().unwrap().unwrap() == message);
            },
            || {
                peer.say(&message);
                peer.hear(&message);
            },
        );
    });
}

pub(crate) fn pings_are_answered(subject: &dyn Subject) {
    in_both_roles(|role| {
        let (mut ws, mut peer) = Ends::trusting().open(subject, role);
        let (message, ()) = together(
            || ws.next().unwrap().unwrap(),
            || {
                peer.send(Opcode::Ping, b"ping");
                peer.expect(Opcode::Pong, b"ping");
                peer.send(Opcode::Text, "done");
            },
        );
        assert_eq!(message, "done".into());
    });
}

/// All of the answer, and the end of TLS.
pub(crate) fn refusals_arrive(subject: &dyn Subject) {
    let ends = Ends::trusting();
    let (accepted, answer) = ends.meet(subject, Role::Server, |mut peer| {
        peer.write(request("Origin: https://other.example\r\n"));
        peer.rest()
    });
    assert!(answer.starts_with(b"HTTP/1.1 403 ") && answer.ends_with(b"origin not allowed\n"));
    assert!(matches!(accepted.map(drop), Err(Error::Refused(403))));

    let error = ends.fail(subject, Role::Client, |peer| {
        peer.head();
        peer.write("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone");
        peer.notify();
    });
    let Error::Handshake(HandshakeError::Rejected(response)) = error else { panic!("{error:?}") };
    assert_eq!((response.status(), &response.body()[..]), (404, &b"none"[..]));
}

/// Both know why. The server learns nothing else: its handshake is never done, so nothing can be asked on it.
pub(crate) fn bad_certificates_are_refused(subject: &dyn Subject) {
    let unknown = Configs { client: Configs::new(&["other.example"]).client, ..Configs::new(&["localhost"]) };
    check(subject, "localhost", unknown, AlertDescription::UnknownCA);
    check(subject, "localhost", Configs::new(&["other.example"]), AlertDescription::BadCertificate);
    check(subject, "127.0.0.1", Configs::new(&["localhost", "127.0.0.2"]), AlertDescription::BadCertificate);
    check(subject, "localhost", Configs::expired(&["localhost"]), AlertDescription::CertificateExpired);

    #[track_caller]
    fn check(subject: &dyn Subject, host: &'static str, configs: Configs, alert: AlertDescription) {
        let ends = Ends::new(host, configs);
        in_both_roles(|role| {
            let (ours, theirs) = ends.meet(subject, role, |mut peer| {
                let shaken = peer.shake();
                peer.until_gone();
                shaken
            });
            let (ours, theirs) = (io_error(ours.map(drop).unwrap_err()), theirs.unwrap_err());
            let (client, server) = if role == Role::Client { (&ours, &theirs) } else { (&theirs, &ours) };
            let Some(rustls::Error::InvalidCertificate(error)) = cause(client) else { panic!("{client:?}") };
            assert_eq!(AlertDescription::from(error.clone()), alert, "{error:?}");
            assert_eq!(cause(server), Some(&rustls::Error::AlertReceived(alert)));
        });
    }
}

/// What has TLS and what has none do not understand each other, and know soon.
pub(crate) fn and_none_at_the_other_end(subject: &dyn Subject) {
    let both = Ends::trusting();
    let (plain_client, plain_server) = (Ends { client: None, ..both.clone() }, Ends { server: None, ..both });
    let is_invalid = |error: &io::Error| matches!(cause(error), Some(rustls::Error::InvalidMessage(_)));

    let error = plain_client.fail(subject, Role::Server, |peer| peer.write(request("")));
    assert!(is_invalid(&io_error(error)));
    let error = plain_server.fail(subject, Role::Client, |peer| peer.write("HTTP/1.1 400 Bad Request\r\n\r\n"));
    assert!(is_invalid(&io_error(error)));
    for (ends, role) in [(plain_client, Role::Client), (plain_server, Role::Server)] {
        let error = ends.fail(subject, role, |peer| assert!(is_invalid(&peer.shake().unwrap_err())));
        assert!(matches!(error, Error::Handshake(_)), "{error:?}");
    }
}

pub(crate) fn closing_ends_it_with_a_notice(subject: &dyn Subject) {
    in_both_roles(|role| {
        for we_close in [true, false] {
            let (mut ws, mut peer) = Ends::trusting().open(subject, role);
            together(
                || {
                    if we_close {
                        assert_eq!(ws.close(None).unwrap(), None);
                    }
                    assert!(ws.next().is_none() && ws.is_clean());
                    drop(ws);
                },
                || {
                    if we_close {
                        peer.expect(Opcode::Close, b"");
                        peer.send(Opcode::Close, b"");
                    } else {
                        peer.send(Opcode::Close, b"");
                        peer.expect(Opcode::Close, b"");
                    }
                    finish(&mut peer);
                    assert!(peer.frame().is_none());
                },
            );
        }
    });
}

/// It is the Close frame that ends a WebSocket, with or without such a notice.
pub(crate) fn an_end_without_a_notice(subject: &dyn Subject) {
    in_both_roles(|role| {
        for (closes, notifies) in [(false, false), (false, true), (true, false), (true, true)] {
            let (mut ws, mut peer) = Ends::trusting().open(subject, role);
            peer.send(Opcode::Text, "last words");
            if closes {
                peer.send(Opcode::Close, b"");
            }
            if notifies {
                peer.notify();
            }
            peer.end();
            assert_eq!(ws.next().unwrap().unwrap(), "last words".into());
            let end = ws.next().transpose();
            match closes {
                true => assert!(matches!(end, Ok(None)), "{end:?}"),
                false => assert!(matches!(end, Err(Error::Protocol(ProtocolError::UnexpectedEof))), "{end:?}"),
            }
            assert_eq!(ws.is_clean(), closes);
        }
    });
}

/// A subject in this role that waits for TLS, but not long, at a peer that has none; and what it says then.
fn impatient(role: Role) -> (Ends, TimedOut) {
    let ends = Ends::trusting();
    match role {
        Role::Client => (Ends { server: None, tls_timeout: SHORT, ..ends }, TimedOut::Tls(SHORT)),
        Role::Server => (Ends { client: None, limits: short(), ..ends }, TimedOut::Handshake(SHORT)),
    }
}

fn short() -> HandshakeLimits {
    HandshakeLimits { timeout: SHORT, ..HandshakeLimits::default() }
}

#[track_caller]
fn assert_timed_out(error: &Error, expected: TimedOut) {
    assert!(matches!(error, Error::TimedOut(told) if *told == expected), "{error:?}, not {expected:?}");
}

pub(crate) fn silent_peers_are_dropped(subject: &dyn Subject) {
    in_both_roles(|role| {
        let (ends, late) = impatient(role);
        for said in [&b""[..], &[22, 3, 1], &[22, 3, 1, 1, 0, 1, 0]] {
            assert_timed_out(&ends.fail(subject, role, |peer| peer.write(said)), late);
        }
        // TLS, and nothing on it. A peer that is too busy may not get that far.
        let ends = Ends { limits: short(), ..Ends::trusting() };
        let error = ends.fail(subject, role, |peer| drop(peer.shake()));
        assert_timed_out(&error, TimedOut::Handshake(SHORT));
    });
}

/// A byte now and then does not help.
pub(crate) fn trickling_peers_are_dropped(subject: &dyn Subject) {
    in_both_roles(|role| {
        let (ends, late) = impatient(role);
        let error = ends.fail(subject, role, |peer| {
            let record = [22, 3, 3, 0x40, 0].into_iter().chain([0; 595]); // the start of one that is as long as can be
            for byte in record {
                if peer.try_write([byte]).is_err() {
                    return;
                }
                thread::sleep(SHORT / 12);
            }
            panic!("600 bytes were waited for");
        });
        assert_timed_out(&error, late);
    });
}
