//! Masking: XOR with a four-byte key (RFC 6455 §5.3).
//!
//! `portable` is the whole algorithm; `x86` is the same loop compiled for wider registers, and the
//! only file here with `unsafe` in it.

mod portable;
#[cfg(all(feature = "std", target_arch = "x86_64"))]
mod x86;

/// Targets without wider registers than the compiler already uses.
#[cfg(not(all(feature = "std", target_arch = "x86_64")))]
mod x86 {
    pub(super) const WORTHWHILE: usize = usize::MAX;

    pub(super) fn apply(key: [u8; 4], bytes: &mut [u8]) -> bool {
        super::portable::apply(key, bytes);
        false
    }
}

/// Masks or unmasks `bytes` in place; the two are the same operation.
///
/// `offset` is the position of `bytes` within the payload, in bytes, so that a payload may be
/// unmasked piece by piece as it arrives (RFC 6455 §5.3).
///
/// ```
/// use sansws_core::mask;
///
/// let mut bytes = *b"Hello"; // RFC 6455 §5.7
/// mask::apply([0x37, 0xfa, 0x21, 0x3d], 0, &mut bytes);
/// assert_eq!(bytes, [0x7f, 0x9f, 0x4d, 0x51, 0x58]);
///
/// mask::apply([0x37, 0xfa, 0x21, 0x3d], 0, &mut bytes[..2]); // and back, in two pieces
/// mask::apply([0x37, 0xfa, 0x21, 0x3d], 2, &mut bytes[2..]);
/// assert_eq!(&bytes, b"Hello");
/// ```
#[inline]
pub fn apply(key: [u8; 4], offset: usize, bytes: &mut [u8]) {
    apply_and_look(turned(key, offset), bytes);
}

/// The same from the start of the payload. Whether the result was seen to be ASCII; only the widest registers look, for
/// which it costs nothing.
#[inline]
pub(crate) fn apply_and_look(key: [u8; 4], bytes: &mut [u8]) -> bool {
    if bytes.len() < x86::WORTHWHILE {
        portable::apply(key, bytes);
        return false;
    }
    x86::apply(key, bytes)
}

/// The key, as it goes on after `by` bytes.
#[inline]
pub(crate) const fn turned(key: [u8; 4], by: usize) -> [u8; 4] {
    let bytes = by.to_le_bytes()[0] % 4;
    u32::from_le_bytes(key).rotate_right(8 * bytes as u32).to_le_bytes() // in one register
}

#[cfg(test)]
mod tests {
    use super::{apply, portable};
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn naive(key: [u8; 4], bytes: &[u8]) -> Vec<u8> {
        bytes.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect()
    }

    /// R077: every length across the widths in use, at every misalignment.
    #[test]
    fn every_length_and_alignment_equals_naive() {
        let key = [0x12, 0x34, 0x56, 0x78];
        let source: Vec<u8> = (0..=255).cycle().take(700).collect();
        let (starts, lens) = if cfg!(miri) { (33, 41) } else { (1, 1) }; // which takes its time over each byte
        for start in (0..64).step_by(starts) {
            for len in (0..600).step_by(lens) {
                let mut bytes = source.clone();
                apply(key, 0, &mut bytes[start..start + len]);
                assert_eq!(bytes[start..start + len], naive(key, &source[start..start + len]), "{start} {len}");
                assert_eq!(bytes[..start], source[..start], "wrote before the start");
                assert_eq!(bytes[start + len..], source[start + len..], "wrote past the end");
            }
        }
    }

    /// Which registers are in use depends on the CPU.
    #[test]
    fn every_width_equals_naive() {
        check(portable::aligned_steps::<32>, 32);
        check(portable::aligned_steps::<64>, 64);

        #[track_caller]
        fn check(apply: fn([u8; 4], &mut [u8]), width: usize) {
            let key = [0x12, 0x34, 0x56, 0x78];
            let source: Vec<u8> = (0..=255).cycle().take(400).collect();
            for start in 0..width {
                for len in [2 * width, 2 * width + 1, 3 * width - 1, 3 * width, 4 * width + 7] {
                    let mut bytes = source.clone();
                    apply(key, &mut bytes[start..start + len]);
                    assert_eq!(bytes[start..start + len], naive(key, &source[start..start + len]), "{start} {len}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn any_split_equals_naive(key: [u8; 4], bytes in prop::collection::vec(any::<u8>(), 0..2000), at: prop::sample::Index) {
            let expected = naive(key, &bytes);
            let mut bytes = bytes;
            let at = at.index(bytes.len() + 1);
            apply(key, 0, &mut bytes[..at]);
            apply(key, at, &mut bytes[at..]);
            prop_assert_eq!(bytes, expected);
        }
    }
}
