//! [`Parser`]: frames out of bytes, as RFC 6455 §5.2 has them, without the library under test.

use sansws_core::frame::Role;

#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) opcode: u8,
    pub(crate) fin: bool,
    pub(crate) payload: Vec<u8>,
}

pub(crate) const CONTINUATION: u8 = 0;
pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// Reads what one end sends, which must be legal, up to its Close frame.
#[derive(Debug)]
pub(crate) struct Parser {
    from: Role,
    rest: Vec<u8>,
    in_message: bool,
    closed: bool,
}

impl Parser {
    pub(crate) const fn new(from: Role) -> Self {
        Self { from, rest: Vec::new(), in_message: false, closed: false }
    }

    /// The frames that are whole with these bytes.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Vec<Frame> {
        self.rest.extend_from_slice(bytes);
        let mut frames = Vec::new();
        while !self.closed
            && let Some(frame) = self.frame()
        {
            self.check(&frame);
            frames.push(frame);
        }
        frames
    }

    /// Whether there are bytes behind the last whole frame.
    pub(crate) fn has_rest(&self) -> bool {
        !self.rest.is_empty()
    }

    fn frame(&mut self) -> Option<Frame> {
        let (&first, &second) = (self.rest.first()?, self.rest.get(1)?);
        assert_eq!(first & 0x70, 0, "a reserved bit");
        assert_eq!(second & 0x80 != 0, self.from == Role::Client, "clients mask, and servers do not");
        let (extended, least) = match second & 0x7f {
            126 => (2, 126),
            127 => (8, 1 << 16),
            _ => (0, 0),
        };
        let (at, mut len) = (2 + extended, usize::from(second & 0x7f));
        if extended > 0 {
            len = self.rest.get(2..at)?.iter().fold(0, |len, byte| len << 8 | usize::from(*byte));
        }
        assert!(len >= least, "a length of {len} could be shorter");
        let key = if self.from == Role::Client { self.rest.get(at..at + 4)?.to_vec() } else { Vec::new() };
        let start = at + key.len();
        let mut payload = self.rest.get(start..start + len)?.to_vec();
        payload.iter_mut().zip(key.iter().cycle()).for_each(|(byte, key)| *byte ^= key);
        self.rest.drain(..start + len);
        Some(Frame { opcode: first & 0x0f, fin: first & 0x80 != 0, payload })
    }

    fn check(&mut self, frame: &Frame) {
        match frame.opcode {
            CONTINUATION => assert!(self.in_message, "a continuation of nothing"),
            TEXT | BINARY => assert!(!self.in_message, "a message inside another"),
            CLOSE | PING | PONG => {
                assert!(frame.fin && frame.payload.len() <= 125, "a control frame in pieces, or too long");
                self.closed |= frame.opcode == CLOSE;
                return;
            }
            other => panic!("opcode {other}"),
        }
        self.in_message = !frame.fin;
    }
}
