//! What one hostile peer can cost in heap memory: the rows of the table at `Limits`, with the defaults of a server.

mod counting;

use bytes::Buf;
use counting::cost;
use sansws_core::handshake::{HandshakeError, HandshakeLimits, Rejection, ServerHandshake};
use sansws_core::{Config, Connection, Delivery, Instant, ProtocolError};

const NOW: Instant = Instant::ORIGIN;
const REQUEST: &str = "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

/// A frame of a client's, masked with zeros.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let len = (payload.len() as u64).to_be_bytes();
    let header = match payload.len() {
        0..=125 => vec![first, 0x80 | len[7]],
        126..=0xffff => [&[first, 0xfe], &len[6..]].concat(),
        _ => [&[first, 0xff], &len[..]].concat(),
    };
    [&header, &[0; 4][..], payload].concat()
}

/// That `act` holds at most what is documented, in bytes, and not so little that the table misleads.
#[track_caller]
fn holds<R>(documented: i64, act: impl FnOnce() -> R) -> R {
    let (result, spent) = cost(act);
    assert!((documented / 3..=documented).contains(&spent.peak), "{spent:?}, {documented} documented");
    result
}

/// Reads as a driver does: as much at a time as it is told to make room for, into memory that it then takes back.
fn read(it: &mut Connection, bytes: &[u8], size: usize) -> Result<(), ProtocolError> {
    for piece in bytes.chunks(size) {
        let room = it.read_hint().clamp(4 << 10, 64 << 10);
        it.input().fill(room, |input| input.extend_from_slice(piece));
        while it.receive(NOW)?.is_some() {}
    }
    Ok(())
}

/// A head byte by byte, to just under its limit.
#[test]
fn of_a_request_without_an_end() {
    let head = format!("{REQUEST}X: {0}\r\nX: {0}", "x".repeat(8050));
    let mut server = holds(34_000, || {
        let mut server = ServerHandshake::new(HandshakeLimits::default(), NOW);
        for byte in head.as_bytes() {
            server.input().fill(4 << 10, |input| input.extend_from_slice(&[*byte]));
            assert!(server.receive().unwrap().is_none());
        }
        server
    });
    server.input().extend_from_slice(&[b'x'; 200]);
    assert!(matches!(server.receive(), Err(HandshakeError::HeadTooLong { .. })));
}

/// Class 10: heads that become long lists.
#[test]
fn of_a_request_of_many_words() {
    let line = |name: &str, first: &str, word: &str| {
        format!("{name}: {first}{}\r\n", word.repeat((8100 - name.len()) / word.len()))
    };
    let protocols = line("Sec-WebSocket-Protocol", "", "a,");
    let words = [
        line("Sec-WebSocket-Extensions", "a", ";b"),
        line("Sec-WebSocket-Extensions", "", "a,"),
        line("Sec-WebSocket-Extensions", "a;b=\"", "\\c"),
        line("Connection", "", ",upgrade"),
        protocols,
        "X:\r\n".repeat(94),
    ];
    for words in words {
        let head = format!("{REQUEST}{words}\r\n");
        let (_, spent) = cost(|| {
            let mut server = ServerHandshake::new(HandshakeLimits::default(), NOW);
            server.input().extend_from_slice(head.as_bytes());
            match server.receive() {
                Ok(offer) => offer.unwrap().protocols().count(),
                Err(error) => Rejection::from(&error).encode().len(),
            }
        });
        assert!(spent.peak < 48 << 10 && spent.allocations < 150, "{}: {spent:?}", &words[..40]);
    }
}

/// All but the last byte of the largest message, in one frame and in many, in reads of any size.
#[test]
fn of_a_message_without_an_end() {
    let whole = frame(0x82, &[7; 1 << 20]);
    let pieces = [frame(0x02, b"12345678"), frame(0x00, b"12345678").repeat((1 << 17) - 2)].concat();
    for bytes in [&whole[..whole.len() - 1], &pieces] {
        for size in [4 << 10, 64 << 10] {
            holds(2_200_000, || {
                let mut it = Connection::server(Config::default(), NOW);
                read(&mut it, bytes, size).unwrap();
                it
            });
        }
    }
    for bytes in [&whole[..whole.len() - 1], &pieces] {
        let config = Config { delivery: Delivery::Fragments, ..Config::default() };
        holds(200_000, || read(&mut Connection::server(config, NOW), bytes, 64 << 10)).unwrap();
    }
}

/// A header that promises all that is allowed.
#[test]
fn of_a_promise() {
    let header = frame(0x82, &[7; 1 << 20]);
    holds(67_000, || {
        let mut it = Connection::server(Config::default(), NOW);
        read(&mut it, &header[..15], 15).unwrap();
        let room = it.read_hint();
        it.input().fill(room, |input| input.extend_from_slice(b"x"));
        it
    });
}

/// Pings, and not a byte of the pongs is read: until it fails, and then.
#[test]
fn of_pings() {
    let flood = frame(0x89, &[7; 125]).repeat(10_000);
    let mut it = Connection::server(Config::default(), NOW);
    let error = holds(32_000, || read(&mut it, &flood, 4 << 10));
    assert_eq!(error, Err(ProtocolError::PingFlood { limit: 1_000 }));
    let ((), spent) = cost(|| read(&mut it, &flood, 4 << 10).unwrap());
    assert!(spent.peak <= 8 << 10, "{spent:?}");
}

/// Messages that are echoed, and not a byte of the echo is read: nothing more is, then.
#[test]
fn of_replies_that_are_not_read() {
    for (size, documented) in [(100, 330_000), (1 << 20, 2_200_000)] {
        let messages = frame(0x82, &vec![7; size]).repeat((3 << 20) / size);
        holds(documented, || {
            let mut it = Connection::server(Config::default(), NOW);
            let mut pieces = messages.chunks(64 << 10);
            while it.wants_read() {
                let room = it.read_hint().clamp(4 << 10, 64 << 10);
                let piece = pieces.next().unwrap();
                it.input().fill(room, |input| input.extend_from_slice(piece));
                while it.wants_read() && it.decode(NOW).unwrap() {
                    let (event, sender) = it.lend().unwrap();
                    let sansws_core::EventRef::Message(message) = event else { panic!("a message") };
                    sender.send_ref(message).unwrap();
                }
            }
            it
        });
    }
}

/// What an application sends without asking whether there is room.
#[test]
fn of_an_application_that_does_not_wait() {
    let mut it = Connection::server(Config::default(), NOW);
    holds(2_200_000, || while it.send_ref(&[7; 100_000][..]).is_ok() {});
    assert_eq!(it.output().remaining() / 100_010, 11);
}

/// A violation, and then as much as it likes.
#[test]
fn of_what_follows_a_violation() {
    let mut it = Connection::server(Config::default(), NOW);
    let flood = frame(0x82, &[7; 1 << 20]);
    let ((), spent) = cost(|| {
        assert_eq!(read(&mut it, &[0x83], 1), Err(ProtocolError::ReservedOpcode { opcode: 3 }));
        (0..10).for_each(|_| read(&mut it, &flood, 4 << 10).unwrap());
    });
    assert!(spent.peak <= 12_000 && it.output().remaining() <= 127, "{spent:?}");
}
