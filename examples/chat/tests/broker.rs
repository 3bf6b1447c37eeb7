//! Two chat processes over a NATS server: `nats-server` has to be installed, and so this is a feature.

#![allow(clippy::unwrap_used, missing_docs, reason = "what fails here fails the test")]

mod support;

use serde_json::json;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use support::{Person, Server};

/// A NATS server.
struct Nats(Child);

impl Nats {
    fn start(port: u16) -> Self {
        let mut child = Command::new("nats-server")
            .args(["--addr", "127.0.0.1", "--port", &port.to_string()])
            .stderr(Stdio::null())
            .spawn()
            .expect("nats-server is installed");
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(child.try_wait().unwrap().is_none(), "nats-server has ended");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self(child)
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn two_processes_are_one_chat() {
    let port = free_port();
    let nats = Nats::start(port);
    let url = format!("nats://127.0.0.1:{port}");
    let servers = [Server::start(&["--broker", &url]), Server::start(&["--broker", &url])];

    let mut ada = Person::join(&servers[0], "lobby", "Ada").await;
    let mut bob = Person::join(&servers[1], "lobby", "Bob").await;
    ada.hears_users(&["Ada", "Bob"]).await;
    bob.hears_users(&["Ada", "Bob"]).await;
    ada.say("across").await;
    assert_eq!(bob.hears_text("across").await["name"], "Ada");
    bob.say("and back").await;
    assert_eq!(ada.hears_text("and back").await["name"], "Bob");

    let mut second = Person::connect(&servers[1], "lobby").await;
    second.tell(json!({ "type": "username", "name": "ada" })).await;
    assert_eq!(second.hears(|said| said["type"] == "rejectusername").await["name"], "ada1");
    let mut eve = Person::join(&servers[1], "elsewhere", "Eve").await;

    // Without the broker, each process goes on by itself; nobody's connection ends.
    drop(nats);
    bob.say("are you there?").await;
    second.hears_text("are you there?").await;
    ada.hears_users(&["Ada"]).await; // the other process is forgotten
    ada.say("nobody here").await;
    ada.hears_text("nobody here").await;

    let _nats = Nats::start(port);
    ada.hears_users(&["Ada", "ada1", "Bob"]).await;
    bob.say("again").await;
    ada.hears_text("again").await;
    ada.say("and again").await;
    let said = bob.hears(|said| {
        assert_ne!(said["text"], "nobody here", "what was said without the broker stays there");
        said["text"] == "and again"
    });
    said.await;
    eve.say("only here").await;
    eve.hears_text("only here").await;
    for person in [ada, bob, second, eve] {
        assert!(person.ws.is_open());
    }
}

/// A process starts without its broker, and finds it later.
#[tokio::test]
async fn the_broker_may_come_later() {
    let port = free_port();
    let url = format!("nats://127.0.0.1:{port}");
    let servers = [Server::start(&["--broker", &url]), Server::start(&["--broker", &url])];
    let mut ada = Person::join(&servers[0], "", "Ada").await;
    // Both take the name; once they know of each other, one of them gives way.
    let mut other = Person::join(&servers[1], "", "Ada").await;
    let _nats = Nats::start(port);
    ada.hears(|said| said["users"] == json!(["Ada", "Ada1"])).await;
    other.hears(|said| said["users"] == json!(["Ada", "Ada1"])).await;
}
