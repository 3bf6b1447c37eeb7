//! [`StreamOptions`]: the second argument of the constructor.

use crate::web::options::Options;
use alloc::string::String;
use alloc::vec::Vec;

/// The second argument of [`WebSocketStream::new`](super::WebSocketStream::new). The browser's `signal` is for whoever
/// has tasks and threads; [`abort_signal`](super::WebSocketStream::abort_signal) is where it ends.
#[derive(Clone, Debug, Default)]
pub struct StreamOptions {
    /// The subprotocols, the best first: always a list.
    pub protocols: Vec<String>,
    /// What a browser decides by itself.
    pub socket: Options,
}
