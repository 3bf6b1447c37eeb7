//! What the driver's tests are made of: a peer that follows a script, tasks that are polled by hand, and a clock that is
//! set by hand.

#![allow(dead_code, reason = "made for those tests")]

#[path = "../../adapters/driver/tests/support/script.rs"]
pub(crate) mod script;
#[path = "../../adapters/driver/tests/support/task.rs"]
pub(crate) mod task;
#[path = "../../adapters/driver/tests/support/time.rs"]
pub(crate) mod time;

use sansws_driver::{Bind, Runtime, Transport};

/// The runtime that consists of these.
pub(crate) struct Hand;

impl Runtime for Hand {
    type Clock = time::Manual;
}

impl<T: Transport + 'static> Bind<T> for Hand {
    type Transport = T;

    fn bind(stream: T) -> T {
        stream
    }
}

/// A request for a WebSocket.
pub(crate) const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n";
