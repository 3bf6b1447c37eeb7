//! The opening handshake, when all goes well.

use crate::peer::{Peer, answer, frame, header, listen, request, together};
use crate::stage::url;
use crate::subject::{ClientOptions, ServerOptions, Subject};
use sansws_core::Config;
use sansws_core::deflate::Deflate;
use sansws_core::frame::{Opcode, Role};
use sansws_core::handshake::Rejection;

/// The client's order counts; without one in common there is none.
pub(crate) fn the_first_protocol_that_both_know(subject: &dyn Subject) {
    check(subject, &["a", "b"], &["x", "b", "a"], Some("b"));
    check(subject, &["a"], &["x"], None);
    check(subject, &[], &["x"], None);
    check(subject, &["a"], &[], None);

    #[track_caller]
    fn check(subject: &dyn Subject, ours: &[&str], theirs: &[&str], expected: Option<&str>) {
        let strings = |names: &[&str]| names.iter().map(|name| String::from(*name)).collect();
        let mut listener = subject.listen(ServerOptions { protocols: strings(ours), ..ServerOptions::default() });
        let url = url(listener.address());
        let options = ClientOptions { protocols: strings(theirs), ..ClientOptions::default() };
        std::thread::scope(|scope| {
            let client = scope.spawn(move || subject.connect(&url, options));
            let server = listener.accept().unwrap();
            let (client, response) = client.join().unwrap().unwrap();
            assert_eq!((client.protocol(), response.protocol()), (expected, expected), "{ours:?}, {theirs:?}");
            assert_eq!(server.protocol(), expected, "{ours:?}, {theirs:?}");
        });
    }
}

pub(crate) fn what_is_asked_and_answered_arrives(subject: &dyn Subject) {
    let decide = |offer: &mut sansws_core::handshake::Offer| {
        let request = offer.request();
        let asked = (request.target(), request.headers().get("Cookie"), request.headers().get("X-Twice"));
        let expected = ("/a/b?c=d", Some("e=f"), Some("1"));
        assert_eq!(asked, expected);
        assert!(request.headers().get_all("X-Twice").eq([b"1", b"2"]));
        offer.add_header("Set-Cookie", "g=h").map_err(|_| Rejection::new(500))
    };
    let mut listener = subject.listen(ServerOptions { decide, ..ServerOptions::default() });
    let url = format!("{}a/b?c=d", url(listener.address()));
    let headers = [("Cookie", "e=f"), ("X-Twice", "1"), ("X-Twice", "2")];
    let headers = headers.map(|(name, value)| (name.into(), value.into())).into();
    let options = ClientOptions { headers, ..ClientOptions::default() };
    std::thread::scope(|scope| {
        let client = scope.spawn(move || subject.connect(&url, options));
        listener.accept().unwrap();
        let (_, response) = client.join().unwrap().unwrap();
        assert_eq!((response.status(), response.headers().get("Set-Cookie")), (101, Some("g=h")));
    });
}

/// A client offers compression only if so configured; a server answers only if it was offered as well.
pub(crate) fn extensions_only_if_offered(subject: &dyn Subject) {
    for configured in [None, Some(Deflate::default())] {
        let config = Config { deflate: configured.clone(), ..Config::default() };
        let (listener, url) = listen();
        let options = ClientOptions { config: config.clone(), ..ClientOptions::default() };
        let (_, request_head) = together(
            || subject.connect(&url, options),
            || {
                let mut peer = Peer::server(&listener);
                let request = peer.head();
                peer.write(answer(&request, ""));
                request
            },
        );
        assert_eq!(header(&request_head, "Sec-WebSocket-Extensions").is_some(), configured.is_some());
        for offered in ["", "Sec-WebSocket-Extensions: permessage-deflate\r\n", "Sec-WebSocket-Extensions: foo\r\n"] {
            let mut listener = subject.listen(ServerOptions { config: config.clone(), ..ServerOptions::default() });
            let mut peer = Peer::client(listener.address());
            peer.write(request(offered));
            let _ws = listener.accept().unwrap();
            let agreed = header(&peer.head(), "Sec-WebSocket-Extensions").map(String::from);
            let expected = (configured.is_some() && offered.contains("deflate")).then(|| "permessage-deflate".into());
            assert_eq!(agreed, expected, "{offered:?}");
        }
    }
}

/// In one packet, perhaps.
pub(crate) fn frames_may_come_with_the_head(subject: &dyn Subject) {
    let early = |from| [frame(from, Opcode::Text, true, b"early"), frame(from, Opcode::Close, true, b"")].concat();

    let mut listener = subject.listen(ServerOptions::default());
    let mut peer = Peer::client(listener.address());
    peer.write([request(""), early(Role::Client)].concat());
    peer.end();
    let mut ws = listener.accept().unwrap();
    assert_eq!(ws.next().unwrap().unwrap(), "early".into());
    assert!(ws.next().is_none() && ws.is_clean());

    let (listener, url) = listen();
    let (opened, _peer) = together(
        || subject.connect(&url, ClientOptions::default()),
        || {
            let mut peer = Peer::server(&listener);
            let request = peer.head();
            peer.write([answer(&request, ""), early(Role::Server)].concat());
            peer.end();
            peer
        },
    );
    let mut ws = opened.unwrap().0;
    assert_eq!(ws.next().unwrap().unwrap(), "early".into());
    assert!(ws.next().is_none() && ws.is_clean());
}

pub(crate) fn a_head_may_come_byte_by_byte(subject: &dyn Subject) {
    let mut listener = subject.listen(ServerOptions::default());
    let mut peer = Peer::client(listener.address());
    let (accepted, ()) = together(|| listener.accept(), || request("").chunks(1).for_each(|byte| peer.write(byte)));
    assert!(accepted.unwrap().is_open());

    let (listener, url) = listen();
    let (opened, _peer) = together(
        || subject.connect(&url, ClientOptions::default()),
        || {
            let mut peer = Peer::server(&listener);
            let request = peer.head();
            answer(&request, "").chunks(1).for_each(|byte| peer.write(byte));
            peer
        },
    );
    assert!(opened.unwrap().0.is_open());
}

pub(crate) fn names_are_resolved(subject: &dyn Subject) {
    let (listener, url) = listen();
    let (opened, _peer) = together(
        || subject.connect(&url.replace("127.0.0.1", "localhost"), ClientOptions::default()),
        || {
            let mut peer = Peer::server(&listener);
            let request = peer.head();
            assert_eq!(
                header(&request, "Host"),
                Some(&*format!("localhost:{}", listener.local_addr().unwrap().port()))
            );
            peer.write(answer(&request, ""));
            peer
        },
    );
    assert!(opened.unwrap().0.is_open());
}
