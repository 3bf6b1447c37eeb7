#![forbid(unsafe_code)]
//! WebSocket for async-std, which is discontinued (RUSTSEC-2025-0052): prefer `sansws-smol` for new programs.
//!
//! The protocol is in [`sansws_core`], without I/O; the loop that drives it is shared with the adapters of other
//! runtimes, which have the same names. Here is what binds both to async-std: streams, and the clock.
//!
//! # A server
//!
//! The fastest loop is [`WsStream::serve`]: each message is on loan, and the replies to all messages of one read
//! leave in one write.
//!
//! ```no_run
//! use sansws_async_std::Acceptor;
//!
//! # async fn run() -> std::io::Result<()> {
//! let listener = async_std::net::TcpListener::bind("127.0.0.1:9001").await?;
//! let acceptor = Acceptor::new();
//! loop {
//!     let Ok((tcp, _)) = listener.accept().await else {
//!         async_std::task::sleep(std::time::Duration::from_millis(50)).await; // out of file descriptors, perhaps
//!         continue;
//!     };
//!     let acceptor = acceptor.clone();
//!     async_std::task::spawn(async move {
//!         let mut ws = acceptor.accept(tcp).await?;
//!         ws.serve(|message, sender| sender.send_ref(message)).await
//!     });
//! }
//! # }
//! ```
//!
//! # A client
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # async_std::task::block_on(async {
//! # let listener = async_std::net::TcpListener::bind("127.0.0.1:0").await?;
//! # let url = format!("ws://{}", listener.local_addr()?);
//! # async_std::task::spawn(async move {
//! #     let (tcp, _) = listener.accept().await.unwrap();
//! #     let mut ws = sansws_async_std::accept(tcp).await.unwrap();
//! #     ws.serve(|message, sender| sender.send_ref(message)).await.unwrap();
//! # });
//! let mut ws = sansws_async_std::connect(&url).await?; // such as "ws://localhost:9001"
//! ws.send("hello").await?;
//! if let Some(message) = ws.next().await {
//!     assert_eq!(message?.as_text(), Some("hello"));
//! }
//! ws.close(None).await?;
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! # Cancel safety
//!
//! A future may be dropped at any point, as `select!` and timeouts do:
//!
//! | future | dropped before it is ready |
//! |---|---|
//! | `next`, `read`, `next_event`, `read_event`, `idle`, of a [`Reader`] too | nothing is lost; the next call goes on |
//! | `send`, `feed`, `send_fragment`, `ping`, of a [`Writer`] or [`Sender`] too | the message is queued whole or not at all; if queued, whatever is awaited next sends it |
//! | `flush`, `ready` | what is queued stays queued |
//! | `serve`, `serve_events` | a message is handled whole or not at all |
//! | `close` | the Close frame is queued; any later call goes on with the closing handshake |
//! | [`Drain`]'s `started`, `shutdown` | connections go on closing; another call waits again |
//! | `accept`, `connect` and their like | not cancel safe: the stream is dropped, and there is no connection |

use async_std::io::{Read, Write};
use async_std::net::{TcpStream, ToSocketAddrs};
use sansws_driver::{Bind, Connect, FuturesIo, Runtime, Sleep};
use std::any::Any;
use std::future::Future;
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::pin::Pin;
use std::time::Duration;

pub use sansws_core as core;
#[cfg(feature = "deflate")]
pub use sansws_core::deflate::{Deflate, Params};
pub use sansws_core::handshake::{ClientRequest, Rejection, Response};
#[cfg(feature = "web")]
pub use sansws_core::web;
pub use sansws_core::{
    CloseCode, CloseFrame, Config, Event, Fragment, Keepalive, Kind, Limits, Message, MessageRef, Prepared,
};
#[cfg(feature = "tls")]
pub use sansws_driver::rustls;
#[cfg(feature = "web")]
pub use sansws_driver::web::{
    AbortController, AbortError, AbortSignal, Closed, Opened, Readable, WebSocketOpenInfo, WebSocketStreamOptions,
    Writable,
};
pub use sansws_driver::{Error, Origins};

/// An open WebSocket over a stream of async-std's; see [`sansws_driver::WsStream`] for its methods.
pub type WsStream<S = TcpStream> = sansws_driver::WsStream<Transport<S>, Timer>;

/// How a server opens WebSockets; see [`sansws_driver::Acceptor`].
pub type Acceptor = sansws_driver::Acceptor<AsyncStd>;

/// How a client opens WebSockets; see [`sansws_driver::Connector`].
pub type Connector = sansws_driver::Connector<AsyncStd>;

/// The receiving half of a [`WsStream`]; see [`sansws_driver::Reader`].
pub type Reader<S = TcpStream> = sansws_driver::Reader<Transport<S>, Timer>;

/// The sending half of a [`WsStream`]; see [`sansws_driver::Writer`].
pub type Writer<S = TcpStream> = sansws_driver::Writer<Transport<S>, Timer>;

/// A handle to send with; see [`sansws_driver::Sender`].
pub type Sender<S = TcpStream> = sansws_driver::Sender<Transport<S>, Timer>;

/// Ends all connections of a server; see [`sansws_driver::Drain`].
pub type Drain = sansws_driver::Drain<AsyncStd>;

/// The browser's `WebSocket`; see [`sansws_driver::web::WebSocket`] for its members.
///
/// ```
/// use sansws_async_std::WebSocket;
/// use sansws_async_std::web::Event;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # async_std::task::block_on(async {
/// # let listener = async_std::net::TcpListener::bind("127.0.0.1:0").await?;
/// # let url = format!("ws://{}", listener.local_addr()?);
/// # async_std::task::spawn(async move {
/// #     while let Ok((tcp, _)) = listener.accept().await {
/// #         let mut ws = sansws_async_std::accept(tcp).await.unwrap();
/// #         async_std::task::spawn(async move { ws.serve(|message, sender| sender.send_ref(message)).await });
/// #     }
/// # });
/// // Create WebSocket connection.
/// let mut socket = WebSocket::new(&url, ())?; // such as "ws://localhost:8080"
///
/// while let Some(event) = socket.next().await {
///     match event {
///         // Connection opened
///         Event::Open => socket.send("Hello Server!")?,
///         // Listen for messages
///         Event::Message(event) => {
///             assert_eq!(event.data.as_text(), Some("Hello Server!")); // the server sends it back
///             socket.close(1000, "Work complete")?;
///         }
///         Event::Error(failure) => return Err(failure.into()),
///         Event::Close(event) => assert_eq!((event.code, event.was_clean), (1000, true)),
///     }
/// }
/// # Ok(())
/// # })
/// # }
/// ```
///
/// With handlers, in the background:
///
/// ```
/// # use sansws_async_std::WebSocket;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # async_std::task::block_on(async {
/// # let listener = async_std::net::TcpListener::bind("127.0.0.1:0").await?;
/// # let url = format!("ws://{}", listener.local_addr()?);
/// # async_std::task::spawn(async move {
/// #     while let Ok((tcp, _)) = listener.accept().await {
/// #         let mut ws = sansws_async_std::accept(tcp).await.unwrap();
/// #         async_std::task::spawn(async move { ws.serve(|message, sender| sender.send_ref(message)).await });
/// #     }
/// # });
/// # let (done, finished) = std::sync::mpsc::channel();
/// let socket = WebSocket::new(&url, ())?
///     .on_open(|socket| socket.send("Hello Server!").expect("it is open"))
///     .on_message(|socket, event| {
///         println!("Message from server {:?}", event.data);
///         socket.close(None, None).expect("nothing to be wrong about");
///     })
///     .on_close(move |_, event| {
///         println!("closed with {}", event.code);
/// #       done.send(event.code).unwrap();
///     })
///     .start()?;
/// # assert_eq!(async_std::task::spawn_blocking(move || finished.recv()).await, Ok(1005));
/// # assert_eq!(socket.ready_state(), WebSocket::CLOSED);
/// # Ok(())
/// # })
/// # }
/// ```
#[cfg(feature = "web")]
pub type WebSocket = sansws_driver::web::WebSocket<AsyncStd>;

/// Who is called with the events of a [`WebSocket`]; see [`sansws_driver::web::Handlers`].
#[cfg(feature = "web")]
pub type Handlers = sansws_driver::web::Handlers<AsyncStd>;

/// The browser's `WebSocketStream`; see [`sansws_driver::web::WebSocketStream`] for its members.
///
/// ```
/// use sansws_async_std::{WebSocketOpenInfo, WebSocketStream};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # async_std::task::block_on(async {
/// # let listener = async_std::net::TcpListener::bind("127.0.0.1:0").await?;
/// # let url = format!("ws://{}", listener.local_addr()?);
/// # async_std::task::spawn(async move {
/// #     while let Ok((tcp, _)) = listener.accept().await {
/// #         let mut ws = sansws_async_std::accept(tcp).await.unwrap();
/// #         async_std::task::spawn(async move { ws.serve(|_, sender| sender.send_ref("pong")).await });
/// #     }
/// # });
/// let wss = WebSocketStream::new(&url)?; // such as "ws://127.0.0.1/"
/// println!("{}", wss.url());
///
/// let WebSocketOpenInfo { mut readable, mut writable, .. } = wss.opened().await?;
/// println!("CONNECTED");
/// writable.write("ping").await?;
/// println!("SENT: ping");
///
/// while let Some(message) = readable.next().await {
///     println!("RECEIVED: {:?}", message?);
///     wss.close((1000, "That's all folks"))?;
/// }
/// let result = wss.closed().await?;
/// println!("DISCONNECTED: code {:?}, message {:?}", result.close_code, result.reason);
/// # assert_eq!(result.close_code, Some(1000));
/// # Ok(())
/// # })
/// # }
/// ```
///
/// With subprotocols, and a signal by which it can be given up until it is open:
///
/// ```
/// use sansws_async_std::{AbortController, WebSocketStream, WebSocketStreamOptions};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # async_std::task::block_on(async {
/// # let silent = std::net::TcpListener::bind("127.0.0.1:0")?; // never answers
/// # let url = format!("ws://{}/queue", silent.local_addr()?);
/// let controller = AbortController::new();
/// let options = WebSocketStreamOptions {
///     protocols: vec!["amqp".into(), "mqtt".into()],
///     signal: Some(controller.signal()),
///     ..WebSocketStreamOptions::default()
/// };
/// let queue = WebSocketStream::with_options(&url, options)?;
/// controller.abort_with("no longer needed");
///
/// let rejected = queue.await.unwrap_err(); // else its streams, and itself again
/// assert_eq!(rejected.to_string(), "no longer needed");
/// # Ok(())
/// # })
/// # }
/// ```
#[cfg(feature = "web")]
pub type WebSocketStream = sansws_driver::web::WebSocketStream<AsyncStd>;

/// A [`WebSocketStream`] that is awaited; see [`sansws_driver::web::Opening`].
#[cfg(feature = "web")]
pub type Opening = sansws_driver::web::Opening<AsyncStd>;

/// A stream of async-std's, as the driver wants it. One that wraps a socket must shut that down in its `poll_close`:
/// closing a socket of async-std only flushes it.
pub type Transport<S> = FuturesIo<S>;

/// The standard library's clock, with async-std's timers.
pub type Timer = sansws_driver::Timer<AsyncStd>;

/// Opens a WebSocket as a client, with all defaults. [`Connector`] has the choices.
///
/// Not cancel safe: dropped, the attempt is given up.
///
/// # Errors
///
/// As [`Connector::connect`](sansws_driver::Connector::connect).
pub async fn connect(url: &str) -> Result<WsStream, Error> {
    Connector::new().connect(url).await.map(|(stream, _)| stream)
}

/// Opens a WebSocket as a server, with all defaults, on a stream that a client has connected. [`Acceptor`] has the
/// choices.
///
/// Not cancel safe: dropped, the stream is dropped with it.
///
/// # Errors
///
/// As [`Acceptor::accept`](sansws_driver::Acceptor::accept).
pub async fn accept<S: Read + Write + Unpin + 'static>(stream: S) -> Result<WsStream<S>, Error> {
    Acceptor::new().accept(stream).await
}

/// The runtime, as the driver knows it.
#[derive(Clone, Copy, Debug)]
pub struct AsyncStd(());

impl Runtime for AsyncStd {
    type Clock = Timer;
}

impl Sleep for AsyncStd {
    type Future = Pin<Box<dyn Future<Output = ()> + Send + Sync>>; // async-std does not name it

    fn sleep(duration: Duration) -> Self::Future {
        Box::pin(async_std::task::sleep(duration))
    }
}

impl<S: Read + Write + Unpin + 'static> Bind<S> for AsyncStd {
    type Transport = Transport<S>;

    fn bind(stream: S) -> Transport<S> {
        if let Some(tcp) = (&stream as &dyn Any).downcast_ref::<TcpStream>() {
            let _ = tcp.set_nodelay(true); // a delay would be all that is lost
        }
        Transport::new(stream, shut_down)
    }
}

/// Ends the write side of a socket, which closing does not.
fn shut_down<S: 'static>(stream: &S) -> io::Result<()> {
    let stream: &dyn Any = stream;
    if let Some(tcp) = stream.downcast_ref::<TcpStream>() {
        return tcp.shutdown(Shutdown::Write);
    }
    #[cfg(unix)]
    if let Some(unix) = stream.downcast_ref::<async_std::os::unix::net::UnixStream>() {
        return unix.shutdown(Shutdown::Write);
    }
    Ok(())
}

impl Connect for AsyncStd {
    type Tcp = TcpStream;

    async fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok((host, port).to_socket_addrs().await?.collect())
    }

    async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
        TcpStream::connect(address).await
    }
}

#[cfg(feature = "web")]
impl sansws_driver::Spawn for AsyncStd {
    fn spawn(task: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        async_std::task::spawn(task);
        Ok(())
    }
}

#[cfg(unix)]
impl sansws_driver::ConnectUnix for AsyncStd {
    type Unix = async_std::os::unix::net::UnixStream;

    async fn connect_unix(path: &std::path::Path) -> io::Result<Self::Unix> {
        Self::Unix::connect(path).await
    }
}
