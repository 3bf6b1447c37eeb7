#![forbid(unsafe_code)]
//! WebSocket for tokio.
//!
//! The protocol is in [`sansws_core`], without I/O; the loop that drives it is shared with the adapters of other
//! runtimes, which have the same names. Here is what binds both to tokio: streams, and the clock.
//!
//! # A server
//!
//! The fastest loop is [`WsStream::serve`]: each message is on loan, and the replies to all messages of one read
//! leave in one write.
//!
//! ```no_run
//! use sansws_tokio::Acceptor;
//!
//! # async fn run() -> std::io::Result<()> {
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:9001").await?;
//! let acceptor = Acceptor::new();
//! loop {
//!     let Ok((tcp, _)) = listener.accept().await else {
//!         tokio::time::sleep(std::time::Duration::from_millis(50)).await; // out of file descriptors, perhaps
//!         continue;
//!     };
//!     let acceptor = acceptor.clone();
//!     tokio::spawn(async move {
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
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! # let url = format!("ws://{}", listener.local_addr()?);
//! # tokio::spawn(async move {
//! #     let (tcp, _) = listener.accept().await.unwrap();
//! #     let mut ws = sansws_tokio::accept(tcp).await.unwrap();
//! #     ws.serve(|message, sender| sender.send_ref(message)).await.unwrap();
//! # });
//! let mut ws = sansws_tokio::connect(&url).await?; // such as "ws://localhost:9001"
//! ws.send("hello").await?;
//! if let Some(message) = ws.next().await {
//!     assert_eq!(message?.as_text(), Some("hello"));
//! }
//! ws.close(None).await?;
//! # Ok(())
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

use bytes::{BufMut, BytesMut};
use sansws_core::Instant;
use sansws_driver::{Bind, Clock, Connect, Runtime};
use std::any::Any;
use std::future::Future;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::OnceLock;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::Sleep;

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

/// An open WebSocket over a stream of tokio's; see [`sansws_driver::WsStream`] for its methods.
pub type WsStream<S = TcpStream> = sansws_driver::WsStream<Transport<S>, Timer>;

/// How a server opens WebSockets; see [`sansws_driver::Acceptor`].
pub type Acceptor = sansws_driver::Acceptor<Tokio>;

/// How a client opens WebSockets; see [`sansws_driver::Connector`].
pub type Connector = sansws_driver::Connector<Tokio>;

/// The receiving half of a [`WsStream`]; see [`sansws_driver::Reader`].
pub type Reader<S = TcpStream> = sansws_driver::Reader<Transport<S>, Timer>;

/// The sending half of a [`WsStream`]; see [`sansws_driver::Writer`].
pub type Writer<S = TcpStream> = sansws_driver::Writer<Transport<S>, Timer>;

/// A handle to send with; see [`sansws_driver::Sender`].
pub type Sender<S = TcpStream> = sansws_driver::Sender<Transport<S>, Timer>;

/// Ends all connections of a server; see [`sansws_driver::Drain`].
pub type Drain = sansws_driver::Drain<Tokio>;

/// The browser's `WebSocket`; see [`sansws_driver::web::WebSocket`] for its members.
///
/// ```
/// use sansws_tokio::WebSocket;
/// use sansws_tokio::web::Event;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
/// # let url = format!("ws://{}", listener.local_addr()?);
/// # tokio::spawn(async move {
/// #     while let Ok((tcp, _)) = listener.accept().await {
/// #         let mut ws = sansws_tokio::accept(tcp).await.unwrap();
/// #         tokio::spawn(async move { ws.serve(|message, sender| sender.send_ref(message)).await });
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
/// # }
/// ```
///
/// With handlers, in the background:
///
/// ```
/// # use sansws_tokio::WebSocket;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
/// # let url = format!("ws://{}", listener.local_addr()?);
/// # tokio::spawn(async move {
/// #     while let Ok((tcp, _)) = listener.accept().await {
/// #         let mut ws = sansws_tokio::accept(tcp).await.unwrap();
/// #         tokio::spawn(async move { ws.serve(|message, sender| sender.send_ref(message)).await });
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
/// # let closed = tokio::task::spawn_blocking(move || finished.recv()).await?;
/// # assert_eq!(closed, Ok(1005));
/// # assert_eq!(socket.ready_state(), WebSocket::CLOSED);
/// # Ok(())
/// # }
/// ```
#[cfg(feature = "web")]
pub type WebSocket = sansws_driver::web::WebSocket<Tokio>;

/// Who is called with the events of a [`WebSocket`]; see [`sansws_driver::web::Handlers`].
#[cfg(feature = "web")]
pub type Handlers = sansws_driver::web::Handlers<Tokio>;

/// The browser's `WebSocketStream`; see [`sansws_driver::web::WebSocketStream`] for its members.
///
/// ```
/// use sansws_tokio::{WebSocketOpenInfo, WebSocketStream};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
/// # let url = format!("ws://{}", listener.local_addr()?);
/// # tokio::spawn(async move {
/// #     while let Ok((tcp, _)) = listener.accept().await {
/// #         let mut ws = sansws_tokio::accept(tcp).await.unwrap();
/// #         tokio::spawn(async move { ws.serve(|_, sender| sender.send_ref("pong")).await });
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
/// # }
/// ```
///
/// With subprotocols, and a signal by which it can be given up until it is open:
///
/// ```
/// use sansws_tokio::{AbortController, WebSocketStream, WebSocketStreamOptions};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
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
/// # }
/// ```
#[cfg(feature = "web")]
pub type WebSocketStream = sansws_driver::web::WebSocketStream<Tokio>;

/// A [`WebSocketStream`] that is awaited; see [`sansws_driver::web::Opening`].
#[cfg(feature = "web")]
pub type Opening = sansws_driver::web::Opening<Tokio>;

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
pub struct Tokio(());

impl Runtime for Tokio {
    type Clock = Timer;
}

impl<S: AsyncRead + AsyncWrite + Unpin + 'static> Bind<S> for Tokio {
    type Transport = Transport<S>;

    fn bind(stream: S) -> Transport<S> {
        if let Some(tcp) = (&stream as &dyn Any).downcast_ref::<TcpStream>() {
            let _ = tcp.set_nodelay(true); // a delay would be all that is lost
        }
        Transport(stream)
    }
}

impl Connect for Tokio {
    type Tcp = TcpStream;

    async fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((host, port)).await?.collect())
    }

    async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
        TcpStream::connect(address).await
    }
}

#[cfg(feature = "web")]
impl sansws_driver::Spawn for Tokio {
    fn spawn(task: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        let handle = tokio::runtime::Handle::try_current().map_err(io::Error::other)?;
        handle.spawn(task);
        Ok(())
    }
}

#[cfg(unix)]
impl sansws_driver::ConnectUnix for Tokio {
    type Unix = tokio::net::UnixStream;

    async fn connect_unix(path: &std::path::Path) -> io::Result<Self::Unix> {
        tokio::net::UnixStream::connect(path).await
    }
}

/// A stream of tokio's, as the driver wants it.
#[derive(Debug)]
pub struct Transport<S>(S);

impl<S> Transport<S> {
    /// The stream.
    #[must_use]
    pub const fn get_ref(&self) -> &S {
        &self.0
    }

    /// The stream.
    #[must_use]
    pub fn into_inner(self) -> S {
        self.0
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> sansws_driver::Transport for Transport<S> {
    fn poll_read(&mut self, cx: &mut Context<'_>, input: &mut BytesMut, room: usize) -> Poll<io::Result<usize>> {
        debug_assert!(input.remaining_mut() >= room);
        let read = self.0.read_buf(input); // holds nothing: it may be made anew for each poll
        pin!(read).poll(cx)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let stream = Pin::new(&mut self.0);
        match slices {
            [slice] => stream.poll_write(cx, slice),
            _ => stream.poll_write_vectored(cx, slices),
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// Tokio's clock, and a timer that is only made once a deadline has to be waited for.
#[derive(Debug, Default)]
pub struct Timer(Option<Pin<Box<Sleep>>>);

/// What all clocks count from.
fn origin() -> tokio::time::Instant {
    static ORIGIN: OnceLock<tokio::time::Instant> = OnceLock::new();
    // Not tokio's now: a test may have moved that far ahead of what other runtimes have.
    *ORIGIN.get_or_init(|| std::time::Instant::now().into())
}

impl Clock for Timer {
    fn now(&self) -> Instant {
        let origin = origin();
        Instant::since_origin(tokio::time::Instant::now().saturating_duration_since(origin))
    }

    fn poll_until(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        let Some(deadline) = origin().checked_add(deadline.elapsed()) else { return Poll::Pending }; // never
        let sleep = self.0.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if sleep.deadline() != deadline {
            sleep.as_mut().reset(deadline);
        }
        sleep.as_mut().poll(cx)
    }
}
