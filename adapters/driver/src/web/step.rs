//! [`steps`]: between one of the core's objects and its connection.

use super::shared::{Object, Shared};
use crate::drive::Engine;
use crate::runtime::Clock;
use crate::transport::Transport;
use std::task::{Context, Poll};

/// How many steps may follow each other before others have their turn.
const STEPS: usize = 256;

/// Where an object is.
pub(crate) trait Place<O> {
    /// Looks at it; who is driving it is woken from now on when a user does something.
    fn watch<T>(&mut self, cx: &Context<'_>, watch: impl FnOnce(&mut O) -> T) -> T;

    /// Does something that users may wait for.
    fn tell<T>(&mut self, tell: impl FnOnce(&mut O) -> T) -> T;
}

impl<O: Object> Place<O> for &Shared<O> {
    fn watch<T>(&mut self, cx: &Context<'_>, watch: impl FnOnce(&mut O) -> T) -> T {
        Shared::watch(self, cx, watch)
    }

    fn tell<T>(&mut self, tell: impl FnOnce(&mut O) -> T) -> T {
        Shared::tell(self, tell)
    }
}

/// An object whose only user drives it.
pub(crate) struct Alone<'o, O>(pub(crate) &'o mut O);

impl<O> Place<O> for Alone<'_, O> {
    fn watch<T>(&mut self, _: &Context<'_>, watch: impl FnOnce(&mut O) -> T) -> T {
        watch(self.0)
    }

    fn tell<T>(&mut self, tell: impl FnOnce(&mut O) -> T) -> T {
        tell(self.0)
    }
}

/// Moves what there is both ways, until it is over.
pub(crate) fn steps<O: Object, T: Transport, C: Clock>(
    place: &mut impl Place<O>,
    engine: &mut Engine<T, C>,
    cx: &mut Context<'_>,
) -> Poll<()> {
    for _ in 0..STEPS {
        match step(place, engine, cx) {
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
    place: &mut impl Place<O>,
    engine: &mut Engine<T, C>,
    cx: &mut Context<'_>,
) -> Step {
    let (wants_read, is_over) = place.watch(cx, |object| {
        let socket = object.socket();
        socket.transmit(&mut engine.connection);
        (socket.wants_read(), socket.is_over())
    });
    if is_over {
        return leave(engine, cx);
    }
    if wants_read && engine.decode() {
        if let Some(event) = engine.connection.take() {
            place.tell(|object| object.socket().handle_event(event));
        }
        return Step::More;
    }
    let taken = engine.connection.sender().taken();
    engine.drive(cx);
    let (queued, has_left) = (engine.connection.sender().total(), engine.connection.sender().taken() != taken);
    place.watch(cx, |object| object.socket().transmit(&mut engine.connection));
    if has_left && O::PROMISES {
        place.tell(|_| {});
    }
    if engine.connection.is_ready() {
        return if wants_read { Step::More } else { Step::Wait };
    }
    match engine.take_end() {
        None if engine.connection.sender().total() != queued => Step::More,
        None => Step::Wait,
        Some(end) => {
            place.tell(|object| match end {
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
