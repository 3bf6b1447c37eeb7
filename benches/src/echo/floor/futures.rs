//! On smol and on async-std: a buffer for each connection.

use super::Floor;
use crate::Error;
use crate::echo::{Place, handshake};
use smol::LocalExecutor;
use smol::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use std::future::pending;

pub(super) fn run_smol(place: &Place) -> Result<(), Error> {
    let (role, executor) = (place.role(), LocalExecutor::new());
    smol::block_on(executor.run(async {
        match place {
            Place::Listen { addr, .. } => {
                let listener = smol::net::TcpListener::bind(addr).await?;
                println!("{}", listener.local_addr()?);
                loop {
                    let (mut tcp, _) = listener.accept().await?;
                    tcp.set_nodelay(true)?;
                    let accepted = async move {
                        accept(&mut tcp).await?;
                        echo(tcp, Floor::new(role)).await
                    };
                    executor.spawn(accepted).detach();
                }
            }
            Place::Connect(addr, count) => {
                for _ in 0..*count {
                    let tcp = smol::net::TcpStream::try_from(handshake::connected(*addr)?)?;
                    executor.spawn(echo(tcp, Floor::new(role))).detach();
                }
                pending().await
            }
        }
    }))
}

pub(super) fn run_async_std(place: &Place) -> Result<(), Error> {
    use async_std::net::{TcpListener, TcpStream};
    use async_std::task;
    let role = place.role();
    task::block_on(async {
        match place {
            Place::Listen { addr, .. } => {
                let listener = TcpListener::bind(addr).await?;
                println!("{}", listener.local_addr()?);
                loop {
                    let (mut tcp, _) = listener.accept().await?;
                    tcp.set_nodelay(true)?;
                    task::spawn(async move {
                        accept(&mut tcp).await?;
                        echo(tcp, Floor::new(role)).await
                    });
                }
            }
            Place::Connect(addr, count) => {
                for _ in 0..*count {
                    let tcp = TcpStream::from(handshake::connected(*addr)?);
                    task::spawn(echo(tcp, Floor::new(role)));
                }
                pending().await
            }
        }
    })
}

async fn accept(tcp: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Result<(), Error> {
    let mut request = Vec::new();
    while !handshake::is_complete(&request) {
        let mut byte = [0];
        tcp.read_exact(&mut byte).await?;
        request.extend(byte);
    }
    Ok(tcp.write_all(handshake::answer(&request)?.as_bytes()).await?)
}

async fn echo(mut tcp: impl AsyncRead + AsyncWrite + Unpin, mut floor: Floor) -> Result<(), Error> {
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
