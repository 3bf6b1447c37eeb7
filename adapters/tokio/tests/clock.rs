#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
//! Tokio's clock can be paused and set forward, for one runtime at a time; deadlines of others do not notice.

use sansws_tokio::core::TimedOut;
use sansws_tokio::{ClientRequest, Connector, Error, Message, accept};
use std::time::Duration;
use tokio::time::{Instant, advance, timeout};

/// Runs on a runtime of its own, whose clock is paused.
fn paused<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(future)
}

/// How long a silent client is waited for.
async fn patience() -> Duration {
    let (_client, server) = tokio::io::duplex(100);
    let begun = Instant::now();
    let error = accept(server).await.unwrap_err();
    assert!(matches!(error, Error::TimedOut(TimedOut::Handshake(_))), "{error}");
    begun.elapsed()
}

#[test]
fn deadlines_are_those_of_their_own_runtime() {
    let after_a_day = paused(async {
        advance(Duration::from_secs(86_400)).await;
        patience().await
    });
    let next = paused(patience());
    for patience in [after_a_day, next] {
        assert!((Duration::from_secs(10)..Duration::from_secs(11)).contains(&patience), "{patience:?}");
    }
}

#[test]
fn a_timeout_around_next_loses_no_message() {
    paused(async {
        let (client, server) = tokio::io::duplex(10_000);
        let connector = Connector::new();
        let (other, ws) = tokio::join!(accept(server), connector.client(client, ClientRequest::new("h", "/")));
        let (mut other, (mut ws, _)) = (other.unwrap(), ws.unwrap());
        for at in 0..10 {
            assert!(timeout(Duration::from_secs(3600), ws.next()).await.is_err());
            let message = Message::from(format!("message {at}"));
            other.send(message.clone()).await.unwrap();
            assert_eq!(timeout(Duration::from_secs(1), ws.next()).await.unwrap().unwrap().unwrap(), message);
        }
    });
}
