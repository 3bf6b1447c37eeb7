//! See [`sansws_fuzz::mask`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sansws_fuzz::mask(data));
