//! The answers of a server that does not open the connection.

use super::*;

/// The answer is one whole HTTP response that ends the connection and says what its status demands.
#[track_caller]
pub(super) fn assert_answers(rejection: &Rejection, status: u16) {
    let bytes = rejection.encode();
    let mut headers = [httparse::EMPTY_HEADER; 16];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(len) = response.parse(&bytes).unwrap() else { panic!("unfinished head") };
    let values = |name: &str| -> Vec<&str> {
        let fields = response.headers.iter().filter(|field| field.name.eq_ignore_ascii_case(name));
        fields.map(|field| core::str::from_utf8(field.value).unwrap()).collect()
    };
    assert_eq!((response.version, response.code), (Some(1), Some(status)));
    assert_eq!(values("Content-Length"), [(bytes.len() - len).to_string()]);
    assert_eq!(values("Transfer-Encoding"), [""; 0]);
    match status {
        426 => {
            assert_eq!(values("Sec-WebSocket-Version"), ["13"]); // R046
            assert_eq!((values("Upgrade"), values("Connection")), (vec!["websocket"], vec!["Upgrade, close"]));
        }
        405 => assert_eq!((values("Allow"), values("Connection")), (vec!["GET"], vec!["close"])),
        _ => assert_eq!((values("Upgrade"), values("Connection")), (vec![], vec!["close"])),
    }
}

/// R050–R052: a valid request may be refused all the same.
#[test]
fn own_refusals() {
    check(Rejection::new(403), 403, "");
    check(Rejection::new(404).body("no é here"), 404, "no é here");
    check(Rejection::new(302).header("Location", "https://example.com/").unwrap(), 302, "");
    check(Rejection::new(401).header("WWW-Authenticate", "Basic").unwrap(), 401, "");
    check(Rejection::new(426), 426, "");
    check(Rejection::new(405).body("GET"), 405, "GET");
    check(Rejection::new(499), 499, "");
    for status in [0, 101, 200, 299, 600, 65535] {
        check(Rejection::new(status), 500, ""); // could be taken for a success, or is none
    }

    #[track_caller]
    fn check(rejection: Rejection, status: u16, body: &str) {
        assert_answers(&rejection, status);
        let answer = server::offer(&[]).reject(&rejection);
        assert_eq!(answer, rejection.encode());
        assert!(answer.ends_with(format!("\r\n\r\n{body}").as_bytes()));
        let typed = answer.escape_ascii().to_string().contains("\\r\\nContent-Type: text/plain; charset=utf-8\\r\\n");
        assert_eq!(typed, !body.is_empty());
    }
}

/// Whatever the status, our client reads the answer as it is meant. Those that HTTP has a name for bear it.
#[test]
fn every_status() {
    let mut names = Vec::new();
    for status in 300..600 {
        let mut client = client(ClientRequest::new("h", "/"), HandshakeLimits::default());
        client.input().extend_from_slice(&Rejection::new(status).body("why").encode());
        let Err(HandshakeError::Rejected(response)) = client.receive(NOW) else { panic!("{status}") };
        let body: &[u8] = if status == 304 { b"" } else { b"why" }; // which has none
        assert_eq!((response.status(), &response.body()[..]), (status, body));
        if !response.reason().is_empty() {
            names.push((status, response.reason().to_string()));
        }
    }
    for (status, name) in [(301, "Moved Permanently"), (404, "Not Found"), (426, "Upgrade Required")] {
        assert!(names.contains(&(status, name.into())));
    }
    let mut different: Vec<_> = names.iter().map(|(_, name)| name).collect();
    different.sort_unstable();
    different.dedup();
    assert_eq!(different.len(), names.len());
}

#[test]
fn a_content_type_of_the_callers_replaces_ours() {
    let rejection = Rejection::new(400).header("content-type", "application/json").unwrap().body("{}");
    let answer = rejection.encode().escape_ascii().to_string().to_lowercase();
    assert_eq!(answer.matches("content-type").count(), 1);
}
