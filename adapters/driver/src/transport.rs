//! [`Transport`]: a byte stream, as the driver wants it.

use bytes::BytesMut;
use std::io::{self, IoSlice};
use std::task::{Context, Poll};

/// A reliable, ordered stream of bytes both ways: TCP, TLS over it, a Unix socket, a pipe in memory.
///
/// Our own trait rather than one of a runtime, as hyper and quinn have theirs, so that the loop is written once.
/// Each adapter has a newtype that implements it for whatever its runtime can read and write.
///
/// As everywhere in async Rust, a method that returns [`Poll::Pending`] has arranged for the task of `cx` to
/// be woken when it is worth asking again.
pub trait Transport {
    /// Reads some bytes and appends them to `input`, which has room for `room` bytes or more. Returns how many;
    /// zero is the end of the stream.
    ///
    /// # Errors
    ///
    /// That of the stream. Nothing was read then.
    fn poll_read(&mut self, cx: &mut Context<'_>, input: &mut BytesMut, room: usize) -> Poll<io::Result<usize>>;

    /// Writes some bytes of these slices, in order, and returns how many.
    ///
    /// # Errors
    ///
    /// That of the stream. Nothing was written then.
    fn poll_write(&mut self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>>;

    /// Sees to it that what was written leaves, if the stream buffers.
    ///
    /// # Errors
    ///
    /// That of the stream.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Ends our side of the stream; the peer's may go on. Never called before all is flushed.
    ///
    /// # Errors
    ///
    /// That of the stream.
    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
}
