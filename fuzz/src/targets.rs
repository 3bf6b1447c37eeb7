//! The targets.

pub(crate) mod connection;
pub(crate) mod deflate_roundtrip;
pub(crate) mod differential;
pub(crate) mod driver;
pub(crate) mod extension_offer;
pub(crate) mod frame_header;
pub(crate) mod handshake_request;
pub(crate) mod handshake_response;
pub(crate) mod inflate;
pub(crate) mod mask;
pub(crate) mod split_invariance;
pub(crate) mod url;
pub(crate) mod utf8;
