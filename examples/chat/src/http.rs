//! HTTP around the chat, by hyper: the page, and the way to its WebSocket. So this is also how to embed sansws in a web
//! framework: see `Site::upgrade`.

use crate::client;
use crate::hub::Hub;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, X_CONTENT_TYPE_OPTIONS};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use sansws_tokio::{Acceptor, Rejection};
use std::sync::Arc;

/// The stream of a request that was upgraded, as tokio has streams.
pub(crate) type Upgraded = TokioIo<hyper::upgrade::Upgraded>;

type Answer = Response<Full<Bytes>>;

/// The longest name of a room, in bytes.
const LONGEST_ROOM: usize = 64;

/// Nothing but our own files, and nothing that a message could bring.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' ws: wss:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What all requests share.
#[derive(Clone)]
pub(crate) struct Site {
    pub(crate) acceptor: Acceptor,
    pub(crate) hub: Arc<Hub>,
}

impl Site {
    pub(crate) fn answer(&self, request: Request<Incoming>) -> Answer {
        let is_get = matches!(*request.method(), Method::GET | Method::HEAD);
        match request.uri().path() {
            "/chat" => self.upgrade(request),
            _ if !is_get => text(StatusCode::METHOD_NOT_ALLOWED, "GET\n"),
            "/" => file("text/html; charset=utf-8", include_str!("page/index.html")),
            "/chat.js" => file("text/javascript; charset=utf-8", include_str!("page/chat.js")),
            "/connection.js" => file("text/javascript; charset=utf-8", include_str!("page/connection.js")),
            "/style.css" => file("text/css; charset=utf-8", include_str!("page/style.css")),
            _ => text(StatusCode::NOT_FOUND, "not found\n"),
        }
    }

    /// Turns a request into a WebSocket: the acceptor judges it and says what to answer, hyper answers, and then the
    /// stream is ours.
    fn upgrade(&self, mut request: Request<Incoming>) -> Answer {
        let target = request.uri().to_string();
        let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        let upgrade = match self.acceptor.upgrade(request.method().as_str(), &target, headers, |_| Ok(())) {
            Ok(upgrade) => upgrade,
            Err(rejection) => return rejected(&rejection),
        };
        let answer = with_headers(Response::builder().status(StatusCode::SWITCHING_PROTOCOLS), upgrade.headers());
        let (hub, room) = (Arc::clone(&self.hub), room(request.uri().query()));
        let upgrading = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            if let Ok(stream) = upgrading.await {
                client::serve(upgrade.on(TokioIo::new(stream)), &hub, room).await;
            }
        });
        answer.body(Full::default()).unwrap_or_default()
    }
}

fn rejected(rejection: &Rejection) -> Answer {
    let answer = with_headers(Response::builder().status(rejection.status()), rejection.headers());
    answer.body(Full::new(rejection.text().clone())).unwrap_or_default()
}

fn with_headers<'a>(
    answer: hyper::http::response::Builder,
    headers: impl Iterator<Item = (&'a str, &'a [u8])>,
) -> hyper::http::response::Builder {
    headers.fold(answer, |answer, (name, value)| answer.header(name, value))
}

/// The room that is asked for: `?room=NAME`, escapes as they are.
fn room(query: Option<&str>) -> String {
    let room = query.unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("room="));
    room.filter(|room| room.len() <= LONGEST_ROOM).unwrap_or_default().to_owned()
}

fn file(kind: &str, content: &'static str) -> Answer {
    with(StatusCode::OK, kind, content)
}

fn text(status: StatusCode, content: &'static str) -> Answer {
    with(status, "text/plain; charset=utf-8", content)
}

fn with(status: StatusCode, kind: &str, content: &'static str) -> Answer {
    let headers: [(HeaderName, &str); 4] = [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, "no-cache"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CONTENT_SECURITY_POLICY, POLICY),
    ];
    let answer = Response::builder().status(status);
    let answer = headers.into_iter().fold(answer, |answer, (name, value)| answer.header(name, value));
    answer.body(Full::new(Bytes::from_static(content.as_bytes()))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms() {
        assert_eq!(room(None), "");
        assert_eq!(room(Some("room=rust")), "rust");
        assert_eq!(room(Some("a=b&room=caf%C3%A9")), "caf%C3%A9");
        assert_eq!(room(Some(&format!("room={}", "x".repeat(65)))), "");
    }
}
