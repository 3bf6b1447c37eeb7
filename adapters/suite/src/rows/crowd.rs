//! Many connections at a time.

use crate::echo::Echo;
use crate::executor::{Async, Executor, connect};
use crate::stage::url;
use crate::subject::{ClientOptions, ServerOptions, Subject};
use futures_util::future::join_all;
use sansws_core::{CloseCode, Message};

/// As many as there are descriptors for, if another row needs as many, up to a thousand.
fn connections() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files")?.split_whitespace().next());
    let files = files.map_or(256, |files| files.parse().unwrap_or(usize::MAX)); // or "unlimited"
    (files.saturating_sub(200) / 4).clamp(10, 1000)
}

pub(crate) fn a_thousand_connections<E: Executor>() {
    let server = Async::<E>::default().serve(ServerOptions::default(), Echo::Serve);
    let url = url(server.address());
    let executor = E::new();
    executor.block_on(async {
        let clients = (0..connections()).map(async |at| {
            let (mut ws, _) = connect::<E>(&url, ClientOptions::default()).await.unwrap();
            for round in 0..3 {
                let message = Message::from(format!("{at}, {round}"));
                ws.send(message.clone()).await.unwrap();
                assert_eq!(ws.next().await.unwrap().unwrap(), message);
            }
            ws
        });
        let open = join_all(clients).await;
        assert_eq!(open.len(), connections());
        let closed = join_all(open.into_iter().map(async |mut ws| ws.close(CloseCode::NORMAL).await.unwrap())).await;
        assert!(closed.iter().all(|frame| *frame == Some(CloseCode::NORMAL.into())));
    });
    for _ in 0..connections() {
        let end = server.end();
        assert!(end.result.is_ok(), "{end:?}");
    }
}
