//! tungstenite, and tokio-tungstenite around it: default configurations.

use super::next_or_flush;
use crate::Error;
use crate::memory::End;
use crate::tape::Tape;
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use sansws_core::frame::Role;
use std::hint::black_box;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Message, WebSocket, protocol};

/// As the manifest pins it.
pub const VERSION: &str = "0.30.0";

const fn role(role: Role) -> protocol::Role {
    match role {
        Role::Server => protocol::Role::Server,
        Role::Client => protocol::Role::Client,
    }
}

/// Echoes as in its README; or, coalesced, feeds while there is something to read.
pub(crate) async fn echo<S>(stream: S, as_role: Role, coalesced: bool) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut ws = WebSocketStream::from_raw_socket(stream, role(as_role), None).await;
    if coalesced {
        while let Some(message) = next_or_flush(&mut ws).await {
            ws.feed(message?).await?;
        }
    } else {
        while let Some(message) = ws.next().await {
            ws.send(message?).await?;
        }
    }
    Ok(())
}

pub(super) fn open(tape: Tape, as_role: Role) -> Result<Box<dyn End>, Error> {
    Ok(Box::new(WebSocket::from_raw_socket(tape, role(as_role), None)))
}

/// Without tokio-tungstenite, as who does not need it would read.
impl End for WebSocket<Tape> {
    fn receive(&mut self, count: usize) -> Result<usize, Error> {
        let mut bytes = 0;
        for _ in 0..count {
            bytes += black_box(self.read()?).len();
        }
        Ok(bytes)
    }

    fn send(&mut self, payload: &Bytes, count: usize) -> Result<(), Error> {
        for _ in 0..count {
            self.write(Message::Binary(payload.clone()))?;
        }
        Ok(self.flush()?)
    }
}
