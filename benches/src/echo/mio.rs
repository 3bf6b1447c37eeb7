//! Ours on mio: one loop, and connections side by side in one vector.

use super::{Loop, Place, acceptor, config, url, wait};
use crate::Error;
use mio::event::Event;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use sansws_mio::{Acceptor, Connector, WsStream};
use std::io;
use std::time::Duration;

const LISTENER: Token = Token(usize::MAX);

pub(super) fn run(mode: Loop, place: &Place) -> Result<(), Error> {
    let mut poll = Poll::new()?;
    let mut crowd = Crowd::default();
    let mut listener = None;
    match place {
        Place::Listen { addr, tls } => {
            let mut listening = TcpListener::bind(addr.parse()?)?;
            println!("{}", listening.local_addr()?);
            poll.registry().register(&mut listening, LISTENER, Interest::READABLE)?;
            let acceptor: Acceptor = acceptor(*tls)?;
            listener = Some((listening, acceptor));
        }
        Place::Connect(addr, count) => {
            let connector = Connector::new().config(config());
            for _ in 0..*count {
                crowd.join(connector.begin(TcpStream::connect(*addr)?, &url(*addr))?, &poll)?;
            }
        }
    }
    let mut events = Events::with_capacity(1024);
    let mut more: Vec<Token> = Vec::new();
    loop {
        let timeout = (!more.is_empty()).then_some(Duration::ZERO);
        wait(&mut poll, &mut events, timeout)?;
        events.iter().for_each(|event| crowd.notice(event));
        for token in std::mem::take(&mut more).into_iter().chain(events.iter().map(Event::token)) {
            if token != LISTENER {
                if crowd.echo(token, mode) {
                    more.push(token);
                }
                continue;
            }
            let Some((listener, acceptor)) = &listener else { continue };
            while let Ok((tcp, _)) = listener.accept() {
                crowd.join(acceptor.begin(tcp)?, &poll)?;
            }
        }
    }
}

/// The connections, each at the place that its token names.
#[derive(Default)]
struct Crowd {
    places: Vec<Option<WsStream>>,
    free: Vec<usize>,
}

impl Crowd {
    fn join(&mut self, mut ws: WsStream, poll: &Poll) -> io::Result<()> {
        let at = self.free.pop().unwrap_or(self.places.len());
        poll.registry().register(&mut ws, Token(at), Interest::READABLE | Interest::WRITABLE)?;
        match self.places.get_mut(at) {
            Some(place) => *place = Some(ws),
            None => self.places.push(Some(ws)),
        }
        Ok(())
    }

    fn notice(&mut self, event: &Event) {
        if let Some(Some(ws)) = self.places.get_mut(event.token().0) {
            ws.notice(event);
        }
    }

    /// Whether there is more to do, after others had their turn.
    fn echo(&mut self, token: Token, mode: Loop) -> bool {
        let Some(place) = self.places.get_mut(token.0) else { return false };
        let Some(ws) = place else { return false };
        match echo(ws, mode) {
            Ok(true) => true,
            Err(sansws_mio::Error::WouldBlock) => false,
            Ok(false) | Err(_) => {
                *place = None;
                self.free.push(token.0);
                false
            }
        }
    }
}

fn echo(ws: &mut WsStream, mode: Loop) -> Result<bool, sansws_mio::Error> {
    match mode {
        Loop::Serve => ws.serve(|message, sender| sender.send_ref(message)),
        Loop::Feed | Loop::Send => loop {
            ws.ready()?; // so that there is room for the answer
            let Some(message) = ws.next()? else { return Ok(false) };
            ws.feed(message)?;
            if mode == Loop::Send {
                let _ = ws.flush(); // or it leaves later
            }
        },
    }
}
