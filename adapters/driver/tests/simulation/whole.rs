//! What users do who have an end as a whole.

use super::ends::{ACTS, Patience, User, WAIT, Ws, is_legal, message, rest};
use super::frames::{BINARY, PING};
use super::support::time::Manual;
use futures_util::SinkExt;
use sansws_core::{EventRef, Fragment, Message, MessageRef, Sender};
use sansws_driver::{Clock, Error};
use std::time::Duration;

impl User {
    pub(crate) async fn has(mut self, mut ws: Ws) {
        if self.random.one_in(3) {
            let patience = self.goes_on("serve", Duration::from_secs(10));
            self.serves(&mut ws, patience).await;
        }
        for _ in 0..self.random.below(ACTS) {
            self.acts(&mut ws).await;
            self.looks(&ws);
            if self.random.one_in(20) {
                let (reader, writer) = ws.split();
                ws = reader.reunite(writer).expect("they belong to each other");
            }
            if self.model.borrow().is_over() {
                break;
            }
        }
        self.finishes(&mut ws).await;
        self.looks(&ws);
        if self.model.borrow().is_over() {
            assert!(ws.next().await.is_none(), "something behind the end");
            assert!(ws.send("late").await.is_err_and(|error| error.is_closed()));
        }
        self.does("drops it");
    }

    fn looks(&self, ws: &Ws) {
        let mut model = self.model.borrow_mut();
        model.sees_clean(ws.is_clean(), ws.close_frame());
        model.sees_open(ws.is_open());
    }

    async fn acts(&mut self, ws: &mut Ws) {
        match self.random.below(20) {
            0..=2 => {
                let patience = self.does("next_event").for_hearing();
                if let Some(next) = patience.wait(ws.next_event()).await {
                    self.hears_next_event(next);
                }
            }
            3 | 4 if !self.model.borrow().pieces => {
                let patience = self.does("next").for_hearing();
                if let Some(next) = patience.wait(ws.next()).await {
                    self.hears_next(next);
                }
            }
            5 if !self.model.borrow().pieces => {
                let patience = self.does("read").for_hearing();
                if let Some(read) = patience.wait(ws.read()).await {
                    self.hears_next(read.map(|message| message.map(Message::from)).transpose());
                }
            }
            6 | 7 => {
                let patience = self.does("serve");
                self.serves(ws, patience).await;
            }
            8..=13 => self.sends_one(ws).await,
            14 => {
                let payload = self.model.borrow().payload(PING, &mut self.random);
                let said = self.model.borrow_mut().says(self.task, PING, true, &payload);
                let patience = self.does("ping").for_sending();
                let sent = patience.wait(ws.ping(&payload)).await;
                self.settles(said, sent);
            }
            15 => {
                let queued = self.model.borrow().queued();
                let patience = self.does("flush").for_sending();
                match patience.wait(ws.flush()).await {
                    Some(Ok(())) => self.model.borrow().flushed(&queued),
                    Some(Err(error)) => self.fails(error),
                    None => {}
                }
            }
            16 => {
                let patience = self.does("idle").for_hearing();
                match patience.wait(ws.idle()).await {
                    Some(Ok(false)) => self.model.borrow_mut().ends(),
                    Some(Err(error)) => self.fails(error),
                    Some(Ok(true)) | None => {}
                }
            }
            17 if self.random.one_in(3) => {
                self.starts_close(ws);
            }
            18 if self.random.one_in(5) => {
                let patience = self.does("close");
                self.closes(ws, patience).await;
            }
            _ => {
                self.sleeps().await;
            }
        }
    }

    async fn serves(&mut self, ws: &mut Ws, patience: Patience) {
        let by_events = self.model.borrow().pieces || self.random.one_in(2);
        let mut random = self.random.fork();
        let this = &*self;
        let mut handle = |event: EventRef<'_>, sender: &mut Sender| {
            this.hears_event(event);
            let replies = if this.message.is_none() { random.below(3) } else { usize::MAX };
            let reply = match event {
                EventRef::Message(message) if replies == 0 => rest_of(message),
                _ if replies < 2 => MessageRef::Binary(&this.model.borrow().payload(BINARY, &mut random)),
                _ => return Ok::<_, Error>(()),
            };
            let said = this.says(&(reply.kind(), reply.as_bytes().to_vec(), true, true));
            let sent = if random.one_in(3) { sender.send(Message::from(reply)) } else { sender.send_ref(reply) };
            this.model.borrow_mut().settle(said, sent.is_ok());
            Ok(())
        };
        let served = if by_events {
            patience.wait(ws.serve_events(handle)).await
        } else {
            patience.wait(ws.serve(|message, sender| handle(EventRef::Message(message), sender))).await
        };
        match served {
            Some(Ok(())) => self.model.borrow_mut().ends(),
            Some(Err(error)) => self.fails(error),
            None => {}
        }
    }

    /// What was queued is known from the traffic, whatever became of the future.
    async fn sends_one(&mut self, ws: &mut Ws) {
        let frame = self.frame();
        let (kind, payload, begins, last) = frame.clone();
        let said = self.says(&frame);
        let before = ws.traffic().sent.payload;
        let patience = self.does("send").for_sending();
        let sent = if !(begins && last) {
            patience.wait(ws.send_fragment(Fragment { kind, payload: payload.into(), last })).await
        } else {
            match self.random.below(4) {
                0 => patience.wait(ws.send(message(&frame))).await,
                1 => patience.wait(ws.feed(message(&frame))).await,
                2 => patience.wait(SinkExt::send(ws, message(&frame))).await,
                _ => patience.wait(ws.feed_ref(MessageRef::from(&message(&frame)))).await,
            }
        };
        let queued = ws.traffic().sent.payload != before;
        assert!(queued || !matches!(sent, Some(Ok(()))), "sent and not queued");
        self.model.borrow_mut().settle(said, queued);
        if queued {
            self.message = (!last).then_some(kind);
        }
        if let Some(Err(error)) = sent {
            self.fails(error);
        }
    }

    /// Whether there was nothing illegal in it.
    fn starts_close(&mut self, ws: &mut Ws) -> bool {
        let frame = self.close_frame();
        let is_legal = is_legal(frame.as_ref());
        if is_legal {
            self.model.borrow_mut().closes(frame.as_ref(), ws.is_open());
        }
        assert_eq!(ws.start_close(frame).is_ok(), is_legal);
        is_legal
    }

    async fn closes(&mut self, ws: &mut Ws, patience: Patience) {
        let frame = self.close_frame().filter(|frame| is_legal(Some(frame)));
        self.model.borrow_mut().closes(frame.as_ref(), ws.is_open());
        self.model.borrow_mut().skips = true;
        match patience.wait(ws.close(frame)).await {
            Some(Ok(frame)) => {
                assert_eq!(frame.as_ref(), ws.close_frame());
                self.model.borrow_mut().ends();
            }
            Some(Err(error)) => self.fails(error),
            None => {}
        }
    }

    /// Comes to the end, in one of the ways there are.
    async fn finishes(&mut self, ws: &mut Ws) {
        match self.random.below(10) {
            0 => return,
            1..=3 => {
                let patience = self.goes_on("close to the end", Duration::MAX);
                self.closes(ws, patience).await;
            }
            4..=8 => while !self.starts_close(ws) {},
            _ => {}
        }
        let deadline = Manual::default().now() + WAIT;
        while !self.model.borrow().is_over() {
            let most = if ws.is_open() { rest(deadline) } else { Duration::MAX };
            match self.goes_on("next_event", most).for_hearing().wait(ws.next_event()).await {
                Some(next) => self.hears_next_event(next),
                None => while !self.starts_close(ws) {},
            }
        }
    }
}

/// All but the first character, as it is lent.
fn rest_of(message: MessageRef<'_>) -> MessageRef<'_> {
    match message {
        MessageRef::Text(text) => MessageRef::Text(text.strip_prefix(|_| true).unwrap_or_default()),
        MessageRef::Binary(bytes) => MessageRef::Binary(bytes.get(1..).unwrap_or_default()),
    }
}
