//! [`WebSocketError`]: how it ended, if not cleanly.

use super::close_info::WebSocketCloseInfo;
use crate::web::exception::DomException;
use crate::web::failure::Failure;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use core::error::Error;
use core::fmt;

/// `WebSocketError`: how it ended, if not cleanly; or, made by [`new`](Self::new), what to end it with.
///
/// A clone is the same object, as [`ptr_eq`](Self::ptr_eq) tells: one stands in all that one end makes fail.
#[derive(Clone, Debug)]
pub struct WebSocketError(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    message: String,
    info: WebSocketCloseInfo,
    cause: Option<Failure>,
}

impl WebSocketError {
    /// `new WebSocketError(message, { closeCode, reason })`: for [`abort`](super::WebSocketStream::abort) and
    /// [`cancel`](super::WebSocketStream::cancel).
    ///
    /// ```
    /// use sansws_core::web::{WebSocketCloseInfo, WebSocketError};
    ///
    /// let error = WebSocketError::new("cannot go on", WebSocketCloseInfo { reason: "disk full".into(), ..().into() })?;
    /// assert_eq!((error.close_code(), error.reason()), (Some(1000), "disk full"));
    /// assert_eq!(WebSocketError::new("", 1006).unwrap_err().name(), "InvalidAccessError");
    /// # Ok::<_, sansws_core::web::DomException>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`WebSocketStream::close`](super::WebSocketStream::close).
    pub fn new(message: impl Into<String>, info: impl Into<WebSocketCloseInfo>) -> Result<Self, DomException> {
        let mut info = info.into();
        info.close_code = info.frame()?.map(|frame| frame.code.0);
        Ok(Self(Arc::new(Inner { message: message.into(), info, cause: None })))
    }

    /// How it ended, whatever the code is.
    pub(super) fn unclean(cause: Option<Failure>, info: WebSocketCloseInfo) -> Self {
        let message = cause.as_ref().map_or_else(|| "closed before all was written".into(), ToString::to_string);
        Self(Arc::new(Inner { message, info, cause }))
    }

    /// `message`.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// `closeCode`. Of a connection that ended there always is one; see [`WebSocketCloseInfo::close_code`].
    #[must_use]
    pub fn close_code(&self) -> Option<u16> {
        self.0.info.close_code
    }

    /// `reason`: that of the peer's Close frame, or empty.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.0.info.reason
    }

    /// `name`: `"WebSocketError"`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        "WebSocketError"
    }

    /// Why it ended so, which browsers do not tell. None if all that was wrong is a write that was not complete, and of
    /// errors made by [`new`](Self::new).
    #[must_use]
    pub fn cause(&self) -> Option<&Failure> {
        self.0.cause.as_ref()
    }

    /// Whether both are the same object, `===`.
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(super) fn info(&self) -> &WebSocketCloseInfo {
        &self.0.info
    }
}

impl fmt::Display for WebSocketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.message().is_empty() { self.name() } else { self.message() })?;
        match (self.close_code(), self.reason()) {
            (None, _) => Ok(()),
            (Some(code), "") => write!(f, " (close code {code})"),
            (Some(code), reason) => write!(f, " (close code {code}: {reason})"),
        }
    }
}

impl Error for WebSocketError {}
