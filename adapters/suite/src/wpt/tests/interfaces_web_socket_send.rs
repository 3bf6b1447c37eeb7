//! `interfaces/WebSocket/send/`.

use super::send::sends;
use crate::wpt::page::{Expect, Page};
use sansws_driver::Spawn;

pub(crate) async fn html_003<R: Spawn>(page: Page<R>) {
    assert_eq!(page.connect("/echo", ()).send("a").unwrap_err().name(), "InvalidStateError");
}

pub(crate) async fn html_007<R: Spawn>(page: Page<R>) {
    let mut ws = page.open("/echo").await;
    ws.close(None, None).unwrap();
    ws.send("test").unwrap();
    ws.expect_close(1005, "").await;
}

pub(crate) async fn html_008<R: Spawn>(page: Page<R>) {
    let ws = page.open("/echo").await;
    ws.close(None, None).unwrap();
    let handlers = ws.clone().on_close(|ws, _| {
        ws.send("test").unwrap();
        assert_eq!(ws.buffered_amount(), 4); // for ever
    });
    handlers.run().await;
    assert_eq!(ws.buffered_amount(), 4);
}

pub(crate) async fn html_009<R: Spawn>(page: Page<R>) {
    let mut ws = page.open("/empty-message").await;
    ws.send("").unwrap();
    ws.expect_text("pass").await;
}

pub(crate) async fn html_011<R: Spawn>(page: Page<R>) {
    sends(page, "A\u{30a}\u{2000b}").await; // not composed
}
