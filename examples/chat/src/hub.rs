//! [`Hub`]: all rooms of this process, and what it tells the others.

use crate::broker::{Envelope, News};
use crate::protocol::{FromPage, Id, ToPage, now, tidy};
use crate::room::{Room, Tell};
use sansws_tokio::{CloseFrame, Error, Prepared};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Whom a WebSocket belongs to, as a sender for it.
pub(crate) type Sender = sansws_tokio::Sender<crate::http::Upgraded>;

/// How long a process counts that is not heard of.
const FORGOTTEN: Duration = Duration::from_secs(10);

impl Tell for Sender {
    fn tell(&self, message: &Prepared) -> bool {
        !self.try_feed_prepared(message).as_ref().is_err_and(Error::is_would_block) // one that is closed leaves by itself
    }

    fn close(&self, frame: CloseFrame) {
        let sender = self.clone();
        tokio::spawn(async move { sender.close(frame).await });
    }
}

/// All rooms of this process, and what it tells the others.
pub(crate) struct Hub {
    /// What this process is known by; also the upper half of its users' numbers.
    process: u64,
    next: AtomicU64,
    rooms: Mutex<HashMap<String, Room<Sender>>>,
    /// To the broker, if there is one. What does not fit is not told: the next heartbeat is.
    outgoing: Option<mpsc::Sender<Envelope>>,
}

impl Hub {
    pub(crate) fn new(outgoing: Option<mpsc::Sender<Envelope>>) -> Arc<Self> {
        let process = u64::from(rand::random::<u32>() >> 12); // JavaScript is exact up to 2⁵³
        Arc::new(Self { process, next: AtomicU64::new(1), rooms: Mutex::default(), outgoing })
    }

    /// Somebody has come in, and is told so.
    pub(crate) fn enter(self: &Arc<Self>, room: String, sender: Sender) -> Guest {
        let id = (self.process << 32) | self.next.fetch_add(1, Ordering::Relaxed);
        let mut rooms = self.rooms();
        let entered = rooms.entry(room.clone()).or_default();
        entered.join(id, sender);
        entered.tell(id, &ToPage::Id { id, date: now() });
        drop(rooms);
        Guest { hub: Arc::clone(self), room, id }
    }

    /// Another process has said something.
    pub(crate) fn hear(&self, Envelope { process, room, news }: Envelope) {
        if process == self.process {
            return;
        }
        match news {
            News::Who => self.tell_presence(),
            News::Said(said) => {
                if let Some(room) = self.rooms().get_mut(&room) {
                    room.tell_all(&said);
                }
            }
            News::Present(users) => {
                let mut rooms = self.rooms();
                let Some(here) = rooms.get_mut(&room) else { return };
                here.hear(process, users, Instant::now());
                let clashes = here.clashes(self.process);
                for (id, name) in &clashes {
                    rename(here, *id, name);
                }
                here.show_users(None);
                if !clashes.is_empty() {
                    self.publish_presence(&room, here);
                }
            }
        }
    }

    /// Now and then: says who is here, and forgets who is not heard of.
    pub(crate) fn beat(&self) {
        self.tell_presence();
        if let Some(then) = Instant::now().checked_sub(FORGOTTEN) {
            for room in self.rooms().values_mut() {
                room.forget(then);
                room.show_users(None);
            }
        }
    }

    /// The broker is there (again): says who is here, and asks who is there.
    pub(crate) fn connected(&self) {
        self.publish("", News::Who);
        self.tell_presence();
    }

    fn tell_presence(&self) {
        for (name, room) in &*self.rooms() {
            self.publish_presence(name, room);
        }
    }

    fn publish_presence(&self, name: &str, room: &Room<Sender>) {
        self.publish(name, News::Present(room.local().collect()));
    }

    fn publish(&self, room: &str, news: News) {
        if let Some(outgoing) = &self.outgoing {
            let _ = outgoing.try_send(Envelope { process: self.process, room: room.to_owned(), news });
        }
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<String, Room<Sender>>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives somebody a name, and says so if it is not the one that was wanted.
fn rename(room: &mut Room<Sender>, id: Id, wanted: &str) -> Option<String> {
    let name = room.log_in(id, wanted)?;
    if name != wanted {
        room.tell(id, &ToPage::RejectUsername { id, name: name.clone(), date: now() });
    }
    Some(name)
}

/// Somebody who is in a room until this is dropped.
pub(crate) struct Guest {
    hub: Arc<Hub>,
    room: String,
    id: Id,
}

impl Guest {
    /// The page has said something.
    pub(crate) fn say(&self, said: FromPage) {
        let (hub, id) = (&*self.hub, self.id);
        let mut rooms = hub.rooms();
        let Some(room) = rooms.get_mut(&self.room) else { return };
        match said {
            FromPage::Username { name } => {
                let Some(name) = rename(room, id, &tidy(&name)) else { return };
                hub.publish_presence(&self.room, room);
                self.news(room, ToPage::Username { id, name, date: now() });
                room.show_users(Some(id));
            }
            FromPage::Message { text } => {
                let Some(name) = room.name(id).map(str::to_owned) else { return }; // not logged in
                self.news(room, ToPage::Message { id, name, text, date: now() });
            }
        }
    }

    /// Tells everybody in the room, here and elsewhere.
    fn news(&self, room: &mut Room<Sender>, news: ToPage) {
        room.tell_all(&news);
        self.hub.publish(&self.room, News::Said(news));
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut rooms = self.hub.rooms();
        let Some(room) = rooms.get_mut(&self.room) else { return };
        room.leave(self.id);
        room.show_users(None);
        self.hub.publish_presence(&self.room, room);
        if room.is_empty() {
            rooms.remove(&self.room);
        }
    }
}
