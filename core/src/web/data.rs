//! [`MessageData`]: what a message event carries, and [`BinaryType`], which decides what bytes are given out as.

use crate::event::Message;
use crate::text::Text;
use bytes::Bytes;

/// What binary messages are given out as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BinaryType {
    /// `"blob"`: [`MessageData::Blob`].
    #[default]
    Blob,
    /// `"arraybuffer"`: [`MessageData::ArrayBuffer`].
    ArrayBuffer,
}

/// The `data` of a message event. A blob and an array buffer are the same bytes; they differ so that a browser-like
/// runtime knows which object to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessageData {
    /// Text, as it was received: nothing is removed or normalised.
    Text(Text),
    /// Bytes, while the type was [`BinaryType::Blob`].
    Blob(Bytes),
    /// Bytes, while the type was [`BinaryType::ArrayBuffer`].
    ArrayBuffer(Bytes),
}

impl MessageData {
    pub(super) fn new(message: Message, binary_type: BinaryType) -> Self {
        match (message, binary_type) {
            (Message::Text(text), _) => Self::Text(text),
            (Message::Binary(bytes), BinaryType::Blob) => Self::Blob(bytes),
            (Message::Binary(bytes), BinaryType::ArrayBuffer) => Self::ArrayBuffer(bytes),
        }
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Blob(_) | Self::ArrayBuffer(_) => None,
        }
    }

    /// The bytes: of text, its UTF-8.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Blob(bytes) | Self::ArrayBuffer(bytes) => bytes,
        }
    }
}

/// So that it can be sent back.
impl From<MessageData> for Message {
    fn from(data: MessageData) -> Self {
        match data {
            MessageData::Text(text) => Self::Text(text),
            MessageData::Blob(bytes) | MessageData::ArrayBuffer(bytes) => Self::Binary(bytes),
        }
    }
}
