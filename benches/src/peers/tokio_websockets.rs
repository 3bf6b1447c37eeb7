//! tokio-websockets: as in its echo example, without limits.

use crate::Error;
use crate::memory::{AsyncEnd, Driven, End};
use crate::tape::Tape;
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use sansws_core::frame::Role;
use std::hint::black_box;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_websockets::{ClientBuilder, Config, Limits, Message, ServerBuilder, WebSocketStream};

/// As the manifest pins it.
pub const VERSION: &str = "0.13.3";

fn open_on<S: AsyncRead + AsyncWrite + Unpin>(stream: S, role: Role) -> WebSocketStream<S> {
    let config = Config::default().frame_size(usize::MAX);
    match role {
        Role::Server => ServerBuilder::new().config(config).limits(Limits::unlimited()).serve(stream),
        Role::Client => ClientBuilder::new().config(config).limits(Limits::unlimited()).take_over(stream),
    }
}

/// Echoes as in its example. To feed makes no difference: it flushes before it reads.
pub(crate) async fn echo<S: AsyncRead + AsyncWrite + Unpin>(stream: S, role: Role) -> Result<(), Error> {
    let mut ws = open_on(stream, role);
    while let Some(message) = ws.next().await {
        let message = message?;
        if message.is_text() || message.is_binary() {
            ws.send(message).await?;
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
        Ok(black_box(&message).as_payload().len())
    }

    async fn feed(&mut self, payload: &Bytes) -> Result<(), Error> {
        Ok(SinkExt::feed(self, Message::binary(payload.clone())).await?)
    }

    async fn flush(&mut self) -> Result<(), Error> {
        Ok(SinkExt::flush(self).await?)
    }
}
