#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
//! What a loop around mio gets over real sockets. The laws of the calls themselves are the driver's.

mod support;

use mio::{Interest, Registry, Token};
use sansws_core::TimedOut;
use sansws_core::handshake::HandshakeLimits;
use sansws_mio::{
    Acceptor, CloseCode, Config, Connector, Error, Keepalive, Message, Socket, WsStream, accept, connect,
};
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;
use support::{Loop, listen, pair};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// Whether it would have been waited for.
fn would_block<R>(result: &Result<R, Error>) -> bool {
    result.as_ref().is_err_and(Error::is_would_block)
}

/// Whatever a peer sends in whatever pieces, whoever reads only when told, until it would block, gets all.
#[test]
fn edges_are_enough() {
    for piece in [1, 7, 1000, usize::MAX] {
        let lens = [0, 1, 125, 126, 300, 0, piece.min(300_000)];
        let sent: Vec<Message> = (0..50_u8).map(|at| vec![at; lens[usize::from(at) % 7]].into()).collect();
        let (listener, address) = listen();
        let peer = thread::spawn({
            let sent = sent.clone();
            move || says(address, &sent, piece)
        });
        let mut selector = Loop::new();
        let mut listener = listener;
        selector.register(&mut listener);
        let mut ws: Option<WsStream> = None;
        let (mut heard, mut ended) = (Vec::new(), false);
        while !ended {
            for token in selector.wait(ws.as_ref().and_then(|ws| ws.timeout())) {
                if token == 0 {
                    let accepted = ws.insert(accept(listener.accept().unwrap().0).unwrap());
                    selector.register(accepted);
                    continue;
                }
                let ws = ws.as_mut().unwrap();
                let end = loop {
                    match ws.next() {
                        Ok(Some(message)) => heard.push(message),
                        end => break end,
                    }
                };
                ended = !would_block(&end);
            }
        }
        assert!(ws.unwrap().is_clean());
        assert_eq!(heard, sent, "in pieces of {piece}");
        peer.join().unwrap();
    }

    /// A client that sends all it has to say in pieces, and waits for the end.
    fn says(address: SocketAddr, messages: &[Message], piece: usize) {
        let mut bytes = REQUEST.to_vec();
        for message in messages {
            let len = message.as_bytes().len();
            bytes.push(0x82);
            match u16::try_from(len) {
                Ok(len @ ..=125) => bytes.push(0x80 | len.to_be_bytes()[1]),
                Ok(len) => bytes.extend([&[0xfe][..], &len.to_be_bytes()].concat()),
                Err(_) => bytes.extend([&[0xff][..], &(len as u64).to_be_bytes()].concat()),
            }
            bytes.extend([0; 4]); // the key
            bytes.extend(message.as_bytes());
        }
        bytes.extend(b"\x88\x82\0\0\0\0\x03\xe8");
        let mut tcp = std::net::TcpStream::connect(address).unwrap();
        tcp.set_nodelay(true).unwrap();
        bytes.chunks(piece).for_each(|piece| tcp.write_all(piece).unwrap());
        tcp.read_to_end(&mut Vec::new()).unwrap();
    }
}

/// How many pairs there are descriptors for, if another test needs as many, up to 500.
fn pairs() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files")?.split_whitespace().next());
    let files = files.map_or(256, |files| files.parse().unwrap_or(usize::MAX)); // or "unlimited"
    (files.saturating_sub(100) / 4).clamp(10, 500)
}

/// A thousand connections in one selector.
#[test]
fn many_connections_in_one_loop() {
    converse_with_each_other((0..pairs()).map(|_| pair(&Connector::new(), &Acceptor::new(), "ws://localhost/")), 10);
}

#[test]
fn many_secure_connections_in_one_loop() {
    let (client, server) = support::tls();
    let (connector, acceptor) = (Connector::new().tls(client), Acceptor::new().tls(server));
    converse_with_each_other((0..10).map(|_| pair(&connector, &acceptor, "wss://localhost/")), 300_000);
}

/// Messages have `len` bytes.
fn converse_with_each_other(pairs: impl Iterator<Item = (WsStream, WsStream)>, len: usize) {
    let mut selector = Loop::new();
    let (mut clients, mut servers): (Vec<_>, Vec<_>) = pairs.unzip();
    clients.iter_mut().zip(&mut servers).for_each(|(client, server)| {
        selector.register(client);
        selector.register(server);
    });
    let mut all: Vec<_> = clients.into_iter().zip(servers).flat_map(|(client, server)| [client, server]).collect();
    let mut rounds = vec![0; all.len()];
    let mut open = vec![true; all.len()];
    while open.contains(&true) {
        for at in selector.wait(None) {
            let ws = &mut all[at];
            open[at] = if at % 2 == 0 { converse(ws, &mut rounds[at], len) } else { echo(ws) };
            assert!(open[at] || ws.is_clean());
        }
    }

    /// Says a few things, each once the one before was echoed, and closes. False at the end.
    fn converse(ws: &mut WsStream, round: &mut u8, len: usize) -> bool {
        loop {
            match ws.next() {
                Ok(Some(heard)) => assert!(heard == vec![*round; len].into(), "an echo of something else"),
                Ok(None) => return false,
                Err(Error::WouldBlock) if ws.is_open() && *round == 0 => {}
                Err(Error::WouldBlock) => return true,
                Err(error) => panic!("{error}"),
            }
            *round += 1;
            match round {
                1..=3 => ws.send(vec![*round; len]).unwrap(),
                _ => ws.close(CloseCode::NORMAL).unwrap(),
            }
        }
    }

    /// False at the end.
    fn echo(ws: &mut WsStream) -> bool {
        loop {
            match ws.serve(|message, sender| sender.send_ref(message)) {
                Ok(true) => {}
                Ok(false) => return false,
                Err(Error::WouldBlock) => return true,
                Err(error) => panic!("{error}"),
            }
        }
    }
}

/// Goes on with a connection until it ends, waiting for no longer than it says.
fn outlast(selector: &mut Loop, ws: &mut WsStream) -> Result<(), Error> {
    loop {
        match ws.next() {
            Ok(Some(_)) => {}
            Ok(None) => return Ok(()),
            Err(Error::WouldBlock) => drop(selector.wait(ws.timeout())),
            Err(error) => return Err(error),
        }
    }
}

#[test]
fn deadlines_come() {
    const SOON: Duration = Duration::from_millis(30);
    let limits = HandshakeLimits { timeout: SOON, ..HandshakeLimits::default() };
    let silent = pair(&Connector::new(), &Acceptor::new().handshake_limits(limits), "ws://localhost/");
    check(silent, &TimedOut::Handshake(SOON));
    let config = Config { keepalive: Some(Keepalive { interval: SOON, timeout: SOON }), ..Config::default() };
    let mut silent = pair(&Connector::new(), &Acceptor::new().config(config), "ws://localhost/");
    while !silent.0.is_open() || !silent.1.is_open() {
        let opened = [silent.0.open(), silent.1.open()];
        assert!(opened.iter().all(|opened| opened.is_ok() || would_block(opened)));
    }
    check(silent, &TimedOut::Keepalive(SOON));

    #[track_caller]
    fn check((client, mut server): (WsStream, WsStream), expected: &TimedOut) {
        let mut selector = Loop::new();
        selector.register(&mut server);
        let ended = outlast(&mut selector, &mut server);
        assert!(matches!(&ended, Err(Error::TimedOut(late)) if late == expected), "{ended:?}");
        drop(client);
    }
}

#[test]
fn connecting_in_vain() {
    let taken = std::net::TcpStream::connect(listen().1).unwrap(); // its port is, and nobody listens there
    let mut ws = connect(taken.local_addr().unwrap(), "ws://localhost/").unwrap();
    let mut selector = Loop::new();
    selector.register(&mut ws);
    let ended = outlast(&mut selector, &mut ws);
    assert!(matches!(&ended, Err(Error::Io(error)) if error.kind() == ErrorKind::ConnectionRefused), "{ended:?}");
    assert!(matches!(ws.next(), Ok(None)));
}

/// In every stage, also when it has ended: to be taken out of the loop.
#[test]
fn it_can_be_registered_at_any_time() {
    let (mut client, mut server) = pair(&Connector::new(), &Acceptor::new(), "ws://localhost/");
    let poll = mio::Poll::new().unwrap();
    let registry = poll.registry();
    let both = Interest::READABLE | Interest::WRITABLE;
    assert_eq!((client.interest(), server.interest()), (both, Interest::READABLE));
    registry.register(&mut client, Token(0), both).unwrap();
    registry.register(&mut server, Token(1), Interest::READABLE).unwrap();
    while !client.is_open() || !server.is_open() {
        let _ = (client.open(), server.open());
    }
    assert_eq!(client.interest(), Interest::READABLE);
    client.feed("hello").unwrap();
    assert_eq!(client.interest(), both);
    registry.reregister(&mut client, Token(0), both).unwrap();
    drop(server);
    while client.is_open() {
        let _ = client.next();
    }
    registry.deregister(&mut client).unwrap();
}

/// Else a small message may wait for the answer to the one before.
#[test]
fn nagle_is_off() {
    let (mut client, mut server) = pair(&Connector::new(), &Acceptor::new(), "ws://localhost/");
    while !client.is_open() || !server.is_open() {
        let _ = (client.open(), server.open());
    }
    for ws in [client, server] {
        assert!(ws.get_ref().get_ref().nodelay().unwrap());
    }
}

/// A stream that is connected when asked a second time, and whose every other call is interrupted.
#[derive(Debug, Default)]
struct Restless {
    asked: std::cell::Cell<u32>,
    is_interrupted: bool,
    input: io::Cursor<Vec<u8>>,
    output: Vec<u8>,
}

impl Restless {
    fn rest(&mut self) -> io::Result<()> {
        assert!(self.asked.get() > 1, "it is not connected");
        self.is_interrupted = !self.is_interrupted;
        if self.is_interrupted { Err(ErrorKind::Interrupted.into()) } else { Ok(()) }
    }
}

impl Read for Restless {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.rest()?;
        match self.input.read(bytes)? {
            0 => Err(ErrorKind::WouldBlock.into()),
            read => Ok(read),
        }
    }
}

impl Write for Restless {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.rest()?;
        self.output.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.rest()
    }
}

impl mio::event::Source for Restless {
    fn register(&mut self, _: &Registry, _: Token, _: Interest) -> io::Result<()> {
        Ok(())
    }

    fn reregister(&mut self, _: &Registry, _: Token, _: Interest) -> io::Result<()> {
        Ok(())
    }

    fn deregister(&mut self, _: &Registry) -> io::Result<()> {
        Ok(())
    }
}

impl Socket for Restless {
    fn is_connected(&self) -> io::Result<bool> {
        self.asked.set(self.asked.get() + 1);
        Ok(self.asked.get() > 1)
    }

    fn shut_down(&mut self) -> io::Result<()> {
        self.rest()
    }
}

#[test]
fn streams_may_connect_late_and_be_interrupted() {
    let mut ws = accept(Restless { input: io::Cursor::new(REQUEST.to_vec()), ..Restless::default() }).unwrap();
    assert!(would_block(&ws.open()));
    ws.open().unwrap();
    ws.send("hello").unwrap();
    assert!(ws.get_ref().get_ref().output.ends_with(b"\x81\x05hello"));
}

/// What a program needs that moves connections between threads.
#[test]
fn connections_may_be_sent() {
    fn check<T: Send + 'static>() {}
    check::<WsStream>();
    check::<Acceptor>();
    check::<Connector>();
}
