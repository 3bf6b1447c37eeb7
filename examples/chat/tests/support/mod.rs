//! The chat as a process, and people who talk through it. Each test uses a part.

#![allow(dead_code, reason = "see above")]

use sansws_tokio::{Connector, WsStream};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

/// A chat process.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
}

impl Server {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_chat"))
            .args(["--addr", "127.0.0.1:0", "--grace", "1"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit('/').next().unwrap().to_owned();
        Self { child, address }
    }

    /// Ends it as Ctrl-C does.
    pub(crate) fn interrupt(&mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        self.child.wait().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Somebody who is connected.
pub(crate) struct Person {
    pub(crate) ws: WsStream,
    id: Value,
}

impl Person {
    pub(crate) async fn connect(server: &Server, room: &str) -> Self {
        let url = format!("ws://{}/chat?room={room}", server.address);
        let (mut ws, _) = Connector::new().connect(&url).await.unwrap();
        let first: Value = serde_json::from_str(ws.next().await.unwrap().unwrap().as_text().unwrap()).unwrap();
        assert_eq!(first["type"], "id");
        Self { ws, id: first["id"].clone() }
    }

    /// Connects and logs in; the name may have become another one.
    pub(crate) async fn join(server: &Server, room: &str, name: &str) -> Self {
        let mut person = Self::connect(server, room).await;
        person.tell(json!({ "type": "username", "name": name })).await;
        let id = person.id.clone();
        person.hears(|said| said["type"] == "username" && said["id"] == id).await;
        person
    }

    pub(crate) async fn tell(&mut self, mut message: Value) {
        message["id"] = self.id.clone();
        message["date"] = 0.into();
        self.ws.send(message.to_string()).await.unwrap();
    }

    pub(crate) async fn say(&mut self, text: &str) {
        self.tell(json!({ "type": "message", "text": text })).await;
    }

    /// Waits until something is said that is meant.
    #[track_caller]
    pub(crate) fn hears(&mut self, meant: impl Fn(&Value) -> bool) -> impl Future<Output = Value> {
        let place = std::panic::Location::caller();
        async move {
            let listen = async {
                loop {
                    let message = self.ws.next().await.expect("the chat has closed").unwrap();
                    let said: Value = serde_json::from_str(message.as_text().unwrap()).unwrap();
                    if meant(&said) {
                        return said;
                    }
                }
            };
            tokio::time::timeout(PATIENCE, listen).await.unwrap_or_else(|_| panic!("not heard: {place}"))
        }
    }

    pub(crate) async fn hears_text(&mut self, text: &str) -> Value {
        self.hears(|said| said["text"] == text).await
    }

    pub(crate) async fn hears_users(&mut self, users: &[&str]) {
        self.hears(|said| said["users"] == json!(users)).await;
    }

    /// Reads to the end, and gives the code of the Close frame.
    pub(crate) async fn closed(&mut self) -> u16 {
        let read = async { while self.ws.next().await.is_some_and(|message| message.is_ok()) {} };
        tokio::time::timeout(PATIENCE, read).await.expect("it is not closed");
        self.ws.close_frame().expect("a Close frame").code.0
    }
}
