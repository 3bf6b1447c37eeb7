//! See [`sansws_fuzz::handshake_response`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sansws_fuzz::handshake_response(data));
