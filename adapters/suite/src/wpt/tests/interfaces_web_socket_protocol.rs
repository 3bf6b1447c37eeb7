//! `interfaces/WebSocket/protocol/`.

use crate::wpt::page::Page;
use sansws_driver::Spawn;

pub(crate) async fn protocol_initial<R: Spawn>(page: Page<R>) {
    assert_eq!(page.connect("/echo", ()).protocol(), "");
}
