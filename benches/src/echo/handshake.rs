//! The opening handshake, as short as it can be: for the floors, the load generator, and peers whose own is not measured.

use crate::Error;
use sansws_core::handshake::accept_key;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// What ends a head.
const END: &[u8] = b"\r\n\r\n";

/// What a client asks with.
#[must_use]
pub fn request() -> &'static [u8] {
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
      Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
}

/// What a server answers to a request.
///
/// # Errors
///
/// If there is no key in it.
pub fn answer(request: &[u8]) -> Result<String, Error> {
    const KEY: &str = "sec-websocket-key:";
    let request = std::str::from_utf8(request)?;
    let key = request.lines().find_map(|line| {
        line.get(..KEY.len()).filter(|name| name.eq_ignore_ascii_case(KEY)).map(|_| line[KEY.len()..].trim())
    });
    let accept = accept_key(key.ok_or("a request without a key")?.as_bytes());
    Ok(format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    ))
}

/// Whether a head is complete.
#[must_use]
pub fn is_complete(head: &[u8]) -> bool {
    head.ends_with(END)
}

/// Opens a connection as a client, on a stream that blocks.
///
/// # Errors
///
/// That of the stream, or that the server refuses.
pub fn connect(stream: &mut (impl Read + Write)) -> Result<(), Error> {
    stream.write_all(request())?;
    let head = read(stream)?;
    if head.starts_with(b"HTTP/1.1 101 ") {
        return Ok(());
    }
    Err(format!("refused: {}", String::from_utf8_lossy(&head)).into())
}

/// Opens a connection as a client, which blocks; then, it does not any more.
///
/// # Errors
///
/// As [`connect`].
pub fn connected(addr: SocketAddr) -> Result<TcpStream, Error> {
    let mut tcp = TcpStream::connect(addr)?;
    connect(&mut tcp)?;
    tcp.set_nodelay(true)?;
    tcp.set_nonblocking(true)?;
    Ok(tcp)
}

/// Opens a connection as a server, on a stream that blocks.
///
/// # Errors
///
/// That of the stream, or that it was no request.
pub fn accept(stream: &mut (impl Read + Write)) -> Result<(), Error> {
    let head = read(stream)?;
    Ok(stream.write_all(answer(&head)?.as_bytes())?)
}

/// Opens a connection as a server, on a stream of tokio's.
///
/// # Errors
///
/// That of the stream, or that it was no request.
pub async fn accept_async(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Result<(), Error> {
    let mut request = Vec::new();
    while !is_complete(&request) {
        if stream.read_buf(&mut request).await? == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
    }
    stream.write_all(answer(&request)?.as_bytes()).await?;
    Ok(stream.flush().await?)
}

/// Reads a head and nothing behind it.
fn read(stream: &mut impl Read) -> Result<Vec<u8>, Error> {
    let mut head = Vec::new();
    while !is_complete(&head) {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    Ok(head)
}
