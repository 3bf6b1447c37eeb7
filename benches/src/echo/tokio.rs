//! Ours on tokio.

use super::{Loop, Place, acceptor, config, url};
use crate::Error;
use sansws_tokio::{Acceptor, Connector, WsStream};
use std::future::pending;
use tokio::net::TcpListener;

pub(super) fn run(mode: Loop, place: &Place) -> Result<(), Error> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        match place {
            Place::Listen { addr, tls } => {
                let acceptor: Acceptor = acceptor(*tls)?;
                let listener = TcpListener::bind(addr).await?;
                println!("{}", listener.local_addr()?);
                loop {
                    let (tcp, _) = listener.accept().await?;
                    let accepted = acceptor.accept(tcp);
                    // A task is as large as the largest of its states.
                    match mode {
                        Loop::Serve => drop(tokio::spawn(async { serve(accepted.await?).await })),
                        Loop::Feed | Loop::Send => drop(tokio::spawn(async move { echo(accepted.await?, mode).await })),
                    }
                }
            }
            Place::Connect(addr, count) => {
                let connector = Connector::new().config(config());
                for _ in 0..*count {
                    let (ws, _) = connector.connect(&url(*addr)).await?;
                    tokio::spawn(echo(ws, mode));
                }
                pending().await
            }
        }
    })
}

async fn echo(mut ws: WsStream, mode: Loop) -> Result<(), sansws_tokio::Error> {
    match mode {
        Loop::Serve => serve(ws).await,
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

async fn serve(mut ws: WsStream) -> Result<(), sansws_tokio::Error> {
    ws.serve(|message, sender| sender.send_ref(message)).await
}
