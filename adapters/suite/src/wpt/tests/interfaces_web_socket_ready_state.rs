//! `interfaces/WebSocket/readyState/`.

use crate::wpt::page::{Expect, Page};
use sansws_driver::Spawn;
use sansws_driver::web::WebSocket;

pub(crate) async fn html_001<R: Spawn>(page: Page<R>) {
    assert_eq!(page.connect("/echo", ()).ready_state(), WebSocket::<R>::CONNECTING);
}

pub(crate) async fn html_006<R: Spawn>(page: Page<R>) {
    let mut ws = page.connect("/echo", ());
    ws.expect_open().await;
    assert_eq!(ws.ready_state(), WebSocket::<R>::OPEN);
}

pub(crate) async fn html_007<R: Spawn>(page: Page<R>) {
    let ws = page.open("/echo").await;
    ws.close(None, None).unwrap();
    assert_eq!(ws.ready_state(), WebSocket::<R>::CLOSING);
}

pub(crate) async fn html_008<R: Spawn>(page: Page<R>) {
    let mut ws = page.open("/echo").await;
    ws.close(None, None).unwrap();
    ws.expect_close(1005, "").await;
    assert_eq!(ws.ready_state(), WebSocket::<R>::CLOSED);
}
