//! The rows, by theme.

pub(crate) mod cancel;
pub(crate) mod close;
pub(crate) mod control;
pub(crate) mod crowd;
pub(crate) mod deflate;
pub(crate) mod echo;
pub(crate) mod floods;
pub(crate) mod halves;
pub(crate) mod open;
pub(crate) mod pressure;
pub(crate) mod refused;
pub(crate) mod rules;
pub(crate) mod sockets;
pub(crate) mod streams;
pub(crate) mod timeouts;
pub(crate) mod tls;
pub(crate) mod vanish;
