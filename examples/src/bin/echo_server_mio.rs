//! An echo server on mio: one thread, one selector, any number of connections. Each that the selector names is served
//! until it would block; once a second, those whose deadlines have come are.
//!
//! `cargo run --release --bin echo_server_mio -- --addr 127.0.0.1:9001`, then connect with any client.

use clap::Parser;
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};
use sansws_mio::{Acceptor, Error, Keepalive, Origins, WsStream};
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Sends every message back.
#[derive(Parser)]
struct Args {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:9001")]
    addr: SocketAddr,
}

const LISTENER: Token = Token(0);
const SECOND: Duration = Duration::from_secs(1);

fn main() -> Result<(), Error> {
    let config = sansws_mio::Config { keepalive: Some(Keepalive::default()), ..Default::default() };
    // Pages of any site may connect, since there is nothing to protect here. The default is this host's pages only.
    let acceptor = Acceptor::new().config(config).origins(Origins::Any);
    let mut listener = TcpListener::bind(Args::parse().addr)?;
    println!("listening on ws://{}", listener.local_addr()?);

    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(1024));
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut connections: HashMap<Token, WsStream> = HashMap::new();
    let (mut last, mut looked) = (LISTENER, Instant::now());
    let mut due: Vec<Token> = Vec::new();
    loop {
        let timeout = if due.is_empty() { SECOND } else { Duration::ZERO };
        match poll.poll(&mut events, Some(timeout)) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error.into()),
            _ => due.extend(events.iter().map(|event| {
                if let Some(ws) = connections.get_mut(&event.token()) {
                    ws.notice(event);
                }
                event.token()
            })),
        }
        if looked.elapsed() >= SECOND {
            looked = Instant::now();
            due.push(LISTENER); // there may have been no descriptors left
            due.extend(
                connections.iter().filter(|(_, ws)| ws.timeout() == Some(Duration::ZERO)).map(|(token, _)| *token),
            );
        }
        for token in std::mem::take(&mut due) {
            if token == LISTENER {
                while let Ok((tcp, _)) = listener.accept() {
                    let mut ws = acceptor.begin(tcp)?;
                    last = Token(last.0 + 1);
                    match poll.registry().register(&mut ws, last, Interest::READABLE | Interest::WRITABLE) {
                        Ok(()) => drop(connections.insert(last, ws)),
                        Err(error) => eprintln!("register: {error}"),
                    }
                }
            }
            let Some(ws) = connections.get_mut(&token) else { continue };
            match ws.serve(|message, sender| sender.send_ref(message)) {
                Ok(true) => due.push(token), // there is more, after the others' turn
                Err(Error::WouldBlock) => {}
                ended => {
                    connections.remove(&token);
                    if let Err(error) = ended {
                        eprintln!("{error}");
                    }
                }
            }
        }
    }
}
