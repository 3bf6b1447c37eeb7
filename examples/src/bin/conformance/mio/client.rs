//! Clients on mio.

use super::selector::Selector;
use crate::client::{MAX_MESSAGE, Wait, closed, described, generated, is_end, print};
use crate::{Autobahn, Client, Once, config, echo, pattern, suite};
use sansws_core::{CloseCode, CloseFrame, Event, Kind};
use sansws_mio::{Connector, Error, WsStream};
use serde_json::{Value, json};
use std::io::BufRead;
use std::time::Duration;

/// Connects, sends `hello`, waits for one message, closes; all within half a minute.
pub(crate) fn once(args: &Once) -> Result<(), Error> {
    let mut selector = Selector::new(Some(Duration::from_secs(30)))?;
    let (mut ws, _) = selector.connect(&Connector::new(), &args.url)?;
    ws.send("hello")?;
    let answer = selector.until(&mut ws, |ws| ws.next())?;
    selector.close(ws)?;
    answer.map(drop).ok_or_else(|| std::io::Error::other("closed without a message").into())
}

/// The client's part in Autobahn|Testsuite: asks how many cases there are, echoes in each, asks for the report.
pub(crate) fn autobahn(args: &Autobahn) -> Result<(), Error> {
    let mut selector = Selector::new(None)?;
    let connector = Connector::new().config(config(suite::MAX_MESSAGE, args.deflate));
    let url = args.url.trim_end_matches('/');
    let agent: String = url::form_urlencoded::byte_serialize(args.agent.as_bytes()).collect();

    let (mut ws, _) = selector.connect(&connector, &format!("{url}/getCaseCount"))?;
    let count = selector.until(&mut ws, |ws| ws.next())?;
    let count = count.and_then(|message| message.as_text()?.parse().ok()).unwrap_or(0);
    selector.close(ws)?;

    for case in 1..=count {
        let (mut ws, _) = selector.connect(&connector, &format!("{url}/runCase?case={case}&agent={agent}"))?;
        // Many cases are about what we refuse; the suite judges.
        while let Ok(true) = selector.until(&mut ws, |ws| ws.serve(|message, sender| sender.send_ref(message))) {}
    }

    let (mut ws, _) = selector.connect(&connector, &format!("{url}/updateReports?agent={agent}"))?;
    while selector.until(&mut ws, |ws| ws.next())?.is_some() {}
    Ok(())
}

/// Obeys the lines of standard input.
pub(crate) fn run(args: &Client) -> Result<(), Error> {
    let mut selector = Selector::new(None)?;
    let connector = Connector::new().config(config(MAX_MESSAGE, args.deflate)).protocols(args.protocols.clone());
    let (mut ws, response) = selector.connect(&connector, &args.url).inspect_err(|error| {
        print(&json!({"event": "error", "message": error.to_string()}));
    })?;
    let extensions = response.headers().get("Sec-WebSocket-Extensions").unwrap_or_default();
    print(&json!({"event": "open", "protocol": ws.protocol().unwrap_or_default(), "extensions": extensions}));

    let mut lines = std::io::stdin().lock().lines();
    loop {
        let line = lines.next().unwrap_or_else(|| Ok("close 1000".into()))?;
        let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
        if word == "abort" {
            drop(ws);
            print(&json!({"event": "aborted"}));
            return Ok(());
        }
        if word == "flood" {
            print(&flood(&mut selector, &connector, &args.url, rest));
            continue;
        }
        match command(&mut selector, &mut ws, word, rest) {
            Ok(Some(wait)) => {
                let (event, ended) = next(&mut selector, &mut ws, &wait);
                print(&event);
                if ended {
                    return Ok(());
                }
            }
            Ok(None) => print(&json!({"event": "unsupported"})),
            Err(error) => {
                print(&if is_end(&error) {
                    closed(ws.close_frame(), ws.is_clean())
                } else {
                    json!({"event": "error", "message": error.to_string()})
                });
                return Ok(());
            }
        }
    }
}

/// Does what a command says. `None`: there is no such command.
fn command(selector: &mut Selector, ws: &mut WsStream, word: &str, rest: &str) -> Result<Option<Wait>, Error> {
    let words: Vec<&str> = rest.split(' ').collect();
    let wait = match (word, &words[..]) {
        ("text" | "binary", [len]) => {
            let Some(message) = generated(word, len) else { return Ok(None) };
            selector.until(ws, |ws| ws.send(message.clone()))?;
            Wait::Message
        }
        ("say", _) => {
            selector.until(ws, |ws| ws.send(rest))?;
            Wait::Message
        }
        ("fragment", [kind, len, size]) => {
            let (Some(message), Ok(size @ 1..)) = (generated(kind, len), size.parse()) else { return Ok(None) };
            for fragment in echo::fragments(&message, size) {
                selector.until(ws, |ws| ws.send_fragment(fragment.clone()))?;
            }
            Wait::Message
        }
        ("ping", _) => {
            ws.ping(rest.as_bytes())?;
            Wait::Pong
        }
        ("close", _) => {
            let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
            match code.parse::<u16>() {
                Ok(code) => ws.close(CloseFrame::new(code, reason))?,
                Err(_) if rest.is_empty() => ws.close(None)?,
                Err(_) => return Ok(None),
            }
            Wait::Close
        }
        _ => return Ok(None),
    };
    selector.until(ws, |ws| ws.flush())?;
    Ok(Some(wait))
}

/// The event that was waited for, and whether it is the last.
fn next(selector: &mut Selector, ws: &mut WsStream, wait: &Wait) -> (Value, bool) {
    loop {
        match selector.until(ws, |ws| ws.next_event()) {
            Ok(Some(Event::Message(message))) if *wait == Wait::Message => return (described(&message), false),
            Ok(Some(Event::Pong(payload))) if *wait == Wait::Pong => {
                return (json!({"event": "pong", "payload": String::from_utf8_lossy(&payload)}), false);
            }
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => return (closed(ws.close_frame(), ws.is_clean()), true),
        }
    }
}

/// Opens many connections; each echoes one text.
fn flood(selector: &mut Selector, connector: &Connector, url: &str, rest: &str) -> Value {
    let mut words = rest.split(' ').map(str::parse::<usize>);
    let (Some(Ok(count)), Some(Ok(len))) = (words.next(), words.next()) else {
        return json!({"event": "unsupported"});
    };
    let message = pattern::message(Kind::Text, len);
    let mut open: Vec<WsStream> = (0..count).filter_map(|_| Some(selector.connect(connector, url).ok()?.0)).collect();
    let sent = open.iter_mut().filter_map(|ws| ws.send(message.clone()).ok()).count();
    let echoed = |ws: &mut WsStream| matches!(selector.until(ws, |ws| ws.next()), Ok(Some(echo)) if echo == message);
    let ok = open.iter_mut().map(echoed).filter(|ok| *ok).count().min(sent);
    let opened = open.len();
    for mut ws in open {
        let _ = ws.close(CloseCode::NORMAL);
        while let Ok(Some(_)) = selector.until(&mut ws, |ws| ws.next()) {}
    }
    json!({"event": "flood", "opened": opened, "ok": ok})
}
