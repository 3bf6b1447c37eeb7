//! `WebSocketStream`: what becomes of its promises. Each is shown as a word, and a code if there is one.

mod closing;
mod errors;
mod laws;
mod opening;
mod reading;
mod writing;

use super::*;
use core::task::Poll;

impl Wired for WebSocketStream {
    fn wire(&mut self) -> &mut WebSocket {
        self.socket()
    }
}

fn stream() -> WebSocketStream {
    WebSocketStream::new(URL, StreamOptions::default()).unwrap()
}

fn open() -> Pair<WebSocketStream> {
    let mut pair = Pair::connected(stream());
    assert_eq!(opened(&mut pair.socket), "open");
    pair
}

fn opened(wss: &mut WebSocketStream) -> String {
    promise(wss.opened(), |()| "open".into())
}

fn closed(wss: &mut WebSocketStream) -> String {
    promise(wss.closed(), |info| format!("{} {:?}", info.close_code.unwrap(), info.reason))
}

fn promise<T>(poll: Poll<Result<T, Rejected>>, show: impl FnOnce(T) -> String) -> String {
    match poll {
        Poll::Pending => "pending".into(),
        Poll::Ready(Ok(value)) => show(value),
        Poll::Ready(Err(Rejected::Aborted(reason))) => format!("aborted {reason}"),
        Poll::Ready(Err(Rejected::WebSocket(error))) => show_error(&error),
    }
}

fn show_error(error: &WebSocketError) -> String {
    format!("error {} {:?}", error.close_code().unwrap(), error.reason())
}

fn read(wss: &mut WebSocketStream) -> String {
    match wss.read() {
        Poll::Pending => "pending".into(),
        Poll::Ready(None) => "done".into(),
        Poll::Ready(Some(Ok(Message::Text(text)))) => format!("text {text}"),
        Poll::Ready(Some(Ok(Message::Binary(bytes)))) => format!("bytes {}", bytes.len()),
        Poll::Ready(Some(Err(error))) => show_error(&error),
    }
}

fn write(poll: Poll<Result<(), WriteError>>) -> &'static str {
    match poll {
        Poll::Pending => "pending",
        Poll::Ready(Ok(())) => "ok",
        Poll::Ready(Err(error)) => error.name(),
    }
}

/// What `closed` rejected with.
fn rejection(wss: &mut WebSocketStream) -> WebSocketError {
    let Poll::Ready(Err(Rejected::WebSocket(error))) = wss.closed() else { panic!("{}", closed(wss)) };
    error
}
