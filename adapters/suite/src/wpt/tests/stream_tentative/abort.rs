//! `abort`: a signal.

use crate::wpt::page::{Page, stream_options};
use sansws_core::Message;
use sansws_core::web::Rejected;
use sansws_driver::Spawn;
use sansws_driver::web::{AbortController, AbortError, WebSocketStream, WebSocketStreamOptions};

pub(crate) async fn abort<R: Spawn>(page: Page<R>) {
    before_constructing(&page).await;
    during_handshake(&page).await;
    after_connect(&page).await;
}

fn stream<R: Spawn>(page: &Page<R>, path: &str, controller: &AbortController) -> WebSocketStream<R> {
    let options = WebSocketStreamOptions { signal: Some(controller.signal()), ..stream_options() };
    page.stream_with(&page.url(path), options).unwrap()
}

async fn expect_aborted<R>(wss: &WebSocketStream<R>) {
    for rejected in [wss.opened().await.map(drop).unwrap_err(), wss.closed().await.unwrap_err()] {
        let Rejected::Aborted(reason) = rejected else { panic!("{rejected:?}") };
        assert!(reason.is::<AbortError>());
    }
}

async fn before_constructing<R: Spawn>(page: &Page<R>) {
    let controller = AbortController::new();
    controller.abort();
    expect_aborted(&stream(page, "/echo", &controller)).await;
    page.wait().await;
    assert_eq!(page.cue().requests(), 0);
}

async fn during_handshake<R: Spawn>(page: &Page<R>) {
    let controller = AbortController::new();
    let wss = stream(page, "/handshake_sleep_2", &controller);
    page.wait_for_requests(1).await;
    controller.abort();
    expect_aborted(&wss).await;
}

async fn after_connect<R: Spawn>(page: &Page<R>) {
    let controller = AbortController::new();
    let wss = stream(page, "/echo", &controller);
    let mut info = wss.opened().await.unwrap();
    controller.abort();
    info.writable.write("connected").await.unwrap();
    assert_eq!(info.readable.next().await.unwrap().unwrap(), Message::from("connected"));
}
