//! [`Socket`]: sockets of the standard library; [`Transport`]: one, as the driver wants it.

use super::waits;
use crate::socket::polled;
use bytes::BytesMut;
use rustix::event::PollFlags;
use rustix::fd::AsFd;
use sansws_driver::read_by_copy;
use std::future::poll_fn;
use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

/// A socket, as a WebSocket wants it.
pub trait Socket: AsFd + Send + Sync + 'static {
    /// Sets what a WebSocket wants of it: that calls do not wait, and no Nagle delay on TCP.
    fn set_up(&self);

    /// Reads some bytes.
    ///
    /// # Errors
    ///
    /// That of the socket.
    fn read(&self, bytes: &mut [u8]) -> io::Result<usize>;

    /// Writes some bytes of these slices, in order.
    ///
    /// # Errors
    ///
    /// That of the socket.
    fn write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Ends our side of the stream; the peer's may go on.
    ///
    /// # Errors
    ///
    /// That of the socket.
    fn shut_down(&self) -> io::Result<()>;
}

macro_rules! socket {
    ($socket:ty, $set_up:expr) => {
        impl Socket for $socket {
            fn set_up(&self) {
                let _ = self.set_nonblocking(true); // it is a socket
                $set_up(self);
            }

            fn read(&self, bytes: &mut [u8]) -> io::Result<usize> {
                Read::read(&mut &*self, bytes)
            }

            fn write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
                match slices {
                    [slice] => Write::write(&mut &*self, slice),
                    _ => Write::write_vectored(&mut &*self, slices),
                }
            }

            fn shut_down(&self) -> io::Result<()> {
                self.shutdown(Shutdown::Write)
            }
        }
    };
}

socket!(TcpStream, |tcp: &TcpStream| {
    let _ = tcp.set_nodelay(true); // a delay would be all that is lost
});
#[cfg(unix)]
socket!(UnixStream, |_| {});

/// A socket, as the driver wants it. Whoever would have to wait has that noted.
#[derive(Debug)]
pub struct Transport<S>(Arc<S>);

impl<S: Socket> Transport<S> {
    pub(super) fn new(socket: S) -> Self {
        socket.set_up();
        Self(Arc::new(socket))
    }

    /// The socket; its calls do not wait.
    #[must_use]
    pub fn get_ref(&self) -> &S {
        &self.0
    }

    fn poll<R>(&self, cx: &Context<'_>, events: PollFlags, call: impl FnMut() -> io::Result<R>) -> Poll<io::Result<R>> {
        let polled = polled(call);
        if polled.is_pending() {
            let socket: Weak<S> = Arc::downgrade(&self.0);
            waits::for_socket(socket, events, cx);
        }
        polled
    }
}

impl<S: Socket> sansws_driver::Transport for Transport<S> {
    fn poll_read(&mut self, cx: &mut Context<'_>, input: &mut BytesMut, _: usize) -> Poll<io::Result<usize>> {
        read_by_copy(input, |bytes| self.poll(cx, PollFlags::IN, || self.0.read(bytes)))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.poll(cx, PollFlags::OUT, || self.0.write(slices))
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(cx, PollFlags::OUT, || self.0.shut_down())
    }
}

/// Connects over TCP, waiting as a future does.
pub(super) async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let tcp = Arc::new(TcpStream::from(mio::net::TcpStream::connect(address)?));
    poll_fn(|cx| {
        if let Some(error) = tcp.take_error()? {
            return Poll::Ready(Err(error));
        }
        if tcp.peer_addr().is_ok() {
            return Poll::Ready(Ok(()));
        }
        let socket: Weak<TcpStream> = Arc::downgrade(&tcp);
        waits::for_socket(socket, PollFlags::OUT, cx);
        Poll::Pending
    })
    .await?;
    Arc::into_inner(tcp).ok_or_else(|| io::ErrorKind::Other.into()) // not reached: it is only lent
}
