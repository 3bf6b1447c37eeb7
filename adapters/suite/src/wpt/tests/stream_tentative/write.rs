//! `write`: what becomes of writes that are not complete.

use super::{LARGE, rejection};
use crate::wpt::page::Page;
use futures_util::FutureExt;
use sansws_core::web::WebSocketCloseInfo;
use sansws_driver::Spawn;
use std::pin::pin;

pub(crate) async fn write<R: Spawn>(page: Page<R>) {
    incomplete(&page).await;
    dropped(&page).await;
}

async fn incomplete<R: Spawn>(page: &Page<R>) {
    let (mut info, wss) = page.open_stream("/echo_exit?hold").await;
    info.writable.write("Goodbye").await.unwrap();
    {
        let mut write = pin!(info.writable.write(vec![0; LARGE]));
        page.expect_pending(&mut write).await;
        page.cue().go_on(); // closes
        assert_eq!(write.await.unwrap_err().name(), "InvalidStateError");
    }
    page.cue().go_on(); // reads
    rejection(wss.closed().await);
    assert_eq!(info.writable.write("word").await.unwrap_err().name(), "InvalidStateError");
}

/// In place of garbage collection.
async fn dropped<R: Spawn>(page: &Page<R>) {
    let (mut info, wss) = page.open_stream("/echo").await;
    for _ in 0..20 {
        let _ = info.writable.write(vec![0; 100_000]).now_or_never(); // the next waits for it, if it is not written
    }
    let closed = wss.closed();
    drop((info, wss));
    assert_eq!(closed.await.unwrap(), WebSocketCloseInfo::from(1005));
}
