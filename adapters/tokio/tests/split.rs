//! A connection as a `Stream` and a `Sink` on two tasks.

use futures_util::{SinkExt, StreamExt};
use sansws_tokio::{Message, accept, connect};
use tokio::net::TcpListener;

/// Closing by the sink is a writer's act: it takes neither the reader's messages nor its wake-ups.
#[tokio::test]
async fn the_reader_sees_the_end_though_the_writer_closes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let mut ws = accept(listener.accept().await.unwrap().0).await.unwrap();
        ws.feed("late").await.unwrap(); // leaves with the answer to the Close frame, or before
        while ws.next().await.is_some() {}
    });
    let (mut sink, stream) = StreamExt::split(connect(&url).await.unwrap());
    let reader = tokio::spawn(stream.map(Result::unwrap).collect::<Vec<Message>>());
    tokio::task::yield_now().await; // the reader waits
    sink.close().await.unwrap();
    let minute = std::time::Duration::from_secs(60);
    let messages = tokio::time::timeout(minute, reader).await.expect("the reader is woken").unwrap();
    assert_eq!(messages, [Message::from("late")]);
    server.await.unwrap();
}
