#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
//! A server that shuts down closes its connections, waits for them, and drops what remains.

mod support;

use futures_util::StreamExt;
use futures_util::future::{join, join_all};
use sansws_core::frame::{Opcode, Role};
use sansws_core::handshake::ClientRequest;
use sansws_core::{CloseCode, CloseFrame, Event, Message};
use sansws_driver::Error;
use std::future::poll_fn;
use std::io::ErrorKind;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;
use support::pipe::{Pipe, Ws, pipe};
use support::script::{Cut, Peer, Read, Scripted, Write, script};
use support::task::{Task, run, run_all, run_through_time, run_until_idle};
use support::{Acceptor, CLOSED, Connector, Failure, Hand, REQUEST, time, wire};

type Drain = sansws_driver::Drain<Hand>;

const SECOND: Duration = Duration::from_secs(1);
const DROPPED: Failure = Failure::Io(ErrorKind::ConnectionAborted);

/// A connection of this server, whose peer says no more than its request.
fn silent(drain: &Drain) -> (Peer, sansws_driver::WsStream<Scripted, time::Manual>) {
    let (peer, transport) = script(Cut::NONE, [Read::Data(REQUEST.into())]);
    let ws = run(Acceptor::new().drain(drain).accept(transport)).unwrap();
    (peer, ws)
}

/// What the server sent behind its answer.
fn sent(peer: &Peer) -> Vec<wire::Sent> {
    let written = peer.written();
    let head = written.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap() + 4;
    wire::frames(Role::Server, &written[head..])
}

fn going_away() -> wire::Sent {
    (Opcode::Close, true, 1001_u16.to_be_bytes().to_vec().into())
}

/// Lets all other tasks have so many turns.
async fn turns(count: usize) {
    let mut left = count;
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A way to use a connection until it ends.
type Use = fn(Ws) -> Pin<Box<dyn Future<Output = Result<(), Error>>>>;

const USES: [Use; 8] = [
    |mut ws| Box::pin(async move { ws.serve(|message, sender| sender.send_ref(message)).await }),
    |mut ws| {
        Box::pin(async move {
            while let Some(message) = ws.next().await {
                ws.send(message?).await?;
            }
            Ok(())
        })
    },
    |mut ws| {
        Box::pin(async move {
            while let Some(message) = ws.read().await?.map(Message::from) {
                ws.feed(message).await?;
            }
            Ok(())
        })
    },
    |mut ws| {
        Box::pin(async move {
            while let Some(event) = ws.next_event().await {
                match event? {
                    Event::Message(message) => ws.send(message).await?,
                    Event::Close(frame) => assert_eq!(frame, Some(CloseCode::GOING_AWAY.into())),
                    other => panic!("{other:?}"),
                }
            }
            Ok(())
        })
    },
    |mut ws| {
        Box::pin(async move {
            while ws.idle().await? {
                if let Some(message) = ws.next().await {
                    ws.send(message?).await?;
                }
            }
            Ok(())
        })
    },
    |ws| {
        Box::pin(async move {
            let (mut reader, writer) = ws.split();
            while let Some(message) = reader.next().await {
                writer.send(message?).await?;
            }
            Ok(())
        })
    },
    |ws| {
        Box::pin(async move {
            let (reader, writer) = ws.split();
            reader.forward(writer).await
        })
    },
    |ws| {
        Box::pin(async move {
            let (mut reader, writer) = ws.split();
            let sender = writer.sender();
            drop(writer);
            let talk = async { while sender.send("on and on").await.is_ok() {} };
            let listen = async {
                while reader.next().await.transpose()?.is_some() {}
                Ok(())
            };
            join(talk, listen).await.1
        })
    },
];

/// Talks until it can no more, and listens to the end.
async fn client(connector: Connector, pipe: Pipe) {
    let (ws, _) = connector.client(pipe, ClientRequest::new("h", "/")).await.unwrap();
    let (mut reader, writer) = ws.split();
    let talk = async { while writer.send("hello").await.is_ok() {} };
    let listen = async {
        while let Some(message) = reader.next().await {
            message.unwrap();
        }
    };
    join(talk, listen).await;
    assert_eq!(reader.close_frame(), Some(CloseFrame::from(CloseCode::GOING_AWAY)));
}

/// However a connection is used and in the middle of whatever: it is closed with 1001, and its user sees nothing but the
/// end.
#[test]
fn connections_are_closed() {
    for cut in Cut::ALL {
        for size in [10, 1000] {
            let drain = Drain::new();
            let acceptor = Acceptor::new().drain(&drain);
            let mut tasks: Vec<Pin<Box<dyn Future<Output = ()>>>> = Vec::new();
            for in_use in USES {
                let ((a, b), acceptor) = (pipe(size, cut), acceptor.clone());
                tasks.push(Box::pin(async move { in_use(acceptor.accept(a).await.unwrap()).await.unwrap() }));
                tasks.push(Box::pin(client(Connector::new(), b)));
            }
            let shutting_down = async {
                while drain.connections() < USES.len() {
                    turns(1).await;
                }
                turns(20).await;
                assert_eq!(drain.shutdown(SECOND).await, 0);
                assert_eq!(drain.connections(), 0);
            };
            tasks.push(Box::pin(shutting_down));
            run_all(tasks);
        }
    }
}

/// Nobody polls its halves: a task that waits to send sees to it.
#[test]
fn a_sender_closes_its_connection() {
    let drain = Drain::new();
    let (peer, ws) = silent(&drain);
    peer.writes([Write::Blocked]);
    let (_reader, writer) = ws.split();
    run(writer.feed(vec![0; 100_000])).unwrap();
    let (task, mut feed) = (Task::new(), pin!(writer.feed("x")));
    assert!(feed.as_mut().poll(&mut task.context()).is_pending());
    drain.start();
    assert!(task.woken() > 0);
    assert!(feed.as_mut().poll(&mut task.context()).is_pending());
    peer.unblock();
    assert_eq!(run(feed).map_err(Failure::from), Err(CLOSED));
    assert_eq!(sent(&peer)[1..], [going_away()]);
}

/// Those that do not end by then are dropped and counted, whatever their tasks do.
#[test]
fn those_that_remain_are_dropped_at_the_deadline() {
    let drain = Drain::new();
    let mut all: Vec<_> = (0..4).map(|_| silent(&drain)).collect();
    let (unused, used) = all.split_first_mut().unwrap();
    let (polite, used) = used.split_first_mut().unwrap();
    used[0].0.writes([Write::Blocked]);
    polite.0.sends(wire::close(Role::Client, 1001, ""));
    polite.0.then(Read::Eof);

    let begun = time::elapsed();
    let ends = join_all(used.iter_mut().map(|(_, ws)| ws.next()));
    let (dropped, (ends, end)) = run_through_time(join(drain.shutdown(2 * SECOND), join(ends, polite.1.next())));
    assert_eq!((dropped, time::elapsed() - begun), (3 + 1, 2 * SECOND), "none was dropped by its task");
    assert!(end.is_none());
    for end in ends {
        assert_eq!(end.unwrap().map_err(Failure::from), Err(DROPPED));
    }
    assert_eq!(run(unused.1.next()).unwrap().map_err(Failure::from), Err(DROPPED));
    for (_, ws) in &mut all {
        assert!(run(ws.next()).is_none(), "it is told once");
        assert_eq!(run(ws.send("late")).map_err(Failure::from), Err(CLOSED));
    }
    assert_eq!(drain.connections(), 4);
    all.truncate(1);
    assert_eq!(drain.connections(), 1);
    assert_eq!(run_through_time(drain.shutdown(SECOND)), 1, "another one waits, too");
    drop(all);
    assert_eq!(run(drain.shutdown(SECOND)), 0);
}

/// Nothing leaves that was queued, and nothing comes that had arrived.
#[test]
fn what_is_dropped_stays_so() {
    let drain = Drain::new();
    let (peer, mut ws) = silent(&drain);
    peer.sends([wire::text(Role::Client, "1"), wire::text(Role::Client, "2")].concat());
    assert_eq!(run(ws.next()).unwrap().unwrap(), Message::from("1"));
    run(ws.feed("x")).unwrap();
    assert_eq!(run_through_time(drain.shutdown(SECOND)), 1);
    assert_eq!(run(ws.flush()).map_err(Failure::from), Err(DROPPED));
    assert!(run(ws.next()).is_none());
    assert_eq!(run(ws.close(None)).map_err(Failure::from), Ok(None));
    assert_eq!(sent(&peer), []);
}

#[test]
fn clients_that_come_late_are_turned_away() {
    let drain = Drain::new();
    drain.clone().start();
    let (peer, transport) = script(Cut::NONE, [Read::Data(REQUEST.into()), Read::Eof]);
    let asked = |_: &mut _| panic!("nobody is asked");
    let refused = run(Acceptor::new().drain(&drain).accept_with(transport, asked)).map(drop);
    assert_eq!(refused.map_err(Failure::from), Err(Failure::Refused(503)));
    assert!(peer.written().starts_with(b"HTTP/1.1 503 "));
    assert_eq!(drain.connections(), 0);
}

/// It is accepted, and closed at once.
#[test]
fn a_client_that_comes_just_then_is_closed() {
    for polls in 0.. {
        let drain = Drain::new();
        let cut = Cut { read: 100, write: 100, hesitates: true };
        let (peer, transport) = script(cut, [Read::Data(REQUEST.into())]);
        let mut accepting = pin!(Acceptor::new().drain(&drain).accept(transport));
        let task = Task::new();
        let done = (0..polls).find_map(|_| match accepting.as_mut().poll(&mut task.context()) {
            Poll::Ready(accepted) => Some(accepted),
            Poll::Pending => None,
        });
        drain.start();
        let is_done = done.is_some();
        match done.or_else(|| run_until_idle(accepting)) {
            None => assert!(peer.written().starts_with(b"HTTP/1.1 503 "), "it waits for the client to go"),
            Some(accepted) => {
                assert!(run_until_idle(pin!(accepted.unwrap().next())).is_none());
                assert_eq!(sent(&peer), [going_away()]);
            }
        }
        if is_done {
            assert!(polls > 3, "there is no middle");
            return;
        }
    }
}

/// Clones are one, others are not.
#[test]
fn each_server_has_its_own() {
    let (drain, other) = (Drain::new(), Drain::new());
    let ((peer, mut ws), (other_peer, mut other_ws)) = (silent(&drain.clone()), silent(&other));
    assert_eq!((drain.connections(), other.connections()), (1, 1));
    let tasks = [Task::new(), Task::new()];
    let (mut started, mut never) = (pin!(drain.started()), pin!(other.started()));
    assert!(started.as_mut().poll(&mut tasks[0].context()).is_pending());
    assert!(never.as_mut().poll(&mut tasks[1].context()).is_pending());
    drain.clone().start();
    drain.start();
    assert!((drain.is_draining(), other.is_draining()) == (true, false));
    assert!((tasks[0].woken() > 0, tasks[1].woken()) == (true, 0));
    run(started);
    assert!(run_until_idle(pin!(ws.next())).is_none());
    assert!(run_until_idle(pin!(other_ws.next())).is_none());
    assert_eq!((sent(&peer), sent(&other_peer)), (vec![going_away()], vec![]));
}

#[test]
fn who_no_longer_waits_is_forgotten() {
    let drain = Drain::new();
    let _open = silent(&drain);
    check(drain.started());
    check(drain.shutdown(SECOND));

    #[track_caller]
    fn check<F: Future>(future: F) {
        let task = Task::new();
        {
            let mut future = pin!(future);
            assert!(future.as_mut().poll(&mut task.context()).is_pending());
            assert!(task.is_remembered());
        }
        assert!(!task.is_remembered());
    }
}

/// Closing has begun; another call goes on.
#[test]
fn a_shutdown_may_be_dropped() {
    let drain = Drain::new();
    let (peer, mut ws) = silent(&drain);
    assert!(run_until_idle(pin!(drain.shutdown(SECOND))).is_none());
    assert!(run_until_idle(pin!(ws.next())).is_none());
    assert_eq!(sent(&peer), [going_away()]);
    peer.sends(wire::close(Role::Client, 1001, ""));
    peer.then(Read::Eof);
    let used = async {
        assert!(ws.next().await.is_none());
        drop(ws);
    };
    assert_eq!(run(join(drain.shutdown(SECOND), used)).0, 0);
}
