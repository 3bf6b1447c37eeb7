//! Our adapter for tokio.

use super::{AsyncEnd, Driven, End, core};
use crate::Error;
use crate::tape::Tape;
use bytes::Bytes;
use sansws_core::frame::Role;
use sansws_driver::Bind;
use sansws_tokio::{Message, MessageRef, Timer, Tokio, WsStream};
use std::hint::black_box;

struct Adapter {
    ws: WsStream<Tape>,
    owned: bool,
}

pub(super) fn open_borrowed(tape: Tape, role: Role) -> Result<Box<dyn End>, Error> {
    open(tape, role, false)
}

pub(super) fn open_owned(tape: Tape, role: Role) -> Result<Box<dyn End>, Error> {
    open(tape, role, true)
}

fn open(tape: Tape, role: Role, owned: bool) -> Result<Box<dyn End>, Error> {
    Ok(Box::new(Driven::new(|| {
        let ws = WsStream::from_connection(Tokio::bind(tape), Timer::default(), core::connection(role));
        Ok(Adapter { ws, owned })
    })?))
}

impl AsyncEnd for Adapter {
    async fn receive(&mut self) -> Result<usize, Error> {
        if self.owned {
            let message = self.ws.next().await.ok_or("it has ended")??;
            return Ok(black_box(&message).as_bytes().len());
        }
        let message = self.ws.read().await?.ok_or("it has ended")?;
        Ok(black_box(message).as_bytes().len())
    }

    async fn feed(&mut self, payload: &Bytes) -> Result<(), Error> {
        match self.owned {
            true => self.ws.feed(Message::Binary(payload.clone())).await?,
            false => self.ws.feed_ref(MessageRef::Binary(payload)).await?,
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Error> {
        Ok(self.ws.flush().await?)
    }
}
