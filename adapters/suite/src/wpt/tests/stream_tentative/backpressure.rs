//! `backpressure-receive` and `backpressure-send`.

use super::LARGE;
use crate::wpt::page::Page;
use sansws_core::Message;
use sansws_driver::Spawn;
use std::pin::pin;

pub(crate) async fn backpressure_receive<R: Spawn>(page: Page<R>) {
    let (mut info, _wss) = page.open_stream("/send-backpressure").await;
    page.wait().await;
    assert!(!page.cue().is_done(), "the server has sent all");
    for len in [&[0][..], &[1 << 20; 16]].concat() {
        let message = info.readable.next().await.unwrap().unwrap();
        assert!(matches!(&message, Message::Binary(bytes) if bytes.len() == len));
    }
    let seconds = info.readable.next().await.unwrap().unwrap();
    assert!(seconds.as_text().unwrap().parse::<f64>().unwrap() > 0.0);
    assert!(page.cue().is_done());
}

pub(crate) async fn backpressure_send<R: Spawn>(page: Page<R>) {
    let (mut info, _wss) = page.open_stream("/receive-backpressure").await;
    let mut write = pin!(info.writable.write(vec![0; LARGE]));
    page.expect_pending(&mut write).await;
    page.cue().go_on();
    write.await.unwrap();
}
