//! See [`sansws_fuzz::url`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sansws_fuzz::url(data));
