//! `interfaces/WebSocket/url/`.

use crate::wpt::page::Page;
use sansws_driver::Spawn;

pub(crate) async fn html_001<R: Spawn>(page: Page<R>) {
    assert_eq!(page.connect("", ()).url().as_str(), page.url("/"));
}

pub(crate) async fn resolve<R: Spawn>(page: Page<R>) {
    assert_eq!(page.connect("/echo?foo%20bar baz", ()).url().as_str(), page.url("/echo?foo%20bar%20baz"));
}
