//! On tokio: a buffer for each connection.

use super::Floor;
use crate::Error;
use crate::echo::bare::Echo;
use sansws_core::frame::Role;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

#[derive(Clone, Copy)]
pub(super) struct OnTokio;

impl Echo for OnTokio {
    async fn echo<S>(self, mut stream: S, role: Role) -> Result<(), Error>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let mut floor = Floor::new(role);
        loop {
            match stream.read(floor.room()).await? {
                0 => return Ok(()),
                count => floor.read(count),
            }
            while floor.wants_write() {
                let written = match floor.slices() {
                    (slices, 1) => stream.write(&slices[0]).await?,
                    (slices, count) => stream.write_vectored(&slices[..count]).await?,
                };
                floor.wrote(written);
            }
            stream.flush().await?;
            floor.compact();
        }
    }
}
