//! The server on mio: one loop, and connections side by side in one vector.

use super::Loop;
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};
use sansws_mio::{Acceptor, Config, Error, Limits, WsStream};
use std::io;

const LISTENER: Token = Token(usize::MAX);

pub(super) fn serve(mode: Loop, addr: &str) -> io::Result<()> {
    let limits = Limits { message: 16 << 20, ..Limits::default() };
    let acceptor = Acceptor::new().config(Config { limits, ..Config::default() });
    let addr = addr.parse().map_err(io::Error::other)?;
    let mut listener = TcpListener::bind(addr)?;
    println!("{}", listener.local_addr()?);
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(1024));
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut connections: Vec<Option<WsStream>> = Vec::new();
    let mut free: Vec<usize> = Vec::new();
    let mut more: Vec<Token> = Vec::new();
    loop {
        let timeout = (!more.is_empty()).then_some(std::time::Duration::ZERO);
        poll.poll(&mut events, timeout)?;
        for token in std::mem::take(&mut more).into_iter().chain(events.iter().map(mio::event::Event::token)) {
            if token == LISTENER {
                while let Ok((tcp, _)) = listener.accept() {
                    let mut ws = acceptor.begin(tcp).map_err(io::Error::other)?;
                    let at = free.pop().unwrap_or(connections.len());
                    poll.registry().register(&mut ws, Token(at), Interest::READABLE | Interest::WRITABLE)?;
                    match connections.get_mut(at) {
                        Some(place) => *place = Some(ws),
                        None => connections.push(Some(ws)),
                    }
                }
                continue;
            }
            let Some(place) = connections.get_mut(token.0) else { continue };
            let Some(ws) = place else { continue };
            match echo(ws, mode) {
                Ok(true) => more.push(token),
                Err(Error::WouldBlock) => {}
                Ok(false) | Err(_) => {
                    *place = None;
                    free.push(token.0);
                }
            }
        }
    }
}

/// Whether there is more to do, after others had their turn.
fn echo(ws: &mut WsStream, mode: Loop) -> Result<bool, Error> {
    match mode {
        Loop::Serve => ws.serve(|message, sender| sender.send_ref(message)),
        Loop::Feed | Loop::Send => {
            loop {
                ws.ready()?; // so that there is room for the answer
                let Some(message) = ws.next()? else { return Ok(false) };
                ws.feed(message)?;
                if mode == Loop::Send {
                    let _ = ws.flush(); // or it leaves later
                }
            }
        }
    }
}
