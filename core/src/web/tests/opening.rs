//! The opening handshake: what is asked, and what becomes of the answers.

use super::*;
use HandshakeError as H;

/// W019, W021, W023, W024, W031, W032: the whole of it; and so no Referer, and no Origin that is not asked for.
#[test]
fn requests() {
    check("ws://h/?", (), Options::default(), &["GET / HTTP/1.1", "Host: h"]);
    check("ws://h:81/a?b", (), Options::default(), &["GET /a?b HTTP/1.1", "Host: h:81"]);
    let protocols = "Sec-WebSocket-Protocol: b, a";
    check("ws://h", ["b", "a"], Options::default(), &["GET / HTTP/1.1", "Host: h", protocols]);
    let options = Options { origin: Some("https://o".into()), ..Options::default() };
    check("wss://h:443", (), options, &["GET / HTTP/1.1", "Host: h", "Origin: https://o"]);
    let basic = "Authorization: Basic Zm9vOmJhcg==";
    check("ws://foo:bar@h", (), Options::default(), &["GET / HTTP/1.1", "Host: h", basic]);
    let options = Options { headers: vec![("authorization".into(), b"Bearer 1".into())], ..Options::default() };
    check("ws://foo:bar@h", (), options, &["GET / HTTP/1.1", "Host: h", "authorization: Bearer 1"]);

    #[track_caller]
    fn check(url: &str, protocols: impl IntoProtocols, options: Options, lines: &[&str]) {
        let constant = [
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version: 13",
        ];
        let expected = [&lines[..2], &constant, &lines[2..], &["", ""]].concat();
        assert_eq!(request(&WebSocket::with_options(url, protocols, options).unwrap()), expected);
    }
}

/// W032: decoded, whatever it is; what a `Basic` cannot say is the server's to refuse.
#[test]
fn user_info() {
    check("ws://h", None);
    check("ws://:@h", None);
    check("ws://foo@h", Some("Zm9vOg==")); // foo:
    check("ws://:bar@h", Some("OmJhcg==")); // :bar
    check("ws://a%40:%00%FF@h", Some("YUA6AP8="));
    check("ws://a:b:c@h", Some("YTpiOmM="));

    #[track_caller]
    fn check(url: &str, expected: Option<&str>) {
        let basic = address::basic(&Url::parse(url).unwrap());
        assert_eq!(basic, expected.map(|base64| format!("Basic {base64}")), "{url}");
    }
}

/// W021: the offer is the client's to choose, and by default there is none.
#[cfg(feature = "deflate")]
#[test]
fn offers() {
    let config = Config { deflate: Some(crate::deflate::Deflate::default()), ..Config::client() };
    let mut socket = WebSocket::with_options(URL, (), Options { config, ..Options::default() }).unwrap();
    let offer = request(&socket).into_iter().find(|line| line.starts_with("Sec-WebSocket-Extensions: "));
    assert!(offer.unwrap().contains("permessage-deflate"));
    let agreed = "permessage-deflate; server_no_context_takeover";
    let opened = answer(
        &mut socket,
        format!("{ANSWER}Sec-WebSocket-Extensions: ,\r\nSec-WebSocket-Extensions: {agreed}\r\n\r\n"),
    );
    assert!(opened.is_some());
    assert_eq!(socket.extensions(), "");
    assert_eq!(told(&mut socket), ["open Open"]);
    assert_eq!(socket.extensions(), format!(",, {agreed}")); // W067
}

/// W066, W068: nothing is set before the event, and the event waits.
#[test]
fn open() {
    let mut socket = socket(["a", "b"]);
    let opened = answer(&mut socket, format!("{ANSWER}Sec-WebSocket-Protocol: b\r\n\r\n"));
    assert!(opened.is_some());
    assert_eq!((socket.ready_state(), socket.protocol()), (WebSocket::CONNECTING, ""));
    assert_eq!(next(&mut socket).as_deref(), Some("open Open"));
    assert_eq!((socket.protocol(), socket.extensions()), ("b", ""));
    assert_eq!(next(&mut socket), None);
}

/// W026–W030, W080: what else is answered is an error, and the close event does not say which.
#[test]
fn answers() {
    let ok = |lines: &str| format!("{ANSWER}{lines}\r\n");
    let name = "Sec-WebSocket-Protocol";
    check("HTTP/1.1 103 \r\n\r\n".to_string() + &ok("Sec-WebSocket-Protocol: a\r\n"), None);
    check(ok(""), Some(H::MissingHeader { name }));
    check(ok("Sec-WebSocket-Protocol:\r\n"), Some(H::InvalidHeader { name }));
    check(ok("Sec-WebSocket-Protocol: a,b\r\n"), Some(H::InvalidHeader { name }));
    check(ok("Sec-WebSocket-Protocol: A\r\n"), Some(H::UnofferedProtocol));
    check(ok("Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Extensions: x\r\n"), Some(H::UnofferedExtension));
    check(ANSWER.replace("s3p", "S3p") + "\r\n", Some(H::WrongAccept));
    check(ANSWER.replace("Upgrade: websocket", "Upgrade: h2c") + "\r\n", Some(H::MissingHeader { name: "Upgrade" }));
    check("HTTP/1.1 1", Some(H::UnexpectedEof));
    check("FOO BAR BAZ\r\n\r\n", Some(H::Malformed));
    for refusal in ["301 \r\nLocation: /echo", "401 \r\nWWW-Authenticate: Basic", "404 ", "200 OK"] {
        let mut socket = socket("a");
        assert!(answer(&mut socket, format!("HTTP/1.1 {refusal}\r\nContent-Length: 0\r\n\r\n")).is_none());
        let Some(Event::Error(Failure::Handshake(H::Rejected(response)))) = socket.poll_event() else {
            panic!("{refusal}")
        };
        assert_eq!(response.status().to_string(), refusal[..3]);
        assert_eq!(told(&mut socket), ["close unclean 1006 \"\" Closed"]);
    }

    #[track_caller]
    fn check(bytes: impl AsRef<[u8]>, expected: Option<HandshakeError>) {
        let mut socket = socket("a");
        let opened = answer(&mut socket, bytes);
        assert_eq!(opened.is_some(), expected.is_none());
        match (socket.poll_event(), expected) {
            (Some(Event::Open), None) => assert_eq!(told(&mut socket), [""; 0]),
            (Some(Event::Error(Failure::Handshake(error))), Some(expected)) => {
                assert_eq!(error, expected);
                assert_eq!(told(&mut socket), ["close unclean 1006 \"\" Closed"]);
            }
            (event, expected) => panic!("{event:?} for {expected:?}"),
        }
    }
}

/// W080: whatever keeps it from opening.
#[test]
fn failures() {
    check(Failure::transport("no such host"));
    check(HandshakeError::WrongAccept.into());
    check(crate::TimedOut::Connect(core::time::Duration::from_secs(1)).into());
    check(crate::handshake::InvalidHead::Host("{}".into()).into());

    fn check(failure: Failure) {
        let mut socket = socket(());
        let shown = failure.to_string();
        socket.handle_failure(failure);
        let Some(Event::Error(told_failure)) = socket.poll_event() else { panic!("{shown}") };
        assert_eq!(told_failure.to_string(), shown);
        assert_eq!(told(&mut socket), ["close unclean 1006 \"\" Closed"]);
    }
}

/// What is logged must not be what lets others in.
#[test]
fn nothing_shows_credentials() {
    let options = Options { headers: vec![("Cookie".into(), b"c2VjcmV0".into())], ..Options::default() };
    let mut shown = format!("{options:?}");
    shown += &format!("{:?}", WebSocket::with_options("ws://hidden:hidden@h/?hidden", (), options).unwrap());
    assert!(shown.contains("Cookie") && shown.contains("ws://h"), "{shown}");
    assert!(!shown.contains("c2VjcmV0") && !shown.contains("hidden"), "{shown}");
}
