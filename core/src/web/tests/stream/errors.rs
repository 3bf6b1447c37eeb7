//! `WebSocketError`, and what the others say.

use super::*;
use alloc::sync::Arc;

/// S005–S007.
#[test]
fn made_by_hand() {
    check((), None, "");
    check(3333, Some(3333), "");
    check((3456, "reason"), Some(3456), "reason");
    check(WebSocketCloseInfo { reason: "specified".into(), ..().into() }, Some(1000), "specified");
    check((1000, &*"x".repeat(123)), Some(1000), &"x".repeat(123));

    #[track_caller]
    fn check(info: impl Into<WebSocketCloseInfo>, code: Option<u16>, reason: &str) {
        let error = WebSocketError::new("message", info).unwrap();
        assert_eq!((error.name(), error.message(), error.close_code()), ("WebSocketError", "message", code));
        assert_eq!((error.reason(), error.cause().is_none()), (reason, true));
        assert!(error.ptr_eq(&error.clone()) && !error.ptr_eq(&WebSocketError::new("message", ()).unwrap()));
    }
}

/// S008: those of an end have codes that nobody may close with. What they show says why.
#[test]
fn shown() {
    let mut wss = stream();
    wss.socket().handle_failure(Failure::Lost);
    let error = rejection(&mut wss);
    let shown = "connection ended without a close frame (close code 1006)";
    assert_eq!((error.close_code(), error.to_string()), (Some(1006), shown.into()));
    assert_eq!(Rejected::WebSocket(error.clone()).to_string(), shown);
    assert_eq!(WriteError::WebSocket(error).to_string(), shown);
    assert_eq!(WebSocketError::new("", ()).unwrap().to_string(), "WebSocketError");
    assert_eq!(WebSocketError::new("m", (4000, "bye")).unwrap().to_string(), "m (close code 4000: bye)");
    assert_eq!(Rejected::Aborted(Arc::new(Failure::Lost)).to_string(), Failure::Lost.to_string());
}

/// What is logged must not be what lets others in.
#[test]
fn nothing_shows_credentials() {
    let wss = WebSocketStream::new("ws://hidden:hidden@h/?hidden", StreamOptions::default()).unwrap();
    let shown = format!("{wss:?}");
    assert!(shown.contains("ws://h") && !shown.contains("hidden"), "{shown}");
}
