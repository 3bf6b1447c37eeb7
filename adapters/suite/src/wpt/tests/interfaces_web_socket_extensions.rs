//! `interfaces/WebSocket/extensions/`.

use crate::wpt::page::Page;
use sansws_driver::Spawn;

pub(crate) async fn html_001<R: Spawn>(page: Page<R>) {
    assert_eq!(page.connect("/echo", ()).extensions(), "");
}
