//! The client's part of the opening handshake.

use crate::head::{Head, token};
use crate::memory::Meter;
use crate::outcome::Cuts;
use crate::tape::{Recorded, Tape, trace};
use crate::targets::extension_offer;
use crate::targets::handshake_request::Own;
use bytes::Buf;
use sansws_core::deflate::{Deflate, Params};
use sansws_core::handshake::{ClientHandshake, ClientRequest, HandshakeError, HandshakeLimits, Response};
use sansws_core::{Config, Connection, Instant};

/// What a handshake holds beside heads and a body, in bytes: a table of up to a hundred fields, mostly.
const FIXED: usize = 16 << 10;

/// A buffer grows by doubling, while it moves, and the head is copied out of it.
const GROWTH: usize = 4;

/// The key, with sixteen random bytes that are seven, and the answer to it.
pub(crate) const KEY: &[u8] = b"BwcHBwcHBwcHBwcHBwcHBw==";

/// Any cut of any answer gives the same; a connection is opened only by an answer that opens it, and by a plain one it
/// is; a refusal is told with its status and no more body than wanted; what is behind the head is left. What is asked
/// is what our caller wants to ask, or nothing.
pub fn handshake_response(data: &[u8]) {
    let mut tape = Tape::new(data);
    let asked = Asked::read(&mut tape);
    let cuts = Cuts::read(&mut tape);
    let answer = tape.rest();
    trace(&(&asked, String::from_utf8_lossy(answer)));
    let Some(key) = asked.request() else { return };

    let whole = asked.handshake([answer]);
    let single = asked.handshake(answer.chunks(1));
    let cut = asked.handshake(cuts.of(answer));
    for other in [&single, &cut] {
        match (&whole, other) {
            (Ending::Waits, Ending::Waits) => {}
            (Ending::Open(_, whole), Ending::Open(_, other)) => assert_eq!(whole, other),
            (Ending::Failed(whole), Ending::Failed(other)) => assert_eq!(whole, other),
            (whole, other) => panic!("{whole:?}, but cut {other:?}"),
        }
    }
    let (head, before) = last_head(answer);
    let accept = tungstenite::handshake::derive_accept_key(&key);
    let opens = head.as_ref().is_some_and(|head| asked.is_opened(head, accept.as_bytes()));
    match whole {
        Ending::Open(mut connection, response) => {
            let head = head.filter(|_| opens).expect("what opens no connection opened one");
            assert_eq!(connection.input().len(), answer.len() - before - head.len, "what is behind the head");
            assert!(connection.is_open() && !connection.wants_write());
            assert_eq!(response.status(), 101);
            assert_eq!(response.protocol().map(str::as_bytes), head.all("sec-websocket-protocol").first().copied());
        }
        Ending::Failed(HandshakeError::Rejected(response)) => {
            assert!(!opens && response.status() != 101 && response.body().len() <= asked.limits().body);
            if let Some(head) = head {
                assert_eq!(response.reason(), str::from_utf8(head.start[2]).unwrap_or_default());
                assert_eq!(head.start[1], format!("{:03}", response.status()).as_bytes());
                assert!(answer[before + head.len..].starts_with(response.body()), "another body");
            }
        }
        Ending::Failed(error) => {
            assert!(!opens || !asked.is_plain(answer), "a plain answer was refused: {error}");
        }
        Ending::Waits => assert!(!opens, "waits for more of a head that is there"),
    }
}

/// What our caller asks, and how.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Whether limits are small, subprotocols are offered, compression is, and with which parameters.
    pub(crate) flags: u8,
    pub(crate) host: Vec<u8>,
    pub(crate) target: Vec<u8>,
    pub(crate) own: Option<Own>,
}

impl Recorded for Asked {
    fn read(tape: &mut Tape<'_>) -> Self {
        let flags = tape.byte();
        let (host, target) = (tape.byte() % 32, tape.byte() % 32);
        let (host, target) = (tape.bytes(host.into()).into(), tape.bytes(target.into()).into());
        Self { flags, host, target, own: (flags & 0x80 != 0).then(|| Own::read(tape)) }
    }

    #[cfg(test)]
    fn write(&self, tape: &mut Vec<u8>) {
        tape.push(self.flags);
        tape.extend([&self.host, &self.target].map(|part| u8::try_from(part.len()).expect("short")));
        tape.extend([&self.host[..], &self.target].concat());
        if let Some(own) = &self.own {
            own.write(tape);
        }
    }
}

/// How a handshake ended.
#[derive(Debug)]
enum Ending {
    Waits,
    Open(Box<Connection>, Response),
    Failed(HandshakeError),
}

impl Asked {
    fn limits(&self) -> HandshakeLimits {
        if self.flags & 1 == 0 {
            HandshakeLimits::default()
        } else {
            HandshakeLimits { head: 400, line: 120, headers: 8, body: 20, ..HandshakeLimits::default() }
        }
    }

    fn protocols(&self) -> &[&str] {
        if self.flags & 2 == 0 { &[] } else { &["chat", "superchat"] }
    }

    fn offer(&self) -> Option<Params> {
        let flag = |at: u8| self.flags >> at & 1 != 0;
        flag(2).then(|| Params {
            server_no_context_takeover: flag(3),
            client_no_context_takeover: flag(4),
            server_max_window_bits: flag(5).then_some(10),
            client_max_window_bits: flag(6).then_some(None),
        })
    }

    fn begin(&self) -> Result<ClientHandshake, sansws_core::handshake::InvalidHead> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut request = ClientRequest::new(text(&self.host), text(&self.target));
        for protocol in self.protocols() {
            request = request.protocol(*protocol);
        }
        if let Some(own) = &self.own {
            request = request.header(own.name(), &own.value).protocol(own.name());
        }
        let deflate = self.offer().map(|params| Deflate { params, ..Deflate::default() });
        let config = Config { deflate, ..Config::client() };
        let entropy = |bytes: &mut [u8]| bytes.fill(7);
        ClientHandshake::new(request, config, self.limits(), entropy, Instant::ORIGIN)
    }

    /// What is written is one head, and says what was asked. Returns its key; `None` if it was not to be asked.
    fn request(&self) -> Option<Vec<u8>> {
        let host = String::from_utf8_lossy(&self.host);
        let target = String::from_utf8_lossy(&self.target);
        let mut begun = match self.begin() {
            Ok(begun) => begun,
            Err(error) => {
                let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
                let plain = !host.is_empty() && host.bytes().all(is_name) && target.starts_with('/');
                let plain = plain && target.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'/');
                let unlike = |own: &Own| own.is_legal() && !self.protocols().contains(&&*own.name());
                assert!(!plain || !self.own.as_ref().is_none_or(unlike), "a plain request was refused: {error}");
                return None;
            }
        };
        let output = begun.output();
        let written = output.chunk();
        let head = Head::read(written).expect("an illegal request");
        assert_eq!(head.len, written.len(), "more than a request");
        assert_eq!(head.start, [&b"GET"[..], target.as_bytes(), b"HTTP/1.1"]);
        let own = self.own.as_ref().map(Own::name);
        let protocols = [self.protocols(), own.as_deref().as_slice()].concat().join(", ");
        let extensions = head.all("Sec-WebSocket-Extensions");
        assert_eq!(extensions.len(), usize::from(self.offer().is_some()));
        let mut expected = vec![
            ("Host", host.as_bytes()),
            ("Upgrade", b"websocket"),
            ("Connection", b"Upgrade"),
            ("Sec-WebSocket-Key", KEY),
            ("Sec-WebSocket-Version", b"13"),
        ];
        if !protocols.is_empty() {
            expected.push(("Sec-WebSocket-Protocol", protocols.as_bytes()));
        }
        expected.extend(extensions.iter().map(|value| ("Sec-WebSocket-Extensions", *value)));
        if let (Some(name), Some(own)) = (&own, &self.own) {
            assert!(own.is_legal());
            expected.push((name, own.value.trim_ascii()));
        }
        assert_eq!(head.fields, expected);
        Some(KEY.into())
    }

    fn handshake<'a>(&self, pieces: impl IntoIterator<Item = &'a [u8]>) -> Ending {
        let (mut meter, mut fed) = (Meter::default(), 0);
        let mut handshake = meter.run(|| self.begin().expect("it was begun before"));
        let written = handshake.output().chunk().len();
        handshake.output().advance(written);
        assert_eq!(handshake.poll_timeout(), Instant::ORIGIN + self.limits().timeout);
        assert!(handshake.handle_timeout(Instant::ORIGIN).is_ok());
        assert!(handshake.handle_timeout(handshake.poll_timeout()).is_err());
        let mut ending = Ending::Waits;
        for piece in pieces {
            if let Ending::Open(connection, _) = &mut ending {
                connection.input().extend_from_slice(piece);
                continue;
            }
            fed += piece.len();
            meter.run(|| handshake.input().extend_from_slice(piece));
            ending = match meter.run(|| handshake.receive(Instant::ORIGIN)) {
                Ok(None) => Ending::Waits,
                Ok(Some((connection, response))) => Ending::Open(Box::new(connection), response),
                Err(error) => Ending::Failed(error),
            };
            if matches!(ending, Ending::Failed(_)) {
                break;
            }
        }
        if matches!(ending, Ending::Waits) {
            let limits = self.limits();
            assert!(fed < limits.head + limits.body, "waits for more than {fed} bytes");
            ending = match handshake.receive_eof() {
                HandshakeError::UnexpectedEof => Ending::Waits,
                error => Ending::Failed(error),
            };
        }
        assert!(matches!(handshake.receive(Instant::ORIGIN), Ok(None)), "an end twice");
        let bound = FIXED + GROWTH * (fed + written);
        assert!(meter.peak() <= i64::try_from(bound).unwrap_or(i64::MAX), "{} bytes held", meter.peak());
        ending
    }

    /// RFC 6455 §4.1, and RFC 9112 where it matters.
    fn is_opened(&self, head: &Head<'_>, accept: &[u8]) -> bool {
        let one = |name| match head.all(name)[..] {
            [value] => Some(value),
            _ => None,
        };
        let own = self.own.as_ref().map(Own::name);
        let protocols = [self.protocols(), own.as_deref().as_slice()].concat();
        head.start[..2] == [&b"HTTP/1.1"[..], b"101"]
            && one("upgrade").is_some_and(|value| value.eq_ignore_ascii_case(b"websocket"))
            && head.has_word("connection", "upgrade")
            && one("sec-websocket-accept") == Some(accept)
            && match head.all("sec-websocket-protocol")[..] {
                [] => true,
                [value] => token(value).is_some_and(|value| protocols.contains(&value)),
                _ => false,
            }
            && self.agrees(head)
    }

    fn agrees(&self, head: &Head<'_>) -> bool {
        match extension_offer::dull(&head.all("sec-websocket-extensions")).as_deref() {
            Some([]) => true,
            Some([one]) if one.name == "permessage-deflate" => {
                let agreed = Params::from_extension(one).ok().zip(self.offer());
                agreed.is_some_and(|(answer, offer)| extension_offer::admits(&offer, &answer))
            }
            Some(_) | None => false,
        }
    }

    /// Whether nobody could find fault with an answer that opens the connection.
    fn is_plain(&self, answer: &[u8]) -> bool {
        let limits = self.limits();
        answer.starts_with(b"HTTP/1.1 101 ")
            && answer.len() < limits.line.min(limits.head)
            && Head::read(answer).is_some_and(|head| head.fields.len() <= limits.headers && head.start[2].is_ascii())
    }
}

/// The last of these heads, behind those of interim answers; and how long these are.
fn last_head(mut answer: &[u8]) -> (Option<Head<'_>>, usize) {
    let mut before = 0;
    loop {
        let head = Head::read(answer);
        match &head {
            Some(Head { start, len, .. }) if matches!(start[1], [b'1', _, _]) && start[1] != b"101" => {
                before += len;
                answer = &answer[*len..];
            }
            _ => return (head, before),
        }
    }
}
