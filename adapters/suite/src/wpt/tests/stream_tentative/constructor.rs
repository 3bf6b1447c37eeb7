//! `constructor`.

use super::rejection;
use crate::wpt::page::{Page, stream_options};
use sansws_core::Message;
use sansws_driver::Spawn;
use sansws_driver::web::WebSocketStreamOptions;

pub(crate) async fn constructor<R: Spawn>(page: Page<R>) {
    assert_eq!(page.stream_with("invalid:", stream_options()).unwrap_err().name(), "SyntaxError");
    valid_url(&page).await;
    protocols(&page).await;
    failure(&page).await;
}

async fn valid_url<R: Spawn>(page: &Page<R>) {
    let (info, wss) = page.open_stream("/echo").await;
    assert_eq!(wss.url().as_str(), page.url("/echo"));
    assert_eq!((&*info.extensions, &*info.protocol), ("", ""));
    wss.close(()).unwrap();
}

async fn protocols<R: Spawn>(page: &Page<R>) {
    let options = WebSocketStreamOptions { protocols: vec!["alpha".into(), "beta".into()], ..stream_options() };
    let wss = page.stream_with(&page.url("/protocol_array"), options).unwrap();
    let mut info = wss.opened().await.unwrap();
    assert_eq!(info.protocol, "alpha");
    assert_eq!(info.readable.next().await.unwrap().unwrap(), Message::from("alpha"));
    wss.close(()).unwrap();
}

async fn failure<R: Spawn>(page: &Page<R>) {
    let wss = page.stream("/404");
    let opened = rejection(wss.opened().await);
    assert!(opened.ptr_eq(&rejection(wss.closed().await)));
}
