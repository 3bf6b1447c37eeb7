//! `interfaces/WebSocket/constants/`.

use crate::wpt::page::Page;
use sansws_driver::Spawn;
use sansws_driver::web::WebSocket;

pub(crate) async fn html_001<R: Spawn>(_page: Page<R>) {
    let states = [WebSocket::<R>::CONNECTING, WebSocket::<R>::OPEN, WebSocket::<R>::CLOSING, WebSocket::<R>::CLOSED];
    assert_eq!(states.map(u16::from), [0, 1, 2, 3]);
}
