//! [`Drain`]: ends all connections of a server.

use crate::runtime::{Clock, Runtime};
use crate::sync::atomic::{AtomicU8, Ordering};
use crate::sync::{Mutex, MutexGuard, lock};
use crate::wakers::Slots;
use std::collections::BTreeMap;
use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::sync::{Arc, Weak};
use std::task::{Poll, Wake, Waker};
use std::time::Duration;

/// Ends all connections of a server: closes them with 1001 (Going Away), waits, and drops those that remain.
///
/// Clones are the same. An [`Acceptor`](crate::Acceptor) that was [given](crate::Acceptor::drain) one enters its
/// connections; each goes on to be used as always, and ends as if its peer had closed: what the peer still sends until it
/// has is dropped, since no answer could follow.
///
/// ```text
/// let drain = Drain::new();
/// let acceptor = Acceptor::new().drain(&drain);
/// loop {
///     select! {
///         accepted = listener.accept() => spawn(serve(acceptor.clone(), accepted?)),
///         _ = interrupted() => break,
///     }
/// }
/// let dropped = drain.shutdown(Duration::from_secs(10)).await;
/// ```
pub struct Drain<R> {
    shared: Arc<Shared>,
    runtime: PhantomData<fn() -> R>,
}

#[derive(Debug, Default)]
struct Shared {
    phase: AtomicU8,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What the next connection, or the next who waits, is known by.
    next: u64,
    /// What wakes whoever waits for each connection. Trees, so that what was needed for many is freed.
    connections: BTreeMap<u64, Weak<Slots>>,
    /// Who waits for the beginning, or for the end.
    waiting: BTreeMap<u64, Waker>,
}

impl State {
    fn id(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

/// How far a shutdown is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
#[repr(u8)]
pub(crate) enum Phase {
    /// There is none.
    Open,
    /// Connections are closed.
    Closing,
    /// They are dropped.
    Dropping,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Open,
            1 => Phase::Closing,
            _ => Phase::Dropping,
        }
    }

    /// Goes on to a phase, and has all look at it.
    fn enter(&self, phase: Phase) {
        self.phase.fetch_max(phase as u8, Ordering::AcqRel);
        let mut state = self.state();
        let connections: Vec<_> = state.connections.values().filter_map(Weak::upgrade).collect();
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        connections.iter().for_each(Wake::wake_by_ref);
        waiting.into_values().for_each(Waker::wake);
    }
}

impl<R> Drain<R> {
    /// One of a server that has no connections yet.
    #[must_use]
    pub fn new() -> Self {
        Self { shared: Arc::default(), runtime: PhantomData }
    }

    /// How many connections there are.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.state().connections.len()
    }

    /// Whether a shutdown has begun.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.shared.phase() != Phase::Open
    }

    /// Begins to close all connections, with 1001 (Going Away), and returns at once. Clients that ask for one from now on are
    /// answered 503.
    pub fn start(&self) {
        self.shared.enter(Phase::Closing);
    }

    /// Waits until a shutdown has begun: for loops that accept.
    ///
    /// Cancel safe.
    pub async fn started(&self) {
        self.wait(|shared| shared.phase() != Phase::Open).await;
    }

    /// Waits for a condition. Whoever makes it true wakes those that wait.
    async fn wait(&self, is_so: impl Fn(&Shared) -> bool) {
        let wait = Wait { shared: &self.shared, id: self.shared.state().id() };
        poll_fn(|cx| {
            let before = wait.shared.state().waiting.insert(wait.id, cx.waker().clone());
            drop(before);
            if is_so(wait.shared) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Enters a connection, until the guard is dropped.
    pub(crate) fn watch(&self, slots: &Arc<Slots>) -> Guard {
        let mut state = self.shared.state();
        let id = state.id();
        state.connections.insert(id, Arc::downgrade(slots));
        Guard { shared: Arc::clone(&self.shared), id }
    }
}

impl<R: Runtime> Drain<R> {
    /// Closes all connections, with 1001 (Going Away), waits until they have ended, at most for `within`, and drops
    /// those that remain: whoever waits for one gets an [`Error::Io`](crate::Error::Io). Returns how many those were.
    ///
    /// Cancel safe: closing has begun, and another call goes on waiting.
    pub async fn shutdown(&self, within: Duration) -> usize {
        self.start();
        let mut clock = R::Clock::default();
        let deadline = clock.now() + within;
        let all_ended = self.wait(|shared| shared.state().connections.is_empty());
        if crate::until(&mut clock, deadline, all_ended).await.is_some() {
            return 0;
        }
        let dropped = self.connections();
        self.shared.enter(Phase::Dropping);
        dropped
    }
}

/// Somebody who waits. Dropped, they do no longer.
struct Wait<'a> {
    shared: &'a Shared,
    id: u64,
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let waker = self.shared.state().waiting.remove(&self.id);
        drop(waker);
    }
}

/// A connection that is entered. Dropped, it has ended.
#[derive(Debug)]
pub(crate) struct Guard {
    shared: Arc<Shared>,
    id: u64,
}

impl Guard {
    pub(crate) fn phase(&self) -> Phase {
        self.shared.phase()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.connections.remove(&self.id);
        let waiting = if state.connections.is_empty() { std::mem::take(&mut state.waiting) } else { BTreeMap::new() };
        drop(state);
        waiting.into_values().for_each(Waker::wake);
    }
}

impl<R> Clone for Drain<R> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), runtime: PhantomData }
    }
}

impl<R> Default for Drain<R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R> fmt::Debug for Drain<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain")
            .field("phase", &self.shared.phase())
            .field("connections", &self.connections())
            .finish_non_exhaustive()
    }
}
