//! Ours on smol.

use super::{Loop, Place, acceptor, config, url};
use crate::Error;
use sansws_smol::{Acceptor, Connector, WsStream};
use smol::LocalExecutor;
use smol::net::TcpListener;
use std::future::pending;

pub(super) fn run(mode: Loop, place: &Place) -> Result<(), Error> {
    let executor = LocalExecutor::new();
    smol::block_on(executor.run(async {
        match place {
            Place::Listen { addr, tls } => {
                let acceptor: Acceptor = acceptor(*tls)?;
                let listener = TcpListener::bind(addr).await?;
                println!("{}", listener.local_addr()?);
                loop {
                    let (tcp, _) = listener.accept().await?;
                    let accepted = acceptor.accept(tcp);
                    executor.spawn(async move { echo(accepted.await?, mode).await }).detach();
                }
            }
            Place::Connect(addr, count) => {
                let connector = Connector::new().config(config());
                for _ in 0..*count {
                    let (ws, _) = connector.connect(&url(*addr)).await?;
                    executor.spawn(echo(ws, mode)).detach();
                }
                pending().await
            }
        }
    }))
}

async fn echo(mut ws: WsStream, mode: Loop) -> Result<(), sansws_smol::Error> {
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
