//! `websocket-error`: its constructor.

use crate::wpt::page::Page;
use sansws_core::web::{WebSocketCloseInfo, WebSocketError};
use sansws_driver::Spawn;

pub(crate) async fn websocket_error<R: Spawn>(_page: Page<R>) {
    is(WebSocketError::new("", ()).unwrap(), "", None, "");
    is(WebSocketError::new("message", (3456, "reason")).unwrap(), "message", Some(3456), "reason");
    is(WebSocketError::new("", 3333).unwrap(), "", Some(3333), "");
    is(WebSocketError::new("", reason("specified")).unwrap(), "", Some(1000), "specified");
    for code in [999, 1001, 2999, 5000] {
        throws(code, "InvalidAccessError");
    }
    throws((1000, &*"x".repeat(124)), "SyntaxError");
    throws(reason(&"\u{1f50c}".repeat(32)), "SyntaxError"); // 128 bytes
}

fn reason(reason: &str) -> WebSocketCloseInfo {
    WebSocketCloseInfo { close_code: None, reason: reason.into() }
}

#[track_caller]
fn is(error: WebSocketError, message: &str, close_code: Option<u16>, reason: &str) {
    assert_eq!(error.name(), "WebSocketError");
    assert_eq!((error.message(), error.close_code(), error.reason()), (message, close_code, reason));
}

#[track_caller]
fn throws(info: impl Into<WebSocketCloseInfo>, name: &str) {
    assert_eq!(WebSocketError::new("", info).unwrap_err().name(), name);
}
