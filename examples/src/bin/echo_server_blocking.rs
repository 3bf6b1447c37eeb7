//! An echo server of threads that block, one for each connection, with the fastest loop: messages are lent, and the
//! replies to all messages of one read leave in one write.
//!
//! `cargo run --release --bin echo_server_blocking -- --addr 127.0.0.1:9001`, then connect with any client.

use clap::Parser;
use sansws_mio::blocking::{Acceptor, WsStream, block_on};
use sansws_mio::{Error, Keepalive, Origins};
use std::io;
use std::net::{TcpListener, TcpStream};
use std::thread;

/// Sends every message back.
#[derive(Parser)]
struct Args {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:9001")]
    addr: String,
}

fn main() -> io::Result<()> {
    let args = Args::parse();
    let config = sansws_mio::Config { keepalive: Some(Keepalive::default()), ..Default::default() };
    // Pages of any site may connect, since there is nothing to protect here. The default is this host's pages only.
    let acceptor = Acceptor::new().config(config).origins(Origins::Any);
    let listener = TcpListener::bind(&args.addr)?;
    println!("listening on ws://{}", listener.local_addr()?);
    loop {
        match listener.accept() {
            Ok((tcp, peer)) => {
                let acceptor = acceptor.clone();
                let connection = move || {
                    if let Err(error) = echo(&acceptor, tcp) {
                        eprintln!("{peer}: {error}");
                    }
                };
                if let Err(error) = thread::Builder::new().spawn(connection) {
                    eprintln!("thread: {error}"); // the client is gone
                }
            }
            // Out of file descriptors, or a client that has gone: others are still served.
            Err(error) => {
                eprintln!("accept: {error}");
                thread::sleep(std::time::Duration::from_millis(50));
            }
        }
    }
}

fn echo(acceptor: &Acceptor, tcp: TcpStream) -> Result<(), Error> {
    let mut ws = WsStream::from(block_on(acceptor.accept(tcp))?);
    ws.serve(|message, sender| sender.send_ref(message))
}
