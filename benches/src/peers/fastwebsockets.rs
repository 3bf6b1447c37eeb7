//! fastwebsockets: `FragmentCollector`, after the handshake.

use crate::Error;
use crate::memory::{AsyncEnd, Driven, End};
use crate::tape::Tape;
use bytes::Bytes;
use fastwebsockets::{FragmentCollector, Frame, OpCode, Payload, WebSocket};
use sansws_core::frame::Role;
use std::hint::black_box;
use tokio::io::{AsyncRead, AsyncWrite};

/// As the manifest pins it.
pub const VERSION: &str = "0.10.0";

fn open_on<S: AsyncRead + AsyncWrite + Unpin>(stream: S, role: Role) -> FragmentCollector<S> {
    let role = match role {
        Role::Server => fastwebsockets::Role::Server,
        Role::Client => fastwebsockets::Role::Client,
    };
    FragmentCollector::new(WebSocket::after_handshake(stream, role))
}

/// Echoes as in its example.
pub(crate) async fn echo<S: AsyncRead + AsyncWrite + Unpin>(stream: S, role: Role) -> Result<(), Error> {
    let mut ws = open_on(stream, role);
    loop {
        let frame = ws.read_frame().await?;
        match frame.opcode {
            OpCode::Close => return Ok(()),
            OpCode::Text | OpCode::Binary => {
                ws.write_frame(Frame::new(true, frame.opcode, None, frame.payload)).await?;
            }
            _ => {}
        }
    }
}

pub(super) fn open(tape: Tape, role: Role) -> Result<Box<dyn End>, Error> {
    Ok(Box::new(Driven::new(|| Ok(open_on(tape, role)))?))
}

impl AsyncEnd for FragmentCollector<Tape> {
    async fn receive(&mut self) -> Result<usize, Error> {
        Ok(black_box(self.read_frame().await?).payload.len())
    }

    /// It has no queue.
    async fn feed(&mut self, payload: &Bytes) -> Result<(), Error> {
        Ok(self.write_frame(Frame::binary(Payload::Borrowed(payload))).await?)
    }

    async fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }
}
