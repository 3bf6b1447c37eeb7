//! [`Inbox`]: what has happened and was not yet told.

use super::event::CloseEvent;
use super::failure::Failure;
use crate::event::Message;
use alloc::collections::VecDeque;
use alloc::string::String;

/// How many bytes of messages wait here before reading should pause.
const READ_AHEAD: usize = 64 << 10;

/// What a message costs beside its payload, so that empty ones do not cost nothing.
const MESSAGE: usize = size_of::<Task>();

/// Something that has happened on the wire, whose turn has yet to come: the standard's queued task.
pub(super) enum Task {
    Open {
        extensions: String,
        protocol: String,
    },
    Message(Message),
    /// The peer has begun to close.
    Closing,
    Error(Failure),
    Close(CloseEvent),
}

/// What has happened and was not yet told, in order. Nothing is in it that has come too late: what `close` makes so, it
/// drops.
#[derive(Default)]
pub(super) struct Inbox {
    tasks: VecDeque<Task>,
    /// What the messages among them cost, in bytes.
    cost: usize,
}

impl Inbox {
    pub(super) fn push(&mut self, task: Task) {
        self.cost += cost(&task);
        self.tasks.push_back(task);
    }

    pub(super) fn pop(&mut self) -> Option<Task> {
        let task = self.tasks.pop_front()?;
        self.cost -= cost(&task);
        Some(task)
    }

    /// Whether `Open` is next.
    pub(super) fn is_opening(&self) -> bool {
        matches!(self.tasks.front(), Some(Task::Open { .. }))
    }

    /// How it ended, if it did and that is still in here: ahead of its turn, for those whose messages may wait.
    pub(super) fn take_end(&mut self) -> Option<(Option<Failure>, CloseEvent)> {
        let at = self.tasks.iter().position(|task| matches!(task, Task::Error(_) | Task::Close(_)))?;
        let mut end = self.tasks.split_off(at).into_iter();
        match (end.next()?, end.next()) {
            (Task::Error(failure), Some(Task::Close(close))) => Some((Some(failure), close)),
            (Task::Close(close), _) => Some((None, close)),
            (Task::Open { .. } | Task::Message(_) | Task::Closing | Task::Error(_), _) => None, // not reached
        }
    }

    /// Drops what nobody will be told.
    pub(super) fn retain(&mut self, keep: impl FnMut(&Task) -> bool) {
        self.tasks.retain(keep);
        self.cost = self.tasks.iter().map(cost).sum();
    }

    pub(super) const fn has_room(&self) -> bool {
        self.cost < READ_AHEAD
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }
}

fn cost(task: &Task) -> usize {
    match task {
        Task::Message(message) => MESSAGE + message.len(),
        Task::Open { .. } | Task::Closing | Task::Error(_) | Task::Close(_) => 0,
    }
}
