//! [`Event`]: what a `WebSocket` tells its user.

use super::data::MessageData;
use super::failure::Failure;
use crate::close::{CloseCode, CloseFrame};
use crate::text::Text;
use alloc::sync::Arc;

/// What a [`WebSocket`](super::WebSocket) tells its user, in this order: `Open` and any number of messages, if it comes to
/// that; `Error` unless it closed cleanly; `Close`, always, once, and last.
#[derive(Clone, Debug)]
pub enum Event {
    /// `open`: messages can be sent.
    Open,
    /// `message`.
    Message(MessageEvent),
    /// `error`: it is closed already, and `Close` is next. Browsers do not tell why; this does.
    Error(Failure),
    /// `close`.
    Close(CloseEvent),
}

/// A message that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageEvent {
    /// The message.
    pub data: MessageData,
    /// Where it is from: scheme, host and port of the URL, such as `wss://example.com`.
    pub origin: Arc<str>,
}

/// How it ended. The default is what a script's `new CloseEvent("close")` has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CloseEvent {
    /// Whether the closing handshake was complete before the connection ended.
    pub was_clean: bool,
    /// The code of the peer's Close frame; 1005 if that had none, 1006 if none came.
    pub code: u16,
    /// The reason in the peer's Close frame, or empty.
    pub reason: Text,
}

impl CloseEvent {
    /// After a Close frame of the peer's.
    pub(super) fn received(was_clean: bool, frame: Option<CloseFrame>) -> Self {
        let CloseFrame { code, reason } = frame.unwrap_or(CloseCode::NO_STATUS.into());
        Self { was_clean, code: code.0, reason }
    }

    /// Without one.
    pub(super) fn abnormal() -> Self {
        Self { code: CloseCode::ABNORMAL.0, ..Self::default() }
    }
}
