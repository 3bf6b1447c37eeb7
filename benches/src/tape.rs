//! [`Tape`]: a stream in memory that says the same again and again, and drops what it is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How long a lap is at least, so that a read of a full block is the rule.
const LAP: usize = 64 << 10;

/// A stream in memory. It repeats one frame for ever, and takes all that is written. If there is no frame it is silent:
/// reading it waits for ever.
#[derive(Clone, Debug)]
pub struct Tape {
    lap: Arc<[u8]>,
    at: usize,
    block: usize,
    written: Arc<AtomicU64>,
}

impl Tape {
    /// One that gives at most `block` bytes to each read.
    #[must_use]
    pub fn new(frame: &[u8], block: usize) -> Self {
        Self { lap: frame.repeat(LAP.div_ceil(frame.len().max(1))).into(), at: 0, block, written: Arc::default() }
    }

    /// The next block, of `room` bytes at most; empty if the tape is silent.
    #[inline]
    pub fn read(&mut self, room: usize) -> &[u8] {
        let end = self.lap.len().min(self.at + self.block.min(room));
        let begin = self.at;
        self.at = if end == self.lap.len() { 0 } else { end };
        &self.lap[begin..end]
    }

    /// Takes what is written.
    #[inline]
    pub fn write(&mut self, bytes: &[u8]) {
        self.written.fetch_add(std::hint::black_box(bytes).len() as u64, Ordering::Relaxed);
    }

    /// How many bytes were written, to this one and to its clones.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }
}

mod io {
    use super::Tape;
    use std::io::{self, IoSlice};
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

    impl AsyncRead for Tape {
        fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            match self.read(buffer.remaining()) {
                [] => return Poll::Pending,
                block => buffer.put_slice(block),
            }
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for Tape {
        fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            Tape::write(&mut self, bytes);
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_write_vectored(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            slices: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            slices.iter().for_each(|slice| Tape::write(&mut self, slice));
            Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()))
        }

        fn is_write_vectored(&self) -> bool {
            true
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    impl io::Read for Tape {
        fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
            let block = Tape::read(self, bytes.len());
            if block.is_empty() {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            bytes[..block.len()].copy_from_slice(block);
            Ok(block.len())
        }
    }

    impl io::Write for Tape {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Tape::write(self, bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}
