//! `Sec-WebSocket-Key` and `Sec-WebSocket-Accept` (RFC 6455 §4.1, §4.2.2).

use alloc::string::String;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use sha1::{Digest, Sha1};

const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The RFC's own example key ends in bits that a strict decoder refuses.
const LENIENT: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// What `Sec-WebSocket-Accept` must say to this `Sec-WebSocket-Key`: the hash is over the key's text,
/// not over the bytes it stands for (RFC 6455 §4.2.2 step 5).
///
/// For those who upgrade through an HTTP library. [`ServerHandshake`](super::ServerHandshake) does it by itself.
///
/// ```
/// use sansws_core::handshake::accept_key;
/// assert_eq!(accept_key(b"dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="); // RFC 6455 §1.3
/// ```
#[must_use]
pub fn accept_key(key: &[u8]) -> String {
    let mut hash = Sha1::new();
    hash.update(key);
    hash.update(GUID);
    encode(&hash.finalize())
}

/// Whether this is the base64 of 16 bytes, and so a valid `Sec-WebSocket-Key`.
pub(super) fn is_key(key: &[u8]) -> bool {
    let mut bytes = [0; 18]; // what 24 characters may decode to
    key.len() == 24 && LENIENT.decode_slice(key, &mut bytes) == Ok(16)
}

/// A `Sec-WebSocket-Key` from 16 random bytes.
pub(super) fn key(nonce: [u8; 16]) -> String {
    encode(&nonce)
}

/// Base64 of up to 20 bytes.
fn encode(bytes: &[u8]) -> String {
    let mut text = [0; 28];
    let len = LENIENT.encode_slice(bytes, &mut text).unwrap_or(0); // fits: 20 bytes make 28 characters
    String::from_utf8_lossy(&text[..len]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R045, R047: 16 bytes in base64; the last character's unused bits do not matter.
    #[test]
    fn keys() {
        assert!(is_key(b"dGhlIHNhbXBsZSBub25jZQ=="));
        assert!(is_key(b"AQIDBAUGBwgJCgsMDQ4PEC==")); // RFC 6455 §4.1, not canonical
        assert!(is_key(key([0xff; 16]).as_bytes()));
        for bad in [
            &b""[..],
            b"dGhlIHNhbXBsZQ==",
            b"dGhlIHNhbXBsZSBub25jZQ",
            b"dGhlIHNhbXBsZSBub25jZQ=!",
            b"AAAAAAAAAAAAAAAAAAAAAAAA",
        ] {
            assert!(!is_key(bad), "{bad:?}");
        }
    }
}
