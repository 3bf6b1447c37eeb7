//! The core alone, over a blocking socket of the standard library: the whole loop is visible. A client that sends one
//! message, prints the answer, and closes.
//!
//! `cargo run --release --bin sans_io -- 127.0.0.1:9001`

use bytes::Buf;
use rand::Rng;
use sansws_core::handshake::{ClientHandshake, ClientRequest, HandshakeLimits};
use sansws_core::{CloseCode, Config, Event, Input, Instant, Output};
use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:9001".into());
    let start = std::time::Instant::now();
    let now = || Instant::since_origin(start.elapsed()); // time is an input
    let entropy = |bytes: &mut [u8]| rand::rng().fill_bytes(bytes); // and so is randomness
    let mut tcp = TcpStream::connect(&address)?;

    let (request, limits) = (ClientRequest::new(address, "/"), HandshakeLimits::default());
    let mut handshake = ClientHandshake::new(request, Config::client(), limits, entropy, now())?;
    write(&mut tcp, handshake.output())?;
    let mut connection = loop {
        if let Some((connection, _response)) = handshake.receive(now())? {
            break connection;
        }
        tcp.set_read_timeout(Some(until(handshake.poll_timeout(), now())))?;
        match read(&mut tcp, handshake.input()) {
            Err(error) if is_timeout(&error) => handshake.handle_timeout(now())?,
            Ok(0) => return Err(handshake.receive_eof().into()),
            other => drop(other?),
        }
    };

    connection.send("hello from the core")?;
    while !connection.is_closed() {
        while let Some(event) = connection.receive(now())? {
            println!("{event:?}");
            if let Event::Message(_) = event {
                connection.close(CloseCode::NORMAL.into())?;
            }
        }
        write(&mut tcp, connection.output())?;
        if connection.wants_shutdown() {
            tcp.shutdown(Shutdown::Write)?;
        }
        tcp.set_read_timeout(connection.poll_timeout().map(|deadline| until(deadline, now())))?;
        match read(&mut tcp, connection.input()) {
            Err(error) if is_timeout(&error) => connection.handle_timeout(now())?,
            Ok(0) => connection.receive_eof()?,
            other => drop(other?),
        }
    }
    Ok(())
}

fn read(tcp: &mut TcpStream, input: &mut Input) -> io::Result<usize> {
    let mut bytes = [0; 4096];
    let read = tcp.read(&mut bytes)?;
    input.extend_from_slice(&bytes[..read]);
    Ok(read)
}

fn write(tcp: &mut TcpStream, output: &mut Output) -> io::Result<()> {
    while output.has_remaining() {
        output.advance(tcp.write(output.chunk())?);
    }
    Ok(())
}

fn until(deadline: Instant, now: Instant) -> Duration {
    deadline.saturating_duration_since(now).max(Duration::from_millis(1)) // zero would mean forever
}

fn is_timeout(error: &io::Error) -> bool {
    [io::ErrorKind::WouldBlock, io::ErrorKind::TimedOut].contains(&error.kind())
}
