#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
//! Streams of tokio's, and tasks that hold connections.

use sansws_tokio::core::ProtocolError;
use sansws_tokio::{Acceptor, ClientRequest, Connector, Error, Message, WsStream, accept, connect};
use tokio::net::TcpListener;

/// Any stream will do.
#[tokio::test]
async fn a_pipe_in_memory() {
    let (client, server) = tokio::io::duplex(1000);
    let task = tokio::spawn(async move {
        let mut ws = accept(server).await.unwrap();
        ws.serve(|message, sender| sender.send_ref(message)).await.unwrap();
    });
    let (mut ws, _) = Connector::new().client(client, ClientRequest::new("h", "/")).await.unwrap();
    for size in [0, 1, 999, 1001, 100_000] {
        let message = Message::from(vec![7; size]);
        ws.send(message.clone()).await.unwrap();
        assert_eq!(ws.next().await.unwrap().unwrap(), message);
    }
    ws.close(None).await.unwrap();
    task.await.unwrap();
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    (listener, url)
}

/// Else a small message may wait for the answer to the one before.
#[tokio::test]
async fn nagle_is_off() {
    let (listener, url) = listen().await;
    let (client, server) =
        tokio::join!(connect(&url), async { accept(listener.accept().await.unwrap().0).await.unwrap() });
    for ws in [client.unwrap(), server] {
        assert!(ws.get_ref().get_ref().nodelay().unwrap());
    }
}

/// To drop a connection is not to close it, and the peer can tell.
#[tokio::test]
async fn an_aborted_task_drops_its_connection() {
    let (listener, url) = listen().await;
    let task = tokio::spawn(async move {
        let mut ws = accept(listener.accept().await.unwrap().0).await.unwrap();
        ws.serve(|message, sender| sender.send_ref(message)).await
    });
    let mut ws = connect(&url).await.unwrap();
    ws.send("hello").await.unwrap();
    assert_eq!(ws.next().await.unwrap().unwrap(), "hello".into());
    task.abort();
    let end = ws.next().await.unwrap();
    assert!(matches!(end, Err(Error::Protocol(ProtocolError::UnexpectedEof))), "{end:?}");
}

/// What a task needs that may be moved to another thread.
#[test]
fn connections_may_be_sent_and_shared() {
    fn check<T: Send + Sync + 'static>() {}
    check::<WsStream>();
    check::<Acceptor>();
    check::<Connector>();
    check::<Error>();
}
