//! See [`sansws_fuzz::utf8`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sansws_fuzz::utf8(data));
