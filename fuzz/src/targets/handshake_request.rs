//! The server's part of the opening handshake.

use crate::head::{Head, token};
use crate::memory::Meter;
use crate::outcome::{Cuts, drain};
use crate::setup::Setup;
use crate::tape::{Recorded, Tape, trace};
use crate::targets::extension_offer;
use sansws_core::Instant;
use sansws_core::deflate::Params;
use sansws_core::handshake::{
    HandshakeError, HandshakeLimits, InvalidHead, Offer, Rejection, Request, ServerHandshake,
};

/// What a handshake holds beside the head, in bytes: a table of up to a hundred fields, mostly.
const FIXED: usize = 16 << 10;

/// A buffer grows by doubling, while it moves, and the head is copied out of it.
const GROWTH: usize = 4;

/// Any cut of any head gives the same; a request is accepted only if it is one, and a plain one is; an answer is
/// legal and says what it should, whatever our caller puts into it; what is behind the head is left.
pub fn handshake_request(data: &[u8]) {
    let mut tape = Tape::new(data);
    let flags = tape.byte();
    let limits = if flags & 1 == 0 {
        HandshakeLimits::default()
    } else {
        HandshakeLimits { head: 400, line: 120, headers: 8, ..HandshakeLimits::default() }
    };
    let setup = Setup([0, flags >> 1 & 7, tape.byte()]);
    let cuts = Cuts::read(&mut tape);
    let own = Own::read(&mut tape);
    let request = tape.rest();
    trace(&(&limits, setup, &own, String::from_utf8_lossy(request)));

    let whole = handshake(&limits, [request]);
    let single = handshake(&limits, request.chunks(1));
    let cut = handshake(&limits, cuts.of(request));
    for other in [&single, &cut] {
        match (&whole, other) {
            (Ok(None), Ok(None)) => {}
            (Ok(Some(whole)), Ok(Some(other))) => {
                assert_eq!(whole.request(), other.request());
                assert_eq!(whole.extensions(), other.extensions());
            }
            (Err(whole), Err(other)) => assert_eq!(whole, other),
            (whole, other) => panic!("{whole:?}, but cut {other:?}"),
        }
    }
    let head = Head::read(request);
    let is_request = head.as_ref().is_some_and(is_request);
    match whole {
        Ok(Some(offer)) => {
            let head = head.filter(|_| is_request).expect("what is no request was accepted");
            assert!(head.len <= limits.head && head.fields.len() <= limits.headers);
            assert!(request[..head.len].split(|byte| *byte == b'\n').all(|line| line.len() <= limits.line + 1));
            answer(offer, &head, setup, &own, request);
        }
        Ok(None) => assert!(head.is_none(), "waits for more of a head that is there"),
        Err(error) => {
            assert!(!is_request || !is_plain(head.as_ref(), &limits), "a plain request was refused: {error}");
            refusal(&Rejection::from(&error), &own);
        }
    }
}

/// What our caller wants in the answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Own {
    pub(crate) name: Vec<u8>,
    pub(crate) value: Vec<u8>,
}

impl Recorded for Own {
    fn read(tape: &mut Tape<'_>) -> Self {
        let (name, value) = (tape.byte() % 32, tape.byte() % 32);
        Self { name: tape.bytes(name.into()).into(), value: tape.bytes(value.into()).into() }
    }

    #[cfg(test)]
    fn write(&self, tape: &mut Vec<u8>) {
        tape.extend([&self.name, &self.value].map(|part| u8::try_from(part.len()).expect("short")));
        tape.extend([&self.name[..], &self.value].concat());
    }
}

impl Own {
    pub(crate) fn name(&self) -> String {
        String::from_utf8_lossy(&self.name).into_owned()
    }

    /// Whether it may stand in a head as it is, and only there.
    pub(crate) fn is_legal(&self) -> bool {
        let reserved = ["host", "upgrade", "connection", "content-length", "transfer-encoding"];
        let reserved_too = ["key", "accept", "version", "protocol", "extensions"];
        let name = self.name().to_ascii_lowercase();
        let is_ours = reserved.contains(&&*name)
            || name.strip_prefix("sec-websocket-").is_some_and(|rest| reserved_too.contains(&rest));
        let is_text = |byte: &u8| *byte >= 0x20 && *byte != 0x7f || *byte == b'\t';
        token(name.as_bytes()).is_some() && !is_ours && self.value.iter().all(is_text)
    }

    /// That it was refused or accepted as it should be.
    pub(crate) fn judge<T>(&self, result: Result<T, InvalidHead>) -> Option<T> {
        assert_eq!(result.is_ok(), self.is_legal(), "{self:?}");
        result.ok()
    }
}

fn handshake<'a>(
    limits: &HandshakeLimits,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Option<Offer>, HandshakeError> {
    let (mut meter, mut fed) = (Meter::default(), 0);
    let mut handshake = meter.run(|| ServerHandshake::new(limits.clone(), Instant::ORIGIN));
    assert_eq!(handshake.poll_timeout(), Instant::ORIGIN + limits.timeout);
    assert!(handshake.handle_timeout(Instant::ORIGIN).is_ok());
    assert!(handshake.handle_timeout(handshake.poll_timeout()).is_err());
    let mut result = Ok(None);
    for piece in pieces {
        fed += piece.len();
        meter.run(|| handshake.input().extend_from_slice(piece));
        result = meter.run(|| handshake.receive());
        if !matches!(result, Ok(None)) {
            break;
        }
    }
    if !matches!(result, Ok(None)) {
        assert!(matches!(handshake.receive(), Ok(None)), "an answer twice");
    }
    let bound = FIXED + GROWTH * fed;
    assert!(meter.peak() <= i64::try_from(bound).unwrap_or(i64::MAX), "{} bytes held", meter.peak());
    if matches!(result, Ok(None)) {
        assert!(fed < limits.head, "waits for more than {} bytes", limits.head);
    }
    result
}

/// RFC 6455 §4.2.1, and RFC 9112 where it matters.
fn is_request(head: &Head<'_>) -> bool {
    let [method, target, version] = head.start[..] else { return false };
    let one = |name| match head.all(name)[..] {
        [value] => Some(value),
        _ => None,
    };
    let scheme =
        |scheme: &str| target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme.as_bytes()));
    let lengths = head.all("content-length");
    method == b"GET"
        && version == b"HTTP/1.1"
        && (target.starts_with(b"/") || scheme("http://") || scheme("https://"))
        && !target.contains(&b'#')
        && one("host").is_some()
        && lengths.iter().all(|length| *length == b"0")
        && lengths.len() <= 1
        && head.all("transfer-encoding").is_empty()
        && head.has_word("upgrade", "websocket")
        && head.has_word("connection", "upgrade")
        && one("sec-websocket-version") == Some(b"13")
        && one("sec-websocket-key").is_some_and(is_key)
        && head.words("sec-websocket-protocol").iter().all(|protocol| token(protocol).is_some())
        && extension_offer::dull(&head.all("sec-websocket-extensions")).is_some()
        && head.all("origin").len() <= 1
        && head.all("origin").iter().all(|origin| origin.is_ascii())
}

/// Base64 of sixteen bytes.
fn is_key(key: &[u8]) -> bool {
    let digits = key.strip_suffix(b"==").unwrap_or_default();
    digits.len() == 22 && digits.iter().all(|digit| digit.is_ascii_alphanumeric() || b"+/".contains(digit))
}

/// Whether nobody could find fault with this request.
fn is_plain(head: Option<&Head<'_>>, limits: &HandshakeLimits) -> bool {
    let Some(head) = head else { return false };
    let is_path = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._~?&=-".contains(byte);
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b".-".contains(byte);
    let name = |host: &[u8]| !host.is_empty() && host.iter().all(is_name);
    head.len < limits.line
        && head.len < limits.head
        && head.fields.len() <= limits.headers
        && head.start[1].iter().all(is_path)
        && head.all("host").iter().all(|host| name(host))
}

/// The answer to a request, which opens the connection.
fn answer(mut offer: Offer, head: &Head<'_>, setup: Setup, own: &Own, request: &[u8]) {
    let protocols: Vec<String> = offer.protocols().map(Into::into).collect();
    let offered: Vec<&[u8]> = head.words("sec-websocket-protocol");
    assert!(protocols.iter().map(String::as_bytes).eq(offered.iter().copied()), "{protocols:?}");
    let chosen = protocols.last();
    if let Some(protocol) = chosen {
        assert_eq!(offer.select_protocol(protocol), Ok(()));
    }
    let wanted = own.name();
    let is_offered = protocols.contains(&wanted);
    let added = own.judge(offer.add_header(&wanted, &own.value)).is_some();
    asked(offer.request(), head);
    let offers: Vec<Params> = offer
        .extensions()
        .iter()
        .filter(|extension| extension.name == "permessage-deflate")
        .filter_map(|extension| Params::from_extension(extension).ok())
        .collect();
    assert_eq!(offer.select_protocol(&wanted).is_ok(), is_offered);
    let chosen = if is_offered { Some(&wanted) } else { chosen };

    let mut connection = offer.accept(setup.config(), Instant::ORIGIN);
    assert_eq!(connection.input().len(), request.len() - head.len, "what is behind the head");
    let written = drain(&mut connection);
    let answer = Head::read(&written).expect("an illegal answer");
    assert_eq!(answer.len, written.len(), "more than an answer");
    assert_eq!(answer.start, [&b"HTTP/1.1"[..], b"101", b"Switching Protocols"]);
    let key = head.all("sec-websocket-key")[0];
    let accept = tungstenite::handshake::derive_accept_key(key);
    let mut expected =
        vec![("Upgrade", &b"websocket"[..]), ("Connection", b"Upgrade"), ("Sec-WebSocket-Accept", accept.as_bytes())];
    expected.extend(chosen.map(|protocol| ("Sec-WebSocket-Protocol", protocol.as_bytes())));
    let agreed = answer.all("Sec-WebSocket-Extensions");
    expected.extend(agreed.iter().map(|value| ("Sec-WebSocket-Extensions", *value)));
    if added {
        expected.push((&wanted, own.value.trim_ascii()));
    }
    assert_eq!(answer.fields, expected);
    assert!(agreed.len() <= 1 && (setup.answer().is_some() || agreed.is_empty()));
    for value in agreed {
        let parameters = value.strip_prefix(b"permessage-deflate").expect("another extension");
        let parameters = String::from_utf8_lossy(parameters.strip_prefix(b";").unwrap_or(parameters));
        let agreed: Params = parameters.parse().expect("parameters that do not exist");
        assert!(offers.iter().any(|offer| extension_offer::admits(offer, &agreed)), "{agreed} was not offered");
    }
}

/// What is said of a request is in it.
fn asked(request: &Request, head: &Head<'_>) {
    let target = request.target();
    assert_eq!(target.as_bytes(), head.start[1]);
    let resource = request.query().map_or(request.path().into(), |query| format!("{}?{query}", request.path()));
    assert!(request.path().starts_with('/') && !request.path().contains('?'));
    if target.starts_with('/') {
        assert_eq!(resource, target);
        assert_eq!(request.host().as_bytes(), head.all("host")[0]);
    } else {
        assert!(target.ends_with(resource.trim_start_matches('/')) && target.contains(request.host()));
    }
    assert_eq!(request.origin(), head.all("origin").first().and_then(|origin| str::from_utf8(origin).ok()));
}

/// The answer to what is no request.
fn refusal(rejection: &Rejection, own: &Own) {
    check(rejection, None);
    if let Some(rejection) = own.judge(Rejection::new(rejection.status()).header(&own.name(), &own.value)) {
        check(&rejection.body(own.name()), Some(own));
    }

    fn check(rejection: &Rejection, own: Option<&Own>) {
        let written = rejection.encode();
        let head = Head::read(&written).expect("an illegal answer");
        assert_eq!(head.start[..2], [&b"HTTP/1.1"[..], rejection.status().to_string().as_bytes()]);
        assert!((400..600).contains(&rejection.status()));
        assert!(head.has_word("Connection", "close"));
        let len = (written.len() - head.len).to_string();
        assert_eq!(head.all("Content-Length"), [len.as_bytes()]);
        assert!(head.all("Upgrade").is_empty() || head.has_word("Connection", "Upgrade"));
        if let Some(own) = own {
            assert!(head.fields.contains(&(&own.name(), own.value.trim_ascii())));
        }
    }
}
