//! [`Shared`]: one of the core's objects, between the task that drives it and its users.

use crate::sync::{Mutex, MutexGuard, lock};
use sansws_core::web;
use std::sync::Arc;
use std::task::{Context, Waker};

/// One of the core's objects, as the task sees it.
pub(crate) trait Object: Send + 'static {
    /// Whether users wait for more than events: for what was sent to leave, or for what another of them does.
    const PROMISES: bool;

    /// Its wire.
    fn socket(&mut self) -> &mut web::WebSocket;
}

impl Object for web::WebSocket {
    const PROMISES: bool = false;

    fn socket(&mut self) -> &mut web::WebSocket {
        self
    }
}

/// How many tasks wait at most. Those of futures that were dropped cannot be told from others; woken, the others come again.
const USERS: usize = 32;

/// An object, and who waits for the other side to do something with it. Neither holds the lock while it waits, reads or
/// writes; and no waker is woken or dropped under it.
pub(crate) struct Shared<O>(Mutex<State<O>>);

struct State<O> {
    object: O,
    task: Option<Waker>,
    users: Vec<Waker>,
}

impl<O: Object> Shared<O> {
    pub(crate) fn new(object: O) -> Arc<Self> {
        Arc::new(Self(Mutex::new(State { object, task: None, users: Vec::new() })))
    }

    fn lock(&self) -> MutexGuard<'_, State<O>> {
        lock(&self.0)
    }

    /// Looks at it.
    pub(crate) fn get<T>(&self, get: impl FnOnce(&mut O) -> T) -> T {
        get(&mut self.lock().object)
    }

    /// A user does something that the task has to do something about.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut O) -> T) -> T {
        let mut state = self.lock();
        let changed = change(&mut state.object);
        let task = state.task.take();
        // To close before it is open is to fail, which others hear of at once.
        let heard = O::PROMISES || state.object.socket().has_events();
        let users = if heard { std::mem::take(&mut state.users) } else { Vec::new() };
        drop(state);
        task.into_iter().chain(users).for_each(Waker::wake);
        changed
    }

    /// A user takes what there is, or has its task woken when there may be. The driving task goes on if it waited for that.
    pub(crate) fn take<T>(&self, cx: &Context<'_>, take: impl FnOnce(&mut O) -> Option<T>) -> Option<T> {
        let mut state = self.lock();
        let State { object, task, users } = &mut *state;
        let waited = !object.socket().wants_read();
        let taken = take(object);
        let mut stale = Vec::new();
        if taken.is_none() && !users.iter().any(|user| user.will_wake(cx.waker())) {
            if users.len() == USERS {
                stale = std::mem::take(users);
            }
            users.push(cx.waker().clone());
        }
        let task = task.take_if(|_| waited && object.socket().wants_read());
        drop(state);
        task.into_iter().chain(stale).for_each(Waker::wake);
        taken
    }

    /// The task looks at it, and is woken from now on when a user does something.
    pub(crate) fn watch<T>(&self, cx: &Context<'_>, watch: impl FnOnce(&mut O) -> T) -> T {
        let mut state = self.lock();
        let is_new = state.task.as_ref().is_none_or(|task| !task.will_wake(cx.waker()));
        let before = if is_new { state.task.replace(cx.waker().clone()) } else { None };
        let watched = watch(&mut state.object);
        drop(state);
        drop(before);
        watched
    }

    /// The task does something that users may wait for.
    pub(crate) fn tell<T>(&self, tell: impl FnOnce(&mut O) -> T) -> T {
        let mut state = self.lock();
        let told = tell(&mut state.object);
        let users = std::mem::take(&mut state.users);
        drop(state);
        users.into_iter().for_each(Waker::wake);
        told
    }
}
