//! `interfaces/WebSocket/close/`.

use crate::wpt::page::{Expect, Page};
use sansws_core::web::Failure;
use sansws_driver::Spawn;
use sansws_driver::web::WebSocket;
use std::sync::mpsc;

/// Closes before it is open.
async fn gives_up<R: Spawn>(mut ws: WebSocket<R>) {
    ws.close(None, None).unwrap();
    assert_eq!(ws.ready_state(), WebSocket::<R>::CLOSING);
    ws.close(None, None).unwrap(); // does nothing
    assert!(matches!(ws.expect_failure().await, Failure::ClosedEarly));
}

pub(crate) async fn close_basic<R: Spawn>(page: Page<R>) {
    gives_up(page.connect("/echo", ())).await;
}

pub(crate) async fn close_connecting_async<R: Spawn>(page: Page<R>) {
    gives_up(page.connect("/sleep_10_v13", ())).await;
}

pub(crate) async fn close_connecting<R: Spawn>(page: Page<R>) {
    let ws = page.connect("/sleep_10_v13", ());
    page.wait_for_requests(1).await;
    gives_up(ws).await;
}

pub(crate) async fn close_multiple<R: Spawn>(page: Page<R>) {
    let mut ws = page.open("/echo").await;
    for _ in 0..3 {
        ws.close(None, None).unwrap();
    }
    ws.expect_close(1005, "").await;
}

pub(crate) async fn close_nested<R: Spawn>(page: Page<R>) {
    let (told, closed) = mpsc::channel();
    let ws = page.open("/echo").await;
    ws.close(None, None).unwrap();
    let handlers = ws.clone().on_close(move |ws, event| {
        ws.close(None, None).unwrap();
        told.send((event.was_clean, ws.ready_state())).unwrap();
    });
    handlers.run().await;
    assert_eq!(closed.iter().collect::<Vec<_>>(), [(true, WebSocket::<R>::CLOSED)]); // once
    assert_eq!(ws.ready_state(), WebSocket::<R>::CLOSED);
}
