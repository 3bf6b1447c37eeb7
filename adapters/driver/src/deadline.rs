//! [`until`]: a future that is not waited for forever.

use crate::runtime::Clock;
use sansws_core::Instant;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

/// What `future` gives, or `None` if it is not ready by the deadline; it is dropped then.
pub async fn until<C: Clock, F: Future>(clock: &mut C, deadline: Instant, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => clock.poll_until(cx, deadline).map(|()| None),
    })
    .await
}
