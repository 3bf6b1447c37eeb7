//! [`WebSocketCloseInfo`]: how to close, and how it was closed.

use crate::close::CloseFrame;
use crate::text::Text;
use crate::web::exception::DomException;
use crate::web::websocket::close_frame;

/// How to close, and how it was closed: `{ closeCode, reason }`.
///
/// `()` stands for neither of them, a code for itself, and a pair for both:
///
/// ```
/// use sansws_core::web::WebSocketCloseInfo;
///
/// let both = WebSocketCloseInfo::from((4000, "Night draws to a close"));
/// assert_eq!((both.close_code, &*both.reason), (Some(4000), "Night draws to a close"));
/// assert_eq!(WebSocketCloseInfo::from(4000), WebSocketCloseInfo { close_code: Some(4000), ..().into() });
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebSocketCloseInfo {
    /// To close: 1000, 3000–4999, or none. Of what was closed there always is one: the code of the peer's Close frame,
    /// 1005 if that had none, 1006 if none came.
    pub close_code: Option<u16>,
    /// At most 123 bytes to close with; empty if there is none. One without a code goes with 1000.
    pub reason: Text,
}

impl WebSocketCloseInfo {
    /// The Close frame that says it.
    pub(super) fn frame(&self) -> Result<Option<CloseFrame>, DomException> {
        close_frame(self.close_code, (!self.reason.is_empty()).then_some(&*self.reason))
    }
}

impl From<()> for WebSocketCloseInfo {
    fn from((): ()) -> Self {
        Self::default()
    }
}

impl From<u16> for WebSocketCloseInfo {
    fn from(code: u16) -> Self {
        Self { close_code: Some(code), ..Self::default() }
    }
}

impl From<(u16, &str)> for WebSocketCloseInfo {
    fn from((code, reason): (u16, &str)) -> Self {
        Self { close_code: Some(code), reason: reason.into() }
    }
}
