//! WebSocket for threads that block.
//!
//! A [`WsStream`] has the calls that the adapters of async runtimes have, and they wait: in poll(2), for as long as the
//! connection's own deadlines or [`set_timeout`](WsStream::set_timeout) let them. Pings are answered, and time counts, while
//! a call waits and not between calls. There is no other thread behind this, and no runtime.
//!
//! # A server
//!
//! ```no_run
//! use sansws_mio::blocking::{Acceptor, WsStream, block_on};
//! use std::net::TcpListener;
//!
//! # fn run() -> std::io::Result<()> {
//! let acceptor = Acceptor::new();
//! for tcp in TcpListener::bind("127.0.0.1:9001")?.incoming().flatten() {
//!     let acceptor = acceptor.clone();
//!     std::thread::spawn(move || {
//!         let mut ws = WsStream::from(block_on(acceptor.accept(tcp))?);
//!         ws.serve(|message, sender| sender.send_ref(message))
//!     });
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # A client
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
//! # let url = format!("ws://{}", listener.local_addr()?);
//! # std::thread::spawn(move || {
//! #     let mut ws = sansws_mio::blocking::accept(listener.accept().unwrap().0).unwrap();
//! #     ws.serve(|message, sender| sender.send_ref(message)).unwrap();
//! # });
//! let mut ws = sansws_mio::blocking::connect(&url)?; // such as "ws://localhost:9001"
//! ws.send("hello")?;
//! if let Some(message) = ws.next() {
//!     assert_eq!(message?.as_text(), Some("hello"));
//! }
//! ws.close(None)?;
//! # Ok(())
//! # }
//! ```
//!
//! # Two threads
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
//! # let url = format!("ws://{}", listener.local_addr()?);
//! # std::thread::spawn(move || {
//! #     let mut ws = sansws_mio::blocking::accept(listener.accept().unwrap().0).unwrap();
//! #     ws.serve(|message, sender| sender.send_ref(message)).unwrap();
//! # });
//! let (reader, writer) = sansws_mio::blocking::connect(&url)?.split();
//! let numbers = std::thread::spawn(move || {
//!     (0..100).try_for_each(|number| writer.send(number.to_string()))?;
//!     writer.close(None)
//! });
//! assert_eq!(reader.map_while(Result::ok).count(), 100);
//! # numbers.join().unwrap()?;
//! # Ok(())
//! # }
//! ```
//!
//! # Options
//!
//! [`Acceptor`] and [`Connector`] are those of all adapters, and so are their methods, whose futures [`block_on`] runs;
//! `WsStream::from` makes a blocking stream of what they give.

mod bell;
mod halves;
mod patience;
mod signal;
mod socket;
mod stream;
mod waits;

use sansws_driver::{Bind, Connect, Error, Runtime};
use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};

pub use halves::{Reader, Sender, Writer};
pub use socket::{Socket, Transport};
pub use stream::WsStream;
pub use waits::{Timer, block_on};

/// How a server opens WebSockets; see [`sansws_driver::Acceptor`], and [`block_on`] for its futures.
pub type Acceptor = sansws_driver::Acceptor<Blocking>;

/// How a client opens WebSockets; see [`sansws_driver::Connector`], and [`block_on`] for its futures. Resolving names takes
/// as long as the system lets it.
pub type Connector = sansws_driver::Connector<Blocking>;

/// Ends all connections of a server; see [`sansws_driver::Drain`], and [`block_on`] for its futures.
pub type Drain = sansws_driver::Drain<Blocking>;

/// Opens a WebSocket as a client, with all defaults. [`Connector`] has the choices.
///
/// # Errors
///
/// As [`Connector::connect`](sansws_driver::Connector::connect).
pub fn connect(url: &str) -> Result<WsStream, Error> {
    block_on(Connector::new().connect(url)).map(|(ws, _)| ws.into())
}

/// Opens a WebSocket as a server, with all defaults, on a stream that a client has connected. [`Acceptor`] has the
/// choices.
///
/// # Errors
///
/// As [`Acceptor::accept`](sansws_driver::Acceptor::accept).
pub fn accept<S: Socket>(stream: S) -> Result<WsStream<S>, Error> {
    block_on(Acceptor::new().accept(stream)).map(WsStream::from)
}

/// The runtime, as the driver knows it.
#[derive(Clone, Copy, Debug)]
pub struct Blocking(());

impl Runtime for Blocking {
    type Clock = Timer;
}

impl<S: Socket> Bind<S> for Blocking {
    type Transport = Transport<S>;

    fn bind(stream: S) -> Transport<S> {
        Transport::new(stream)
    }
}

impl Connect for Blocking {
    type Tcp = TcpStream;

    async fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok((host, port).to_socket_addrs()?.collect())
    }

    fn connect(address: SocketAddr) -> impl Future<Output = io::Result<TcpStream>> + Send {
        socket::connect(address)
    }
}

#[cfg(unix)]
impl sansws_driver::ConnectUnix for Blocking {
    type Unix = std::os::unix::net::UnixStream;

    /// Fails rather than wait if the server has as many connections to accept as it keeps.
    async fn connect_unix(path: &std::path::Path) -> io::Result<Self::Unix> {
        mio::net::UnixStream::connect(path).map(Into::into)
    }
}
