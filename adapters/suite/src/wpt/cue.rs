//! [`Cue`]: what a test and its server tell each other beside the connection.

use std::io::{self, ErrorKind};
use std::sync::{Condvar, Mutex, MutexGuard};

/// Where web-platform-tests sleep at one end so that something happens at the other meanwhile, ours wait for a cue. So they
/// take no longer than they must, and hold on a busy machine, too.
#[derive(Debug, Default)]
pub(crate) struct Cue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    requests: usize,
    /// How many handlers may go on that wait, or will.
    cues: usize,
    is_done: bool,
    is_over: bool,
}

/// The test's side.
impl Cue {
    /// Lets one handler go on.
    pub(crate) fn go_on(&self) {
        self.change(|state| state.cues += 1);
    }

    /// How many requests have come.
    pub(crate) fn requests(&self) -> usize {
        self.lock().requests
    }

    /// Whether a handler has said that it is done.
    pub(crate) fn is_done(&self) -> bool {
        self.lock().is_done
    }

    /// The test is over: nobody waits any more.
    pub(super) fn end(&self) {
        self.change(|state| state.is_over = true);
    }
}

/// The handlers' side.
impl Cue {
    pub(super) fn request(&self) {
        self.change(|state| state.requests += 1);
    }

    pub(super) fn done(&self) {
        self.change(|state| state.is_done = true);
    }

    /// Waits until the test says to go on. An error if that is over instead.
    pub(super) fn wait(&self) -> io::Result<()> {
        let waits = |state: &mut State| state.cues == 0 && !state.is_over;
        let mut state = self.changed.wait_while(self.lock(), waits).unwrap();
        state.cues = state.cues.checked_sub(1).ok_or(ErrorKind::BrokenPipe)?;
        Ok(())
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}
