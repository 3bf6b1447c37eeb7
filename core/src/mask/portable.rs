//! The XOR in safe Rust, in steps that the compiler turns into the registers of the target.

use super::turned;

/// XORs `bytes` with `key`, whose first byte belongs to the first of `bytes`.
#[inline]
pub(super) fn apply(key: [u8; 4], bytes: &mut [u8]) {
    match bytes.len() {
        0..=3 => bytes.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key),
        4..=7 => steps::<4>(key, bytes),
        8..=15 => steps::<8>(key, bytes),
        16..=63 => steps::<16>(key, bytes),
        _ => steps::<32>(key, bytes),
    }
}

/// XORs in steps of `N` bytes, a multiple of four. A rest is the last `N` bytes, which overlap what came before: for
/// short payloads that is what costs. Fewer bytes than `N` are left as they are.
#[inline(always)]
pub(super) fn steps<const N: usize>(key: [u8; 4], bytes: &mut [u8]) {
    let len = bytes.len();
    let Some(&last) = bytes.last_chunk::<N>() else { return };
    for chunk in bytes.as_chunks_mut::<N>().0 {
        *chunk = xored(key, *chunk);
    }
    if !len.is_multiple_of(N)
        && let Some(rest) = bytes.last_chunk_mut::<N>()
    {
        *rest = xored(turned(key, len - N), last);
    }
}

/// The same, with all but the first and last steps on addresses that are multiples of `N`: what is written in one go
/// then lies in one cache line. For `2 * N` bytes or more.
#[cfg_attr(not(all(feature = "std", target_arch = "x86_64")), expect(dead_code, reason = "for wide registers"))]
#[inline(always)]
pub(super) fn aligned_steps<const N: usize>(key: [u8; 4], bytes: &mut [u8]) {
    let before = bytes.as_ptr().align_offset(N).min(N);
    let Some(&first) = bytes.first_chunk::<N>() else { return };
    steps::<N>(turned(key, before), &mut bytes[before..]);
    if let Some(begin) = bytes.first_chunk_mut::<N>() {
        *begin = xored(key, first); // over what the first step wrote: the same
    }
}

#[inline(always)]
fn xored<const N: usize>(key: [u8; 4], mut bytes: [u8; N]) -> [u8; N] {
    let word = u32::from_ne_bytes(key);
    for chunk in bytes.as_chunks_mut::<4>().0 {
        *chunk = (u32::from_ne_bytes(*chunk) ^ word).to_ne_bytes();
    }
    bytes
}
