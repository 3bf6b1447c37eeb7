//! A connection in a loop of its own, which calls again only when it is told to.

use crate::{acceptor, connector, listen};
use mio::{Events, Interest, Poll, Token};
use sansws_core::handshake::Response;
use sansws_core::{CloseFrame, Event, Fragment, Message, MessageRef, Traffic};
use sansws_driver::Target;
use sansws_driver::rustls::CommonState;
use sansws_mio::{Error, Mio, WsStream};
use sansws_suite::{ClientOptions, Handle, HandleEvent, Listener, ServerOptions, Socket, Subject};
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

pub(crate) struct Loops;

impl Subject for Loops {
    fn listen(&self, options: ServerOptions) -> Box<dyn Listener> {
        let acceptor = acceptor::<Mio>(&options);
        listen(move |tcp| {
            tcp.set_nonblocking(true)?;
            let ws = acceptor.begin_with(mio::net::TcpStream::from_std(tcp), options.decide)?;
            Ok(Box::new(Loop::open(ws)?.0))
        })
    }

    fn connect(&self, url: &str, options: ClientOptions) -> Result<(Box<dyn Socket>, Response), Error> {
        let target = Target::parse(url)?;
        let mut addresses = (target.host(), target.port()).to_socket_addrs()?.filter(SocketAddr::is_ipv4);
        let address = addresses.next().ok_or(io::Error::from(ErrorKind::NotFound))?;
        let ws = connector::<Mio>(options).begin(mio::net::TcpStream::connect(address)?, url)?;
        let (opened, response) = Loop::open(ws)?;
        Ok((Box::new(opened), response.unwrap()))
    }
}

struct Loop {
    ws: WsStream,
    poll: Poll,
    events: Events,
}

impl Loop {
    fn open(mut ws: WsStream) -> Result<(Self, Option<Response>), Error> {
        let poll = Poll::new()?;
        poll.registry().register(&mut ws, Token(0), Interest::READABLE | Interest::WRITABLE)?;
        let mut this = Self { ws, poll, events: Events::with_capacity(4) };
        let response = this.until(|ws| ws.open())?;
        Ok((this, response))
    }

    /// Calls until that would not block.
    fn until<R>(&mut self, mut call: impl FnMut(&mut WsStream) -> Result<R, Error>) -> Result<R, Error> {
        loop {
            match call(&mut self.ws) {
                Err(Error::WouldBlock) => self.turn(self.ws.timeout())?,
                done => return done,
            }
        }
    }

    /// Waits for what the selector has to tell, and has the connection read it.
    fn turn(&mut self, timeout: Option<Duration>) -> Result<(), Error> {
        match self.poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error.into()),
            _ if self.ws.is_opening() => return Ok(()),
            _ => {}
        }
        match self.ws.idle() {
            Ok(_) | Err(Error::WouldBlock) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn send(&mut self, send: impl FnMut(&mut WsStream) -> Result<(), Error>) -> Result<(), Error> {
        self.until(send)?;
        self.until(|ws| ws.flush())?;
        self.turn(Some(Duration::ZERO)) // no loop only sends
    }
}

impl Socket for Loop {
    fn next(&mut self) -> Option<Result<Message, Error>> {
        self.until(|ws| ws.next()).transpose()
    }

    fn read(&mut self) -> Result<Option<Message>, Error> {
        self.until(|ws| Ok(ws.read()?.map(Message::from)))
    }

    fn next_event(&mut self) -> Option<Result<Event, Error>> {
        self.until(|ws| ws.next_event()).transpose()
    }

    fn serve(&mut self, handle: &mut Handle<'_>) -> Result<(), Error> {
        while self.until(|ws| ws.serve(&mut *handle))? {}
        Ok(())
    }

    fn serve_events(&mut self, handle: &mut HandleEvent<'_>) -> Result<(), Error> {
        while self.until(|ws| ws.serve_events(&mut *handle))? {}
        Ok(())
    }

    fn send(&mut self, message: Message) -> Result<(), Error> {
        self.send(|ws| ws.send(message.clone()))
    }

    fn feed(&mut self, message: Message) -> Result<(), Error> {
        self.until(|ws| ws.feed(message.clone()))
    }

    fn feed_ref(&mut self, message: MessageRef<'_>) -> Result<(), Error> {
        self.until(|ws| ws.feed_ref(message))
    }

    fn send_fragment(&mut self, fragment: Fragment) -> Result<(), Error> {
        self.send(|ws| ws.send_fragment(fragment.clone()))
    }

    fn ping(&mut self, payload: &[u8]) -> Result<(), Error> {
        self.send(|ws| ws.ping(payload))
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.until(|ws| ws.flush())
    }

    fn close(&mut self, frame: Option<CloseFrame>) -> Result<Option<CloseFrame>, Error> {
        self.ws.close(frame)?;
        while self.until(|ws| Ok(ws.read_event()?.is_some()))? {}
        Ok(self.ws.close_frame().cloned())
    }

    fn start_close(&mut self, frame: Option<CloseFrame>) -> Result<(), Error> {
        self.ws.close(frame)
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
