#![expect(unsafe_code, reason = "calls functions compiled for AVX2 and AVX-512")]
//! Wider registers, where the CPU has them: the portable loop compiled for AVX2, and a loop of its own for AVX-512,
//! whose compiled form would be gathers and scatters.

use super::{portable, turned};
use core::arch::x86_64::{
    __m512i, _mm512_or_si512, _mm512_set1_epi32, _mm512_setzero_si512, _mm512_test_epi32_mask, _mm512_xor_si512,
};

/// From this many bytes on, the wider registers gain more than the call costs; see the bench `mask`.
pub(super) const WORTHWHILE: usize = 128;

/// From this many bytes on, it pays to align what is written.
const WORTH_ALIGNING: usize = 512;

/// Applies the mask in the widest registers that this CPU has. Whether the result was seen to be ASCII.
#[inline(never)]
pub(super) fn apply(key: [u8; 4], bytes: &mut [u8]) -> bool {
    if bytes.len() >= WORTH_ALIGNING && std::is_x86_feature_detected!("avx512f") {
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
    if bytes.len() < WORTH_ALIGNING {
        portable::steps::<32>(key, bytes);
    } else {
        portable::aligned_steps::<32>(key, bytes);
    }
}

#[target_feature(enable = "avx512f")]
fn avx512(key: [u8; 4], bytes: &mut [u8]) -> bool {
    // SAFETY: sixty-four bytes are a register and a register is sixty-four bytes, whatever is in them.
    let (before, registers, after) = unsafe { bytes.align_to_mut::<__m512i>() };
    portable::apply(key, before);
    let key = turned(key, before.len()); // and so it stays: a register is a multiple of the key
    let wide = _mm512_set1_epi32(i32::from_ne_bytes(key));
    let mut any = [_mm512_setzero_si512(); 4];
    let (fours, rest) = registers.as_chunks_mut::<4>();
    for four in fours {
        *four = four.map(|register| _mm512_xor_si512(register, wide));
        any = [0, 1, 2, 3].map(|at| _mm512_or_si512(any[at], four[at]));
    }
    for register in rest {
        *register = _mm512_xor_si512(*register, wide);
        any[0] = _mm512_or_si512(any[0], *register);
    }
    portable::apply(key, after);
    let any = _mm512_or_si512(_mm512_or_si512(any[0], any[1]), _mm512_or_si512(any[2], any[3]));
    let is_ascii = _mm512_test_epi32_mask(any, _mm512_set1_epi32(i32::from_ne_bytes([0x80; 4]))) == 0;
    is_ascii && before.is_ascii() && after.is_ascii()
}
