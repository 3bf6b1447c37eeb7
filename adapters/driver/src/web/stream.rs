//! The browser's `WebSocketStream`, over sockets.
//!
//! `websocket_stream` is the object, `opened` and `closed` its promises, `readable` and `writable` its streams; `owned` is
//! what they all share.

mod closed;
mod opened;
mod owned;
mod readable;
mod websocket_stream;
mod writable;

pub use closed::Closed;
pub use opened::{Opened, Opening, WebSocketOpenInfo};
pub use readable::Readable;
pub use websocket_stream::{WebSocketStream, WebSocketStreamOptions};
pub use writable::Writable;
