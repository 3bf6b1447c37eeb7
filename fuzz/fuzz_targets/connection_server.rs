//! See [`sansws_fuzz::connection_server`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sansws_fuzz::connection_server(data));
