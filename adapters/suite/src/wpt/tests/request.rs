//! What the request has.

use crate::wpt::page::{Expect, Page};
use sansws_driver::Spawn;

pub(crate) async fn basic_auth<R: Spawn>(page: Page<R>) {
    page.connect("/basic_auth", ()).expect_failure().await;
    let url = page.url("/basic_auth").replace("://", "://foo:bar@");
    page.websocket(&url, ()).unwrap().expect_open().await;
}

pub(crate) async fn referrer<R: Spawn>(page: Page<R>) {
    page.open("/referrer").await.expect_text("MISSING AS PER FETCH").await;
}
