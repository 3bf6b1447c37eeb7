//! [`FuturesIo`]: streams of futures-io, which async-std and smol have in common.

use crate::transport::Transport;
use bytes::BytesMut;
use futures_io::{AsyncRead, AsyncWrite};
use std::cell::Cell;
use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// The most that one read takes, in bytes.
const SIZE: usize = 64 << 10;

thread_local! {
    /// Where reads go first: futures-io reads only into bytes that are initialised, which a buffer's free room is not.
    /// These are once for each thread, and what came is copied. Empty while in use, and before.
    static SCRATCH: Cell<Box<[u8]>> = Cell::default();
}

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
        let free = input.capacity() - input.len();
        debug_assert!(free >= room);
        let mut scratch = SCRATCH.try_with(Cell::take).unwrap_or_default();
        if scratch.is_empty() {
            scratch = vec![0; SIZE].into();
        }
        let read = Pin::new(&mut self.stream).poll_read(cx, &mut scratch[..free.min(SIZE)]);
        if let Poll::Ready(Ok(read)) = read {
            input.extend_from_slice(&scratch[..read]);
        }
        let _ = SCRATCH.try_with(|kept| kept.set(scratch)); // or the thread is ending
        read
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
    #[derive(Default)]
    struct Noting {
        data: Vec<u8>,
        /// Is read in the middle of each read.
        inner: Option<Box<FuturesIo<Noting>>>,
        calls: RefCell<Vec<Call>>,
    }

    impl Noting {
        fn note(&self, call: Call) {
            self.calls.borrow_mut().push(call);
        }

        fn transport(data: &[u8]) -> FuturesIo<Self> {
            let stream = Self { data: data.into(), ..Self::default() };
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
            let read = buffer.len().min(self.data.len());
            buffer[..read].copy_from_slice(&self.data[..read]);
            if let Some(inner) = &mut self.inner {
                self::read(&mut **inner, &mut BytesMut::with_capacity(100));
            }
            self.data.drain(..read);
            Poll::Ready(Ok(read))
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
        check(10, 100, 0, 10);
        check(100, 100, 0, 100);
        check(100, 100, 70, 30);
        check(SIZE, 2 * SIZE, 1, SIZE);
        check(2 * SIZE, 2 * SIZE, 1, SIZE);

        #[track_caller]
        fn check(there: usize, capacity: usize, held: usize, expected: usize) {
            let data: Vec<u8> = (0..there).map(|at| at.to_le_bytes()[0]).collect();
            let mut input = BytesMut::with_capacity(capacity);
            input.resize(held, b'x');
            let (free, place) = (input.capacity() - held, input.as_ptr());
            let mut transport = Noting::transport(&data);
            assert_eq!(read(&mut transport, &mut input), Some(expected));
            assert_eq!(input, [&vec![b'x'; held], &data[..expected]].concat());
            assert_eq!(input.as_ptr(), place, "it has moved");
            assert_eq!(*transport.get_ref().calls.borrow(), [Call::Read(free.min(SIZE))]);
        }
    }

    #[test]
    fn nothing_to_read_leaves_the_input() {
        let mut input = BytesMut::with_capacity(100);
        input.extend_from_slice(b"x");
        assert_eq!(read(&mut Noting::transport(b""), &mut input), None);
        assert_eq!(input, "x");
    }

    /// As a WebSocket through a WebSocket does.
    #[test]
    fn a_stream_may_read_another_within_a_read() {
        let mut transport = Noting::transport(b"outer");
        transport.stream.inner = Some(Noting::transport(b"inner").into());
        let mut input = BytesMut::with_capacity(100);
        assert_eq!((read(&mut transport, &mut input), &*input), (Some(5), &b"outer"[..]));
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
