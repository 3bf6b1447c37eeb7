//! ratchet_rs: `WebSocket` with its `Deflate` extension, over `flate2`.
//!
//! All settings but the memory level. It does not check that text is UTF-8, so that is done here.

use super::{Async, Peer};
use crate::Error;
use crate::deflate::{Connected, Settings};
use crate::pipe::End;
use bytes::BytesMut;
use ratchet_rs::deflate::{Compression, Deflate, DeflateConfig, DeflateExtProvider, WindowBits};
use ratchet_rs::{ExtensionProvider, HeaderMap, Message, Role, WebSocket, WebSocketConfig};
use sansws_core::Text;

/// As the manifest pins it.
pub const VERSION: &str = "1.2.1";

struct Ratchet {
    server: WebSocket<End, Deflate>,
    client: WebSocket<End, Deflate>,
    buffer: BytesMut,
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
    let (ours, theirs) = match settings {
        None => (None, None),
        Some(settings) => {
            let (server, client) = negotiate(settings)?;
            (Some(server), Some(client))
        }
    };
    let config = WebSocketConfig::default();
    let pair = Async::new(|server, client| {
        Ok(Ratchet {
            server: WebSocket::from_upgraded(config, server, ours, BytesMut::new(), Role::Server),
            client: WebSocket::from_upgraded(config, client, theirs, BytesMut::new(), Role::Client),
            buffer: BytesMut::new(),
        })
    })?;
    Ok(Some(Box::new(pair)))
}

/// The extension at the server and at the client, agreed on by headers as in a handshake.
fn negotiate(settings: &Settings) -> Result<(Deflate, Deflate), Error> {
    let provider = DeflateExtProvider::with_config(DeflateConfig {
        server_max_window_bits: WindowBits::try_from(settings.window_bits)?,
        client_max_window_bits: WindowBits::try_from(settings.window_bits)?, // it offers both or none
        request_server_no_context_takeover: !settings.takeover,
        request_client_no_context_takeover: false,
        accept_no_context_takeover: !settings.takeover,
        compression_level: Compression::new(settings.level.into()),
    });
    let (mut offer, mut answer) = (HeaderMap::new(), HeaderMap::new());
    provider.apply_headers(&mut offer);
    let (server, value) = provider.negotiate_server(&offer)?.ok_or("the server declines")?;
    answer.insert("sec-websocket-extensions", value);
    let client = provider.negotiate_client(&answer)?.ok_or("the client declines")?;
    Ok((server, client))
}

impl Peer for Ratchet {
    async fn pass(&mut self, text: &Text, arrived: &mut dyn FnMut(&str, &[u8])) -> Result<(), Error> {
        self.server.write_text(text).await?;
        self.buffer.clear();
        match self.client.read(&mut self.buffer).await? {
            Message::Text => arrived(text, simdutf8::basic::from_utf8(&self.buffer)?.as_bytes()),
            other => return Err(format!("not a text: {other:?}").into()),
        }
        Ok(())
    }
}
