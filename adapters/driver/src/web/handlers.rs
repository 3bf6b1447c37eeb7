//! [`Handlers`]: who is called with the events of a [`WebSocket`].

use super::websocket::WebSocket;
use crate::runtime::Spawn;
use sansws_core::web::{CloseEvent, Event, Failure, MessageEvent};
use std::{fmt, io};

type Handler<R, E> = Box<dyn FnMut(&WebSocket<R>, E) + Send>;

/// Who is called with the events of a [`WebSocket`], one event at a time, in order; events that nobody handles are
/// dropped. None is called before [`start`](Self::start) or [`run`](Self::run), as with the browser's `MessagePort`:
/// a script that sets one handler after another is not interrupted by an event, but a thread is.
///
/// While there are handlers, the socket is not closed by being dropped. They are dropped once they were called with the
/// close event.
#[must_use = "nobody is called before `start` or `run` is"]
pub struct Handlers<R> {
    socket: WebSocket<R>,
    open: Handler<R, ()>,
    message: Handler<R, MessageEvent>,
    error: Handler<R, Failure>,
    close: Handler<R, CloseEvent>,
}

impl<R> Handlers<R> {
    pub(super) fn new(socket: WebSocket<R>) -> Self {
        Self {
            socket,
            open: Box::new(|_, ()| {}),
            message: Box::new(|_, _| {}),
            error: Box::new(|_, _| {}),
            close: Box::new(|_, _| {}),
        }
    }

    /// `onopen`: it is open.
    pub fn on_open(self, mut handle: impl FnMut(&WebSocket<R>) + Send + 'static) -> Self {
        Self { open: Box::new(move |socket, ()| handle(socket)), ..self }
    }

    /// `onmessage`: a message has arrived.
    pub fn on_message(self, handle: impl FnMut(&WebSocket<R>, MessageEvent) + Send + 'static) -> Self {
        Self { message: Box::new(handle), ..self }
    }

    /// `onerror`: it did not close cleanly, and why. It is closed already, and the close event is next.
    pub fn on_error(self, handle: impl FnMut(&WebSocket<R>, Failure) + Send + 'static) -> Self {
        Self { error: Box::new(handle), ..self }
    }

    /// `onclose`: it is closed.
    pub fn on_close(self, handle: impl FnMut(&WebSocket<R>, CloseEvent) + Send + 'static) -> Self {
        Self { close: Box::new(handle), ..self }
    }

    /// Calls them from now on, in a task of the runtime.
    ///
    /// # Errors
    ///
    /// This was not called within the runtime. Nobody will be called.
    pub fn start(self) -> io::Result<WebSocket<R>>
    where
        R: Spawn,
    {
        let socket = self.socket.clone();
        R::spawn(self.run())?;
        Ok(socket)
    }

    /// Calls them, until the socket is closed.
    ///
    /// Cancel safe in that each event was handled or not; but the handlers are dropped with it.
    pub async fn run(mut self) {
        while let Some(event) = self.socket.next().await {
            match event {
                Event::Open => (self.open)(&self.socket, ()),
                Event::Message(event) => (self.message)(&self.socket, event),
                Event::Error(failure) => (self.error)(&self.socket, failure),
                Event::Close(event) => (self.close)(&self.socket, event),
            }
        }
    }
}

impl<R> fmt::Debug for Handlers<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handlers").field("socket", &self.socket).finish_non_exhaustive()
    }
}
