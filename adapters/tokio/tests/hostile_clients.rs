#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
//! Clients without manners, on raw sockets: what they see, and what the server is told.

mod support;

use sansws_tokio::core::handshake::{HandshakeError, HandshakeLimits};
use sansws_tokio::core::{ProtocolError, TimedOut};
use sansws_tokio::{Acceptor, CloseFrame, Error, Message, Origins, Rejection, WsStream, accept, connect};
use std::time::Duration;
use support::{REQUEST, echo_server, listen, on_both, raw_client, read_all, read_head, server, url};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The server's part is to try.
async fn try_it(ws: Result<WsStream, Error>) -> Result<(), Error> {
    ws.map(|_| ())
}

/// Reads messages until there are no more.
async fn listen_to(ws: Result<WsStream, Error>) -> (Vec<Message>, Option<Error>) {
    let (mut ws, mut messages) = (ws.unwrap(), Vec::new());
    loop {
        match ws.next().await {
            Some(Ok(message)) => messages.push(message),
            Some(Err(error)) => {
                assert!(ws.next().await.is_none());
                return (messages, Some(error));
            }
            None => return (messages, None),
        }
    }
}

mod bad_requests {
    use super::*;

    #[test]
    fn are_answered_whatever_comes_behind() {
        check(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", 426);
        check(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n", 405);
        check(b"GET / HTTP/1.0\r\n\r\n", 505);
        check(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505);
        check(b"\r\n\r\n\r\nnonsense\r\n\r\n", 400);
        check(b"SSH-2.0-OpenSSH_9.6\r\n\r\n", 400);
        check(b"GET / HTTP/1.1\nHost: h\n\n", 400);
        check(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a ClientHello \r\n", 400);
        check(&[0; 100], 400);
        check(&[b'A'; 20_000], 414);
        check(format!("GET / HTTP/1.1\r\n{}", "X: y\r\n".repeat(200)).as_bytes(), 431);
        check(&[&REQUEST[..REQUEST.len() - 2], b"Origin: http://evil\r\n\r\n"].concat(), 403);

        #[track_caller]
        fn check(request: &[u8], status: u16) {
            for extra in [0, 1, 200_000] {
                let request = [request, &vec![b'x'; extra]].concat();
                on_both(async || {
                    let (address, task) = server(Acceptor::new(), try_it).await;
                    let mut tcp = TcpStream::connect(address).await.unwrap();
                    tcp.write_all(&request).await.unwrap();
                    let answer = String::from_utf8(read_all(&mut tcp).await).unwrap();
                    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{extra} bytes behind: {answer}");
                    drop(tcp);
                    let error = task.await.unwrap().unwrap_err();
                    assert!(matches!(error, Error::Handshake(_) | Error::Refused(403)), "{error}");
                });
            }
        }
    }

    #[test]
    fn may_be_turned_away_by_the_program() {
        on_both(async || {
            let (listener, address) = listen().await;
            let task = tokio::spawn(async move {
                let (tcp, _) = listener.accept().await.unwrap();
                let decide = |_: &mut _| Err(Rejection::new(503).body("full"));
                Acceptor::new().accept_with(tcp, decide).await.map(|_| ())
            });
            let mut tcp = TcpStream::connect(address).await.unwrap();
            tcp.write_all(&[REQUEST, b"\x81\x80\0\0\0\0 early frames"].concat()).await.unwrap();
            let answer = String::from_utf8(read_all(&mut tcp).await).unwrap();
            assert!(answer.starts_with("HTTP/1.1 503 ") && answer.ends_with("\r\n\r\nfull"));
            drop(tcp);
            assert!(matches!(task.await.unwrap(), Err(Error::Refused(503))));
        });
    }
}

mod half_a_handshake {
    use super::*;

    #[test]
    fn port_probes_do_no_harm() {
        on_both(async || {
            let address = echo_server().await;
            for _ in 0..20 {
                drop(TcpStream::connect(address).await.unwrap());
                let tcp = TcpStream::connect(address).await.unwrap();
                tcp.set_zero_linger().unwrap(); // a reset
                drop(tcp);
                let mut tcp = TcpStream::connect(address).await.unwrap();
                tcp.write_all(&REQUEST[..50]).await.unwrap();
                drop(tcp);
            }
            let mut ws = connect(&url(address)).await.unwrap();
            ws.send("still there?").await.unwrap();
            assert_eq!(ws.next().await.unwrap().unwrap(), "still there?".into());
        });
    }

    /// The client has nothing more to say, but would read an answer: there is none to give.
    #[test]
    fn a_client_that_stops_midway_is_left() {
        for len in [0, 1, 50, REQUEST.len() - 1] {
            on_both(async || {
                let (address, task) = server(Acceptor::new(), try_it).await;
                let mut tcp = TcpStream::connect(address).await.unwrap();
                tcp.write_all(&REQUEST[..len]).await.unwrap();
                tcp.shutdown().await.unwrap();
                assert_eq!(read_all(&mut tcp).await, b"");
                let error = task.await.unwrap().unwrap_err();
                assert!(matches!(error, Error::Handshake(HandshakeError::UnexpectedEof)), "{error}");
            });
        }
    }

    /// Time is paused, so the deadline comes as soon as nothing else can happen.
    #[tokio::test]
    async fn a_silent_client_is_dropped() {
        for said in [&b""[..], b"G", &REQUEST[..REQUEST.len() - 1], b"GET / HTTP/1.1\r\n"] {
            let (listener, address) = listen().await;
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(said).await.unwrap();
            let (tcp, _) = listener.accept().await.unwrap();
            tcp.readable_if(!said.is_empty()).await;
            tokio::time::pause();
            let begun = tokio::time::Instant::now();
            let error = accept(tcp).await.unwrap_err();
            assert!(matches!(error, Error::TimedOut(TimedOut::Handshake(_))), "{error}");
            assert!(begun.elapsed() >= Duration::from_secs(10));
            tokio::time::resume();
            let end = client.read_to_end(&mut Vec::new()).await;
            assert!(end.is_ok() || end.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset));
        }
    }

    trait Readable {
        async fn readable_if(&self, wait: bool);
    }

    impl Readable for TcpStream {
        async fn readable_if(&self, wait: bool) {
            if wait {
                self.readable().await.unwrap();
            }
        }
    }

    /// A byte now and then does not help: the deadline is for all of it.
    #[tokio::test(start_paused = true)]
    async fn a_slow_client_is_dropped() {
        let (mut client, server) = tokio::io::duplex(1000);
        let begun = tokio::time::Instant::now();
        let trickle = async {
            for byte in REQUEST {
                tokio::time::sleep(Duration::from_secs(1)).await;
                if client.write_all(&[*byte]).await.is_err() {
                    return;
                }
            }
        };
        let (accepted, ()) = tokio::join!(accept(server), trickle);
        assert!(matches!(accepted, Err(Error::TimedOut(TimedOut::Handshake(_)))));
        assert!(begun.elapsed() < Duration::from_secs(15));
    }

    /// With limits of its own.
    #[test]
    fn a_slow_client_is_dropped_sooner_if_so_configured() {
        on_both(async || {
            let limits = HandshakeLimits { timeout: Duration::from_millis(20), ..HandshakeLimits::default() };
            let (address, task) = server(Acceptor::new().handshake_limits(limits), try_it).await;
            let mut tcp = TcpStream::connect(address).await.unwrap();
            assert_eq!(tcp.read_to_end(&mut Vec::new()).await.unwrap(), 0);
            assert!(matches!(task.await.unwrap(), Err(Error::TimedOut(TimedOut::Handshake(_)))));
        });
    }
}

mod early_and_late {
    use super::*;

    #[test]
    fn frames_may_come_with_the_request() {
        on_both(async || {
            let (address, task) = server(Acceptor::new(), listen_to).await;
            let mut tcp = TcpStream::connect(address).await.unwrap();
            tcp.write_all(&[REQUEST, b"\x81\x82\0\0\0\0hi", b"\x88\x80\0\0\0\0"].concat()).await.unwrap();
            assert!(read_head(&mut tcp).await.starts_with("HTTP/1.1 101 "));
            assert_eq!(read_all(&mut tcp).await, b"\x88\x00");
            drop(tcp);
            let (messages, error) = task.await.unwrap();
            assert_eq!(messages, ["hi".into()]);
            assert!(error.is_none());
        });
    }

    #[test]
    fn a_request_may_come_byte_by_byte() {
        on_both(async || {
            let (address, task) = server(Acceptor::new(), listen_to).await;
            let mut tcp = TcpStream::connect(address).await.unwrap();
            tcp.set_nodelay(true).unwrap();
            for byte in [REQUEST, b"\x81\x82\0\0\0\0hi", b"\x88\x80\0\0\0\0"].concat() {
                tcp.write_all(&[byte]).await.unwrap();
                tokio::task::yield_now().await;
            }
            assert!(read_head(&mut tcp).await.starts_with("HTTP/1.1 101 "));
            assert_eq!(read_all(&mut tcp).await, b"\x88\x00");
            drop(tcp);
            assert_eq!(task.await.unwrap().0, ["hi".into()]);
        });
    }
}

mod broken_rules {
    use super::*;

    /// The client reads why, though it sent more than was wanted of it.
    #[test]
    fn are_told() {
        check(b"\x81\x02hi", ProtocolError::Unmasked);
        check(b"\x83\x80\0\0\0\0", ProtocolError::ReservedOpcode { opcode: 3 });
        check(b"\x81\x81\0\0\0\0\xff", ProtocolError::InvalidUtf8 { at: 0 });
        check(b"\x82\xff\0\0\0\0\0\x10\0\x01\0\0\0\0", ProtocolError::TooBig { limit: 1 << 20, size: (1 << 20) + 1 });
        check(b"\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", ProtocolError::LengthOverflow { len: u64::MAX });
        check(b"\x88\x81\0\0\0\0\x03", ProtocolError::TruncatedCloseCode);

        #[track_caller]
        fn check(said: &[u8], error: ProtocolError) {
            for extra in [0, 1, 200_000] {
                let said = [said, &vec![0x55; extra]].concat();
                on_both(async || {
                    let (address, task) = server(Acceptor::new(), listen_to).await;
                    let mut tcp = raw_client(address).await;
                    tcp.write_all(&said).await.unwrap();
                    let told = read_all(&mut tcp).await;
                    let code = error.close_code().0.to_be_bytes();
                    assert_eq!((told[0], &told[2..4]), (0x88, &code[..]));
                    assert_eq!(&told[4..], error.to_string().as_bytes());
                    drop(tcp);
                    let (messages, ended) = task.await.unwrap();
                    assert!(messages.is_empty());
                    assert!(matches!(ended, Some(Error::Protocol(other)) if other == error), "{ended:?}");
                });
            }
        }
    }

    #[test]
    fn end_a_connection_that_is_being_sent_to() {
        on_both(async || {
            let (address, task) = server(Acceptor::new(), async |ws| {
                let mut ws = ws.unwrap();
                loop {
                    if let Err(error) = ws.send(vec![0; 10_000]).await {
                        return error;
                    }
                }
            })
            .await;
            let mut tcp = raw_client(address).await;
            tcp.write_all(b"\x81\x00").await.unwrap();
            let told = read_all(&mut tcp).await;
            assert!(told.ends_with(ProtocolError::Unmasked.to_string().as_bytes()));
            drop(tcp);
            let error = task.await.unwrap();
            assert!(error.is_closed() || matches!(error, Error::Protocol(ProtocolError::Unmasked)), "{error}");
        });
    }
}

mod ends {
    use super::*;

    #[test]
    fn a_client_that_half_closes_is_gone() {
        on_both(async || {
            let (address, task) = server(Acceptor::new(), listen_to).await;
            let mut tcp = raw_client(address).await;
            tcp.write_all(b"\x81\x82\0\0\0\0hi").await.unwrap();
            tcp.shutdown().await.unwrap();
            let (messages, error) = task.await.unwrap();
            assert_eq!(messages, ["hi".into()]);
            assert!(matches!(error, Some(Error::Protocol(ProtocolError::UnexpectedEof))), "{error:?}");
            assert_eq!(read_all(&mut tcp).await, b"");
        });
    }

    #[test]
    fn a_client_that_resets_is_gone() {
        on_both(async || {
            let (address, task) = server(Acceptor::new(), listen_to).await;
            let tcp = raw_client(address).await;
            tcp.set_zero_linger().unwrap();
            drop(tcp);
            let (_, error) = task.await.unwrap();
            assert!(matches!(error, Some(Error::Io(_))), "{error:?}");
        });
    }

    /// Many do when both have closed; it is no error.
    #[test]
    fn a_client_that_resets_after_closing_has_closed() {
        on_both(async || {
            let (address, task) = server(Acceptor::new(), listen_to).await;
            let mut tcp = raw_client(address).await;
            tcp.write_all(b"\x88\x82\0\0\0\0\x03\xe8").await.unwrap();
            let mut answer = [0; 4];
            tcp.read_exact(&mut answer).await.unwrap();
            assert_eq!(&answer, b"\x88\x02\x03\xe8");
            tcp.set_zero_linger().unwrap();
            drop(tcp);
            let (_, error) = task.await.unwrap();
            assert!(error.is_none(), "{error:?}");
        });
    }

    /// The server ends the stream first, so that the port's wait is the client's... and the answer arrives.
    #[test]
    fn a_client_that_closes_is_answered_and_the_stream_ended() {
        on_both(async || {
            let (address, task) = server(Acceptor::new(), listen_to).await;
            let mut tcp = raw_client(address).await;
            tcp.write_all(b"\x88\x80\0\0\0\0 and what nobody reads").await.unwrap();
            assert_eq!(read_all(&mut tcp).await, b"\x88\x00");
            drop(tcp);
            assert!(task.await.unwrap().1.is_none());
        });
    }

    #[tokio::test]
    async fn a_client_that_does_not_answer_our_close_frame_is_dropped() {
        let (listener, address) = listen().await;
        let (mut raw, ws) =
            tokio::join!(raw_client(address), async { accept(listener.accept().await.unwrap().0).await });
        let mut ws = ws.unwrap();
        tokio::time::pause();
        let error = ws.close(CloseFrame::new(1001, "bye")).await.unwrap_err();
        assert!(matches!(error, Error::TimedOut(TimedOut::Close(_))), "{error}");
        drop(ws);
        tokio::time::resume();
        assert_eq!(read_all(&mut raw).await, b"\x88\x05\x03\xe9bye");
    }

    /// It sends what wants answers and reads none, until all buffers of the system are full. Time is paused: it goes on
    /// when nothing else does.
    #[tokio::test]
    async fn a_client_that_never_reads_is_dropped() {
        let (listener, address) = listen().await;
        let (mut raw, ws) =
            tokio::join!(raw_client(address), async { accept(listener.accept().await.unwrap().0).await });
        let mut ws = ws.unwrap();
        tokio::time::pause();
        let client = tokio::spawn(async move {
            let messages = b"\x82\x80\0\0\0\0".repeat(1000);
            while raw.write_all(&messages).await.is_ok() {}
        });
        let served = ws.serve(|_, sender| sender.send_ref(&[0; 5000][..])).await;
        assert!(matches!(served, Err(Error::TimedOut(TimedOut::Write(_)))), "{served:?}");
        assert!(!ws.is_clean());
        drop(ws);
        client.await.unwrap();
    }
}

/// A program may let all pages in.
#[test]
fn origins_are_a_choice() {
    on_both(async || {
        let (address, task) = server(Acceptor::new().origins(Origins::Any), try_it).await;
        let mut tcp = TcpStream::connect(address).await.unwrap();
        tcp.write_all(&[&REQUEST[..REQUEST.len() - 2], b"Origin: http://evil\r\n\r\n"].concat()).await.unwrap();
        assert!(read_head(&mut tcp).await.starts_with("HTTP/1.1 101 "));
        task.await.unwrap().unwrap();
    });
}
