//! The browser's `WebSocket` in event form: what is its own, beside what the core's tests hold of the object.

#![cfg(feature = "web")]
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use sansws_mio::web::{Event, Failure, Options};
use sansws_mio::{Connector, Error, Message, WebSocket};
use std::net::{SocketAddr, TcpListener};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A WebSocket, and a loop around it.
struct Looped {
    poll: Poll,
    socket: WebSocket,
}

impl Looped {
    fn new(address: SocketAddr, options: Options) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        let url = format!("ws://{address}/");
        let mut socket = WebSocket::with_connector(&Connector::new(), stream, &url, (), options).unwrap();
        let poll = Poll::new().unwrap();
        poll.registry().register(&mut socket, Token(0), Interest::READABLE | Interest::WRITABLE).unwrap();
        Self { poll, socket }
    }

    fn wait(&mut self) {
        let patience = self.socket.timeout().unwrap_or(Duration::MAX).min(Duration::from_secs(20));
        self.poll.poll(&mut Events::with_capacity(8), Some(patience)).unwrap();
    }

    fn next(&mut self) -> Option<Event> {
        loop {
            match self.socket.next_event() {
                Ok(event) => return event,
                Err(Error::WouldBlock) => self.wait(),
                Err(error) => panic!("{error}"),
            }
        }
    }

    #[track_caller]
    fn opens(&mut self) {
        assert!(matches!(self.next(), Some(Event::Open)));
        assert_eq!(self.socket.ready_state(), WebSocket::OPEN);
    }

    /// Nothing but the end is left: an error, then the close event, then nothing.
    #[track_caller]
    fn fails(mut self) -> Failure {
        let Some(Event::Error(failure)) = self.next() else { panic!("no error event") };
        self.closes(1006, false);
        failure
    }

    #[track_caller]
    fn closes(mut self, code: u16, was_clean: bool) {
        let Some(Event::Close(event)) = self.next() else { panic!("no close event") };
        assert_eq!((event.code, event.was_clean), (code, was_clean));
        assert!(self.next().is_none());
        assert!(self.next().is_none());
        self.poll.registry().deregister(&mut self.socket).unwrap();
    }
}

/// A server for one client, on a thread.
fn serve<T: Send + 'static>(
    serve: impl FnOnce(std::net::TcpStream) -> T + Send + 'static,
) -> (SocketAddr, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (address, thread::spawn(move || serve(listener.accept().unwrap().0)))
}

fn echo(tcp: std::net::TcpStream) {
    let mut ws = sansws_mio::blocking::accept(tcp).unwrap();
    ws.serve(|message, sender| sender.send_ref(message)).unwrap();
}

#[test]
fn refused() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap(); // and gone
    let failure = Looped::new(address, Options::default()).fails();
    assert!(matches!(failure, Failure::Transport(_)), "{failure}");
}

#[test]
fn blocked_ports_hear_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let options = Options { block_ports: true, ..Options::default() };
    let mut socket = WebSocket::with_connector(&Connector::new(), stream, "ws://localhost:25", (), options).unwrap();
    assert!(matches!(socket.next_event(), Ok(Some(Event::Error(Failure::BlockedPort { port: 25 })))));
    assert!(matches!(socket.next_event(), Ok(Some(Event::Close(_)))));
    drop(socket);
    let mut heard = Vec::new();
    std::io::copy(&mut listener.accept().unwrap().0, &mut heard).unwrap();
    assert!(heard.is_empty());
}

#[test]
fn closed_before_it_is_open() {
    let (address, server) = serve(|tcp| drop(sansws_mio::blocking::accept(tcp)));
    let mut looped = Looped::new(address, Options::default());
    looped.socket.close(None, None).unwrap();
    assert_eq!(looped.socket.ready_state(), WebSocket::CLOSING);
    assert!(matches!(looped.fails(), Failure::ClosedEarly));
    server.join().unwrap();
}

#[test]
fn what_was_sent_leaves_by_flush() {
    let (address, server) = serve(echo);
    let mut looped = Looped::new(address, Options::default());
    looped.opens();
    let message = Message::from(vec![7; 1 << 20]);
    looped.socket.send(message.clone()).unwrap();
    looped.socket.send("end").unwrap();
    assert_eq!(looped.socket.buffered_amount(), (1 << 20) + 3);
    let Some(Event::Message(event)) = looped.next() else { panic!("no message") };
    assert_eq!(Message::from(event.data), message);
    while looped.socket.flush().is_err() {
        looped.wait();
    }
    assert_eq!(looped.socket.buffered_amount(), 0);
    assert!(matches!(looped.next(), Some(Event::Message(_))));
    looped.socket.close(3000, "bye").unwrap();
    looped.closes(3000, true);
    server.join().unwrap();
}

/// What arrives waits for its taker, in order, and the server for both: of 16 MiB, most stay with it.
#[test]
fn who_does_not_take_holds_back() {
    const MESSAGES: usize = 256;
    let (address, server) = serve(|tcp| {
        let mut ws = sansws_mio::blocking::accept(tcp).unwrap();
        for n in 0..MESSAGES {
            ws.send(vec![u8::try_from(n).unwrap(); 64 << 10]).unwrap();
        }
        ws.close(None).unwrap();
    });
    let mut looped = Looped::new(address, Options::default());
    looped.opens();
    for _ in 0..20 {
        while looped.socket.flush().is_err() {}
        thread::sleep(Duration::from_millis(10));
    }
    assert!(!looped.socket.wants_read());
    for n in 0..MESSAGES {
        let Some(Event::Message(event)) = looped.next() else { panic!("no message {n}") };
        assert_eq!(event.data.as_bytes(), vec![u8::try_from(n).unwrap(); 64 << 10]);
    }
    looped.closes(1005, true);
    server.join().unwrap();
}

#[test]
fn a_server_that_vanishes() {
    let (address, server) = serve(|tcp| drop(sansws_mio::blocking::accept(tcp).unwrap()));
    let mut looped = Looped::new(address, Options::default());
    looped.opens();
    assert!(matches!(looped.fails(), Failure::Lost | Failure::Transport(_)));
    server.join().unwrap();
}
