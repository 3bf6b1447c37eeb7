//! Negotiation, from head to head, and that both ends then do as they agreed (RFC 7692 §5, §7.1).

use super::*;
use proptest::prelude::*;
use sansws_core::handshake::{
    ClientHandshake, ClientRequest, HandshakeError, HandshakeLimits, Rejection, ServerHandshake, accept_key,
};

/// The key of a client whose entropy is all sevens.
const KEY: &str = "BwcHBwcHBwcHBwcHBwcHBw==";

/// A configuration that offers, or insists on, these parameters.
fn config(params: Option<&str>) -> Config {
    let deflate = params.map(|params| Deflate {
        params: params.parse().unwrap(),
        level: 9,
        memory_level: 9,
        window_bits: 15,
        threshold: 0,
    });
    Config { deflate, ..Config::default() }
}

fn lines(values: &[&str]) -> String {
    values.iter().map(|value| format!("Sec-WebSocket-Extensions: {value}\r\n")).collect()
}

/// The value of the one `Sec-WebSocket-Extensions` in a head.
fn extensions(head: &[u8]) -> Option<String> {
    let head = core::str::from_utf8(head).unwrap();
    let mut values = head.lines().filter_map(|line| line.strip_prefix("Sec-WebSocket-Extensions: "));
    let value = values.next().map(Into::into);
    assert_eq!(values.next(), None);
    value
}

/// A server that was asked by these lines, and what it answered.
fn server(own: &Config, lines: &str) -> Result<(Connection, Option<String>), HandshakeError> {
    let mut handshake = ServerHandshake::new(HandshakeLimits::default(), NOW);
    let head = format!(
        "GET / HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n{lines}\r\n"
    );
    handshake.input().extend_from_slice(head.as_bytes());
    let mut connection = handshake.receive()?.unwrap().accept(own.clone(), NOW);
    let head = drain(&mut connection);
    assert!(head.starts_with(b"HTTP/1.1 101 "));
    Ok((connection, extensions(&head)))
}

/// What a client offered, and what became of these lines of an answer.
fn client(own: &Config, lines: &str) -> (Option<String>, Result<Connection, HandshakeError>) {
    let mut calls = 0_u8;
    let entropy = move |bytes: &mut [u8]| {
        bytes.fill(7 + calls); // the key first; then masks
        calls = calls.wrapping_add(1);
    };
    let request = ClientRequest::new("example.com", "/");
    let limits = HandshakeLimits::default();
    let mut handshake = ClientHandshake::new(request, own.clone(), limits, entropy, NOW).unwrap();
    let offer = extensions(handshake.output().chunk());
    let len = handshake.output().remaining();
    handshake.output().advance(len);
    let accept = accept_key(KEY.as_bytes());
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n{lines}\r\n"
    );
    handshake.input().extend_from_slice(head.as_bytes());
    (offer, handshake.receive(NOW).map(|opened| opened.unwrap().0))
}

/// R138–R150: what a server answers to the lines of a request, by what it insists on.
#[test]
fn a_server_answers() {
    const ON: Option<&str> = Some("");
    check(None, &["permessage-deflate"], None);
    check(None, &["permessage-deflate; server_max_window_bits=99"], None);
    check(ON, &[], None);
    check(ON, &[""], None);
    check(ON, &["permessage-deflate"], Some("permessage-deflate"));
    check(
        ON,
        &["permessage-deflate; server_no_context_takeover"],
        Some("permessage-deflate; server_no_context_takeover"),
    );
    check(
        ON,
        &["permessage-deflate; client_no_context_takeover"],
        Some("permessage-deflate; client_no_context_takeover"),
    );
    check(ON, &["permessage-deflate; server_max_window_bits=9"], Some("permessage-deflate; server_max_window_bits=9"));
    check(
        ON,
        &["permessage-deflate; server_max_window_bits=\"15\""],
        Some("permessage-deflate; server_max_window_bits=15"),
    );
    check(ON, &["permessage-deflate; client_max_window_bits"], Some("permessage-deflate"));
    check(ON, &["permessage-deflate; client_max_window_bits=8"], Some("permessage-deflate; client_max_window_bits=8"));
    check(Some("client_max_window_bits=10"), &["permessage-deflate"], Some("permessage-deflate")); // R148
    check(
        Some("client_max_window_bits=10"),
        &["permessage-deflate; client_max_window_bits"],
        Some("permessage-deflate; client_max_window_bits=10"),
    );
    check(
        Some(
            "server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits=11",
        ),
        &["permessage-deflate; client_max_window_bits=15; server_max_window_bits=12"],
        Some(
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits=11",
        ),
    );
    // Of several it takes the first that it can (R142), on several lines as on one, and beside others.
    check(
        ON,
        &["permessage-deflate; client_no_context_takeover, permessage-deflate"],
        Some("permessage-deflate; client_no_context_takeover"),
    );
    check(
        ON,
        &[
            "permessage-deflate; server_max_window_bits=8, permessage-deflate; server_max_window_bits=10, permessage-deflate",
        ],
        Some("permessage-deflate; server_max_window_bits=10"),
    );
    check(
        ON,
        &["permessage-deflate; unknown", "permessage-deflate; server_max_window_bits=11", "permessage-deflate"],
        Some("permessage-deflate; server_max_window_bits=11"),
    );
    check(
        ON,
        &["x-webkit-deflate-frame, permessage-bzip2; level=9", "foo; bar=\"baz\", permessage-deflate"],
        Some("permessage-deflate"),
    );
    check(ON, &["x-webkit-deflate-frame, Permessage-Deflate"], None);
    // R139, R140: what it cannot have meant, or we cannot do.
    for offer in [
        "unknown",
        "server_no_context_takeover=1",
        "client_no_context_takeover=true",
        "server_no_context_takeover; server_no_context_takeover",
        "client_no_context_takeover; client_no_context_takeover",
        "server_max_window_bits",
        "server_max_window_bits=7",
        "server_max_window_bits=8",
        "server_max_window_bits=16",
        "server_max_window_bits=08",
        "server_max_window_bits=010",
        "server_max_window_bits=1",
        "server_max_window_bits=150",
        "server_max_window_bits=x",
        "server_max_window_bits=-9",
        "server_max_window_bits=18446744073709551625",
        "server_max_window_bits=10; server_max_window_bits=10",
        "client_max_window_bits=7",
        "client_max_window_bits=16",
        "client_max_window_bits=09",
        "client_max_window_bits=0",
        "client_max_window_bits; client_max_window_bits",
        "client_max_window_bits=10; client_max_window_bits=11",
        "mem_level=8",
    ] {
        let offer = format!("permessage-deflate; {offer}");
        check(ON, &[&offer], None);
        check(
            ON,
            &[&offer, "foo, permessage-deflate; client_no_context_takeover"],
            Some("permessage-deflate; client_no_context_takeover"),
        );
    }

    #[track_caller]
    fn check(own: Option<&str>, offers: &[&str], expected: Option<&str>) {
        let (mut connection, answer) = server(&config(own), &lines(offers)).unwrap();
        assert_eq!(answer.as_deref(), expected);
        // What was declined is not done.
        let outcome = whole(&mut connection, &frame(Role::Server, TEXT | RSV1, b"\xf2\x48\xcd\xc9\xc9\x07\x00"));
        assert_eq!(outcome.messages.len(), usize::from(expected.is_some()));
        assert_eq!(outcome.error.is_some(), expected.is_none());
    }
}

/// What is not even a list of extensions is refused, asked for or not (R063).
#[test]
fn a_server_refuses_what_is_malformed() {
    for own in [None, Some("")] {
        for line in [
            "permessage-deflate; server_max_window_bits=\"",
            "permessage-deflate;",
            "permessage-deflate; =9",
            "permessage-deflate; client_max_window_bits=\"9 \"",
        ] {
            let error = server(&config(own), &lines(&["permessage-deflate", line])).unwrap_err();
            assert_eq!(error, HandshakeError::InvalidHeader { name: "Sec-WebSocket-Extensions" });
            assert!(Rejection::from(&error).encode().starts_with(b"HTTP/1.1 400 "));
        }
    }
}

/// What a client offers.
#[test]
fn a_client_offers() {
    check(None, None);
    check(Some(""), Some("permessage-deflate"));
    check(Some("client_max_window_bits"), Some("permessage-deflate; client_max_window_bits"));
    check(
        Some(
            "client_max_window_bits=9; server_max_window_bits=8; client_no_context_takeover; server_no_context_takeover",
        ),
        Some(
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=8; client_max_window_bits=9",
        ),
    );
    let default = Config { deflate: Some(Deflate::default()), ..Config::default() };
    assert_eq!(client(&default, "").0.as_deref(), Some("permessage-deflate; client_max_window_bits"));
    assert_eq!(client(&Config::client(), "").0, None);

    #[track_caller]
    fn check(own: Option<&str>, expected: Option<&str>) {
        assert_eq!(client(&config(own), "").0.as_deref(), expected);
    }
}

/// R138–R150: which answers a client takes, by what it offered.
#[test]
fn a_client_judges_the_answer() {
    use HandshakeError as E;
    const ON: Option<&str> = Some("client_max_window_bits");
    check(ON, &[], Ok(false));
    check(ON, &[" ,\t, "], Ok(false));
    check(ON, &["permessage-deflate"], Ok(true));
    check(ON, &["permessage-deflate; server_no_context_takeover; client_no_context_takeover"], Ok(true)); // R144, R145
    check(ON, &["permessage-deflate; server_max_window_bits=8"], Ok(true)); // R147
    check(ON, &["permessage-deflate; client_max_window_bits=\"8\""], Ok(true));
    check(Some("server_no_context_takeover"), &["permessage-deflate; server_no_context_takeover"], Ok(true));
    check(Some("server_max_window_bits=10"), &["permessage-deflate; server_max_window_bits=9"], Ok(true));
    check(Some("client_max_window_bits=10"), &["permessage-deflate; client_max_window_bits=10"], Ok(true));
    check(Some("client_max_window_bits=10; client_no_context_takeover"), &["permessage-deflate"], Ok(true));

    check(None, &["permessage-deflate"], Err(E::UnofferedExtension));
    check(ON, &["permessage-bzip2"], Err(E::UnofferedExtension));
    check(ON, &["permessage-deflate, foo"], Err(E::UnofferedExtension));
    check(ON, &["permessage-deflate", "foo"], Err(E::UnofferedExtension));
    check(ON, &["Permessage-Deflate"], Err(E::UnofferedExtension));
    check(ON, &["permessage-deflate, permessage-deflate"], Err(E::InadmissibleDeflate));
    check(ON, &["permessage-deflate", "permessage-deflate; server_max_window_bits=9"], Err(E::InadmissibleDeflate));
    check(ON, &["permessage-deflate;"], Err(E::InvalidHeader { name: "Sec-WebSocket-Extensions" }));
    check(ON, &["permessage-deflate; a=\"b"], Err(E::InvalidHeader { name: "Sec-WebSocket-Extensions" }));

    inadmissible(Some("server_no_context_takeover"), ""); // R143
    inadmissible(Some("server_max_window_bits=10"), ""); // R146
    inadmissible(Some("server_max_window_bits=10"), "server_max_window_bits=11");
    inadmissible(Some(""), "client_max_window_bits=15"); // R148
    inadmissible(Some("client_max_window_bits=10"), "client_max_window_bits=11"); // R149
    for wrong in [
        "unknown",
        "client_max_window_bits",
        "client_max_window_bits=7",
        "client_max_window_bits=16",
        "client_max_window_bits=09",
        "client_max_window_bits=10; client_max_window_bits=10",
        "server_max_window_bits",
        "server_max_window_bits=7",
        "server_max_window_bits=16",
        "server_max_window_bits=015",
        "server_max_window_bits=x",
        "server_max_window_bits=1000000000000000000000",
        "server_max_window_bits=10; server_max_window_bits=10",
        "server_no_context_takeover=0",
        "client_no_context_takeover=15",
        "server_no_context_takeover; server_no_context_takeover",
        "client_no_context_takeover; client_no_context_takeover",
    ] {
        inadmissible(ON, wrong); // R139, R141
    }

    #[track_caller]
    fn inadmissible(own: Option<&str>, answer: &str) {
        let separator = if answer.is_empty() { "" } else { "; " };
        check(own, &[&format!("permessage-deflate{separator}{answer}")], Err(E::InadmissibleDeflate));
    }
    /// With whether compressed messages are then understood.
    #[track_caller]
    fn check(own: Option<&str>, answer: &[&str], expected: Result<bool, HandshakeError>) {
        let opened = client(&config(own), &lines(answer)).1.map(|mut connection| {
            let bytes = frame(Role::Client, TEXT | RSV1, b"\xf2\x48\xcd\xc9\xc9\x07\x00");
            whole(&mut connection, &bytes).messages.len() == 1
        });
        assert_eq!(opened, expected);
    }
}

/// What comes right behind either head may be compressed already.
#[test]
fn messages_come_with_the_head() {
    let hello = |to| frame(to, TEXT | RSV1, b"\xf2\x48\xcd\xc9\xc9\x07\x00");
    let mut handshake = ServerHandshake::new(HandshakeLimits::default(), NOW);
    let head = format!(
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {KEY}\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
    );
    handshake.input().extend_from_slice(&[head.as_bytes(), &hello(Role::Server)].concat());
    let mut connection = handshake.receive().unwrap().unwrap().accept(config(Some("")), NOW);
    assert_eq!(connection.receive(NOW), Ok(Some(Event::Message("Hello".into()))));
    connection.send("Hello").unwrap(); // behind the answer, and compressed
    assert!(drain(&mut connection).ends_with(b"\r\n\r\n\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00"));
}

/// Two ends, and how often each refers how far back: sends what repeats at all distances, and repeats itself.
struct Use {
    distance: usize,
    compresses: bool,
    takes_over: bool,
}

/// What `sender` does, and that `receiver` understands it.
#[track_caller]
fn watch(role: Role, sender: &mut Connection, receiver: &mut Connection) -> Use {
    let mut judge = Judge::of(role, &BOTH);
    let mut said = Vec::new();
    for bits in (8..=15_u32).rev() {
        let noise: Vec<u8> = (0..(1_u32 << bits) - 300_u32.min(1 << (bits - 1)))
            .scan(bits, |state, _| {
                *state = state.wrapping_mul(0x9e37_79b1).wrapping_add(0x7f4a_7c15);
                Some(state.to_be_bytes()[0])
            })
            .collect();
        said.push(Message::from([&noise[..], &noise[..100]].concat()));
    }
    said.extend(["again and once more".into(), Message::from("again and once more")]);
    for message in &said {
        sender.send(message.clone()).unwrap();
        let written = drain(sender);
        judge.read(&written);
        assert_eq!(whole(receiver, &written).messages, core::slice::from_ref(message));
    }
    let compresses = judge.messages.iter().any(|message| message.compressed);
    let [.., before, last] = &*judge.messages else { panic!("many messages") };
    Use { distance: judge.distance, compresses, takes_over: compresses && last.payload.len() < before.payload.len() }
}

/// The two ends of a connection, and what the server answered.
fn open(client_config: &Config, server_config: &Config) -> (Connection, Connection, Option<String>) {
    let offer = client(client_config, "").0;
    let offers: Vec<&str> = offer.as_deref().into_iter().collect();
    let (server, answer) = server(server_config, &lines(&offers)).unwrap();
    let answers: Vec<&str> = answer.as_deref().into_iter().collect();
    let client = client(client_config, &lines(&answers)).1.unwrap();
    (client, server, answer)
}

/// R143–R150, R157, R159: each end keeps to what was agreed, and to what it said of itself.
#[test]
fn both_ends_do_as_they_said() {
    // The client, the server: the windows of both in bits, with whether they take over.
    check("", "", (15, true), (15, true));
    check("server_no_context_takeover", "", (15, true), (15, false));
    check("", "server_no_context_takeover", (15, true), (15, false));
    check("", "client_no_context_takeover", (15, false), (15, true));
    check("client_no_context_takeover", "", (15, false), (15, true));
    check("server_max_window_bits=9", "", (15, true), (9, true));
    check("server_max_window_bits=12", "server_max_window_bits=10", (15, true), (10, true));
    check("", "server_max_window_bits=10", (15, true), (10, true)); // without saying so
    check("client_max_window_bits", "client_max_window_bits=9", (9, true), (15, true));
    check("client_max_window_bits=12", "client_max_window_bits=10", (10, true), (15, true));
    check("client_max_window_bits=10", "client_max_window_bits=12", (10, true), (15, true));
    check("client_max_window_bits=8", "", (0, false), (15, true)); // of which our compressor makes none

    #[track_caller]
    fn check(offer: &str, insists: &str, client: (u8, bool), server: (u8, bool)) {
        let (mut one, mut other, answer) = open(&config(Some(offer)), &config(Some(insists)));
        assert!(answer.is_some());
        compare(client, &watch(Role::Client, &mut one, &mut other));
        compare(server, &watch(Role::Server, &mut other, &mut one));
    }
    #[track_caller]
    fn compare((bits, takes_over): (u8, bool), found: &Use) {
        assert_eq!((found.compresses, found.takes_over), (bits > 0, takes_over));
        let window = if bits > 0 { 1 << bits } else { 0 };
        assert!(found.distance <= window && found.distance >= window / 4, "{} of {window}", found.distance);
    }
}

/// §7.1.1.2, §7.1.2.2: a client that offered to do with less does so even if the server, another one than ours, does
/// not repeat it: it may have made its inflater to suit.
#[test]
fn a_client_keeps_to_its_offer() {
    check("client_no_context_takeover", "permessage-deflate", 15, false);
    check("client_max_window_bits=10", "permessage-deflate", 10, true);
    check("client_max_window_bits=10", "permessage-deflate; client_max_window_bits=9", 9, true);
    check("client_max_window_bits", "permessage-deflate", 15, true);

    #[track_caller]
    fn check(offer: &str, answer: &str, bits: u8, takes_over: bool) {
        let mut client = client(&config(Some(offer)), &lines(&[answer])).1.unwrap();
        let mut server = connection(Role::Server, &eager(), &BOTH);
        let found = watch(Role::Client, &mut client, &mut server);
        assert_eq!(found.takes_over, takes_over);
        assert!(found.distance <= 1 << bits && found.distance >= 1 << (bits - 2));
    }
}

fn params() -> impl Strategy<Value = Params> {
    let bits = || prop::option::of(8..=15_u8);
    (any::<bool>(), any::<bool>(), bits(), prop::option::of(bits())).prop_map(
        |(server, client, server_bits, client_bits)| Params {
            server_no_context_takeover: server,
            client_no_context_takeover: client,
            server_max_window_bits: server_bits,
            client_max_window_bits: client_bits,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever our client offers and our server insists on, they come to terms, or do without.
    #[test]
    fn our_ends_agree(offer in params(), insists in params(), messages in prop::collection::vec("[a-d]{0,200}", 1..6)) {
        let config = |params| Config { deflate: Some(Deflate { params, threshold: 0, ..Deflate::default() }), ..Config::default() };
        let (mut client, mut server, answer) = open(&config(offer), &config(insists));
        prop_assert_eq!(answer.is_none(), offer.server_max_window_bits == Some(8)); // which nobody makes
        for message in messages {
            client.send(&*message).unwrap();
            prop_assert_eq!(whole(&mut server, &drain(&mut client)).messages, [Message::from(&*message)]);
            server.send(&*message).unwrap();
            prop_assert_eq!(whole(&mut client, &drain(&mut server)).messages, [Message::from(&*message)]);
        }
    }
}
