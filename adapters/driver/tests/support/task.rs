//! Tasks that are polled by hand, and only counted on.

use super::time;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// More polls than any test needs: what takes more goes round in circles.
const ENDLESS: usize = 2_000_000;

/// A waker that counts.
#[derive(Debug, Default)]
pub(crate) struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// What a task is to those who poll on its behalf.
#[derive(Debug)]
pub(crate) struct Task {
    wakes: Arc<Wakes>,
    waker: Waker,
}

impl Task {
    pub(crate) fn new() -> Self {
        let wakes = Arc::new(Wakes::default());
        Self { waker: Waker::from(Arc::clone(&wakes)), wakes }
    }

    pub(crate) fn context(&self) -> Context<'_> {
        Context::from_waker(&self.waker)
    }

    /// How often it was woken since this was last asked.
    pub(crate) fn woken(&self) -> usize {
        self.wakes.0.swap(0, Ordering::Relaxed)
    }

    /// Whether anybody has a waker of it.
    pub(crate) fn is_remembered(&self) -> bool {
        Arc::strong_count(&self.wakes) > 2 // ours
    }
}

/// Polls a future to its end, whenever it is woken and never else.
#[track_caller]
pub(crate) fn run<F: Future>(future: F) -> F::Output {
    run_or(future, || panic!("nobody will ever wake this future"))
}

/// As [`run`], and sets the clock forward when there is nothing else to wait for.
#[track_caller]
pub(crate) fn run_through_time<F: Future>(future: F) -> F::Output {
    run_or(future, || assert!(time::advance_to_next(), "nobody will ever wake this future"))
}

#[track_caller]
fn run_or<F: Future>(future: F, mut idle: impl FnMut()) -> F::Output {
    let task = Task::new();
    let mut future = pin!(future);
    for _ in 0..ENDLESS {
        if let Poll::Ready(output) = future.as_mut().poll(&mut task.context()) {
            return output;
        }
        while task.woken() == 0 {
            idle();
        }
    }
    panic!("polled and woken for ever");
}

/// Polls a future until it waits for something that has not happened. `None` if it is not done then.
#[track_caller]
pub(crate) fn run_until_idle<F: Future>(future: Pin<&mut F>) -> Option<F::Output> {
    let task = Task::new();
    let mut future = future;
    for _ in 0..ENDLESS {
        if let Poll::Ready(output) = future.as_mut().poll(&mut task.context()) {
            return Some(output);
        }
        if task.woken() == 0 {
            return None;
        }
    }
    panic!("polled and woken for ever");
}

/// Polls a future so many times, woken or not, and drops it. What it gave, if it was done.
pub(crate) fn poll_and_drop<F: Future>(future: F, times: usize) -> Option<F::Output> {
    let task = Task::new();
    let mut future = pin!(future);
    (0..times).find_map(|_| match future.as_mut().poll(&mut task.context()) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    })
}

/// Polls each of these tasks whenever it is woken and never else, until all are done.
#[track_caller]
pub(crate) fn run_all(futures: Vec<Pin<Box<dyn Future<Output = ()> + '_>>>) {
    let mut tasks: Vec<_> = futures.into_iter().map(|future| (future, Task::new(), true)).collect();
    for _ in 0..ENDLESS {
        let mut polled = false;
        tasks.retain_mut(|(future, task, first)| {
            if task.woken() == 0 && !std::mem::take(first) {
                return true;
            }
            polled = true;
            future.as_mut().poll(&mut task.context()).is_pending()
        });
        if tasks.is_empty() {
            return;
        }
        assert!(polled, "nobody will ever wake the {} tasks that are left", tasks.len());
    }
    panic!("polled and woken for ever");
}
