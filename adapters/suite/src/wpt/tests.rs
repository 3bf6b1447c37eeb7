//! The tests, by directory; those of `websockets/` itself by theme. Each has the name of its file.

pub(crate) mod binary;
pub(crate) mod close;
pub(crate) mod closing_handshake;
pub(crate) mod constructor;
pub(crate) mod create;
pub(crate) mod interfaces_close_event;
pub(crate) mod interfaces_web_socket_buffered_amount;
pub(crate) mod interfaces_web_socket_close;
pub(crate) mod interfaces_web_socket_constants;
pub(crate) mod interfaces_web_socket_events;
pub(crate) mod interfaces_web_socket_extensions;
pub(crate) mod interfaces_web_socket_protocol;
pub(crate) mod interfaces_web_socket_ready_state;
pub(crate) mod interfaces_web_socket_send;
pub(crate) mod interfaces_web_socket_url;
pub(crate) mod keeping_connection_open;
pub(crate) mod opening_handshake;
pub(crate) mod request;
pub(crate) mod security;
pub(crate) mod send;
pub(crate) mod stream_tentative;
