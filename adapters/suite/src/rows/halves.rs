//! A connection in halves, in one task and in several: those of `Stream` and `Sink`, and its own.

use crate::executor::{Executor, Ws};
use crate::peer::{close_payload, together};
use crate::stage::{in_both_roles, open_async};
use futures_channel::oneshot;
use futures_util::future::join_all;
use futures_util::{Sink, SinkExt, Stream, StreamExt};
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
#[track_caller]
fn check_two_tasks<E, W, R>(split: impl Fn(Ws<E>) -> (W, R), whole: impl Fn(W, R) -> Ws<E>)
where
    E: Executor,
    W: Sink<Message, Error = Error> + Send + Unpin + 'static,
    R: Stream<Item = Result<Message, Error>> + Unpin,
{
    const COUNT: u8 = 200;
    in_both_roles(|role| {
        let executor = E::new();
        let (ws, mut peer) = open_async(&executor, role, Config::default());
        let message = |at| Message::from(vec![at; 50_000]);
        together(
            || {
                executor.block_on(async {
                    let (mut sink, mut stream) = split(ws);
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
                    whole(written.await.unwrap(), stream).close(None).await.unwrap();
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

pub(crate) fn two_tasks_write_and_read<E: Executor>() {
    let split = |ws: Ws<E>| {
        let (reader, writer) = ws.split();
        (writer, reader)
    };
    check_two_tasks::<E, _, _>(split, |writer, reader| reader.reunite(writer).expect("two halves"));
}

pub(crate) fn two_tasks_have_a_sink_and_a_stream<E: Executor>() {
    check_two_tasks::<E, _, _>(StreamExt::split, |sink, stream| stream.reunite(sink).expect("two halves"));
}

/// None is forgotten, and each one's messages keep their order.
pub(crate) fn many_tasks_send<E: Executor>() {
    const SENDERS: usize = 8;
    const COUNT: usize = 50;
    let message = |from: usize, at: usize| [&[from, at].map(usize::to_le_bytes).concat()[..], &[7; 20_000]].concat();
    in_both_roles(|role| {
        let executor = E::new();
        let (ws, mut peer) = open_async(&executor, role, Config::default());
        together(
            || {
                executor.block_on(async {
                    let (mut reader, writer) = ws.split();
                    let all = (0..SENDERS).map(|from| {
                        let (sender, (done, sent)) = (writer.sender(), oneshot::channel());
                        executor.spawn(async move {
                            for at in 0..COUNT {
                                sender.send(message(from, at)).await.unwrap();
                            }
                            done.send(()).unwrap();
                        });
                        sent
                    });
                    assert!(join_all(all).await.iter().all(Result::is_ok));
                    writer.close(None).await.unwrap();
                    assert!(reader.next().await.is_none());
                });
            },
            || {
                let mut next = [0; SENDERS];
                for _ in 0..SENDERS * COUNT {
                    let payload = peer.frame().unwrap().payload;
                    let from = usize::from_le_bytes(payload[..8].try_into().unwrap());
                    assert!(payload == message(from, next[from]), "{from}: {next:?}");
                    next[from] += 1;
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
