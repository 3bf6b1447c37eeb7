//! [`Turn`]: at most one opening handshake with an address at a time (RFC 6455 §4.1 step 2).

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Addresses with a handshake under way, and who waits for it to end.
static TAKEN: Mutex<Option<HashMap<SocketAddr, Vec<Waker>>>> = Mutex::new(None);

/// The right to connect to an address. The next may when it is dropped.
#[derive(Debug)]
pub(crate) struct Turn(SocketAddr);

impl Turn {
    /// Takes it, or has the task of `cx` woken when it is worth asking again.
    pub(crate) fn poll_take(address: SocketAddr, cx: &Context<'_>) -> Poll<Self> {
        let mut taken = lock();
        match taken.get_or_insert_default().get_mut(&address) {
            None => {
                taken.get_or_insert_default().insert(address, Vec::new());
                Poll::Ready(Self(address))
            }
            Some(waiting) => {
                if !waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
                    waiting.push(cx.waker().clone());
                }
                Poll::Pending
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let waiting = lock().as_mut().and_then(|taken| taken.remove(&self.0));
        waiting.into_iter().flatten().for_each(Waker::wake); // all, since one that is woken may be gone
    }
}

fn lock() -> MutexGuard<'static, Option<HashMap<SocketAddr, Vec<Waker>>>> {
    TAKEN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use futures_util::future::join_all;
    use std::future::{Future, poll_fn};

    fn take(port: u16) -> impl Future<Output = Turn> {
        poll_fn(move |cx| Turn::poll_take(([127, 0, 0, 1], port).into(), cx))
    }

    /// R006.
    #[test]
    fn one_at_a_time_for_each_address() {
        let first = take(1).now_or_never();
        assert!(first.is_some());
        assert!(take(1).now_or_never().is_none());
        assert!(take(2).now_or_never().is_some(), "another address");
        drop(first);
        assert!(take(1).now_or_never().is_some());
    }

    #[test]
    fn all_get_their_turn() {
        let turns = (0..10).map(async |_| drop(take(3).await));
        let first = take(3).now_or_never();
        let mut all = Box::pin(join_all(turns));
        assert!(all.as_mut().now_or_never().is_none());
        drop(first);
        assert!(all.now_or_never().is_some());
    }
}
