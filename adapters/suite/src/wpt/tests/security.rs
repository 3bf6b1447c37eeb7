//! `security/`.

use crate::wpt::page::{Expect, Page};
use sansws_driver::Spawn;

pub(crate) async fn html_001<R: Spawn>(page: Page<R>) {
    page.connect("/wrong_accept_key", ()).expect_failure().await;
}
