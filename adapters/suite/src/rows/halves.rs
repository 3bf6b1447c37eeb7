//! A connection as a `Stream` and a `Sink`, in one task and in two.

use crate::executor::{Executor, Ws};
use crate::peer::{close_payload, together};
use crate::stage::{in_both_roles, open_async};
use futures_channel::oneshot;
use futures_util::{SinkExt, StreamExt};
use sansws_core::frame::Opcode;
use sansws_core::{Config, Message};
use sansws_driver::Error;

/// The connection echoes in this way until the peer closes.
#[track_caller]
fn check_echo<E: Executor>(echo: impl AsyncFn(Ws<E>) -> Result<(), Error>) {
    in_both_roles(|role| {
        let executor = E::new();
        let (ws, mut peer) = open_async(&executor, role, Config::default());
        let (echoed, ()) = together(
            || executor.block_on(echo(ws)),
            || {
                for size in [0, 1, 126, 65_536, 1 << 20] {
                    let message = Message::from(vec![7; size]);
                    peer.say(&message);
                    peer.hear(&message);
                }
                (0..100).for_each(|at| peer.send(Opcode::Text, format!("message {at}")));
                (0..100).for_each(|at| peer.expect(Opcode::Text, format!("message {at}")));
                peer.send(Opcode::Close, close_payload(4000, "bye"));
                peer.expect(Opcode::Close, close_payload(4000, ""));
                peer.end();
            },
        );
        echoed.unwrap();
    });
}

pub(crate) fn a_stream_and_sink_echoes<E: Executor>() {
    check_echo::<E>(async |mut ws| {
        while let Some(message) = StreamExt::next(&mut ws).await {
            SinkExt::send(&mut ws, message?).await?;
        }
        Ok(())
    });
}

pub(crate) fn a_split_one_echoes<E: Executor>() {
    check_echo::<E>(async |ws| {
        let (mut sink, mut stream) = StreamExt::split(ws);
        while let Some(message) = stream.next().await {
            sink.send(message?).await?;
        }
        let ws = stream.reunite(sink).expect("two halves");
        assert!(ws.is_clean());
        Ok(())
    });
}

pub(crate) fn a_stream_is_forwarded_into_its_sink<E: Executor>() {
    check_echo::<E>(async |ws| {
        let (sink, stream) = StreamExt::split(ws);
        stream.forward(sink).await
    });
}

/// More than any buffer holds, written and read at a time.
pub(crate) fn two_tasks_write_and_read<E: Executor>() {
    const COUNT: u8 = 200;
    in_both_roles(|role| {
        let executor = E::new();
        let (ws, mut peer) = open_async(&executor, role, Config::default());
        let message = |at| Message::from(vec![at; 50_000]);
        together(
            || {
                executor.block_on(async {
                    let (mut sink, mut stream) = StreamExt::split(ws);
                    let (done, written) = oneshot::channel();
                    executor.spawn(async move {
                        for at in 0..COUNT {
                            sink.feed(message(at)).await.unwrap();
                        }
                        sink.flush().await.unwrap();
                        assert!(done.send(sink).is_ok());
                    });
                    for at in 0..COUNT {
                        assert!(stream.next().await.unwrap().unwrap() == message(at), "{at}");
                    }
                    let mut ws = stream.reunite(written.await.unwrap()).expect("two halves");
                    ws.close(None).await.unwrap();
                });
            },
            || {
                for _ in 0..COUNT {
                    let frame = peer.frame().unwrap();
                    peer.send(frame.header.opcode, frame.payload);
                }
                peer.expect(Opcode::Close, b"");
                peer.send(Opcode::Close, b"");
                peer.end();
            },
        );
    });
}

/// Closing by the sink is a writer's act: it takes neither the reader's messages nor its wake-ups.
pub(crate) fn the_reader_sees_the_end_though_the_writer_closes<E: Executor>() {
    in_both_roles(|role| {
        let executor = E::new();
        let (ws, mut peer) = open_async(&executor, role, Config::default());
        let (messages, ()) = together(
            || {
                executor.block_on(async {
                    let (mut sink, stream) = StreamExt::split(ws);
                    executor.spawn(async move { sink.close().await.unwrap() });
                    stream.map(Result::unwrap).collect::<Vec<Message>>().await
                })
            },
            || {
                peer.expect(Opcode::Close, b"");
                peer.send(Opcode::Text, "late");
                peer.send(Opcode::Close, b"");
                peer.end();
            },
        );
        assert_eq!(messages, ["late".into()]);
    });
}
