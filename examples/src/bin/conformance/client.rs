//! Clients on any runtime: one that obeys standard input, and one that says hello.

use crate::{Client, Once, config, echo, lines, pattern};
use futures_util::StreamExt;
use futures_util::future::join_all;
use sansws_core::{CloseCode, CloseFrame, Event, Kind, Message};
use sansws_driver::{Clock, Connect, Connector, Error, Transport, WsStream, until};
use serde_json::{Value, json};
use std::process::ExitCode;
use std::time::Duration;

pub(crate) const MAX_MESSAGE: u64 = 64 << 20;

/// The longest text that is printed whole.
const PRINTED: usize = 1024;

/// Connects, sends `hello`, waits for one message, closes; all within half a minute.
pub(crate) async fn once<R: Connect>(args: &Once) -> ExitCode {
    let mut clock = R::Clock::default();
    let deadline = clock.now() + Duration::from_secs(30);
    let conversation = async {
        let (mut ws, _) = Connector::<R>::new().connect(&args.url).await?;
        ws.send("hello").await?;
        let answer = ws.next().await.transpose()?;
        ws.close(CloseCode::NORMAL).await?;
        Ok::<_, Error>(answer)
    };
    match until(&mut clock, deadline, conversation).await {
        Some(Ok(Some(_))) => return ExitCode::SUCCESS,
        Some(Ok(None)) => eprintln!("closed without a message"),
        Some(Err(error)) => eprintln!("{error}"),
        None => eprintln!("no answer within 30 s"),
    }
    ExitCode::FAILURE
}

/// What to wait for after a command.
#[derive(PartialEq)]
pub(crate) enum Wait {
    Message,
    Pong,
    Close,
}

/// Obeys the lines of standard input.
pub(crate) async fn run<R: Connect>(args: &Client) -> ExitCode {
    let connector = Connector::<R>::new().config(config(MAX_MESSAGE, args.deflate)).protocols(args.protocols.clone());
    let (mut ws, response) = match connector.connect(&args.url).await {
        Ok(opened) => opened,
        Err(error) => {
            print(&json!({"event": "error", "message": error.to_string()}));
            return ExitCode::FAILURE;
        }
    };
    let extensions = response.headers().get("Sec-WebSocket-Extensions").unwrap_or_default();
    print(&json!({"event": "open", "protocol": ws.protocol().unwrap_or_default(), "extensions": extensions}));

    let mut lines = lines::lines();
    loop {
        let line = lines.next().await.unwrap_or_else(|| "close 1000".into());
        let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
        let result = match word {
            "abort" => {
                drop(ws);
                print(&json!({"event": "aborted"}));
                return ExitCode::SUCCESS;
            }
            "flood" => {
                flood(&connector, &args.url, rest).await;
                continue;
            }
            _ => command(&mut ws, word, rest).await,
        };
        match result {
            Ok(Some(wait)) => {
                let (event, ended) = next(&mut ws, &wait).await;
                print(&event);
                if ended {
                    return ExitCode::SUCCESS;
                }
            }
            Ok(None) => print(&json!({"event": "unsupported"})),
            Err(error) if is_end(&error) => {
                print(&closed(ws.close_frame(), ws.is_clean()));
                return ExitCode::SUCCESS;
            }
            Err(error) => {
                print(&json!({"event": "error", "message": error.to_string()}));
                return ExitCode::SUCCESS;
            }
        }
    }
}

/// Whether this is how a connection ends, rather than something that the command got wrong.
pub(crate) fn is_end(error: &Error) -> bool {
    match error {
        Error::Send(_) => error.is_closed(),
        _ => true,
    }
}

/// Does what a command says. `None`: there is no such command.
async fn command<T: Transport, C: Clock>(
    ws: &mut WsStream<T, C>,
    word: &str,
    rest: &str,
) -> Result<Option<Wait>, Error> {
    let words: Vec<&str> = rest.split(' ').collect();
    match (word, &words[..]) {
        ("text" | "binary", [len]) => {
            let Some(message) = generated(word, len) else { return Ok(None) };
            ws.send(message).await?;
            Ok(Some(Wait::Message))
        }
        ("say", _) => {
            ws.send(rest).await?;
            Ok(Some(Wait::Message))
        }
        ("fragment", [kind, len, size]) => {
            let (Some(message), Ok(size @ 1..)) = (generated(kind, len), size.parse()) else { return Ok(None) };
            for fragment in echo::fragments(&message, size) {
                ws.send_fragment(fragment).await?;
            }
            Ok(Some(Wait::Message))
        }
        ("ping", _) => {
            ws.ping(rest.as_bytes()).await?;
            Ok(Some(Wait::Pong))
        }
        ("close", _) => {
            let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
            match code.parse::<u16>() {
                Ok(code) => ws.start_close(CloseFrame::new(code, reason))?,
                Err(_) if rest.is_empty() => ws.start_close(None)?,
                Err(_) => return Ok(None),
            }
            Ok(Some(Wait::Close))
        }
        _ => Ok(None),
    }
}

/// A message of the pattern.
pub(crate) fn generated(kind: &str, len: &str) -> Option<Message> {
    let kind = match kind {
        "text" => Kind::Text,
        "binary" => Kind::Binary,
        _ => return None,
    };
    Some(pattern::message(kind, len.parse().ok()?))
}

/// The event that was waited for, and whether it is the last.
async fn next<T: Transport, C: Clock>(ws: &mut WsStream<T, C>, wait: &Wait) -> (Value, bool) {
    loop {
        match ws.next_event().await {
            Some(Ok(Event::Message(message))) if *wait == Wait::Message => return (described(&message), false),
            Some(Ok(Event::Pong(payload))) if *wait == Wait::Pong => {
                return (json!({"event": "pong", "payload": String::from_utf8_lossy(&payload)}), false);
            }
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return (closed(ws.close_frame(), ws.is_clean()), true),
        }
    }
}

pub(crate) fn described(message: &Message) -> Value {
    let bytes = message.as_bytes();
    let adler32 = adler2::adler32_slice(bytes);
    match message {
        Message::Text(text) if bytes.len() <= PRINTED => {
            json!({"event": "message", "type": "text", "bytes": bytes.len(), "adler32": adler32, "text": &**text})
        }
        Message::Text(_) => json!({"event": "message", "type": "text", "bytes": bytes.len(), "adler32": adler32}),
        Message::Binary(_) => json!({"event": "message", "type": "binary", "bytes": bytes.len(), "adler32": adler32}),
    }
}

/// How the connection ended, as WHATWG's close event says it.
pub(crate) fn closed(frame: Option<&CloseFrame>, is_clean: bool) -> Value {
    let (code, reason) = match frame {
        Some(frame) => (frame.code, &*frame.reason),
        None if is_clean => (CloseCode::NO_STATUS, ""),
        None => (CloseCode::ABNORMAL, ""),
    };
    json!({"event": "close", "code": code.0, "reason": reason, "clean": is_clean})
}

/// Opens connections all at once; each echoes one text.
async fn flood<R: Connect>(connector: &Connector<R>, url: &str, rest: &str) {
    let mut words = rest.split(' ').map(str::parse::<usize>);
    let (Some(Ok(count)), Some(Ok(len))) = (words.next(), words.next()) else {
        return print(&json!({"event": "unsupported"}));
    };
    let message = pattern::message(Kind::Text, len);
    let opened = join_all((0..count).map(|_| connector.connect(url))).await;
    let mut connections: Vec<_> = opened.into_iter().filter_map(Result::ok).map(|(ws, _)| ws).collect();
    let echoes = connections.iter_mut().map(async |ws| {
        ws.send(message.clone()).await.ok()?;
        let echo = ws.next().await?.ok()?;
        (echo == message).then_some(())
    });
    let ok = join_all(echoes).await.into_iter().flatten().count();
    let closing = connections.iter_mut().map(|ws| ws.close(CloseCode::NORMAL));
    drop(join_all(closing).await);
    print(&json!({"event": "flood", "opened": connections.len(), "ok": ok}));
}

pub(crate) fn print(event: &Value) {
    println!("{event}"); // line by line, since a person or a script waits for it
}
