//! [`Socket`]: streams of mio's; [`Transport`]: one, as the driver wants it.

use bytes::BytesMut;
use mio::event::{Event, Source};
use mio::net::TcpStream;
#[cfg(unix)]
use mio::net::UnixStream;
use sansws_driver::read_by_copy;
use std::io::{self, IoSlice, Read, Write};
use std::net::Shutdown;
use std::task::{Context, Poll, ready};

/// A stream of mio's, as a WebSocket wants it. Its reads and writes do not wait.
pub trait Socket: Source + Read + Write {
    /// Whether it is connected by now: mio connects in the background.
    ///
    /// # Errors
    ///
    /// Why it cannot be connected.
    fn is_connected(&self) -> io::Result<bool>;

    /// Sets what a WebSocket wants of it, once it is connected: no Nagle delay on TCP.
    fn set_up(&self) {}

    /// Ends our side of the stream; the peer's may go on.
    ///
    /// # Errors
    ///
    /// That of the stream.
    fn shut_down(&mut self) -> io::Result<()>;
}

impl Socket for TcpStream {
    fn is_connected(&self) -> io::Result<bool> {
        self.take_error()?.map_or_else(|| Ok(self.peer_addr().is_ok()), Err)
    }

    fn set_up(&self) {
        let _ = self.set_nodelay(true); // a delay would be all that is lost
    }

    fn shut_down(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

#[cfg(unix)]
impl Socket for UnixStream {
    fn is_connected(&self) -> io::Result<bool> {
        self.take_error()?.map_or_else(|| Ok(self.peer_addr().is_ok()), Err)
    }

    fn shut_down(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

/// A stream of mio's, as the driver wants it.
#[derive(Debug)]
pub struct Transport<S> {
    stream: S,
    is_connected: bool,
    arrival: Arrival,
}

/// What is known of what there is to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arrival {
    /// Nothing: events are not told of. Reads go on until there is nothing.
    Unknown,
    /// There may be something.
    Some,
    /// There was less than fitted, so there is no more until the next event, which is told of.
    None,
    /// The peer has ended its side, and no event follows.
    Ended,
}

impl<S: Socket> Transport<S> {
    pub(crate) const fn new(stream: S) -> Self {
        Self { stream, is_connected: false, arrival: Arrival::Unknown }
    }

    /// Takes note of an event of the stream.
    pub(crate) fn notice(&mut self, event: &Event) {
        if cfg!(not(unix)) {
            return; // there, events follow only where a read has found nothing
        }
        let ended = event.is_read_closed() || event.is_error() || self.arrival == Arrival::Ended;
        self.arrival = if ended { Arrival::Ended } else { Arrival::Some };
    }

    /// Waits until the stream is connected: until then, what it says of reads and writes depends on the system.
    #[inline]
    fn poll_connected(&mut self) -> Poll<io::Result<()>> {
        if !self.is_connected {
            self.is_connected = self.stream.is_connected()?;
            if !self.is_connected {
                return Poll::Pending;
            }
            self.stream.set_up();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S> Transport<S> {
    /// The stream.
    #[must_use]
    pub const fn get_ref(&self) -> &S {
        &self.stream
    }

    /// The stream: to register it.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.stream
    }
}

impl<S: Socket> sansws_driver::Transport for Transport<S> {
    fn poll_read(&mut self, _: &mut Context<'_>, input: &mut BytesMut, _: usize) -> Poll<io::Result<usize>> {
        ready!(self.poll_connected())?;
        if self.arrival == Arrival::None {
            return Poll::Pending;
        }
        read_by_copy(input, |bytes| {
            let read = polled(|| self.stream.read(bytes));
            // What comes from now on makes an event of its own, and so does the end if it has not come yet.
            let all = match &read {
                Poll::Ready(Ok(read)) => *read < bytes.len(),
                Poll::Ready(Err(_)) => false,
                Poll::Pending => true,
            };
            if all && self.arrival == Arrival::Some {
                self.arrival = Arrival::None;
            }
            read
        })
    }

    fn poll_write(&mut self, _: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        ready!(self.poll_connected())?;
        polled(|| match slices {
            [slice] => self.stream.write(slice),
            _ => self.stream.write_vectored(slices),
        })
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        polled(|| self.stream.flush())
    }

    fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        polled(|| self.stream.shut_down())
    }
}

/// What a call gives that does not wait.
pub(crate) fn polled<R>(mut call: impl FnMut() -> io::Result<R>) -> Poll<io::Result<R>> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Poll::Pending,
            result => return Poll::Ready(result),
        }
    }
}
