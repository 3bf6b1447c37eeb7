//! See [`sansws_fuzz::driver`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sansws_fuzz::driver(data));
