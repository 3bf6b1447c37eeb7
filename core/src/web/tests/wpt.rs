//! web-platform-tests, named after their files in `websockets/`: what of them needs no socket. A directory is a module.

use super::*;

/// What they do to close: all that is told, and that it is clean.
#[track_caller]
fn closes(code: impl Into<Option<u16>>, reason: Option<&str>) -> Vec<String> {
    let mut pair = Pair::echo();
    pair.socket.close(code, reason).unwrap();
    let told = pair.told();
    assert!(told[0].starts_with("close clean") && told[0].ends_with("Closed"), "{told:?}");
    told
}

#[track_caller]
fn close_throws(code: impl Into<Option<u16>>, reason: Option<&str>, name: &str) {
    let mut pair = Pair::echo();
    assert_eq!(pair.socket.close(code, reason).unwrap_err().name(), name);
    assert_eq!((pair.told(), pair.socket.ready_state()), (vec![], WebSocket::OPEN));
}

#[track_caller]
fn create_throws(url: &str, protocols: impl IntoProtocols) {
    assert_eq!(WebSocket::new(url, protocols).unwrap_err().name(), "SyntaxError", "{url}");
}

/// Sends, and gets it back.
#[track_caller]
fn sends(message: impl Into<Message>, amount: u64) {
    let (mut pair, message) = (Pair::echo(), message.into());
    pair.socket.set_binary_type(BinaryType::ArrayBuffer);
    pair.socket.send(message.clone()).unwrap();
    assert_eq!(pair.socket.buffered_amount(), amount);
    pair.turn();
    assert_eq!(pair.socket.buffered_amount(), 0);
    let Some(Event::Message(event)) = pair.socket.poll_event() else { panic!("no message") };
    assert_eq!(Message::from(event.data), message);
    pair.socket.close(None, None).unwrap();
    assert_eq!(pair.told(), ["close clean 1005 \"\" Closed"]);
}

#[test]
fn close_1000_reason() {
    closes(1000, Some("Clean Close"));
}

/// Also of Close-3000-verify-code.
#[test]
fn close_1000_verify_code() {
    let mut pair = Pair::open();
    pair.socket.close(1000, "Clean Close").unwrap();
    let frame = pair.bytes();
    assert_eq!(frame.len(), 2 + 4 + 2 + 11);
    pair.client.input().extend_from_slice(b"\x88\x0d\x03\xe8Clean Close"); // the server echoes the reason, too
    pair.socket.exchange(&mut pair.client, NOW);
    pair.end();
    assert_eq!(told(&mut pair.socket), ["close clean 1000 \"Clean Close\" Closed"]);
}

#[test]
fn close_1000() {
    closes(1000, None);
}

#[test]
fn close_1005_verify_code() {
    assert_eq!(closes(None, None), ["close clean 1005 \"\" Closed"]);
}

#[test]
fn close_1005() {
    close_throws(1005, Some("1005 - reserved code"), "InvalidAccessError");
}

#[test]
fn close_2999_reason() {
    close_throws(2999, Some("Close not in range 3000-4999"), "InvalidAccessError");
}

#[test]
fn close_3000_reason() {
    closes(3000, Some("Clean Close with code - 3000"));
}

#[test]
fn close_3000_verify_code() {
    assert_eq!(closes(3000, None), ["close clean 3000 \"\" Closed"]);
}

#[test]
fn close_4999_reason() {
    closes(4999, Some("Clean Close with code - 4999"));
}

#[test]
fn close_reason_124bytes() {
    close_throws(1000, Some(&"a".repeat(124)), "SyntaxError");
    closes(1000, Some(&"a".repeat(123)));
}

#[test]
fn close_delayed() {
    let mut pair = Pair::open();
    pair.socket.close(None, None).unwrap();
    pair.socket.exchange(&mut pair.client, NOW);
    assert_eq!((told(&mut pair.socket), pair.socket.ready_state()), (vec![], WebSocket::CLOSING)); // not answered
    assert_eq!(pair.told(), ["close clean 1005 \"\" Closed"]);
}

#[test]
fn close_ready_state_closed() {
    assert!(closes(None, None)[0].ends_with("Closed"));
}

#[test]
fn close_ready_state_closing() {
    let mut pair = Pair::echo();
    pair.socket.close(None, None).unwrap();
    assert_eq!(pair.socket.ready_state(), WebSocket::CLOSING);
}

#[test]
fn close_server_initiated_close() {
    let mut pair = Pair::open();
    pair.socket.send("Goodbye").unwrap();
    pair.turn();
    pair.server.close(close(1000, "")).unwrap();
    assert_eq!(pair.told(), ["close clean 1000 \"\" Closed"]);
    assert_eq!(pair.heard, [message("Goodbye"), crate::Event::Close(close(1000, ""))]);
}

/// `close(undefined)` is `close()`.
#[test]
fn close_undefined() {
    assert_eq!(closes(None, None), ["close clean 1005 \"\" Closed"]);
}

#[test]
fn close_invalid() {
    for code in [0, 500, u16::MAX] {
        let mut socket = socket(()); // 65,536 + 1000 is clamped to the last
        assert_eq!(socket.close(code, None).unwrap_err().name(), "InvalidAccessError");
        assert_eq!(socket.ready_state(), WebSocket::CONNECTING);
    }
}

#[test]
fn create_ascii_sep_protocol_string() {
    create_throws(URL, "/echo");
}

#[test]
fn create_blocked_port() {
    for port in port::BLOCKED {
        let options = Options { block_ports: true, ..Options::default() };
        let mut socket = WebSocket::with_options(&format!("ws://example.com:{port}"), (), options).unwrap();
        assert!(socket.is_over()); // and so nothing connects
        assert_eq!(told(&mut socket), ["error Closed", "close unclean 1006 \"\" Closed"]);
    }
}

#[test]
fn create_extensions_empty() {
    assert_eq!(Pair::echo().socket.extensions(), "");
}

#[test]
fn create_http_urls() {
    for (url, expected) in [
        ("http://h/", "ws://h/"),
        ("https://h/", "wss://h/"),
        ("https://h:8443/a", "wss://h:8443/a"),
        ("HTTP://h/", "ws://h/"),
    ] {
        assert_eq!(WebSocket::new(url, ()).unwrap().url().as_str(), expected);
    }
}

#[test]
fn create_invalid_urls() {
    for url in
        ["ws://foo bar.com/", "ftp://h/", "mailto:example@example.org", "about:blank", "ws://h/#", "ws://h/#test"]
    {
        create_throws(url, ());
    }
}

#[test]
fn create_non_absolute_url() {
    for url in ["test", "?", "", "/test", "//h/"] {
        let base = Url::parse("https://example.com/websockets/page").unwrap();
        let socket =
            WebSocket::with_options(url, (), Options { base: Some(base.clone()), ..Options::default() }).unwrap();
        let expected = base.join(url).unwrap();
        assert_eq!(socket.url().as_str(), expected.as_str().replace("https", "wss"));
        create_throws(url, ());
    }
}

#[test]
fn create_non_ascii_protocol_string() {
    create_throws(URL, "\u{80}echo");
}

#[test]
fn create_protocol_with_space() {
    create_throws(URL, "ec ho");
}

/// The opposite of what it says, which the standard does not (whatwg/websockets#47) and no browser does.
#[test]
fn create_protocols_repeated_case_insensitive() {
    assert!(request(&socket(["echo", "eCho"])).contains(&"Sec-WebSocket-Protocol: echo, eCho".to_string()));
}

#[test]
fn create_protocols_repeated() {
    create_throws(URL, ["echo", "echo"]);
}

#[test]
fn create_url_with_space() {
    create_throws("ws://web platform.test:8000/echo", ());
}

#[test]
fn create_url_with_windows_1252_encoding() {
    assert_eq!(WebSocket::new("wss://h/?\u{20ac}", ()).unwrap().url().as_str(), "wss://h/?%E2%82%AC");
}

#[test]
fn create_valid_url_array_protocols() {
    let mut pair = Pair::connected(socket(["echo", "chat"]));
    assert_eq!(pair.told(), ["open Open"]);
    pair.socket.close(None, None).unwrap();
    assert_eq!(pair.told(), ["close clean 1005 \"\" Closed"]);
}

#[test]
fn create_valid_url_binary_type_blob() {
    assert_eq!(Pair::echo().socket.binary_type(), BinaryType::Blob);
}

#[test]
fn create_valid_url_protocol_empty() {
    assert_eq!(socket("echo").protocol(), "");
}

#[test]
fn create_valid_url_protocol_set_correctly() {
    let mut pair = Pair::connected(socket("echo"));
    pair.told();
    assert_eq!(pair.socket.protocol(), "echo");
}

/// And Create-valid-url-protocol.
#[test]
fn create_valid_url_protocol_string() {
    assert_eq!(Pair::connected(socket("echo")).told(), ["open Open"]);
}

#[test]
fn create_valid_url() {
    assert_eq!(Pair::connected(socket(())).told(), ["open Open"]);
    closes(None, None);
}

#[test]
fn send_0byte_data() {
    sends("", 0);
}

#[test]
fn send_65k_data() {
    sends("c".repeat(65_000), 65_000);
}

#[test]
fn send_before_open() {
    assert_eq!(socket(()).send("Message to send").unwrap_err().name(), "InvalidStateError");
}

#[test]
fn send_binary_65k_arraybuffer() {
    sends(vec![0; 65_000], 65_000);
}

#[test]
fn send_binary_arraybuffer() {
    sends(vec![7; 15], 15);
}

/// And the four like it, of views with an offset and a length.
#[test]
fn send_binary_arraybufferview_int16_offset() {
    let buffer: Vec<u8> = (0..16).collect();
    sends(&buffer[2..], 14);
    sends(&buffer[4..6], 2);
}

#[test]
fn send_binary_blob() {
    let mut pair = Pair::echo();
    pair.socket.send(vec![0; 65_000]).unwrap();
    assert_eq!(pair.socket.buffered_amount(), 65_000);
    assert_eq!(pair.told(), ["blob 65000 Open"]);
}

#[test]
fn send_data() {
    sends("Message to send", 15);
}

#[test]
fn send_paired_surrogates() {
    sends("\u{10000}", 4);
}

#[test]
fn send_unicode_data() {
    sends("¥¥¥¥¥¥", 12);
}

#[test]
fn basic_auth() {
    let socket = WebSocket::new("ws://foo:bar@example.com/basic_auth", ()).unwrap();
    assert!(request(&socket).contains(&"Authorization: Basic Zm9vOmJhcg==".to_string()));
}

#[test]
fn referrer() {
    assert!(!request(&socket(())).iter().any(|line| line.to_lowercase().starts_with("refer")));
}

#[test]
fn send_many_64k_messages_with_backpressure() {
    let mut pair = Pair::open();
    for _ in 0..50 {
        pair.socket.send(vec![0; 65_536]).unwrap();
    }
    pair.socket.close(None, None).unwrap();
    assert_eq!(pair.told(), ["close clean 1005 \"\" Closed"]);
    assert_eq!(pair.heard.len(), 51);
}

#[test]
fn buffered_amount_unchanged_by_sync_xhr() {
    let mut pair = Pair::open();
    pair.socket.send("x".repeat(1_000)).unwrap();
    pair.bytes(); // written, but no turn has come
    assert_eq!(pair.socket.buffered_amount(), 1_000);
    pair.turn();
    assert_eq!(pair.socket.buffered_amount(), 0);
}

#[test]
fn extended_payload_length() {
    for len in [125, 126, 0xffff, 0x1_0000] {
        sends("a".repeat(len), len as u64);
    }
}

mod binary {
    use super::*;

    /// And 002, 004, 005.
    #[test]
    fn html_001() {
        for (len, binary_type, expected) in [
            (10, BinaryType::Blob, "blob 10 Open"),
            (100_000, BinaryType::Blob, "blob 100000 Open"),
            (100_000, BinaryType::ArrayBuffer, "bytes 100000 Open"),
            (10, BinaryType::ArrayBuffer, "bytes 10 Open"),
        ] {
            let mut pair = Pair::echo();
            pair.socket.set_binary_type(binary_type);
            pair.socket.send(vec![0; len]).unwrap();
            assert_eq!(pair.told(), [expected]);
        }
    }
}

mod closing_handshake {
    use super::*;

    #[test]
    fn html_002() {
        let mut pair = Pair::open();
        pair.server.close(close(1000, "")).unwrap();
        assert_eq!(pair.told(), ["close clean 1000 \"\" Closed"]);
    }

    #[test]
    fn html_003() {
        assert_eq!(closes(None, None), ["close clean 1005 \"\" Closed"]);
    }

    #[test]
    fn html_004() {
        let mut pair = Pair::open();
        pair.client.input().extend_from_slice(b"\x88\x02\x03\xe8\x81\x02no");
        assert_eq!(pair.told(), ["close clean 1000 \"\" Closed"]);
    }
}

mod constructor {
    use super::*;

    #[test]
    fn html_004() {
        create_throws(URL, "");
        for code in (0x01..0x20).chain(0x7f..0x100) {
            create_throws(URL, format!("a{}b", char::from_u32(code).unwrap()));
        }
    }

    #[test]
    fn html_007() {
        create_throws(URL, "a\0b");
    }

    #[test]
    fn html_008() {
        for url in ["ws://h:80/", "ws://h:443/", "wss://h:80/", "wss://h:443/"] {
            let options = Options { block_ports: true, ..Options::default() };
            assert!(!WebSocket::with_options(url, (), options).unwrap().is_over());
        }
    }

    #[test]
    fn html_009() {
        let mut pair = Pair::connected(socket("foobar"));
        assert_eq!((pair.told(), pair.socket.protocol()), (vec!["open Open".to_string()], "foobar"));
    }

    /// And 011, 012: not asked for, in another case, none at all.
    #[test]
    fn html_010() {
        for (protocols, line) in [
            (vec![], "Sec-WebSocket-Protocol: foobar\r\n"),
            (vec!["FOOBAR"], "Sec-WebSocket-Protocol: foobar\r\n"),
            (vec!["foobar"], ""),
        ] {
            let mut socket = socket(protocols);
            assert!(answer(&mut socket, format!("{ANSWER}{line}\r\n")).is_none());
            assert_eq!(told(&mut socket), ["error Closed", "close unclean 1006 \"\" Closed"]);
        }
    }

    #[test]
    fn html_013() {
        let mut pairs: Vec<_> = (0..25).map(|_| Pair::echo()).collect();
        for pair in &mut pairs {
            pair.socket.send("test").unwrap();
        }
        for pair in &mut pairs {
            assert_eq!(pair.told(), ["message test Open"]);
            pair.socket.close(None, None).unwrap();
        }
        for pair in &mut pairs {
            assert_eq!(pair.told(), ["close clean 1005 \"\" Closed"]);
        }
    }

    #[test]
    fn html_016() {
        let socket = WebSocket::new("ws://h/echo-query?\u{e5}", ()).unwrap();
        assert_eq!(request(&socket)[0], "GET /echo-query?%C3%A5 HTTP/1.1");
    }

    #[test]
    fn html_017() {
        for url in ["ws:example.com", "ws:/example.com"] {
            assert_eq!(WebSocket::new(url, ()).unwrap().url().as_str(), URL);
        }
    }

    #[test]
    fn html_018() {
        let socket = WebSocket::new("ws://h/echo-query?x\0y\0", ()).unwrap();
        assert_eq!(request(&socket)[0], "GET /echo-query?x%00y HTTP/1.1");
    }

    /// And 020.
    #[test]
    fn html_019() {
        for url in ["WS://example.com", "ws://EXAMPLE.COM"] {
            assert_eq!(WebSocket::new(url, ()).unwrap().url().as_str(), URL);
        }
    }

    #[test]
    fn html_021() {
        create_throws(URL, ["foobar, foobar"]);
    }

    #[test]
    fn html_022() {
        let mut pair = Pair::connected(socket(["foobar", "foobar2"]));
        pair.told();
        assert_eq!(pair.socket.protocol(), "foobar");
    }
}

mod interfaces_close_event {
    use super::*;

    #[test]
    fn clean_close() {
        let mut pair = Pair::echo();
        pair.socket.send("test").unwrap();
        assert_eq!(pair.told(), ["message test Open"]);
        pair.socket.close(None, None).unwrap();
        assert!(pair.told()[0].starts_with("close clean"));
    }

    #[test]
    fn constructor() {
        let CloseEvent { was_clean, code, reason } = CloseEvent::default();
        assert_eq!((was_clean, code, &*reason), (false, 0, ""));
    }
}

mod interfaces_buffered_amount {
    use super::*;

    /// And bufferedAmount-blob.
    #[test]
    fn buffered_amount_arraybuffer() {
        sends(vec![0; 10], 10);
    }

    #[test]
    fn buffered_amount_getting() {
        let mut pair = Pair::echo();
        let mut amount = 0;
        for (bytes, text) in [(1, "a"), (2, "\u{e5}"), (3, "\u{20ac}"), (4, "\u{10000}")] {
            pair.socket.send(text).unwrap();
            amount += bytes;
            assert_eq!(pair.socket.buffered_amount(), amount);
        }
        assert_eq!(pair.told().len(), 4);
        assert_eq!(pair.socket.buffered_amount(), 0);
    }

    #[test]
    fn buffered_amount_initial() {
        assert_eq!(socket(()).buffered_amount(), 0);
    }

    #[test]
    fn buffered_amount_large() {
        sends("a".repeat(65_000), 65_000);
    }

    #[test]
    fn buffered_amount_unicode() {
        sends("\u{e5}", 2);
    }
}

mod interfaces_close {
    use super::*;

    #[test]
    fn close_basic() {
        let mut socket = socket(());
        socket.close(None, None).unwrap();
        assert_eq!(socket.ready_state(), WebSocket::CLOSING);
        socket.close(None, None).unwrap();
        assert_eq!(told(&mut socket).last().unwrap(), "close unclean 1006 \"\" Closed");
    }

    /// And close-connecting, whose server has not answered yet.
    #[test]
    fn close_connecting_async() {
        let mut socket = socket(());
        let _waiting = socket.handshake(entropy, NOW).unwrap();
        socket.close(None, None).unwrap();
        assert_eq!(socket.ready_state(), WebSocket::CLOSING);
        assert_eq!(told(&mut socket), ["error Closed", "close unclean 1006 \"\" Closed"]);
    }

    #[test]
    fn close_multiple() {
        let mut pair = Pair::echo();
        for _ in 0..3 {
            pair.socket.close(None, None).unwrap();
        }
        assert_eq!(pair.told(), ["close clean 1005 \"\" Closed"]);
    }

    #[test]
    fn close_nested() {
        let mut pair = Pair::echo();
        pair.socket.close(None, None).unwrap();
        pair.told();
        pair.socket.close(None, None).unwrap();
        assert_eq!((pair.told(), pair.socket.ready_state()), (vec![], WebSocket::CLOSED));
    }
}

mod interfaces_constants {
    use super::*;

    #[test]
    fn html_001() {
        let states = [WebSocket::CONNECTING, WebSocket::OPEN, WebSocket::CLOSING, WebSocket::CLOSED];
        assert_eq!(states.map(u16::from), [0, 1, 2, 3]);
    }
}

mod interfaces_events {
    use super::*;

    #[test]
    fn html_015() {
        let mut pair = Pair::open();
        pair.client.input().extend_from_slice(b"\x81\x04test\x83\x03LOL");
        assert_eq!(pair.told(), ["message test Open", "error Closed", "close unclean 1006 \"\" Closed"]);
    }

    #[test]
    fn html_016() {
        let mut pair = Pair { echoes: true, ..Pair::connected(socket(())) };
        assert_eq!(pair.told(), ["open Open"]);
        pair.socket.send("test").unwrap();
        assert_eq!(pair.told(), ["message test Open"]);
        pair.socket.close(None, None).unwrap();
        assert_eq!(pair.told(), ["close clean 1005 \"\" Closed"]);
    }

    #[test]
    fn html_020() {
        let mut socket = WebSocket::new("ws://nonexistent.invalid", ()).unwrap();
        socket.handle_failure(Failure::transport("no such host")); // as a driver says
        assert_eq!(told(&mut socket)[0], "error Closed");
    }
}

mod interfaces_rest {
    use super::*;

    /// extensions/001, protocol/protocol-initial, readyState/001.
    #[test]
    fn initial() {
        let socket = socket(());
        assert_eq!((socket.extensions(), socket.protocol()), ("", ""));
        assert_eq!(socket.ready_state(), WebSocket::CONNECTING);
    }

    /// readyState/006, 007, 008.
    #[test]
    fn ready_state() {
        let mut pair = Pair::echo();
        assert_eq!(pair.socket.ready_state(), WebSocket::OPEN);
        pair.socket.close(None, None).unwrap();
        assert_eq!(pair.socket.ready_state(), WebSocket::CLOSING);
        assert_eq!(pair.told(), ["close clean 1005 \"\" Closed"]);
    }

    #[test]
    fn send_003() {
        assert_eq!(socket(()).send("a"), Err(InvalidStateError));
    }

    #[test]
    fn send_007() {
        let mut pair = Pair::echo();
        pair.socket.close(None, None).unwrap();
        pair.socket.send("test").unwrap();
        assert_eq!(pair.told(), ["close clean 1005 \"\" Closed"]);
    }

    #[test]
    fn send_008() {
        let mut pair = Pair::echo();
        pair.socket.close(None, None).unwrap();
        pair.told();
        assert_eq!((pair.socket.send("test"), pair.told()), (Ok(()), vec![]));
    }

    #[test]
    fn send_009() {
        let mut pair = Pair::open();
        pair.socket.send("").unwrap();
        pair.turn();
        assert_eq!(pair.heard, [message("")]);
    }

    #[test]
    fn send_011() {
        sends("\u{2000b}", 4);
        sends("A\u{30a}", 3); // not composed
    }

    #[test]
    fn url_001() {
        assert_eq!(WebSocket::new("ws://h:8000", ()).unwrap().url().as_str(), "ws://h:8000/");
    }

    #[test]
    fn url_resolve() {
        assert_eq!(WebSocket::new("ws://h/a?b c%20d", ()).unwrap().url().as_str(), "ws://h/a?b%20c%20d");
    }
}

mod opening_handshake {
    use super::*;

    #[test]
    fn html_001() {
        let mut socket = socket(());
        assert!(answer(&mut socket, format!("FOO BAR BAZ\r\n\r\n{ANSWER}\r\n")).is_none());
        assert_eq!(told(&mut socket), ["error Closed", "close unclean 1006 \"\" Closed"]);
    }

    #[test]
    fn html_002() {
        closes(None, None);
    }

    #[test]
    fn html_003() {
        let socket = WebSocket::new("ws://天気の良い日.example:8000", ()).unwrap();
        let mut pair = Pair::connected(socket);
        pair.server.send("hi").unwrap();
        pair.turn();
        pair.socket.poll_event();
        let Some(Event::Message(event)) = pair.socket.poll_event() else { panic!() };
        assert_eq!(&*event.origin, "ws://xn--n8j6ds53lwwkrqhv28a.example:8000");
    }

    #[test]
    fn html_005() {
        let mut socket = socket(());
        let bytes = [ANSWER.as_bytes(), b"\r\n\x88\x06\x03\xe9PASS"].concat();
        let mut client = answer(&mut socket, bytes).unwrap();
        socket.exchange(&mut client, NOW);
        assert_eq!(client.output().remaining(), 8); // a Close frame with the code
        written(client.output());
        client.receive_eof().unwrap();
        socket.exchange(&mut client, NOW);
        assert_eq!(told(&mut socket), ["open Open", "close clean 1001 \"PASS\" Closed"]);
    }

    #[test]
    fn html_006() {
        for bytes in ["FOO BAR BAZ\r\n\r\n", "HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n", ""] {
            let mut socket = socket(());
            assert!(answer(&mut socket, bytes).is_none());
            assert_eq!(told(&mut socket).len(), 2);
        }
        assert_eq!(Pair::connected(socket(())).told(), ["open Open"]);
    }

    #[test]
    fn received_301_code() {
        let mut socket = socket(());
        assert!(answer(&mut socket, "HTTP/1.1 301 \r\nLocation: /echo\r\nContent-Length: 0\r\n\r\n").is_none());
        assert_eq!(told(&mut socket)[0], "error Closed");
    }
}

mod security {
    use super::*;

    #[test]
    fn html_001() {
        let mut socket = socket(());
        assert!(answer(&mut socket, format!("{}\r\n", ANSWER.replace("s3p", "abc"))).is_none());
        assert_eq!(told(&mut socket).last().unwrap(), "close unclean 1006 \"\" Closed");
    }
}
