//! `opening-handshake/`.

use crate::wpt::page::{Expect, Page, options};
use sansws_core::web::{Failure, Options};
use sansws_driver::Spawn;
use std::time::Duration;

pub(crate) async fn html_001<R: Spawn>(page: Page<R>) {
    page.connect("/invalid", ()).expect_failure().await;
}

pub(crate) async fn html_002<R: Spawn>(page: Page<R>) {
    let mut ws = page.open("/echo").await;
    ws.close(None, None).unwrap();
    ws.expect_close(1005, "").await;
}

/// The host is the one of other than ASCII letters that all machines know. The page's origin is an option.
pub(crate) async fn html_003<R: Spawn>(page: Page<R>) {
    let options = Options { origin: Some("https://example.com".into()), ..options() };
    let url = page.url("/origin").replace("127.0.0.1", "\u{ff4c}\u{ff4f}\u{ff43}\u{ff41}\u{ff4c}host");
    let mut ws = page.websocket_with(&url, (), options).unwrap();
    ws.expect_open().await;
    let event = ws.expect_message().await;
    assert_eq!(event.data.as_text(), Some("https://example.com"));
    assert_eq!(*event.origin, page.url("").replace("127.0.0.1", "localhost"));
}

/// The server waits for a longer Close frame than it gets, until it is given up: which is clean.
pub(crate) async fn html_005<R: Spawn>(page: Page<R>) {
    let mut options = options();
    options.config.close_timeout = Duration::from_millis(100);
    page.open_with("/simple_handshake", (), options).await.expect_close(1001, "PASS").await;
}

pub(crate) async fn html_006<R: Spawn>(page: Page<R>) {
    for path in ["/invalid", "/404", "/wrong_accept_key"] {
        page.connect(path, ()).expect_failure().await;
    }
    page.open("/echo").await;
}

pub(crate) async fn received_301_code<R: Spawn>(page: Page<R>) {
    let failure = page.connect("/redirect", ()).expect_failure().await;
    assert!(matches!(failure, Failure::Handshake(_)), "{failure:?}");
    assert_eq!(page.cue().requests(), 1);
}
