//! [`WebSocketStream`]: the browser's object.

use super::closed::Closed;
use super::opened::{Opened, Opening};
use super::owned::{Owned, Streams};
use crate::connector::Connector;
use crate::runtime::Spawn;
use crate::web::abort::AbortSignal;
use crate::web::shared::Shared;
use crate::web::task;
use sansws_core::web::{self, DomException, Options, Rejected, StreamOptions, SyntaxError, Url, WebSocketCloseInfo};
use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::sync::Arc;

/// The second argument of [`WebSocketStream::with_options`].
#[derive(Clone, Debug, Default)]
pub struct WebSocketStreamOptions {
    /// The subprotocols, the best first.
    pub protocols: Vec<String>,
    /// What may give up the attempt to open it. Once it is open, a signal does nothing.
    pub signal: Option<AbortSignal>,
    /// What a browser decides by itself.
    pub socket: Options,
}

/// The browser's `WebSocketStream`: a WebSocket as two streams with backpressure, and promises for how it begins and ends.
/// Every member has its name from MDN in `snake_case`, and does the same; promises are futures.
///
/// The constructor connects, in a task of the runtime; from then on that task reads, writes, answers pings and closes,
/// whether or not anybody waits for it. To await it is to await [`opened`](Self::opened), and to keep it.
///
/// # What being dropped does
///
/// | dropped | then |
/// |---|---|
/// | the [`Readable`](super::Readable) | it closes as by [`cancel`](super::Readable::cancel); so hold on to it, even to write alone |
/// | the [`Writable`](super::Writable) | nothing: there is no half-close |
/// | this | nothing, if one of its streams or an [`Opened`] is left |
/// | all of them | it closes as by `close(())`, behind what was written, and that goes on without them |
/// | a [`Closed`] | nothing; nor does one keep it open |
///
/// # Cancel safety
///
/// All its futures are cancel safe but for [`Writable::write`](super::Writable::write), which says how it is not. What they
/// wait for goes on without them; and they may be asked for again, and give the same.
///
/// What differs from older pages of MDN's, and where this is kinder than a browser, is in [`sansws_core::web::stream`].
pub struct WebSocketStream<R> {
    owned: Arc<Owned>,
    runtime: PhantomData<fn() -> R>,
}

impl<R: Spawn> WebSocketStream<R> {
    /// `new WebSocketStream(url)`: connects, in the background. To be called within the runtime; elsewhere, there is an
    /// object, and connecting fails.
    ///
    /// # Errors
    ///
    /// [`SyntaxError`] for the URL. All that goes wrong later makes promises reject.
    pub fn new(url: &str) -> Result<Self, SyntaxError> {
        Self::with_options(url, WebSocketStreamOptions::default())
    }

    /// `new WebSocketStream(url, { protocols, signal })`. If the signal is aborted already, nothing connects.
    ///
    /// # Errors
    ///
    /// [`SyntaxError`] for the URL or the subprotocols.
    pub fn with_options(url: &str, options: WebSocketStreamOptions) -> Result<Self, SyntaxError> {
        Self::with_connector(&Connector::new(), url, options)
    }

    /// The same, connecting as `connector` does: with its TLS, [`connect_timeout`](Connector::connect_timeout),
    /// [`tls_timeout`](Connector::tls_timeout) and [`one_at_a_time`](Connector::one_at_a_time). What else it has is in
    /// `options` here.
    ///
    /// # Errors
    ///
    /// As [`with_options`](Self::with_options).
    pub fn with_connector(
        connector: &Connector<R>,
        url: &str,
        options: WebSocketStreamOptions,
    ) -> Result<Self, SyntaxError> {
        let WebSocketStreamOptions { protocols, signal, socket } = options;
        let wss = web::WebSocketStream::new(url, StreamOptions { protocols, socket })?;
        let url = wss.url().clone();
        let shared = Shared::new(Streams { wss, readables: 0 });
        if let Some(signal) = signal {
            signal.listen(&shared);
        }
        task::start(&shared, connector.clone());
        Ok(Self { owned: Arc::new(Owned { url, shared }), runtime: PhantomData })
    }
}

impl<R> WebSocketStream<R> {
    /// `url`: as it was resolved, its user info included.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.owned.url
    }

    /// `opened`: once it is open, its streams. It rejects if it never opens.
    ///
    /// To drop what this gives is to drop a [`Readable`](super::Readable), and so to close. Asked for again, it gives
    /// streams that share with the others: a message is read by one, and written whole.
    pub fn opened(&self) -> Opened {
        Opened::new(Arc::clone(&self.owned))
    }

    /// `closed`: once it is over, how it ended. It rejects if it never opened, did not close cleanly, or was closed by the
    /// server before a write was complete.
    pub fn closed(&self) -> Closed {
        Closed::new(Arc::clone(&self.owned.shared))
    }

    /// `close({ closeCode, reason })`: begins to close, behind what was written; before it is open, gives up. Nothing
    /// waits. Later calls do nothing.
    ///
    /// One message that has arrived can still be read, and no more.
    ///
    /// # Errors
    ///
    /// [`DomException::InvalidAccess`] for a code other than 1000 and 3000–4999, [`DomException::Syntax`] for a reason of
    /// more than 123 bytes. The connection is unharmed.
    pub fn close(&self, info: impl Into<WebSocketCloseInfo>) -> Result<(), DomException> {
        self.owned.shared.change(|streams| streams.wss.close(info))
    }
}

/// `let (info, wss) = WebSocketStream::new(url)?.await?`.
impl<R> IntoFuture for WebSocketStream<R> {
    type Output = Result<(super::WebSocketOpenInfo, Self), Rejected>;
    type IntoFuture = Opening<R>;

    fn into_future(self) -> Opening<R> {
        Opening::new(self)
    }
}

/// The same object.
impl<R> Clone for WebSocketStream<R> {
    fn clone(&self) -> Self {
        Self { owned: Arc::clone(&self.owned), runtime: PhantomData }
    }
}

impl<R> fmt::Debug for WebSocketStream<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.owned.shared.get(|streams| streams.wss.fmt(f))
    }
}
