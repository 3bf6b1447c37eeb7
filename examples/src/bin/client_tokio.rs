//! A client on tokio: sends the lines of standard input, prints what comes back. It shows `select!` over a
//! connection and something else, which is safe since every future of a connection may be dropped.
//!
//! `cargo run --release --bin client_tokio -- ws://127.0.0.1:9001`

use clap::Parser;
use sansws_tokio::{CloseCode, Connector, Error, Keepalive, Message};
use tokio::io::{AsyncBufReadExt, BufReader};

/// Sends lines, prints messages.
#[derive(Parser)]
struct Args {
    /// Where to connect, such as ws://127.0.0.1:9001
    url: String,
    /// A subprotocol to offer; may be given several times.
    #[arg(long)]
    protocol: Vec<String>,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let args = Args::parse();
    let config = sansws_tokio::Config { keepalive: Some(Keepalive::default()), ..sansws_tokio::Config::client() };
    let connector = Connector::new().config(config).protocols(args.protocol);
    let (mut ws, _response) = connector.connect(&args.url).await?;
    eprintln!("connected; subprotocol {:?}", ws.protocol());

    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    loop {
        tokio::select! {
            line = lines.next_line() => match line? {
                Some(line) => ws.send(line).await?,
                None => break,
            },
            message = ws.next() => match message {
                Some(message) => print(&message?),
                None => {
                    eprintln!("server closed: {:?}", ws.close_frame());
                    return Ok(());
                }
            },
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
