//! The program on mio: the server is one loop for all connections.

mod client;
mod selector;

use crate::echo::{self, Echo, Mode};
use crate::{Command, Serve, config};
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};
use sansws_core::EventRef;
use sansws_mio::{Error, Event, Mio, Origins, WsStream};
use std::collections::HashMap;
use std::io;
use std::process::ExitCode;
use std::time::{Duration, Instant};

pub(crate) fn run(command: Command) -> ExitCode {
    let done = match command {
        Command::Serve(args) => serve(&args),
        Command::Autobahn(args) => client::autobahn(&args),
        Command::Once(args) => client::once(&args),
        Command::Client(args) => client::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

const LISTENER: Token = Token(0);

/// How often deadlines are looked at, and whether there are descriptors again.
const OFTEN: Duration = Duration::from_millis(50);

struct Connection {
    ws: WsStream,
    echo: Echo,
    mode: Mode,
}

/// Serves until the process is ended.
fn serve(args: &Serve) -> Result<(), Error> {
    let acceptor = echo::acceptor::<Mio>(config(args.max_message, args.deflate.then(Default::default)));
    let acceptor = acceptor.origins(Origins::Any);
    let mut listener = TcpListener::from_std(listen(&args.addr)?);
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(1024));
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut connections: HashMap<Token, Connection> = HashMap::new();
    let (mut last, mut looked) = (LISTENER, Instant::now());
    let mut due: Vec<Token> = Vec::new();
    loop {
        let timeout = if due.is_empty() { OFTEN } else { Duration::ZERO };
        match poll.poll(&mut events, Some(timeout)) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error.into()),
            _ => due.extend(events.iter().map(|event| {
                if let Some(connection) = connections.get_mut(&event.token()) {
                    connection.ws.notice(event);
                }
                event.token()
            })),
        }
        if looked.elapsed() >= OFTEN {
            looked = Instant::now();
            due.push(LISTENER);
            let late = connections.iter().filter(|(_, it)| it.ws.timeout() == Some(Duration::ZERO));
            due.extend(late.map(|(token, _)| *token));
        }
        for token in std::mem::take(&mut due) {
            if token == LISTENER {
                while let Ok((tcp, _)) = listener.accept() {
                    last = Token(last.0 + 1);
                    let mut ws = acceptor.begin(tcp)?;
                    poll.registry().register(&mut ws, last, Interest::READABLE | Interest::WRITABLE)?;
                    connections.insert(last, Connection { ws, echo: Echo::default(), mode: args.mode });
                }
            }
            let Some(connection) = connections.get_mut(&token) else { continue };
            match connection.turn() {
                Ok(true) => due.push(token),
                Err(Error::WouldBlock) => {}
                Ok(false) => drop(connections.remove(&token)),
                Err(error) => {
                    connections.remove(&token);
                    if !echo::is_aborted(&error) {
                        eprintln!("{error}");
                    }
                }
            }
        }
    }
}

fn listen(address: &str) -> io::Result<std::net::TcpListener> {
    let listener = std::net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

impl Connection {
    /// Echoes what there is. True if there is more, false at the end.
    fn turn(&mut self) -> Result<bool, Error> {
        let Self { ws, echo, mode } = self;
        if matches!(mode, Mode::Serve) {
            return ws.serve_events(|event, sender| echo.serve(event, sender));
        }
        loop {
            match ws.ready() {
                Err(error) if error.is_closed() => {} // by command, or by the peer; its last messages are to be read
                ready => ready?,
            }
            match ws.next_event()? {
                None => return Ok(false),
                Some(_) if !ws.is_open() => {} // closing by command; what else came with it has no answer
                Some(Event::Message(message)) => echo.serve(EventRef::Message((&message).into()), ws.sender()?)?,
                Some(Event::Pong(payload)) => echo.serve(EventRef::Pong(&payload), ws.sender()?)?,
                Some(_) => {}
            }
            if matches!(mode, Mode::Send) {
                match ws.flush() {
                    Err(Error::WouldBlock) => {}
                    flushed => flushed?,
                }
            }
        }
    }
}
