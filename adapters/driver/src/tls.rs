//! [`Session`]: TLS by rustls on top of a transport.
//!
//! Written once, over [`Transport`], instead of once for each runtime's streams: rustls does no I/O either.

use crate::pool;
use crate::transport::Transport;
use bytes::{Buf, BytesMut};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, CommonState, Connection, ServerConfig, ServerConnection};
use std::io::{self, BufRead, IoSlice, Write};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

/// How much is asked for at once.
const READ: usize = 16 << 10;

/// How many reads without a byte of plaintext may follow each other before other tasks have their turn.
const READS: u8 = 32;

/// What both sides speak on top of TLS, by its name in ALPN (RFC 7301).
const HTTP: &[u8] = b"http/1.1";

/// One TLS connection.
#[derive(Debug)]
pub(crate) struct Session {
    connection: Connection,
    /// What has arrived and rustls has not taken yet: it takes little at a time.
    arrived: BytesMut,
    /// Whether our side was closed.
    closed: bool,
    /// How many bytes have left.
    sent: u64,
}

impl Session {
    /// The client's end of a connection with `host`, a name or an address.
    pub(crate) fn client(config: Arc<ClientConfig>, host: &str) -> io::Result<Box<Self>> {
        let host = host.strip_suffix('.').unwrap_or(host); // the root is not part of a certificate's names
        let host = ServerName::try_from(host).map_err(invalid)?.to_owned();
        Ok(Self::new(ClientConnection::new(config, host).map_err(invalid)?))
    }

    /// The server's end.
    pub(crate) fn server(config: Arc<ServerConfig>) -> io::Result<Box<Self>> {
        Ok(Self::new(ServerConnection::new(config).map_err(invalid)?))
    }

    fn new(connection: impl Into<Connection>) -> Box<Self> {
        Box::new(Self { connection: connection.into(), arrived: BytesMut::new(), closed: false, sent: 0 })
    }

    /// What was agreed on.
    pub(crate) fn state(&self) -> &CommonState {
        &self.connection
    }

    /// Whether something is encrypted and not written.
    pub(crate) fn wants_write(&self) -> bool {
        self.connection.wants_write()
    }

    /// How many bytes of TLS have left.
    pub(crate) const fn sent(&self) -> u64 {
        self.sent
    }

    /// Goes on with the handshake. Ready when it is done, though some of ours may leave only with what follows.
    pub(crate) fn poll_handshake<T: Transport>(
        &mut self,
        transport: &mut T,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            // The peer may not read on before it has sent what it has, so that is read while ours has yet to leave.
            let _ = self.poll_flush(transport, cx)?;
            if !self.connection.is_handshaking() {
                return Poll::Ready(Ok(()));
            }
            if self.arrived.is_empty() && ready!(self.poll_arrival(transport, cx))? == 0 {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            self.process(transport, cx)?;
        }
    }

    pub(crate) fn poll_read<T: Transport>(
        &mut self,
        transport: &mut T,
        cx: &mut Context<'_>,
        input: &mut BytesMut,
        room: usize,
    ) -> Poll<io::Result<usize>> {
        let before = input.len();
        let full = before + room.max(1);
        let mut reads = 0;
        loop {
            let ended = self.decrypted(input, full)?;
            let read = input.len() - before;
            if ended || input.len() == full || (read > 0 && self.arrived.is_empty()) {
                return Poll::Ready(Ok(read));
            }
            if self.arrived.is_empty() {
                self.connection.process_new_packets().map_err(invalid)?; // what was wrong behind the last plaintext
                let _ = self.poll_ciphertext(transport, cx); // such as the answer to a key update; writes tell of errors
                if reads == READS {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                if ready!(self.poll_arrival(transport, cx))? == 0 {
                    return Poll::Ready(Ok(0)); // cut short or not: a WebSocket says itself when it ends
                }
                reads += 1;
            }
            if let Err(error) = self.process(transport, cx) {
                // What came before the error counts.
                self.decrypted(input, full)?;
                let read = input.len() - before;
                return Poll::Ready(if read > 0 { Ok(read) } else { Err(error) });
            }
        }
    }

    /// Encrypts what is given, at most as much as rustls buffers; it leaves with the next write, or flush.
    pub(crate) fn poll_write<T: Transport>(
        &mut self,
        transport: &mut T,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_ciphertext(transport, cx))?;
        Poll::Ready(self.connection.writer().write_vectored(slices))
    }

    pub(crate) fn poll_flush<T: Transport>(&mut self, transport: &mut T, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_ciphertext(transport, cx))?;
        transport.poll_flush(cx)
    }

    pub(crate) fn poll_shutdown<T: Transport>(
        &mut self,
        transport: &mut T,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.closed {
            self.closed = true;
            self.connection.send_close_notify();
        }
        ready!(self.poll_flush(transport, cx))?;
        transport.poll_shutdown(cx)
    }

    /// Appends what is decrypted to `input`, until it is `full` bytes long. Whether the peer has closed.
    fn decrypted(&mut self, input: &mut BytesMut, full: usize) -> io::Result<bool> {
        let mut reader = self.connection.reader();
        while input.len() < full {
            let taken = match reader.fill_buf() {
                Ok([]) => return Ok(true),
                Ok(chunk) => chunk.len().min(full - input.len()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            };
            input.extend_from_slice(&reader.fill_buf()?[..taken]);
            reader.consume(taken);
        }
        Ok(false)
    }

    /// Waits for bytes from the peer. While there are none, no buffer is held.
    fn poll_arrival<T: Transport>(&mut self, transport: &mut T, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.arrived = pool::take();
        let read = transport.poll_read(cx, &mut self.arrived, READ);
        if !matches!(read, Poll::Ready(Ok(1..))) {
            pool::give(std::mem::take(&mut self.arrived));
        }
        read
    }

    /// Has rustls take some of what has arrived. If it fails, the peer is told, as far as that needs no waiting.
    fn process<T: Transport>(&mut self, transport: &mut T, cx: &mut Context<'_>) -> io::Result<()> {
        let taken = self.connection.read_tls(&mut &*self.arrived)?;
        self.arrived.advance(taken);
        if taken == 0 || self.arrived.is_empty() {
            self.arrived.clear(); // it takes nothing behind the peer's end
            pool::give(std::mem::take(&mut self.arrived));
        }
        if let Err(error) = self.connection.process_new_packets() {
            let _ = self.poll_flush(transport, cx);
            return Err(invalid(error));
        }
        Ok(())
    }

    /// Writes what is encrypted.
    fn poll_ciphertext<T: Transport>(&mut self, transport: &mut T, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.connection.wants_write() {
            match self.connection.write_tls(&mut Sink { transport, cx }) {
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Ok(sent) => self.sent += sent as u64,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Poll::Pending,
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Ok(()))
    }
}

fn invalid(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// A transport as rustls wants it.
struct Sink<'a, 'b, T> {
    transport: &'a mut T,
    cx: &'a mut Context<'b>,
}

impl<T: Transport> Write for Sink<'_, '_, T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match self.transport.poll_write(self.cx, slices) {
            Poll::Ready(written) => written,
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(()) // when all is written
    }
}

/// A client's configuration, with HTTP/1.1 named in ALPN if nothing else is.
pub(crate) fn client(mut config: Arc<ClientConfig>) -> Arc<ClientConfig> {
    if config.alpn_protocols.is_empty() {
        Arc::make_mut(&mut config).alpn_protocols.push(HTTP.into());
    }
    config
}

/// A server's configuration, with HTTP/1.1 named in ALPN if nothing else is.
pub(crate) fn server(mut config: Arc<ServerConfig>) -> Arc<ServerConfig> {
    if config.alpn_protocols.is_empty() {
        Arc::make_mut(&mut config).alpn_protocols.push(HTTP.into());
    }
    config
}

/// How clients are configured that nobody has configured: with the roots of the operating system, or those of
/// Mozilla. `None` if neither is built in.
pub(crate) fn default_client() -> io::Result<Option<Arc<ClientConfig>>> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(config) = CONFIG.get() {
        return Ok(Some(Arc::clone(config)));
    }
    // The provider is ours, never that of the process, of which there may be none or two.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(invalid)?;
    Ok(trusting(builder)?.map(|config| Arc::clone(CONFIG.get_or_init(|| client(Arc::new(config))))))
}

type Builder = rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>;

#[cfg(feature = "tls-platform-verifier")]
fn trusting(builder: Builder) -> io::Result<Option<ClientConfig>> {
    use rustls_platform_verifier::BuilderVerifierExt;
    Ok(Some(builder.with_platform_verifier().map_err(invalid)?.with_no_client_auth()))
}

#[cfg(all(feature = "tls-webpki-roots", not(feature = "tls-platform-verifier")))]
fn trusting(builder: Builder) -> io::Result<Option<ClientConfig>> {
    let roots = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect::<rustls::RootCertStore>();
    Ok(Some(builder.with_root_certificates(roots).with_no_client_auth()))
}

#[cfg(not(any(feature = "tls-webpki-roots", feature = "tls-platform-verifier")))]
fn trusting(_: Builder) -> io::Result<Option<ClientConfig>> {
    Ok(None)
}
