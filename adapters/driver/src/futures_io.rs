//! [`FuturesIo`]: streams of futures-io, which async-std and smol have in common.

use crate::scratch::read_by_copy;
use crate::transport::Transport;
use bytes::BytesMut;
use futures_io::{AsyncRead, AsyncWrite};
use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A stream of futures-io, as the driver wants it.
pub struct FuturesIo<S> {
    stream: S,
    shut_down: fn(&S) -> io::Result<()>,
}

impl<S> FuturesIo<S> {
    /// A stream, and what else ends its write side once it is closed. Most need nothing more; sockets of async-io and of
    /// async-std are only flushed by closing them.
    pub const fn new(stream: S, shut_down: fn(&S) -> io::Result<()>) -> Self {
        Self { stream, shut_down }
    }

    /// The stream.
    #[must_use]
    pub const fn get_ref(&self) -> &S {
        &self.stream
    }

    /// The stream.
    #[must_use]
    pub fn into_inner(self) -> S {
        self.stream
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Transport for FuturesIo<S> {
    fn poll_read(&mut self, cx: &mut Context<'_>, input: &mut BytesMut, room: usize) -> Poll<io::Result<usize>> {
        debug_assert!(input.capacity() - input.len() >= room);
        read_by_copy(input, |bytes| Pin::new(&mut self.stream).poll_read(cx, bytes))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let stream = Pin::new(&mut self.stream);
        match slices {
            [slice] => stream.poll_write(cx, slice),
            _ => stream.poll_write_vectored(cx, slices),
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_close(cx))?;
        Poll::Ready((self.shut_down)(&self.stream))
    }
}

impl<S: fmt::Debug> fmt::Debug for FuturesIo<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FuturesIo").field(&self.stream).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::task::Waker;

    #[derive(Debug, PartialEq, Eq)]
    enum Call {
        Read(usize),
        Write(usize),
        WriteVectored(usize),
        Close,
        ShutDown,
    }

    /// A stream that reads `data` once, waits then, and notes its calls.
    struct Noting {
        data: &'static [u8],
        calls: RefCell<Vec<Call>>,
    }

    impl Noting {
        fn note(&self, call: Call) {
            self.calls.borrow_mut().push(call);
        }

        fn transport(data: &'static [u8]) -> FuturesIo<Self> {
            let stream = Self { data, calls: RefCell::default() };
            FuturesIo::new(stream, |stream| {
                stream.note(Call::ShutDown);
                Ok(())
            })
        }
    }

    impl AsyncRead for Noting {
        fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
            self.note(Call::Read(buffer.len()));
            if self.data.is_empty() {
                return Poll::Pending;
            }
            Poll::Ready(io::Read::read(&mut self.data, buffer))
        }
    }

    impl AsyncWrite for Noting {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
            self.note(Call::Write(buffer.len()));
            Poll::Ready(Ok(buffer.len()))
        }

        fn poll_write_vectored(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            slices: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            self.note(Call::WriteVectored(slices.len()));
            Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.note(Call::Close);
            Poll::Ready(Ok(()))
        }
    }

    fn read(transport: &mut impl Transport, input: &mut BytesMut) -> Option<usize> {
        match transport.poll_read(&mut Context::from_waker(Waker::noop()), input, 1) {
            Poll::Ready(read) => Some(read.unwrap()),
            Poll::Pending => None,
        }
    }

    #[test]
    fn a_read_takes_what_there_is_room_for() {
        let mut transport = Noting::transport(b"hello");
        let mut input = BytesMut::with_capacity(100);
        input.extend_from_slice(b"> ");
        assert_eq!(read(&mut transport, &mut input), Some(5));
        assert_eq!(read(&mut transport, &mut input), None);
        assert_eq!(input, "> hello");
        assert_eq!(transport.into_inner().calls.into_inner(), [Call::Read(98), Call::Read(93)]);
    }

    #[test]
    fn several_slices_leave_in_one_write() {
        let mut transport = Noting::transport(b"");
        for slices in [&[IoSlice::new(b"abc")][..], &[IoSlice::new(b"a"), IoSlice::new(b"bc")]] {
            let written = transport.poll_write(&mut Context::from_waker(Waker::noop()), slices);
            assert!(matches!(written, Poll::Ready(Ok(3))));
        }
        assert_eq!(transport.into_inner().calls.into_inner(), [Call::Write(3), Call::WriteVectored(2)]);
    }

    #[test]
    fn shutdown_closes_and_then_tells_the_peer() {
        let mut transport = Noting::transport(b"");
        assert!(transport.poll_shutdown(&mut Context::from_waker(Waker::noop())).is_ready());
        assert_eq!(transport.into_inner().calls.into_inner(), [Call::Close, Call::ShutDown]);
    }
}
