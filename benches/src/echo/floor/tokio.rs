//! On tokio: a buffer for each connection.

use super::Floor;
use crate::Error;
use crate::echo::{Place, handshake};
use std::future::pending;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub(super) fn run(place: &Place) -> Result<(), Error> {
    let role = place.role();
    tokio::runtime::Builder::new_current_thread().enable_io().build()?.block_on(async {
        match place {
            Place::Listen(addr) => {
                let listener = TcpListener::bind(addr).await?;
                println!("{}", listener.local_addr()?);
                loop {
                    let (mut tcp, _) = listener.accept().await?;
                    tokio::spawn(async move {
                        handshake::accept_async(&mut tcp).await?;
                        echo(tcp, Floor::new(role)).await
                    });
                }
            }
            Place::Connect(addr, count) => {
                for _ in 0..*count {
                    let tcp = TcpStream::from_std(handshake::connected(*addr)?)?;
                    tokio::spawn(echo(tcp, Floor::new(role)));
                }
                pending().await
            }
        }
    })
}

async fn echo(mut tcp: TcpStream, mut floor: Floor) -> Result<(), Error> {
    tcp.set_nodelay(true)?;
    loop {
        match tcp.read(floor.room()).await? {
            0 => return Ok(()),
            count => floor.read(count),
        }
        while floor.wants_write() {
            let written = match floor.slices() {
                (slices, 1) => tcp.write(&slices[0]).await?,
                (slices, count) => tcp.write_vectored(&slices[..count]).await?,
            };
            floor.wrote(written);
        }
        floor.compact();
    }
}
