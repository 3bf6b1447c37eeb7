//! `interfaces/CloseEvent/`.

use crate::wpt::page::{Expect, Page};
use sansws_core::web::CloseEvent;
use sansws_driver::Spawn;

pub(crate) async fn clean_close<R: Spawn>(page: Page<R>) {
    let mut ws = page.open("/echo").await;
    ws.send("test").unwrap();
    ws.expect_text("test").await;
    ws.close(None, None).unwrap();
    ws.expect_close(1005, "").await;
}

pub(crate) async fn constructor<R: Spawn>(_page: Page<R>) {
    assert_eq!(CloseEvent::default(), CloseEvent { was_clean: false, code: 0, reason: "".into() });
}
