//! [`Reader`]: frames, read by RFC 6455 and nothing of ours, in the dullest way.
//!
//! What we write is read by it and must be legal; what a peer writes is read by it, and we must find the same in it.

use crate::dull;
use crate::frame::{BINARY, CLOSE, CONTINUATION, FIN, MARKER, PING, PONG, TEXT};
use sansws_core::frame::Role;
use sansws_core::{Kind, Limits};
use std::collections::VecDeque;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Message(Kind, Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<(u16, String)>),
}

/// Why the stream is wrong, and the code that a Close frame says so with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) code: u16,
    pub(crate) why: &'static str,
}

const fn wrong<T>(code: u16, why: &'static str) -> Result<T, Wrong> {
    Err(Wrong { code, why })
}

pub(crate) struct Reader {
    from: Role,
    /// Whether contexts are taken over, if messages may be compressed.
    takeover: Option<bool>,
    limits: Limits,
    bytes: Vec<u8>,
    /// Text that a compressed message may refer to.
    context: Vec<u8>,
    message: Option<Message>,
    /// Whether a frame has begun that is part of a compressed message.
    inflating: bool,
    /// In order, each with whether it came compressed in a way that an inflater may refuse: with codes that are not
    /// complete, which nothing needs, in more final blocks than there is text, or with references across the first of
    /// them to messages before.
    pub(crate) heard: VecDeque<(Heard, bool)>,
    pub(crate) wrong: Option<Wrong>,
    /// Whether a Close frame came, behind which nothing counts.
    pub(crate) closed: bool,
    /// The keys that frames were masked with.
    pub(crate) keys: Vec<[u8; 4]>,
    /// How far compressed text refers back, and in how many final blocks it came.
    pub(crate) distance: usize,
    pub(crate) finals: usize,
    /// Whether what is compressed may be refused from now on.
    doubtful: bool,
}

/// A message that has begun.
struct Message {
    kind: Kind,
    compressed: bool,
    payload: Vec<u8>,
    /// How long it is by what its headers say.
    declared: u64,
    frames: u32,
    empty: u32,
}

struct Header {
    fin: bool,
    rsv: u8,
    opcode: u8,
    key: Option<[u8; 4]>,
    len: u64,
    /// Of the header itself.
    size: usize,
}

impl Reader {
    /// Reads what the end in this role writes.
    pub(crate) fn of(from: Role, takeover: Option<bool>, limits: Limits) -> Self {
        Self {
            from,
            takeover,
            limits,
            bytes: Vec::new(),
            context: Vec::new(),
            message: None,
            inflating: false,
            heard: VecDeque::new(),
            wrong: None,
            closed: false,
            keys: Vec::new(),
            distance: 0,
            finals: 0,
            doubtful: false,
        }
    }

    /// More of it, cut anywhere.
    pub(crate) fn read(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        while self.wrong.is_none() && !self.closed {
            match self.frame() {
                Ok(true) => {}
                Ok(false) => return,
                Err(wrong) => self.wrong = Some(wrong),
            }
        }
    }

    /// How many bytes have come that are not a whole frame.
    pub(crate) const fn unread(&self) -> usize {
        self.bytes.len()
    }

    /// Whether a compressed message has begun.
    pub(crate) fn is_inflating(&self) -> bool {
        self.inflating || self.message.as_ref().is_some_and(|message| message.compressed)
    }

    /// Reads one frame, if it is there.
    fn frame(&mut self) -> Result<bool, Wrong> {
        let Some(header) = self.header()? else { return Ok(false) };
        let is_data = header.opcode < CLOSE;
        if is_data {
            self.check_limits(&header)?;
        }
        let arrived = self.bytes.len() - header.size;
        let len = usize::try_from(header.len).unwrap_or(usize::MAX);
        let mut payload = self.bytes[header.size..][..arrived.min(len)].to_vec();
        if let Some(key) = header.key {
            payload.iter_mut().zip(key.iter().cycle()).for_each(|(byte, key)| *byte ^= key);
        }
        if arrived < len {
            if is_data {
                self.begun(&header, &payload)?;
            }
            return Ok(false);
        }
        self.inflating = false;
        self.bytes.drain(..header.size + len);
        self.keys.extend(header.key);
        match header.opcode {
            PING => self.heard.push_back((Heard::Ping(payload), false)),
            PONG => self.heard.push_back((Heard::Pong(payload), false)),
            CLOSE => {
                let close = close(&payload)?;
                self.heard.push_back((Heard::Close(close), false));
                self.closed = true;
            }
            _ => self.data(&header, payload)?,
        }
        Ok(true)
    }

    fn header(&self) -> Result<Option<Header>, Wrong> {
        let Some(&first) = self.bytes.first() else { return Ok(None) };
        let (fin, rsv, opcode) = (first & FIN != 0, first >> 4 & 7, first & 0xf);
        match opcode {
            CONTINUATION | TEXT | BINARY => {}
            CLOSE | PING | PONG if !fin => return wrong(1002, "a control frame in pieces"),
            CLOSE | PING | PONG => {}
            _ => return wrong(1002, "a reserved opcode"),
        }
        let compressed = rsv == 4 && self.takeover.is_some() && matches!(opcode, TEXT | BINARY);
        if rsv != 0 && !compressed {
            return wrong(1002, "a reserved bit");
        }
        match (opcode, &self.message) {
            (CONTINUATION, None) => return wrong(1002, "a continuation of nothing"),
            (TEXT | BINARY, Some(_)) => return wrong(1002, "a message within another"),
            _ => {}
        }
        let Some(&second) = self.bytes.get(1) else { return Ok(None) };
        if (second & 0x80 != 0) != (self.from == Role::Client) {
            return wrong(1002, "masked by a server, or not by a client");
        }
        if opcode >= CLOSE && second & 0x7f > 125 {
            return wrong(1002, "a control frame that is too long");
        }
        let (len, mut size) = match second & 0x7f {
            126 => {
                let Some(len) = self.bytes.get(2..4) else { return Ok(None) };
                (len.iter().fold(0, |len, byte| len << 8 | u64::from(*byte)), 4)
            }
            127 => {
                let Some(len) = self.bytes.get(2..10) else { return Ok(None) };
                (len.iter().fold(0, |len, byte| len << 8 | u64::from(*byte)), 10)
            }
            len => (len.into(), 2),
        };
        let shortest = match len {
            0..=125 => 2,
            126..=0xffff => 4,
            _ => 10,
        };
        if size != shortest {
            return wrong(1002, "a length that could be shorter");
        }
        if len >> 63 != 0 {
            return wrong(1002, "a length with its highest bit set");
        }
        let mut key = None;
        if self.from == Role::Client {
            let Some(bytes) = self.bytes.get(size..size + 4) else { return Ok(None) };
            key = bytes.first_chunk().copied();
            size += 4;
        }
        Ok(Some(Header { fin, rsv, opcode, key, len, size }))
    }

    /// Whether the message may have this frame.
    fn check_limits(&self, header: &Header) -> Result<(), Wrong> {
        let (mut declared, mut frames, mut empty, mut compressed) = (0, 0, 0, header.rsv != 0);
        if let Some(message) = &self.message {
            (declared, frames, empty, compressed) =
                (message.declared, message.frames, message.empty, message.compressed);
        }
        let growth = if compressed { self.limits.message / 8 + 1024 + 16 * u64::from(frames) } else { 0 };
        if declared.saturating_add(header.len) > self.limits.message + growth {
            return wrong(1009, "too long a message");
        }
        if header.fin && frames == 0 {
            return Ok(());
        }
        if frames >= self.limits.fragments {
            return wrong(1008, "too many fragments");
        }
        if !header.fin && header.len == 0 && empty >= self.limits.empty_fragments {
            return wrong(1008, "too many empty fragments");
        }
        Ok(())
    }

    /// What has come of a data frame that is not all there.
    fn begun(&mut self, header: &Header, payload: &[u8]) -> Result<(), Wrong> {
        let (kind, compressed, before) = match &self.message {
            None => (kind(header.opcode), header.rsv != 0, &[][..]),
            Some(message) => (message.kind, message.compressed, &message.payload[..]),
        };
        if kind == Kind::Text && !compressed {
            hopeful(&[before, payload].concat())?;
        }
        self.inflating = compressed;
        Ok(())
    }

    /// A whole data frame.
    fn data(&mut self, header: &Header, payload: Vec<u8>) -> Result<(), Wrong> {
        let mut message = self.message.take().unwrap_or_else(|| Message {
            kind: kind(header.opcode),
            compressed: header.rsv != 0,
            payload: Vec::new(),
            declared: 0,
            frames: 0,
            empty: 0,
        });
        message.payload.extend(payload);
        message.declared += header.len;
        message.frames += 1;
        message.empty = if header.len == 0 && !header.fin { message.empty + 1 } else { 0 };
        if !header.fin {
            if message.kind == Kind::Text && !message.compressed {
                hopeful(&message.payload)?;
            }
            self.message = Some(message);
            return Ok(());
        }
        let Message { kind, compressed, mut payload, .. } = message;
        if compressed {
            payload = self.inflate(&payload)?;
            let limit = usize::try_from(self.limits.message).unwrap_or(usize::MAX);
            if kind == Kind::Text {
                hopeful(&payload[..payload.len().min(limit.saturating_add(1))])?;
            }
            if payload.len() > limit {
                return wrong(1009, "too long a message, inflated");
            }
        }
        if kind == Kind::Text && str::from_utf8(&payload).is_err() {
            return wrong(1007, "text that is not UTF-8");
        }
        self.heard.push_back((Heard::Message(kind, payload), compressed && self.doubtful));
        Ok(())
    }

    fn inflate(&mut self, payload: &[u8]) -> Result<Vec<u8>, Wrong> {
        if self.takeover != Some(true) {
            self.context.clear();
        }
        let before = self.context.len();
        // What needs not what is left off: nothing at all, and what ends with a final block.
        let whole =
            dull::inflate(payload, &mut self.context).ok().filter(|found| found.ends_final || payload.is_empty());
        let found = whole.or_else(|| {
            self.context.truncate(before);
            dull::inflate(&[payload, &MARKER].concat(), &mut self.context).ok()
        });
        let Some(found) = found else { return wrong(1007, "what is no DEFLATE") };
        self.distance = self.distance.max(found.distance);
        self.finals += found.finals;
        self.doubtful |= found.own_codes > 0 || found.finals > 1 || (found.finals > 0 && before > 0);
        let text = self.context[before..].to_vec();
        self.context.drain(..self.context.len().saturating_sub(32 << 10));
        Ok(text)
    }
}

const fn kind(opcode: u8) -> Kind {
    if opcode == TEXT { Kind::Text } else { Kind::Binary }
}

/// Whether text can become UTF-8 by what follows.
fn hopeful(text: &[u8]) -> Result<(), Wrong> {
    match str::from_utf8(text) {
        Err(error) if error.error_len().is_some() => wrong(1007, "text that is not UTF-8"),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// What a Close frame says (RFC 6455 §5.5.1, §7.4, and the registry of close codes).
pub(crate) fn close(payload: &[u8]) -> Result<Option<(u16, String)>, Wrong> {
    let (code, reason) = match payload {
        [] => return Ok(None),
        [_] => return wrong(1002, "half a close code"),
        [high, low, reason @ ..] => (u16::from(*high) << 8 | u16::from(*low), reason),
    };
    match code {
        0..=999 | 1004..=1006 | 1015..=2999 | 5000.. => return wrong(1002, "a close code that is not to be sent"),
        1000..=1003 | 1007..=1014 | 3000..=4999 => {}
    }
    match str::from_utf8(reason) {
        Ok(reason) => Ok(Some((code, reason.into()))),
        Err(_) => wrong(1007, "a reason that is not UTF-8"),
    }
}
