//! Payloads that both ends can make for themselves.

use sansws_core::{Kind, Message};

/// How long the pattern is before it repeats.
const PERIOD: usize = 65536;

/// A message of `len` bytes: the high bytes of a linear congruence, brought into printable ASCII for text.
pub(crate) fn message(kind: Kind, len: usize) -> Message {
    let mut x = 1u32;
    let period: Vec<u8> = (0..len.min(PERIOD))
        .map(|_| {
            x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            x.to_be_bytes()[0]
        })
        .collect();
    let bytes = period.iter().copied().cycle().take(len);
    match kind {
        Kind::Binary => bytes.collect::<Vec<_>>().into(),
        Kind::Text => bytes.map(|byte| char::from(32 + byte % 95)).collect::<String>().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_after_its_period() {
        let message = message(Kind::Binary, PERIOD + 3);
        let bytes = message.as_bytes();
        assert_eq!(bytes[..3], bytes[PERIOD..]);
        assert_eq!(bytes[0], 60); // (1664525 + 1013904223) >> 24
    }

    #[test]
    fn text_is_printable() {
        assert!(message(Kind::Text, 1000).as_text().unwrap().bytes().all(|byte| (32..127).contains(&byte)));
    }
}
