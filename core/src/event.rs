//! What a connection receives and sends: [`Event`], [`Message`], [`Fragment`], owned and borrowed.

use crate::close::CloseFrame;
use crate::text::Text;
use alloc::string::String;
use alloc::vec::Vec;
use bytes::Bytes;

/// The two kinds of messages (RFC 6455 §5.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// UTF-8.
    Text,
    /// Arbitrary bytes.
    Binary,
}

/// A whole message (RFC 6455 §5.6), whatever the number of frames it travels in.
///
/// ```
/// use sansws_core::Message;
/// assert_eq!(Message::from("hi"), Message::Text("hi".into()));
/// assert_eq!(Message::from(vec![1, 2]).len(), 2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// UTF-8.
    Text(Text),
    /// Arbitrary bytes.
    Binary(Bytes),
}

impl Message {
    /// Text or binary.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Text(_) => Kind::Text,
            Self::Binary(_) => Kind::Binary,
        }
    }

    /// The length of the payload in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.as_bytes().len()
    }

    /// Whether the payload is empty, which is legal (RFC 6455 §5.4).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.as_bytes().is_empty()
    }

    /// The payload.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }

    /// The payload, without a copy.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        match self {
            Self::Text(text) => text.into_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Binary(_) => None,
        }
    }
}

impl From<Text> for Message {
    fn from(text: Text) -> Self {
        Self::Text(text)
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

/// Copies.
impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<Bytes> for Message {
    fn from(bytes: Bytes) -> Self {
        Self::Binary(bytes)
    }
}

impl From<Vec<u8>> for Message {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Binary(bytes.into())
    }
}

/// Copies.
impl From<&[u8]> for Message {
    fn from(bytes: &[u8]) -> Self {
        Self::Binary(Bytes::copy_from_slice(bytes))
    }
}

/// A piece of a message (RFC 6455 §5.4): sent in a frame of its own, or received under
/// [`Delivery::Fragments`](crate::Delivery::Fragments).
///
/// Frame boundaries carry no meaning: anyone on the way may move them. Text may be cut inside a
/// character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// The kind of the message it belongs to; the same for all its fragments.
    pub kind: Kind,
    /// The next bytes of the message.
    pub payload: Bytes,
    /// Whether the message ends with this fragment.
    pub last: bool,
}

/// Something that arrived.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A whole message.
    Message(Message),
    /// A piece of a message, under [`Delivery::Fragments`](crate::Delivery::Fragments) only.
    Fragment(Fragment),
    /// A ping. The pong is already queued (RFC 6455 §5.5.2).
    Ping(Bytes),
    /// A pong, to a ping of ours or to none (RFC 6455 §5.5.3).
    Pong(Bytes),
    /// The peer's Close frame, `None` if it was empty. Our answer is already queued, and no
    /// message follows (RFC 6455 §5.5.1).
    Close(Option<CloseFrame>),
}

/// What an [`Event`] is, without its content.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// [`Event::Message`].
    Message,
    /// [`Event::Fragment`].
    Fragment,
    /// [`Event::Ping`].
    Ping,
    /// [`Event::Pong`].
    Pong,
    /// [`Event::Close`].
    Close,
}

/// A whole message, lent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageRef<'a> {
    /// UTF-8.
    Text(&'a str),
    /// Arbitrary bytes.
    Binary(&'a [u8]),
}

impl<'a> MessageRef<'a> {
    /// Text or binary.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::Text(_) => Kind::Text,
            Self::Binary(_) => Kind::Binary,
        }
    }

    /// The payload.
    #[must_use]
    pub const fn as_bytes(self) -> &'a [u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }
}

impl<'a> From<&'a str> for MessageRef<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a [u8]> for MessageRef<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Binary(bytes)
    }
}

impl<'a> From<&'a Message> for MessageRef<'a> {
    fn from(message: &'a Message) -> Self {
        match message {
            Message::Text(text) => Self::Text(text),
            Message::Binary(bytes) => Self::Binary(bytes),
        }
    }
}

/// Copies.
impl From<MessageRef<'_>> for Message {
    fn from(message: MessageRef<'_>) -> Self {
        match message {
            MessageRef::Text(text) => text.into(),
            MessageRef::Binary(bytes) => bytes.into(),
        }
    }
}

/// Something that arrived, lent out of the input: [`Event`] without a copy or a reference count.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventRef<'a> {
    /// A whole message.
    Message(MessageRef<'a>),
    /// A piece of a message, under [`Delivery::Fragments`](crate::Delivery::Fragments) only.
    Fragment {
        /// The kind of the message it belongs to.
        kind: Kind,
        /// The next bytes of the message.
        payload: &'a [u8],
        /// Whether the message ends with this fragment.
        last: bool,
    },
    /// A ping. The pong is already queued.
    Ping(&'a [u8]),
    /// A pong, to a ping of ours or to none.
    Pong(&'a [u8]),
    /// The peer's Close frame, `None` if it was empty. Our answer is already queued.
    Close(Option<&'a CloseFrame>),
}

/// Copies.
impl From<EventRef<'_>> for Event {
    fn from(event: EventRef<'_>) -> Self {
        match event {
            EventRef::Message(message) => Self::Message(message.into()),
            EventRef::Fragment { kind, payload, last } => {
                Self::Fragment(Fragment { kind, payload: Bytes::copy_from_slice(payload), last })
            }
            EventRef::Ping(payload) => Self::Ping(Bytes::copy_from_slice(payload)),
            EventRef::Pong(payload) => Self::Pong(Bytes::copy_from_slice(payload)),
            EventRef::Close(frame) => Self::Close(frame.cloned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn messages() {
        check("é".into(), Kind::Text, "é".as_bytes(), Some("é"));
        check(String::from("é").into(), Kind::Text, "é".as_bytes(), Some("é"));
        check(Text::from("").into(), Kind::Text, b"", Some(""));
        check(vec![0xff].into(), Kind::Binary, b"\xff", None);
        check(b"hi"[..].into(), Kind::Binary, b"hi", None);
        check(Bytes::new().into(), Kind::Binary, b"", None);

        #[track_caller]
        fn check(message: Message, kind: Kind, bytes: &[u8], text: Option<&str>) {
            assert_eq!((message.kind(), message.as_bytes(), message.as_text()), (kind, bytes, text));
            assert_eq!((message.len(), message.is_empty()), (bytes.len(), bytes.is_empty()));
            let lent = MessageRef::from(&message);
            assert_eq!((lent.kind(), lent.as_bytes(), lent.into()), (kind, bytes, message.clone()));
            assert_eq!(message.into_bytes(), bytes);
        }
    }
}
