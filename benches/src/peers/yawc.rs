//! yawc: `WebSocket`, over `flate2` if compressed.
//!
//! UTF-8 is checked by its option for that. All settings of compression but the memory level. Its option of a pool that
//! connections without context takeover share codecs by is not taken.

use super::{Async, Peer, next_or_flush};
use crate::Error;
use crate::deflate::{Connected, Settings};
use crate::memory::{AsyncEnd, Driven, End};
use crate::pipe;
use crate::tape::Tape;
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use sansws_core::Text;
use sansws_core::frame;
use std::hint::black_box;
use tokio::io::{AsyncRead, AsyncWrite};
use yawc::{CompressionLevel, Frame, OpCode, Options, Role, WebSocket};

/// As the manifest pins it.
pub const VERSION: &str = "0.5.0";

fn open_on<S>(stream: S, role: frame::Role, options: Options) -> Result<WebSocket<S>, Error>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let role = match role {
        frame::Role::Server => Role::Server,
        frame::Role::Client => Role::Client,
    };
    Ok(WebSocket::from_stream(stream, role, options.with_utf8().with_limits(16 << 20, 32 << 20))?)
}

/// Echoes as in its example; or, coalesced, feeds while there is something to read, with the settings that it publishes
/// figures for.
pub(crate) async fn echo<S>(stream: S, role: frame::Role, coalesced: bool) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    if coalesced {
        let options = Options::default().with_read_buffer_capacity(128 << 10).with_backpressure_boundary(64 << 10);
        let mut ws = open_on(stream, role, options)?;
        while let Some(frame) = next_or_flush(&mut ws).await {
            if frame.opcode() == OpCode::Close {
                break;
            }
            ws.feed(frame).await?;
        }
    } else {
        let mut ws = open_on(stream, role, Options::default())?;
        while let Some(frame) = ws.next().await {
            if frame.opcode() == OpCode::Close {
                break;
            }
            ws.send(frame).await?;
        }
    }
    Ok(())
}

pub(super) fn open(tape: Tape, role: frame::Role) -> Result<Box<dyn End>, Error> {
    Ok(Box::new(Driven::new(|| open_on(tape, role, Options::default()))?))
}

impl AsyncEnd for WebSocket<Tape> {
    async fn receive(&mut self) -> Result<usize, Error> {
        Ok(black_box(self.next_frame().await?).payload().len())
    }

    async fn feed(&mut self, payload: &Bytes) -> Result<(), Error> {
        Ok(SinkExt::feed(self, Frame::binary(payload.clone())).await?)
    }

    async fn flush(&mut self) -> Result<(), Error> {
        Ok(SinkExt::flush(self).await?)
    }
}

struct Yawc {
    server: WebSocket<pipe::End>,
    client: WebSocket<pipe::End>,
}

/// A connected pair.
///
/// # Errors
///
/// If the library refuses them.
pub fn pair(settings: Option<&Settings>) -> Connected {
    if settings.is_some_and(|settings| settings.memory_level != 8) {
        return Ok(None);
    }
    let options = Options::default().with_utf8().with_limits(4 << 20, 8 << 20);
    let (options, extension) = match settings {
        None => (options, None),
        Some(settings) => {
            let options = options.with_compression_level(CompressionLevel::new(settings.level.into()));
            let takeover = if settings.takeover { "" } else { "; server_no_context_takeover" };
            let bits = settings.window_bits;
            (options, Some(format!("permessage-deflate; server_max_window_bits={bits}{takeover}")))
        }
    };
    let pair = Async::new(|server, client| {
        let end = |end, role| WebSocket::from_stream_with_extensions(end, role, extension.as_deref(), options.clone());
        Ok(Yawc { server: end(server, Role::Server)?, client: end(client, Role::Client)? })
    })?;
    Ok(Some(Box::new(pair)))
}

impl Peer for Yawc {
    async fn pass(&mut self, text: &Text, arrived: &mut dyn FnMut(&str, &[u8])) -> Result<(), Error> {
        self.server.send(Frame::text(text.clone().into_bytes())).await?;
        let frame = self.client.next_frame().await?;
        if frame.opcode() != OpCode::Text {
            return Err(format!("not a text: {:?}", frame.opcode()).into());
        }
        arrived(text, frame.payload());
        Ok(())
    }
}
