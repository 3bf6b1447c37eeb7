//! Blocking streams, and the futures under them.

use crate::{acceptor, connector, listen};
use sansws_core::handshake::Response;
use sansws_core::{CloseFrame, Event, Fragment, Message, MessageRef, Traffic};
use sansws_driver::rustls::CommonState;
use sansws_mio::Error;
use sansws_mio::blocking::{Blocking, WsStream, block_on};
use sansws_suite::{ClientOptions, Executor, Handle, HandleEvent, Listener, ServerOptions, Socket, Subject};
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

/// A thread for each task.
pub(crate) struct Threads;

impl Executor for Threads {
    type Runtime = Blocking;
    type Listener = TcpListener;

    fn new() -> Self {
        Self
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        block_on(future)
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        thread::spawn(|| block_on(task));
    }

    async fn listen() -> io::Result<(TcpListener, SocketAddr)> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    }

    async fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
        Ok(listener.accept()?.0)
    }
}

pub(crate) struct Streams;

impl Subject for Streams {
    fn listen(&self, options: ServerOptions) -> Box<dyn Listener> {
        let acceptor = acceptor::<Blocking>(&options);
        listen(move |tcp| Ok(Box::new(Stream(block_on(acceptor.accept_with(tcp, options.decide))?.into()))))
    }

    fn connect(&self, url: &str, options: ClientOptions) -> Result<(Box<dyn Socket>, Response), Error> {
        let (ws, response) = block_on(connector::<Blocking>(options).connect(url))?;
        Ok((Box::new(Stream(ws.into())), response))
    }
}

struct Stream(WsStream);

impl Socket for Stream {
    fn next(&mut self) -> Option<Result<Message, Error>> {
        self.0.next()
    }

    fn read(&mut self) -> Result<Option<Message>, Error> {
        Ok(self.0.read()?.map(Message::from))
    }

    fn next_event(&mut self) -> Option<Result<Event, Error>> {
        self.0.next_event()
    }

    fn serve(&mut self, handle: &mut Handle<'_>) -> Result<(), Error> {
        self.0.serve(handle)
    }

    fn serve_events(&mut self, handle: &mut HandleEvent<'_>) -> Result<(), Error> {
        self.0.serve_events(handle)
    }

    fn send(&mut self, message: Message) -> Result<(), Error> {
        self.0.send(message)
    }

    fn feed(&mut self, message: Message) -> Result<(), Error> {
        self.0.feed(message)
    }

    fn feed_ref(&mut self, message: MessageRef<'_>) -> Result<(), Error> {
        self.0.feed_ref(message)
    }

    fn send_fragment(&mut self, fragment: Fragment) -> Result<(), Error> {
        self.0.send_fragment(fragment)
    }

    fn ping(&mut self, payload: &[u8]) -> Result<(), Error> {
        self.0.ping(payload)
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.0.flush()
    }

    fn close(&mut self, frame: Option<CloseFrame>) -> Result<Option<CloseFrame>, Error> {
        self.0.close(frame)
    }

    fn start_close(&mut self, frame: Option<CloseFrame>) -> Result<(), Error> {
        self.0.start_close(frame)
    }

    fn protocol(&self) -> Option<&str> {
        self.0.protocol()
    }

    fn close_frame(&self) -> Option<&CloseFrame> {
        self.0.close_frame()
    }

    fn is_open(&self) -> bool {
        self.0.is_open()
    }

    fn is_clean(&self) -> bool {
        self.0.is_clean()
    }

    fn buffered_amount(&self) -> u64 {
        self.0.buffered_amount()
    }

    fn traffic(&self) -> Traffic {
        self.0.traffic()
    }

    fn tls(&self) -> Option<&CommonState> {
        self.0.tls()
    }
}
