//! [`Wire`]: how far the connection is, and what a driver tells a [`WebSocket`] of it.

use super::event::CloseEvent;
use super::failure::Failure;
use super::inbox::Task;
use super::options::Options;
use super::ready_state::ReadyState;
use super::{WebSocket, address};
use crate::close::{CloseCode, CloseFrame};
use crate::connection::Connection;
use crate::entropy::Entropy;
use crate::handshake::{ClientHandshake, ClientRequest, InvalidHead, Response};
use crate::time::Instant;
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// How far the connection is, which may be further than the user has been told.
pub(super) enum Wire {
    Connecting,
    Open,
    /// The peer's Close frame came.
    Closing(Option<CloseFrame>),
    /// The last events are queued.
    Over,
}

/// What a driver needs.
impl WebSocket {
    /// The host to connect to: a name in ASCII, or an address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        address::host(&self.url)
    }

    /// The port to connect to.
    #[must_use]
    pub fn port(&self) -> u16 {
        address::port(&self.url)
    }

    /// Whether to speak TLS.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        address::is_secure(&self.url)
    }

    /// What it was made with.
    #[must_use]
    pub const fn options(&self) -> &Options {
        &self.options
    }

    /// Begins the opening handshake, for a transport that is connected. A response that it gives goes to
    /// [`handle_open`](Self::handle_open), an error to [`handle_failure`](Self::handle_failure).
    ///
    /// # Errors
    ///
    /// [`InvalidHead`] if the request cannot be sent as it is meant; it, too, goes to `handle_failure`.
    pub fn handshake(&self, entropy: impl Entropy + 'static, now: Instant) -> Result<ClientHandshake, InvalidHead> {
        let limits = self.options.handshake.clone();
        ClientHandshake::new(self.request(), Arc::clone(&self.config), limits, entropy, now)
    }

    /// The server has opened the connection.
    pub fn handle_open(&mut self, response: &Response) {
        if !matches!(self.wire, Wire::Connecting) {
            return;
        }
        self.wire = Wire::Open;
        let extensions: Vec<_> =
            response.headers().get_all("Sec-WebSocket-Extensions").map(String::from_utf8_lossy).collect();
        let protocol = response.protocol().unwrap_or_default().to_owned();
        self.inbox.push(Task::Open { extensions: extensions.join(", "), protocol });
    }

    /// Something arrived on the connection. Pings and pongs concern nobody here.
    pub fn handle_event(&mut self, event: crate::Event) {
        use crate::Event as E;
        if !matches!(self.wire, Wire::Open) {
            return;
        }
        match event {
            E::Message(message) if self.ready_state <= ReadyState::Open => self.inbox.push(Task::Message(message)),
            E::Close(frame) => {
                self.wire = Wire::Closing(frame);
                self.outbox.abandon();
                self.inbox.push(Task::Closing);
            }
            E::Message(_) | E::Fragment(_) | E::Ping(_) | E::Pong(_) => {}
        }
    }

    /// Moves what was sent into the connection, as far as that has room, and asks it how much has left: to be called
    /// after each `send` and `close`, and whenever something was written. Write what the connection has queued then.
    pub fn transmit(&mut self, connection: &mut Connection) {
        match self.wire {
            Wire::Open => self.outbox.transmit(connection),
            Wire::Closing(_) => self.outbox.measure(connection),
            Wire::Connecting | Wire::Over => {}
        }
    }

    /// The connection is over, all that arrived on it was handled, and nothing was wrong with it.
    pub fn handle_end(&mut self) {
        match core::mem::replace(&mut self.wire, Wire::Over) {
            Wire::Closing(frame) => self.inbox.push(Task::Close(CloseEvent::received(true, frame))),
            Wire::Over => {}
            wire @ (Wire::Connecting | Wire::Open) => {
                self.wire = wire;
                self.handle_failure(Failure::Lost);
            }
        }
    }

    /// There will be no connection, or what there was has failed. If the peer's Close frame had come, its code and reason
    /// are kept; the first failure counts.
    pub fn handle_failure(&mut self, failure: impl Into<Failure>) {
        let close = match core::mem::replace(&mut self.wire, Wire::Over) {
            Wire::Over => return,
            Wire::Closing(frame) => CloseEvent::received(false, frame),
            Wire::Connecting | Wire::Open => CloseEvent::abnormal(),
        };
        self.outbox.abandon();
        self.inbox.push(Task::Error(failure.into()));
        self.inbox.push(Task::Close(close));
    }

    /// Does all that there is to do between this and the connection, both ways: for those who drive it by themselves.
    /// After it, write what the connection has queued. Tell the connection of the stream's end only while
    /// [`wants_read`](Self::wants_read): what it still has to give would be lost.
    pub fn exchange(&mut self, connection: &mut Connection, now: Instant) {
        self.transmit(connection);
        while self.wants_read() {
            match connection.receive(now) {
                Ok(Some(event)) => self.handle_event(event),
                Ok(None) => break,
                Err(error) => self.handle_failure(error),
            }
        }
        self.transmit(connection);
        if connection.is_closed() {
            self.handle_end();
        }
    }

    /// The owner goes away, as a page does that is left: gives up an attempt to connect, closes with 1001 what is open.
    pub fn go_away(&mut self) {
        self.begin_close(Some(CloseCode::GOING_AWAY.into()));
    }

    /// Whether to take more off the connection. False while 64 KiB of messages wait to be given out.
    #[must_use]
    pub const fn wants_read(&self) -> bool {
        self.inbox.has_room() && !self.is_over()
    }

    /// Whether something waits for [`transmit`](Self::transmit).
    #[must_use]
    pub fn wants_transmit(&self) -> bool {
        self.outbox.wants_transmit()
    }

    /// Whether [`poll_event`](Self::poll_event) may have an event.
    #[must_use]
    pub fn has_events(&self) -> bool {
        !self.inbox.is_empty()
    }

    /// Whether the last events are queued, and nothing that happens to the connection concerns it any more: do not
    /// connect, or give up connecting; write what an open connection has queued, and drop it.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.wire, Wire::Over)
    }

    pub(super) fn begin_close(&mut self, frame: Option<CloseFrame>) {
        match self.ready_state {
            ReadyState::Connecting => self.handle_failure(Failure::ClosedEarly),
            ReadyState::Open => {
                if matches!(self.wire, Wire::Open) {
                    self.outbox.close(frame);
                }
            }
            ReadyState::Closing | ReadyState::Closed => return,
        }
        self.ready_state = ReadyState::Closing;
        // Of the rest nobody is told any more; nor does it keep the peer's answer from being read.
        self.inbox.retain(|task| matches!(task, Task::Error(_) | Task::Close(_)));
    }

    fn request(&self) -> ClientRequest {
        let Options { origin, headers, .. } = &self.options;
        let request = ClientRequest::new(address::authority(&self.url), address::resource(&self.url));
        let request = self.protocols.iter().fold(request.require_protocol(), ClientRequest::protocol);
        let authorized = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("Authorization"));
        let own = [("Origin", origin.clone()), ("Authorization", address::basic(&self.url).filter(|_| !authorized))];
        let own = own.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let request = own.fold(request, |request, (name, value)| request.header(name, value));
        headers.iter().fold(request, |request, (name, value)| request.header(name, value))
    }
}
