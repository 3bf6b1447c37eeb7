//! What users do who have a half.

use super::ends::{ACTS, User, WAIT, is_legal, message, rest};
use super::frames::PING;
use super::network::Endpoint;
use super::support::time::Manual;
use futures_util::SinkExt;
use sansws_core::{Fragment, SendError, Sender as CoreSender};
use sansws_driver::{Clock, Reader, Sender, Writer};
use std::cell::Cell;
use std::time::Duration;

impl User {
    pub(crate) async fn reads(mut self, mut reader: Reader<Endpoint, Manual>) {
        for _ in 0..self.random.below(ACTS) {
            match self.random.below(3) {
                0 => {
                    let patience = self.does("next_event").for_hearing();
                    if let Some(next) = patience.wait(reader.next_event()).await {
                        self.hears_next_event(next);
                    }
                }
                1 if !self.model.borrow().pieces => {
                    let patience = self.does("next").for_hearing();
                    if let Some(next) = patience.wait(reader.next()).await {
                        self.hears_next(next);
                    }
                }
                _ => self.sleeps().await,
            }
            self.looks_by(&reader);
        }
        let mut drops = self.random.one_in(8);
        let deadline = Manual::default().now() + WAIT;
        while !self.model.borrow().is_over() && !drops {
            let sender = reader.sender();
            let most = if sender.is_open() { rest(deadline) } else { Duration::MAX };
            match self.goes_on("next_event", most).for_hearing().wait(reader.next_event()).await {
                Some(next) => self.hears_next_event(next),
                None => {
                    let most = Duration::from_secs(1); // and reads on, since the peer may wait for that
                    self.closes_by(&sender, most).await;
                }
            }
            self.looks_by(&reader);
            drops = self.random.one_in(200);
        }
        self.does("drops the reader");
        drop(reader);
        self.model.borrow_mut().is_deaf();
    }

    fn looks_by(&self, reader: &Reader<Endpoint, Manual>) {
        self.model.borrow_mut().sees_clean(reader.is_clean(), reader.close_frame().as_ref());
    }

    pub(crate) async fn writes(mut self, mut writer: Writer<Endpoint, Manual>) {
        self.talks(&writer).await;
        while self.message.is_none() && self.random.one_in(2) {
            let (kind, payload, ..) = self.frame();
            let frame = (kind, payload, true, true);
            let said = self.says(&frame);
            let sent =
                self.does("send as a sink").for_sending().wait(SinkExt::send(&mut writer, message(&frame))).await;
            self.settles(said, sent);
        }
        if !self.random.one_in(8) {
            self.closes_by(&writer, Duration::MAX).await;
        }
        self.does("drops the writer");
    }

    pub(crate) async fn sends(mut self, sender: Sender<Endpoint, Manual>) {
        self.talks(&sender).await;
    }

    async fn talks(&mut self, sender: &Sender<Endpoint, Manual>) {
        for _ in 0..self.random.below(ACTS) {
            match self.random.below(10) {
                0..=4 => self.sends_by(sender).await,
                5 => {
                    let payload = self.model.borrow().payload(PING, &mut self.random);
                    let said = self.model.borrow_mut().says(self.task, PING, true, &payload);
                    let patience = self.does("ping").for_sending();
                    let sent = patience.wait(sender.ping(&payload)).await;
                    self.settles(said, sent);
                }
                6 => {
                    let queued = self.model.borrow().queued();
                    let patience = self.does("flush").for_sending();
                    match patience.wait(sender.flush()).await {
                        Some(Ok(())) => self.model.borrow().flushed(&queued),
                        Some(Err(error)) => self.fails(error),
                        None => {}
                    }
                }
                _ => {
                    self.sleeps().await;
                }
            }
            self.model.borrow_mut().sees_open(sender.is_open());
        }
    }

    async fn sends_by(&mut self, sender: &Sender<Endpoint, Manual>) {
        let frame = self.frame();
        let (kind, payload, begins, last) = frame.clone();
        let said = self.says(&frame);
        let patience = self.does("send").for_sending();
        if begins && last {
            let sent = match self.random.below(3) {
                0 => patience.wait(sender.send(message(&frame))).await,
                1 => patience.wait(sender.feed(message(&frame))).await,
                _ => Some(sender.try_feed(message(&frame))),
            };
            return self.settles(said, sent);
        }
        let queued = Cell::new(false);
        let send = |sender: &mut CoreSender| -> Result<(), SendError> {
            sender.send_fragment(Fragment { kind, payload: payload.into(), last })?;
            queued.set(true);
            Ok(())
        };
        let sent = patience.wait(sender.send_with(send)).await;
        self.model.borrow_mut().settle(said, queued.get());
        if queued.get() {
            self.message = (!last).then_some(kind);
        }
        if let Some(Err(error)) = sent {
            self.fails(error);
        }
    }

    async fn closes_by(&mut self, sender: &Sender<Endpoint, Manual>, most: Duration) {
        let frame = self.close_frame().filter(|frame| is_legal(Some(frame)));
        self.model.borrow_mut().closes(frame.as_ref(), sender.is_open());
        if let Some(Err(error)) = self.goes_on("close", most).for_sending().wait(sender.close(frame)).await {
            self.fails(error);
        }
    }
}
