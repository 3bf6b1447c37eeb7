//! The same bytes, into ours and into tungstenite.
//!
//! Where the two differ, ours does what RFC 6455 says:
//!
//! | bytes | ours | tungstenite 0.30 | RFC 6455 |
//! |---|---|---|---|
//! | a length that is not in its shortest form | fails | takes it | §5.2: "the minimal number of bytes MUST be used" |
//! | a Close frame with a code that must not be sent | fails with 1002 | gives it out, as 1002 | §7.4.1, §7.4.2 |
//! | a Close frame with 1014 | gives it out | gives it out, as 1002 | §7.4.2, §11.7: it is registered |
//! | a frame that is wrong, and not all there | fails at once | waits for the rest | §7.1.7, §8.1: fails on finding it |
//! | a frame that is wrong and too long | says what is wrong | says that it is too long | §7.4.1 leaves it open |

use crate::reader::Heard;
use crate::said::Said;
use crate::setup::counting;
use crate::tape::{Tape, trace};
use sansws_core::frame::Role;
use sansws_core::{CloseCode, Config, Connection, Event, Instant, Kind, Limits, ProtocolError};
use std::io::{self, Read, Write};
use tungstenite::protocol::WebSocketConfig;
use tungstenite::{Message, WebSocket};

/// The events are the same, and the verdict, but for what is listed above.
pub fn differential(data: &[u8]) {
    let mut tape = Tape::new(data);
    let flags = tape.byte();
    let role = if flags & 1 == 0 { Role::Server } else { Role::Client };
    let limit = if flags & 2 == 0 { 1000 } else { 125 };
    let piece = usize::from(tape.byte()) + 1;
    let bytes: Vec<u8> = tape.all::<Said>(100).iter().flat_map(|said| said.bytes(role)).collect();
    trace(&(role, limit, &bytes));

    let (ours, error) = ours(role, limit, &bytes, piece);
    let (theirs, failed) = theirs(role, limit, &bytes, piece);
    for (ours, theirs) in ours.iter().zip(&theirs) {
        let registered = *ours == close(1014) && *theirs == close(1002);
        assert!(ours == theirs || registered, "{ours:?}, but {theirs:?}");
    }
    match theirs.get(ours.len()) {
        None => {}
        Some(theirs) => match error {
            // A control frame with a longer form of length is either not in its shortest form or too long.
            Some(ProtocolError::OverlongLength { .. } | ProtocolError::ControlTooLong) => {}
            Some(ProtocolError::InvalidCloseCode { .. }) => assert_eq!(*theirs, close(1002)),
            error => panic!("{error:?}, but {theirs:?}"),
        },
    }
    assert!(ours.len() <= theirs.len(), "{:?}, which they do not see", ours.last());
    assert!(error.is_some() || !failed, "they fail");
}

/// A Close frame, by its code alone: they change the reason with it.
fn close(code: u16) -> Heard {
    Heard::Close(Some((code, String::new())))
}

fn ours(role: Role, limit: usize, bytes: &[u8], piece: usize) -> (Vec<Heard>, Option<ProtocolError>) {
    let limits = Limits {
        message: limit as u64,
        fragments: u32::MAX,
        empty_fragments: u32::MAX,
        unread_pings: u32::MAX,
        ..Limits::default()
    };
    let config = Config { limits, ..Config::default() };
    let mut connection = match role {
        Role::Client => Connection::client(config, counting(), Instant::ORIGIN),
        Role::Server => Connection::server(config, Instant::ORIGIN),
    };
    let mut heard = Vec::new();
    for piece in bytes.chunks(piece) {
        connection.input().extend_from_slice(piece);
        loop {
            heard.push(match connection.receive(Instant::ORIGIN) {
                Ok(None) => break,
                Err(error) => return (heard, Some(error)),
                Ok(Some(Event::Message(message))) => Heard::Message(message.kind(), message.as_bytes().to_vec()),
                Ok(Some(Event::Ping(payload))) => Heard::Ping(payload.to_vec()),
                Ok(Some(Event::Pong(payload))) => Heard::Pong(payload.to_vec()),
                Ok(Some(Event::Close(frame))) => match frame.map(|frame| (frame.code, frame.reason)) {
                    Some((CloseCode(1014), _)) => close(1014),
                    frame => Heard::Close(frame.map(|(code, reason)| (code.0, reason.as_str().into()))),
                },
                Ok(Some(other)) => panic!("{other:?}"),
            });
        }
    }
    (heard, None)
}

/// Bytes to read, then the end; what is written is dropped.
struct Tap<'a> {
    bytes: &'a [u8],
    piece: usize,
}

impl Read for Tap<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.piece);
        self.bytes.read(&mut buffer[..most])
    }
}

impl Write for Tap<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The events, and whether the peer broke the protocol before the stream ended.
fn theirs(role: Role, limit: usize, bytes: &[u8], piece: usize) -> (Vec<Heard>, bool) {
    use tungstenite::Error;
    use tungstenite::error::ProtocolError as Protocol;
    let role = match role {
        Role::Client => tungstenite::protocol::Role::Client,
        Role::Server => tungstenite::protocol::Role::Server,
    };
    let config = WebSocketConfig::default()
        .read_buffer_size(1024)
        .write_buffer_size(0)
        .max_message_size(Some(limit))
        .max_frame_size(Some(limit));
    let mut socket = WebSocket::from_raw_socket(Tap { bytes, piece }, role, Some(config));
    let mut heard = Vec::new();
    loop {
        match socket.read() {
            Ok(Message::Text(text)) => heard.push(Heard::Message(Kind::Text, text.as_bytes().to_vec())),
            Ok(Message::Binary(payload)) => heard.push(Heard::Message(Kind::Binary, payload.to_vec())),
            Ok(Message::Ping(payload)) => heard.push(Heard::Ping(payload.to_vec())),
            Ok(Message::Pong(payload)) => heard.push(Heard::Pong(payload.to_vec())),
            Ok(Message::Close(frame)) => {
                heard.push(match frame {
                    Some(frame) if frame.reason == "Protocol violation" => close(frame.code.into()),
                    frame => Heard::Close(frame.map(|frame| (frame.code.into(), frame.reason.as_str().into()))),
                });
                return (heard, false);
            }
            Ok(Message::Frame(frame)) => panic!("{frame}"),
            Err(Error::Protocol(Protocol::ResetWithoutClosingHandshake)) => return (heard, false),
            Err(Error::Protocol(_) | Error::Capacity(_) | Error::Utf8(_)) => return (heard, true),
            Err(error) => panic!("{error}"),
        }
    }
}
