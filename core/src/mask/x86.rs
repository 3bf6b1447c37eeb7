#![expect(unsafe_code, reason = "calls functions compiled for AVX2 and AVX-512")]
//! Wider registers, where the CPU has them: the portable loop compiled for AVX2, and a loop of its own for AVX-512,
//! whose compiled form would be gathers and scatters.

use super::{portable, turned};
use core::arch::x86_64::{
    __m512i, _mm512_or_si512, _mm512_set1_epi32, _mm512_setzero_si512, _mm512_test_epi32_mask, _mm512_xor_si512,
};

/// From this many bytes on, the wider registers gain more than the call costs; see the bench `mask`.
pub(super) const WORTHWHILE: usize = 128;

/// From this many bytes on, AVX-512 is worth its while.
const LONG: usize = 512;

/// From this many bytes on, it pays to align what is written.
const WORTH_ALIGNING: usize = 4096;

/// Applies the mask in the widest registers that this CPU has. Whether the result was seen to be ASCII.
#[inline(never)]
pub(super) fn apply(key: [u8; 4], bytes: &mut [u8]) -> bool {
    if bytes.len() >= LONG && std::is_x86_feature_detected!("avx512f") {
        // SAFETY: `avx512` is a safe function whose only demand is a CPU with AVX-512F, just established.
        return unsafe { avx512(key, bytes) };
    }
    if std::is_x86_feature_detected!("avx2") {
        // SAFETY: `avx2` is a safe function whose only demand is a CPU with AVX2, just established.
        unsafe { avx2(key, bytes) }
    } else {
        portable::apply(key, bytes);
    }
    false
}

#[target_feature(enable = "avx2")]
fn avx2(key: [u8; 4], bytes: &mut [u8]) {
    if bytes.len() < LONG {
        portable::steps::<32>(key, bytes);
    } else {
        portable::aligned_steps::<32>(key, bytes);
    }
}

#[target_feature(enable = "avx512f")]
fn avx512(key: [u8; 4], bytes: &mut [u8]) -> bool {
    let len = bytes.len();
    let (Some(&first), Some(&last)) = (bytes.first_chunk::<64>(), bytes.last_chunk::<64>()) else {
        portable::apply(key, bytes); // not reached: there are more
        return false;
    };
    let mut any = _mm512_setzero_si512();
    let mut xored = |bytes: [u8; 64], at: usize| {
        let wide = _mm512_set1_epi32(i32::from_ne_bytes(turned(key, at)));
        let register = _mm512_xor_si512(register(bytes), wide);
        any = _mm512_or_si512(any, register);
        unregister(register)
    };
    let before = if len < WORTH_ALIGNING { 0 } else { bytes.as_ptr().align_offset(64).min(64) };
    for step in bytes[before..].as_chunks_mut::<64>().0 {
        *step = xored(*step, before); // a step is a multiple of the key
    }
    // The ends overlap what was done: there, they write the same.
    bytes[..64].copy_from_slice(&xored(first, 0));
    bytes[len - 64..].copy_from_slice(&xored(last, len - 64));
    _mm512_test_epi32_mask(any, _mm512_set1_epi32(i32::from_ne_bytes([0x80; 4]))) == 0
}

#[target_feature(enable = "avx512f")]
fn register(bytes: [u8; 64]) -> __m512i {
    // SAFETY: a register is sixty-four bytes, whatever is in them.
    unsafe { core::mem::transmute(bytes) }
}

#[target_feature(enable = "avx512f")]
fn unregister(register: __m512i) -> [u8; 64] {
    // SAFETY: likewise.
    unsafe { core::mem::transmute(register) }
}
