//! `constructor/`.

use crate::wpt::page::{Expect, Page};
use futures_util::future::{join, join_all};
use sansws_core::web::Failure;
use sansws_driver::Spawn;

pub(crate) async fn html_004<R: Spawn>(page: Page<R>) {
    let url = page.url("/echo");
    page.create_throws(&url, "");
    for code in (0x01..=0x1f).chain(0x7f..=0xff) {
        page.create_throws(&url, format!("a{}b", char::from(code)));
    }
}

pub(crate) async fn html_007<R: Spawn>(page: Page<R>) {
    page.create_throws(&page.url("/echo"), "a\0b");
}

/// Who answers there does not matter, so nobody is asked.
pub(crate) async fn html_008<R: Spawn>(page: Page<R>) {
    let host = "x".repeat(64); // one more than a name may have
    for url in ["ws://x:80/", "ws://x:443/", "wss://x:80/", "wss://x:443/"] {
        page.websocket(&url.replace('x', &host), ()).unwrap();
    }
}

pub(crate) async fn html_009<R: Spawn>(page: Page<R>) {
    let mut ws = page.connect("/protocol", "foobar");
    ws.expect_open().await;
    assert_eq!(ws.protocol(), "foobar");
    ws.expect_text("foobar").await;
}

async fn is_refused<R: Spawn>(page: Page<R>, path: &str, protocol: Option<&str>) {
    let mut ws = page.connect(path, protocol.into_iter().collect::<Vec<_>>());
    let failure = ws.expect_failure().await;
    assert!(matches!(failure, Failure::Handshake(_)), "{failure:?}");
}

pub(crate) async fn html_010<R: Spawn>(page: Page<R>) {
    is_refused(page, "/handshake_protocol", None).await;
}

pub(crate) async fn html_011<R: Spawn>(page: Page<R>) {
    is_refused(page, "/handshake_protocol", Some("FOOBAR")).await;
}

/// By an older rule it was opened, and then closed.
pub(crate) async fn html_012<R: Spawn>(page: Page<R>) {
    is_refused(page, "/handshake_no_protocol", Some("foobar")).await;
}

pub(crate) async fn html_013<R: Spawn>(page: Page<R>) {
    join_all((0..25).map(async |_| {
        let mut ws = page.open("/echo").await;
        ws.send("test").unwrap();
        ws.expect_text("test").await;
        ws.close(None, None).unwrap();
        ws.expect_close(1005, "").await;
    }))
    .await;
}

/// The second request comes once the first is answered.
pub(crate) async fn html_014<R: Spawn>(page: Page<R>) {
    let mut first = page.connect("/handshake_sleep_2", ());
    let mut second = page.connect("/handshake_sleep_2", ());
    for requests in 1..=2 {
        page.wait_for_requests(requests).await;
        page.wait().await;
        assert_eq!(page.cue().requests(), requests);
        page.cue().go_on();
    }
    join(first.expect_open(), second.expect_open()).await;
}

pub(crate) async fn html_016<R: Spawn>(page: Page<R>) {
    page.open("/echo-query?\u{e5}").await.expect_text("%C3%A5").await;
}

pub(crate) async fn html_017<R: Spawn>(page: Page<R>) {
    for slashes in [":", ":/"] {
        let mut ws = page.websocket(&page.url("/echo").replace("://", slashes), ()).unwrap();
        assert_eq!(ws.url().as_str(), page.url("/echo"));
        ws.expect_open().await;
    }
}

pub(crate) async fn html_018<R: Spawn>(page: Page<R>) {
    page.open("/echo-query?x\0y\0").await.expect_text("x%00y").await;
}

pub(crate) async fn html_019<R: Spawn>(page: Page<R>) {
    let mut ws = page.websocket(&page.url("/echo").replacen("ws", "WS", 1), ()).unwrap();
    ws.expect_open().await;
}

pub(crate) async fn html_020<R: Spawn>(page: Page<R>) {
    let mut ws = page.websocket(&page.url("/echo").replace("127.0.0.1", "LOCALHOST"), ()).unwrap();
    assert_eq!(ws.url().host_str(), Some("localhost"));
    ws.expect_open().await;
}

pub(crate) async fn html_021<R: Spawn>(page: Page<R>) {
    page.create_throws(&page.url("/echo"), ["foobar, foobar"]);
}

pub(crate) async fn html_022<R: Spawn>(page: Page<R>) {
    let mut ws = page.connect("/protocol_array", ["foobar", "foobar2"]);
    ws.expect_open().await;
    assert_eq!(ws.protocol(), "foobar");
    ws.expect_text("foobar").await;
}
