//! The browser's interfaces, over sockets: feature `web`.
//!
//! What they are, and what they do when, is decided in [`sansws_core::web`], without I/O. Here is who connects, reads and
//! writes for them: a task of the runtime that is begun by the constructor, as a browser's own, and goes on until the
//! connection is closed, whether or not anybody looks at it.
//!
//! - `shared` is one of the core's objects between the task and its users, who wake each other,
//! - `task` connects, and has `step` move events and messages between the object and the one loop of this crate,
//! - `websocket` is what a user has of a [`WebSocket`], `handlers` who is called with its events,
//! - `stream` is what a user has of a [`WebSocketStream`], `abort` how opening one is given up,
//! - `nonblocking` is the same object for a loop that waits for readiness: its own task.

mod abort;
mod handlers;
mod nonblocking;
mod shared;
mod step;
mod stream;
mod task;
mod websocket;

pub use abort::{AbortController, AbortError, AbortSignal};
pub use handlers::Handlers;
pub use nonblocking::NonBlocking;
pub use stream::{
    Closed, Opened, Opening, Readable, WebSocketOpenInfo, WebSocketStream, WebSocketStreamOptions, Writable,
};
pub use websocket::WebSocket;
