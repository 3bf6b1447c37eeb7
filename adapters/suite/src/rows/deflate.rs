//! permessage-deflate (RFC 7692), where both ends agree to it.

use crate::echo::Echo;
use crate::peer::{close_payload, together};
use crate::stage::{in_both_roles, open_with, url};
use crate::subject::{ClientOptions, ServerOptions, Subject};
use bytes::Buf;
use sansws_core::deflate::{Deflate, Params};
use sansws_core::frame::{Opcode, Role};
use sansws_core::{Config, Connection, Instant, Limits, Message, ProtocolError};
use sansws_driver::Error;

const HEADER: &str = "Sec-WebSocket-Extensions: permessage-deflate\r\n";

fn config() -> Config {
    Config { deflate: Some(Deflate { threshold: 0, ..Deflate::default() }), ..Config::default() }
}

pub(crate) fn every_way_to_echo(subject: &dyn Subject) {
    let text = "to be, or not to be: ".repeat(100);
    for way in Echo::ALL {
        let server = subject.serve(ServerOptions { config: config(), ..ServerOptions::default() }, way);
        let options = ClientOptions { config: config(), ..ClientOptions::default() };
        let (mut ws, response) = subject.connect(&url(server.address()), options).unwrap();
        assert!(response.headers().get("Sec-WebSocket-Extensions").is_some());
        for len in [0, 1, 10, 2000] {
            for message in [Message::from(&text[..len]), Message::from(vec![7; len * 100])] {
                ws.send(message.clone()).unwrap();
                assert!(ws.next().unwrap().unwrap() == message, "{way:?}, {len}");
            }
        }
        let traffic = ws.traffic();
        assert_eq!(traffic.sent.payload, traffic.received.payload);
        for volume in [traffic.sent, traffic.received] {
            assert!(volume.wire < volume.payload / 10, "{volume:?}");
        }
    }
}

/// "Hello" as in RFC 7692 §7.2.3.1, in one frame and in two.
pub(crate) fn what_others_compress(subject: &dyn Subject) {
    const HELLO: &[u8] = b"\xf2\x48\xcd\xc9\xc9\x07\x00";
    in_both_roles(|role| {
        let (mut ws, mut peer) = open_with(subject, role, config(), HEADER);
        peer.send_compressed(true, HELLO);
        assert_eq!(ws.next().unwrap().unwrap(), "Hello".into());
        peer.send_compressed(false, &HELLO[..3]);
        peer.send_part(Opcode::Continuation, true, &HELLO[3..]);
        assert_eq!(ws.next().unwrap().unwrap(), "Hello".into());
        peer.send(Opcode::Text, "plain");
        assert_eq!(ws.next().unwrap().unwrap(), "plain".into());
    });
}

/// A megabyte of zeros in a kilobyte: the limit is for what is inflated.
pub(crate) fn bombs(subject: &dyn Subject) {
    in_both_roles(|role| {
        let limits = Limits { message: 100_000, ..Limits::default() };
        let (mut ws, mut peer) = open_with(subject, role, Config { limits, ..config() }, HEADER);
        let bomb = compressed(peer.role(), vec![0; 1 << 20].into());
        assert!(bomb.len() < 10_000);
        together(
            || {
                let error = ws.next().unwrap().unwrap_err();
                assert!(matches!(error, Error::Protocol(ProtocolError::TooBig { limit: 100_000, .. })), "{error}");
            },
            || {
                peer.write(bomb);
                let frame = peer.frame().unwrap();
                assert_eq!(frame.header.opcode, Opcode::Close);
                assert!(frame.payload.starts_with(&close_payload(1009, "message of ")), "{frame:?}");
                peer.end();
            },
        );
    });
}

/// A message as the end in `from` sends it.
fn compressed(from: Role, message: Message) -> Vec<u8> {
    let connection = match from {
        Role::Client => Connection::client(config(), |bytes: &mut [u8]| bytes.fill(7), Instant::ORIGIN),
        Role::Server => Connection::server(config(), Instant::ORIGIN),
    };
    let mut connection = connection.with_deflate(&Params::default());
    connection.send(message).unwrap();
    let output = connection.output();
    output.copy_to_bytes(output.remaining()).into()
}
