//! `closing-handshake/`.

use crate::wpt::page::{Expect, Page};
use sansws_driver::Spawn;

pub(crate) async fn html_002<R: Spawn>(page: Page<R>) {
    let mut ws = page.open("/echo_exit").await;
    ws.send("Goodbye").unwrap();
    ws.expect_close(1000, "").await;
}

pub(crate) async fn html_003<R: Spawn>(page: Page<R>) {
    let mut ws = page.open("/echo").await;
    ws.close(None, None).unwrap();
    ws.expect_close(1005, "").await;
}

pub(crate) async fn html_004<R: Spawn>(page: Page<R>) {
    let mut ws = page.open("/echo_close_data").await;
    ws.send("Goodbye").unwrap();
    ws.expect_close(1000, "").await;
}
