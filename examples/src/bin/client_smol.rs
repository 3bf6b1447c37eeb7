//! A client on smol: sends the lines of standard input, prints what comes back. It shows `race` over a
//! connection and something else, which is safe since every future of a connection may be dropped.
//!
//! `cargo run --release --bin client_smol -- ws://127.0.0.1:9001`

use clap::Parser;
use futures_util::future::Either::{Left, Right};
use sansws_smol::{CloseCode, Connector, Error, Keepalive, Message};
use smol::Unblock;
use smol::future::race;
use smol::io::{AsyncBufReadExt, BufReader};
use smol::stream::StreamExt;

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
    smol::block_on(talk(Args::parse()))
}

async fn talk(args: Args) -> Result<(), Error> {
    let config = sansws_smol::Config { keepalive: Some(Keepalive::default()), ..sansws_smol::Config::client() };
    let connector = Connector::new().config(config).protocols(args.protocol);
    let (mut ws, _response) = connector.connect(&args.url).await?;
    eprintln!("connected; subprotocol {:?}", ws.protocol());

    let mut lines = BufReader::new(Unblock::new(std::io::stdin())).lines();
    loop {
        match race(async { Left(lines.next().await) }, async { Right(ws.next().await) }).await {
            Left(Some(line)) => ws.send(line?).await?,
            Left(None) => break,
            Right(Some(message)) => print(&message?),
            Right(None) => {
                eprintln!("server closed: {:?}", ws.close_frame());
                return Ok(());
            }
        }
    }
    // End of input: close, but print what still comes.
    ws.start_close(CloseCode::NORMAL)?;
    while let Some(message) = ws.next().await {
        print(&message?);
    }
    Ok(())
}

fn print(message: &Message) {
    match message {
        Message::Text(text) => println!("{text}"),
        Message::Binary(bytes) => println!("({} bytes)", bytes.len()),
    }
}
