//! Ours on async-std.

use super::{Loop, Place, acceptor, config, url};
use crate::Error;
use async_std::net::TcpListener;
use async_std::task;
use sansws_async_std::{Acceptor, Connector, WsStream};
use std::future::pending;

pub(super) fn run(mode: Loop, place: &Place) -> Result<(), Error> {
    task::block_on(async {
        match place {
            Place::Listen { addr, tls } => {
                let acceptor: Acceptor = acceptor(*tls)?;
                let listener = TcpListener::bind(addr).await?;
                println!("{}", listener.local_addr()?);
                loop {
                    let (tcp, _) = listener.accept().await?;
                    let accepted = acceptor.accept(tcp);
                    task::spawn(async move { echo(accepted.await?, mode).await });
                }
            }
            Place::Connect(addr, count) => {
                let connector = Connector::new().config(config());
                for _ in 0..*count {
                    let (ws, _) = connector.connect(&url(*addr)).await?;
                    task::spawn(echo(ws, mode));
                }
                pending().await
            }
        }
    })
}

async fn echo(mut ws: WsStream, mode: Loop) -> Result<(), sansws_async_std::Error> {
    match mode {
        Loop::Serve => ws.serve(|message, sender| sender.send_ref(message)).await,
        Loop::Feed => {
            while let Some(message) = ws.next().await {
                ws.feed(message?).await?;
            }
            Ok(())
        }
        Loop::Send => {
            while let Some(message) = ws.next().await {
                ws.send(message?).await?;
            }
            Ok(())
        }
    }
}
