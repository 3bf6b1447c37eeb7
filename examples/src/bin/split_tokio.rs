//! A room on tokio: what one client says, all others get. Each connection is split. Its reader waits for messages, its
//! writer pings now and then, and everybody has a handle to send to it: three tasks and more on one connection.
//!
//! `cargo run --release --bin split_tokio -- --addr 127.0.0.1:9001`, then connect with several clients, such as
//! `cargo run --release --bin client_tokio -- ws://127.0.0.1:9001`.

use clap::Parser;
use sansws_tokio::{Acceptor, Error, Message, Origins, Reader, Sender, Writer};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// Sends every message to all others.
#[derive(Parser)]
struct Args {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:9001")]
    addr: String,
}

/// Who is here.
#[derive(Clone, Default)]
struct Room(Arc<Mutex<HashMap<SocketAddr, Sender>>>);

impl Room {
    fn with<R>(&self, act: impl FnOnce(&mut HashMap<SocketAddr, Sender>) -> R) -> R {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sends this to all others. Nobody waits for one that is slow: it misses what does not fit. To clone a message
    /// copies nothing.
    fn say(&self, from: SocketAddr, message: &Message) {
        self.with(|here| {
            for (_, sender) in here.iter().filter(|(who, _)| **who != from) {
                let _ = sender.try_feed(message.clone()); // too slow, or about to leave
            }
        });
    }
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let (acceptor, room) = (Acceptor::new().origins(Origins::Any), Room::default());
    let listener = TcpListener::bind(Args::parse().addr).await?;
    println!("listening on ws://{}", listener.local_addr()?);
    loop {
        let Ok((tcp, who)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await; // out of file descriptors, perhaps
            continue;
        };
        let (acceptor, room) = (acceptor.clone(), room.clone());
        tokio::spawn(async move {
            if let Err(error) = join(&acceptor, tcp, who, &room).await {
                eprintln!("{who}: {error}");
            }
        });
    }
}

async fn join(acceptor: &Acceptor, tcp: TcpStream, who: SocketAddr, room: &Room) -> Result<(), Error> {
    let (reader, writer) = acceptor.accept(tcp).await?.split();
    room.with(|here| here.insert(who, writer.sender()));
    let pinging = tokio::spawn(ping(writer));
    let ended = listen(reader, who, room).await;
    pinging.abort();
    room.with(|here| here.remove(&who));
    ended
}

/// All that this client says, until it leaves. What others feed to it leaves while this waits.
async fn listen(mut reader: Reader, who: SocketAddr, room: &Room) -> Result<(), Error> {
    while let Some(message) = reader.next().await {
        room.say(who, &message?);
    }
    Ok(())
}

/// Pings until the connection ends.
async fn ping(writer: Writer) -> Result<(), Error> {
    loop {
        tokio::time::sleep(Duration::from_secs(20)).await;
        writer.ping(b"").await?;
    }
}
