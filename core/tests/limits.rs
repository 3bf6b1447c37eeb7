#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
//! Every default, at the limit and one over it: what is allowed passes, and what is one more has an error of its own.
//!
//! Each structure is taken apart without `..`, so that a new limit does not compile until it has a row here.

use bytes::Buf;
use core::time::Duration;
use sansws_core::frame::Role;
use sansws_core::handshake::{
    ClientHandshake, ClientRequest, HandshakeError, HandshakeLimits, Rejection, ServerHandshake,
};
use sansws_core::{
    CloseCode, Config, Connection, Delivery, Instant, Keepalive, Limits, ProtocolError, SendError, TimedOut,
};

const NOW: Instant = Instant::ORIGIN;
const NANO: Duration = Duration::from_nanos(1);
const DELIVERIES: [Delivery; 2] = [Delivery::Messages, Delivery::Fragments];

/// Not random: what it masks stays as it is.
fn zeros(bytes: &mut [u8]) {
    bytes.fill(0);
}

/// The end in `role`, with the defaults that it has.
fn open(role: Role, delivery: Delivery) -> Connection {
    match role {
        Role::Client => Connection::client(Config { delivery, ..Config::client() }, zeros, NOW),
        Role::Server => Connection::server(Config { delivery, ..Config::default() }, NOW),
    }
}

/// A frame as `to` receives it, masked with zeros if that is a server.
fn frame(to: Role, first: u8, payload: &[u8]) -> Vec<u8> {
    let (bit, key): (u8, &[u8]) = if to == Role::Server { (0x80, &[0; 4]) } else { (0, &[]) };
    let len = (payload.len() as u64).to_be_bytes();
    let header = match payload.len() {
        0..=125 => vec![first, bit | len[7]],
        126..=0xffff => [&[first, bit | 126], &len[6..]].concat(),
        _ => [&[first, bit | 127], &len[..]].concat(),
    };
    [&header, key, payload].concat()
}

/// Puts the bytes in and takes all events. How many there were, or what was wrong.
fn receive(it: &mut Connection, bytes: &[u8]) -> Result<usize, ProtocolError> {
    it.input().extend_from_slice(bytes);
    let mut count = 0;
    while it.receive(NOW)?.is_some() {
        count += 1;
    }
    Ok(count)
}

/// Both roles, in both deliveries: `allowed` passes, and fails once `more` is behind it.
#[track_caller]
fn check(allowed: impl Fn(Role) -> Vec<u8>, more: impl Fn(Role) -> Vec<u8>, expected: impl Fn(Role) -> ProtocolError) {
    for role in [Role::Client, Role::Server] {
        for delivery in DELIVERIES {
            let mut it = open(role, delivery);
            receive(&mut it, &allowed(role)).unwrap();
            let error = receive(&mut it, &more(role)).unwrap_err();
            assert_eq!(error, expected(role), "{role:?} {delivery:?}");
            let close = it.output().chunk().windows(2).any(|bytes| bytes == error.close_code().0.to_be_bytes());
            assert!(close && !it.is_open(), "{role:?} {delivery:?}");
        }
    }
}

/// `Limits`, and what is refused when it is exceeded.
#[test]
fn of_an_open_connection() {
    let Limits { message, fragments, empty_fragments, unread_pings, output_high, output_low, output_max } =
        Limits::default();
    let messages = |role| if role == Role::Client { Config::client().limits.message } else { message };
    assert_eq!((message, messages(Role::Client)), (1 << 20, 16 << 20));
    assert_eq!((fragments, empty_fragments, unread_pings), (131_072, 100, 1_000));
    assert_eq!((output_high, output_low, output_max), (64 << 10, 32 << 10, 1 << 20));

    let of = |count: u64| vec![7; usize::try_from(count).unwrap()];
    let too_big = |role| ProtocolError::TooBig { limit: messages(role), size: messages(role) + 1 };
    // In one frame, declared and no more; and in two, of which the second is one byte.
    check(
        |role| frame(role, 0x82, &of(messages(role))),
        |role| frame(role, 0x82, &of(messages(role) + 1))[..14].into(),
        too_big,
    );
    check(|role| frame(role, 0x02, &of(messages(role))), |role| frame(role, 0x80, b"x"), too_big);
    assert_eq!(too_big(Role::Server).close_code(), CloseCode::TOO_BIG);

    let pieces = |role, payload: &[u8], count: u32| {
        [frame(role, 0x02, b"x"), frame(role, 0x00, payload).repeat(count as usize)].concat()
    };
    let error = ProtocolError::TooManyFragments { limit: fragments };
    check(|role| pieces(role, b"x", fragments - 1), |role| frame(role, 0x80, b""), |_| error);
    let error = ProtocolError::TooManyEmptyFragments { limit: empty_fragments };
    check(|role| pieces(role, b"", empty_fragments), |role| frame(role, 0x00, b""), |_| error);

    // The first is read before anything could have been taken of its answer.
    let error = ProtocolError::PingFlood { limit: unread_pings };
    for role in [Role::Client, Role::Server] {
        let mut it = open(role, Delivery::Messages);
        for _ in 0..=unread_pings {
            assert_eq!(receive(&mut it, &frame(role, 0x89, b"")), Ok(1));
        }
        assert_eq!(receive(&mut it, &frame(role, 0x89, b"")), Err(error), "{role:?}");
        assert_eq!(error.close_code(), CloseCode::POLICY_VIOLATION);
    }

    // What is queued is at the mark, with its header of ten bytes; then one under it.
    let mut it = open(Role::Server, Delivery::Messages);
    it.send(vec![0; output_high]).unwrap();
    it.output().advance(10);
    assert_eq!((it.sender().queued(), it.sender().has_room(), it.wants_read()), (output_high, false, false));
    it.output().advance(1);
    assert_eq!((it.sender().has_room(), it.wants_read()), (true, true));
    it.output().advance(output_high - output_low - 2);
    assert_eq!((it.sender().queued(), it.sender().is_low()), (output_low + 1, false));
    it.output().advance(1);
    assert!(it.sender().is_low());

    let mut it = open(Role::Server, Delivery::Messages);
    it.send(vec![0; output_max]).unwrap();
    it.output().advance(11);
    it.send(vec![0; 1000]).unwrap(); // accepted whole at one under
    it.output().advance(1003);
    assert_eq!(it.sender().queued(), output_max);
    assert_eq!(it.send("x"), Err(SendError::Full { queued: output_max, limit: output_max }));
    assert!(it.is_open());
}

/// The durations of `Config` and `Keepalive`: a nanosecond before, and then.
#[test]
fn of_patience() {
    let Config { limits: _, delivery, keepalive, close_timeout, write_timeout, .. } = Config::default();
    let Keepalive { interval, timeout } = Keepalive::default();
    assert_eq!((delivery, keepalive), (Delivery::Messages, None));
    assert_eq!([close_timeout, write_timeout, interval, timeout].map(|it| it.as_secs()), [5, 30, 20, 20]);

    let mut it = open(Role::Server, Delivery::Messages);
    it.send("never read").unwrap();
    ends(&mut it, write_timeout, TimedOut::Write(write_timeout));

    let mut it = open(Role::Server, Delivery::Messages);
    it.close(None).unwrap();
    it.output().advance(2);
    ends(&mut it, close_timeout, TimedOut::Close(close_timeout));

    let mut it = Connection::server(Config { keepalive: Some(Keepalive::default()), ..Config::default() }, NOW);
    it.handle_timeout(NOW + (interval - NANO)).unwrap();
    assert!(!it.wants_write());
    it.handle_timeout(NOW + interval).unwrap();
    assert_eq!(it.output().chunk(), b"\x89\x00");
    it.output().advance(2);
    ends(&mut it, interval + timeout, TimedOut::Keepalive(timeout));

    #[track_caller]
    fn ends(it: &mut Connection, at: Duration, expected: TimedOut) {
        it.handle_timeout(NOW).unwrap(); // where a deadline that has begun learns the time
        assert_eq!(it.handle_timeout(NOW + (at - NANO)), Ok(()));
        assert_eq!(it.handle_timeout(NOW + at), Err(expected));
        assert!(it.is_closed());
    }
}

/// `HandshakeLimits`, as a server has them and as a client has them.
#[test]
fn of_the_opening_handshake() {
    use HandshakeError as E;
    let HandshakeLimits { head, line, headers, body, timeout } = HandshakeLimits::default();
    assert_eq!((head, line, headers, body), (16 << 10, 8 << 10, 100, 16 << 10));
    assert_eq!(timeout, Duration::from_secs(10));

    // A first line, and lines that make it `head` bytes.
    let filled = |first: &str, len: usize| {
        let rest = len - first.len() - 2 * "\r\nX: ".len() - "\r\n\r\n".len();
        format!("{first}\r\nX: {}\r\nX: {}\r\n\r\n", "x".repeat(rest / 2), "x".repeat(rest - rest / 2))
    };
    let too_long = E::HeadTooLong { limit: head };
    both(filled("GET / HTTP/1.1", head), filled("HTTP/1.1 500", head), None);
    both(filled("GET / HTTP/1.1", head + 1), filled("HTTP/1.1 500", head + 1), Some((&too_long, 431)));

    let long = |name: &str, len: usize| format!("{name}{}", "x".repeat(len - name.len()));
    let first = |len| (long("GET /", len - 9) + " HTTP/1.1\r\n\r\n", long("HTTP/1.1 500 ", len) + "\r\n\r\n");
    let too_long = E::FirstLineTooLong { limit: line };
    both(first(line).0, first(line).1, None);
    both(first(line + 1).0, first(line + 1).1, Some((&too_long, 414)));

    let lines = |lines: &str| (format!("GET / HTTP/1.1\r\n{lines}\r\n"), format!("HTTP/1.1 500\r\n{lines}\r\n"));
    let header = |len| lines(&(long("X: ", len) + "\r\n"));
    let too_long = E::LineTooLong { limit: line };
    both(header(line).0, header(line).1, None);
    both(header(line + 1).0, header(line + 1).1, Some((&too_long, 431)));

    let many = |count| lines(&"X:\r\n".repeat(count));
    let too_many = E::TooManyHeaders { limit: headers };
    both(many(headers).0, many(headers).1, None);
    both(many(headers + 1).0, many(headers + 1).1, Some((&too_many, 431)));

    for len in [body, body + 1] {
        let mut client = asking();
        client.input().extend_from_slice(b"HTTP/1.1 500\r\n\r\n");
        client.input().extend_from_slice(&vec![b'x'; len]);
        let Err(E::Rejected(response)) = client.receive(NOW) else { panic!("a refusal with a body") };
        assert_eq!(response.body().len(), body);
    }

    let (server, client) = (ServerHandshake::new(HandshakeLimits::default(), NOW), asking());
    assert_eq!((server.poll_timeout(), client.poll_timeout()), (NOW + timeout, NOW + timeout));
    for (at, expected) in [(timeout - NANO, Ok(())), (timeout, Err(TimedOut::Handshake(timeout)))] {
        assert_eq!((server.handle_timeout(NOW + at), client.handle_timeout(NOW + at)), (expected, expected));
    }

    fn asking() -> ClientHandshake {
        let request = ClientRequest::new("h", "/");
        ClientHandshake::new(request, Config::client(), HandshakeLimits::default(), zeros, NOW).unwrap()
    }

    /// A request and a refusal that are too large or not. Neither opens a connection: the request lacks its headers.
    #[track_caller]
    fn both(request: String, answer: String, expected: Option<(&HandshakeError, u16)>) {
        let mut server = ServerHandshake::new(HandshakeLimits::default(), NOW);
        server.input().extend_from_slice(request.as_bytes());
        let refused = server.receive().unwrap_err();
        let status = Rejection::from(&refused).status();
        let mut client = asking();
        client.input().extend_from_slice(answer.as_bytes());
        let failed = client.receive(NOW).map(|_| ()).err().unwrap_or_else(|| client.receive_eof());
        match expected {
            Some((error, expected)) => assert_eq!((&refused, status, &failed), (error, expected, error)),
            None => {
                assert_eq!((refused, status), (E::MissingHeader { name: "Host" }, 400));
                assert!(matches!(failed, E::Rejected(response) if response.status() == 500));
            }
        }
    }
}
