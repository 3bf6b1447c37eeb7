//! yawc: `WebSocket`, over `flate2`.
//!
//! All settings but the memory level. UTF-8 is checked by its option for that. Its option of a pool that connections
//! without context takeover share codecs by is not taken.

use super::{Async, Peer};
use crate::Error;
use crate::deflate::{Connected, Settings};
use crate::pipe::End;
use futures_util::SinkExt;
use sansws_core::Text;
use yawc::{CompressionLevel, Frame, OpCode, Options, Role, WebSocket};

/// As the manifest pins it.
pub const VERSION: &str = "0.5.0";

struct Yawc {
    server: WebSocket<End>,
    client: WebSocket<End>,
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
