//! The constructor: URLs, subprotocols, and what is there before anything has happened.

use super::*;
use SyntaxError as E;
use url::ParseError;

/// W001–W005, W012–W017.
#[test]
fn urls() {
    check("ws://h", Ok("ws://h/"));
    check("wss://H/", Ok("wss://h/"));
    check("http://h/a?b", Ok("ws://h/a?b"));
    check("https://h", Ok("wss://h/"));
    check("WS://h", Ok("ws://h/"));
    check("ws:h/a", Ok("ws://h/a"));
    check("ws:/h/a", Ok("ws://h/a"));
    check("ws://bücher.example", Ok("ws://xn--bcher-kva.example/"));
    check("ws://user:secret@h", Ok("ws://user:secret@h/"));
    // Ports.
    check("ws://h:80", Ok("ws://h/"));
    check("wss://h:443", Ok("wss://h/"));
    check("wss://h:80", Ok("wss://h:80/"));
    check("ws://h:443", Ok("ws://h:443/"));
    check("https://h:80", Ok("wss://h:80/"));
    check("https://h:443", Ok("wss://h/"));
    check("http://h:443", Ok("ws://h:443/"));
    // Encoding.
    check("ws://h/?a b%20c", Ok("ws://h/?a%20b%20c"));
    check("ws://h/?€", Ok("ws://h/?%E2%82%AC"));
    check("ws://h/?", Ok("ws://h/?"));
    // What is no URL of a WebSocket.
    check("/chat", Err(E::Url(ParseError::RelativeUrlWithoutBase)));
    check("ws://a b", Err(E::Url(ParseError::IdnaError)));
    check("ws://", Err(E::Url(ParseError::EmptyHost)));
    check("ftp://h", Err(E::Scheme("ftp".into())));
    check("mailto:a@h", Err(E::Scheme("mailto".into())));
    check("about:blank", Err(E::Scheme("about".into())));
    check("ws://h/#a", Err(E::Fragment));
    check("ws://h/#", Err(E::Fragment));
    check("http://h#", Err(E::Fragment));

    #[track_caller]
    fn check(url: &str, expected: Result<&str, SyntaxError>) {
        let socket = WebSocket::new(url, ());
        assert_eq!(socket.map(|socket| socket.url().to_string()), expected.map(Into::into), "{url}");
    }
}

/// W001, W002: relative ones, to what a browser would have for a page.
#[test]
fn base_urls() {
    check("echo", "ws://h:8080/a/echo");
    check("/echo?b", "ws://h:8080/echo?b");
    check("//other/", "ws://other/");
    check("?b", "ws://h:8080/a/?b");
    check("", "ws://h:8080/a/");
    check("wss://other", "wss://other/");

    #[track_caller]
    fn check(url: &str, expected: &str) {
        let base = Some(Url::parse("http://h:8080/a/").unwrap());
        let socket = WebSocket::with_options(url, (), Options { base, ..Options::default() }).unwrap();
        assert_eq!(socket.url().as_str(), expected);
    }
}

/// W005: the first that is wrong is what is told.
#[test]
fn order_of_checks() {
    check("ws:// #", "", E::Url(ParseError::IdnaError));
    check("ftp://h#", "", E::Scheme("ftp".into()));
    check("ws://h#", "", E::Fragment);
    check("ws://h", "", E::Protocol("".into()));

    #[track_caller]
    fn check(url: &str, protocol: &str, expected: SyntaxError) {
        assert_eq!(WebSocket::new(url, protocol).unwrap_err(), expected);
    }
}

/// W006–W009.
#[test]
fn protocols() {
    assert_eq!(().into_protocols(), Vec::<String>::new());
    for one in ["a".into_protocols(), ["a"].into_protocols(), vec!["a"].into_protocols(), (&["a"][..]).into_protocols()]
    {
        assert_eq!(one, ["a"]);
    }
    check(["a", "A"], Ok(()));
    check(["a", "b", "a"], Err(E::DuplicateProtocol("a".into())));
    check([""], Err(E::Protocol("".into())));
    check(["a", "é"], Err(E::Protocol("é".into())));
    for byte in 0..=127 {
        let protocol = char::from(byte).to_string();
        let is_token = (0x21..=0x7e).contains(&byte) && !br#"()<>@,;:\"/[]?={}"#.contains(&byte);
        check([&protocol], if is_token { Ok(()) } else { Err(E::Protocol(protocol.clone())) });
    }

    #[track_caller]
    fn check<const N: usize>(protocols: [&str; N], expected: Result<(), SyntaxError>) {
        assert_eq!(WebSocket::new(URL, protocols).map(|_| ()), expected);
    }
}

/// W010, W011, W049: nothing has happened, and nothing has to for it to begin.
#[test]
fn a_new_one() {
    let mut socket = socket("chat");
    assert_eq!(u16::from(socket.ready_state()), 0);
    assert_eq!(socket.buffered_amount(), 0_u64);
    assert_eq!((socket.extensions(), socket.protocol()), ("", ""));
    assert_eq!(socket.binary_type(), BinaryType::Blob);
    assert!(!socket.is_over() && told(&mut socket).is_empty());
    assert_eq!((socket.host(), socket.port(), socket.is_secure()), ("example.com", 80, false));
}

#[test]
fn any_thread_may_have_it() {
    fn check<T: Send + Sync + Unpin + 'static>() {}
    check::<WebSocket>();
    check::<Event>();
}

/// W020: with what to connect where.
#[test]
fn endpoints() {
    check("ws://h", ("h", 80, false));
    check("http://h:81", ("h", 81, false));
    check("wss://[::1]", ("::1", 443, true));
    check("https://127.1:80", ("127.0.0.1", 80, true));

    #[track_caller]
    fn check(url: &str, expected: (&str, u16, bool)) {
        let socket = WebSocket::new(url, ()).unwrap();
        assert_eq!((socket.host(), socket.port(), socket.is_secure()), expected);
    }
}

/// W018, W033–W035: an error and a close event, no exception, and no attempt. Only if wanted.
#[test]
fn blocked_ports() {
    assert!(port::BLOCKED.is_sorted());
    for port in (0..=10_081).chain([u16::MAX]) {
        let options = Options { block_ports: true, ..Options::default() };
        let mut socket = WebSocket::with_options(&format!("wss://h:{port}"), (), options).unwrap();
        assert_eq!(socket.is_over(), port::BLOCKED.contains(&port), "{port}");
        if socket.is_over() {
            assert_eq!(socket.ready_state(), WebSocket::CONNECTING);
            let Some(Event::Error(Failure::BlockedPort { port: told })) = socket.poll_event() else { panic!("{port}") };
            assert_eq!(told, port);
            assert_eq!(next(&mut socket).as_deref(), Some("close unclean 1006 \"\" Closed"));
        }
    }
    assert!(!WebSocket::new("ws://h:25", ()).unwrap().is_over());
}
