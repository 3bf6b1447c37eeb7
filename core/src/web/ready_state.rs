//! [`ReadyState`]: where a `WebSocket` stands, as its user sees it.

/// Where a [`WebSocket`](super::WebSocket) stands; its numbers are those of `readyState`. It never goes back.
#[repr(u16)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReadyState {
    /// 0: it is not open yet, and may never be.
    Connecting = 0,
    /// 1: messages flow both ways.
    Open = 1,
    /// 2: one side has begun to close, or the attempt to connect is given up.
    Closing = 2,
    /// 3: it is over.
    Closed = 3,
}

impl From<ReadyState> for u16 {
    fn from(state: ReadyState) -> Self {
        state as Self
    }
}
