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
            tokio::spawn(async move { echo(accepted.await?, mode).await });
        }
    })
}

async fn echo(mut ws: WsStream, mode: Loop) -> Result<(), Error> {
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
