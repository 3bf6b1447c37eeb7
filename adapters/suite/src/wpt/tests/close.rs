//! `Close-*`, and what else is about `close()`.

use crate::wpt::page::{Expect, Page};
use sansws_driver::Spawn;
use sansws_driver::web::WebSocket;

async fn closes<R: Spawn>(page: Page<R>, code: u16, reason: Option<&str>) {
    let mut ws = page.open("/echo").await;
    ws.close(code, reason).unwrap();
    ws.expect_close(code, reason.unwrap_or_default()).await;
}

async fn close_throws<R: Spawn>(page: Page<R>, code: u16, reason: &str, name: &str) {
    let mut ws = page.open("/echo").await;
    assert_eq!(ws.close(code, reason).unwrap_err().name(), name);
    assert_eq!(ws.ready_state(), WebSocket::<R>::OPEN);
    ws.send("still open").unwrap();
    ws.expect_text("still open").await;
}

pub(crate) async fn close_1000_reason<R: Spawn>(page: Page<R>) {
    closes(page, 1000, Some("Clean Close")).await;
}

pub(crate) async fn close_1000_verify_code<R: Spawn>(page: Page<R>) {
    closes(page, 1000, Some("Clean Close")).await;
}

pub(crate) async fn close_1000<R: Spawn>(page: Page<R>) {
    closes(page, 1000, None).await;
}

pub(crate) async fn close_1005_verify_code<R: Spawn>(page: Page<R>) {
    let mut ws = page.open("/echo").await;
    ws.close(None, None).unwrap();
    ws.expect_close(1005, "").await;
}

pub(crate) async fn close_1005<R: Spawn>(page: Page<R>) {
    close_throws(page, 1005, "1005 - reserved code", "InvalidAccessError").await;
}

pub(crate) async fn close_2999_reason<R: Spawn>(page: Page<R>) {
    close_throws(page, 2999, "Close not in range 3000-4999", "InvalidAccessError").await;
}

pub(crate) async fn close_3000_reason<R: Spawn>(page: Page<R>) {
    closes(page, 3000, Some("Clean Close with code - 3000")).await;
}

pub(crate) async fn close_3000_verify_code<R: Spawn>(page: Page<R>) {
    closes(page, 3000, None).await;
}

/// The original says 3000 where it means 4999.
pub(crate) async fn close_4999_reason<R: Spawn>(page: Page<R>) {
    closes(page, 4999, Some("Clean Close with code - 4999")).await;
}

pub(crate) async fn close_reason_124bytes<R: Spawn>(page: Page<R>) {
    close_throws(page, 1000, &"a".repeat(124), "SyntaxError").await;
}

pub(crate) async fn close_delayed<R: Spawn>(page: Page<R>) {
    let mut ws = page.open("/delayed-passive-close").await;
    ws.close(1000, "Clean Close").unwrap();
    page.expect_pending(ws.next()).await;
    assert_eq!(ws.ready_state(), WebSocket::<R>::CLOSING);
    page.cue().go_on();
    ws.expect_close(1000, "Clean Close").await;
}

pub(crate) async fn close_ready_state_closed<R: Spawn>(page: Page<R>) {
    let mut ws = page.open("/echo").await;
    ws.close(None, None).unwrap();
    ws.expect_close(1005, "").await;
    assert_eq!(ws.ready_state(), WebSocket::<R>::CLOSED);
}

pub(crate) async fn close_ready_state_closing<R: Spawn>(page: Page<R>) {
    let ws = page.open("/echo").await;
    ws.close(None, None).unwrap();
    assert_eq!(ws.ready_state(), WebSocket::<R>::CLOSING);
}

pub(crate) async fn close_server_initiated_close<R: Spawn>(page: Page<R>) {
    let mut ws = page.open("/echo").await;
    ws.send("Goodbye").unwrap();
    ws.expect_text("Goodbye").await;
    ws.expect_close(1000, "").await;
}

/// `close(undefined)` is `close()`.
pub(crate) async fn close_undefined<R: Spawn>(page: Page<R>) {
    close_1005_verify_code(page).await;
}

/// 65,536 + 1000 is clamped to the last of them.
pub(crate) async fn close_invalid<R: Spawn>(page: Page<R>) {
    let ws = page.connect("/echo", ());
    for code in [0, 500, u16::MAX] {
        assert_eq!(ws.close(code, None).unwrap_err().name(), "InvalidAccessError");
        assert_eq!(ws.ready_state(), WebSocket::<R>::CONNECTING);
    }
}
