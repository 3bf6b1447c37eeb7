//! Fuzz targets of sansws.
//!
//! A target is a function of any bytes that panics if a law does not hold; `fuzz_targets` has a program for each, and
//! `replay` runs them all on the inputs that are committed, on any compiler. See `README.md`.
//!
//! Most inputs are a `tape` that says what happens. What is under test is watched by readers that share nothing with it:
//! `reader` for frames, `checker` for those that we write, `head` for HTTP, `dull` for DEFLATE; `memory` counts what is
//! held. Of a connection `model` knows what must come of whatever is done with it.

mod checker;
#[path = "../../core/tests/deflate/dull.rs"]
mod dull;
mod frame;
mod head;
mod memory;
mod model;
mod op;
mod outcome;
mod payload;
mod reader;
#[cfg(test)]
mod replay;
mod said;
#[cfg(test)]
mod seeds;
mod setup;
mod step;
mod support;
mod tape;
mod targets;

pub use targets::connection::{connection_client, connection_server};
pub use targets::deflate_roundtrip::deflate_roundtrip;
pub use targets::differential::differential;
pub use targets::driver::driver;
pub use targets::extension_offer::extension_offer;
pub use targets::frame_header::frame_header;
pub use targets::handshake_request::handshake_request;
pub use targets::handshake_response::handshake_response;
pub use targets::inflate::inflate;
pub use targets::mask::mask;
pub use targets::split_invariance::split_invariance;
pub use targets::url::url;
pub use targets::utf8::utf8;
