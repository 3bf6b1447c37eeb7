//! [`Selector`]: waits for one connection at a time.

use mio::{Events, Interest, Poll, Token};
use sansws_driver::Target;
use sansws_mio::{Connector, Error, Response, WsStream};
use std::io;
use std::net::ToSocketAddrs;
use std::time::{Duration, Instant};

pub(crate) struct Selector {
    poll: Poll,
    events: Events,
    /// When the caller loses patience.
    deadline: Option<Instant>,
}

impl Selector {
    pub(crate) fn new(patience: Option<Duration>) -> io::Result<Self> {
        let deadline = patience.map(|patience| Instant::now() + patience);
        Ok(Self { poll: Poll::new()?, events: Events::with_capacity(16), deadline })
    }

    /// Connects to the first of the host's addresses that answers.
    pub(crate) fn connect(&mut self, connector: &Connector, url: &str) -> Result<(WsStream, Response), Error> {
        let target = Target::parse(url)?;
        let mut failure = io::Error::from(io::ErrorKind::NotFound).into();
        for address in (target.host(), target.port()).to_socket_addrs()? {
            let mut ws = connector.begin(mio::net::TcpStream::connect(address)?, url)?;
            self.poll.registry().register(&mut ws, Token(0), Interest::READABLE | Interest::WRITABLE)?;
            match self.until(&mut ws, |ws| ws.open()) {
                Ok(Some(response)) => return Ok((ws, response)),
                Ok(None) => {} // not reached: the handshake has just ended
                Err(Error::Io(error)) => failure = error.into(),
                Err(error) => return Err(error),
            }
        }
        Err(failure)
    }

    /// Calls until that would not block. Meanwhile, pings are answered and time counts.
    pub(crate) fn until<R>(
        &mut self,
        ws: &mut WsStream,
        mut call: impl FnMut(&mut WsStream) -> Result<R, Error>,
    ) -> Result<R, Error> {
        loop {
            match call(ws) {
                Err(Error::WouldBlock) => {}
                done => return done,
            }
            let patience = self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if patience == Some(Duration::ZERO) {
                return Err(Error::WouldBlock);
            }
            let timeout = [ws.timeout(), patience].into_iter().flatten().min();
            match self.poll.poll(&mut self.events, timeout) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error.into()),
                _ if ws.is_opening() => continue,
                _ => {}
            }
            match ws.idle() {
                Ok(_) | Err(Error::WouldBlock) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Closes a connection, and drops what still comes.
    pub(crate) fn close(&mut self, mut ws: WsStream) -> Result<(), Error> {
        ws.close(None)?;
        while self.until(&mut ws, |ws| Ok(ws.read_event()?.is_some()))? {}
        Ok(())
    }
}
