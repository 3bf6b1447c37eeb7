//! sockudo-ws: `WebSocketStream` with its default configuration; compressed, `CompressedWebSocketStream` over `flate2`,
//! and over `libz-rs-sys` to inflate.
//!
//! All settings of compression but the memory level. Without context takeover it flushes the history away instead of
//! resetting.

use super::{Async, Peer, next_or_flush};
use crate::Error;
use crate::deflate::{Connected, Settings};
use crate::memory::{AsyncEnd, Driven, End};
use crate::tape::Tape;
use bytes::Bytes;
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use sansws_core::Text;
use sansws_core::frame::Role;
use sockudo_ws::deflate::DeflateConfig;
use sockudo_ws::{CompressedWebSocketStream, Config, DeflateWindowBits, Message, WebSocketStream};
use std::hint::black_box;
use tokio::io::{AsyncRead, AsyncWrite};

/// As the manifest pins it.
pub const VERSION: &str = "3.1.0";

fn open_on<S: AsyncRead + AsyncWrite + Unpin>(stream: S, role: Role) -> WebSocketStream<S> {
    match role {
        Role::Server => WebSocketStream::server(stream, Config::default()),
        Role::Client => WebSocketStream::client(stream, Config::default()),
    }
}

/// Echoes as in its example; or, coalesced, feeds while there is something to read.
pub(crate) async fn echo<S>(stream: S, role: Role, coalesced: bool) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut ws = open_on(stream, role);
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

pub(super) fn open(tape: Tape, role: Role) -> Result<Box<dyn End>, Error> {
    Ok(Box::new(Driven::new(|| Ok(open_on(tape, role)))?))
}

impl AsyncEnd for WebSocketStream<Tape> {
    async fn receive(&mut self) -> Result<usize, Error> {
        let message = self.next().await.ok_or("it has ended")??;
        Ok(black_box(&message).as_bytes().len())
    }

    async fn feed(&mut self, payload: &Bytes) -> Result<(), Error> {
        Ok(SinkExt::feed(self, Message::Binary(payload.clone())).await?)
    }

    async fn flush(&mut self) -> Result<(), Error> {
        Ok(SinkExt::flush(self).await?)
    }
}

struct Sockudo<S> {
    server: S,
    client: S,
}

/// A connected pair.
///
/// # Errors
///
/// If the library refuses them.
pub fn pair(settings: Option<&Settings>) -> Connected {
    let Some(settings) = settings else {
        let pair = Async::new(|server, client| {
            Ok(Sockudo { server: open_on(server, Role::Server), client: open_on(client, Role::Client) })
        })?;
        return Ok(Some(Box::new(pair)));
    };
    if settings.memory_level != 8 {
        return Ok(None);
    }
    let deflate = DeflateConfig {
        server_max_window_bits: DeflateWindowBits::try_from(settings.window_bits)?,
        server_no_context_takeover: !settings.takeover,
        compression_level: settings.level.into(),
        compression_threshold: 0,
        ..DeflateConfig::default()
    };
    let pair = Async::new(|server, client| {
        Ok(Sockudo {
            server: CompressedWebSocketStream::server(server, Config::default(), deflate.clone()),
            client: CompressedWebSocketStream::client(client, Config::default(), deflate),
        })
    })?;
    Ok(Some(Box::new(pair)))
}

impl<S> Peer for Sockudo<S>
where
    S: Stream<Item = sockudo_ws::Result<Message>> + Sink<Message, Error = sockudo_ws::Error> + Unpin,
{
    async fn pass(&mut self, text: &Text, arrived: &mut dyn FnMut(&str, &[u8])) -> Result<(), Error> {
        self.server.send(Message::Text(text.clone().into_bytes())).await?;
        match self.client.next().await {
            Some(Ok(Message::Text(bytes))) => arrived(text, &bytes),
            other => return Err(format!("not a text: {other:?}").into()),
        }
        Ok(())
    }
}
