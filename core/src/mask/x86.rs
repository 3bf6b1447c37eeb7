#![expect(unsafe_code, reason = "calls a function compiled for AVX2")]
//! The portable loop compiled for 32-byte registers, where the CPU has them.

/// From this many bytes on, the wider registers gain more than the call costs.
const WORTHWHILE: usize = 256;

/// Applies the mask if this CPU has AVX2 and the input is long enough to gain by it.
#[inline]
pub(super) fn try_apply(key: [u8; 4], bytes: &mut [u8]) -> bool {
    if bytes.len() < WORTHWHILE || !std::is_x86_feature_detected!("avx2") {
        return false;
    }
    // SAFETY: `avx2` is a safe function whose only demand is a CPU with AVX2, just established.
    unsafe { avx2(key, bytes) };
    true
}

#[target_feature(enable = "avx2")]
fn avx2(key: [u8; 4], bytes: &mut [u8]) {
    super::portable::apply(key, bytes); // inlined, and so compiled for 32-byte registers
}
