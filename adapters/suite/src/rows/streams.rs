//! The browser's `WebSocketStream`: what backpressure is worth over TCP, who is woken, and what being dropped does.

use crate::executor::Executor;
use crate::peer::{Peer, close_payload, listen, together};
use futures_channel::oneshot;
use futures_util::{FutureExt, StreamExt, TryStreamExt};
use sansws_core::Message;
use sansws_core::frame::Opcode;
use sansws_core::web::{Rejected, WebSocketCloseInfo, WebSocketError, WriteError};
use sansws_driver::Spawn;
use sansws_driver::web::{AbortController, WebSocketOpenInfo, WebSocketStreamOptions};
use std::future::poll_fn;
use std::io::ErrorKind;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::thread;
use std::time::Duration;

type WebSocketStream<E> = sansws_driver::web::WebSocketStream<<E as Executor>::Runtime>;

const MIB: usize = 1 << 20;

/// What the buffers of the system may take of one stream, generously.
const SYSTEM: usize = 40 * MIB;

/// Runs a row: the peer on a thread, once it is open.
fn row<E: Executor<Runtime: Spawn>>(
    ours: impl AsyncFnOnce(&E, WebSocketStream<E>, WebSocketOpenInfo),
    theirs: impl FnOnce(Peer) + Send,
) {
    let (listener, url) = listen();
    let executor = E::new();
    together(
        || {
            executor.block_on(async {
                let (info, wss) = WebSocketStream::<E>::new(&url).unwrap().await.unwrap();
                ours(&executor, wss, info).await;
            });
        },
        || {
            let mut peer = Peer::server(&listener);
            peer.upgrade();
            theirs(peer);
        },
    );
}

/// A message of this length that tells which it is.
fn message(at: usize, len: usize) -> Message {
    Message::from([&at.to_le_bytes()[..], &vec![7; len - 8]].concat())
}

/// Waits until a counter has stopped, and says where.
async fn stopped(counter: &'static AtomicUsize) -> usize {
    let (tell, told) = oneshot::channel();
    thread::spawn(move || {
        let mut before = 0;
        loop {
            thread::sleep(Duration::from_millis(50));
            match counter.load(Ordering::Relaxed) {
                now if now > 0 && now == before => break,
                now => before = now,
            }
        }
        let _ = tell.send(before);
    });
    told.await.unwrap()
}

fn counter() -> &'static AtomicUsize {
    Box::leak(Box::default())
}

/// Answers the Close frame, and ends the stream.
#[track_caller]
fn answer_close(peer: &mut Peer, payload: &[u8]) {
    peer.expect(Opcode::Close, payload);
    peer.send(Opcode::Close, payload);
    peer.end();
}

fn close_info(code: u16, reason: &str) -> WebSocketCloseInfo {
    (code, reason).into()
}

#[track_caller]
fn error(rejected: Result<impl Sized, Rejected>) -> WebSocketError {
    match rejected {
        Err(Rejected::WebSocket(error)) => error,
        Err(Rejected::Aborted(reason)) => panic!("aborted: {reason}"),
        Ok(_) => panic!("not rejected"),
    }
}

/// It sends no more than 64 KiB and what the system buffers; once there is a reader, it sends it all.
pub(crate) fn a_slow_reader_holds_back_the_server<E: Executor<Runtime: Spawn>>() {
    const COUNT: usize = 1024;
    const LEN: usize = 64 << 10;
    let sent = counter();
    row::<E>(
        async |_, wss, mut info| {
            let held = stopped(sent).await * LEN;
            assert!(held < SYSTEM, "{held} bytes were taken, and nobody read");
            for at in 0..COUNT {
                assert!(info.readable.next().await.unwrap().unwrap() == message(at, LEN), "message {at}");
            }
            wss.close(()).unwrap();
            wss.closed().await.unwrap();
        },
        |mut peer| {
            for at in 0..COUNT {
                peer.say(&message(at, LEN));
                sent.fetch_add(1, Ordering::Relaxed);
            }
            answer_close(&mut peer, b"");
        },
    );
}

/// A write is not done before the system has it; one without bytes is done, too.
pub(crate) fn a_server_that_does_not_read_holds_back_writes<E: Executor<Runtime: Spawn>>() {
    const COUNT: usize = 64;
    let written = counter();
    let (begin, may_begin) = std::sync::mpsc::channel();
    row::<E>(
        async |executor, _, mut info| {
            let (done, is_done) = oneshot::channel();
            executor.spawn(async move {
                info.writable.write("").await.unwrap();
                for at in 0..COUNT {
                    info.writable.write(message(at, MIB)).await.unwrap();
                    written.fetch_add(1, Ordering::Relaxed);
                }
                info.writable.close().await.unwrap();
                let _ = done.send(info); // not before it is closed
            });
            let held = stopped(written).await * MIB;
            assert!(held < SYSTEM, "{held} bytes were written, and nobody read");
            begin.send(()).unwrap();
            drop(is_done.await.unwrap());
        },
        move |mut peer| {
            may_begin.recv().unwrap();
            peer.hear(&"".into());
            (0..COUNT).for_each(|at| peer.hear(&message(at, MIB)));
            answer_close(&mut peer, b"");
        },
    );
}

/// Several wait for each promise, in tasks of their own; one of them makes the rest settle.
pub(crate) fn all_who_wait_are_woken<E: Executor<Runtime: Spawn>>() {
    let (listener, url) = listen();
    let executor = E::new();
    together(
        || {
            executor.block_on(async {
                let wss = WebSocketStream::<E>::new(&url).unwrap();
                let opened = [(); 3].map(|()| in_a_task(&executor, wss.opened()));
                let closed = [(); 3].map(|()| in_a_task(&executor, wss.closed()));
                let [one, two, three] = opened.map(FutureExt::boxed);
                let infos = [one.await.unwrap().unwrap(), two.await.unwrap().unwrap(), three.await.unwrap().unwrap()];
                let [one, two, three] = infos.map(|mut info| {
                    in_a_task(&executor, async move {
                        let next = info.readable.next().await;
                        (next, info) // not dropped earlier
                    })
                });
                yield_now().await;
                wss.close((4000, "all")).unwrap();
                for reader in [one, two, three] {
                    assert!(reader.await.unwrap().0.is_none());
                }
                for closed in closed {
                    assert_eq!(closed.await.unwrap().unwrap(), close_info(4000, "all"));
                }
            });
        },
        || {
            let mut peer = Peer::server(&listener);
            peer.upgrade();
            answer_close(&mut peer, &close_payload(4000, "all"));
        },
    );
}

fn in_a_task<E: Executor, T: Send + 'static>(
    executor: &E,
    future: impl Future<Output = T> + Send + 'static,
) -> oneshot::Receiver<T> {
    let (done, is_done) = oneshot::channel();
    executor.spawn(async move {
        let _ = done.send(future.await);
    });
    is_done
}

/// Others have their turn.
async fn yield_now() {
    let mut turns = 3;
    poll_fn(|cx| {
        cx.waker().wake_by_ref();
        turns -= 1;
        if turns == 0 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Though the writable is there; what was written leaves first.
pub(crate) fn a_dropped_readable_closes<E: Executor<Runtime: Spawn>>() {
    row::<E>(
        async |_, wss, mut info| {
            info.writable.write("last").await.unwrap();
            drop(info.readable);
            let name = info.writable.write("later").await.unwrap_err().name();
            assert_eq!((name, wss.closed().await.unwrap().close_code), ("InvalidStateError", Some(1005)));
        },
        |mut peer| {
            peer.hear(&"last".into());
            answer_close(&mut peer, b"");
        },
    );
}

pub(crate) fn a_dropped_writable_is_nothing<E: Executor<Runtime: Spawn>>() {
    row::<E>(
        async |_, wss, info| {
            let WebSocketOpenInfo { mut readable, writable, .. } = info;
            drop((writable, wss.clone(), wss.opened()));
            assert_eq!(readable.next().await.unwrap().unwrap(), "news".into());
            drop(wss);
            assert_eq!(readable.next().await.unwrap().unwrap(), "more".into());
            readable.cancel(WebSocketError::new("enough", (4000, "bye")).unwrap());
        },
        |mut peer| {
            peer.say(&"news".into());
            peer.say(&"more".into());
            answer_close(&mut peer, &close_payload(4000, "bye"));
        },
    );
}

/// That goes on without them, and `closed` tells.
pub(crate) fn all_dropped_close_behind_what_was_written<E: Executor<Runtime: Spawn>>() {
    row::<E>(
        async |_, wss, info| {
            let WebSocketOpenInfo { readable, mut writable, .. } = info;
            let unfinished = writable.write(message(0, 16 * MIB)).now_or_never();
            assert!(unfinished.is_none(), "it takes a while");
            let closed = wss.closed();
            drop((wss, readable, writable));
            assert_eq!(closed.await.unwrap(), close_info(1005, ""));
        },
        |mut peer| {
            peer.receive_little();
            peer.hear(&message(0, 16 * MIB));
            answer_close(&mut peer, b"");
        },
    );
}

pub(crate) fn a_dropped_attempt_is_given_up<E: Executor<Runtime: Spawn>>() {
    let (listener, url) = listen();
    let executor = E::new();
    let (asked, is_asked) = oneshot::channel();
    together(
        || {
            executor.block_on(async {
                let wss = WebSocketStream::<E>::new(&url).unwrap();
                let closed = wss.closed();
                is_asked.await.unwrap();
                drop(wss);
                assert_eq!(error(closed.await).to_string(), "closed before it was open (close code 1006)");
            });
        },
        || {
            let mut peer = Peer::server(&listener);
            peer.head();
            asked.send(()).unwrap();
            peer.until_gone();
        },
    );
}

pub(crate) fn a_signal_ahead_connects_nothing<E: Executor<Runtime: Spawn>>() {
    let (listener, url) = listen();
    let controller = AbortController::new();
    controller.abort();
    E::new().block_on(async {
        let signal = Some(controller.signal());
        let options = WebSocketStreamOptions { signal, ..WebSocketStreamOptions::default() };
        let wss = WebSocketStream::<E>::with_options(&url, options).unwrap();
        assert_eq!(wss.opened().await.unwrap_err().to_string(), "aborted");
        assert_eq!(wss.closed().await.unwrap_err().to_string(), "aborted");
    });
    listener.set_nonblocking(true).unwrap();
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

/// Of those that are under way, not of one that is open.
pub(crate) fn a_signal_ends_all_attempts<E: Executor<Runtime: Spawn>>() {
    let (listener, url) = listen();
    let executor = E::new();
    let controller = AbortController::new();
    let begin = || {
        let signal = Some(controller.signal());
        let options = WebSocketStreamOptions { signal, ..WebSocketStreamOptions::default() };
        WebSocketStream::<E>::with_options(&url, options).unwrap()
    };
    let (asked, is_asked) = oneshot::channel();
    together(
        || {
            executor.block_on(async {
                let (mut info, wss) = begin().await.unwrap();
                let attempts = [(); 3].map(|()| begin());
                is_asked.await.unwrap();
                controller.abort_with("enough");
                for attempt in attempts {
                    assert_eq!(attempt.opened().await.unwrap_err().to_string(), "enough");
                    assert!(matches!(attempt.closed().await, Err(Rejected::Aborted(_))));
                }
                info.writable.write("still there").await.unwrap();
                wss.close(()).unwrap();
                wss.closed().await.unwrap();
            });
        },
        || {
            let mut open = Peer::server(&listener);
            open.upgrade();
            let mut peers = [(); 3].map(|()| Peer::server(&listener));
            peers.iter_mut().for_each(|peer| drop(peer.head()));
            asked.send(()).unwrap();
            peers.iter_mut().for_each(Peer::until_gone);
            open.hear(&"still there".into());
            answer_close(&mut open, b"");
        },
    );
}

/// It is not sent if we close meanwhile, and is told so though the server says nothing. The one before it is.
pub(crate) fn a_write_that_waits_for_its_turn<E: Executor<Runtime: Spawn>>() {
    let (failed, has_failed) = std::sync::mpsc::channel();
    row::<E>(
        async |executor, wss, mut info| {
            let mut first = pin!(info.writable.write(message(0, SYSTEM + MIB)));
            assert!(futures_util::poll!(&mut first).is_pending());
            let mut other = wss.opened().await.unwrap();
            let second = in_a_task(executor, async move {
                let written = other.writable.write("second").await;
                (written, other)
            });
            yield_now().await;
            wss.close(()).unwrap();
            assert!(matches!(second.await.unwrap().0, Err(WriteError::InvalidState)));
            failed.send(()).unwrap();
            first.await.unwrap();
            wss.closed().await.unwrap();
        },
        move |mut peer| {
            has_failed.recv().unwrap();
            peer.hear(&message(0, SYSTEM + MIB));
            answer_close(&mut peer, b"");
        },
    );
}

/// Of one that the server does not read: it is not complete, and so `closed` rejects, with the server's code.
pub(crate) fn a_close_frame_in_the_middle_of_a_write<E: Executor<Runtime: Spawn>>() {
    let (begun, is_begun) = std::sync::mpsc::channel();
    row::<E>(
        async |_, wss, mut info| {
            let mut write = Box::pin(info.writable.write(message(0, SYSTEM + MIB)));
            assert!(futures_util::poll!(&mut write).is_pending());
            begun.send(()).unwrap();
            assert!(matches!(write.await, Err(WriteError::InvalidState)));
            let error = error(wss.closed().await);
            assert_eq!((error.close_code(), error.reason()), (Some(4567), "enough"));
            assert!(info.readable.next().await.unwrap().unwrap_err().ptr_eq(&error));
            assert!(info.readable.next().await.is_none());
            assert!(matches!(info.writable.write("later").await, Err(WriteError::InvalidState)));
        },
        move |mut peer| {
            is_begun.recv().unwrap();
            peer.send(Opcode::Close, close_payload(4567, "enough"));
            peer.end();
            peer.until_gone();
        },
    );
}

/// All that is left fails with one error.
pub(crate) fn a_server_that_vanishes<E: Executor<Runtime: Spawn>>() {
    row::<E>(
        async |_, wss, mut info| {
            assert_eq!(info.readable.next().await.unwrap().unwrap(), "news".into());
            let error = error(wss.closed().await);
            assert_eq!((error.close_code(), error.reason()), (Some(1006), ""));
            assert!(info.readable.next().await.unwrap().unwrap_err().ptr_eq(&error));
            for result in [info.writable.write("later").await, info.writable.close().await] {
                let Err(WriteError::WebSocket(other)) = result else { panic!("{result:?}") };
                assert!(other.ptr_eq(&error));
            }
        },
        |mut peer| {
            peer.say(&"news".into());
            peer.end();
            peer.until_gone();
        },
    );
}

/// An echo in one line, to the end.
pub(crate) fn a_readable_is_forwarded_into_its_writable<E: Executor<Runtime: Spawn>>() {
    row::<E>(
        async |_, wss, info| {
            let WebSocketOpenInfo { readable, writable, .. } = info;
            readable.map_err(WriteError::WebSocket).forward(writable).await.unwrap();
            assert_eq!(wss.closed().await.unwrap(), close_info(1000, "done"));
        },
        |mut peer| {
            for at in 0..100 {
                peer.say(&message(at, 1000));
                peer.hear(&message(at, 1000));
            }
            peer.send(Opcode::Close, close_payload(1000, "done"));
            peer.expect(Opcode::Close, close_payload(1000, ""));
            peer.end();
        },
    );
}

pub(crate) fn a_dropped_write_is_sent_once_or_not_at_all<E: Executor<Runtime: Spawn>>() {
    const COUNT: usize = 60;
    let len = |at: usize| 8 + at % 3 * MIB / 2;
    let mut done = Vec::new();
    let mut heard = Vec::new();
    row::<E>(
        async |_, _, mut info| {
            for at in 0..COUNT {
                let mut polls = at % 4;
                let mut write = pin!(info.writable.write(message(at, len(at))));
                let written = poll_fn(|cx| {
                    cx.waker().wake_by_ref();
                    match write.as_mut().poll(cx) {
                        Poll::Pending if polls > 0 => {
                            polls -= 1;
                            Poll::Pending
                        }
                        poll => Poll::Ready(poll.is_ready()),
                    }
                });
                if written.await {
                    done.push(at);
                }
            }
            info.writable.write("end").await.unwrap();
            info.writable.close().await.unwrap();
        },
        |mut peer| {
            loop {
                let payload = peer.frame().unwrap().payload;
                match payload.first_chunk() {
                    Some(number) => heard.push(usize::from_le_bytes(*number)),
                    None => break assert_eq!(payload, "end"),
                }
            }
            answer_close(&mut peer, b"");
        },
    );
    assert!(heard.is_sorted_by(|a, b| a < b), "{heard:?}");
    assert!(done.iter().all(|at| heard.contains(at)), "{done:?} are not among {heard:?}");
}

pub(crate) fn a_dropped_next_loses_nothing<E: Executor<Runtime: Spawn>>() {
    const COUNT: usize = 300;
    row::<E>(
        async |_, wss, mut info| {
            let mut polls = (0..4).cycle();
            for at in 0..COUNT {
                let next = loop {
                    let mut left = polls.next().unwrap_or_default();
                    let mut next = pin!(info.readable.next());
                    let polled = poll_fn(|cx| {
                        cx.waker().wake_by_ref();
                        match next.as_mut().poll(cx) {
                            Poll::Pending if left > 0 => {
                                left -= 1;
                                Poll::Pending
                            }
                            Poll::Pending => Poll::Ready(None),
                            Poll::Ready(next) => Poll::Ready(Some(next)),
                        }
                    });
                    if let Some(next) = polled.await {
                        break next;
                    }
                    yield_now().await;
                };
                assert!(next.unwrap().unwrap() == message(at, 8 + at * 37 % 3000), "message {at}");
            }
            wss.close(()).unwrap();
            assert!(StreamExt::next(&mut info.readable).await.is_none());
        },
        |mut peer| {
            (0..COUNT).for_each(|at| peer.say(&message(at, 8 + at * 37 % 3000)));
            answer_close(&mut peer, b"");
        },
    );
}
