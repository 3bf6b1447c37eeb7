//! [`Pipe`]: bytes from one end of a connection to the other, in memory.
//!
//! It takes all that is written and counts it. What is written is copied in, what is read is copied out, for ours and for
//! the peers alike. The peers' ends (`End`) may have to cross threads, so there is an uncontended lock around it; ours
//! goes through the same one.

use bytes::BytesMut;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;

/// One direction of a connection.
#[derive(Clone, Debug, Default)]
pub struct Pipe(Arc<Mutex<Queue>>);

#[derive(Debug, Default)]
struct Queue {
    bytes: Vec<u8>,
    /// How many of them were read.
    read: usize,
    /// How many bytes were ever written.
    written: u64,
    reader: Option<Waker>,
}

impl Pipe {
    /// Writes all of `bytes`.
    pub fn write(&self, bytes: &[u8]) {
        let reader = self.with(|queue| {
            queue.bytes.extend_from_slice(bytes);
            queue.written += bytes.len() as u64;
            queue.reader.take()
        });
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// Reads into `read` as much as it takes: it is given what is there and returns how much that was.
    pub fn read(&self, read: impl FnOnce(&[u8]) -> usize) -> usize {
        self.with(|queue| queue.take(read))
    }

    /// Appends all that is there to `buffer`.
    pub fn read_all(&self, buffer: &mut BytesMut) {
        self.read(|bytes| {
            buffer.extend_from_slice(bytes);
            bytes.len()
        });
    }

    /// How many bytes there are to read.
    #[must_use]
    pub fn len(&self) -> usize {
        self.with(|queue| queue.bytes.len() - queue.read)
    }

    /// Whether there is nothing to read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bytes were ever written.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.with(|queue| queue.written)
    }

    fn with<R>(&self, act: impl FnOnce(&mut Queue) -> R) -> R {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Queue {
    fn take(&mut self, read: impl FnOnce(&[u8]) -> usize) -> usize {
        let taken = read(&self.bytes[self.read..]);
        self.read += taken;
        if self.read == self.bytes.len() {
            self.bytes.clear();
            self.read = 0;
        }
        taken
    }
}

#[cfg(any(feature = "peers", feature = "peers-c-zlib"))]
pub use end::End;

#[cfg(any(feature = "peers", feature = "peers-c-zlib"))]
mod end {
    use super::Pipe;
    use std::io::{IoSlice, Result};
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use tokio::io::ReadBuf;

    /// One end of a connection over two pipes, as the I/O traits of Tokio and of `futures` have it.
    #[derive(Clone, Debug)]
    pub struct End {
        incoming: Pipe,
        outgoing: Pipe,
    }

    impl End {
        /// The two ends of a connection.
        #[must_use]
        pub fn pair() -> (Self, Self) {
            let (here, there) = (Pipe::default(), Pipe::default());
            let end = Self { incoming: there.clone(), outgoing: here.clone() };
            (end, Self { incoming: here, outgoing: there })
        }

        /// Where what is written here goes.
        #[must_use]
        pub fn outgoing(&self) -> Pipe {
            self.outgoing.clone()
        }

        fn poll_with(&self, cx: &Context<'_>, read: impl FnOnce(&[u8]) -> usize) -> Poll<usize> {
            self.incoming.with(|queue| {
                if queue.bytes.is_empty() {
                    queue.reader = Some(cx.waker().clone());
                    return Poll::Pending;
                }
                Poll::Ready(queue.take(read))
            })
        }

        fn write_vectored(&self, slices: &[IoSlice<'_>]) -> usize {
            for slice in slices {
                self.outgoing.write(slice);
            }
            slices.iter().map(|slice| slice.len()).sum()
        }
    }

    impl tokio::io::AsyncRead for End {
        fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<()>> {
            let read = |bytes: &[u8]| {
                let taken = bytes.len().min(buffer.remaining());
                buffer.put_slice(&bytes[..taken]);
                taken
            };
            self.poll_with(cx, read).map(|_| Ok(()))
        }
    }

    impl tokio::io::AsyncWrite for End {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
            self.outgoing.write(bytes);
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_write_vectored(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            slices: &[IoSlice<'_>],
        ) -> Poll<Result<usize>> {
            Poll::Ready(Ok(self.write_vectored(slices)))
        }

        fn is_write_vectored(&self) -> bool {
            true
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    impl futures_util::AsyncRead for End {
        fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Result<usize>> {
            let read = |bytes: &[u8]| {
                let taken = bytes.len().min(buffer.len());
                buffer[..taken].copy_from_slice(&bytes[..taken]);
                taken
            };
            self.poll_with(cx, read).map(Ok)
        }
    }

    impl futures_util::AsyncWrite for End {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
            self.outgoing.write(bytes);
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_write_vectored(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            slices: &[IoSlice<'_>],
        ) -> Poll<Result<usize>> {
            Poll::Ready(Ok(self.write_vectored(slices)))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<()>> {
            Poll::Ready(Ok(()))
        }
    }
}
