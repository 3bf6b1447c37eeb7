#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
//! Futures that are dropped by `select!`, timeouts and `abort`, over TCP.

mod support;

use futures_util::FutureExt;
use futures_util::future::{Either, select};
use sansws_tokio::core::ProtocolError;
use sansws_tokio::{Acceptor, Error, Message, WsStream, connect};
use std::pin::pin;
use std::time::Duration;
use support::{echo_server, on_both, server, url};
use tokio::task::yield_now;

const COUNT: usize = 500;

fn message(at: usize) -> Message {
    Message::from(vec![at.to_le_bytes()[0]; at * 37 % 3000])
}

/// Asks for a future again and again, and drops it whenever another is ready first: every other poll.
async fn insist<T>(ws: &mut WsStream, call: impl AsyncFn(&mut WsStream) -> T) -> T {
    loop {
        let done = match select(pin!(call(ws)), pin!(yield_now())).await {
            Either::Left((done, _)) => Some(done),
            Either::Right(_) => None,
        };
        if let Some(done) = done {
            return done;
        }
    }
}

/// A server that sends all messages, without waiting for anything.
async fn talker(ws: Result<WsStream, Error>) -> WsStream {
    let mut ws = ws.unwrap();
    for at in 0..COUNT {
        ws.feed(message(at)).await.unwrap();
        if at % 7 == 0 {
            ws.flush().await.unwrap();
        }
    }
    ws.flush().await.unwrap();
    ws
}

#[test]
fn a_dropped_next_loses_no_message() {
    on_both(async || {
        let (address, task) = server(Acceptor::new(), talker).await;
        let mut ws = connect(&url(address)).await.unwrap();
        for at in 0..COUNT {
            let received = match at % 3 {
                0 => insist(&mut ws, async |ws| ws.next().await.unwrap().unwrap()).await,
                1 => insist(&mut ws, async |ws| Message::from(ws.read().await.unwrap().unwrap())).await,
                _ => insist(&mut ws, async |ws| futures_util::StreamExt::next(ws).await.unwrap().unwrap()).await,
            };
            assert_eq!(received, message(at));
        }
        task.await.unwrap();
    });
}

#[test]
fn a_dropped_serve_handles_each_message_once() {
    on_both(async || {
        let (address, task) = server(Acceptor::new(), async |ws| {
            let mut ws = talker(ws).await;
            ws.close(None).await.unwrap();
        })
        .await;
        let mut ws = connect(&url(address)).await.unwrap();
        let received = std::sync::Mutex::new(Vec::new());
        let served = insist(&mut ws, async |ws| {
            ws.serve(|message, _| {
                received.lock().unwrap().push(Message::from(message));
                Ok::<_, Error>(())
            })
            .await
        });
        served.await.unwrap();
        assert!(received.into_inner().unwrap().into_iter().eq((0..COUNT).map(message)));
        task.await.unwrap();
    });
}

/// A message is queued when `send` has been polled once, if there is room: so dropping it is no reason to send it
/// again.
#[test]
fn a_dropped_send_sends_once() {
    on_both(async || {
        let address = echo_server().await;
        let mut ws = connect(&url(address)).await.unwrap();
        for at in 0..COUNT {
            let _ = ws.send(message(at)).now_or_never();
            assert_eq!(ws.next().await.unwrap().unwrap(), message(at));
        }
        assert_eq!(ws.buffered_amount(), 0);
        ws.close(None).await.unwrap();
    });
}

#[test]
fn a_dropped_flush_and_close_go_on() {
    on_both(async || {
        let address = echo_server().await;
        let mut ws = connect(&url(address)).await.unwrap();
        ws.feed(vec![7; 500_000]).await.unwrap();
        insist(&mut ws, async |ws| ws.flush().await.unwrap()).await;
        assert_eq!(ws.next().await.unwrap().unwrap(), vec![7; 500_000].into());
        insist(&mut ws, async |ws| ws.close(None).await.unwrap()).await;
        assert!(ws.is_clean());
    });
}

/// Dropping a connection is not closing it, and the peer can tell.
#[test]
fn an_aborted_task_drops_its_connection() {
    on_both(async || {
        let (address, task) =
            server(Acceptor::new(), async |ws| ws.unwrap().serve(|message, sender| sender.send_ref(message)).await)
                .await;
        let mut ws = connect(&url(address)).await.unwrap();
        ws.send("hello").await.unwrap();
        assert_eq!(ws.next().await.unwrap().unwrap(), "hello".into());
        task.abort();
        let end = ws.next().await.unwrap();
        assert!(matches!(end, Err(Error::Protocol(ProtocolError::UnexpectedEof))), "{end:?}");
        assert!(ws.next().await.is_none() && !ws.is_clean());
        assert!(ws.send("late").await.unwrap_err().is_closed());
    });
}

#[tokio::test(start_paused = true)]
async fn a_timeout_around_next_loses_no_message() {
    let (client, server) = tokio::io::duplex(10_000);
    let (mut other, ws) = tokio::join!(sansws_tokio::accept(server), async {
        let request = sansws_tokio::ClientRequest::new("h", "/");
        sansws_tokio::Connector::new().client(client, request).await
    });
    let (other, mut ws) = (other.as_mut().unwrap(), ws.unwrap().0);
    for at in 0..10 {
        assert!(tokio::time::timeout(Duration::from_secs(3600), ws.next()).await.is_err());
        other.send(message(at)).await.unwrap();
        assert_eq!(
            tokio::time::timeout(Duration::from_secs(1), ws.next()).await.unwrap().unwrap().unwrap(),
            message(at)
        );
    }
}
