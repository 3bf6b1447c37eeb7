//! The chat, through its WebSocket.

#![allow(clippy::unwrap_used, missing_docs, reason = "what fails here fails the test")]

mod support;

use sansws_tokio::{Connector, Error};
use serde_json::json;
use support::{Person, Server};

#[tokio::test]
async fn people_talk() {
    let server = Server::start(&[]);
    let mut ada = Person::join(&server, "lobby", " Ada  Lovelace").await;
    ada.hears_users(&["Ada Lovelace"]).await;
    let mut bob = Person::connect(&server, "lobby").await;
    bob.say("too early").await;
    bob.tell(json!({ "type": "username", "name": "ada lovelace" })).await;
    let rejected = bob.hears(|said| said["type"] == "rejectusername").await;
    assert_eq!(rejected["name"], "ada lovelace1");
    ada.hears_users(&["Ada Lovelace", "ada lovelace1"]).await;

    let mut eve = Person::join(&server, "elsewhere", "Eve").await;
    eve.say("is there anybody?").await;
    bob.say("<b>hi</b> \u{1f600}").await;
    let said = ada.hears(|said| said["type"] == "message").await;
    assert_eq!((&said["name"], &said["text"]), (&json!("ada lovelace1"), &json!("<b>hi</b> \u{1f600}")));
    assert!(said["date"].as_u64().unwrap() > 1_700_000_000_000);

    bob.ws.close(None).await.unwrap();
    ada.hears_users(&["Ada Lovelace"]).await;
}

#[tokio::test]
async fn who_does_not_keep_to_the_rules_is_closed() {
    let server = Server::start(&[]);
    let mut wordless = Person::join(&server, "", "a").await;
    wordless.ws.send("{").await.unwrap();
    assert_eq!(wordless.closed().await, 1008);
    let mut binary = Person::join(&server, "", "b").await;
    binary.ws.send(&b"{}"[..]).await.unwrap();
    assert_eq!(binary.closed().await, 1008);
    let mut verbose = Person::join(&server, "", "c").await;
    verbose.say(&"x".repeat(20_000)).await;
    assert_eq!(verbose.closed().await, 1009);
    let mut hasty = Person::join(&server, "", "d").await;
    for _ in 0..200 {
        if hasty.ws.feed(r#"{"type":"message","text":"spam"}"#).await.is_err() {
            break;
        }
    }
    assert_eq!(hasty.closed().await, 1008);
}

/// 1013, while all others hear everything.
#[tokio::test]
async fn who_does_not_read_is_closed() {
    let server = Server::start(&[]);
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap(); // what the kernel takes for it has to be full first
    let stream = socket.connect(server.address.parse().unwrap()).await.unwrap();
    let url = format!("ws://{}/chat?room=", server.address);
    let (mut slow, _) = Connector::new().connect_over(stream, &url).await.unwrap();
    slow.send(r#"{"type":"username","name":"slow"}"#).await.unwrap();

    let mut people = Vec::new();
    for n in 0..8 {
        people.push(Person::join(&server, "", &format!("p{n}")).await);
    }
    let text = "x".repeat(15_000);
    for round in 0..100 {
        let mut gone = false;
        for person in &mut people {
            person.say(&text).await;
        }
        for person in &mut people {
            for _ in 0..8 {
                let heard = person.hears(|said| said["text"] == *text || said["type"] == "userlist").await;
                gone |= heard["users"].as_array().is_some_and(|users| users.iter().all(|user| user != "slow"));
            }
        }
        if gone {
            break;
        }
        assert!(round < 99, "12 MB wait for it");
        tokio::time::sleep(std::time::Duration::from_millis(if round < 30 { 0 } else { 50 })).await;
    }
    while slow.next().await.is_some_and(|message| message.is_ok()) {}
    assert_eq!(slow.close_frame().unwrap().code.0, 1013);
}

#[tokio::test]
async fn all_are_told_that_it_ends() {
    let mut server = Server::start(&[]);
    let mut ada = Person::join(&server, "", "Ada").await;
    let closed = tokio::spawn(async move { ada.closed().await });
    assert!(tokio::task::spawn_blocking(move || server.interrupt()).await.unwrap().success());
    assert_eq!(closed.await.unwrap(), 1001);
}

#[tokio::test]
async fn http() {
    let server = Server::start(&[]);
    let refused = async |path: &str, origin: &str| {
        let url = format!("ws://{}{path}", server.address);
        let connector = Connector::new().header("Origin", origin);
        match connector.connect(&url).await {
            Err(Error::Handshake(error)) => format!("{error}"),
            other => panic!("{other:?}"),
        }
    };
    let own = format!("http://{}", server.address);
    assert!(refused("/other", &own).await.contains("404"));
    assert!(refused("/", &own).await.contains("200"));
    assert!(refused("/chat", "https://evil.example").await.contains("403"));
    let url = format!("ws://{}/chat", server.address);
    assert!(Connector::new().header("Origin", &own).connect(&url).await.is_ok());
}
