//! Bytes of a thread, for streams that read only into bytes that are initialised.

use bytes::BytesMut;
use std::cell::Cell;
use std::io;
use std::task::Poll;

/// The most that one read takes, in bytes.
const SIZE: usize = 256 << 10;

thread_local! {
    /// Empty while in use, and before.
    static SCRATCH: Cell<Box<[u8]>> = Cell::default();
}

/// Reads as much as `input` has room for, 256 KiB at most, and appends it: for [`Transport`](crate::Transport)s whose
/// streams read only into bytes that are initialised, which the free room of a buffer is not. What comes is copied.
///
/// # Errors
///
/// That of `read`.
pub fn read_by_copy(
    input: &mut BytesMut,
    read: impl FnOnce(&mut [u8]) -> Poll<io::Result<usize>>,
) -> Poll<io::Result<usize>> {
    let free = input.capacity() - input.len();
    let mut scratch = SCRATCH.try_with(Cell::take).unwrap_or_default();
    if scratch.is_empty() {
        scratch = vec![0; SIZE].into();
    }
    let read = read(&mut scratch[..free.min(SIZE)]);
    if let Poll::Ready(Ok(read)) = read {
        input.extend_from_slice(&scratch[..read]);
    }
    let _ = SCRATCH.try_with(|kept| kept.set(scratch)); // or the thread is ending
    read
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let place = input.as_ptr();
            let read = read_by_copy(&mut input, |bytes| Poll::Ready(io::Read::read(&mut &*data, bytes)));
            assert!(matches!(read, Poll::Ready(Ok(read)) if read == expected), "{read:?}");
            assert_eq!(input, [&vec![b'x'; held], &data[..expected]].concat());
            assert_eq!(input.as_ptr(), place, "it has moved");
        }
    }

    #[test]
    fn nothing_to_read_leaves_the_input() {
        let mut input = BytesMut::with_capacity(100);
        input.extend_from_slice(b"x");
        assert!(read_by_copy(&mut input, |_| Poll::Pending).is_pending());
        assert_eq!(input, "x");
    }

    /// As a WebSocket through a WebSocket does.
    #[test]
    fn a_stream_may_read_another_within_a_read() {
        let (mut outer, mut inner) = (BytesMut::with_capacity(100), BytesMut::with_capacity(100));
        let read = read_by_copy(&mut outer, |bytes| {
            bytes[..5].copy_from_slice(b"outer");
            read_by_copy(&mut inner, |bytes| Poll::Ready(io::Read::read(&mut &b"inner"[..], bytes)))
        });
        assert!(matches!(read, Poll::Ready(Ok(5))));
        assert_eq!((&*outer, &*inner), (&b"outer"[..], &b"inner"[..]));
    }
}
