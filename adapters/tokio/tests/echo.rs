#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
//! Stories of echoes over TCP: every way to receive, every way to send.

mod support;

use futures_util::{SinkExt, StreamExt};
use sansws_tokio::core::EventRef;
use sansws_tokio::{Acceptor, CloseCode, CloseFrame, Config, Connector, Error, Limits, Message, WsStream, connect};
use std::pin::Pin;
use support::{echo_server, on_both, server, url};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;

/// A way to echo until the client closes.
type Echo = fn(WsStream) -> Pin<Box<dyn Future<Output = Result<WsStream, Error>> + Send>>;

const ECHOES: [Echo; 8] = [
    |mut ws| {
        Box::pin(async move {
            ws.serve(|message, sender| sender.send_ref(message)).await?;
            Ok(ws)
        })
    },
    |mut ws| {
        Box::pin(async move {
            let serving = ws.serve_events(|event, sender| match event {
                EventRef::Message(message) => sender.send_ref(message),
                _ => Ok(()),
            });
            serving.await?;
            Ok(ws)
        })
    },
    |mut ws| {
        Box::pin(async move {
            while let Some(message) = ws.next().await {
                ws.send(message?).await?;
            }
            Ok(ws)
        })
    },
    |mut ws| {
        Box::pin(async move {
            while let Some(message) = ws.next().await {
                ws.feed(message?).await?;
            }
            Ok(ws)
        })
    },
    |mut ws| {
        Box::pin(async move {
            while let Some(message) = ws.read().await? {
                let message = Message::from(message);
                ws.feed_ref(&message).await?;
            }
            Ok(ws)
        })
    },
    |mut ws| {
        Box::pin(async move {
            while let Some(event) = ws.next_event().await {
                if let sansws_tokio::Event::Message(message) = event? {
                    ws.send(message).await?;
                }
            }
            Ok(ws)
        })
    },
    |ws| {
        Box::pin(async move {
            let (mut sink, mut stream) = StreamExt::split(ws);
            while let Some(message) = StreamExt::next(&mut stream).await {
                sink.send(message?).await?;
            }
            Ok(stream.reunite(sink).unwrap())
        })
    },
    |mut ws| {
        Box::pin(async move {
            while let Some(message) = StreamExt::next(&mut ws).await {
                SinkExt::feed(&mut ws, message?).await?;
                SinkExt::flush(&mut ws).await?;
            }
            Ok(ws)
        })
    },
];

fn messages() -> Vec<Message> {
    let sizes = [0_usize, 1, 125, 126, 127, 4095, 4096, 65_535, 65_536, 1 << 20];
    let binary = sizes.into_iter().map(|size| Message::from(vec![size.to_le_bytes()[0]; size]));
    binary.chain([Message::from(""), "héllo".into(), "x".repeat(100_000).into()]).collect()
}

/// One after the other: each waits for its echo.
async fn ask<S: AsyncRead + AsyncWrite + Unpin>(ws: &mut WsStream<S>) {
    for message in messages() {
        ws.send(message.clone()).await.unwrap();
        assert_eq!(ws.next().await.unwrap().unwrap(), message);
    }
}

async fn say_goodbye(mut ws: WsStream) {
    assert_eq!(ws.close(CloseFrame::new(4000, "bye")).await.unwrap(), Some(CloseFrame::new(4000, "")));
    assert!(ws.is_clean() && ws.next().await.is_none());
}

#[test]
fn one_message_after_the_other() {
    for echo in ECHOES {
        on_both(async || {
            let (address, task) = server(Acceptor::new(), move |ws| echo(ws.unwrap())).await;
            let mut ws = connect(&url(address)).await.unwrap();
            ask(&mut ws).await;
            say_goodbye(ws).await;
            let ws = task.await.unwrap().unwrap();
            assert_eq!(ws.close_frame(), Some(&CloseFrame::new(4000, "bye")));
        });
    }
}

/// All at once, and then all the answers: it is all fed before the first is read.
#[test]
fn many_messages_at_once() {
    for echo in ECHOES {
        on_both(async || {
            let (address, task) = server(Acceptor::new(), move |ws| echo(ws.unwrap())).await;
            let mut ws = connect(&url(address)).await.unwrap();
            for at in 0..1000 {
                ws.feed(format!("message {at}")).await.unwrap();
            }
            for at in 0..1000 {
                assert_eq!(ws.next().await.unwrap().unwrap().as_text(), Some(&*format!("message {at}")));
            }
            say_goodbye(ws).await;
            task.await.unwrap().unwrap();
        });
    }
}

/// More than any buffer holds, written and read at a time.
#[test]
fn halves_on_two_tasks() {
    for echo in ECHOES {
        on_both(async || {
            let (address, task) = server(Acceptor::new(), move |ws| echo(ws.unwrap())).await;
            let (mut sink, mut stream) = StreamExt::split(connect(&url(address)).await.unwrap());
            let writer = tokio::spawn(async move {
                for at in 0..200_u8 {
                    sink.feed(vec![at; 50_000].into()).await.unwrap();
                }
                sink.flush().await.unwrap();
                sink
            });
            for at in 0..200_u8 {
                assert_eq!(stream.next().await.unwrap().unwrap(), vec![at; 50_000].into());
            }
            say_goodbye(stream.reunite(writer.await.unwrap()).unwrap()).await;
            task.await.unwrap().unwrap();
        });
    }
}

/// `Stream::forward` into `Sink`, as it stands in many a program.
#[test]
fn forwarding_a_stream_into_its_sink() {
    on_both(async || {
        let (address, task) = server(Acceptor::new(), async |ws| {
            let (sink, stream) = StreamExt::split(ws.unwrap());
            stream.forward(sink).await
        })
        .await;
        let mut ws = connect(&url(address)).await.unwrap();
        ask(&mut ws).await;
        say_goodbye(ws).await;
        task.await.unwrap().unwrap();
    });
}

#[test]
fn messages_beyond_the_usual() {
    on_both(async || {
        const SIZE: usize = 20 << 20;
        let limits = Limits { message: SIZE as u64, ..Limits::default() };
        let config = Config { limits, ..Config::default() };
        let (address, task) = server(Acceptor::new().config(config.clone()), async |ws| {
            ws.unwrap().serve(|message, sender| sender.send_ref(message)).await
        })
        .await;
        let (mut ws, _) = Connector::new().config(config).connect(&url(address)).await.unwrap();
        ws.send(vec![7; SIZE]).await.unwrap();
        let message = ws.next().await.unwrap().unwrap();
        assert!(message.len() == SIZE && message.as_bytes().iter().all(|byte| *byte == 7));
        say_goodbye(ws).await;
        task.await.unwrap().unwrap();
    });
}

/// As many as there are descriptors for, up to a thousand.
#[test]
fn a_thousand_connections() {
    on_both(async || {
        let address = echo_server().await;
        let mut clients = JoinSet::new();
        for at in 0..connections() {
            clients.spawn(async move {
                let mut ws = connect(&url(address)).await.unwrap();
                for round in 0..3 {
                    let message = Message::from(format!("{at}, {round}"));
                    ws.send(message.clone()).await.unwrap();
                    assert_eq!(ws.next().await.unwrap().unwrap(), message);
                }
                ws
            });
        }
        let mut open = Vec::new();
        while let Some(ws) = clients.join_next().await {
            open.push(ws.unwrap());
        }
        assert_eq!(open.len(), connections());
        let mut closing = JoinSet::new();
        for mut ws in open {
            closing.spawn(async move { ws.close(CloseCode::NORMAL).await.unwrap() });
        }
        while let Some(closed) = closing.join_next().await {
            assert_eq!(closed.unwrap(), Some(CloseCode::NORMAL.into()));
        }
    });

    fn connections() -> usize {
        let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
        let files = limits.lines().find_map(|line| line.strip_prefix("Max open files")?.split_whitespace().next());
        let files = files.map_or(256, |files| files.parse().unwrap_or(usize::MAX)); // or "unlimited"
        (files.saturating_sub(100) / 2).min(1000)
    }
}

/// Any stream of tokio's will do.
#[test]
fn over_a_pipe_in_memory() {
    on_both(async || {
        let (client, server) = tokio::io::duplex(1000);
        let task = tokio::spawn(async move {
            let mut ws = sansws_tokio::accept(server).await.unwrap();
            ws.serve(|message, sender| sender.send_ref(message)).await.unwrap();
        });
        let request = sansws_tokio::ClientRequest::new("h", "/");
        let (mut ws, _) = Connector::new().client(client, request).await.unwrap();
        ask(&mut ws).await;
        ws.close(None).await.unwrap();
        task.await.unwrap();
    });
}

#[test]
fn names_are_resolved_and_addresses_tried() {
    on_both(async || {
        let address = echo_server().await;
        let mut ws = connect(&format!("ws://localhost:{}/", address.port())).await.unwrap();
        ask(&mut ws).await;
    });
}

/// To whichever of its addresses the server listens.
#[test]
fn by_name() {
    on_both(async || {
        let url = format!("ws://localhost:{}", echo_server().await.port());
        ask(&mut connect(&url).await.unwrap()).await;
    });
}

/// Else a small message may wait for the answer to the one before.
#[test]
fn nagle_is_off() {
    on_both(async || {
        let (address, task) =
            server(Acceptor::new(), async |ws| ws.unwrap().get_ref().get_ref().nodelay().unwrap()).await;
        let ws = connect(&url(address)).await.unwrap();
        assert!(ws.get_ref().get_ref().nodelay().unwrap());
        assert!(task.await.unwrap());
    });
}

#[cfg(feature = "deflate")]
#[test]
fn compressed_messages() {
    use sansws_tokio::Deflate;
    for echo in &ECHOES[..3] {
        on_both(async || {
            let acceptor = Acceptor::new().deflate(Deflate::default());
            let (address, task) = server(acceptor, |ws| echo(ws.unwrap())).await;
            let connector = Connector::new().deflate(Deflate::default());
            let (mut ws, response) = connector.connect(&url(address)).await.unwrap();
            assert!(response.headers().get("Sec-WebSocket-Extensions").is_some());
            ask(&mut ws).await;
            say_goodbye(ws).await;
            task.await.unwrap().unwrap();
        });
    }
}

/// What a task needs that may be moved to another thread.
#[test]
fn connections_may_be_sent_and_shared() {
    fn check<T: Send + Sync + 'static>() {}
    check::<WsStream>();
    check::<Acceptor>();
    check::<Connector>();
    check::<Error>();

    fn check_future(_: impl Send) {}
    check_future(connect("ws://h"));
    #[cfg(unix)]
    check_future(Connector::new().connect_unix("path", "ws://h"));
}
