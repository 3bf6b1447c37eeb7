//! `interfaces/WebSocket/bufferedAmount/`.

use super::send::sends;
use crate::wpt::page::{Expect, Page};
use sansws_core::web::{BinaryType, MessageData};
use sansws_driver::Spawn;

pub(crate) async fn buffered_amount_arraybuffer<R: Spawn>(page: Page<R>) {
    sends(page, vec![0; 10]).await;
}

pub(crate) async fn buffered_amount_blob<R: Spawn>(page: Page<R>) {
    let mut ws = page.open("/echo").await;
    ws.set_binary_type(BinaryType::Blob);
    ws.send(vec![0; 10]).unwrap();
    page.expect_buffered(&ws, 10);
    assert_eq!(ws.expect_message().await.data, MessageData::Blob(vec![0; 10].into()));
    assert_eq!(ws.buffered_amount(), 0);
}

pub(crate) async fn buffered_amount_getting<R: Spawn>(page: Page<R>) {
    let mut ws = page.open("/echo").await;
    let texts = ["a", "\u{e5}", "\u{20ac}", "\u{10000}"];
    let mut amount = 0;
    for text in texts {
        ws.send(text).unwrap();
        amount += text.len() as u64;
        page.expect_buffered(&ws, amount);
    }
    for text in texts {
        ws.expect_text(text).await;
        amount -= text.len() as u64;
        assert!(ws.buffered_amount() <= amount);
    }
    assert_eq!(amount, 0);
}

pub(crate) async fn buffered_amount_initial<R: Spawn>(page: Page<R>) {
    assert_eq!(page.connect("/echo", ()).buffered_amount(), 0);
}

pub(crate) async fn buffered_amount_large<R: Spawn>(page: Page<R>) {
    sends(page, "a".repeat(65_000)).await;
}

pub(crate) async fn buffered_amount_unicode<R: Spawn>(page: Page<R>) {
    sends(page, "\u{e5}").await;
}
