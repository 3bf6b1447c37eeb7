//! `Send-*`, and what else is sent.

use crate::wpt::page::{Expect, Page, options, plain};
use sansws_core::Message;
use sansws_core::web::{BinaryType, MessageData, Options};
use sansws_driver::Spawn;
use std::thread;
use std::time::Duration;

/// Sends, and gets it back.
pub(super) async fn sends<R: Spawn>(page: Page<R>, message: impl Into<Message>) {
    sends_with(&page, message, options()).await;
}

async fn sends_with<R: Spawn>(page: &Page<R>, message: impl Into<Message>, options: Options) {
    let message = message.into();
    let mut ws = page.open_with("/echo", (), options).await;
    ws.set_binary_type(BinaryType::ArrayBuffer);
    ws.send(message.clone()).unwrap();
    page.expect_buffered(&ws, message.len() as u64);
    assert_eq!(Message::from(ws.expect_message().await.data), message);
    assert_eq!(ws.buffered_amount(), 0);
    ws.close(None, None).unwrap();
    ws.expect_close(1005, "").await;
}

pub(crate) async fn send_0byte_data<R: Spawn>(page: Page<R>) {
    sends(page, "").await;
}

pub(crate) async fn send_65k_data<R: Spawn>(page: Page<R>) {
    sends(page, "c".repeat(65_000)).await;
}

pub(crate) async fn send_before_open<R: Spawn>(page: Page<R>) {
    let ws = page.connect("/echo", ());
    assert_eq!(ws.send("Message to send").unwrap_err().name(), "InvalidStateError");
}

pub(crate) async fn send_binary_65k_arraybuffer<R: Spawn>(page: Page<R>) {
    sends(page, vec![0; 65_000]).await;
}

pub(crate) async fn send_binary_arraybuffer<R: Spawn>(page: Page<R>) {
    sends(page, vec![7; 15]).await;
}

pub(crate) async fn send_binary_arraybufferview_int16_offset<R: Spawn>(page: Page<R>) {
    sends(page, &BUFFER[2..]).await;
}

pub(crate) async fn send_binary_arraybufferview_uint16_offset_length<R: Spawn>(page: Page<R>) {
    sends(page, &BUFFER[2..4]).await;
}

pub(crate) async fn send_binary_arraybufferview_uint32_offset<R: Spawn>(page: Page<R>) {
    sends(page, &BUFFER[4..]).await;
}

pub(crate) async fn send_binary_arraybufferview_uint8_offset_length<R: Spawn>(page: Page<R>) {
    sends(page, &BUFFER[2..6]).await;
}

pub(crate) async fn send_binary_arraybufferview_uint8_offset<R: Spawn>(page: Page<R>) {
    sends(page, &BUFFER[1..]).await;
}

/// What the views are into.
const BUFFER: [u8; 8] = [0, 1, 2, 3, 4, 5, 6, 7];

pub(crate) async fn send_binary_blob<R: Spawn>(page: Page<R>) {
    let mut ws = page.open("/echo").await;
    let blob = vec![1; 65_000];
    ws.send(blob.clone()).unwrap();
    page.expect_buffered(&ws, 65_000);
    assert_eq!(ws.expect_message().await.data, MessageData::Blob(blob.into()));
    ws.close(None, None).unwrap();
    ws.expect_close(1005, "").await;
}

pub(crate) async fn send_data<R: Spawn>(page: Page<R>) {
    sends(page, "Message to send").await;
}

pub(crate) async fn send_paired_surrogates<R: Spawn>(page: Page<R>) {
    sends(page, "\u{10000}").await;
}

pub(crate) async fn send_unicode_data<R: Spawn>(page: Page<R>) {
    sends(page, "¥¥¥¥¥¥").await;
}

/// What blocks is not a request but the thread.
pub(crate) async fn buffered_amount_unchanged_by_sync_xhr<R: Spawn>(page: Page<R>) {
    let mut ws = page.open("/echo").await;
    ws.send("x".repeat(1_000)).unwrap();
    thread::sleep(Duration::from_millis(50));
    page.expect_buffered(&ws, 1_000);
    ws.expect_message().await;
    assert_eq!(ws.buffered_amount(), 0);
}

/// 10 ms a message instead of 100.
pub(crate) async fn send_many_64k_messages_with_backpressure<R: Spawn>(page: Page<R>) {
    let mut ws = page.open("/receive-many-with-backpressure").await;
    for _ in 0..50 {
        ws.send(vec![0; 65_536]).unwrap();
    }
    for _ in 0..50 {
        ws.expect_text("65536").await;
    }
    ws.close(None, None).unwrap();
    ws.expect_close(1000, "").await;
}

/// As they are, so that the frames have these lengths.
pub(crate) async fn extended_payload_length<R: Spawn>(page: Page<R>) {
    for len in [125, 126, 0xffff, 0x1_0000] {
        sends_with(&page, "a".repeat(len), plain()).await;
    }
}
