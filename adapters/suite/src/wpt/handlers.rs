//! The WPT server's handlers, `websockets/handlers/*_wsh.py`, by the paths that have their names.

use super::client::{Client, Passive, Request};
use crate::peer::{close_payload, frame};
use sansws_core::frame::{Opcode, Role};
use sansws_core::handshake::Rejection;
use sansws_core::web::Url;
use sansws_core::{CloseFrame, Message};
use std::io::{self, ErrorKind};
use std::thread;
use std::time::{Duration, Instant};

/// What makes an echo server close.
const GOODBYE: &str = "Goodbye";

/// The path decides who serves a client.
pub(super) fn handle(client: Request) -> io::Result<()> {
    match client.path() {
        "/basic_auth" => basic_auth(client),
        "/delayed-passive-close" => passive_close(client, Passive::EchoLate),
        "/echo" => echo(client),
        "/echo-query" => echo_query(client),
        "/echo_close_data" => echo_close_data(client),
        "/echo_exit" => echo_exit(client),
        "/echo_raw" => echo_raw(client),
        "/empty-message" => empty_message(client),
        "/handshake_no_extensions" => client.plain().accept()?.finish(),
        "/handshake_no_protocol" => client.accept()?.finish(),
        "/handshake_protocol" => client.accept_with("Sec-WebSocket-Protocol: foobar\r\n")?.finish(),
        "/handshake_sleep_2" | "/sleep_10_v13" => late(client),
        "/invalid" => invalid(client),
        "/origin" => header(client, "Origin"),
        "/passive-close-abort" => passive_close(client, Passive::Abort),
        "/protocol" | "/protocol_array" => protocol(client),
        "/receive-backpressure" => receive_backpressure(client),
        "/receive-many-with-backpressure" => receive_many_with_backpressure(client),
        "/redirect" => redirect(client),
        "/referrer" => header(client, "Referer"),
        "/remote-close" => remote_close(client),
        "/send-backpressure" => send_backpressure(client),
        "/simple_handshake" => simple_handshake(client),
        "/wrong_accept_key" => wrong_accept_key(client),
        _ => client.reject(&Rejection::new(404)),
    }
}

fn basic_auth(client: Request) -> io::Result<()> {
    if client.header("Authorization") == Some("Basic Zm9vOmJhcg==") {
        return client.accept()?.finish();
    }
    let rejection = Rejection::new(401).header("WWW-Authenticate", "Basic realm=\"camelot\"");
    client.reject(&rejection.map_err(io::Error::other)?)
}

fn echo(client: Request) -> io::Result<()> {
    let offered = client.protocols().iter().any(|protocol| protocol == "echo");
    let mut client = if offered { client.choose("echo")? } else { client }.accept()?;
    client.passive = Passive::Echo;
    while let Some(message) = client.receive()? {
        let is_last = message.as_text() == Some(GOODBYE);
        client.send(message)?;
        if is_last {
            break;
        }
    }
    client.finish()
}

/// Without the `?`.
fn echo_query(client: Request) -> io::Result<()> {
    let query = client.query().to_owned();
    say(client, query)
}

/// The original means to echo after its Close frame, and returns before. This one does.
fn echo_close_data(client: Request) -> io::Result<()> {
    let mut client = client.accept()?;
    wait_for_goodbye(&mut client)?;
    client.write_close(Some(CloseFrame::new(1000, "")))?;
    client.write(frame(Role::Server, Opcode::Text, true, GOODBYE.as_bytes()))?;
    while client.receive()?.is_some() {}
    client.finish()
}

fn echo_exit(client: Request) -> io::Result<()> {
    let mut client = client.accept()?;
    wait_for_goodbye(&mut client)?;
    client.finish()
}

/// Echoes nothing.
fn wait_for_goodbye(client: &mut Client) -> io::Result<()> {
    while let Some(message) = client.receive()? {
        if message.as_text() == Some(GOODBYE) {
            return Ok(());
        }
    }
    Err(ErrorKind::UnexpectedEof.into())
}

/// Payloads outside of frames.
fn echo_raw(client: Request) -> io::Result<()> {
    let mut client = client.accept()?;
    while let Some(message) = client.receive()? {
        if message.as_bytes() == b"exit" {
            break;
        }
        client.write(message.as_bytes())?;
    }
    client.finish()
}

fn empty_message(client: Request) -> io::Result<()> {
    let mut client = client.accept()?;
    let Some(message) = client.receive()? else { return client.finish() };
    client.send(if message == Message::from("") { "pass" } else { "fail" })?;
    client.finish()
}

/// Answers on cue.
fn late(client: Request) -> io::Result<()> {
    client.cue.wait()?;
    client.accept()?.finish()
}

fn invalid(mut client: Request) -> io::Result<()> {
    client.write("FOO BAR BAZ\r\n\r\n")?;
    client.accept()?.finish()
}

fn header(client: Request, name: &str) -> io::Result<()> {
    let value = client.header(name).unwrap_or("MISSING AS PER FETCH").to_owned();
    say(client, value)
}

/// Waits for the client to close.
fn passive_close(client: Request, passive: Passive) -> io::Result<()> {
    let mut client = client.accept()?;
    client.passive = passive;
    while client.receive()?.is_some() {}
    client.finish()
}

/// The first that is offered, if not the only one.
fn protocol(client: Request) -> io::Result<()> {
    let protocol = client.protocols().into_iter().next().unwrap_or_default();
    say(client.choose(&protocol)?, protocol)
}

fn say(client: Request, text: String) -> io::Result<()> {
    let mut client = client.accept()?;
    client.send(text)?;
    client.finish()
}

fn receive_backpressure(client: Request) -> io::Result<()> {
    let mut client = client.plain().accept()?;
    client.cue.wait()?;
    client.receive()?;
    client.finish()
}

fn receive_many_with_backpressure(client: Request) -> io::Result<()> {
    let mut client = client.plain().accept()?;
    while let Some(message) = client.receive()? {
        thread::sleep(Duration::from_millis(10));
        client.send(message.len().to_string())?;
    }
    client.finish()
}

/// Of the HTTP server: `redirect_response.py`.
fn redirect(client: Request) -> io::Result<()> {
    let rejection = Rejection::new(301).header("Location", "/echo");
    client.reject(&rejection.map_err(io::Error::other)?)
}

fn remote_close(client: Request) -> io::Result<()> {
    let url = Url::parse(&format!("ws://localhost/?{}", client.query())).map_err(io::Error::other)?;
    let parameter = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let mut client = client.accept()?;
    if parameter("abrupt").is_some() {
        return client.ping();
    }
    let code: Option<u16> = parameter("code").map(|code| code.parse()).transpose().map_err(io::Error::other)?;
    let reason = parameter("reason").unwrap_or_default();
    client.close(code.map(|code| CloseFrame::new(code, reason)))
}

fn send_backpressure(client: Request) -> io::Result<()> {
    let mut client = client.plain().accept()?;
    client.send(Vec::new())?;
    let start = Instant::now();
    for _ in 0..16 {
        client.send(vec![b' '; 1 << 20])?;
    }
    client.cue.done();
    client.send(start.elapsed().as_secs_f64().to_string())?;
    client.finish()
}

/// An answer and a Close frame in one, and then as many bytes as the Close frame and a mask have: a client that leaves the
/// reason out of its own is waited for until it goes.
fn simple_handshake(mut client: Request) -> io::Result<()> {
    let close = frame(Role::Server, Opcode::Close, true, &close_payload(1001, "PASS"));
    client.write([client.head("").as_bytes(), &close].concat())?;
    client.read_exact(close.len() + 4)
}

fn wrong_accept_key(mut client: Request) -> io::Result<()> {
    client.write(
        "HTTP/1.1 101 Switching Protocols:\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\
         Sec-WebSocket-Accept: thisisawrongacceptkey\r\n\r\n",
    )?;
    let mut client = client.accept()?;
    client.send("test")?;
    client.finish()
}
