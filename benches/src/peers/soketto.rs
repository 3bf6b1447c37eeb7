//! soketto: `Sender` and `Receiver` with its `Deflate` extension, over `flate2`.
//!
//! Its level is fixed at 1, and it has no context takeover: it makes a codec for every message. It does not check that
//! text is UTF-8, so that is done here.

use super::{Async, Peer};
use crate::Error;
use crate::deflate::{Connected, Settings};
use crate::pipe::End;
use sansws_core::Text;
use soketto::connection::Builder;
use soketto::extension::deflate::Deflate;
use soketto::extension::{Extension, Param};
use soketto::{Data, Mode, Receiver, Sender};

/// As the manifest pins it.
pub const VERSION: &str = "0.8.1";

struct Soketto {
    server: Sender<End>,
    client: Receiver<End>,
    buffer: Vec<u8>,
}

/// A connected pair.
///
/// # Errors
///
/// If the library refuses them.
pub fn pair(settings: Option<&Settings>) -> Connected {
    if settings.is_some_and(|settings| settings.level != 1 || settings.takeover || settings.memory_level != 8) {
        return Ok(None);
    }
    let (mut server, mut client) = (Deflate::new(Mode::Server), Deflate::new(Mode::Client));
    if let Some(settings) = settings {
        client.set_max_server_window_bits(settings.window_bits);
        let mut window = Param::new("server_max_window_bits");
        window.set_value(Some(settings.window_bits.to_string()));
        let agreed = [Param::new("server_no_context_takeover"), window];
        server.configure(&agreed)?;
        client.configure(&agreed)?;
    }
    if settings.is_some() != (server.is_enabled() && client.is_enabled()) {
        return Err("soketto declines".into());
    }
    let pair = Async::new(|here, there| {
        let mut builders = (Builder::new(here, Mode::Server), Builder::new(there, Mode::Client));
        builders.0.add_extensions([Box::new(server) as Box<dyn Extension + Send>]);
        builders.1.add_extensions([Box::new(client) as Box<dyn Extension + Send>]);
        Ok(Soketto { server: builders.0.finish().0, client: builders.1.finish().1, buffer: Vec::new() })
    })?;
    Ok(Some(Box::new(pair)))
}

impl Peer for Soketto {
    async fn pass(&mut self, text: &Text, arrived: &mut dyn FnMut(&str, &[u8])) -> Result<(), Error> {
        self.server.send_text(text).await?;
        self.server.flush().await?;
        self.buffer.clear();
        match self.client.receive_data(&mut self.buffer).await? {
            // What it counts may be the compressed bytes; all of the buffer is the message.
            Data::Text(_) => arrived(text, simdutf8::basic::from_utf8(&self.buffer)?.as_bytes()),
            Data::Binary(_) => return Err("not a text".into()),
        }
        Ok(())
    }
}
