//! [`Peer`]: the other end of a row, on a blocking socket, without the library under test.

use bytes::{Bytes, BytesMut};
use sansws_core::frame::{Decoder, Frame, Header, Opcode, Role};
use sansws_core::handshake::accept_key;
use sansws_core::{CloseCode, Message, mask};
use sansws_driver::rustls::pki_types::ServerName;
use sansws_driver::rustls::{
    ClientConfig, ClientConnection, CommonState, ConnectionCommon, ServerConfig, ServerConnection, SideData,
    StreamOwned,
};
use socket2::SockRef;
use std::fmt::Debug;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::ops::DerefMut;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// How long a peer waits for the subject to say something, or to read.
const PATIENCE: Duration = Duration::from_secs(20);

/// A valid request, but for the empty line that ends it.
const REQUEST: &str = "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

/// A valid answer, but for the key and the empty line that ends it.
const ANSWER: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";

/// A valid request with these header lines, each with its line end.
pub(crate) fn request(headers: &str) -> Vec<u8> {
    format!("{REQUEST}{headers}\r\n").into()
}

/// A valid answer to this request, with these header lines, each with its line end.
pub(crate) fn answer(request: &str, headers: &str) -> Vec<u8> {
    let accept = accept_key(header(request, "Sec-WebSocket-Key").unwrap().as_bytes());
    format!("{ANSWER}Sec-WebSocket-Accept: {accept}\r\n{headers}\r\n").into()
}

/// A header of this head.
pub(crate) fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// A frame as the end in `from` sends it.
pub(crate) fn frame(from: Role, opcode: Opcode, fin: bool, payload: &[u8]) -> Vec<u8> {
    let key = match from {
        Role::Client => Some([0x37, 0xfa, 0x21, 0x3d]),
        Role::Server => None,
    };
    let mut bytes = Header::data(opcode, fin, payload.len() as u64, key).encode().to_vec();
    let start = bytes.len();
    bytes.extend_from_slice(payload);
    if let Some(key) = key {
        mask::apply(key, 0, &mut bytes[start..]);
    }
    bytes
}

/// The payload of a Close frame.
pub(crate) fn close_payload(code: impl Into<CloseCode>, reason: &str) -> Vec<u8> {
    [&code.into().0.to_be_bytes(), reason.as_bytes()].concat()
}

/// What a peer speaks over: TCP, or TLS on it.
trait Wire: Read + Write + Debug + Send {
    fn tcp(&self) -> &TcpStream;
    fn tls(&mut self) -> Option<&mut CommonState>;
}

impl Wire for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }

    fn tls(&mut self) -> Option<&mut CommonState> {
        None
    }
}

impl<C, S> Wire for StreamOwned<C, TcpStream>
where
    C: DerefMut<Target = ConnectionCommon<S>> + Debug + Send,
    S: SideData + 'static,
{
    fn tcp(&self) -> &TcpStream {
        &self.sock
    }

    fn tls(&mut self) -> Option<&mut CommonState> {
        Some(&mut self.conn)
    }
}

/// A peer of the subject's. To drop it is to end the stream.
#[derive(Debug)]
pub(crate) struct Peer {
    role: Role,
    wire: Box<dyn Wire>,
    decoder: Decoder,
    /// What was read and not yet looked at.
    input: BytesMut,
}

impl Peer {
    /// A client that is connected and has said nothing yet.
    pub(crate) fn client(server: SocketAddr) -> Self {
        Self::new(Role::Client, TcpStream::connect(server).unwrap())
    }

    /// A server that has accepted the next client and said nothing yet.
    pub(crate) fn server(listener: &TcpListener) -> Self {
        Self::accepted(listener.accept().unwrap().0)
    }

    /// A server that has accepted this client and said nothing yet.
    pub(crate) fn accepted(tcp: TcpStream) -> Self {
        Self::new(Role::Server, tcp)
    }

    fn new(role: Role, tcp: TcpStream) -> Self {
        tcp.set_nodelay(true).unwrap();
        tcp.set_read_timeout(Some(PATIENCE)).unwrap();
        tcp.set_write_timeout(Some(PATIENCE)).unwrap();
        Self { role, wire: Box::new(tcp), decoder: Decoder::new(role), input: BytesMut::new() }
    }

    /// Goes on with TLS, as a client of `host`.
    pub(crate) fn tls_client(self, mut config: Arc<ClientConfig>, host: &'static str) -> Self {
        Arc::make_mut(&mut config).alpn_protocols = http();
        let tls = ClientConnection::new(config, ServerName::try_from(host).unwrap()).unwrap();
        let wire = Box::new(StreamOwned::new(tls, self.wire.tcp().try_clone().unwrap()));
        Self { wire, ..self }
    }

    /// Goes on with TLS, as a server.
    pub(crate) fn tls_server(self, mut config: Arc<ServerConfig>) -> Self {
        Arc::make_mut(&mut config).alpn_protocols = http();
        let tls = ServerConnection::new(config).unwrap();
        let wire = Box::new(StreamOwned::new(tls, self.wire.tcp().try_clone().unwrap()));
        Self { wire, ..self }
    }

    /// Does the TLS handshake, which otherwise comes with what is first read or written.
    pub(crate) fn shake(&mut self) -> io::Result<()> {
        self.wire.flush()
    }

    /// Its request or answer, and the subject's.
    #[track_caller]
    pub(crate) fn upgrade(&mut self) {
        match self.role {
            Role::Client => {
                self.write(request(""));
                assert!(self.head().starts_with("HTTP/1.1 101 "));
            }
            Role::Server => {
                let request = self.head();
                self.write(answer(&request, ""));
            }
        }
    }

    pub(crate) const fn role(&self) -> Role {
        self.role
    }

    /// Has the system take little of what is not read.
    pub(crate) fn receive_little(&self) {
        SockRef::from(self.wire.tcp()).set_recv_buffer_size(64 << 10).unwrap();
    }

    /// Writes these bytes.
    #[track_caller]
    pub(crate) fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_write(bytes).expect("the subject reads");
    }

    /// Writes these bytes, unless the subject is gone.
    pub(crate) fn try_write(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.wire.write_all(bytes.as_ref())
    }

    /// Writes a frame.
    #[track_caller]
    pub(crate) fn send(&mut self, opcode: Opcode, payload: impl AsRef<[u8]>) {
        self.send_part(opcode, true, payload);
    }

    /// Writes a frame that may not be the last of its message.
    #[track_caller]
    pub(crate) fn send_part(&mut self, opcode: Opcode, fin: bool, payload: impl AsRef<[u8]>) {
        self.write(frame(self.role, opcode, fin, payload.as_ref()));
    }

    /// Writes a compressed text (RFC 7692 §7.2.3), or the first frame of one.
    #[track_caller]
    pub(crate) fn send_compressed(&mut self, fin: bool, payload: &[u8]) {
        let mut frame = frame(self.role, Opcode::Text, fin, payload);
        frame[0] |= 0x40;
        self.write(frame);
    }

    /// Writes a message in one frame.
    #[track_caller]
    pub(crate) fn say(&mut self, message: &Message) {
        self.send(opcode(message), message.as_bytes());
    }

    /// The head of the subject's request or answer.
    #[track_caller]
    pub(crate) fn head(&mut self) -> String {
        loop {
            if let Some(at) = self.input.windows(4).position(|end| end == b"\r\n\r\n") {
                return String::from_utf8(self.input.split_to(at + 4).into()).unwrap();
            }
            assert!(self.fill().unwrap() > 0, "the stream ends in a head: {:?}", self.input);
        }
    }

    /// The next frame; `None` at the end of the stream. It must be legal.
    #[track_caller]
    pub(crate) fn frame(&mut self) -> Option<Frame> {
        loop {
            let frame = self.decoder.frame(&mut self.input, 64 << 20).expect("what the subject sends is legal");
            if frame.is_some() {
                return frame;
            }
            if self.fill().unwrap() == 0 {
                assert!(self.input.is_empty(), "the stream ends in a frame");
                return None;
            }
        }
    }

    /// Reads the next frame, which must be this one and whole.
    #[track_caller]
    pub(crate) fn expect(&mut self, opcode: Opcode, payload: impl AsRef<[u8]>) {
        self.expect_part(opcode, true, payload);
    }

    /// Reads the next frame, which must be this one.
    #[track_caller]
    pub(crate) fn expect_part(&mut self, opcode: Opcode, fin: bool, payload: impl AsRef<[u8]>) {
        let frame = self.frame().expect("a frame");
        assert_eq!((frame.header.opcode, frame.header.fin), (opcode, fin), "{:?}", shown(&frame.payload));
        assert!(frame.payload == payload.as_ref(), "{:?} is not {:?}", shown(&frame.payload), shown(payload.as_ref()));
    }

    /// Reads the next frame, which must be this message.
    #[track_caller]
    pub(crate) fn hear(&mut self, message: &Message) {
        self.expect(opcode(message), message.as_bytes());
    }

    /// Reads on to the end of the stream, and returns what is there.
    #[track_caller]
    pub(crate) fn rest(&mut self) -> Bytes {
        while self.fill().unwrap() > 0 {}
        self.input.split().freeze()
    }

    /// Reads on until the subject has ended the stream, in whatever way.
    #[track_caller]
    pub(crate) fn until_gone(&mut self) {
        while self.fill().is_ok_and(|read| read > 0) {}
    }

    /// Ends this side of the stream. The subject's goes on, if it is not gone.
    pub(crate) fn end(&mut self) {
        let _ = self.wire.tcp().shutdown(Shutdown::Write);
    }

    /// The same, and says so first if there is TLS.
    pub(crate) fn end_well(&mut self) {
        if let Some(tls) = self.wire.tls() {
            tls.send_close_notify();
            let _ = self.wire.flush();
        }
        self.end();
    }

    /// Says that this side of TLS ends, by `close_notify`.
    #[track_caller]
    pub(crate) fn notify(&mut self) {
        self.wire.tls().unwrap().send_close_notify();
        self.wire.flush().expect("the subject reads");
    }

    /// Ends the stream by a reset.
    pub(crate) fn reset(self) {
        SockRef::from(self.wire.tcp()).set_linger(Some(Duration::ZERO)).unwrap();
    }

    /// Reads some bytes; zero at the end of the stream, which TLS must have announced if there is TLS.
    #[track_caller]
    fn fill(&mut self) -> io::Result<usize> {
        let mut bytes = [0; 16 << 10];
        loop {
            match self.wire.read(&mut bytes) {
                Ok(read) => {
                    self.input.extend_from_slice(&bytes[..read]);
                    return Ok(read);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    panic!("the subject has said nothing for {PATIENCE:?}");
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// For who has a place for what it reads, and may be left waiting.
impl Read for Peer {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.wire.read(bytes)
    }
}

pub(crate) const fn opcode(message: &Message) -> Opcode {
    match message {
        Message::Text(_) => Opcode::Text,
        Message::Binary(_) => Opcode::Binary,
    }
}

/// What a peer would speak on TLS, in its order.
fn http() -> Vec<Vec<u8>> {
    vec![b"h2".into(), b"http/1.1".into()]
}

/// The start of a payload, and its length.
fn shown(payload: &[u8]) -> (usize, &[u8]) {
    (payload.len(), &payload[..payload.len().min(100)])
}

/// A port for a peer in the role of the server, and its URL.
pub(crate) fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    (listener, url)
}

/// Runs both at a time, the peer on a thread of its own.
pub(crate) fn together<A, B: Send>(ours: impl FnOnce() -> A, theirs: impl FnOnce() -> B + Send) -> (A, B) {
    thread::scope(|scope| {
        let theirs = scope.spawn(theirs);
        let ours = ours();
        (ours, theirs.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}
