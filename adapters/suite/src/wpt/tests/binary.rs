//! `binary/`.

use crate::wpt::page::{Expect, Page};
use sansws_core::web::{BinaryType, MessageData};
use sansws_driver::Spawn;

async fn receives<R: Spawn>(page: Page<R>, len: usize, binary_type: BinaryType) {
    let mut ws = page.open("/echo").await;
    ws.set_binary_type(binary_type);
    ws.send(vec![0; len]).unwrap();
    let bytes = vec![0; len].into();
    assert_eq!(
        ws.expect_message().await.data,
        match binary_type {
            BinaryType::Blob => MessageData::Blob(bytes),
            BinaryType::ArrayBuffer => MessageData::ArrayBuffer(bytes),
        }
    );
    ws.close(None, None).unwrap();
    ws.expect_close(1005, "").await;
}

pub(crate) async fn html_001<R: Spawn>(page: Page<R>) {
    receives(page, 10, BinaryType::Blob).await;
}

pub(crate) async fn html_002<R: Spawn>(page: Page<R>) {
    receives(page, 100_000, BinaryType::Blob).await;
}

pub(crate) async fn html_004<R: Spawn>(page: Page<R>) {
    receives(page, 100_000, BinaryType::ArrayBuffer).await;
}

pub(crate) async fn html_005<R: Spawn>(page: Page<R>) {
    receives(page, 10, BinaryType::ArrayBuffer).await;
}
