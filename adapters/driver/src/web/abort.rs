//! [`AbortController`] and [`AbortSignal`]: how to give up what has not opened yet.

use crate::sync::{Mutex, lock};
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Weak};

/// Why something was given up, whatever that is.
pub(super) type Reason = Arc<dyn Error + Send + Sync>;

/// The browser's `AbortController`: gives up what has its [`signal`](Self::signal).
///
/// A clone is the same. To drop them is not to abort.
///
/// ```
/// use sansws_driver::web::AbortController;
///
/// let controller = AbortController::new();
/// let signal = controller.signal(); // for the options of one WebSocketStream, or of many
/// controller.abort_with("no longer needed");
/// controller.abort();
/// assert_eq!(signal.reason().unwrap().to_string(), "no longer needed"); // the first counts
/// ```
#[derive(Clone, Debug, Default)]
pub struct AbortController {
    signal: AbortSignal,
}

impl AbortController {
    /// `new AbortController()`.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// `signal`.
    #[must_use]
    pub fn signal(&self) -> AbortSignal {
        self.signal.clone()
    }

    /// `abort()`: the reason is an [`AbortError`].
    pub fn abort(&self) {
        self.abort_with(AbortError);
    }

    /// `abort(reason)`. Nothing waits. Later calls do nothing.
    pub fn abort_with(&self, reason: impl Into<Box<dyn Error + Send + Sync>>) {
        let reason = Reason::from(reason.into());
        let listeners = {
            let mut state = lock(&self.signal.0);
            if state.reason.is_some() {
                return;
            }
            state.reason = Some(Arc::clone(&reason));
            std::mem::take(&mut state.listeners)
        };
        for listener in listeners.iter().filter_map(Weak::upgrade) {
            listener.abort(&reason);
        }
    }
}

/// The browser's `AbortSignal`: whether something is to be given up. For any number of things, before and after they
/// begin. A clone is the same.
#[derive(Clone, Default)]
pub struct AbortSignal(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    reason: Option<Reason>,
    listeners: Vec<Weak<dyn Listener>>,
}

/// What is given up.
pub(super) trait Listener: Send + Sync {
    fn abort(&self, reason: &Reason);
}

impl AbortSignal {
    /// `aborted`.
    #[must_use]
    pub fn aborted(&self) -> bool {
        self.reason().is_some()
    }

    /// `reason`, if it is aborted.
    #[must_use]
    pub fn reason(&self) -> Option<Arc<dyn Error + Send + Sync>> {
        lock(&self.0).reason.clone()
    }

    /// Has `listener` told: at once if it is aborted, else when it will be, if it is still there then.
    pub(super) fn listen<L: Listener + 'static>(&self, listener: &Arc<L>) {
        let mut state = lock(&self.0);
        if let Some(reason) = state.reason.clone() {
            drop(state);
            return listener.abort(&reason);
        }
        if state.listeners.len() == state.listeners.capacity() {
            state.listeners.retain(|listener| listener.strong_count() > 0); // instead of growing, if it can be
        }
        let listener: Weak<L> = Arc::downgrade(listener);
        state.listeners.push(listener);
    }
}

impl fmt::Debug for AbortSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AbortSignal").field("reason", &self.reason()).finish_non_exhaustive()
    }
}

/// `AbortError`: the reason if none was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AbortError;

impl AbortError {
    /// `"AbortError"`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        "AbortError"
    }
}

impl fmt::Display for AbortError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("aborted")
    }
}

impl Error for AbortError {}
