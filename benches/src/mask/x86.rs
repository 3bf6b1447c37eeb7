#![expect(unsafe_code, reason = "the reference loops are what can be had by hand: raw loads and stores")]
//! The reference: masking with the intrinsics of AVX2 and AVX-512, four registers at a time.
//!
//! No part of what is published; the core has one loop in safe Rust that the compiler widens.

use super::Kernel;
use std::arch::x86_64::*;

/// Those that this CPU can run.
pub(super) fn kernels() -> Vec<Kernel> {
    let mut kernels = Vec::new();
    if std::is_x86_feature_detected!("avx2") {
        // SAFETY: these run on a CPU with AVX2, just established.
        kernels.push(Kernel { name: "AVX2 by hand", apply: |key, bytes, _| unsafe { avx2(key, bytes) } });
    }
    if std::is_x86_feature_detected!("avx512f") && std::is_x86_feature_detected!("avx512bw") {
        kernels.extend([
            // SAFETY: these run on a CPU with AVX-512F and AVX-512BW, just established.
            Kernel { name: "AVX-512 by hand", apply: |key, bytes, _| unsafe { avx512(key, bytes) } },
            // SAFETY: likewise.
            Kernel { name: "AVX-512, aligned", apply: |key, bytes, _| unsafe { avx512_aligned(key, bytes) } },
        ]);
    }
    kernels
}

#[target_feature(enable = "avx2")]
fn avx2(key: [u8; 4], bytes: &mut [u8]) {
    let wide = _mm256_set1_epi32(i32::from_ne_bytes(key));
    let (blocks, rest) = bytes.as_chunks_mut::<128>();
    for block in blocks {
        let at = block.as_mut_ptr().cast::<__m256i>();
        // SAFETY: `at` and the three registers behind it are the 128 bytes of `block`; no alignment is asked for.
        unsafe {
            let a = _mm256_xor_si256(_mm256_loadu_si256(at), wide);
            let b = _mm256_xor_si256(_mm256_loadu_si256(at.add(1)), wide);
            let c = _mm256_xor_si256(_mm256_loadu_si256(at.add(2)), wide);
            let d = _mm256_xor_si256(_mm256_loadu_si256(at.add(3)), wide);
            _mm256_storeu_si256(at, a);
            _mm256_storeu_si256(at.add(1), b);
            _mm256_storeu_si256(at.add(2), c);
            _mm256_storeu_si256(at.add(3), d);
        }
    }
    let (blocks, rest) = rest.as_chunks_mut::<32>();
    for block in blocks {
        let at = block.as_mut_ptr().cast::<__m256i>();
        // SAFETY: `block` has the 32 bytes of a register; no alignment is asked for.
        unsafe { _mm256_storeu_si256(at, _mm256_xor_si256(_mm256_loadu_si256(at), wide)) };
    }
    super::word_by_word(key, rest, &[]);
}

#[target_feature(enable = "avx512f,avx512bw")]
fn avx512(key: [u8; 4], bytes: &mut [u8]) {
    let wide = _mm512_set1_epi32(i32::from_ne_bytes(key));
    let (blocks, rest) = bytes.as_chunks_mut::<256>();
    for block in blocks {
        let at = block.as_mut_ptr().cast::<__m512i>();
        // SAFETY: `at` and the three registers behind it are the 256 bytes of `block`; no alignment is asked for.
        unsafe {
            let a = _mm512_xor_si512(_mm512_loadu_si512(at), wide);
            let b = _mm512_xor_si512(_mm512_loadu_si512(at.add(1)), wide);
            let c = _mm512_xor_si512(_mm512_loadu_si512(at.add(2)), wide);
            let d = _mm512_xor_si512(_mm512_loadu_si512(at.add(3)), wide);
            _mm512_storeu_si512(at, a);
            _mm512_storeu_si512(at.add(1), b);
            _mm512_storeu_si512(at.add(2), c);
            _mm512_storeu_si512(at.add(3), d);
        }
    }
    for block in rest.chunks_mut(64) {
        avx512_partly(wide, block);
    }
}

/// The same with all but the first and last stores on addresses that are multiples of 64.
#[target_feature(enable = "avx512f,avx512bw")]
fn avx512_aligned(key: [u8; 4], bytes: &mut [u8]) {
    if bytes.len() < 256 {
        return avx512(key, bytes);
    }
    let before = bytes.as_ptr().align_offset(64);
    let (first, rest) = bytes.split_at_mut(before);
    avx512_partly(_mm512_set1_epi32(i32::from_ne_bytes(key)), first);
    let mut turned = key;
    turned.rotate_left(before % 4);
    avx512(turned, rest);
}

/// Masks 64 bytes or fewer.
#[target_feature(enable = "avx512f,avx512bw")]
fn avx512_partly(wide: __m512i, bytes: &mut [u8]) {
    assert!(bytes.len() <= 64);
    let lanes = if bytes.len() < 64 { (1 << bytes.len()) - 1 } else { u64::MAX };
    let at = bytes.as_mut_ptr().cast::<i8>();
    // SAFETY: `lanes` has as many bits as `bytes` has bytes, so that no other is read or written.
    unsafe { _mm512_mask_storeu_epi8(at, lanes, _mm512_xor_si512(_mm512_maskz_loadu_epi8(lanes, at), wide)) };
}
