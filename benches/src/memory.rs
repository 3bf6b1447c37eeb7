//! One end of a connection, over a stream in memory: what `receive` and `send` measure, of every library.
//!
//! The other end is a [`Tape`]. Peers and our adapter for tokio are polled in a runtime on the same thread, which is
//! entered once for many messages; our core is called.

mod core;
mod floor;
mod tokio;

use crate::Error;
use crate::tape::Tape;
use ::tokio::runtime::Runtime;
use bytes::Bytes;
use sansws_core::frame::Role;

/// One end of a connection.
pub trait End {
    /// Receives so many data messages, and returns how many bytes they had.
    ///
    /// # Errors
    ///
    /// Whatever the library reports.
    fn receive(&mut self, count: usize) -> Result<usize, Error>;

    /// Sends a binary message so many times, in one batch if the library can, and has all of it written.
    ///
    /// # Errors
    ///
    /// Whatever the library reports.
    fn send(&mut self, payload: &Bytes, count: usize) -> Result<(), Error>;
}

/// A library, and a way to use it.
#[derive(Clone, Copy, Debug)]
pub struct Library {
    /// What it is called.
    pub name: &'static str,
    /// Makes the end in this role.
    pub open: fn(Tape, Role) -> Result<Box<dyn End>, Error>,
}

/// All that are built in; ours first.
#[must_use]
pub fn libraries() -> Vec<Library> {
    #[cfg_attr(not(feature = "peers"), expect(unused_mut, reason = "peers follow"))]
    let mut libraries = vec![
        Library { name: "floor: copy, parse, unmask in place", open: floor::open },
        Library { name: "sansws-core, borrowed", open: core::open_borrowed },
        Library { name: "sansws-core, owned", open: core::open_owned },
        Library { name: "sansws-tokio, borrowed", open: tokio::open_borrowed },
        Library { name: "sansws-tokio, owned", open: tokio::open_owned },
    ];
    #[cfg(feature = "peers")]
    libraries.extend(crate::peers::memory());
    libraries
}

/// An end that is asynchronous.
#[expect(async_fn_in_trait, reason = "used here alone, on one thread")]
pub trait AsyncEnd {
    /// Receives a data message, and returns how many bytes it had.
    async fn receive(&mut self) -> Result<usize, Error>;

    /// Queues a binary message; where there is no queue, sends it.
    async fn feed(&mut self, payload: &Bytes) -> Result<(), Error>;

    /// Has what is queued written.
    async fn flush(&mut self) -> Result<(), Error>;
}

/// An asynchronous end and the runtime it is polled in.
#[derive(Debug)]
pub struct Driven<E> {
    runtime: Runtime,
    end: E,
}

impl<E: AsyncEnd> Driven<E> {
    /// Has `make` make the end, in a runtime.
    ///
    /// # Errors
    ///
    /// If there is no runtime to be had, or if `make` fails.
    pub fn new(make: impl FnOnce() -> Result<E, Error>) -> Result<Self, Error> {
        let runtime = ::tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let entered = runtime.enter();
        let end = make()?;
        drop(entered);
        Ok(Self { runtime, end })
    }
}

impl<E: AsyncEnd> End for Driven<E> {
    fn receive(&mut self, count: usize) -> Result<usize, Error> {
        let Self { runtime, end } = self;
        runtime.block_on(async {
            let mut bytes = 0;
            for _ in 0..count {
                bytes += end.receive().await?;
            }
            Ok(bytes)
        })
    }

    fn send(&mut self, payload: &Bytes, count: usize) -> Result<(), Error> {
        let Self { runtime, end } = self;
        runtime.block_on(async {
            for _ in 0..count {
                end.feed(payload).await?;
            }
            end.flush().await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire;

    const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

    #[test]
    fn all_receive_what_is_there() {
        for Library { name, open } in libraries() {
            for (role, key) in [(Role::Server, Some(KEY)), (Role::Client, None)] {
                for len in [1, 125, 1000, 70_000] {
                    for block in [len / 3 + 1, 64 << 10] {
                        let frame = wire::frame(wire::TEXT, &vec![b'a'; len], key);
                        let mut end = open(Tape::new(&frame, block), role).unwrap();
                        let received = end.receive(50).unwrap();
                        assert_eq!(received, 50 * len, "{name}, {role:?}, {len}, {block}");
                    }
                }
            }
        }
    }

    #[test]
    fn all_write_what_is_sent() {
        for Library { name, open } in libraries() {
            for (role, key) in [(Role::Server, None), (Role::Client, Some(KEY))] {
                for len in [1, 125, 1000, 70_000] {
                    let frame = wire::Head { first: wire::BINARY, payload: len, key };
                    let tape = Tape::new(&[], 1);
                    open(tape.clone(), role).unwrap().send(&vec![b'a'; len].into(), 20).unwrap();
                    assert_eq!(tape.written(), 20 * (frame.size() + len) as u64, "{name}, {role:?}, {len}");
                }
            }
        }
    }
}
