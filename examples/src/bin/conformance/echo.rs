//! The echo server's part of a connection, on any runtime.

use bytes::Bytes;
use clap::ValueEnum;
use sansws_core::{CloseCode, CloseFrame, Config, Event, EventRef, Fragment, Message, MessageRef, Sender};
use sansws_driver::{Acceptor, Clock, Error, Transport, WsStream};
use std::io;

/// How messages are echoed.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Mode {
    /// Lent to a handler; replies leave together.
    Serve,
    /// Taken and fed; replies leave together.
    Feed,
    /// Taken and sent, each in a write of its own.
    Send,
}

/// How a connection echoes, as its commands have set it.
#[derive(Default)]
pub(crate) struct Echo {
    /// The payload of each frame; zero for whole messages.
    fragment: usize,
    /// The payloads of pings that were asked for and have no pong yet.
    pings: Vec<Box<[u8]>>,
}

/// The server's choices.
pub(crate) fn acceptor<R>(config: Config) -> Acceptor<R> {
    Acceptor::new().config(config).protocols(["chat", "superchat"])
}

/// Echoes until the connection is closed.
pub(crate) async fn run<T: Transport, C: Clock>(ws: &mut WsStream<T, C>, mode: Mode) -> Result<(), Error> {
    let mut echo = Echo::default();
    let ended = match mode {
        Mode::Serve => ws.serve_events(|event, sender| echo.serve(event, sender)).await,
        Mode::Feed | Mode::Send => echo.each(ws, mode).await,
    };
    match ended {
        Err(error) if is_aborted(&error) => Ok(()),
        other => other,
    }
}

/// Whether a connection was dropped by command.
pub(crate) fn is_aborted(error: &Error) -> bool {
    matches!(error, Error::Io(error) if error.kind() == io::ErrorKind::ConnectionAborted)
}

impl Echo {
    pub(crate) fn serve(&mut self, event: EventRef<'_>, sender: &mut Sender) -> Result<(), Error> {
        let served = match event {
            EventRef::Message(message) => self.obey_or_reply(message, sender),
            EventRef::Pong(payload) => self.report_pong(payload, sender),
            _ => Ok(()),
        };
        match served {
            Err(error) if error.is_closed() => Ok(()), // by command; what else came with it has no answer
            other => other,
        }
    }

    fn obey_or_reply(&mut self, message: MessageRef<'_>, sender: &mut Sender) -> Result<(), Error> {
        if self.obey(message, sender)? { Ok(()) } else { self.reply(message, sender) }
    }

    async fn each<T: Transport, C: Clock>(&mut self, ws: &mut WsStream<T, C>, mode: Mode) -> Result<(), Error> {
        while let Some(event) = ws.next_event().await {
            match event? {
                _ if !ws.is_open() => continue, // closing by command; what else came with it has no answer
                Event::Message(message) => {
                    if self.obey((&message).into(), ws.sender()?)? {
                        continue;
                    }
                    if self.fragment > 0 {
                        self.reply((&message).into(), ws.sender()?)?;
                    } else {
                        ws.feed(message).await?;
                    }
                }
                Event::Pong(payload) => self.report_pong(&payload, ws.sender()?)?,
                _ => {}
            }
            if matches!(mode, Mode::Send) {
                ws.flush().await?;
            }
        }
        Ok(())
    }

    /// Does what the message says, if it is a command.
    fn obey(&mut self, message: MessageRef<'_>, sender: &mut Sender) -> Result<bool, Error> {
        let MessageRef::Text(text) = message else { return Ok(false) };
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        match word {
            "!close" => {
                let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
                let code = code.parse().map_or(CloseCode::NORMAL, CloseCode);
                sender.close((!rest.is_empty()).then(|| CloseFrame::new(code, reason)))?;
            }
            "!abort" => return Err(io::Error::from(io::ErrorKind::ConnectionAborted).into()),
            "!ping" => {
                sender.ping(rest.as_bytes())?;
                self.pings.push(rest.as_bytes().into());
            }
            "!fragment" => {
                self.fragment = rest.trim().parse().unwrap_or(0);
                self.reply("ok".into(), sender)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Says so when the pong to a ping that was asked for has come; it stands for those before it, too.
    fn report_pong(&mut self, payload: &[u8], sender: &mut Sender) -> Result<(), Error> {
        let Some(at) = self.pings.iter().position(|ping| **ping == *payload) else { return Ok(()) };
        self.pings.drain(..=at);
        Ok(sender.send(format!("pong {}", String::from_utf8_lossy(payload)))?)
    }

    fn reply(&self, message: MessageRef<'_>, sender: &mut Sender) -> Result<(), Error> {
        if self.fragment == 0 {
            return Ok(sender.send_ref(message)?);
        }
        fragments(&message.into(), self.fragment).try_for_each(|fragment| Ok(sender.send_fragment(fragment)?))
    }
}

/// A message cut into fragments of `size` bytes.
pub(crate) fn fragments(message: &Message, size: usize) -> impl Iterator<Item = Fragment> {
    let (kind, payload): (_, Bytes) = (message.kind(), message.clone().into_bytes());
    let count = payload.len().div_ceil(size).max(1);
    (0..count).map(move |at| {
        let piece = at * size..payload.len().min((at + 1) * size);
        Fragment { kind, payload: payload.slice(piece), last: at + 1 == count }
    })
}
