//! sockudo-ws: `CompressedWebSocketStream` over `flate2`, and over `libz-rs-sys` to inflate.
//!
//! All settings but the memory level. Without context takeover it flushes the history away instead of resetting.

use super::{Async, Peer};
use crate::Error;
use crate::deflate::{Connected, Settings};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use sansws_core::Text;
use sockudo_ws::deflate::DeflateConfig;
use sockudo_ws::{CompressedWebSocketStream, Config, DeflateWindowBits, Message, WebSocketStream};

/// As the manifest pins it.
pub const VERSION: &str = "3.1.0";

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
            Ok(Sockudo {
                server: WebSocketStream::server(server, Config::default()),
                client: WebSocketStream::client(client, Config::default()),
            })
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
