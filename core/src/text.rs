#![expect(unsafe_code, reason = "views bytes that were proved to be UTF-8 as `str` without a second check")]
//! [`Text`]: [`Bytes`] known to be UTF-8.
//!
//! The only place of the core, beside the vector kernels of the mask, with `unsafe` in it. The proof
//! is a [`Validated`]: only [`utf8::Validator`](crate::utf8::Validator) makes one, once it has seen
//! a text to its end and found nothing wrong.

use crate::utf8::Validated;
use alloc::string::String;
use alloc::vec::Vec;
use bytes::Bytes;
use core::borrow::Borrow;
use core::fmt;
use core::ops::Deref;
use core::str::Utf8Error;

/// Shared, immutable UTF-8: what a text message carries (RFC 6455 §5.6).
///
/// Clones are cheap and share memory, as with [`Bytes`]. Derefs to [`str`].
///
/// ```
/// use sansws_core::Text;
/// let text = Text::from("κόσμε");
/// assert_eq!(text.chars().count(), 5);
/// assert_eq!(text.as_bytes().len(), 10); // str's own methods count UTF-8 bytes
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Bytes);

impl Text {
    /// A text without a copy or an allocation.
    #[must_use]
    pub const fn from_static(text: &'static str) -> Self {
        Self(Bytes::from_static(text.as_bytes()))
    }

    /// The text as a string slice.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // SAFETY: `self.0` is UTF-8: every constructor takes it from `str` or `String`, has
        // `str::from_utf8` check it, or demands a `Validated`; and `Bytes` cannot be changed.
        unsafe { str::from_utf8_unchecked(&self.0) }
    }

    /// The bytes of the text, without a copy.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.0
    }

    /// `bytes` as text; `_proof` comes from a validator that was fed exactly these bytes.
    pub(crate) fn from_validated(bytes: Bytes, _proof: Validated) -> Self {
        debug_assert!(str::from_utf8(&bytes).is_ok(), "the proof belongs to other bytes");
        Self(bytes)
    }
}

/// `bytes` as a string slice; `_proof` comes from a validator that was fed exactly these bytes.
pub(crate) fn validated_str(bytes: &[u8], _proof: Validated) -> &str {
    debug_assert!(str::from_utf8(bytes).is_ok(), "the proof belongs to other bytes");
    // SAFETY: a `Validated` is made by `utf8::Validator::finish` alone, after it found all bytes
    // fed to it to be whole UTF-8. Its only user, the receiver, feeds it the bytes that it passes here,
    // and keeps it beside those bytes, in the same `Input`.
    unsafe { str::from_utf8_unchecked(bytes) }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self
    }
}

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        self
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Bytes::from(text))
    }
}

/// Copies. [`Text::from_static`] and `From<String>` do not.
impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(Bytes::copy_from_slice(text.as_bytes()))
    }
}

impl TryFrom<Bytes> for Text {
    type Error = Utf8Error;

    fn try_from(bytes: Bytes) -> Result<Self, Utf8Error> {
        str::from_utf8(&bytes)?;
        Ok(Self(bytes))
    }
}

impl TryFrom<Vec<u8>> for Text {
    type Error = Utf8Error;

    fn try_from(bytes: Vec<u8>) -> Result<Self, Utf8Error> {
        Bytes::from(bytes).try_into()
    }
}

impl From<Text> for Bytes {
    fn from(text: Text) -> Self {
        text.0
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::ToString;

    #[test]
    fn only_utf8_becomes_text() {
        assert_eq!(Text::try_from(Bytes::from_static(b"ok")).as_deref(), Ok("ok"));
        assert!(Text::try_from(Bytes::from_static(b"\xff")).is_err());
        assert!(Text::try_from(b"\xed\xa0\x80".to_vec()).is_err());
    }

    #[test]
    fn conversions_keep_the_memory() {
        let bytes = Bytes::from_static(b"shared");
        let text = Text::try_from(bytes.clone()).unwrap();
        assert_eq!(text.as_ptr(), bytes.as_ptr());
        assert_eq!(Bytes::from(text).as_ptr(), bytes.as_ptr());
    }

    #[test]
    fn conversions_keep_the_text() {
        check(Text::from_static("é"));
        check(Text::from("é"));
        check(Text::from(String::from("é")));
        check(Text::try_from("é".as_bytes().to_vec()).unwrap());

        #[track_caller]
        fn check(text: Text) {
            let (string, bytes, borrowed): (&str, &[u8], &str) = (text.as_ref(), text.as_ref(), text.borrow());
            assert_eq!((string, bytes, borrowed), ("é", "é".as_bytes(), "é"));
            assert!(text == *"é" && text == "é" && text != "e");
            assert_eq!((text.to_string(), format!("{text:?}")), ("é".into(), "\"é\"".into()));
            assert_eq!(text.into_bytes(), "é".as_bytes());
        }
    }
}
