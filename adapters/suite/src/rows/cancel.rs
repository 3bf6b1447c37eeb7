//! Futures that are dropped midway, on real sockets: nothing is lost, nothing happens twice.

use crate::executor::{Executor, Ws};
use crate::peer::{close_payload, together};
use crate::stage::{in_both_roles, open_async};
use futures_util::{SinkExt, StreamExt};
use sansws_core::frame::Opcode;
use sansws_core::{CloseFrame, Config, Event, Fragment, Kind, Limits, Message};
use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

const COUNT: usize = 300;

/// Of all sizes, and each tells which it is.
fn message(at: usize) -> Message {
    Message::from([&at.to_le_bytes()[..], &vec![at.to_le_bytes()[0]; at * 37 % 3000]].concat())
}

/// Polls a future so many times, woken or not, others having their turn between, and drops it. What it gave, if it was
/// done.
async fn after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let (mut future, mut left) = (pin!(future), polls);
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        cx.waker().wake_by_ref();
        future.as_mut().poll(cx).map(Some)
    })
    .await
}

/// Calls until it is done, and drops each future after 0, 1, 2 or 3 polls.
async fn insist<W, T>(ws: &mut W, call: impl AsyncFn(&mut W) -> T) -> T {
    let mut polls = (0..4).cycle();
    loop {
        if let Some(done) = after(polls.next().unwrap_or_default(), call(ws)).await {
            return done;
        }
    }
}

/// Receives all messages by this call. The peer pings in the middle of each; at first it waits for the pong, then it
/// sends as fast as it can.
#[track_caller]
fn check_receiving<E: Executor>(receive: impl AsyncFn(&mut Ws<E>, &RefCell<Vec<Message>>)) {
    in_both_roles(|role| {
        let executor = E::new();
        let (mut ws, mut peer) = open_async(&executor, role, Config::default());
        let received = RefCell::default();
        together(
            || executor.block_on(insist(&mut ws, async |ws| receive(ws, &received).await)),
            || {
                for at in 0..COUNT {
                    let message = message(at);
                    let middle = message.len() / 2;
                    peer.send_part(Opcode::Binary, false, &message.as_bytes()[..middle]);
                    peer.send(Opcode::Ping, at.to_le_bytes());
                    peer.send_part(Opcode::Continuation, true, &message.as_bytes()[middle..]);
                    if at < COUNT / 2 {
                        peer.expect(Opcode::Pong, at.to_le_bytes());
                    }
                }
                let pongs = std::iter::from_fn(|| Some(peer.frame().expect("the last pong").payload));
                let pongs = pongs.map(|payload| usize::from_le_bytes(payload[..].try_into().unwrap()));
                let pongs: Vec<usize> = pongs.take_while(|at| *at < COUNT - 1).collect();
                assert!(pongs.is_sorted_by(|a, b| a < b), "some may be left out: {pongs:?}");
                peer.send(Opcode::Close, close_payload(4000, "bye"));
                peer.expect(Opcode::Close, close_payload(4000, ""));
                peer.end();
            },
        );
        assert!(received.into_inner().into_iter().eq((0..COUNT).map(message)));
        assert!(ws.is_clean());
    });
}

pub(crate) fn a_dropped_next_loses_nothing<E: Executor>() {
    check_receiving::<E>(async |ws, received| {
        while let Some(message) = ws.next().await {
            received.borrow_mut().push(message.unwrap());
        }
    });
}

pub(crate) fn a_dropped_read_loses_nothing<E: Executor>() {
    check_receiving::<E>(async |ws, received| {
        while let Some(message) = ws.read().await.unwrap() {
            received.borrow_mut().push(message.into());
        }
    });
}

pub(crate) fn a_dropped_next_event_loses_nothing<E: Executor>() {
    check_receiving::<E>(async |ws, received| {
        while let Some(event) = ws.next_event().await {
            if let Event::Message(message) = event.unwrap() {
                received.borrow_mut().push(message);
            }
        }
    });
}

pub(crate) fn a_dropped_stream_item_is_not_lost<E: Executor>() {
    check_receiving::<E>(async |ws, received| {
        while let Some(message) = StreamExt::next(ws).await {
            received.borrow_mut().push(message.unwrap());
        }
    });
}

pub(crate) fn a_dropped_serve_handles_each_message_once<E: Executor>() {
    check_receiving::<E>(async |ws, received| {
        let serving = ws.serve(|message, _| {
            received.borrow_mut().push(message.into());
            Ok::<_, sansws_driver::Error>(())
        });
        serving.await.unwrap();
    });
}

/// Sends one payload after the other by this call, never twice, and drops the future after 0 to 5 polls. The peer
/// must get those that were done, none that was not polled, and each once, whole and in order.
#[track_caller]
fn check_sending<E: Executor>(
    opcode: Opcode,
    payload: fn(usize) -> Vec<u8>,
    call: impl AsyncFn(&mut Ws<E>, Vec<u8>) -> Result<(), sansws_driver::Error>,
) {
    in_both_roles(|role| {
        let executor = E::new();
        let limits = Limits { output_high: 30_000, ..Limits::default() };
        let (mut ws, mut peer) = open_async(&executor, role, Config { limits, ..Config::default() });
        let (done, arrived) = together(
            || {
                executor.block_on(async {
                    let mut done = Vec::new();
                    for at in 0..COUNT {
                        if let Some(sent) = after(at % 6, call(&mut ws, payload(at))).await {
                            sent.unwrap();
                            done.push(at);
                        }
                    }
                    ws.close(None).await.unwrap();
                    done
                })
            },
            || {
                let mut arrived = Vec::new();
                loop {
                    let frame = peer.frame().unwrap();
                    if frame.header.opcode == Opcode::Close {
                        peer.send(Opcode::Close, b"");
                        peer.end();
                        return arrived;
                    }
                    assert_eq!(frame.header.opcode, opcode);
                    let at = usize::from_le_bytes(frame.payload[..8].try_into().unwrap());
                    assert!(frame.payload == payload(at), "{at} is not whole");
                    arrived.push(at);
                }
            },
        );
        assert!(arrived.is_sorted_by(|a, b| a < b), "each once, in order: {arrived:?}");
        assert!(arrived.iter().all(|at| at % 6 > 0), "what was not polled was not sent: {arrived:?}");
        assert!(done.iter().all(|at| arrived.contains(at)), "{done:?} were sent, {arrived:?} arrived");
    });
}

fn large(at: usize) -> Vec<u8> {
    [&at.to_le_bytes()[..], &vec![at.to_le_bytes()[0]; 100_000]].concat()
}

fn small(at: usize) -> Vec<u8> {
    at.to_le_bytes().into()
}

pub(crate) fn a_dropped_send_is_queued_once_or_not_at_all<E: Executor>() {
    check_sending::<E>(Opcode::Binary, large, async |ws, payload| ws.send(payload).await);
}

pub(crate) fn a_dropped_feed_is_queued_once_or_not_at_all<E: Executor>() {
    check_sending::<E>(Opcode::Binary, large, async |ws, payload| ws.feed(payload).await);
    check_sending::<E>(Opcode::Binary, large, async |ws, payload| ws.feed_ref(&payload[..]).await);
}

pub(crate) fn a_dropped_sink_send_is_queued_once_or_not_at_all<E: Executor>() {
    check_sending::<E>(Opcode::Binary, large, async |ws, payload| SinkExt::send(ws, payload.into()).await);
}

pub(crate) fn a_dropped_fragment_is_queued_once_or_not_at_all<E: Executor>() {
    check_sending::<E>(Opcode::Binary, large, async |ws, payload| {
        ws.send_fragment(Fragment { kind: Kind::Binary, payload: payload.into(), last: true }).await
    });
}

pub(crate) fn a_dropped_ping_is_queued_once_or_not_at_all<E: Executor>() {
    check_sending::<E>(Opcode::Ping, small, async |ws, payload| ws.ping(&payload).await);
}

pub(crate) fn a_dropped_flush_and_close_go_on<E: Executor>() {
    in_both_roles(|role| {
        let executor = E::new();
        let (mut ws, mut peer) = open_async(&executor, role, Config::default());
        together(
            || {
                executor.block_on(async {
                    for at in 0..50 {
                        ws.feed(large(at)).await.unwrap();
                        insist(&mut ws, async |ws| ws.flush().await.unwrap()).await;
                        assert_eq!(ws.buffered_amount(), 0);
                    }
                    let closed =
                        insist(&mut ws, async |ws| ws.close(CloseFrame::new(4000, "bye")).await.unwrap()).await;
                    assert_eq!(closed, Some(CloseFrame::new(4001, "")));
                    assert!(ws.is_clean());
                });
            },
            || {
                (0..50).for_each(|at| peer.expect(Opcode::Binary, large(at)));
                peer.expect(Opcode::Close, close_payload(4000, "bye"));
                peer.send(Opcode::Close, close_payload(4001, ""));
                peer.end();
            },
        );
    });
}
