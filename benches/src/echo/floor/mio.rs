//! On mio: one loop, and buffers that only busy connections have.

use super::Floor;
use crate::Error;
use crate::echo::{Place, handshake, wait};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use sansws_core::frame::Role;
use std::io::{self, Read, Write};

const LISTENER: Token = Token(usize::MAX);

pub(super) fn run(place: &Place) -> Result<(), Error> {
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(1024));
    let (mut connections, mut buffers) = (Vec::new(), Vec::new());
    let mut listener = None;
    match place {
        Place::Listen { addr, .. } => {
            let mut listening = TcpListener::bind(addr.parse()?)?;
            println!("{}", listening.local_addr()?);
            poll.registry().register(&mut listening, LISTENER, Interest::READABLE)?;
            listener = Some(listening);
        }
        Place::Connect(addr, count) => {
            for _ in 0..*count {
                let tcp = TcpStream::from_std(handshake::connected(*addr)?);
                join(&mut connections, Connection::new(tcp, Role::Client, true)?, &poll)?;
            }
        }
    }
    loop {
        wait(&mut poll, &mut events, None)?;
        for event in &events {
            if event.token() != LISTENER {
                let Some(place) = connections.get_mut(event.token().0) else { continue };
                if place.as_mut().is_some_and(|connection: &mut Connection| connection.echo(&mut buffers).is_err()) {
                    *place = None;
                }
                continue;
            }
            while let Some(Ok((tcp, _))) = listener.as_ref().map(TcpListener::accept) {
                join(&mut connections, Connection::new(tcp, Role::Server, false)?, &poll)?;
            }
        }
    }
}

fn join(connections: &mut Vec<Option<Connection>>, mut connection: Connection, poll: &Poll) -> io::Result<()> {
    let token = Token(connections.len());
    poll.registry().register(&mut connection.tcp, token, Interest::READABLE | Interest::WRITABLE)?;
    connections.push(Some(connection));
    Ok(())
}

struct Connection {
    tcp: TcpStream,
    floor: Floor,
    is_open: bool,
}

impl Connection {
    fn new(tcp: TcpStream, role: Role, is_open: bool) -> io::Result<Self> {
        tcp.set_nodelay(true)?;
        Ok(Self { tcp, floor: Floor::new(role), is_open })
    }

    /// Reads and writes what it can. The buffer comes from those that no one has, and goes there.
    fn echo(&mut self, buffers: &mut Vec<Vec<u8>>) -> Result<(), Error> {
        if self.floor.bytes.is_empty() {
            self.floor.bytes = buffers.pop().unwrap_or_default();
        }
        self.drive()?;
        if self.floor.is_idle() {
            buffers.push(std::mem::take(&mut self.floor.bytes));
        }
        Ok(())
    }

    fn drive(&mut self) -> Result<(), Error> {
        let mut is_drained = false;
        loop {
            while self.floor.wants_write() {
                let written = match self.floor.slices() {
                    (slices, 1) => self.tcp.write(&slices[0]),
                    (slices, count) => self.tcp.write_vectored(&slices[..count]),
                };
                match written {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                    written => self.floor.wrote(written?),
                }
            }
            self.floor.compact();
            if is_drained {
                return Ok(());
            }
            let room = self.floor.room();
            let wanted = room.len();
            let count = match self.tcp.read(room) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Ok(0) => return Err("the peer is gone".into()),
                count => count?,
            };
            if !self.is_open {
                return self.open(count);
            }
            self.floor.read(count);
            is_drained = count < wanted;
        }
    }

    /// A request has arrived, which is short: answers it.
    fn open(&mut self, count: usize) -> Result<(), Error> {
        let request = &self.floor.bytes[..count];
        if !handshake::is_complete(request) {
            return Err("part of a request".into());
        }
        self.is_open = true;
        Ok(self.tcp.write_all(handshake::answer(request)?.as_bytes())?)
    }
}
