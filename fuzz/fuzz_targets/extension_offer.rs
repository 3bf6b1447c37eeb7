//! See [`sansws_fuzz::extension_offer`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sansws_fuzz::extension_offer(data));
