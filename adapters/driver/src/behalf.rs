//! [`Behalf`]: for whom a connection is driven: for tasks that wait, or for a [`Caller`].

use crate::drain::Phase;
use crate::drive::Engine;
use crate::runtime::Clock;
use crate::transport::Transport;
use crate::wakers::{Side, Wakers};
use std::io;
use std::task::Context;

/// For whom a connection is driven.
pub(crate) trait Behalf {
    /// Makes what progress there is, for a side that waits.
    fn drive<T: Transport, C: Clock>(&mut self, engine: &mut Engine<T, C>, side: Side<'_>, cx: &mut Context<'_>);
}

impl Behalf for Wakers {
    fn drive<T: Transport, C: Clock>(&mut self, engine: &mut Engine<T, C>, mut side: Side<'_>, cx: &mut Context<'_>) {
        let (was_ready, progress) = (engine.connection.is_ready(), engine.progress());
        // First of all: whoever goes on to another phase wakes those that are registered, and not those that will be.
        self.register(&mut side, cx);
        match self.phase() {
            _ if engine.is_over() => {}
            Phase::Open => {}
            Phase::Closing => engine.go_away(),
            Phase::Dropping => {
                let dropped = io::Error::new(io::ErrorKind::ConnectionAborted, "dropped: the server has shut down");
                engine.abort(dropped);
                return self.wake();
            }
        }
        engine.drive(&mut self.context(cx));
        // What one side has done is what another may wait for, and the transport need not tell that: once it is read, there
        // is nothing to read any more.
        if engine.progress() != progress {
            self.wake_writers(&side);
        }
        if !was_ready && engine.connection.is_ready() && !matches!(side, Side::Reader) {
            self.wake_reader();
        }
    }
}

/// Somebody who knows by other means when it is worth calling again: a loop that waits for readiness.
#[derive(Debug)]
pub(crate) struct Caller;

impl Behalf for Caller {
    /// Writers read nothing: that the stream is readable is for the one who reads, who may not be told twice.
    fn drive<T: Transport, C: Clock>(&mut self, engine: &mut Engine<T, C>, side: Side<'_>, cx: &mut Context<'_>) {
        match side {
            Side::Reader => engine.drive(cx),
            Side::Writer | Side::Room(_) | Side::Flush(_) => engine.push(cx),
        }
    }
}
