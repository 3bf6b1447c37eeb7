//! Requests, valid and not, and what is answered (RFC 6455 §4.2).

use super::rejection::assert_answers;
use super::*;
use HandshakeError as E;

/// What a server makes of these bytes: the same if it is another library that reads them.
#[track_caller]
fn receive(bytes: &[u8]) -> Result<Option<Offer>, HandshakeError> {
    let mut server = server(HandshakeLimits::default());
    server.input().extend_from_slice(bytes);
    let received = server.receive();
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut read = httparse::Request::new(&mut headers);
    if read.parse(bytes).is_ok_and(|status| status.is_complete())
        && read.version == Some(1)
        && !matches!(received, Ok(None))
    {
        let headers = read.headers.iter().map(|header| (header.name, header.value));
        let judged = Offer::from_request(read.method.unwrap(), read.path.unwrap(), headers);
        match (&received, judged) {
            (Ok(Some(received)), Ok(judged)) => assert_eq!(answer(received), answer(&judged)),
            (Ok(_), judged) => panic!("{judged:?}"),
            // Lines that are less than strict, and limits, are for those who read.
            (Err(E::Malformed | E::HeadTooLong { .. } | E::TooManyHeaders { .. }), _) => {}
            (Err(E::FirstLineTooLong { .. } | E::LineTooLong { .. }), _) => {}
            (Err(error), judged) => assert_eq!(judged.err().as_ref(), Some(error)),
        }
    }
    received
}

/// All that can be told of an offer, and its answer.
fn answer(offer: &Offer) -> (String, Vec<String>, String) {
    let (headers, deflate) = offer.answer(&Config::default());
    let request = offer.request();
    let told = (request.target(), request.host(), request.origin(), offer.extensions(), deflate);
    (format!("{told:?}"), offer.protocols().map(String::from).collect(), format!("{headers:?}"))
}

/// What is no line of a head is not taken for one.
#[test]
fn of_another_library() {
    check("GET", "/a b", "x");
    check("GET", "/a\r\nX: y", "x");
    check("GET /b HTTP/1.1\r\nX:", "/", "x");
    check("GET", "/", "x\r\nOrigin: y");
    check("GET", "/", "x\0");

    #[track_caller]
    fn check(method: &str, target: &str, value: &str) {
        let headers = REQUEST.iter().map(|line| line.split_once(": ").unwrap()).chain([("X", value)]);
        assert_eq!(Offer::from_request(method, target, headers).err(), Some(E::Malformed));
    }
}

/// The answer has the same headers, and what is sent before it was written is behind it.
#[test]
fn upgraded_by_another_library() {
    let (mut connection, headers) = offer(&["Sec-WebSocket-Protocol: chat"]).upgrade(Config::default(), NOW);
    let lines = headers.iter().map(|(name, value)| format!("{name}: {}", value.escape_ascii()));
    assert_eq!(lines.collect::<Vec<_>>(), ANSWER);
    connection.send("hi").unwrap();
    assert_eq!(written(connection.output()), b"\x81\x02hi");
}

fn request(lines: &[&str]) -> Vec<u8> {
    head("GET /chat HTTP/1.1", &REQUEST, lines)
}

#[track_caller]
pub(super) fn offer(lines: &[&str]) -> Offer {
    receive(&request(lines)).unwrap().unwrap()
}

/// These bytes are refused for this reason, with an answer of this status.
#[track_caller]
fn refused(bytes: &[u8], error: &HandshakeError, status: u16) {
    assert_eq!(receive(bytes).err().as_ref(), Some(error), "{}", shown(bytes));
    assert_answers(&Rejection::from(error), status);
}

/// R040: GET and HTTP/1.1. There is no 1.2, and 2 and 3 look otherwise.
#[test]
fn request_lines() {
    check("POST /chat HTTP/1.1", E::MethodNotGet, 405);
    check("HEAD /chat HTTP/1.1", E::MethodNotGet, 405);
    check("get /chat HTTP/1.1", E::MethodNotGet, 405);
    check("OPTIONS * HTTP/1.1", E::MethodNotGet, 405);
    check("CONNECT example.com:80 HTTP/1.1", E::MethodNotGet, 405);
    check("GET /chat HTTP/1.0", E::UnsupportedHttp, 505);
    check("GET /chat HTTP/2.0", E::UnsupportedHttp, 505);
    check("GET /chat HTTP/0.9", E::UnsupportedHttp, 505);
    check("PRI * HTTP/2.0", E::UnsupportedHttp, 505);
    check("GET /chat", E::Malformed, 400);
    check("GET /chat ", E::Malformed, 400);
    check("GET /chat http/1.1", E::Malformed, 400);
    check("GET /chat HTTP/1.1 ", E::Malformed, 400);
    check("GET /chat HTTP/1.11", E::Malformed, 400);
    check("GET /chat HTTP/11", E::Malformed, 400);
    check("GET  /chat HTTP/1.1", E::Malformed, 400);
    check("GET\t/chat HTTP/1.1", E::Malformed, 400);
    check("GET /a b HTTP/1.1", E::Malformed, 400); // class 12
    check("GET /a\u{7f} HTTP/1.1", E::Malformed, 400);
    check("G(T /chat HTTP/1.1", E::Malformed, 400);
    check(" GET /chat HTTP/1.1", E::Malformed, 400);
    check("\u{16}\u{3}\u{1}", E::Malformed, 400); // TLS

    #[track_caller]
    fn check(first: &str, error: HandshakeError, status: u16) {
        refused(&head(first, &REQUEST, &[]), &error, status);
    }
}

/// R003, R004, R041. The host of an absolute target counts, not that of the header (RFC 9112 §3.2.2).
#[test]
fn targets() {
    const HEADER: &str = "server.example.com";
    check("/", Some((HEADER, "/", None)));
    check("/?", Some((HEADER, "/", Some(""))));
    check("/chat%20room/?a=b?c&d=/", Some((HEADER, "/chat%20room/", Some("a=b?c&d=/"))));
    check("//chat", Some((HEADER, "//chat", None)));
    check("/http://example.com/", Some((HEADER, "/http://example.com/", None)));
    check("http://example.com/chat?x", Some(("example.com", "/chat", Some("x"))));
    check("HTTPS://example.com:444/", Some(("example.com:444", "/", None)));
    check("http://[::1]:80", Some(("[::1]:80", "/", None)));
    check("http://example.com?x/y", Some(("example.com", "/", Some("x/y"))));
    check("/caf\u{e9}", Some((HEADER, "/caf\u{e9}", None)));
    check("*", None);
    check("chat", None);
    check("?x", None);
    check("example.com:80", None);
    check("ws://example.com/", None);
    check("ftp://example.com/", None);
    check("http:/chat", None);
    check("http://", None);
    check("http:///chat", None);
    check("http://?x", None);
    check("http://user@example.com/", None); // class 13
    check("http://example.com:http/", None);
    check("/chat#x", None);
    check("/chat?x#", None);

    #[track_caller]
    fn check(target: &str, expected: Option<(&str, &str, Option<&str>)>) {
        let bytes = head(&format!("GET {target} HTTP/1.1"), &REQUEST, &[]);
        let Some(expected) = expected else { return refused(&bytes, &E::InvalidTarget, 400) };
        let offer = receive(&bytes).unwrap().unwrap();
        let request = offer.request();
        assert_eq!((request.host(), request.path(), request.query()), expected);
        assert_eq!(request.target(), target);
    }
}

/// R042, R059, RFC 9112 §3.2: one host, of the form of one.
#[test]
fn hosts() {
    for host in ["a", "a.example:80", "a.example:", "127.0.0.1:65535", "[::1]", "[::1]:8080", "a_b~c!", "%e2%82%ac"] {
        assert_eq!(offer(&[&format!("Host: {host}")]).request().host(), host);
    }
    check(&["Host"], E::MissingHeader { name: "Host" });
    check(&["Host: a", "host: a"], E::DuplicateHeader { name: "Host" });
    check(&["Host: a", "HOST: b"], E::DuplicateHeader { name: "Host" });
    for host in ["", ":80", "a b", "a/", "user@a", "a:b", "a:1:2", "a:65536", "::1", "[::1", "[]", "[::1]x", "a]", "é"]
    {
        check(&[&format!("Host: {host}")], E::InvalidHeader { name: "Host" });
    }

    #[track_caller]
    fn check(lines: &[&str], error: HandshakeError) {
        refused(&request(lines), &error, 400);
    }
}

/// R034, R043, R044: words of a list, over several lines, in any case; as are the names.
#[test]
fn upgrade_and_connection() {
    for lines in [
        &["Connection: keep-alive, Upgrade"][..],
        &["Connection:keep-alive,\t,UPGRADE ,"],
        &["Connection: keep-alive", "connection: upgrade"],
        &["UPGRADE: WebSocket"],
        &["upgrade: h2c, websocket"],
        &["uPGRADE: h2c", "Upgrade: \t websocket \t "],
        &["HOST: a", "SEC-WEBSOCKET-KEY: dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-version: 13"],
    ] {
        offer(lines);
    }
    check(&["Upgrade"], "Upgrade", 426);
    check(&["Upgrade:"], "Upgrade", 426);
    check(&["Upgrade: h2c"], "Upgrade", 426);
    check(&["Upgrade: websocket2"], "Upgrade", 426);
    check(&["Upgrade: web socket"], "Upgrade", 426);
    check(&["Connection"], "Connection", 400);
    check(&["Connection: close"], "Connection", 400);
    check(&["Connection: keep-alive Upgrade"], "Connection", 400);
    check(&["Connection: \"Upgrade\""], "Connection", 400);

    #[track_caller]
    fn check(lines: &[&str], name: &'static str, status: u16) {
        refused(&request(lines), &E::MissingHeader { name }, status);
    }
}

/// R045, R047; which texts are keys is tested where it is decided.
#[test]
fn keys() {
    const NAME: &str = "Sec-WebSocket-Key";
    offer(&["Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEC=="]); // RFC 6455 §4.1, not canonical
    check(&["Sec-WebSocket-Key"], E::MissingHeader { name: NAME });
    check(&["Sec-WebSocket-Key:"], E::InvalidHeader { name: NAME });
    check(&["Sec-WebSocket-Key: dGhlIHNhbXBsZQ=="], E::InvalidHeader { name: NAME });
    check(&["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==, x"], E::InvalidHeader { name: NAME });
    check(&["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", REQUEST[3]], E::DuplicateHeader { name: NAME });

    #[track_caller]
    fn check(lines: &[&str], error: HandshakeError) {
        refused(&request(lines), &error, 400);
    }
}

/// R046: the answer names the version that is spoken here, also to old clients whose key is another.
#[test]
fn versions() {
    for lines in [
        &["Sec-WebSocket-Version"][..],
        &["Sec-WebSocket-Version:"],
        &["Sec-WebSocket-Version: 8"],
        &["Sec-WebSocket-Version: 013"],
        &["Sec-WebSocket-Version: 13, 8"],
        &["Sec-WebSocket-Version: 0", "Sec-WebSocket-Key", "Sec-WebSocket-Key1: 3e6b263 4 17 80"],
    ] {
        refused(&request(lines), &E::UnsupportedVersion, 426);
    }
    let twice = request(&["Sec-WebSocket-Version: 13", "sec-websocket-version: 13"]);
    refused(&twice, &E::DuplicateHeader { name: "Sec-WebSocket-Version" }, 400); // R045
}

/// R048: whatever else is there is kept and means nothing.
#[test]
fn unknown_headers_are_ignored() {
    let offer = offer(&["X-Id: 1", "x-id: \t2 ", "X-Empty:", "Sec-WebSocket-Accept: x", "TE: trailers"]);
    let headers = offer.request().headers();
    assert!(headers.get_all("X-ID").eq([b"1", b"2"]));
    assert_eq!((headers.get("x-empty"), headers.get("x-none")), (Some(""), None));
    assert_eq!(headers.iter().count(), REQUEST.len() + 5);
    assert_eq!(headers.iter().next(), Some(("Host", &b"server.example.com"[..])));
}

/// R049, R050: a policy may rely on the origin: there is none, or one that can be read.
#[test]
fn origins() {
    assert_eq!(offer(&[]).request().origin(), None);
    assert_eq!(offer(&["ORIGIN: null"]).request().origin(), Some("null"));
    assert_eq!(offer(&["Origin: https://example.com:8443"]).request().origin(), Some("https://example.com:8443"));
    refused(&request(&["Origin: a", "Origin: b"]), &E::DuplicateHeader { name: "Origin" }, 400);
    refused(&request(&["Origin: http://é"]), &E::InvalidHeader { name: "Origin" }, 400);
    let mut bytes = request(&["Origin: \u{1}"]);
    *bytes.iter_mut().find(|byte| **byte == 1).unwrap() = 0xff;
    refused(&bytes, &E::InvalidHeader { name: "Origin" }, 400);
}

/// Class 11: what two readers could read in two ways is read in none.
#[test]
fn smuggling() {
    for line in
        ["Content-Length: 1", "Content-Length: +0", "Content-Length: 00", "Content-Length:", "Content-Length: x"]
    {
        check(request(&[line]), E::BodyNotAllowed);
    }
    check(request(&["Transfer-Encoding: chunked"]), E::BodyNotAllowed);
    check(request(&["transfer-encoding: identity"]), E::BodyNotAllowed);
    check(request(&["Content-Length: 0", "Transfer-Encoding:"]), E::BodyNotAllowed);
    check(request(&["Content-Length: 0", "Content-length: 0"]), E::DuplicateHeader { name: "Content-Length" });
    for line in ["X : 1", "X\t: 1", ": 1", "X 1: 1", "X(: 1", "é: 1", "X: \u{1}", "X: \u{7f}", "X: \u{b}1"] {
        check(request(&[line]), E::Malformed);
    }
    for line in ["X: 1\nY: 2", "X: 1\rY: 2", "X: 1\r\r", "X: \0", "X: 1\r\n 2", "X: 1\r\n\t2", "X: 1\n\r", "X: 1\r\nY"]
    {
        check(request(&[line]), E::Malformed);
    }
    check([b"\n", &request(&[])[..]].concat(), E::Malformed);
    check(head("GET /chat HTTP/1.1", &["No colon"], &[]), E::Malformed);
    check(head("GET /chat HTTP/1.1", &[" X: 1"], &REQUEST), E::Malformed);
    offer(&["Content-Length: 0"]);

    #[track_caller]
    fn check(bytes: Vec<u8>, error: HandshakeError) {
        refused(&bytes, &error, 400);
    }
}

/// RFC 9112 §2.2: empty lines before the request are skipped, but not for ever.
#[test]
fn empty_lines_before_a_request() {
    assert!(matches!(receive(&[b"\r\n\r\n", &request(&[])[..]].concat()), Ok(Some(_))));
    refused(&b"\r\n".repeat(8192), &E::HeadTooLong { limit: 16384 }, 431);
}

/// Class 9: at each limit, and one more.
#[test]
fn limits() {
    let line = |name: &str, len: usize| format!("{name}: {}", "x".repeat(len - name.len() - 2));
    let target = |len: usize| format!("GET /{} HTTP/1.1", "x".repeat(len - 14));
    check(head(&target(8192), &REQUEST, &[]), None);
    check(head(&target(8193), &REQUEST, &[]), Some((E::FirstLineTooLong { limit: 8192 }, 414)));
    check(request(&[&line("X", 8192)]), None);
    check(request(&[&line("X", 8193)]), Some((E::LineTooLong { limit: 8192 }, 431)));

    let rest = 16384 - request(&["X:", "Y:"]).len();
    check(request(&[&line("X", 8100), &line("Y", rest - 8096)]), None);
    check(request(&[&line("X", 8100), &line("Y", rest - 8095)]), Some((E::HeadTooLong { limit: 16384 }, 431)));

    check(request(&["X:"; 100 - REQUEST.len()]), None);
    check(request(&["X:"; 101 - REQUEST.len()]), Some((E::TooManyHeaders { limit: 100 }, 431)));

    #[track_caller]
    fn check(bytes: Vec<u8>, expected: Option<(HandshakeError, u16)>) {
        match expected {
            None => assert!(matches!(receive(&bytes), Ok(Some(_)))),
            Some((error, status)) => refused(&bytes, &error, status),
        }
    }
}

/// Class 9: no end is waited for once the limit shows.
#[test]
fn limits_hold_before_the_end() {
    assert!(matches!(receive(&[b'x'; 8192]), Ok(None)));
    refused(&[b'x'; 8193], &E::FirstLineTooLong { limit: 8192 }, 414);
    let head = request(&["X:"]);
    let endless = [head.trim_ascii_end(), &[b'x'; 8191]].concat();
    refused(&endless, &E::LineTooLong { limit: 8192 }, 431);
}

/// R056, R061: one list, in order, however many lines it stands in.
#[test]
fn protocols() {
    check(&[], Ok(&[]));
    check(&["Sec-WebSocket-Protocol:"], Ok(&[]));
    check(&["Sec-WebSocket-Protocol: ,, ,"], Ok(&[]));
    check(&["Sec-WebSocket-Protocol: chat,superchat"], Ok(&["chat", "superchat"]));
    check(&["Sec-WebSocket-Protocol: b, \ta", "SEC-WEBSOCKET-PROTOCOL: ,B"], Ok(&["b", "a", "B"]));
    for value in ["a b", "a, b;c", "a/1", "\"a\"", "é", "a=b"] {
        check(&[&format!("Sec-WebSocket-Protocol: {value}")], Err(()));
    }

    #[track_caller]
    fn check(lines: &[&str], expected: Result<&[&str], ()>) {
        match expected {
            Ok(expected) => assert!(offer(lines).protocols().eq(expected.iter().copied())),
            Err(()) => refused(&request(lines), &E::InvalidHeader { name: "Sec-WebSocket-Protocol" }, 400),
        }
    }
}

/// R053: the choice is among what was offered, in its exact case; else nothing changes.
#[test]
fn a_protocol_is_chosen_from_the_list() {
    let mut offer = offer(&["Sec-WebSocket-Protocol: chat, eCho"]);
    for other in ["", "Chat", "echo", "chat, eCho", "none", "chat\r\nX: y"] {
        assert_eq!(offer.select_protocol(other), Err(InvalidHead::UnofferedProtocol(other.into())));
    }
    assert_eq!(offer.protocol(), None);
    offer.select_protocol("chat").unwrap();
    offer.select_protocol("eCho").unwrap();
    assert_eq!(offer.protocol(), Some("eCho"));
}

/// R056, R060–R064.
#[test]
fn extensions() {
    check(&[], Ok(""));
    check(&["Sec-WebSocket-Extensions:"], Ok(""));
    check(&["Sec-WebSocket-Extensions: a;x=1, , b", "sec-websocket-extensions: a; x=\"2\""], Ok("a,b,a"));
    check(&["Sec-WebSocket-Extensions: a", "Sec-WebSocket-Extensions: ;"], Err(()));
    for value in ["a b", "a;", "a;x=", "a; x=\"y", "a; x=\"\\", "a; x=\"y z\"", "é", "=", "a,;b"] {
        check(&[&format!("Sec-WebSocket-Extensions: {value}")], Err(()));
    }

    #[track_caller]
    fn check(lines: &[&str], expected: Result<&str, ()>) {
        let Ok(expected) = expected else {
            return refused(&request(lines), &E::InvalidHeader { name: "Sec-WebSocket-Extensions" }, 400);
        };
        let offer = offer(lines);
        let names: Vec<_> = offer.extensions().iter().map(|extension| extension.name.as_str()).collect();
        assert_eq!(names.join(","), expected);
    }
}

/// R053–R055: what was not chosen is not mentioned.
#[test]
fn the_answer_is_exact() {
    const OFFERED: [&str; 2] = ["Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Extensions: x-a"];
    check(|_| Ok(()), &[]);
    check(|offer| offer.select_protocol("chat"), &["Sec-WebSocket-Protocol: chat"]);
    check(
        |offer| offer.add_header("Set-Cookie", "a=b").and(offer.add_header("Server", "")),
        &["Set-Cookie: a=b", "Server: "],
    );

    #[track_caller]
    fn check(choose: fn(&mut Offer) -> Result<(), InvalidHead>, expected: &[&str]) {
        let mut offer = offer(&OFFERED);
        choose(&mut offer).unwrap();
        let answer = written(offer.accept(Config::default(), NOW).output());
        let expected = head("HTTP/1.1 101 Switching Protocols", &ANSWER, expected);
        assert_eq!(answer.escape_ascii().to_string(), expected.escape_ascii().to_string());
    }
}

/// Class 12: headers of our caller's stay lines, and are not the handshake's own. A mistake changes nothing.
#[test]
fn own_headers_cannot_break_out() {
    check("X-Id", "a\r\nX: y", InvalidHead::HeaderValue { name: "X-Id".into() });
    check("X-Id", "a\n", InvalidHead::HeaderValue { name: "X-Id".into() });
    check("X-Id", "a\0", InvalidHead::HeaderValue { name: "X-Id".into() });
    check("", "a", InvalidHead::HeaderName("".into()));
    check("X\r\nY", "a", InvalidHead::HeaderName("X\r\nY".into()));
    check("X: y", "a", InvalidHead::HeaderName("X: y".into()));
    for name in ["Connection", "upgrade", "SEC-WEBSOCKET-ACCEPT", "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"]
    {
        check(name, "a", InvalidHead::ReservedHeader(name.into()));
    }
    for name in ["Content-Length", "transfer-encoding"] {
        check(name, "0", InvalidHead::ReservedHeader(name.into()));
    }

    #[track_caller]
    fn check(name: &str, value: &str, error: InvalidHead) {
        let mut offer = offer(&[]);
        assert_eq!(offer.add_header(name, value), Err(error.clone()));
        assert_eq!(Rejection::new(403).header(name, value), Err(error));
        let answer = written(offer.accept(Config::default(), NOW).output());
        assert_eq!(answer, head("HTTP/1.1 101 Switching Protocols", &ANSWER, &[]));
    }
}

/// R058: the connection is open at once, and what is sent stands behind the answer.
#[test]
fn messages_may_follow_the_answer_at_once() {
    let mut connection = offer(&[]).accept(Config::default(), NOW);
    assert!(connection.is_open());
    connection.send("hi").unwrap();
    let written = written(connection.output());
    assert_eq!(written, [&head("HTTP/1.1 101 Switching Protocols", &ANSWER, &[])[..], b"\x81\x02hi"].concat());
}

/// What a client sends without waiting is not lost (it should wait, R023, but its Close may hurry).
#[test]
fn bytes_behind_the_request_become_frames() {
    let bytes = [&request(&[])[..], b"\x81\x82\0\0\0\0hi\x88\x80\0\0\0\0"].concat();
    let mut connection = receive(&bytes).unwrap().unwrap().accept(Config::default(), NOW);
    assert_eq!(connection.receive(NOW), Ok(Some(Event::Message(Message::from("hi")))));
    assert_eq!(connection.receive(NOW), Ok(Some(Event::Close(None))));
}

/// R039: an invalid request is answered once, and nothing behind it is looked at.
#[test]
fn after_an_error_nothing_is_read() {
    let mut server = server(HandshakeLimits::default());
    server.input().extend_from_slice(&head("POST / HTTP/1.1", &REQUEST, &["Content-Length: 99"]));
    server.input().extend_from_slice(&request(&[]));
    assert_eq!(server.receive().err(), Some(E::MethodNotGet));
    for _ in 0..3 {
        server.input().extend_from_slice(&request(&[]));
        assert!(matches!(server.receive(), Ok(None)));
    }
}

/// Class 10: every byte at every place gives an offer or an answer, and never a panic.
#[test]
fn every_byte_everywhere() {
    let lines = ["Origin: a", "Sec-WebSocket-Protocol: a", "Sec-WebSocket-Extensions: a;b=\"c\""];
    let valid = [&request(&lines)[..], b"\r\n\r\n"].concat(); // has an end, whatever becomes of the first
    for at in 0..valid.len() - 4 {
        for byte in [0, b'\t', b'\n', b'\r', b' ', b'"', b',', b':', b'\\', 0x7f, 0x80, 0xc3, 0xff] {
            let mut replaced = valid.clone();
            replaced[at] = byte;
            let mut inserted = valid.clone();
            inserted.insert(at, byte);
            for bytes in [replaced, inserted] {
                match receive(&bytes) {
                    Ok(Some(offer)) => drop(format!("{offer:?}{:?}", offer.request().host())),
                    Ok(None) => panic!("the end is there: {}", shown(&bytes)),
                    Err(error) => assert_answers(&Rejection::from(&error), error.status()),
                }
            }
        }
    }
}

/// A request that is wrong in a few places or none, and some bytes behind it.
fn requests() -> impl Strategy<Value = Vec<u8>> {
    const OPTIONAL: [&str; 4] =
        ["Origin: a", "Connection: a, UPGRADE", "Sec-WebSocket-Protocol: a, b", "Sec-WebSocket-Extensions: a;b=c"];
    let first = prop_oneof![
        5 => Just("GET /chat?x HTTP/1.1"),
        1 => select(&["GET http://a/b HTTP/1.1", "\r\nGET / HTTP/1.1", "PUT / HTTP/1.1", "GET / HTTP/2.0", "GET /\n"]),
    ];
    let line = prop_oneof![
        3 => select(&OPTIONAL),
        1 => select(&["Host", "Upgrade", "Host : a", "X: \0", "X: \r", " fold:", "Content-Length: 2", "Origin: é"]),
    ];
    let behind = prop::collection::vec(any::<u8>(), 0..20);
    (first, prop::collection::vec(line, 0..4), behind)
        .prop_map(|(first, lines, behind)| [head(first, &REQUEST, &lines), behind].concat())
}

type Outcome = Result<Option<(Request, Vec<String>, Vec<extensions::Extension>)>, HandshakeError>;

/// What becomes of a request that arrives in pieces, and what stands behind it.
fn outcome(pieces: &[&[u8]], limits: &HandshakeLimits) -> (Outcome, Vec<u8>) {
    let mut server = server(limits.clone());
    for (at, piece) in pieces.iter().enumerate() {
        server.input().extend_from_slice(piece);
        match server.receive() {
            Ok(None) => {}
            Ok(Some(offer)) => {
                let protocols = offer.protocols().map(Into::into).collect();
                let result = (offer.request().clone(), protocols, offer.extensions().to_vec());
                let mut connection = offer.accept(Config::default(), NOW);
                pieces[at + 1..].iter().for_each(|piece| connection.input().extend_from_slice(piece));
                return (Ok(Some(result)), connection.input().bytes().to_vec());
            }
            Err(error) => return (Err(error), Vec::new()),
        }
    }
    (Ok(None), server.input().bytes().to_vec())
}

proptest! {
    #[test]
    fn any_cut_gives_the_same_offer(
        bytes in requests(),
        cuts: [Index; 5],
        (line, head) in (100..400usize, 100..400usize),
    ) {
        let limits = HandshakeLimits { line, head, headers: 8, ..HandshakeLimits::default() };
        let whole = outcome(&[&bytes], &limits);
        prop_assert_eq!(&outcome(&pieces(&bytes, &cuts), &limits), &whole);
        prop_assert_eq!(&outcome(&bytes.chunks(1).collect::<Vec<_>>(), &limits), &whole);
    }

    #[test]
    fn arbitrary_bytes_do_not_panic(first in "\\PC{0,9}|GET / HTTP/1.1\r\n", bytes: Vec<u8>, cuts: [Index; 3]) {
        let bytes = [first.as_bytes(), &bytes, b"\r\n\r\n"].concat();
        let (result, _) = outcome(&pieces(&bytes, &cuts), &HandshakeLimits::default());
        if let Err(error) = result {
            assert_answers(&Rejection::from(&error), error.status());
        }
    }
}
