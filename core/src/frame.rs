//! Frames (RFC 6455 §5.2): pure bytes ⇄ fields, for those who want frames rather than messages.
//!
//! [`Header`] knows one header, [`Decoder`] a stream of frames and the rules between them.
//! [`Connection`](crate::Connection) stands on both.

mod decoder;
mod header;

pub use decoder::{Decoder, Frame};
pub use header::{Header, HeaderBytes, Opcode};

/// Which end of the connection this is (RFC 6455 §1.2). Clients mask, servers do not (§5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The end that asked for the connection.
    Client,
    /// The end that accepted it.
    Server,
}
