#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
//! TLS on top of any transport.

mod support;

use futures_util::future::join;
use proptest::prelude::*;
use sansws_core::frame::Role;
use sansws_core::handshake::{HandshakeError, Rejection};
use sansws_core::{CloseCode, Message, ProtocolError, TimedOut};
use sansws_driver::Error;
use sansws_driver::rustls::{self, AlertDescription, CertificateError, ClientConfig, ProtocolVersion, ServerConfig};
use std::io::ErrorKind;
use std::pin::{Pin, pin};
use std::time::Duration;
use support::pipe::{Ws, pipe};
use support::script::{Cut, Read, Write, script};
use support::task::{Task, run, run_all, run_through_time, run_until_idle};
use support::tls::{Raw, configs, raw_client};
use support::{Acceptor, Connector, Failure, REQUEST, time, wire};

const SECOND: Duration = Duration::from_secs(1);
const URL: &str = "wss://localhost/";

/// What rustls says of it, if it does.
fn cause(error: &Error) -> Option<&rustls::Error> {
    let Error::Io(error) = error else { return None };
    error.get_ref()?.downcast_ref()
}

/// Opens a WebSocket over a pipe: what becomes of the server and the client.
fn open(
    server: impl Into<Option<ServerConfig>>,
    client: ClientConfig,
    url: &str,
    size: usize,
    cut: Cut,
) -> (Result<Ws, Error>, Result<Ws, Error>) {
    let (a, b) = pipe(size, cut);
    let acceptor = server.into().map_or_else(Acceptor::new, |server| Acceptor::new().tls(server));
    let connector = Connector::new().tls(client);
    run(join(acceptor.accept(a), async { connector.connect_over(b, url).await.map(|(ws, _)| ws) }))
}

fn open_both(size: usize, cut: Cut) -> [Ws; 2] {
    let (server, client) = configs(&["localhost"]);
    let (server, client) = open(server, client, URL, size, cut);
    [server.unwrap(), client.unwrap()]
}

mod an_echo {
    use super::*;

    const SIZES: [usize; 7] = [0, 1, 125, 126, 5000, 16_384, 70_000];

    async fn ask(mut ws: Ws, sizes: &[usize]) {
        for size in sizes {
            let message = Message::from(vec![7; *size]);
            ws.send(message.clone()).await.unwrap();
            assert_eq!(ws.next().await.unwrap().unwrap(), message);
        }
        assert_eq!(ws.close(CloseCode::NORMAL).await.unwrap(), Some(CloseCode::NORMAL.into()));
        assert!(ws.is_clean());
    }

    async fn echo(mut ws: Ws) {
        ws.serve(|message, sender| sender.send_ref(message)).await.unwrap();
        assert!(ws.is_clean());
    }

    fn check(size: usize, cut: Cut, sizes: &[usize]) {
        let [server, client] = open_both(size, cut);
        run_all(vec![Box::pin(echo(server)), Box::pin(ask(client, sizes))]);
        let [server, client] = open_both(size, cut);
        run_all(vec![Box::pin(echo(client)), Box::pin(ask(server, sizes))]);
    }

    #[test]
    fn works_however_the_ciphertext_is_cut() {
        for cut in Cut::ALL {
            check(10, cut, &SIZES[..5]);
            check(100_000, cut, &SIZES[..6]);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn works_over_any_pipe(size in 1..5000_usize, read in 1..5000_usize, write in 1..5000_usize, hesitates: bool) {
            check(size, Cut { read, write, hesitates }, &SIZES);
        }
    }

    /// Each end sends what no buffer holds, and reads at a time.
    #[test]
    fn and_both_talk_at_once() {
        let mut tasks: Vec<Pin<Box<dyn Future<Output = ()>>>> = Vec::new();
        for ws in open_both(5000, Cut::NONE) {
            tasks.push(Box::pin(async move {
                let (mut reader, writer) = ws.split();
                let write = async {
                    for at in 0..5 {
                        writer.send(vec![at; 1 << 20]).await.unwrap();
                    }
                };
                let read = async {
                    for at in 0..5 {
                        assert_eq!(reader.next().await.unwrap().unwrap(), vec![at; 1 << 20].into());
                    }
                };
                join(write, read).await;
            }));
        }
        run_all(tasks);
    }
}

mod a_handshake {
    use super::*;

    const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

    #[test]
    fn is_with_the_host_of_the_url() {
        for host in ["localhost", "localhost.", "LOCALHOST", "127.0.0.1", "[::1]"] {
            let (server, client) = configs(&NAMES);
            let (server, client) = open(server, client, &format!("wss://{host}:1234/"), 1000, Cut::NONE);
            assert!(server.is_ok() && client.is_ok(), "{host}");
        }
        for host in ["other.example", "127.0.0.2", "[::2]"] {
            let (server, client) = configs(&NAMES);
            let name = CertificateError::NotValidForName;
            distrusts(open(server, client, &format!("wss://{host}/"), 1000, Cut::NONE), &name);
        }
        let (server, stranger) = (configs(&NAMES).0, configs(&NAMES).1);
        // It trusts another of the same name.
        distrusts(open(server, stranger, URL, 1000, Cut::NONE), &CertificateError::BadSignature);

        /// Both are told.
        #[track_caller]
        fn distrusts((server, client): (Result<Ws, Error>, Result<Ws, Error>), expected: &CertificateError) {
            let (server, client) = (server.unwrap_err(), client.unwrap_err());
            let Some(rustls::Error::InvalidCertificate(error)) = cause(&client) else { panic!("{client:?}") };
            assert_eq!(AlertDescription::from(error.clone()), AlertDescription::from(expected.clone()));
            let alert = rustls::Error::AlertReceived(AlertDescription::from(expected.clone()));
            assert_eq!(cause(&server), Some(&alert));
            assert_eq!(client.to_string(), format!("invalid peer certificate: {error}"));
        }
    }

    #[test]
    fn agrees_on_http_1_1_unless_told_otherwise() {
        check(&[], &[], Ok(b"http/1.1"));
        check(&["http/1.1"], &[], Ok(b"http/1.1"));
        check(&["mine", "other"], &["other"], Ok(b"other"));
        check(&[], &["h2"], Err(()));
        check(&["h2"], &[], Err(()));

        #[track_caller]
        fn check(server: &[&str], client: &[&str], expected: Result<&[u8], ()>) {
            let (mut server_config, mut client_config) = configs(&["localhost"]);
            server_config.alpn_protocols = server.iter().map(|name| name.as_bytes().into()).collect();
            client_config.alpn_protocols = client.iter().map(|name| name.as_bytes().into()).collect();
            let (server, client) = open(server_config, client_config, URL, 1000, Cut::NONE);
            match expected {
                Ok(protocol) => {
                    for ws in [server.unwrap(), client.unwrap()] {
                        let tls = ws.tls().unwrap();
                        assert_eq!(tls.alpn_protocol(), Some(protocol));
                        assert_eq!(tls.protocol_version(), Some(ProtocolVersion::TLSv1_3));
                    }
                }
                Err(()) => {
                    assert_eq!(cause(&server.unwrap_err()), Some(&rustls::Error::NoApplicationProtocol));
                    let alert = rustls::Error::AlertReceived(AlertDescription::NoApplicationProtocol);
                    assert_eq!(cause(&client.unwrap_err()), Some(&alert));
                }
            }
        }
    }

    #[test]
    fn needs_no_alpn() {
        let (raw, ws) = raw_client(Cut::NONE);
        assert_eq!((raw.tls.alpn_protocol(), ws.tls().unwrap().alpn_protocol()), (None, None));
    }

    #[test]
    fn with_plain_http_fails() {
        let (server, client) = configs(&["localhost"]);
        for said in [REQUEST, b"GET / HTTP/1.1\r\n", &[0x16, 3, 1, 0xff, 0xff, 0], &[0; 100], &[0xff; 100]] {
            for cut in Cut::ALL {
                let (peer, transport) = script(cut, [Read::Data(said.into())]);
                let error = run(Acceptor::new().tls(server.clone()).accept(transport)).unwrap_err();
                assert!(matches!(cause(&error), Some(rustls::Error::InvalidMessage(_))), "{error:?}");
                assert!(peer.is_dropped());
                assert!(cut.hesitates || peer.written()[0] == 21, "the alert is not waited for");
            }
        }
        for said in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b"SSH-2.0-OpenSSH_9.6\r\n"] {
            let (peer, transport) = script(Cut::NONE, [Read::Data(said.into())]);
            let error = run(Connector::new().tls(client.clone()).connect_over(transport, URL)).unwrap_err();
            assert!(matches!(cause(&error), Some(rustls::Error::InvalidMessage(_))), "{error:?}");
            assert!(peer.is_dropped());
        }
        // A client without TLS gets an alert, which is no HTTP.
        let (a, b) = pipe(1000, Cut::NONE);
        let acceptor = Acceptor::new().tls(server);
        let (server, client) = run(join(acceptor.accept(a), Connector::new().connect_over(b, "ws://localhost/")));
        assert!(server.is_err() && matches!(client, Err(Error::Handshake(_))), "{client:?}");
    }

    proptest! {
        #[test]
        fn with_garbage_ends_or_waits(said: Vec<u8>, at in 0..600_usize, ends: bool) {
            let (server, client) = configs(&["localhost"]);
            let (mut raw, transport) = Raw::client(client, Cut::NONE);
            let mut hello = raw.ciphertext();
            let at = at.min(hello.len());
            hello.splice(at.., said);
            raw.peer.sends(hello);
            if ends {
                raw.peer.then(Read::Eof);
            }
            let accepted = run_until_idle(pin!(Acceptor::new().tls(server).accept(transport)));
            prop_assert!(accepted.map_or(!ends, |accepted| matches!(accepted, Err(Error::Io(_)))));
        }
    }

    #[test]
    fn that_is_cut_short_fails() {
        for said in [&[][..], &[22, 3, 1]] {
            let (_, transport) = script(Cut::NONE, [Read::Data(said.into()), Read::Eof]);
            let accepted = run(Acceptor::new().tls(configs(&["localhost"]).0).accept(transport)).map(drop);
            assert_eq!(accepted.map_err(Failure::from), Err(Failure::Io(ErrorKind::UnexpectedEof)));
        }
    }

    #[test]
    fn ends_in_time() {
        let (server, client) = configs(&["localhost"]);
        let connector = Connector::new().tls(client);
        let (_peer, transport) = script(Cut::NONE, []);
        check(TimedOut::Tls(10 * SECOND), connector.connect_over(transport, URL));
        let (peer, transport) = script(Cut::NONE, []);
        peer.writes([Write::Limit(10), Write::Blocked]);
        check(TimedOut::Tls(3 * SECOND), connector.clone().tls_timeout(3 * SECOND).connect_over(transport, URL));
        let (_peer, transport) = script(Cut::NONE, []);
        check(TimedOut::Handshake(10 * SECOND), Acceptor::new().tls(server.clone()).accept(transport));

        // TLS takes nine seconds, and then the server says no more.
        let (mut raw, transport) = Raw::server(server, Cut::NONE);
        let mut connecting = Box::pin(connector.connect_over(transport, URL));
        assert!(run_until_idle(connecting.as_mut()).is_none());
        time::advance(9 * SECOND);
        while raw.plaintext.is_empty() {
            raw.pump().unwrap();
            assert!(run_until_idle(connecting.as_mut()).is_none());
        }
        check(TimedOut::Handshake(10 * SECOND), connecting);

        #[track_caller]
        fn check<T>(expected: TimedOut, open: impl Future<Output = Result<T, Error>>) {
            let begun = time::elapsed();
            let error = run_through_time(open).map(drop).map_err(Failure::from);
            assert_eq!(error, Err(Failure::TimedOut(expected)));
            let (TimedOut::Tls(after) | TimedOut::Handshake(after)) = expected else { unreachable!() };
            assert_eq!(time::elapsed() - begun, after);
            assert!(!time::advance_to_next(), "no timer is left");
        }
    }

    #[test]
    fn is_followed_by_a_refusal_if_need_be() {
        for cut in Cut::ALL {
            let (server, client) = configs(&["localhost"]);
            let (a, b) = pipe(50, cut);
            let (acceptor, connector) = (Acceptor::new().tls(server), Connector::new().tls(client));
            let accepting = acceptor.accept_with(a, |_| Err(Rejection::new(403).body("go away")));
            let (server, client) = run(join(accepting, connector.connect_over(b, URL)));
            assert!(matches!(server, Err(Error::Refused(403))));
            let Err(Error::Handshake(HandshakeError::Rejected(response))) = client else { panic!("{client:?}") };
            assert_eq!((response.status(), &response.body()[..]), (403, &b"go away"[..]));
        }
    }
}

mod a_connection {
    use super::*;

    const EOF: Failure = Failure::Protocol(ProtocolError::UnexpectedEof);

    /// To end TLS, or the stream below it, is not to close a WebSocket, and enough if that was done.
    #[test]
    fn ends_by_a_close_frame_alone() {
        for cut in Cut::ALL {
            for closes in [true, false] {
                for notifies in [true, false] {
                    let (mut raw, mut ws) = raw_client(cut);
                    raw.say(&wire::text(Role::Client, "last words"));
                    if closes {
                        raw.say(&wire::close(Role::Client, 1000, ""));
                    }
                    if notifies {
                        raw.tls.send_close_notify();
                    }
                    raw.pump().unwrap();
                    raw.peer.then(Read::Eof);
                    assert_eq!(run(ws.next()).unwrap().unwrap(), "last words".into());
                    let end = run(ws.next()).transpose().map_err(Failure::from);
                    assert_eq!(end, if closes { Ok(None) } else { Err(EOF) });
                    raw.pump().unwrap();
                    assert_eq!(wire::frames(Role::Server, &raw.plaintext).len(), usize::from(closes));
                }
            }
        }
    }

    /// What came before still counts, and the peer is told.
    #[test]
    fn fails_at_a_broken_record() {
        for cut in Cut::ALL {
            let (mut raw, mut ws) = raw_client(cut);
            raw.say(&wire::text(Role::Client, "good"));
            let mut said = raw.ciphertext();
            raw.say(&wire::text(Role::Client, "bad"));
            said.extend(raw.ciphertext());
            *said.last_mut().unwrap() ^= 1;
            raw.say(&wire::text(Role::Client, "too late"));
            said.extend(raw.ciphertext());
            raw.peer.sends(said);
            assert_eq!(run(ws.next()).unwrap().unwrap(), "good".into());
            let error = run(ws.next()).unwrap().unwrap_err();
            assert_eq!(cause(&error), Some(&rustls::Error::DecryptError));
            assert!(run(ws.next()).is_none());
            let alert = rustls::Error::AlertReceived(AlertDescription::BadRecordMac);
            assert!(raw.pump() == Err(alert) || cut.hesitates, "that it leaves is not waited for");
        }
    }

    /// What the peer has said before can be read though nothing can be written.
    #[test]
    fn that_cannot_be_written_can_be_read() {
        let (mut raw, mut ws) = raw_client(Cut::NONE);
        raw.say(&wire::text(Role::Client, "last words"));
        raw.say(&wire::close(Role::Client, 1000, ""));
        raw.pump().unwrap();
        raw.peer.writes([Write::Error(ErrorKind::BrokenPipe)]);
        run(ws.feed("x")).unwrap();
        assert_eq!(run(ws.next()).unwrap().unwrap(), "last words".into());
        assert!(run(ws.next()).is_none());
    }

    #[test]
    fn joins_small_messages_into_few_records() {
        let (mut raw, mut ws) = raw_client(Cut::NONE);
        let (taken, before) = (raw.peer.taken(), raw.peer.written().len());
        for _ in 0..1000 {
            run(ws.feed("twenty bytes of text")).unwrap();
        }
        run(ws.flush()).unwrap();
        assert_eq!(raw.peer.taken() - taken, 1);
        let (written, mut records) = (raw.peer.written(), 0);
        let mut left = &written[before..];
        while let [_, _, _, high, low, rest @ ..] = left {
            left = &rest[usize::from(u16::from_be_bytes([*high, *low]))..];
            records += 1;
        }
        assert_eq!(records, 2, "of 16 KiB each");
        raw.pump().unwrap();
        assert_eq!(wire::frames(Role::Server, &raw.plaintext).len(), 1000);
    }

    /// rustls has taken all; the peer takes nothing.
    #[test]
    fn ends_if_the_peer_does_not_read() {
        for len in [1, 100_000] {
            let (raw, mut ws) = raw_client(Cut::NONE);
            raw.peer.writes([Write::Blocked]);
            let begun = time::elapsed();
            let error = run_through_time(ws.send(vec![0; len])).map_err(Failure::from);
            assert_eq!(error, Err(Failure::TimedOut(TimedOut::Write(30 * SECOND))));
            assert_eq!(time::elapsed() - begun, 30 * SECOND);
        }
    }

    /// A byte now and then is enough.
    #[test]
    fn goes_on_if_the_peer_reads_slowly() {
        let (mut raw, mut ws) = raw_client(Cut::NONE);
        let mut send = pin!(ws.send(vec![0; 1000]));
        for _ in 0..10 {
            raw.peer.writes([Write::Limit(100), Write::Blocked]);
            raw.peer.sends(vec![]);
            assert!(run_until_idle(send.as_mut()).is_none());
            time::advance(29 * SECOND);
            assert!(run_until_idle(send.as_mut()).is_none());
        }
        raw.peer.writes([]);
        run(send).unwrap();
        raw.pump().unwrap();
        assert_eq!(wire::messages(&wire::frames(Role::Server, &raw.plaintext)), [vec![0; 1000]]);
    }

    /// A record that arrives byte by byte does not keep other tasks from running.
    #[test]
    fn is_read_in_turns() {
        let (mut raw, mut ws) = raw_client(Cut { read: 1, ..Cut::NONE });
        raw.say(&wire::binary(Role::Client, &[0; 5000]));
        raw.pump().unwrap();
        let (task, mut next, before) = (Task::new(), pin!(ws.next()), raw.peer.given());
        for turn in 1..4 {
            assert!(next.as_mut().poll(&mut task.context()).is_pending());
            assert!(task.woken() > 0, "it goes on by itself");
            assert!(raw.peer.given() - before <= turn * 1100, "{} bytes", raw.peer.given() - before);
        }
        assert_eq!(run(next).unwrap().unwrap().len(), 5000);
    }

    #[test]
    fn without_tls_has_none() {
        let (a, b) = pipe(1000, Cut::NONE);
        let (server, client) = run(join(Acceptor::new().accept(a), Connector::new().connect_over(b, "ws://h/")));
        assert!(server.unwrap().tls().is_none() && client.unwrap().0.tls().is_none());
    }
}
