//! Events, the state in which each is given out, and `binaryType`.

use super::*;

/// What arrives behind the answer in one piece, and then the stream's end, if it ends; what is told.
#[track_caller]
fn check(frames: &[u8], ends: bool, expected: &[&str]) {
    for cut in 0..=frames.len() {
        let mut socket = socket(());
        let mut connection = answer(&mut socket, [ANSWER.as_bytes(), b"\r\n", &frames[..cut]].concat()).unwrap();
        socket.exchange(&mut connection, NOW);
        connection.input().extend_from_slice(&frames[cut..]);
        socket.exchange(&mut connection, NOW);
        if ends {
            if let Err(error) = connection.receive_eof() {
                socket.handle_failure(error);
            }
            written(connection.output());
            socket.exchange(&mut connection, NOW);
        }
        assert_eq!(told(&mut socket), [&["open Open"], expected].concat(), "{frames:02x?}");
        assert_eq!(socket.is_over(), socket.ready_state() == WebSocket::CLOSED);
    }
}

/// W069–W071, W073–W078, W081, W082, W084, W085.
#[test]
fn what_arrives() {
    check(b"", false, &[]);
    check(b"\x81\x02hi\x82\x01x", false, &["message hi Open", "blob 1 Open"]);
    check(b"\x01\x01a", false, &[]);
    check(b"\x81\x06\xef\xbb\xbfe\xcc\x81", false, &["message \u{feff}e\u{301} Open"]);
    check(b"\x89\x02hi\x8a\x00", false, &[]); // a ping and a pong
    check(b"\x01\x01a\x89\x00\x80\x01b", false, &["message ab Open"]);
    // The peer closes: clean, whatever its code.
    check(b"\x88\x00", true, &["close clean 1005 \"\" Closed"]);
    check(b"\x88\x02\x03\xe9", true, &["close clean 1001 \"\" Closed"]);
    check(b"\x88\x02\x03\xf3", true, &["close clean 1011 \"\" Closed"]);
    check(b"\x88\x06\x0f\xa0\xef\xbb\xbfx", true, &["close clean 4000 \"\\u{feff}x\" Closed"]);
    check(b"\x88\x02\x03\xe8\x88\x02\x03\xe9\x81\x00", true, &["close clean 1000 \"\" Closed"]); // the first counts
    check(b"\x81\x02hi\x88\x00\x81\x02no", true, &["message hi Open", "close clean 1005 \"\" Closed"]);
    // It does not.
    let unclean = ["error Closed", "close unclean 1006 \"\" Closed"];
    check(b"", true, &unclean);
    check(b"\x81\x02h", true, &unclean);
    check(b"\x81\x02hi", true, &["message hi Open", unclean[0], unclean[1]]);
    check(b"\x88\x02\x03\xf7", true, &unclean); // 1015
}

/// W072: seen from outside once its turn has come, and no event.
#[test]
fn the_peer_begins_to_close() {
    let mut pair = Pair::open();
    pair.server.send("hi").unwrap();
    pair.server.close(None).unwrap();
    let frames = written(pair.server.output());
    pair.client.input().extend_from_slice(&frames);
    pair.socket.exchange(&mut pair.client, NOW);
    assert_eq!(next(&mut pair.socket).as_deref(), Some("message hi Open"));
    assert_eq!(pair.socket.ready_state(), WebSocket::OPEN);
    pair.socket.send("lost").unwrap();
    assert_eq!(pair.socket.buffered_amount(), 4);
    assert_eq!(next(&mut pair.socket), None);
    assert_eq!(pair.socket.ready_state(), WebSocket::CLOSING);
    assert_eq!(pair.told(), ["close clean 1005 \"\" Closed"]);
    assert_eq!(pair.heard, [crate::Event::Close(None)]);
}

/// W079: the peer is told what it did, and here it is in the error event alone.
#[test]
fn violations() {
    check(b"\x83\x00", 1002, crate::ProtocolError::ReservedOpcode { opcode: 3 });
    check(b"\x81\x01\xff", 1007, crate::ProtocolError::InvalidUtf8 { at: 0 });
    let limit = 16 << 20;
    check(b"\x82\x7f\0\0\0\0\x01\0\0\x01", 1009, crate::ProtocolError::TooBig { limit, size: limit + 1 });

    #[track_caller]
    fn check(frames: &[u8], code: u16, expected: crate::ProtocolError) {
        let mut pair = Pair::open();
        pair.client.input().extend_from_slice(frames);
        pair.turn();
        let Some(crate::Event::Close(Some(said))) = pair.heard.pop() else { panic!("no Close frame") };
        assert_eq!(said.code.0, code);
        let Some(Event::Error(Failure::Protocol(error))) = pair.socket.poll_event() else { panic!("no error") };
        assert_eq!(error, expected);
        assert_eq!(pair.told(), ["close unclean 1006 \"\" Closed"]);
    }
}

/// W069: once `close` was called, what had arrived is dropped, and so is what does. Much of it keeps nothing waiting.
#[test]
fn no_messages_after_close() {
    let mut pair = Pair::open();
    pair.server.send(vec![0; 100_000]).unwrap();
    pair.turn();
    assert!(!pair.socket.wants_read());
    pair.server.send("under way").unwrap();
    pair.socket.close(None, None).unwrap();
    assert_eq!(pair.told(), ["close clean 1005 \"\" Closed"]);
}

/// W077, W078: what came of the closing handshake is kept, but was not all of it. The first failure counts.
#[test]
fn failure_after_the_close_frame() {
    let mut pair = Pair::open();
    pair.socket.handle_event(crate::Event::Close(close(4000, "bye")));
    pair.socket.handle_failure(Failure::transport("broken pipe"));
    pair.socket.handle_failure(Failure::Lost);
    pair.socket.handle_end();
    assert_eq!(told(&mut pair.socket), ["error Closed", "close unclean 4000 \"bye\" Closed"]);
}

/// A driver that says no more than that it is over.
#[test]
fn an_end_without_a_close_frame() {
    let mut pair = Pair::open();
    pair.socket.handle_end();
    let Some(Event::Error(Failure::Lost)) = pair.socket.poll_event() else { panic!("no error") };
    assert_eq!(told(&mut pair.socket), ["close unclean 1006 \"\" Closed"]);
    pair.socket.handle_end();
    assert_eq!(told(&mut pair.socket), [""; 0]);
}

#[test]
fn data() {
    check(MessageData::Text("hi".into()), Some("hi"), "hi".into());
    check(MessageData::Blob("hi".into()), None, b"hi"[..].into());
    check(MessageData::ArrayBuffer("hi".into()), None, b"hi"[..].into());

    #[track_caller]
    fn check(data: MessageData, text: Option<&str>, sent_back: Message) {
        assert_eq!((data.as_text(), data.as_bytes()), (text, &b"hi"[..]));
        assert_eq!(Message::from(data), sent_back);
    }
}

/// W064, W065.
#[test]
fn binary_type() {
    let mut pair = Pair::open();
    for _ in 0..2 {
        pair.server.send(vec![0; 3]).unwrap();
        pair.server.send("text").unwrap();
    }
    pair.turn();
    pair.socket.set_binary_type(BinaryType::ArrayBuffer); // all have arrived
    assert_eq!(pair.socket.binary_type(), BinaryType::ArrayBuffer);
    assert_eq!(next(&mut pair.socket).as_deref(), Some("bytes 3 Open"));
    assert_eq!(next(&mut pair.socket).as_deref(), Some("message text Open"));
    pair.socket.set_binary_type(BinaryType::Blob);
    assert_eq!(told(&mut pair.socket), ["blob 3 Open", "message text Open"]);
}

/// W070: scheme, host and port.
#[test]
fn origins() {
    check("ws://user@Example.com:80/a?b", "ws://example.com");
    check("https://h:8443/", "wss://h:8443");
    check("wss://[::1]:80/", "wss://[::1]:80");

    #[track_caller]
    fn check(url: &str, expected: &str) {
        let mut pair = Pair::connected(WebSocket::new(url, ()).unwrap());
        pair.server.send("hi").unwrap();
        pair.turn();
        let Some(Event::Open) = pair.socket.poll_event() else { panic!() };
        let Some(Event::Message(event)) = pair.socket.poll_event() else { panic!() };
        assert_eq!(&*event.origin, expected);
        assert_eq!((event.data.as_text(), event.data.as_bytes()), (Some("hi"), &b"hi"[..]));
    }
}

/// W083.
#[test]
fn close_event_defaults() {
    assert_eq!(CloseEvent::default(), CloseEvent { was_clean: false, code: 0, reason: "".into() });
}

/// Whoever does not take events is sent no more than some; the rest stays with the peer.
#[test]
fn reading_pauses() {
    for message in [Message::from(""), Message::from(vec![0; 10_000])] {
        let mut pair = Pair::open();
        let sent = (0..5_000).take_while(|_| pair.server.send(message.clone()).is_ok()).count();
        pair.turn();
        assert!(!pair.socket.wants_read() && pair.socket.has_events());
        let rounds: Vec<_> = core::iter::repeat_with(|| pair.told().len()).take_while(|told| *told > 0).collect();
        assert_eq!(rounds.iter().sum::<usize>(), sent);
        assert!(rounds.len() > 2, "{rounds:?}");
    }
}
