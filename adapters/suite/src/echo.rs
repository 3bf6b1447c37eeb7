//! [`Echo`]: the ways to echo; [`Server`]: one that does so on all its connections.

use crate::subject::{Listener, Socket};
use sansws_core::{CloseFrame, Event, EventRef, Fragment, Message, MessageRef, Sender};
use sansws_driver::Error;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A way to echo until the client closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Echo {
    /// `serve`, lent both ways.
    Serve,
    /// `serve_events`: messages, or fragments if those are delivered.
    ServeEvents,
    /// `next` and `send`.
    Send,
    /// `next` and `feed`, and never a `flush`.
    Feed,
    /// `read` and `feed_ref`.
    Read,
    /// `next_event`, and `send` or `send_fragment`.
    Events,
}

/// The same for those who wait and those who block: `$ws` echoes, each call followed by `$wait`.
macro_rules! echo {
    ($way:expr, $ws:expr $(, $wait:tt)?) => {
        match $way {
            Echo::Serve => $ws.serve(&mut $crate::echo::reply)$(.$wait)?,
            Echo::ServeEvents => $ws.serve_events(&mut $crate::echo::reply_to_event)$(.$wait)?,
            Echo::Send => {
                while let Some(message) = $ws.next()$(.$wait)? {
                    $ws.send(message?)$(.$wait)??;
                }
                Ok(())
            }
            Echo::Feed => {
                while let Some(message) = $ws.next()$(.$wait)? {
                    $ws.feed(message?)$(.$wait)??;
                }
                Ok(())
            }
            Echo::Read => {
                while let Some(message) = $ws.read()$(.$wait)?? {
                    let message = Message::from(message);
                    $ws.feed_ref(MessageRef::from(&message))$(.$wait)??;
                }
                Ok(())
            }
            Echo::Events => {
                while let Some(event) = $ws.next_event()$(.$wait)? {
                    match event? {
                        Event::Message(message) => $ws.send(message)$(.$wait)??,
                        Event::Fragment(fragment) => $ws.send_fragment(fragment)$(.$wait)??,
                        _ => {}
                    }
                }
                Ok(())
            }
        }
    };
}
pub(crate) use echo;

pub(crate) fn reply(message: MessageRef<'_>, sender: &mut Sender) -> Result<(), Error> {
    Ok(sender.send_ref(message)?)
}

pub(crate) fn reply_to_event(event: EventRef<'_>, sender: &mut Sender) -> Result<(), Error> {
    match event {
        EventRef::Message(message) => reply(message, sender),
        EventRef::Fragment { kind, payload, last } => {
            let payload = payload.to_vec().into();
            Ok(sender.send_fragment(Fragment { kind, payload, last })?)
        }
        _ => Ok(()),
    }
}

impl Echo {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Serve, Self::ServeEvents, Self::Send, Self::Feed, Self::Read, Self::Events];

    fn on(self, ws: &mut dyn Socket) -> Result<(), Error> {
        echo!(self, ws)
    }
}

/// How a connection of a server's ended.
#[derive(Debug)]
pub struct End {
    /// What went wrong, if anything did.
    pub result: Result<(), Error>,
    /// The client's Close frame.
    pub close_frame: Option<CloseFrame>,
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        Self { result: Err(error), close_frame: None }
    }
}

/// A server that runs until it is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
    ends: mpsc::Receiver<End>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// One that listens on `address`, and is what `run` does on a thread of its own: it accepts clients until one
    /// comes after the flag is set, and reports how each ended.
    pub fn start(address: SocketAddr, run: impl FnOnce(&AtomicBool, mpsc::Sender<End>) + Send + 'static) -> Self {
        let (ended, ends) = mpsc::channel();
        let stopped = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let stopped = Arc::clone(&stopped);
            move || run(&stopped, ended)
        });
        Self { address, stopped, ends, thread: Some(thread) }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// How the next connection ended that no one has asked about. Waits for it.
    #[must_use]
    pub fn end(&self) -> End {
        self.ends.recv_timeout(Duration::from_secs(20)).expect("no connection ends")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Release);
        drop(TcpStream::connect(self.address)); // one last client
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !thread::panicking()
        {
            panic!("the server panicked");
        }
    }
}

/// A server with a thread for each connection.
pub(crate) fn on_threads(mut listener: Box<dyn Listener>, way: Echo) -> Server {
    Server::start(listener.address(), move |stopped, ended| {
        loop {
            let accepted = listener.accept();
            if stopped.load(Ordering::Acquire) {
                return;
            }
            let ended = ended.clone();
            thread::spawn(move || {
                let end = accepted.map_or_else(End::from, |mut ws| {
                    let result = way.on(&mut *ws);
                    End { result, close_frame: ws.close_frame().cloned() }
                });
                let _ = ended.send(end); // the row may be over
            });
        }
    })
}
