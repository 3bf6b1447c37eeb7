//! What is said over the WebSocket: the JSON messages of MDN's chat application.
//!
//! | type | direction | fields |
//! |---|---|---|
//! | `id` | to the page, first of all | `id`, `date` |
//! | `username` | to the server: the name that the user wants | `id`, `name`, `date` |
//! | `username` | to the room: somebody has logged in | `id`, `name`, `date` |
//! | `rejectusername` | to the page: the name was taken, and what it became | `id`, `name`, `date` |
//! | `message` | both ways; to the room with the name of who wrote it | `id`, `name`, `text`, `date` |
//! | `userlist` | to the room, whenever it has changed | `users` |
//!
//! Dates are milliseconds since 1970, as JavaScript has them.

use serde::{Deserialize, Serialize};
use std::time::{SystemTime, UNIX_EPOCH};

/// Who is connected: unique among all processes that share a broker, and exact in JavaScript's numbers.
pub(crate) type Id = u64;

/// The longest name, in characters; of longer ones the beginning counts.
pub(crate) const LONGEST_NAME: usize = 24;

/// What the page says.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(crate) enum FromPage {
    Username { name: String },
    Message { text: String },
}

/// What the server says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(crate) enum ToPage {
    Id { id: Id, date: u64 },
    Username { id: Id, name: String, date: u64 },
    RejectUsername { id: Id, name: String, date: u64 },
    Message { id: Id, name: String, text: String, date: u64 },
    UserList { users: Vec<String> },
}

impl ToPage {
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("it has no keys but names of fields")
    }
}

/// Milliseconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A name as it is shown: without control characters and with single spaces. Empty names become «Guest».
pub(crate) fn tidy(name: &str) -> String {
    let words: Vec<&str> =
        name.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    let name: String = words.join(" ").chars().take(LONGEST_NAME).collect();
    if name.is_empty() { "Guest".into() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(tidy(" Ada \n\u{7} Lovelace "), "Ada Lovelace");
        assert_eq!(tidy("\u{a0}\t"), "Guest");
        assert_eq!(tidy(&"ä".repeat(30)), "ä".repeat(LONGEST_NAME));
    }

    #[test]
    fn as_the_page_reads_them() {
        let list = ToPage::UserList { users: vec!["Ada".into()] };
        assert_eq!(list.to_json(), r#"{"type":"userlist","users":["Ada"]}"#);
        let rejected = ToPage::RejectUsername { id: 1, name: "Ada1".into(), date: 2 };
        assert_eq!(rejected.to_json(), r#"{"type":"rejectusername","id":1,"name":"Ada1","date":2}"#);
        let said = r#"{"type":"message","text":"hi","id":7,"date":1700000000000}"#;
        assert!(matches!(serde_json::from_str(said), Ok(FromPage::Message { text }) if text == "hi"));
        assert!(serde_json::from_str::<FromPage>(r#"{"type":"userlist","users":[]}"#).is_err());
    }
}
