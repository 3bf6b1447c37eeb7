//! [`Executor`]: what an async runtime brings; [`Async`]: the subject that it then is.

use crate::echo::{Echo, End, Server, echo};
use crate::subject::{ClientOptions, Handle, HandleEvent, Listener, ServerOptions, Socket, Subject};
use sansws_core::handshake::Response;
use sansws_core::{CloseFrame, Event, Fragment, Message, MessageRef, Traffic};
use sansws_driver::rustls::CommonState;
use sansws_driver::{Acceptor, Bind, Connect, Connector, Error, Runtime, WsStream};
use std::future::Future;
use std::io;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What runs the futures of a runtime. Each server and each client has one of its own.
pub trait Executor: Send + Sync + 'static {
    /// The runtime, as the driver knows it.
    type Runtime: Connect<Tcp: Send, Clock: Send + Unpin, Transport: Send + Unpin>;

    /// Its TCP listener.
    type Listener: Send;

    /// Whether tasks run only while a future that is in `block_on` waits.
    const HAS_TURNS: bool = false;

    /// One that is ready to run.
    fn new() -> Self;

    /// Runs a future to its end, on this thread, and then looks at the sockets at least once.
    fn block_on<F: Future>(&self, future: F) -> F::Output;

    /// Runs a future as a task of its own, at least as long as another is in `block_on`.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static);

    /// Listens on a free port of 127.0.0.1.
    fn listen() -> impl Future<Output = io::Result<(Self::Listener, SocketAddr)>>;

    /// Waits for a client.
    fn accept(listener: &Self::Listener) -> impl Future<Output = io::Result<Tcp<Self>>>;
}

/// The TCP stream of an executor's runtime.
pub(crate) type Tcp<E> = <<E as Executor>::Runtime as Connect>::Tcp;

/// The WebSocket of an executor's runtime.
pub(crate) type Ws<E> =
    WsStream<<<E as Executor>::Runtime as Bind<Tcp<E>>>::Transport, <<E as Executor>::Runtime as Runtime>::Clock>;

/// The adapter of an executor's runtime, as a subject.
#[derive(Debug)]
pub struct Async<E>(PhantomData<fn() -> E>);

impl<E> Default for Async<E> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<E: Executor> Subject for Async<E> {
    fn listen(&self, options: ServerOptions) -> Box<dyn Listener> {
        let executor = Arc::new(E::new());
        let (listener, address) = executor.block_on(E::listen()).unwrap();
        Box::new(Listening { executor, listener, address, options })
    }

    fn connect(&self, url: &str, options: ClientOptions) -> Result<(Box<dyn Socket>, Response), Error> {
        let executor = Arc::new(E::new());
        let (ws, response) = executor.block_on(connect::<E>(url, options))?;
        Ok((Box::new(Blocking { executor, ws }), response))
    }

    fn serve(&self, options: ServerOptions, way: Echo) -> Server {
        let executor = E::new();
        let (listener, address) = executor.block_on(E::listen()).unwrap();
        Server::start(address, move |stopped, ended| {
            executor.block_on(async {
                loop {
                    let accepted = E::accept(&listener).await;
                    if stopped.load(Ordering::Acquire) {
                        return;
                    }
                    let (options, ended) = (options.clone(), ended.clone());
                    executor.spawn(async move {
                        let _ = ended.send(serve::<E>(accepted, options, way).await); // the row may be over
                    });
                }
            });
        })
    }
}

pub(crate) async fn connect<E: Executor>(url: &str, options: ClientOptions) -> Result<(Ws<E>, Response), Error> {
    let ClientOptions { config, limits, protocols, headers, connect_timeout, tls, tls_timeout } = options;
    let connector = Connector::<E::Runtime>::new().config(config).handshake_limits(limits).protocols(protocols);
    let connector = connector.connect_timeout(connect_timeout).tls_timeout(tls_timeout);
    let connector = if let Some(tls) = tls { connector.tls(tls) } else { connector };
    let connector = headers.into_iter().fold(connector, |connector, (name, value)| connector.header(name, value));
    connector.connect(url).await
}

pub(crate) async fn accept<E: Executor>(tcp: Tcp<E>, options: ServerOptions) -> Result<Ws<E>, Error> {
    let ServerOptions { config, limits, protocols, origins, decide, tls } = options;
    let acceptor = Acceptor::<E::Runtime>::new().config(config).handshake_limits(limits);
    let acceptor = if let Some(tls) = tls { acceptor.tls(tls) } else { acceptor };
    acceptor.protocols(protocols).origins(origins).accept_with(tcp, decide).await
}

async fn serve<E: Executor>(accepted: io::Result<Tcp<E>>, options: ServerOptions, way: Echo) -> End {
    let accepted = match accepted {
        Ok(tcp) => accept::<E>(tcp, options).await,
        Err(error) => Err(error.into()),
    };
    match accepted {
        Ok(mut ws) => {
            let result = serve_open::<E>(&mut ws, way).await;
            End { result, close_frame: ws.close_frame().cloned() }
        }
        Err(error) => error.into(),
    }
}

async fn serve_open<E: Executor>(ws: &mut Ws<E>, way: Echo) -> Result<(), Error> {
    echo!(way, ws, await)
}

struct Listening<E: Executor> {
    executor: Arc<E>,
    listener: E::Listener,
    address: SocketAddr,
    options: ServerOptions,
}

impl<E: Executor> Listener for Listening<E> {
    fn address(&self) -> SocketAddr {
        self.address
    }

    fn accept(&mut self) -> Result<Box<dyn Socket>, Error> {
        let accepting = async { accept::<E>(E::accept(&self.listener).await?, self.options.clone()).await };
        let ws = self.executor.block_on(accepting)?;
        Ok(Box::new(Blocking { executor: Arc::clone(&self.executor), ws }))
    }
}

/// A WebSocket, each of whose futures is run to its end.
struct Blocking<E: Executor> {
    ws: Ws<E>,
    executor: Arc<E>,
}

impl<E: Executor> Socket for Blocking<E> {
    fn next(&mut self) -> Option<Result<Message, Error>> {
        self.executor.block_on(self.ws.next())
    }

    fn read(&mut self) -> Result<Option<Message>, Error> {
        Ok(self.executor.block_on(self.ws.read())?.map(Message::from))
    }

    fn next_event(&mut self) -> Option<Result<Event, Error>> {
        self.executor.block_on(self.ws.next_event())
    }

    fn serve(&mut self, handle: &mut Handle<'_>) -> Result<(), Error> {
        self.executor.block_on(self.ws.serve(handle))
    }

    fn serve_events(&mut self, handle: &mut HandleEvent<'_>) -> Result<(), Error> {
        self.executor.block_on(self.ws.serve_events(handle))
    }

    fn send(&mut self, message: Message) -> Result<(), Error> {
        self.executor.block_on(self.ws.send(message))
    }

    fn feed(&mut self, message: Message) -> Result<(), Error> {
        self.executor.block_on(self.ws.feed(message))
    }

    fn feed_ref(&mut self, message: MessageRef<'_>) -> Result<(), Error> {
        self.executor.block_on(self.ws.feed_ref(message))
    }

    fn send_fragment(&mut self, fragment: Fragment) -> Result<(), Error> {
        self.executor.block_on(self.ws.send_fragment(fragment))
    }

    fn ping(&mut self, payload: &[u8]) -> Result<(), Error> {
        self.executor.block_on(self.ws.ping(payload))
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.executor.block_on(self.ws.flush())
    }

    fn close(&mut self, frame: Option<CloseFrame>) -> Result<Option<CloseFrame>, Error> {
        self.executor.block_on(self.ws.close(frame))
    }

    fn start_close(&mut self, frame: Option<CloseFrame>) -> Result<(), Error> {
        self.ws.start_close(frame)
    }

    fn protocol(&self) -> Option<&str> {
        self.ws.protocol()
    }

    fn close_frame(&self) -> Option<&CloseFrame> {
        self.ws.close_frame()
    }

    fn is_open(&self) -> bool {
        self.ws.is_open()
    }

    fn is_clean(&self) -> bool {
        self.ws.is_clean()
    }

    fn buffered_amount(&self) -> u64 {
        self.ws.buffered_amount()
    }

    fn traffic(&self) -> Traffic {
        self.ws.traffic()
    }

    fn tls(&self) -> Option<&CommonState> {
        self.ws.tls()
    }
}
