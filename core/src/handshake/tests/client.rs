//! What a client asks, and what it takes for an answer (RFC 6455 §4.1).

use super::*;
use HandshakeError as E;
use core::sync::atomic::{AtomicUsize, Ordering};

/// A client that asked for "chat" or "superchat".
fn chat(limits: HandshakeLimits) -> ClientHandshake {
    client(ClientRequest::new("example.com", "/chat").protocol("chat").protocol("superchat"), limits)
}

/// What it makes of these bytes.
fn receive(bytes: &[u8]) -> Result<Option<(Connection, Response)>, HandshakeError> {
    let mut client = chat(HandshakeLimits::default());
    client.input().extend_from_slice(bytes);
    client.receive(NOW)
}

fn answer(lines: &[&str]) -> Vec<u8> {
    head("HTTP/1.1 101 Switching Protocols", &ANSWER, lines)
}

#[track_caller]
fn accepted(bytes: &[u8]) -> (Connection, Response) {
    let (connection, response) = receive(bytes).unwrap().unwrap();
    assert!(connection.is_open());
    assert_eq!(response.status(), 101);
    (connection, response)
}

#[track_caller]
fn refused(bytes: &[u8], error: HandshakeError) {
    assert_eq!(receive(bytes).err(), Some(error), "{}", shown(bytes));
}

/// R012–R016, R019–R023, R065: what was not asked for is not sent, and nothing follows the request.
#[test]
fn the_request_is_exact() {
    check(ClientRequest::new("example.com", "/"), "GET / HTTP/1.1", "Host: example.com", &[]);
    check(ClientRequest::new("[::1]:8080", "/a?b=%23"), "GET /a?b=%23 HTTP/1.1", "Host: [::1]:8080", &[]);
    let request =
        ClientRequest::new("a", "/?").header("Cookie", "a=b").protocol("b").header("cookie", "").protocol("a");
    check(request, "GET /? HTTP/1.1", "Host: a", &["Sec-WebSocket-Protocol: b, a", "Cookie: a=b", "cookie: "]);

    #[track_caller]
    fn check(request: ClientRequest, first: &str, host: &str, more: &[&str]) {
        let mut client = client(request, HandshakeLimits::default());
        let expected = [&[first, host][..], &REQUEST[1..], more, &["", ""]].concat();
        assert_eq!(lines(&written(client.output())), expected);
        client.input().extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 ");
        assert!(matches!(client.receive(NOW), Ok(None)));
        assert!(client.output().is_empty());
    }
}

/// R017: sixteen bytes, taken for this and nothing else.
#[test]
fn each_key_is_fresh() {
    static TAKEN: AtomicUsize = AtomicUsize::new(0);
    let mut keys = [0, 1].map(|_| {
        let entropy = |bytes: &mut [u8]| {
            assert_eq!(bytes.len(), 16);
            bytes.fill(u8::try_from(TAKEN.fetch_add(1, Ordering::Relaxed)).unwrap());
        };
        let request = ClientRequest::new("a", "/");
        let client = ClientHandshake::new(request, Config::client(), HandshakeLimits::default(), entropy, NOW);
        let asked = written(client.unwrap().output());
        lines(&asked).iter().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap().to_string()
    });
    keys.sort();
    assert_eq!(keys, ["AAAAAAAAAAAAAAAAAAAAAA==", "AQEBAQEBAQEBAQEBAQEBAQ=="]);
}

/// R004, R005, R014, R020, R022, class 12 and 13: what would not be sent as it is meant is not sent at all.
#[test]
fn requests_that_cannot_be_sent() {
    use InvalidHead as I;
    let to = |host: &str, target: &str| ClientRequest::new(host, target);
    let good = || to("example.com", "/");
    for host in ["a", "a:1", "a.:65535", "[::1]", "[2001:db8::1%25eth0]:80", "1.2.3.4", "xn--bcher-kva"] {
        check(to(host, "/"), None);
    }
    for host in [
        "",
        " ",
        "a b",
        "a\r\nX: y",
        "a\0",
        "a/b",
        "a?b",
        "a#b",
        "u@a",
        "u:p@a",
        "a:65536",
        "a:b",
        "::1",
        "[::1",
        "bücher",
    ] {
        check(to(host, "/"), Some(I::Host(host.into())));
    }
    for target in ["", "a", "?a", "*", "http://a/", "/a b", "/a#b", "/#", "/\r\nX: y", "/\t", "/\0", "/\u{7f}", "/é"] {
        check(to("a", target), Some(I::Target(target.into())));
    }
    for name in ["", " ", "X Y", "X:", "X\r\nY", "X\0", "(X)", "É"] {
        check(good().header(name, "a"), Some(I::HeaderName(name.into())));
    }
    for value in ["a\r\nX: y", "a\r", "\n", "\0", "\u{b}", "\u{7f}"] {
        check(good().header("X", value), Some(I::HeaderValue { name: "X".into() }));
    }
    check(good().header("X", b"\tcaf\xe9 \xff").header("X", ""), None);
    for name in "Host Upgrade Connection Content-Length Transfer-Encoding".split(' ') {
        check(good().header(name, "a"), Some(I::ReservedHeader(name.into())));
    }
    for name in "Key Accept Version Protocol Extensions".split(' ') {
        let name = format!("sec-WebSocket-{name}");
        check(good().header(name.clone(), "a"), Some(I::ReservedHeader(name)));
    }
    for protocol in ["", " ", "a b", "a,b", "a\r\nX: y", "a\0", "a/b", "\"a\"", "é"] {
        check(good().protocol(protocol), Some(I::Protocol(protocol.into())));
    }
    check(good().protocol("echo").protocol("eCho"), None);
    check(good().protocol("a").protocol("b").protocol("a"), Some(I::DuplicateProtocol("a".into())));

    #[track_caller]
    fn check(request: ClientRequest, expected: Option<InvalidHead>) {
        let result = ClientHandshake::new(request, Config::client(), HandshakeLimits::default(), entropy, NOW);
        assert_eq!(result.err(), expected);
    }
}

/// R025, R026, R034: one protocol is switched to; a list would be several on top of each other (RFC 9110 §7.8).
#[test]
fn upgrade_and_connection() {
    for lines in [
        &["UPGRADE: \t WebSocket "][..],
        &["Connection: keep-alive, Upgrade"],
        &["connection:keep-alive,,\tUPGRADE,"],
        &["Connection: keep-alive", "CONNECTION: upgrade"],
        &["SEC-WEBSOCKET-ACCEPT: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="],
    ] {
        accepted(&answer(lines));
    }
    check(&["Upgrade"], "Upgrade");
    check(&["Upgrade:"], "Upgrade");
    check(&["Upgrade: h2c"], "Upgrade");
    check(&["Upgrade: websocket, h2c"], "Upgrade");
    check(&["Upgrade: websocket/13"], "Upgrade");
    check(&["Connection"], "Connection");
    check(&["Connection: keep-alive"], "Connection");
    check(&["Connection: keep-alive Upgrade"], "Connection");
    refused(&answer(&["Upgrade: websocket", "Upgrade: h2c"]), E::DuplicateHeader { name: "Upgrade" });

    #[track_caller]
    fn check(lines: &[&str], name: &'static str) {
        refused(&answer(lines), E::MissingHeader { name });
    }
}

/// R027, R028, R032, class 14: byte for byte, and once.
#[test]
fn accept() {
    const NAME: &str = "Sec-WebSocket-Accept";
    accepted(&answer(&["Sec-WebSocket-Accept:\t s3pPLMBiTxaQ9kYGzzhZRbK+xOo= \t"]));
    check(&["Sec-WebSocket-Accept"], E::MissingHeader { name: NAME });
    check(&["Sec-WebSocket-Accept:"], E::WrongAccept);
    check(&["Sec-WebSocket-Accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo="], E::WrongAccept);
    check(&["Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo"], E::WrongAccept);
    check(&["Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOp="], E::WrongAccept); // the same 20 bytes
    check(&["Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=, x"], E::WrongAccept);
    check(&["Sec-WebSocket-Accept: é"], E::WrongAccept);
    check(&["Sec-WebSocket-Accept: Kfh9QIsMVZcl6xEPYxPHzW8SZ8w="], E::WrongAccept);
    check(&[ANSWER[2], ANSWER[2]], E::DuplicateHeader { name: NAME });

    #[track_caller]
    fn check(lines: &[&str], error: HandshakeError) {
        refused(&answer(lines), error);
    }
}

/// R031, R032: none, or one of those that were offered.
#[test]
fn protocols() {
    const NAME: &str = "Sec-WebSocket-Protocol";
    assert_eq!(accepted(&answer(&[])).1.protocol(), None);
    assert_eq!(accepted(&answer(&["sec-websocket-protocol:superchat "])).1.protocol(), Some("superchat"));
    check(&["Sec-WebSocket-Protocol: Chat"], E::UnofferedProtocol);
    check(&["Sec-WebSocket-Protocol: cha"], E::UnofferedProtocol);
    check(&["Sec-WebSocket-Protocol:"], E::InvalidHeader { name: NAME });
    check(&["Sec-WebSocket-Protocol: chat, superchat"], E::InvalidHeader { name: NAME });
    check(&["Sec-WebSocket-Protocol: chat,"], E::InvalidHeader { name: NAME });
    check(&["Sec-WebSocket-Protocol: é"], E::InvalidHeader { name: NAME });
    check(&["Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Protocol: chat"], E::DuplicateHeader { name: NAME });

    #[track_caller]
    fn check(lines: &[&str], error: HandshakeError) {
        refused(&answer(lines), error);
    }
}

/// W029: those who require one are not content with none; who offers none requires none.
#[test]
fn required_protocol() {
    let name = "Sec-WebSocket-Protocol";
    check(&["chat"], &[], Some(E::MissingHeader { name }));
    check(&["chat"], &["Sec-WebSocket-Protocol:"], Some(E::InvalidHeader { name }));
    check(&["chat"], &["Sec-WebSocket-Protocol: chat"], None);
    check(&[], &[], None);

    #[track_caller]
    fn check(offered: &[&str], lines: &[&str], expected: Option<HandshakeError>) {
        let request = ClientRequest::new("h", "/").require_protocol();
        let request = offered.iter().fold(request, |request, protocol| request.protocol(*protocol));
        let mut client = client(request, HandshakeLimits::default());
        client.input().extend_from_slice(&answer(lines));
        assert_eq!(client.receive(NOW).err(), expected);
    }
}

/// R029, R030, R033: none was offered.
#[test]
fn extensions() {
    const MALFORMED: HandshakeError = E::InvalidHeader { name: "Sec-WebSocket-Extensions" };
    accepted(&answer(&["Sec-WebSocket-Extensions:", "Sec-WebSocket-Extensions: ,"]));
    refused(&answer(&["Sec-WebSocket-Extensions: permessage-deflate"]), E::UnofferedExtension);
    refused(&answer(&["Sec-WebSocket-Extensions:", "sec-websocket-extensions: x;y=\"z\""]), E::UnofferedExtension);
    for value in ["x;", "x y", "x;y=", "x;y=\"z", "x;y=\"\\", "é", ";"] {
        refused(&answer(&[&format!("Sec-WebSocket-Extensions: {value}")]), MALFORMED);
    }
}

/// Class 11, WPT opening-handshake/001: no HTTP, no connection.
#[test]
fn malformed_answers() {
    check("FOO BAR BAZ", &[], E::Malformed);
    check("FOO BAR BAZ\r\n\r\nHTTP/1.1 101 OK", &[], E::Malformed);
    check("http/1.1 101 OK", &[], E::Malformed);
    check("HTTP/1.1  101 OK", &[], E::Malformed);
    check("HTTP/1.1 10", &[], E::Malformed);
    check("HTTP/1.1 1010 OK", &[], E::Malformed);
    check("HTTP/1.1 +11 OK", &[], E::Malformed);
    check("HTTP/1.1 101 O\u{1}K", &[], E::Malformed);
    check(" HTTP/1.1 101 OK", &[], E::Malformed);
    check("HTTP/2.0 101 OK", &[], E::UnsupportedHttp);
    check("HTTP/1.0 101 OK", &[], E::UnsupportedHttp);
    for line in ["X : 1", ": 1", "X: 1\n", "X: 1\r2", "X: \0", "X: 1\r\n 2", "É: 1", "X: 1\r\nY"] {
        check("HTTP/1.1 101 OK", &[line], E::Malformed);
    }
    accepted(&head("HTTP/1.1 101", &ANSWER, &[]));
    accepted(&head("HTTP/1.1 101 ", &ANSWER, &["X: é\u{80}", "X:", "Content-Length: 5"]));
    let (_, response) = accepted(&head("HTTP/1.1 101 Ça va", &ANSWER, &[]));
    assert_eq!(response.reason(), ""); // not text, and nothing depends on it

    #[track_caller]
    fn check(first: &str, lines: &[&str], error: HandshakeError) {
        refused(&head(first, &ANSWER, lines), error);
    }
}

/// R024: told with headers and the body, as far as wanted, and not followed (class 13). Interim answers are no answer.
#[test]
fn refusals() {
    check("HTTP/1.1 404 Not Found", &["Content-Length: 5"], b"sorryHTTP", Some(b"sorry"));
    check("HTTP/1.1 404 Not Found", &["Content-Length: 0"], b"HTTP", Some(b""));
    check("HTTP/1.1 404 Not Found", &["Content-Length: 6"], b"sorry", None);
    check("HTTP/1.1 500", &["content-length: 99999"], b"12345678", Some(b"12345678"));
    check("HTTP/1.1 500", &["Content-Length: 99999"], b"1234567", None);
    check("HTTP/1.1 500", &["Content-Length: 99999999999999999999999999"], b"123456789", Some(b"12345678"));
    check("HTTP/1.1 503 Busy", &[], b"123456789", Some(b"12345678")); // ends at the limit or with the stream
    check("HTTP/1.1 503 Busy", &[], b"1234567", None);
    check("HTTP/1.1 503 Busy", &[], b"", None);
    check("HTTP/1.1 403 \u{e9}", &["Content-Length: 1"], b"\xff", Some(b"\xff"));
    check("HTTP/1.0 403 Forbidden", &["Content-Length: 2"], b"no", Some(b"no")); // some proxies
    check("HTTP/1.1 200 OK", &["Content-Length: 2"], b"ok", Some(b"ok"));
    check("HTTP/1.1 304 Not Modified", &["Content-Length: 5"], b"HTTP", Some(b"")); // RFC 9112 §6.3
    check("HTTP/1.1 204 No Content", &[], b"HTTP", Some(b""));
    check("HTTP/1.1 400 Bad Request", &["Transfer-Encoding: chunked"], b"2\r\nno\r\n0\r\n\r\n", Some(b""));
    check("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 404 No", &["Content-Length: 1"], b"x", Some(b"x"));
    check("HTTP/1.1 301 Moved", &["Location: ws://example.com/", "Content-Length: 0"], b"", Some(b""));

    #[track_caller]
    fn check(first: &str, lines: &[&str], body: &[u8], expected: Option<&[u8]>) {
        let mut client = chat(HandshakeLimits { body: 8, ..HandshakeLimits::default() });
        let bytes = [&head(first, &[], lines)[..], body].concat();
        client.input().extend_from_slice(&bytes);
        let error = match (client.receive(NOW), expected) {
            (Err(error), Some(_)) => error,
            (Ok(None), None) => client.receive_eof(),
            (other, _) => panic!("{other:?}"),
        };
        let E::Rejected(response) = error else { panic!("{error:?}") };
        assert_eq!(response.body(), expected.unwrap_or(body));
        let status = first.split("HTTP/1.").last().unwrap();
        assert_eq!(response.status().to_string(), status[2..5]);
        assert_eq!(response.headers().iter().count(), lines.len());
    }
}

/// R036, R039: what the caller needs in order to try again.
#[test]
fn a_refusal_of_ours_is_understood() {
    let rejection = Rejection::new(426).body("newer, please");
    let E::Rejected(response) = receive(&rejection.encode()).unwrap_err() else { panic!() };
    assert_eq!(
        (response.status(), response.reason(), &response.body()[..]),
        (426, "Upgrade Required", &b"newer, please"[..])
    );
    assert_eq!(response.headers().get("Sec-WebSocket-Version"), Some("13"));
}

/// RFC 9110 §15.2: any number of them, within the one limit for all heads.
#[test]
fn interim_answers_are_skipped() {
    let interim = b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 103\r\n\r\n";
    accepted(&[interim, interim, &answer(&[])[..]].concat());
    accepted(&[&b"HTTP/1.1 199 \r\n\r\n"[..], &answer(&[])].concat());

    let flood = b"HTTP/1.1 100\r\n\r\n".repeat(1024); // 16 bytes each
    assert!(matches!(receive(&flood), Ok(None)));
    refused(&[&flood[..], b"H"].concat(), E::HeadTooLong { limit: 16384 });
    let rest = 16384 - 2 * 17 - answer(&[]).len();
    let padding = [8100, rest - 8100].map(|len| format!("HTTP/1.1 100 {}\r\n\r\n", "x".repeat(len))).concat();
    accepted(&[padding.as_bytes(), &answer(&[])].concat());
    refused(
        &[padding.as_bytes(), &head("HTTP/1.1 101 OK", &ANSWER, &["X-Long: more than the shorter reason"])].concat(),
        E::HeadTooLong { limit: 16384 },
    );
}

/// Class 9: at each limit, and one more.
#[test]
fn limits() {
    let line = |name: &str, len: usize| format!("{name}: {}", "x".repeat(len - name.len() - 2));
    let first = |len: usize| format!("HTTP/1.1 101 {}", "x".repeat(len - 13));
    accepted(&head(&first(8192), &ANSWER, &[]));
    refused(&head(&first(8193), &ANSWER, &[]), E::FirstLineTooLong { limit: 8192 });
    accepted(&answer(&[&line("X", 8192)]));
    refused(&answer(&[&line("X", 8193)]), E::LineTooLong { limit: 8192 });
    let rest = 16384 - answer(&["X:", "Y:"]).len();
    accepted(&answer(&[&line("X", 8100), &line("Y", rest - 8096)]));
    refused(&answer(&[&line("X", 8100), &line("Y", rest - 8095)]), E::HeadTooLong { limit: 16384 });
    accepted(&answer(&["X:"; 100 - ANSWER.len()]));
    refused(&answer(&["X:"; 101 - ANSWER.len()]), E::TooManyHeaders { limit: 100 });
    refused(&[b'x'; 8193], E::FirstLineTooLong { limit: 8192 });
}

/// R035, WPT opening-handshake/005: the head and `Close(1001, "PASS")` in one piece.
#[test]
fn bytes_behind_the_answer_become_frames() {
    let (mut connection, _) = accepted(&[&answer(&[])[..], b"\x81\x02hi\x88\x06\x03\xe9PASS\x81\x02no"].concat());
    assert_eq!(connection.receive(NOW), Ok(Some(Event::Message(Message::from("hi")))));
    assert_eq!(connection.receive(NOW), Ok(Some(Event::Close(Some(CloseFrame::new(1001, "PASS"))))));
    assert_eq!(connection.receive(NOW), Ok(None));
    assert!(connection.is_clean());
}

/// A server that answers before it has read all does not cut our request short.
#[test]
fn what_is_not_yet_written_of_the_request_comes_first() {
    let mut client = chat(HandshakeLimits::default());
    client.output().advance(5);
    client.input().extend_from_slice(&answer(&[]));
    let (mut connection, _) = client.receive(NOW).unwrap().unwrap();
    connection.ping(b"").unwrap();
    let written = written(connection.output());
    assert!(
        written.starts_with(b"chat HTTP/1.1\r\nHost: ")
            && written.escape_ascii().to_string().contains("\\r\\n\\r\\n\\x89\\x80")
    );
}

/// The stream ends, or fails; once is enough.
#[test]
fn ends() {
    let whole = answer(&[]);
    for len in 0..whole.len() {
        let mut client = chat(HandshakeLimits::default());
        client.input().extend_from_slice(&whole[..len]);
        assert!(matches!(client.receive(NOW), Ok(None)));
        assert_eq!(client.receive_eof(), E::UnexpectedEof);
        client.input().extend_from_slice(&whole[len..]);
        assert!(matches!(client.receive(NOW), Ok(None)));
    }
    let mut client = chat(HandshakeLimits::default());
    client.input().extend_from_slice(&answer(&["Upgrade"]));
    assert!(client.receive(NOW).is_err());
    client.input().extend_from_slice(&whole);
    assert!(matches!(client.receive(NOW), Ok(None)));
}

/// Class 10: every byte at every place gives a connection or an error, and never a panic.
#[test]
fn every_byte_everywhere() {
    let valid = answer(&["Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Extensions: ,", "Content-Length: 0"]);
    let refusal = head("HTTP/1.1 404 No", &ANSWER, &["Content-Length: 0"]);
    for (valid, at) in [valid, refusal].iter().flat_map(|valid| (0..valid.len()).map(move |at| (valid, at))) {
        for byte in [0, b'\t', b'\n', b'\r', b' ', b'"', b',', b'0', b':', b'\\', 0x7f, 0x80, 0xc3, 0xff] {
            let mut replaced = valid.clone();
            replaced[at] = byte;
            let mut inserted = valid.clone();
            inserted.insert(at, byte);
            for bytes in [replaced, inserted] {
                match receive(&bytes) {
                    Ok(Some((_, response))) => drop(format!("{response:?}{:?}", response.protocol())),
                    Ok(None) => {} // a longer body, or none is known
                    Err(error) => drop(error.to_string()),
                }
            }
        }
    }
}

/// An answer that is wrong in a few places or none, and some bytes behind it.
fn answers() -> impl Strategy<Value = Vec<u8>> {
    let before = select(&["", "", "", "HTTP/1.1 100\r\n\r\n", "HTTP/1.1 103 \r\nX: y\r\n\r\n"][..]);
    let first = prop_oneof![
        4 => Just("HTTP/1.1 101 Switching Protocols"),
        2 => select(&["HTTP/1.1 404 Not Found", "HTTP/1.0 503", "HTTP/1.1 304 "][..]),
        1 => select(&["HTTP/1.1 102 Processing", "HTTP/1.0 101", "HTTP/2 101", "HTTP/1.1 1O1"][..]),
    ];
    let line = prop_oneof![
        select(&["Connection: a, UPGRADE", "Sec-WebSocket-Protocol: chat", "Content-Length: 3", "Content-Length: 12"]),
        select(&["Upgrade", "X : a", "X: \0", " fold:", "Sec-WebSocket-Extensions: a", "Transfer-Encoding: chunked"]),
    ];
    let behind = prop::collection::vec(any::<u8>(), 0..20);
    (before, first, prop::collection::vec(line, 0..3), behind)
        .prop_map(|(before, first, lines, behind)| [before.as_bytes(), &head(first, &ANSWER, &lines), &behind].concat())
}

type Outcome = Result<Response, HandshakeError>;

/// What becomes of an answer that arrives in pieces, the end of the stream behind them, and what stands
/// behind the answer.
fn outcome(pieces: &[&[u8]], limits: &HandshakeLimits) -> (Outcome, Vec<u8>) {
    let mut client = chat(limits.clone());
    for (at, piece) in pieces.iter().enumerate() {
        client.input().extend_from_slice(piece);
        let rest = pieces[at + 1..].concat();
        match client.receive(NOW) {
            Ok(None) => {}
            Ok(Some((mut connection, response))) => {
                return (Ok(response), [connection.input().bytes(), &rest].concat());
            }
            Err(error @ E::Rejected(_)) => return (Err(error), [client.input().bytes(), &rest].concat()),
            Err(error) => return (Err(error), Vec::new()),
        }
    }
    (Err(client.receive_eof()), client.input().bytes().to_vec())
}

proptest! {
    #[test]
    fn any_cut_gives_the_same_connection(
        bytes in answers(),
        cuts: [Index; 5],
        (line, head) in (50..200usize, 100..300usize),
    ) {
        let limits = HandshakeLimits { line, head, headers: 5, body: 10, ..HandshakeLimits::default() };
        let whole = outcome(&[&bytes], &limits);
        prop_assert_eq!(&outcome(&pieces(&bytes, &cuts), &limits), &whole);
        prop_assert_eq!(&outcome(&bytes.chunks(1).collect::<Vec<_>>(), &limits), &whole);
    }

    #[test]
    fn arbitrary_bytes_do_not_panic(
        first in "\\PC{0,9}|HTTP/1.1 (101|[0-9]{3}).{0,3}\r\n",
        bytes: Vec<u8>,
        cuts: [Index; 3],
    ) {
        let bytes = [first.as_bytes(), &bytes, b"\r\n\r\n"].concat();
        drop(outcome(&pieces(&bytes, &cuts), &HandshakeLimits::default()));
    }
}

/// What is logged must not be what lets others in.
#[test]
fn requests_show_no_credentials() {
    let request = ClientRequest::new("h", "/").header("Authorization", "Basic c2VjcmV0").protocol("chat");
    let shown = format!("{request:?}");
    assert!(shown.contains("Authorization") && shown.contains("chat"), "{shown}");
    let value = format!("{:?}", b"Basic c2VjcmV0");
    assert!(!shown.contains("c2VjcmV0") && !shown.contains(value.trim_matches(['[', ']'])), "{shown}");
}
