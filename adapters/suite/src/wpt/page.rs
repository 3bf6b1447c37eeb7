//! [`Page`]: what the script of a web-platform-test has; [`Expect`]: what it expects.

use super::cue::Cue;
use super::server::{Server, Variant};
use crate::executor::Executor;
use futures_util::future::{Either, select};
use sansws_core::Config;
use sansws_core::deflate::Deflate;
use sansws_core::web::{CloseEvent, Event, Failure, IntoProtocols, MessageData, MessageEvent, Options, SyntaxError};
use sansws_driver::web::{WebSocket, WebSocketOpenInfo, WebSocketStream, WebSocketStreamOptions};
use sansws_driver::{Clock, Connector, Runtime, Spawn};
use std::fmt::Debug;
use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

/// How long a test looks whether something happens that must not.
const WHILE: Duration = Duration::from_millis(100);

/// What the script of a test has: a server, and a client like a browser, that offers compression and has one handshake
/// with a server at a time.
pub(crate) struct Page<R> {
    server: Server,
    connector: Connector<R>,
    /// Whether tasks run only while the test waits, as in a browser.
    has_turns: bool,
}

impl<R: Spawn> Page<R> {
    pub(super) fn new<E: Executor<Runtime = R>>(variant: Variant) -> Self {
        let server = Server::start(variant);
        let connector = Connector::new().one_at_a_time(true);
        let connector = if let Some(tls) = server.tls() { connector.tls(tls) } else { connector };
        Self { server, connector, has_turns: E::HAS_TURNS }
    }

    /// The URL of a path of the server's.
    pub(crate) fn url(&self, path: &str) -> String {
        self.server.url(path)
    }

    /// What it and the server tell each other.
    pub(crate) fn cue(&self) -> &Cue {
        &self.server.cue
    }

    /// `new WebSocket(url, protocols)`.
    pub(crate) fn websocket(&self, url: &str, protocols: impl IntoProtocols) -> Result<WebSocket<R>, SyntaxError> {
        self.websocket_with(url, protocols, options())
    }

    pub(crate) fn websocket_with(
        &self,
        url: &str,
        protocols: impl IntoProtocols,
        options: Options,
    ) -> Result<WebSocket<R>, SyntaxError> {
        WebSocket::with_connector(&self.connector, url, protocols, options)
    }

    /// One for this path.
    #[track_caller]
    pub(crate) fn connect(&self, path: &str, protocols: impl IntoProtocols) -> WebSocket<R> {
        self.websocket(&self.url(path), protocols).unwrap()
    }

    /// One that is open.
    pub(crate) async fn open(&self, path: &str) -> WebSocket<R> {
        self.open_with(path, (), options()).await
    }

    pub(crate) async fn open_with(&self, path: &str, protocols: impl IntoProtocols, options: Options) -> WebSocket<R> {
        let mut ws = self.websocket_with(&self.url(path), protocols, options).unwrap();
        ws.expect_open().await;
        ws
    }

    /// `new WebSocketStream(url, options)`.
    pub(crate) fn stream_with(
        &self,
        url: &str,
        options: WebSocketStreamOptions,
    ) -> Result<WebSocketStream<R>, SyntaxError> {
        WebSocketStream::with_connector(&self.connector, url, options)
    }

    /// One for this path.
    #[track_caller]
    pub(crate) fn stream(&self, path: &str) -> WebSocketStream<R> {
        self.stream_with(&self.url(path), stream_options()).unwrap()
    }

    /// One that is open.
    pub(crate) async fn open_stream(&self, path: &str) -> (WebSocketOpenInfo, WebSocketStream<R>) {
        self.stream(path).await.unwrap()
    }

    /// There is none for this URL, or these subprotocols.
    #[track_caller]
    pub(crate) fn create_throws(&self, url: &str, protocols: impl IntoProtocols) {
        assert_eq!(self.websocket(url, protocols).expect_err(url).name(), "SyntaxError");
    }

    /// This much was sent just now. Where tasks run meanwhile, less may be left of it.
    #[track_caller]
    pub(crate) fn expect_buffered(&self, ws: &WebSocket<R>, amount: u64) {
        let buffered = ws.buffered_amount();
        assert!(if self.has_turns { buffered == amount } else { buffered <= amount }, "{buffered} of {amount}");
    }

    /// This does not come by itself.
    pub(crate) async fn expect_pending<T: Debug>(&self, future: impl Future<Output = T>) {
        if let Either::Left((output, _)) = select(pin!(future), pin!(self.wait())).await {
            panic!("{output:?}");
        }
    }

    /// Waits, while something may happen that must not.
    pub(crate) async fn wait(&self) {
        let mut clock = <R as Runtime>::Clock::default();
        let deadline = clock.now() + WHILE;
        poll_fn(|cx| clock.poll_until(cx, deadline)).await;
    }

    /// Waits until so many requests have come.
    pub(crate) async fn wait_for_requests(&self, requests: usize) {
        while self.cue().requests() < requests {
            self.wait().await;
        }
    }
}

/// How a browser connects.
pub(crate) fn options() -> Options {
    Options { config: Config { deflate: Some(Deflate::default()), ..Config::client() }, ..Options::default() }
}

/// The same, without compression.
pub(crate) fn plain() -> Options {
    Options::default()
}

/// Of those with backpressure: without compression, which would have large messages small.
pub(crate) fn stream_options() -> WebSocketStreamOptions {
    WebSocketStreamOptions { socket: plain(), ..WebSocketStreamOptions::default() }
}

/// What a script expects: that the next event is this one, in the right state.
pub(crate) trait Expect {
    async fn expect_open(&mut self);
    async fn expect_message(&mut self) -> MessageEvent;
    async fn expect_text(&mut self, text: &str);
    /// The close event, and no error event before it. It is clean, and the last.
    async fn expect_close(&mut self, code: u16, reason: &str);
    /// An error event, and then the close event, which is not clean, and is the last.
    async fn expect_failure(&mut self) -> Failure;
}

impl<R: Spawn> Expect for WebSocket<R> {
    async fn expect_open(&mut self) {
        let event = self.next().await;
        assert!(matches!(event, Some(Event::Open)), "{event:?}");
        assert_eq!(self.ready_state(), Self::OPEN);
    }

    async fn expect_message(&mut self) -> MessageEvent {
        let event = self.next().await;
        let Some(Event::Message(event)) = event else { panic!("{event:?}") };
        assert_eq!(self.ready_state(), Self::OPEN);
        event
    }

    async fn expect_text(&mut self, text: &str) {
        assert_eq!(self.expect_message().await.data, MessageData::Text(text.into()));
    }

    async fn expect_close(&mut self, code: u16, reason: &str) {
        expect_last(self, CloseEvent { was_clean: true, code, reason: reason.into() }).await;
    }

    async fn expect_failure(&mut self) -> Failure {
        let event = self.next().await;
        let Some(Event::Error(failure)) = event else { panic!("{event:?}") };
        assert_eq!(self.ready_state(), Self::CLOSED);
        expect_last(self, CloseEvent { was_clean: false, code: 1006, reason: "".into() }).await;
        failure
    }
}

async fn expect_last<R: Spawn>(ws: &mut WebSocket<R>, close: CloseEvent) {
    let event = ws.next().await;
    assert!(matches!(&event, Some(Event::Close(event)) if *event == close), "{event:?} is not {close:?}");
    assert_eq!(ws.ready_state(), WebSocket::<R>::CLOSED);
    assert!(ws.next().await.is_none());
}
