//! The opening handshake as a peer sees it: bytes in, bytes out. What concerns one role alone is in
//! `server`, with what it answers in `rejection`, and in `client`.

mod client;
mod rejection;
mod server;

use super::*;
use crate::{CloseFrame, Config, Connection, Event, Instant, Message, Output, TimedOut};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use bytes::Buf;
use core::time::Duration;
use proptest::prelude::*;
use proptest::sample::{Index, select};

const NOW: Instant = Instant::since_origin(Duration::from_secs(3));

/// What stands in a valid request, and in a valid answer to it: the example of RFC 6455 §1.3.
const REQUEST: [&str; 5] = [
    "Host: server.example.com",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
];
const ANSWER: [&str; 3] =
    ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="];

/// A head of `first`, the lines of `base` and `lines`. A line takes the place of those of its name; a
/// name alone removes them.
fn head(first: &str, base: &[&str], lines: &[&str]) -> Vec<u8> {
    let name = |line: &str| line.split(':').next().unwrap_or_default().trim().to_lowercase();
    let replaced: Vec<_> = lines.iter().map(|line| name(line)).collect();
    let kept = base.iter().filter(|line| !replaced.contains(&name(line)));
    let added = lines.iter().filter(|line| line.contains(':'));
    let lines: Vec<_> = [&first].into_iter().chain(kept).chain(added).copied().collect();
    (lines.join("\r\n") + "\r\n\r\n").into_bytes()
}

/// Not random: makes the key of RFC 6455 §1.3.
fn entropy(bytes: &mut [u8]) {
    bytes.iter_mut().zip(b"the sample nonce".iter().cycle()).for_each(|(byte, nonce)| *byte = *nonce);
}

fn client(request: ClientRequest, limits: HandshakeLimits) -> ClientHandshake {
    ClientHandshake::new(request, Config::client(), limits, entropy, NOW).unwrap()
}

fn server(limits: HandshakeLimits) -> ServerHandshake {
    ServerHandshake::new(limits, NOW)
}

/// Takes all that is to be written.
fn written(output: &mut Output) -> Vec<u8> {
    output.copy_to_bytes(output.remaining()).into()
}

/// The strings of a head that came out of our own side, line by line.
fn lines(head: &[u8]) -> Vec<&str> {
    core::str::from_utf8(head).unwrap().split("\r\n").collect()
}

/// `bytes` cut at these places.
fn pieces<'a>(bytes: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).chain([0, bytes.len()]).collect();
    cuts.sort_unstable();
    cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect()
}

/// The beginning of `bytes`, to be read by humans.
fn shown(bytes: &[u8]) -> String {
    bytes.iter().take(400).copied().collect::<Vec<_>>().escape_ascii().to_string()
}

/// What is wrong, and with what.
#[test]
fn words() {
    use {HandshakeError as E, InvalidHead as I};
    check(&E::HeadTooLong { limit: 8 }, "head of more than 8 bytes");
    check(&E::DuplicateHeader { name: "Host" }, "header Host occurs more than once");
    check(&E::UnexpectedEof, "connection ended during the opening handshake");
    check(&I::Host("a b".into()), "invalid host \"a b\"");
    check(&I::Target("x".into()), "invalid request target \"x\"");
    check(&I::HeaderName("a:".into()), "invalid header name \"a:\"");
    check(&I::HeaderValue { name: "X-A".into() }, "invalid value for header X-A");
    check(&I::ReservedHeader("Host".into()), "header Host is set by the handshake");
    check(&I::Protocol("a,".into()), "invalid subprotocol \"a,\"");
    check(&I::DuplicateProtocol("a".into()), "subprotocol \"a\" is offered twice");
    check(&I::UnofferedProtocol("a".into()), "subprotocol \"a\" was not offered");
    check(&extensions::InvalidExtensions { at: 3 }, "malformed Sec-WebSocket-Extensions at byte 3");

    #[track_caller]
    fn check(error: &impl core::error::Error, expected: &str) {
        assert_eq!(error.to_string(), expected);
    }
}

/// RFC 6455 §1.2 and §1.3, both roles; then a message either way. R012–R019, R027, R028, R055, R058.
#[test]
fn the_example_of_the_rfc() {
    let request = ClientRequest::new("server.example.com", "/chat")
        .protocol("chat")
        .protocol("superchat")
        .header("Origin", "http://example.com");
    let mut client = client(request, HandshakeLimits::default());
    let mut server = server(HandshakeLimits::default());
    let asked = written(client.output());
    assert_eq!(
        lines(&asked),
        [
            "GET /chat HTTP/1.1",
            "Host: server.example.com",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Protocol: chat, superchat",
            "Origin: http://example.com",
            "",
            "",
        ]
    );
    server.input().extend_from_slice(&asked);
    let mut offer = server.receive().unwrap().unwrap();
    offer.select_protocol("chat").unwrap();
    let mut server = offer.accept(Config::default(), NOW);
    let answered = written(server.output());
    assert_eq!(
        lines(&answered),
        [
            "HTTP/1.1 101 Switching Protocols",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
            "Sec-WebSocket-Protocol: chat",
            "",
            "",
        ]
    );
    client.input().extend_from_slice(&answered);
    let (mut client, response) = client.receive(NOW).unwrap().unwrap();
    assert_eq!((response.status(), response.reason(), response.protocol()), (101, "Switching Protocols", Some("chat")));
    assert_talks(&mut client, &mut server);
    assert_talks(&mut server, &mut client);
}

/// A message sent by `from` arrives at `to`.
#[track_caller]
fn assert_talks(from: &mut Connection, to: &mut Connection) {
    from.send("hello").unwrap();
    to.input().extend_from_slice(&written(from.output()));
    assert_eq!(to.receive(NOW), Ok(Some(Event::Message(Message::from("hello")))));
    assert_eq!(to.receive(NOW), Ok(None));
}

/// The deadline counts from the beginning of the handshake, whatever arrives; that it passed is an error
/// and no more: the caller closes.
#[test]
fn patience_is_bounded_in_all() {
    let limits = HandshakeLimits { timeout: Duration::from_secs(7), ..HandshakeLimits::default() };
    let mut asked = server(limits.clone());
    let mut asking = client(ClientRequest::new("example.com", "/"), limits);
    for byte in *b"\r\n\r\nH" {
        let later = NOW + Duration::from_secs(6);
        asked.input().extend_from_slice(&[byte]);
        asking.input().extend_from_slice(&[byte]);
        assert!(matches!((asked.receive(), asking.receive(later)), (Ok(None), Ok(None))));
        assert_eq!((asked.handle_timeout(later), asking.handle_timeout(later)), (Ok(()), Ok(())));
    }
    let deadline = NOW + Duration::from_secs(7);
    assert_eq!((asked.poll_timeout(), asking.poll_timeout()), (deadline, deadline));
    for (now, expected) in [
        (Instant::ORIGIN, Ok(())), // backwards
        (NOW + Duration::from_nanos(6_999_999_999), Ok(())),
        (deadline, Err(TimedOut::Handshake(Duration::from_secs(7)))),
        (NOW + Duration::MAX, Err(TimedOut::Handshake(Duration::from_secs(7)))),
    ] {
        assert_eq!((asked.handle_timeout(now), asking.handle_timeout(now)), (expected, expected), "{now:?}");
    }
}

/// No deadline can overflow.
#[test]
fn endless_patience_is_possible() {
    let limits = HandshakeLimits { timeout: Duration::MAX, ..HandshakeLimits::default() };
    assert_eq!(server(limits).handle_timeout(NOW + Duration::from_secs(1 << 33)), Ok(()));
}

/// A token that is no header of the handshake's own.
fn names() -> impl Strategy<Value = String> {
    "[Xx]-[!#$%&'*+.^_`|~0-9A-Za-z-]{0,8}"
}

/// A header value as it arrives: any bytes but controls, without space at its ends.
fn values() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![0x20..0x7fu8, Just(b'\t'), 0x80..=0xffu8];
    prop::collection::vec(byte, 0..12).prop_map(|value| value.trim_ascii().to_vec())
}

fn headers() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    prop::collection::vec((names(), values()), 0..5)
}

/// The headers of ours among those that arrived.
fn ours(headers: &Headers) -> Vec<(String, Vec<u8>)> {
    let ours = headers.iter().filter(|(name, _)| name.to_lowercase().starts_with("x-"));
    ours.map(|(name, value)| (name.into(), value.into())).collect()
}

proptest! {
    /// What our client asks is what our server reads, what that answers is what the client reads, and
    /// then they understand each other; whatever is asked and however it is cut.
    #[test]
    fn our_client_and_our_server_agree(
        host in select(&["example.com", "example.com:8080", "[::1]:9", "127.0.0.1", "xn--bcher-kva.example"][..]),
        target in "/[!\"$-~]{0,30}",
        asked in headers(),
        answered in headers(),
        protocols in prop::collection::btree_set("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,8}", 0..4),
        chosen in any::<Option<Index>>(),
        cuts: (Vec<Index>, Vec<Index>),
    ) {
        let mut request = ClientRequest::new(host, target.clone());
        for (name, value) in &asked {
            request = request.header(name.clone(), value);
        }
        for protocol in &protocols {
            request = request.protocol(protocol.clone());
        }
        let chosen = chosen.filter(|_| !protocols.is_empty());
        let chosen = chosen.and_then(|chosen| protocols.iter().nth(chosen.index(protocols.len())));
        let mut client = client(request, HandshakeLimits::default());
        let mut server = server(HandshakeLimits::default());

        let mut offer = None;
        for piece in pieces(&written(client.output()), &cuts.0) {
            prop_assert!(offer.is_none() || piece.is_empty());
            server.input().extend_from_slice(piece);
            offer = server.receive()?.or(offer);
        }
        let mut offer = offer.unwrap();
        prop_assert_eq!(offer.request().host(), host);
        prop_assert_eq!(offer.request().target(), &target);
        prop_assert_eq!(offer.request().path(), target.split('?').next().unwrap());
        prop_assert_eq!(offer.request().query(), target.find('?').map(|at| &target[at + 1..]));
        prop_assert_eq!(ours(offer.request().headers()), asked);
        prop_assert!(offer.protocols().eq(protocols.iter().map(String::as_str)));
        for (name, value) in &answered {
            offer.add_header(name, value)?;
        }
        if let Some(chosen) = chosen {
            offer.select_protocol(chosen)?;
        }
        let mut server = offer.accept(Config::default(), NOW);

        let mut opened = None;
        for piece in pieces(&written(server.output()), &cuts.1) {
            prop_assert!(opened.is_none() || piece.is_empty());
            client.input().extend_from_slice(piece);
            opened = client.receive(NOW)?.or(opened);
        }
        let (mut client, response) = opened.unwrap();
        prop_assert_eq!(response.protocol(), chosen.map(String::as_str));
        prop_assert_eq!(ours(response.headers()), answered);
        assert_talks(&mut client, &mut server);
        assert_talks(&mut server, &mut client);
    }
}
