//! A client of two threads that block: one sends the lines of standard input, the other prints what comes back.
//!
//! `cargo run --release --bin client_blocking -- ws://127.0.0.1:9001`

use clap::Parser;
use sansws_mio::blocking::{Connector, Writer, WsStream, block_on};
use sansws_mio::{CloseCode, Error, Keepalive, Message};
use std::io;
use std::thread;

/// Sends lines, prints messages.
#[derive(Parser)]
struct Args {
    /// Where to connect, such as ws://127.0.0.1:9001
    url: String,
    /// A subprotocol to offer; may be given several times.
    #[arg(long)]
    protocol: Vec<String>,
}

fn main() -> Result<(), Error> {
    let args = Args::parse();
    let config = sansws_mio::Config { keepalive: Some(Keepalive::default()), ..sansws_mio::Config::client() };
    let connector = Connector::new().config(config).protocols(args.protocol);
    let (ws, _response) = block_on(connector.connect(&args.url))?;
    eprintln!("connected; subprotocol {:?}", ws.protocol());

    let (mut reader, writer) = WsStream::from(ws).split();
    thread::spawn(move || {
        if let Err(error) = send_lines(&writer) {
            eprintln!("{error}");
        }
    });
    for message in &mut reader {
        match message? {
            Message::Text(text) => println!("{text}"),
            Message::Binary(bytes) => println!("({} bytes)", bytes.len()),
        }
    }
    eprintln!("closed: {:?}", reader.close_frame());
    Ok(())
}

/// Until the end of input, and then closes; what still comes is printed.
fn send_lines(writer: &Writer) -> Result<(), Error> {
    for line in io::stdin().lines() {
        writer.send(line?)?;
    }
    writer.close(CloseCode::NORMAL)
}
