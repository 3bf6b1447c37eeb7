//! `keeping-connection-open/`.

use crate::wpt::page::{Expect, Page};
use sansws_driver::Spawn;

/// Silent for a tenth of a second instead of 20 s: no deadline is between the two.
pub(crate) async fn html_001<R: Spawn>(page: Page<R>) {
    let mut ws = page.open("/echo").await;
    page.expect_pending(ws.next()).await;
    ws.send("test").unwrap();
    ws.expect_text("test").await;
}
