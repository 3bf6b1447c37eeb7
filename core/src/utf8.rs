//! Incremental UTF-8 validation (RFC 3629, RFC 6455 §8.1).
//!
//! A message arrives in pieces that may end inside a character. The [`Validator`] checks each piece
//! once, when it arrives and is in cache, carries at most three bytes over to the next, and fails at
//! the first byte that no continuation could make valid.

use crate::mask;

/// From this many bytes on, `simdutf8` beats the standard library.
const WORTHWHILE: usize = 128;

/// The state of a text that is still arriving.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Validator {
    /// How many bytes were found valid, the carried ones not among them.
    valid: u64,
    /// The beginning of a character whose end has yet to come: `carry[..carried]`.
    carry: [u8; 4],
    carried: u8,
}

/// Proof that a whole text was fed to a [`Validator`] and is UTF-8.
///
/// It says nothing of which text; see `text.rs` for who is trusted with that.
#[derive(Debug)]
pub(crate) struct Validated(());

impl Validator {
    pub(crate) const fn new() -> Self {
        Self { valid: 0, carry: [0; 4], carried: 0 }
    }

    /// Checks the next piece. The error is where the first invalid sequence begins, in bytes from
    /// the start of the text.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<(), u64> {
        self.feed_seen(bytes, false)
    }

    /// The same, of a piece that was seen to be ASCII, or was not.
    #[inline]
    pub(crate) fn feed_seen(&mut self, mut bytes: &[u8], is_ascii: bool) -> Result<(), u64> {
        if is_ascii && self.carried == 0 {
            self.valid += bytes.len() as u64;
            return Ok(());
        }
        while self.carried > 0 {
            let Some((&next, rest)) = bytes.split_first() else { return Ok(()) };
            bytes = rest;
            self.push_carry(next)?;
        }
        let (whole, tail) = split_incomplete(bytes);
        if !is_valid(whole) {
            return Err(self.valid + valid_up_to(whole));
        }
        self.valid += whole.len() as u64;
        tail.iter().try_for_each(|&byte| self.push_carry(byte))
    }

    /// The text has ended. The error is where a character began that did not end.
    pub(crate) fn finish(&self) -> Result<Validated, u64> {
        if self.carried == 0 { Ok(Validated(())) } else { Err(self.valid) }
    }

    /// Adds one byte to the character that is being carried.
    fn push_carry(&mut self, byte: u8) -> Result<(), u64> {
        let carried = usize::from(self.carried);
        self.carry[carried] = byte; // a character has at most four bytes, and a fourth completes it
        let character = &self.carry[..=carried];
        match core::str::from_utf8(character) {
            Ok(_) => {
                self.valid += character.len() as u64;
                self.carried = 0;
                Ok(())
            }
            Err(error) if error.error_len().is_none() => {
                self.carried += 1;
                Ok(())
            }
            Err(_) => Err(self.valid),
        }
    }
}

/// Splits off a character at the end that has begun but not ended, up to three bytes.
fn split_incomplete(bytes: &[u8]) -> (&[u8], &[u8]) {
    for back in 1..=bytes.len().min(3) {
        let at = bytes.len() - back;
        let needs = match bytes[at] {
            0x80..=0xbf => continue, // a continuation: the character began further back
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xff => 4,
            0x00..=0x7f => 1,
        };
        return bytes.split_at(if needs > back { at } else { bytes.len() });
    }
    (bytes, &[])
}

/// Checks a whole text. The error is where the first invalid sequence begins, in bytes from its start.
#[inline]
pub(crate) fn validate(bytes: &[u8]) -> Result<Validated, u64> {
    if is_valid(bytes) { Ok(Validated(())) } else { Err(first_invalid(bytes)) }
}

/// Unmasks a whole text and checks it; if it is wrong, it is masked again.
#[inline]
pub(crate) fn unmask_and_validate(key: [u8; 4], bytes: &mut [u8]) -> Option<Validated> {
    if mask::apply_and_look(key, bytes) || is_valid(bytes) {
        return Some(Validated(()));
    }
    mask::apply(key, 0, bytes);
    None
}

/// Where a [`Validator`] fails, so that it does not matter how a text arrives.
#[cold]
fn first_invalid(bytes: &[u8]) -> u64 {
    let mut validator = Validator::new();
    match validator.feed(bytes).and_then(|()| validator.finish().map(|_| ())) {
        Err(at) => at,
        Ok(()) => valid_up_to(bytes), // not reached: it is invalid
    }
}

#[inline]
fn is_valid(bytes: &[u8]) -> bool {
    if bytes.len() < WORTHWHILE {
        is_ascii(bytes) || core::str::from_utf8(bytes).is_ok()
    } else {
        simdutf8::basic::from_utf8(bytes).is_ok()
    }
}

/// Whether no byte has its highest bit set, for short text: eight bytes at a time, without a branch for each. The last eight
/// may overlap those before.
#[inline]
fn is_ascii(bytes: &[u8]) -> bool {
    let Some(&last) = bytes.last_chunk::<8>() else { return bytes.iter().fold(0, |any, byte| any | byte) < 0x80 };
    let words = bytes.as_chunks::<8>().0.iter();
    let any = words.fold(u64::from_ne_bytes(last), |any, &word| any | u64::from_ne_bytes(word));
    any & 0x8080_8080_8080_8080 == 0
}

#[cold]
fn valid_up_to(bytes: &[u8]) -> u64 {
    match core::str::from_utf8(bytes) {
        Ok(_) => bytes.len() as u64,
        Err(error) => error.valid_up_to() as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    /// Feeds the pieces and ends the text; the position of the first invalid sequence, if any.
    fn validate<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<(), u64> {
        let mut validator = Validator::new();
        pieces.into_iter().try_for_each(|piece| validator.feed(piece))?;
        validator.finish().map(|_| ())
    }

    fn std(bytes: &[u8]) -> Result<(), u64> {
        core::str::from_utf8(bytes).map(|_| ()).map_err(|error| error.valid_up_to() as u64)
    }

    /// R104, R105: what RFC 3629 forbids and what it allows.
    #[test]
    fn forms() {
        check(b"", Ok(()));
        check("\0\u{7f}\u{80}\u{7ff}\u{800}\u{fffe}\u{ffff}\u{10ffff}".as_bytes(), Ok(()));
        check(b"\xc0\xaf", Err(0)); // overlong
        check(b"a\xe0\x80\xaf", Err(1));
        check(b"\xf0\x80\x80\xaf", Err(0));
        check(b"\xed\xa0\x80", Err(0)); // surrogate
        check(b"\xf4\x90\x80\x80", Err(0)); // above U+10FFFF
        check(b"\xf8\x88\x80\x80\x80", Err(0));
        check(b"ab\x80", Err(2)); // a continuation without a beginning
        check("ab€".as_bytes()[..4].as_ref(), Err(2)); // cut short

        #[track_caller]
        fn check(bytes: &[u8], expected: Result<(), u64>) {
            assert_eq!(std(bytes), expected);
            assert_eq!(validate([bytes]), expected, "{bytes:02x?} at once");
            assert_eq!(validate(bytes.chunks(1)), expected, "{bytes:02x?} byte by byte");
        }
    }

    /// R103: fails as soon as no continuation can help, not when the text ends.
    #[test]
    fn fails_at_the_first_hopeless_byte() {
        let mut validator = Validator::new();
        assert_eq!(validator.feed("κόσμε".as_bytes()), Ok(()));
        assert_eq!(validator.feed(b"\xf4"), Ok(()));
        assert_eq!(validator.feed(b"\x90"), Err(10));
        assert_eq!(Validator::new().feed(b"\xed\xa0"), Err(0));
        assert_eq!(Validator::new().feed(b"\xc0"), Err(0));
    }

    /// Text, noise, and text with one wrong byte: what an attacker and what an honest peer sends.
    fn nearly_text() -> impl Strategy<Value = Vec<u8>> {
        let text = || ".{0,200}".prop_map(String::into_bytes);
        let spoilt = (text(), any::<prop::sample::Index>(), any::<u8>()).prop_map(|(mut text, at, byte)| {
            if !text.is_empty() {
                let at = at.index(text.len());
                text[at] = byte;
            }
            text
        });
        prop_oneof![text(), spoilt, prop::collection::vec(any::<u8>(), 0..20)]
    }
    use alloc::string::String;

    proptest! {
        #[test]
        fn any_cut_equals_std(bytes in nearly_text(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            prop_assert_eq!(validate(cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]])), std(&bytes));
        }

        /// Long text too, at any alignment; and what is wrong is as it was.
        #[test]
        fn unmasking_finds_the_same(
            text in "[ -~]{0,1500}|.{0,700}",
            spoilt: Option<(prop::sample::Index, u8)>,
            key: [u8; 4],
            start in 0..64usize,
        ) {
            let mut bytes = alloc::vec![0; start];
            bytes.extend(text.into_bytes());
            if let Some((at, byte)) = spoilt.filter(|_| bytes.len() > start) {
                let at = start + at.index(bytes.len() - start);
                bytes[at] = byte;
            }
            let expected = std(&bytes[start..]);
            let plain = bytes.clone();
            mask::apply(key, 0, &mut bytes[start..]);
            let masked = bytes.clone();
            let valid = unmask_and_validate(key, &mut bytes[start..]).is_some();
            prop_assert_eq!(valid, expected.is_ok());
            prop_assert_eq!(&bytes, if valid { &plain } else { &masked });
            // And piece by piece.
            let mut bytes = masked;
            let is_ascii = mask::apply_and_look(key, &mut bytes[start..]);
            prop_assert!(!is_ascii || plain[start..].is_ascii());
            let mut validator = Validator::new();
            let fed = validator.feed_seen(&bytes[start..], is_ascii).and_then(|()| validator.finish().map(|_| ()));
            prop_assert_eq!(fed, expected);
        }
    }
}
