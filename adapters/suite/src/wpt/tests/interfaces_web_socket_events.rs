//! `interfaces/WebSocket/events/`.

use crate::wpt::page::{Expect, Page};
use sansws_core::web::Failure;
use sansws_driver::Spawn;
use std::sync::mpsc;

pub(crate) async fn html_015<R: Spawn>(page: Page<R>) {
    let mut ws = page.open("/echo_raw").await;
    ws.send(b"\x81\x04test\x83\x03LOL".to_vec()).unwrap();
    ws.expect_text("test").await;
    assert!(matches!(ws.expect_failure().await, Failure::Protocol(_)));
}

/// Of the order of events: there is one listener for each.
pub(crate) async fn html_016<R: Spawn>(page: Page<R>) {
    let (told, events) = mpsc::channel();
    let [open, message, error] = [told.clone(), told.clone(), told.clone()];
    let handlers = page
        .connect("/echo", ())
        .on_open(move |ws| {
            ws.send("test").unwrap();
            open.send("open").unwrap();
        })
        .on_message(move |ws, event| {
            assert_eq!(event.data.as_text(), Some("test"));
            ws.close(None, None).unwrap();
            message.send("message").unwrap();
        })
        .on_error(move |_, _| error.send("error").unwrap())
        .on_close(move |_, _| told.send("close").unwrap());
    handlers.run().await;
    assert_eq!(events.iter().collect::<Vec<_>>(), ["open", "message", "close"]);
}

pub(crate) async fn html_020<R: Spawn>(page: Page<R>) {
    let host = "x".repeat(64); // one more than a name may have, so that no other server is asked
    let mut ws = page.websocket(&format!("ws://{host}/"), ()).unwrap();
    assert!(matches!(ws.expect_failure().await, Failure::Transport(_)));
}
