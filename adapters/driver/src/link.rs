//! [`Link`]: a transport, with or without TLS on it.

#[cfg(feature = "tls")]
use crate::tls::Session;
use crate::transport::Transport;
use bytes::BytesMut;
use std::io::{self, IoSlice};
use std::task::{Context, Poll};

/// A transport, with or without TLS on it. That it may have TLS costs one that has none a null pointer.
#[derive(Debug)]
pub(crate) struct Link<T> {
    pub(crate) transport: T,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<Box<Session>>,
}

impl<T> Link<T> {
    pub(crate) const fn plain(transport: T) -> Self {
        Self {
            transport,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }
}

impl<T: Transport> Link<T> {
    /// Whether TLS has something to write.
    pub(crate) fn wants_write(&self) -> bool {
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            return tls.wants_write();
        }
        false
    }

    /// Whether a TLS handshake is under way.
    pub(crate) fn is_handshaking(&self) -> bool {
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            return tls.state().is_handshaking();
        }
        false
    }

    /// How many bytes of TLS have left: a number that changes whenever some have.
    pub(crate) fn sent(&self) -> u64 {
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            return tls.sent();
        }
        0
    }

    /// Goes on with the TLS handshake, if there is one.
    pub(crate) fn poll_handshake(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        #[cfg(feature = "tls")]
        if let Some(tls) = &mut self.tls {
            return tls.poll_handshake(&mut self.transport, cx);
        }
        let _ = cx;
        Poll::Ready(Ok(()))
    }
}

impl<T: Transport> Transport for Link<T> {
    #[inline]
    fn poll_read(&mut self, cx: &mut Context<'_>, input: &mut BytesMut, room: usize) -> Poll<io::Result<usize>> {
        #[cfg(feature = "tls")]
        if let Some(tls) = &mut self.tls {
            return tls.poll_read(&mut self.transport, cx, input, room);
        }
        self.transport.poll_read(cx, input, room)
    }

    #[inline]
    fn poll_write(&mut self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        #[cfg(feature = "tls")]
        if let Some(tls) = &mut self.tls {
            return tls.poll_write(&mut self.transport, cx, slices);
        }
        self.transport.poll_write(cx, slices)
    }

    #[inline]
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        #[cfg(feature = "tls")]
        if let Some(tls) = &mut self.tls {
            return tls.poll_flush(&mut self.transport, cx);
        }
        self.transport.poll_flush(cx)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        #[cfg(feature = "tls")]
        if let Some(tls) = &mut self.tls {
            return tls.poll_shutdown(&mut self.transport, cx);
        }
        self.transport.poll_shutdown(cx)
    }
}
