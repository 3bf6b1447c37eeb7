//! `stream/tentative/`. Each file has several tests there, which are the parts of one here.

mod abort;
mod backpressure;
mod close;
mod constructor;
mod remote_close;
mod websocket_error;
mod write;

pub(crate) use abort::abort;
pub(crate) use backpressure::{backpressure_receive, backpressure_send};
pub(crate) use close::close;
pub(crate) use constructor::constructor;
pub(crate) use remote_close::remote_close;
pub(crate) use websocket_error::websocket_error;
pub(crate) use write::write;

use sansws_core::web::{Rejected, WebSocketCloseInfo, WebSocketError};
use sansws_driver::web::WebSocketStream;
use std::fmt::Debug;

/// How large a message must be so that it cannot have left while nobody reads it.
const LARGE: usize = 8 << 20;

/// `closed` fulfills, with this.
async fn expect_closed<R>(wss: &WebSocketStream<R>, code: u16, reason: &str) {
    assert_eq!(wss.closed().await.unwrap(), WebSocketCloseInfo::from((code, reason)));
}

/// What a promise rejects with: a `WebSocketError`.
fn rejection<T: Debug>(settled: Result<T, Rejected>) -> WebSocketError {
    match settled.unwrap_err() {
        Rejected::WebSocket(error) => error,
        rejected @ Rejected::Aborted(_) => panic!("{rejected:?}"),
    }
}
