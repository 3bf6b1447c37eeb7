//! The task that drives an object of the browser's: [`drive`].

use super::shared::{Object, Shared};
use super::step::steps;
use crate::connecting::Connecting;
use crate::connector::Connector;
use crate::dial::dial;
use crate::drive::Engine;
use crate::entropy::ThreadEntropy;
use crate::error::Error;
use crate::opening::Opened;
use crate::runtime::{Bind, Clock, Connect, Runtime, Spawn};
use sansws_core::handshake::{HandshakeError, Response};
use sansws_core::web::Failure;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

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
            poll_fn(|cx| steps(&mut &*shared.0, &mut engine, cx)).await;
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
