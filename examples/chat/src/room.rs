//! [`Room`]: who is in a room, here and in other processes, and what they are told.

use crate::protocol::{Id, ToPage};
use sansws_tokio::{CloseFrame, Prepared};
use std::collections::BTreeMap;
use std::time::Instant;

/// How somebody here is told something.
pub(crate) trait Tell {
    /// Queues it, if there is room.
    fn tell(&self, message: &Prepared) -> bool;

    /// Closes the connection, behind what is queued.
    fn close(&self, frame: CloseFrame);
}

/// Somebody who is connected to this process.
struct Member<T> {
    tell: T,
    /// `None` until the user has logged in.
    name: Option<String>,
}

/// Who is connected to another process, as that said last.
struct Remote {
    users: BTreeMap<Id, String>,
    heard: Instant,
}

/// A room.
pub(crate) struct Room<T> {
    members: BTreeMap<Id, Member<T>>,
    remotes: BTreeMap<u64, Remote>,
    /// What was shown last, so that nobody is told what has not changed.
    shown: Vec<String>,
}

impl<T> Default for Room<T> {
    fn default() -> Self {
        Self { members: BTreeMap::new(), remotes: BTreeMap::new(), shown: Vec::new() }
    }
}

impl<T: Tell> Room<T> {
    pub(crate) fn join(&mut self, id: Id, tell: T) {
        self.members.insert(id, Member { tell, name: None });
    }

    pub(crate) fn leave(&mut self, id: Id) {
        self.members.remove(&id);
    }

    /// Whether nobody is in it, and so nothing is to be remembered.
    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The name of somebody here who has logged in.
    pub(crate) fn name(&self, id: Id) -> Option<&str> {
        self.members.get(&id)?.name.as_deref()
    }

    /// Gives a name to somebody here: the one that is wanted, or if that is taken, with a number behind it.
    pub(crate) fn log_in(&mut self, id: Id, wanted: &str) -> Option<String> {
        if !self.members.contains_key(&id) {
            return None;
        }
        let taken = |name: &str| self.users().any(|(other, user)| other != id && same(user, name));
        let numbered = (1..).map(|n| format!("{wanted}{n}"));
        let name = std::iter::once(wanted.to_owned()).chain(numbered).find(|name| !taken(name))?;
        self.members.get_mut(&id)?.name = Some(name.clone());
        Some(name)
    }

    /// Those here whose name somebody in another process has had for longer: of two processes that give away one name at
    /// the same time, the one with the lower number keeps it.
    pub(crate) fn clashes(&self, process: u64) -> Vec<(Id, String)> {
        let older = self.remotes.iter().filter(|(other, _)| **other < process).flat_map(|(_, remote)| &remote.users);
        let older: Vec<&String> = older.map(|(_, name)| name).collect();
        self.local().filter(|(_, name)| older.iter().any(|other| same(other, name))).collect()
    }

    /// Who is here and has logged in.
    pub(crate) fn local(&self) -> impl Iterator<Item = (Id, String)> {
        self.members.iter().filter_map(|(id, member)| Some((*id, member.name.clone()?)))
    }

    /// Another process has said who is there.
    pub(crate) fn hear(&mut self, process: u64, users: BTreeMap<Id, String>, now: Instant) {
        if users.is_empty() {
            self.remotes.remove(&process);
        } else {
            self.remotes.insert(process, Remote { users, heard: now });
        }
    }

    /// Forgets processes that were last heard before `then`.
    pub(crate) fn forget(&mut self, then: Instant) {
        self.remotes.retain(|_, remote| remote.heard >= then);
    }

    /// Tells one of those here.
    pub(crate) fn tell(&mut self, id: Id, message: &ToPage) {
        self.tell_if(message, |other| other == id);
    }

    /// Tells all here.
    pub(crate) fn tell_all(&mut self, message: &ToPage) {
        self.tell_if(message, |_| true);
    }

    /// Shows everybody the list of users, if it has changed. To `newcomer`, it is shown anyway.
    pub(crate) fn show_users(&mut self, newcomer: Option<Id>) {
        let mut users: Vec<String> = self.users().map(|(_, name)| name.to_owned()).collect();
        users.sort_by_cached_key(|name| name.to_lowercase());
        let list = ToPage::UserList { users: users.clone() };
        if self.shown != users {
            self.shown = users;
            self.tell_all(&list);
        } else if let Some(id) = newcomer {
            self.tell(id, &list);
        }
    }

    fn users(&self) -> impl Iterator<Item = (Id, &str)> {
        let here = self.members.iter().filter_map(|(id, member)| Some((*id, member.name.as_deref()?)));
        let there = self.remotes.values().flat_map(|remote| &remote.users).map(|(id, name)| (*id, &**name));
        here.chain(there)
    }

    /// Tells those who are meant. Whoever does not read what was said before is closed: to wait would have all others
    /// wait, and to queue without end would have the server pay.
    fn tell_if(&mut self, message: &ToPage, meant: impl Fn(Id) -> bool) {
        let message = Prepared::new(message.to_json());
        let before = self.members.len();
        self.members.retain(|id, member| {
            let told = !meant(*id) || member.tell.tell(&message);
            if !told {
                member.tell.close(CloseFrame::new(1013, "too slow to read what is said"));
            }
            told
        });
        if self.members.len() < before {
            self.show_users(None);
        }
    }
}

/// Whether people would take them for the same.
fn same(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::rc::Rc;
    use std::time::Duration;

    /// What somebody was told, and with which code it was closed.
    #[derive(Clone, Default)]
    struct Log(Rc<RefCell<(Vec<String>, Option<u16>)>>, usize);

    impl Tell for Log {
        fn tell(&self, message: &Prepared) -> bool {
            let told = &mut self.0.borrow_mut().0;
            told.push(message.message().as_text().unwrap_or_default().to_owned());
            self.1 == 0 || told.len() <= self.1
        }

        fn close(&self, frame: CloseFrame) {
            self.0.borrow_mut().1 = Some(frame.code.0);
        }
    }

    fn users(log: &Log) -> String {
        let told = &log.0.borrow().0;
        told.iter().rev().find(|told| told.contains("userlist")).cloned().unwrap_or_default()
    }

    #[test]
    fn a_taken_name_gets_a_number() {
        let mut room = Room::default();
        for id in 1..=3 {
            room.join(id, Log::default());
        }
        assert_eq!(room.log_in(1, "Ada").as_deref(), Some("Ada"));
        assert_eq!(room.log_in(2, "ada").as_deref(), Some("ada1"));
        assert_eq!(room.log_in(3, "ADA").as_deref(), Some("ADA2"));
        assert_eq!(room.log_in(3, "Ada1").as_deref(), Some("Ada11"));
        assert_eq!(room.log_in(1, "Ada").as_deref(), Some("Ada"), "one's own is not taken");
        assert_eq!(room.log_in(9, "Eve"), None);
    }

    #[test]
    fn users_of_all_processes() {
        let (mut room, ada) = (Room::default(), Log::default());
        let now = Instant::now();
        room.join(1, ada.clone());
        room.log_in(1, "Ada");
        room.hear(7, BTreeMap::from([(70, "Bob".into())]), now);
        room.show_users(None);
        assert_eq!(users(&ada), r#"{"type":"userlist","users":["Ada","Bob"]}"#);
        let told = ada.0.borrow().0.len();
        room.show_users(None);
        assert_eq!(ada.0.borrow().0.len(), told, "nothing has changed");
        room.show_users(Some(1));
        assert_eq!(ada.0.borrow().0.len(), told + 1);
        room.forget(now + Duration::from_secs(1));
        room.show_users(None);
        assert_eq!(users(&ada), r#"{"type":"userlist","users":["Ada"]}"#);
    }

    #[test]
    fn one_of_two_processes_gives_way() {
        let room = |own: Id, other: u64| {
            let mut room = Room::default();
            room.join(own, Log::default());
            room.log_in(own, "Ada");
            room.hear(other, BTreeMap::from([(99, "ada".into())]), Instant::now());
            room
        };
        assert_eq!(room(1, 5).clashes(4), [], "it has the lower number");
        assert_eq!(room(1, 4).clashes(5), [(1, "Ada".to_owned())]);
    }

    #[test]
    fn the_slow_are_closed() {
        let (mut room, slow, quick) = (Room::default(), Log(Rc::default(), 2), Log::default());
        room.join(1, slow.clone());
        room.join(2, quick.clone());
        room.log_in(1, "Slow");
        room.log_in(2, "Quick");
        room.show_users(None);
        for _ in 0..3 {
            room.tell_all(&ToPage::Message { id: 2, name: "Quick".into(), text: "hi".into(), date: 0 });
        }
        assert_eq!((slow.0.borrow().0.len(), slow.0.borrow().1), (3, Some(1013)));
        assert_eq!((quick.0.borrow().0.len(), quick.0.borrow().1), (5, None));
        assert_eq!(users(&quick), r#"{"type":"userlist","users":["Quick"]}"#);
        room.leave(2);
        assert!(room.is_empty());
    }
}
