//! See [`sansws_fuzz::split_invariance`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sansws_fuzz::split_invariance(data));
