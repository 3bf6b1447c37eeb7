//! See [`sansws_fuzz::connection_client`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sansws_fuzz::connection_client(data));
