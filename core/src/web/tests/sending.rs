//! `send` and `bufferedAmount`.

use super::*;

/// W037.
#[test]
fn not_before_it_is_open() {
    let mut socket = socket(());
    assert_eq!(socket.send("").unwrap_err().name(), "InvalidStateError");
    let mut pair = Pair::connected(socket);
    assert_eq!(pair.socket.send(vec![1]), Err(InvalidStateError)); // open on the wire, but nobody was told
    assert_eq!(pair.socket.buffered_amount(), 0);
    pair.told();
    assert_eq!(pair.heard, []);
}

/// W038, W042: in order, each as its kind.
#[test]
fn messages_arrive() {
    let mut pair = Pair::open();
    let messages = [Message::from("a"), Message::from(vec![1, 2]), Message::from(""), Message::from(Vec::<u8>::new())];
    for message in &messages {
        pair.socket.send(message.clone()).unwrap();
    }
    pair.turn();
    assert_eq!(pair.heard, messages.map(crate::Event::Message));
}

/// W039, W040, W048: nothing leaves, nobody is told, and it counts.
#[test]
fn not_once_it_is_closing() {
    let mut pair = Pair::open();
    pair.socket.send("abc").unwrap();
    pair.socket.close(None, None).unwrap();
    assert_eq!(pair.socket.send("12345"), Ok(()));
    assert_eq!(pair.socket.buffered_amount(), 8);
    assert_eq!(pair.told(), ["close clean 1005 \"\" Closed"]);
    assert_eq!(pair.heard, [message("abc"), crate::Event::Close(None)]);
    assert_eq!(pair.socket.buffered_amount(), 5);
    pair.socket.send("67").unwrap();
    assert_eq!(pair.socket.buffered_amount(), 7);
    assert_eq!(pair.told(), [""; 0]);
}

/// W041, W045, W047, W050: bytes of messages, from `send` until they have left, and nothing else.
#[test]
fn buffered_amount() {
    let mut pair = Pair::open();
    pair.socket.send("é€😀").unwrap();
    pair.socket.send(&[1, 2, 3, 4][1..3]).unwrap();
    assert_eq!(pair.socket.buffered_amount(), 11);
    pair.client.ping(b"12345").unwrap();
    pair.client.output().advance(11); // the ping
    pair.socket.transmit(&mut pair.client);
    assert_eq!(pair.socket.buffered_amount(), 11);
    let framed = pair.client.output().remaining();
    assert_eq!(framed, 6 + 9 + 6 + 2);
    pair.client.output().advance(framed);
    assert_eq!(pair.socket.buffered_amount(), 11); // until the turn
    pair.socket.transmit(&mut pair.client);
    assert_eq!(pair.socket.buffered_amount(), 0);
    pair.socket.close(1000, "bye").unwrap();
    pair.socket.transmit(&mut pair.client);
    assert_eq!(pair.socket.buffered_amount(), 0);
}

/// W046.
#[cfg(feature = "deflate")]
#[test]
fn buffered_amount_is_not_compressed() {
    let deflate = Some(crate::deflate::Deflate::default());
    let config = Config { deflate, ..Config::client() };
    let mut socket = WebSocket::with_options(URL, (), Options { config, ..Options::default() }).unwrap();
    let agreed = format!("{ANSWER}Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n");
    let mut connection = answer(&mut socket, agreed).unwrap();
    told(&mut socket);
    socket.send("a".repeat(10_000)).unwrap();
    socket.transmit(&mut connection);
    assert!(connection.output().remaining() < 1_000);
    assert_eq!(socket.buffered_amount(), 10_000);
}

/// W040, W045: more than the connection has room for waits outside, and counts the same.
#[test]
fn a_peer_that_does_not_read() {
    let mut pair = Pair::open();
    for _ in 0..50 {
        pair.socket.send(vec![0; 64 << 10]).unwrap();
        pair.socket.transmit(&mut pair.client);
    }
    assert_eq!(pair.socket.buffered_amount(), 50 << 16);
    assert!(pair.client.output().remaining() < 200 << 10);
    assert!(pair.socket.wants_transmit());
    pair.turn();
    assert_eq!((pair.socket.buffered_amount(), pair.heard.len()), (0, 50));
    assert!(!pair.socket.wants_transmit());
}

/// W044.
#[test]
fn full() {
    let options = Options { buffer: 10, ..Options::default() };
    let mut pair = Pair::connected(WebSocket::with_options(URL, (), options).unwrap());
    assert_eq!(told(&mut pair.socket), ["open Open"]);
    pair.socket.send("1234567890").unwrap();
    pair.socket.send("").unwrap();
    assert!(!pair.socket.is_over());
    pair.socket.send("1").unwrap();
    assert!(pair.socket.is_over());
    assert_eq!((pair.socket.buffered_amount(), pair.socket.ready_state()), (11, WebSocket::OPEN));
    let Some(Event::Error(Failure::BufferFull { limit: 10 })) = pair.socket.poll_event() else { panic!() };
    assert_eq!(pair.told(), ["close unclean 1006 \"\" Closed"]);
    assert_eq!(pair.heard, []);
}

/// W048: what a failed connection had, never leaves.
#[test]
fn buffered_amount_of_a_lost_connection() {
    let mut pair = Pair::open();
    pair.socket.send("abc").unwrap();
    pair.socket.transmit(&mut pair.client);
    let error = pair.client.receive_eof().unwrap_err(); // drops what was queued
    pair.socket.transmit(&mut pair.client);
    pair.socket.handle_failure(error);
    assert_eq!(told(&mut pair.socket), ["error Closed", "close unclean 1006 \"\" Closed"]);
    assert_eq!((pair.client.buffered_amount(), pair.socket.buffered_amount()), (0, 3));
}

/// W040, W048: what can never leave counts, and waits no longer.
#[test]
fn messages_that_come_too_late() {
    let ends: [fn(&mut WebSocket); 2] =
        [|socket| socket.handle_event(crate::Event::Close(None)), |socket| socket.handle_failure(Failure::Lost)];
    for end in ends {
        let mut pair = Pair::open();
        pair.socket.send("abc").unwrap();
        assert!(pair.socket.wants_transmit());
        end(&mut pair.socket);
        assert!(!pair.socket.wants_transmit());
        assert_eq!(pair.socket.buffered_amount(), 3);
    }
}
