//! The server on tokio.

use super::Loop;
use sansws_tokio::{Acceptor, Config, Error, Limits, WsStream};
use std::io;
use tokio::net::TcpListener;

pub(super) fn serve(mode: Loop, addr: &str) -> io::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let limits = Limits { message: 16 << 20, ..Limits::default() };
        let acceptor = Acceptor::new().config(Config { limits, ..Config::default() });
        let listener = TcpListener::bind(addr).await?;
        println!("{}", listener.local_addr()?);
        loop {
            let (tcp, _) = listener.accept().await?;
            let accepted = acceptor.accept(tcp);
            match mode {
                Loop::Serve => drop(tokio::spawn(async { serve_all(accepted.await?).await })),
                Loop::Feed => drop(tokio::spawn(async { feed(accepted.await?).await })),
                Loop::Send => drop(tokio::spawn(async { send(accepted.await?).await })),
            }
        }
    })
}

async fn serve_all(mut ws: WsStream) -> Result<(), Error> {
    ws.serve(|message, sender| sender.send_ref(message)).await
}

async fn feed(mut ws: WsStream) -> Result<(), Error> {
    while let Some(message) = ws.next().await {
        ws.feed(message?).await?;
    }
    Ok(())
}

async fn send(mut ws: WsStream) -> Result<(), Error> {
    while let Some(message) = ws.next().await {
        ws.send(message?).await?;
    }
    Ok(())
}
