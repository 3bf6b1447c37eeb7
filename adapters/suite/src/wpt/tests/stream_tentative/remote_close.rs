//! `remote-close`: the server closes.

use super::{LARGE, expect_closed, rejection};
use crate::wpt::page::Page;
use sansws_core::web::WriteError;
use sansws_driver::Spawn;
use std::pin::pin;

pub(crate) async fn remote_close<R: Spawn>(page: Page<R>) {
    clean(&page).await;
    expect_closed(&page.stream("/remote-close"), 1005, "").await;
    expect_closed(&page.stream("/remote-close?code=4000&reason=robot"), 4000, "robot").await;
    let utf8 = "/remote-close?code=4000&reason=%E3%83%AD%E3%83%9C%E3%83%83%E3%83%88";
    expect_closed(&page.stream(utf8), 4000, "ロボット").await;
    unwritten_data(&page).await;
    both(&page).await;
    abrupt(&page).await;
}

async fn clean<R: Spawn>(page: &Page<R>) {
    let (mut info, wss) = page.open_stream("/remote-close?code=1000").await;
    expect_closed(&wss, 1000, "").await;
    assert!(info.readable.next().await.is_none());
    assert_eq!(info.writable.write("late").await.unwrap_err().name(), "InvalidStateError");
}

/// The original does not look at what the write comes to, and means to.
async fn unwritten_data<R: Spawn>(page: &Page<R>) {
    let (mut info, wss) = page.open_stream("/remote-close?code=4567&hold").await;
    let mut write = pin!(info.writable.write(vec![0; LARGE]));
    page.expect_pending(&mut write).await;
    page.cue().go_on(); // closes
    assert_eq!(write.await.unwrap_err().name(), "InvalidStateError");
    page.cue().go_on(); // reads
    assert_eq!(rejection(wss.closed().await).close_code(), Some(4567));
}

async fn both<R: Spawn>(page: &Page<R>) {
    let (_info, wss) = page.open_stream("/remote-close?code=4222&reason=remote").await;
    wss.close((4111, "local")).unwrap();
    expect_closed(&wss, 4222, "remote").await;
}

async fn abrupt<R: Spawn>(page: &Page<R>) {
    let (mut info, wss) = page.open_stream("/remote-close?abrupt=1").await;
    let error = rejection(wss.closed().await);
    assert_eq!((error.name(), error.close_code(), error.reason()), ("WebSocketError", Some(1006), ""));
    let read = info.readable.next().await.unwrap().unwrap_err();
    assert!(read.ptr_eq(&error));
    let written = info.writable.write("late").await.unwrap_err();
    assert!(matches!(&written, WriteError::WebSocket(written) if written.ptr_eq(&error)), "{written:?}");
}
