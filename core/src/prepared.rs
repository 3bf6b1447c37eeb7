//! [`Prepared`]: a message that is encoded once, for many connections.

use crate::deflate::{Compressor, RSV1, Variants};
use crate::event::Message;
use crate::frame::{Header, Opcode};
use alloc::sync::Arc;
use alloc::vec::Vec;
use bytes::Bytes;
use core::fmt;

/// A message for many connections: a broadcast. What servers send is the same for each of them, header and all; so it is
/// encoded once, and compressed once for each way of compressing that connections have agreed on. A frame of 4 KiB or
/// more is shared by all that have yet to write it, and not copied.
///
/// Clones are the same message.
///
/// ```
/// use sansws_core::{Config, Connection, Instant, Prepared};
///
/// let mut clients: Vec<_> = (0..1000).map(|_| Connection::server(Config::default(), Instant::ORIGIN)).collect();
/// let news = Prepared::new("to all");
/// for client in &mut clients {
///     client.send_prepared(&news)?;
/// }
/// # use bytes::Buf;
/// # assert!(clients.iter_mut().all(|client| client.output().chunk() == b"\x81\x06to all"));
/// # Ok::<_, sansws_core::SendError>(())
/// ```
///
/// Two kinds of connections encode for themselves nonetheless: those of clients, whose frames have a fresh mask each, and
/// those that compress with context takeover, where a frame depends on the messages before it. A server that broadcasts
/// had better not agree to that: see
/// [`Params::server_no_context_takeover`](crate::deflate::Params::server_no_context_takeover).
#[derive(Clone)]
pub struct Prepared(Arc<Inner>);

struct Inner {
    message: Message,
    /// That of a server that does not compress.
    plain: Frame,
    /// Those of servers that do.
    compressed: Variants<Frame>,
}

/// A frame, header and all.
#[derive(Clone)]
pub(crate) struct Frame {
    pub(crate) bytes: Bytes,
    /// How long its payload is.
    pub(crate) payload: usize,
}

impl Prepared {
    /// Prepares a message.
    #[must_use]
    pub fn new(message: impl Into<Message>) -> Self {
        let message = message.into();
        let plain = Frame::new(&message, 0, message.as_bytes());
        Self(Arc::new(Inner { message, plain, compressed: Variants::default() }))
    }

    /// The message.
    #[must_use]
    pub fn message(&self) -> &Message {
        &self.0.message
    }

    /// The frame of a server that does not compress.
    pub(crate) fn plain(&self) -> &Frame {
        &self.0.plain
    }

    /// The frame of a server with this compressor, which compresses each message by itself. `None` if that fails.
    pub(crate) fn compressed(&self, compressor: &mut Compressor) -> Option<Frame> {
        let Inner { message, plain, compressed } = &*self.0;
        let payload = message.as_bytes();
        compressed.get(compressor, payload, |compressed| {
            if compressed.len() < payload.len() { Frame::new(message, RSV1, compressed) } else { plain.clone() }
        })
    }
}

impl Frame {
    fn new(message: &Message, rsv: u8, payload: &[u8]) -> Self {
        let opcode = Opcode::of(message.kind());
        let header = Header { fin: true, rsv, opcode, mask: None, len: payload.len() as u64 }.encode();
        let mut bytes = Vec::with_capacity(header.len() + payload.len());
        bytes.extend_from_slice(&header);
        bytes.extend_from_slice(payload);
        Self { bytes: bytes.into(), payload: payload.len() }
    }
}

impl<M: Into<Message>> From<M> for Prepared {
    fn from(message: M) -> Self {
        Self::new(message)
    }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Prepared").field(self.message()).finish()
    }
}
