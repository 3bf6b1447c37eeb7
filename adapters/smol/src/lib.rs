#![forbid(unsafe_code)]
//! WebSocket for smol.
//!
//! The protocol is in [`sansws_core`], without I/O; the loop that drives it is shared with the adapters of other
//! runtimes, which have the same names. Here is what binds both to smol: streams, and the clock.
//!
//! # A server
//!
//! The fastest loop is [`WsStream::serve`]: each message is on loan, and the replies to all messages of one read
//! leave in one write.
//!
//! ```no_run
//! use sansws_smol::Acceptor;
//!
//! # async fn run() -> std::io::Result<()> {
//! let listener = smol::net::TcpListener::bind("127.0.0.1:9001").await?;
//! let acceptor = Acceptor::new();
//! loop {
//!     let Ok((tcp, _)) = listener.accept().await else {
//!         smol::Timer::after(std::time::Duration::from_millis(50)).await; // out of file descriptors, perhaps
//!         continue;
//!     };
//!     let acceptor = acceptor.clone();
//!     smol::spawn(async move {
//!         let mut ws = acceptor.accept(tcp).await?;
//!         ws.serve(|message, sender| sender.send_ref(message)).await
//!     })
//!     .detach();
//! }
//! # }
//! ```
//!
//! # A client
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # smol::block_on(async {
//! # let listener = smol::net::TcpListener::bind("127.0.0.1:0").await?;
//! # let url = format!("ws://{}", listener.local_addr()?);
//! # smol::spawn(async move {
//! #     let (tcp, _) = listener.accept().await.unwrap();
//! #     let mut ws = sansws_smol::accept(tcp).await.unwrap();
//! #     ws.serve(|message, sender| sender.send_ref(message)).await.unwrap();
//! # })
//! # .detach();
//! let mut ws = sansws_smol::connect(&url).await?; // such as "ws://localhost:9001"
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

use sansws_driver::{Bind, Connect, FuturesIo, Runtime, Sleep};
use smol::Async;
use smol::io::{AsyncRead, AsyncWrite};
use smol::net::TcpStream;
use std::any::Any;
#[cfg(feature = "web")]
use std::future::Future;
use std::io;
use std::net::{Shutdown, SocketAddr};
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

/// An open WebSocket over a stream of smol's; see [`sansws_driver::WsStream`] for its methods.
pub type WsStream<S = TcpStream> = sansws_driver::WsStream<Transport<S>, Timer>;

/// How a server opens WebSockets; see [`sansws_driver::Acceptor`].
pub type Acceptor = sansws_driver::Acceptor<Smol>;

/// How a client opens WebSockets; see [`sansws_driver::Connector`].
pub type Connector = sansws_driver::Connector<Smol>;

/// The receiving half of a [`WsStream`]; see [`sansws_driver::Reader`].
pub type Reader<S = TcpStream> = sansws_driver::Reader<Transport<S>, Timer>;

/// The sending half of a [`WsStream`]; see [`sansws_driver::Writer`].
pub type Writer<S = TcpStream> = sansws_driver::Writer<Transport<S>, Timer>;

/// A handle to send with; see [`sansws_driver::Sender`].
pub type Sender<S = TcpStream> = sansws_driver::Sender<Transport<S>, Timer>;

/// Ends all connections of a server; see [`sansws_driver::Drain`].
pub type Drain = sansws_driver::Drain<Smol>;

/// The browser's `WebSocket`; see [`sansws_driver::web::WebSocket`] for its members.
///
/// ```
/// use sansws_smol::WebSocket;
/// use sansws_smol::web::Event;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # smol::block_on(async {
/// # let listener = smol::net::TcpListener::bind("127.0.0.1:0").await?;
/// # let url = format!("ws://{}", listener.local_addr()?);
/// # smol::spawn(async move {
/// #     while let Ok((tcp, _)) = listener.accept().await {
/// #         let mut ws = sansws_smol::accept(tcp).await.unwrap();
/// #         smol::spawn(async move { ws.serve(|message, sender| sender.send_ref(message)).await }).detach();
/// #     }
/// # })
/// # .detach();
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
/// # use sansws_smol::WebSocket;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # smol::block_on(async {
/// # let listener = smol::net::TcpListener::bind("127.0.0.1:0").await?;
/// # let url = format!("ws://{}", listener.local_addr()?);
/// # smol::spawn(async move {
/// #     while let Ok((tcp, _)) = listener.accept().await {
/// #         let mut ws = sansws_smol::accept(tcp).await.unwrap();
/// #         smol::spawn(async move { ws.serve(|message, sender| sender.send_ref(message)).await }).detach();
/// #     }
/// # })
/// # .detach();
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
/// # assert_eq!(smol::unblock(move || finished.recv()).await, Ok(1005));
/// # assert_eq!(socket.ready_state(), WebSocket::CLOSED);
/// # Ok(())
/// # })
/// # }
/// ```
#[cfg(feature = "web")]
pub type WebSocket = sansws_driver::web::WebSocket<Smol>;

/// Who is called with the events of a [`WebSocket`]; see [`sansws_driver::web::Handlers`].
#[cfg(feature = "web")]
pub type Handlers = sansws_driver::web::Handlers<Smol>;

/// The browser's `WebSocketStream`; see [`sansws_driver::web::WebSocketStream`] for its members.
///
/// ```
/// use sansws_smol::{WebSocketOpenInfo, WebSocketStream};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # smol::block_on(async {
/// # let listener = smol::net::TcpListener::bind("127.0.0.1:0").await?;
/// # let url = format!("ws://{}", listener.local_addr()?);
/// # smol::spawn(async move {
/// #     while let Ok((tcp, _)) = listener.accept().await {
/// #         let mut ws = sansws_smol::accept(tcp).await.unwrap();
/// #         smol::spawn(async move { ws.serve(|_, sender| sender.send_ref("pong")).await }).detach();
/// #     }
/// # })
/// # .detach();
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
/// use sansws_smol::{AbortController, WebSocketStream, WebSocketStreamOptions};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # smol::block_on(async {
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
pub type WebSocketStream = sansws_driver::web::WebSocketStream<Smol>;

/// A [`WebSocketStream`] that is awaited; see [`sansws_driver::web::Opening`].
#[cfg(feature = "web")]
pub type Opening = sansws_driver::web::Opening<Smol>;

/// A stream of smol's, as the driver wants it. One that wraps an [`Async`] socket must shut that down in its
/// `poll_close`: closing an [`Async`] only flushes it.
pub type Transport<S> = FuturesIo<S>;

/// The standard library's clock, with smol's timers.
pub type Timer = sansws_driver::Timer<Smol>;

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
pub async fn accept<S: AsyncRead + AsyncWrite + Unpin + 'static>(stream: S) -> Result<WsStream<S>, Error> {
    Acceptor::new().accept(stream).await
}

/// The runtime, as the driver knows it.
#[derive(Clone, Copy, Debug)]
pub struct Smol(());

impl Runtime for Smol {
    type Clock = Timer;
}

impl Sleep for Smol {
    type Future = smol::Timer;

    fn sleep(duration: Duration) -> smol::Timer {
        smol::Timer::after(duration)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + 'static> Bind<S> for Smol {
    type Transport = Transport<S>;

    fn bind(stream: S) -> Transport<S> {
        let any: &dyn Any = &stream;
        // A delay would be all that is lost.
        if let Some(tcp) = any.downcast_ref::<TcpStream>() {
            let _ = tcp.set_nodelay(true);
        } else if let Some(tcp) = any.downcast_ref::<Async<std::net::TcpStream>>() {
            let _ = tcp.get_ref().set_nodelay(true);
        }
        Transport::new(stream, shut_down)
    }
}

/// Ends the write side of a socket where closing does not.
fn shut_down<S: 'static>(stream: &S) -> io::Result<()> {
    let stream: &dyn Any = stream;
    if let Some(tcp) = stream.downcast_ref::<Async<std::net::TcpStream>>() {
        return tcp.get_ref().shutdown(Shutdown::Write);
    }
    #[cfg(unix)]
    if let Some(unix) = stream.downcast_ref::<Async<std::os::unix::net::UnixStream>>() {
        return unix.get_ref().shutdown(Shutdown::Write);
    }
    Ok(())
}

impl Connect for Smol {
    type Tcp = TcpStream;

    async fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        smol::net::resolve((host, port)).await
    }

    async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
        TcpStream::connect(address).await
    }
}

#[cfg(feature = "web")]
impl sansws_driver::Spawn for Smol {
    fn spawn(task: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        smol::spawn(task).detach();
        Ok(())
    }
}

#[cfg(unix)]
impl sansws_driver::ConnectUnix for Smol {
    type Unix = smol::net::unix::UnixStream;

    async fn connect_unix(path: &std::path::Path) -> io::Result<Self::Unix> {
        Self::Unix::connect(path).await
    }
}
