//! The task that drives an object of the browser's: [`drive`].

use super::shared::{Object, Shared};
use crate::connecting::Connecting;
use crate::connector::Connector;
use crate::dial::dial;
use crate::drive::Engine;
use crate::entropy::ThreadEntropy;
use crate::error::Error;
use crate::opening::Opened;
use crate::runtime::{Bind, Clock, Connect, Runtime, Spawn};
use crate::transport::Transport;
use sansws_core::handshake::{HandshakeError, Response};
use sansws_core::web::Failure;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// How many steps may follow each other before other tasks have their turn.
const STEPS: usize = 256;

type Transported<R> = <R as Bind<<R as Connect>::Tcp>>::Transport;

/// Spawns the task for a new object.
pub(crate) fn start<R: Spawn, O: Object>(shared: &Arc<Shared<O>>, connector: Connector<R>) {
    if let Err(error) = R::spawn(drive(Arc::clone(shared), connector)) {
        shared.tell(|object| object.socket().handle_failure(Failure::transport(error)));
    }
}

/// Connects, and goes on until the connection is closed.
async fn drive<R: Spawn, O: Object>(shared: Arc<Shared<O>>, connector: Connector<R>) {
    let shared = Driven(shared);
    let mut opening = pin!(open(&shared.0, &connector));
    let opened = poll_fn(|cx| {
        if shared.0.watch(cx, |object| object.socket().is_over()) {
            return Poll::Ready(None); // blocked, closed or aborted
        }
        opening.as_mut().poll(cx).map(Some)
    });
    match opened.await {
        None => {}
        Some(Err(failure)) => shared.0.tell(|object| object.socket().handle_failure(failure)),
        Some(Ok((Opened { link, connection, .. }, response))) => {
            let mut engine = Engine::new(link, R::Clock::default(), connection);
            shared.0.tell(|object| object.socket().handle_open(&response));
            poll_fn(|cx| steps(&shared.0, &mut engine, cx)).await;
        }
    }
}

/// What the task has. Users are told when the task is gone before its time: with its runtime, say.
struct Driven<O: Object>(Arc<Shared<O>>);

impl<O: Object> Drop for Driven<O> {
    fn drop(&mut self) {
        self.0.tell(|object| object.socket().handle_failure(Failure::Lost)); // nothing if it is over
    }
}

async fn open<R: Spawn, O: Object>(
    shared: &Shared<O>,
    connector: &Connector<R>,
) -> Result<(Opened<Transported<R>>, Response), Error> {
    let (host, port, is_secure, patience) = shared.get(|object| {
        let socket = object.socket();
        (socket.host().to_owned(), socket.port(), socket.is_secure(), socket.options().handshake.timeout)
    });
    let secured = connector.secured(is_secure, &host)?;
    let (stream, _turn) = dial::<R>(&host, port, connector.connect_timeout, connector.one_at_a_time).await?;
    let link = secured(R::bind(stream));
    let clock = <R as Runtime>::Clock::default();
    let entropy = ThreadEntropy::new()?;
    let handshake = shared.get(|object| object.socket().handshake(entropy, clock.now()))?;
    let mut connecting = Box::new(Connecting::new(link, clock, handshake, connector.tls_timeout, patience));
    poll_fn(|cx| connecting.poll(cx)).await?;
    Ok(connecting.opened().map_err(|_| HandshakeError::UnexpectedEof)?) // not reached: it was ready
}

/// Moves what there is both ways, until it is over.
fn steps<O: Object, T: Transport, C: Clock>(
    shared: &Shared<O>,
    engine: &mut Engine<T, C>,
    cx: &mut Context<'_>,
) -> Poll<()> {
    for _ in 0..STEPS {
        match step(shared, engine, cx) {
            Step::More => {}
            Step::Wait => return Poll::Pending,
            Step::Over => return Poll::Ready(()),
        }
    }
    cx.waker().wake_by_ref(); // others first
    Poll::Pending
}

enum Step {
    More,
    Wait,
    Over,
}

fn step<O: Object, T: Transport, C: Clock>(
    shared: &Shared<O>,
    engine: &mut Engine<T, C>,
    cx: &mut Context<'_>,
) -> Step {
    let (wants_read, is_over) = shared.watch(cx, |object| {
        let socket = object.socket();
        socket.transmit(&mut engine.connection);
        (socket.wants_read(), socket.is_over())
    });
    if is_over {
        return leave(engine, cx);
    }
    if wants_read && engine.decode() {
        if let Some(event) = engine.connection.take() {
            shared.tell(|object| object.handle_event(event));
        }
        return Step::More;
    }
    engine.drive(cx);
    let queued = engine.connection.sender().total();
    let has_left = shared.watch(cx, |object| {
        let socket = object.socket();
        let amount = socket.buffered_amount();
        socket.transmit(&mut engine.connection);
        socket.buffered_amount() != amount
    });
    if has_left && O::WAITS_TO_SEND {
        shared.tell(|_| {});
    }
    if engine.connection.is_ready() {
        return if wants_read { Step::More } else { Step::Wait };
    }
    match engine.take_end() {
        None if engine.connection.sender().total() != queued => Step::More,
        None => Step::Wait,
        Some(end) => {
            shared.tell(|object| match end {
                Ok(()) => object.socket().handle_end(),
                Err(error) => object.socket().handle_failure(error),
            });
            Step::Over
        }
    }
}

/// Nobody wants to hear of the connection any more: what is queued leaves, and that was it.
fn leave<T: Transport, C: Clock>(engine: &mut Engine<T, C>, cx: &mut Context<'_>) -> Step {
    engine.push(cx);
    if engine.wants_write() && !engine.is_over() { Step::Wait } else { Step::Over }
}
