//! See [`sansws_fuzz::deflate_roundtrip`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sansws_fuzz::deflate_roundtrip(data));
