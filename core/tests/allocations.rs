#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
//! What messages, floods and idle connections cost in heap memory.
//!
//! Allocations are counted for each thread by itself, so that tests do not disturb one another.

mod counting;

use bytes::{Buf, Bytes, BytesMut};
use counting::cost;
use sansws_core::{
    Config, Connection, Delivery, Event, EventRef, Fragment, InputBuffer, Instant, Kind, Limits, Message, MessageRef,
    ProtocolError,
};
use std::io::IoSlice;

const NOW: Instant = Instant::ORIGIN;

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

/// How bytes are put in.
#[derive(Clone, Copy, Debug)]
enum Feed {
    /// By `extend_from_slice`.
    Copied,
    /// By `fill`, in pieces as a socket may give them.
    InPlace,
}

/// Whose buffers they are.
#[derive(Clone, Copy, Debug)]
enum Buffers {
    /// The connection's own, for good.
    Kept,
    /// Lent for each message and reclaimed after it.
    Lent,
}

/// A server at work: every message is taken and answered, and the answer written.
struct Server {
    connection: Connection,
    feed: Feed,
    buffers: Buffers,
    pool: Option<(InputBuffer, BytesMut)>,
    messages: u64,
}

impl Server {
    fn new(config: Config, feed: Feed, buffers: Buffers) -> Self {
        let pool = match buffers {
            Buffers::Kept => None,
            Buffers::Lent => Some((InputBuffer::with_capacity(70 << 10), BytesMut::with_capacity(70 << 10))),
        };
        Self { connection: Connection::server(config, NOW), feed, buffers, pool, messages: 0 }
    }

    fn lend(&mut self) {
        match self.buffers {
            Buffers::Kept => {}
            Buffers::Lent => {
                let (input, output) = self.pool.take().unwrap();
                assert!(self.connection.input().lend(input).is_none());
                assert!(self.connection.output().lend(output).is_none());
            }
        }
    }

    fn reclaim(&mut self) {
        match self.buffers {
            Buffers::Kept => {}
            Buffers::Lent => {
                let input = self.connection.input().reclaim().unwrap();
                self.pool = Some((input, self.connection.output().reclaim().unwrap()));
            }
        }
    }

    fn put(&mut self, bytes: &[u8]) {
        match self.feed {
            Feed::Copied => self.connection.input().extend_from_slice(bytes),
            Feed::InPlace => self.connection.input().fill(bytes.len(), |room| room.extend_from_slice(bytes)),
        }
    }

    fn write(&mut self) {
        while self.connection.wants_write() {
            let output = self.connection.output();
            let count = output.chunk().len();
            output.advance(count);
        }
    }

    /// Receives `frame` in pieces, owned or borrowed, and sends it back.
    fn echo(&mut self, frame: &[u8], owned: bool) {
        self.lend();
        for piece in frame.chunks(16 << 10) {
            self.put(piece);
            while self.connection.decode(NOW).unwrap() {
                if owned {
                    let Some(Event::Message(message)) = self.connection.take() else { panic!("a message") };
                    self.connection.send(message).unwrap();
                } else {
                    let Some((EventRef::Message(message), sender)) = self.connection.lend() else {
                        panic!("a message")
                    };
                    sender.send_ref(message).unwrap();
                }
                self.messages += 1;
            }
        }
        self.write();
        self.reclaim();
    }
}

/// No message costs an allocation once buffers have their size.
#[test]
fn messages_cost_no_allocation() {
    for size in [0, 16, 1 << 10, 64 << 10] {
        for first in [0x81, 0x82] {
            for feed in [Feed::Copied, Feed::InPlace] {
                for buffers in [Buffers::Kept, Buffers::Lent] {
                    check(size, first, feed, buffers, true);
                    check(size, first, feed, buffers, false);
                }
            }
        }
    }

    #[track_caller]
    fn check(size: usize, first: u8, feed: Feed, buffers: Buffers, owned: bool) {
        let frame = frame(first, &vec![b'a'; size]);
        let mut server = Server::new(Config::default(), feed, buffers);
        (0..5).for_each(|_| server.echo(&frame, owned));
        let ((), spent) = cost(|| (0..100).for_each(|_| server.echo(&frame, owned)));
        assert_eq!(server.messages, 105);
        assert_eq!(spent.allocations, 0, "{size} bytes, {feed:?}, {buffers:?}, owned: {owned}");
        assert_eq!(spent.live, 0);
    }
}

/// Nor do many in one read, nor a message in fragments.
#[test]
fn batches_and_fragments_cost_no_allocation() {
    check(&frame(0x81, b"a short message").repeat(1000));
    check(&[frame(0x01, &[b'a'; 5000]), frame(0x00, &[b'b'; 5000]), frame(0x80, &[b'c'; 5000])].concat());

    #[track_caller]
    fn check(batch: &[u8]) {
        for buffers in [Buffers::Kept, Buffers::Lent] {
            for owned in [true, false] {
                let mut server = Server::new(Config::default(), Feed::InPlace, buffers);
                (0..5).for_each(|_| server.echo(batch, owned));
                let ((), spent) = cost(|| (0..20).for_each(|_| server.echo(batch, owned)));
                assert_eq!(spent.allocations, 0, "{buffers:?}, owned: {owned}");
            }
        }
    }
}

/// A message that is sent costs none either, whoever owns it.
#[test]
fn sending_costs_no_allocation() {
    for size in [16, 1 << 10, 64 << 10] {
        let payload = Bytes::from(vec![7; size]);
        check(|it| it.send(Message::Binary(payload.clone())).unwrap());
        check(|it| it.send_ref(MessageRef::Binary(&payload)).unwrap());
        check(|it| {
            let fragment = |last| Fragment { kind: Kind::Binary, payload: payload.clone(), last };
            it.send_fragment(fragment(true)).unwrap();
            it.ping(b"urgent").unwrap();
        });
        check_with(Buffers::Kept, |it| (0..3).for_each(|_| it.send(Message::Binary(payload.clone())).unwrap()));
    }

    #[track_caller]
    fn check(send: impl Fn(&mut Connection)) {
        check_with(Buffers::Kept, &send);
        check_with(Buffers::Lent, &send);
    }
    #[track_caller]
    fn check_with(buffers: Buffers, send: impl Fn(&mut Connection)) {
        let mut server = Server::new(Config::default(), Feed::Copied, buffers);
        let mut round = || {
            server.lend();
            send(&mut server.connection);
            server.write();
            server.reclaim();
        };
        (0..5).for_each(|_| round());
        let ((), spent) = cost(|| (0..100).for_each(|_| round()));
        assert_eq!((spent.allocations, spent.live), (0, 0), "{buffers:?}");
    }
}

/// A client masks a payload where it is, if nobody else holds it.
#[test]
fn masking_costs_no_copy() {
    let mut client = Connection::client(Config::client(), |key: &mut [u8]| key.fill(0x55), NOW);
    client.send("something short, so that there is a buffer").unwrap();
    let own = vec![7; 100_000];
    let place = own.as_ptr();
    let ((), spent) = cost(|| client.send(own).unwrap());
    assert!(spent.peak < 1_000, "{spent:?}");
    let shared = Bytes::from(vec![7; 100_000]);
    let ((), spent) = cost(|| client.send(shared.clone()).unwrap());
    assert!((99_000..101_000).contains(&spent.peak), "{spent:?}"); // behind its header
    let output = client.output();
    let mut slices = [IoSlice::new(&[]); 4];
    assert_eq!(output.chunks_vectored(&mut slices), 3);
    assert_eq!(slices[1].as_ptr(), place);
    assert!(slices[1].iter().chain(slices[2].iter().skip(14)).all(|byte| *byte == 7 ^ 0x55));
    assert!(slices[2].len() == 100_014 && shared.iter().all(|byte| *byte == 7));
}

/// R195: what fragments carry is what they cost. All figures are bytes.
#[test]
fn floods_of_fragments_are_bounded() {
    let limits = Limits { message: 200_000, fragments: u32::MAX, empty_fragments: u32::MAX, ..Limits::default() };
    check(&limits, Delivery::Messages, b"", 100_000, 2 * 4096);
    check(&limits, Delivery::Messages, b"x", 100_000, 2 * 100_000 + 2 * 4096);
    check(&limits, Delivery::Fragments, b"", 100_000, 2 * 4096);
    check(&limits, Delivery::Fragments, b"x", 100_000, 2 * 4096);

    #[track_caller]
    fn check(limits: &Limits, delivery: Delivery, payload: &[u8], count: usize, most: i64) {
        let config = Config { limits: limits.clone(), delivery, ..Config::default() };
        let (flood, first) = (frame(0x00, payload).repeat(count), frame(0x02, b""));
        let (mut connection, spent) = cost(|| {
            let mut connection = Connection::server(config, NOW);
            for piece in core::iter::once(&first[..]).chain(flood.chunks(1000)) {
                connection.input().extend_from_slice(piece);
                while connection.receive(NOW).unwrap().is_some() {}
            }
            connection
        });
        assert!(spent.peak <= most, "{} bytes at most, {} expected", spent.peak, most);
        connection.input().extend_from_slice(&frame(0x80, b"!"));
        let whole = match connection.receive(NOW) {
            Ok(Some(Event::Message(message))) => message.len() == payload.len() * count + 1,
            Ok(Some(Event::Fragment(fragment))) => fragment.last,
            other => panic!("{other:?}"),
        };
        assert!(whole);
    }
}

/// With the default limits the flood of empty ones does not even get that far.
#[test]
fn a_flood_of_empty_fragments_fails() {
    let flood = [frame(0x02, b""), frame(0x00, b"").repeat(100_000)].concat();
    let (error, spent) = cost(|| {
        let mut connection = Connection::server(Config::default(), NOW);
        flood.chunks(4096).find_map(|piece| {
            connection.input().extend_from_slice(piece);
            connection.receive(NOW).err()
        })
    });
    assert_eq!(error, Some(ProtocolError::TooManyEmptyFragments { limit: 100 }));
    assert!(spent.peak < 10_000 && spent.live == 0, "{spent:?}");
}

/// A length is a promise, and promises cost nothing.
#[test]
fn a_declared_length_costs_nothing() {
    for delivery in [Delivery::Messages, Delivery::Fragments] {
        let limits = Limits { message: u64::MAX, ..Limits::default() };
        let config = Config { limits, delivery, ..Config::default() };
        let declared = [&[0x82, 0xff][..], &(1_u64 << 62).to_be_bytes(), &[0; 4], &[7; 100]].concat();
        let (connection, spent) = cost(|| {
            let mut connection = Connection::server(config, NOW);
            connection.input().extend_from_slice(&declared);
            while connection.receive(NOW).unwrap().is_some() {}
            connection
        });
        assert!(spent.peak < 1000, "{spent:?}");
        assert_eq!(connection.read_hint(), 64 << 10); // what a driver is asked to reserve
    }
}

/// What is held for a message in progress is at most twice what came of it, and what a reader reserves.
#[test]
fn a_message_in_progress_costs_what_came() {
    let bytes = frame(0x82, &vec![7; 1 << 20]);
    let mut connection = Connection::server(Config::default(), NOW);
    let ((), spent) = cost(|| {
        for piece in bytes[..bytes.len() - 1].chunks(4096) {
            let room = connection.read_hint().clamp(1, 4096);
            connection.input().fill(room, |input| input.extend_from_slice(piece));
            assert_eq!(connection.receive(NOW), Ok(None));
        }
    });
    assert!(spent.live <= (2 << 20) + 4096, "{spent:?}");
    assert!(spent.peak <= (2 << 20) + 4096, "{spent:?}");
}

/// R132: nor does a flood of pings that are not read grow what is queued.
#[test]
fn a_flood_of_pings_is_bounded() {
    let flood = frame(0x89, &[7; 125]).repeat(10_000);
    let (error, spent) = cost(|| {
        let mut connection = Connection::server(Config::default(), NOW);
        flood.chunks(4096).find_map(|piece| {
            connection.input().extend_from_slice(piece);
            while connection.decode(NOW).ok()? {
                connection.skip();
            }
            connection.violation()
        })
    });
    let _ = error; // when it fails depends on the reads
    assert!(spent.peak <= 2 * (16 << 10) + 4 * 4096, "{spent:?}");
}

/// An idle connection holds no buffer: after traffic of every kind, what is live is what was live before.
#[test]
fn an_idle_connection_holds_no_buffer() {
    for buffers in [Buffers::Kept, Buffers::Lent] {
        let mut server = Server::new(Config::default(), Feed::InPlace, buffers);
        let traffic = [
            frame(0x81, b"short"),
            frame(0x82, &[7; 64 << 10]),
            [frame(0x01, b"in "), frame(0x80, b"pieces")].concat(),
            frame(0x82, &[7; 300 << 10]),
            frame(0x82, &[7; 5000]).repeat(20),
        ];
        let ((), spent) = cost(|| {
            for _ in 0..3 {
                for bytes in &traffic {
                    server.lend();
                    for piece in bytes.chunks(4096) {
                        server.put(piece);
                        while let Some(event) = server.connection.receive(NOW).unwrap() {
                            let Event::Message(message) = event else { panic!("a message") };
                            server.connection.send(message).unwrap();
                        }
                    }
                    server.put(&frame(0x89, b"ping"));
                    assert!(matches!(server.connection.receive(NOW), Ok(Some(Event::Ping(_)))));
                    assert_eq!(server.connection.receive(NOW), Ok(None));
                    server.write();
                    drop((server.connection.input().reclaim(), server.connection.output().reclaim()));
                    assert!(!server.connection.input().has_buffer() && !server.connection.output().has_buffer());
                    if let Buffers::Lent = buffers {
                        server.pool = Some((InputBuffer::with_capacity(70 << 10), BytesMut::with_capacity(70 << 10)));
                    }
                }
            }
            server.pool = None;
        });
        assert!(spent.live <= 0, "{buffers:?}: {} bytes more than before", spent.live);
        if let Buffers::Kept = buffers {
            assert_eq!(spent.live, 0);
        }
    }
}

/// A long message that is lent and sent on, whole or in part, is not copied; what it is not part of is.
#[test]
fn to_send_on_a_long_message_is_no_copy() {
    let mut server = Connection::server(Config::default(), NOW);
    server.output().lend(BytesMut::with_capacity(4096));
    server.input().extend_from_slice(&frame(0x82, &[7; 100_000]));
    let others = [8; 100_000];
    assert!(server.decode(NOW).unwrap());
    let (place, spent) = cost(|| {
        let Some((EventRef::Message(message), sender)) = server.lend() else { panic!("a message") };
        sender.send_ref(message).unwrap();
        sender.send_ref(&message.as_bytes()[10..60_000]).unwrap();
        message.as_bytes().as_ptr()
    });
    assert!(spent.peak < 2_000, "{spent:?}");
    server.sender().send_ref(&others[..]).unwrap();
    let output = server.output();
    let mut slices = [IoSlice::new(&[]); 8];
    assert_eq!(output.chunks_vectored(&mut slices), 5);
    assert_eq!((slices[1].as_ptr(), slices[1].len()), (place, 100_000));
    assert_eq!((slices[3].as_ptr(), slices[3].len()), (place.wrapping_add(10), 59_990));
    assert_eq!(slices[4][10..], others);
}

/// Part of a frame moves to memory of its own, and the lent buffer goes to whoever needs it next.
#[test]
fn part_of_a_frame_costs_its_own_size() {
    let mut connection = Connection::server(Config::default(), NOW);
    let bytes = frame(0x81, &[b'a'; 5000]);
    let lent = InputBuffer::with_capacity(64 << 10);
    let (lent, spent) = cost(|| {
        connection.input().lend(lent);
        connection.input().fill(4096, |input| input.extend_from_slice(&bytes[..3000]));
        assert_eq!(connection.receive(NOW), Ok(None));
        connection.input().reclaim().unwrap()
    });
    assert_eq!(lent.capacity() >> 10, 63); // less what the header took up, until it is reserved again
    assert!((2900..3300).contains(&spent.live), "{spent:?}");
    connection.input().extend_from_slice(&bytes[3000..]);
    assert!(matches!(connection.receive(NOW), Ok(Some(Event::Message(message))) if message.len() == 5000));

    // More than 16 KiB would cost too much to move.
    let bytes = frame(0x81, &[b'a'; 30_000]);
    assert!(connection.input().reclaim().is_none());
    assert!(connection.input().lend(lent).is_none());
    let ((), spent) = cost(|| {
        connection.input().fill(20_000, |input| input.extend_from_slice(&bytes[..20_000]));
        assert_eq!(connection.receive(NOW), Ok(None));
        assert!(connection.input().reclaim().is_none());
        connection.input().fill(20_000, |input| input.extend_from_slice(&bytes[20_000..]));
        assert!(
            matches!(connection.receive_ref(NOW), Ok(Some(EventRef::Message(message))) if message.as_bytes().len() == 30_000)
        );
        assert_eq!(connection.receive(NOW), Ok(None));
    });
    assert!(connection.input().reclaim().is_some());
    assert_eq!((spent.allocations, spent.live), (0, 0));
}
