//! `close`: what is sent, and what comes of it.

use super::{expect_closed, rejection};
use crate::wpt::page::Page;
use sansws_core::web::{WebSocketCloseInfo, WebSocketError};
use sansws_driver::Spawn;
use sansws_driver::web::WebSocketOpenInfo;
use std::pin::pin;

pub(crate) async fn close<R: Spawn>(page: Page<R>) {
    closes(&page, (3456, "pizza"), 3456, "pizza").await;
    closes(&page, (), 1005, "").await;
    closes(&page, WebSocketCloseInfo { close_code: None, reason: "".into() }, 1005, "").await;
    closes(&page, reason("non-empty"), 1000, "non-empty").await;
    throws(&page, reason(&".".repeat(124)), "SyntaxError").await;
    for code in [999, 1001, 2999, 5000] {
        throws(&page, code, "InvalidAccessError").await;
    }
    during_handshake(&page).await;
    writable(&page).await;
    writable_waits(&page).await;
    without_an_answer(&page).await;

    let abort = |info: WebSocketOpenInfo, reason| info.writable.abort(reason);
    let cancel = |info: WebSocketOpenInfo, reason| info.readable.cancel(reason);
    for by in [abort, cancel] {
        closes_by(&page, by, None, 1005, "").await;
        closes_by(&page, by, Some(3333.into()), 3333, "").await;
        closes_by(&page, by, Some((3456, "set").into()), 3456, "set").await;
        closes_by(&page, by, Some(reason("specified")), 1000, "specified").await;
    }
}

fn reason(reason: &str) -> WebSocketCloseInfo {
    WebSocketCloseInfo { close_code: None, reason: reason.into() }
}

async fn closes<R: Spawn>(page: &Page<R>, how: impl Into<WebSocketCloseInfo>, code: u16, reason: &str) {
    let (_info, wss) = page.open_stream("/echo").await;
    wss.close(how).unwrap();
    expect_closed(&wss, code, reason).await;
}

async fn throws<R: Spawn>(page: &Page<R>, how: impl Into<WebSocketCloseInfo>, name: &str) {
    let (_info, wss) = page.open_stream("/echo").await;
    assert_eq!(wss.close(how).unwrap_err().name(), name);
    wss.close(()).unwrap(); // not closed yet
    expect_closed(&wss, 1005, "").await;
}

async fn during_handshake<R: Spawn>(page: &Page<R>) {
    let wss = page.stream("/echo");
    wss.close(()).unwrap();
    rejection(wss.opened().await);
    rejection(wss.closed().await);
}

async fn writable<R: Spawn>(page: &Page<R>) {
    let (mut info, wss) = page.open_stream("/echo").await;
    info.writable.close().await.unwrap();
    expect_closed(&wss, 1005, "").await;
}

async fn writable_waits<R: Spawn>(page: &Page<R>) {
    let (mut info, _wss) = page.open_stream("/delayed-passive-close").await;
    let mut close = pin!(info.writable.close());
    page.expect_pending(&mut close).await;
    page.cue().go_on();
    close.await.unwrap();
}

async fn without_an_answer<R: Spawn>(page: &Page<R>) {
    let (_info, wss) = page.open_stream("/passive-close-abort").await;
    wss.close((4000, "because")).unwrap();
    assert_eq!(rejection(wss.closed().await).close_code(), Some(1006));
}

/// With what the error says, if there is one.
async fn closes_by<R: Spawn>(
    page: &Page<R>,
    by: fn(WebSocketOpenInfo, Option<WebSocketError>),
    error: Option<WebSocketCloseInfo>,
    code: u16,
    reason: &str,
) {
    let (info, wss) = page.open_stream("/echo").await;
    by(info, error.map(|how| WebSocketError::new("", how).unwrap()));
    expect_closed(&wss, code, reason).await;
}
