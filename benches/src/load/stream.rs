//! [`Stream`]: what a connection of the load goes over; it does not block.

use crate::Error;
use crate::echo::handshake;
use mio::event::Source;
use mio::net::TcpStream;
use std::io::{self, Read, Write};
use std::net::SocketAddr;

/// TCP, or TLS over it.
#[derive(Debug)]
pub(super) enum Stream {
    Plain(TcpStream),
    #[cfg(feature = "tls")]
    Tls(Box<tls::Tls>),
}

impl Stream {
    /// Opens a WebSocket to a server.
    pub(super) fn connect(addr: SocketAddr, over_tls: bool) -> Result<Self, Error> {
        match over_tls {
            false => Ok(Self::Plain(TcpStream::from_std(handshake::connected(addr)?))),
            #[cfg(feature = "tls")]
            true => Ok(Self::Tls(Box::new(tls::Tls::connect(addr)?))),
            #[cfg(not(feature = "tls"))]
            true => Err("this build has no TLS: `--features tls`".into()),
        }
    }

    /// What the system polls.
    pub(super) const fn source(&mut self) -> &mut impl Source {
        match self {
            Self::Plain(tcp) => tcp,
            #[cfg(feature = "tls")]
            Self::Tls(tls) => &mut tls.tcp,
        }
    }

    /// Whether a read that leaves room has taken all that there is.
    pub(super) const fn is_drained_by(&self, count: usize, room: usize) -> bool {
        matches!(self, Self::Plain(_)) && count < room
    }
}

impl Read for Stream {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.read(bytes),
            #[cfg(feature = "tls")]
            Self::Tls(tls) => tls.read(bytes),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.write(bytes),
            #[cfg(feature = "tls")]
            Self::Tls(tls) => tls.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            #[cfg(feature = "tls")]
            Self::Tls(tls) => tls.flush(),
        }
    }
}

#[cfg(feature = "tls")]
mod tls {
    use super::{Error, Read, SocketAddr, TcpStream, Write, handshake, io};
    use sansws_driver::rustls::{self, ClientConnection};

    #[derive(Debug)]
    pub(in super::super) struct Tls {
        session: ClientConnection,
        pub(super) tcp: TcpStream,
    }

    impl Tls {
        pub(super) fn connect(addr: SocketAddr) -> Result<Self, Error> {
            let (mut tcp, mut session) = (std::net::TcpStream::connect(addr)?, crate::tls::client()?);
            handshake::connect(&mut rustls::Stream::new(&mut session, &mut tcp))?;
            tcp.set_nodelay(true)?;
            tcp.set_nonblocking(true)?;
            Ok(Self { session, tcp: TcpStream::from_std(tcp) })
        }
    }

    /// As rustls' own stream; but that would not read while it cannot write.
    impl Read for Tls {
        fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
            loop {
                match self.session.reader().read(bytes) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    result => return result,
                }
                self.session.read_tls(&mut self.tcp)?;
                self.session.process_new_packets().map_err(io::Error::other)?;
            }
        }
    }

    impl Write for Tls {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.flush()?; // so that there is room
            let count = self.session.writer().write(bytes)?;
            match self.flush() {
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
                _ => Ok(count),
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            while self.session.wants_write() {
                self.session.write_tls(&mut self.tcp)?;
            }
            Ok(())
        }
    }
}
