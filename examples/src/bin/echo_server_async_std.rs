//! An echo server on async-std, with the fastest loop: messages are lent, and the replies to all messages of one read
//! leave in one write. The rest is what any server wants: a task per connection, and errors that say who erred.
//!
//! `cargo run --release --bin echo_server_async_std -- --addr 127.0.0.1:9001`, then connect with any client.

use async_std::net::{TcpListener, TcpStream};
use clap::Parser;
use sansws_async_std::{Acceptor, Error, Keepalive, Origins};
use std::io;

/// Sends every message back.
#[derive(Parser)]
struct Args {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:9001")]
    addr: String,
}

fn main() -> io::Result<()> {
    async_std::task::block_on(serve(Args::parse()))
}

async fn serve(args: Args) -> io::Result<()> {
    let config = sansws_async_std::Config { keepalive: Some(Keepalive::default()), ..Default::default() };
    // Pages of any site may connect, since there is nothing to protect here. The default is this host's pages only.
    let acceptor = Acceptor::new().config(config).origins(Origins::Any);
    let listener = TcpListener::bind(&args.addr).await?;
    println!("listening on ws://{}", listener.local_addr()?);
    loop {
        match listener.accept().await {
            Ok((tcp, peer)) => {
                let acceptor = acceptor.clone();
                async_std::task::spawn(async move {
                    if let Err(error) = echo(&acceptor, tcp).await {
                        eprintln!("{peer}: {error}");
                    }
                });
            }
            // Out of file descriptors, or a client that has gone: others are still served.
            Err(error) => {
                eprintln!("accept: {error}");
                async_std::task::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
    }
}

async fn echo(acceptor: &Acceptor, tcp: TcpStream) -> Result<(), Error> {
    let mut ws = acceptor.accept(tcp).await?;
    ws.serve(|message, sender| sender.send_ref(message)).await
}
