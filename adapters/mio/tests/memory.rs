//! What a connection costs. That it owns nothing beyond itself is tested where it is made, in the driver.

use sansws_mio::WsStream;
use std::mem::size_of;

#[test]
fn a_connection_is_small() {
    let size = size_of::<WsStream>();
    assert!(size <= 400, "{size} bytes, its socket included");
}
