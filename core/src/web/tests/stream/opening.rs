//! `opened`, and what keeps it from that.

use super::*;
use alloc::sync::Arc;
use core::error::Error;

/// S001, S004: the constructor reads its arguments as that of `WebSocket` does.
#[test]
fn constructor() {
    check("https://Example.com/a b", &["p"], Ok("wss://example.com/a%20b"));
    check("ws://h/#", &[], Err(SyntaxError::Fragment));
    check("ftp://h", &[""], Err(SyntaxError::Scheme("ftp".into())));
    check("ws://h", &[""], Err(SyntaxError::Protocol("".into())));
    check("ws://h", &["a", "b", "a"], Err(SyntaxError::DuplicateProtocol("a".into())));

    #[track_caller]
    fn check(url: &str, protocols: &[&str], expected: Result<&str, SyntaxError>) {
        let protocols = protocols.iter().map(ToString::to_string).collect();
        let made = WebSocketStream::new(url, StreamOptions { protocols, ..StreamOptions::default() });
        assert_eq!(made.as_ref().map(|wss| wss.url().as_str()).map_err(Clone::clone), expected);
    }
}

#[test]
fn nothing_settles_by_itself() {
    let mut wss = stream();
    assert_eq!(
        (opened(&mut wss), closed(&mut wss), read(&mut wss)),
        ("pending".into(), "pending".into(), "pending".into())
    );
    assert_eq!((write(wss.ready()), wss.write("").unwrap_err().name()), ("pending", "InvalidStateError"));
    assert!(!wss.socket().is_over());
}

/// S002.
#[test]
fn opens() {
    let options = StreamOptions { protocols: vec!["a".into(), "b".into()], ..StreamOptions::default() };
    let mut pair = Pair::connected(WebSocketStream::new(URL, options).unwrap());
    assert_eq!((opened(&mut pair.socket), pair.socket.protocol(), pair.socket.extensions()), ("open".into(), "a", ""));
    assert_eq!((closed(&mut pair.socket), write(pair.socket.ready())), ("pending".into(), "ok"));
    // It stays so, whatever follows.
    pair.end();
    assert_eq!((opened(&mut pair.socket), closed(&mut pair.socket)), ("open".into(), "error 1006 \"\"".into())); // S011
}

/// S010: both reject with one error, which says why.
#[test]
fn failures() {
    check("HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n", "server answered 404");
    check(&(ANSWER.replace("s3p", "S3p") + "\r\n"), &HandshakeError::WrongAccept.to_string());
    check("HTTP/1.1 1", &HandshakeError::UnexpectedEof.to_string());
    let mut wss = stream();
    wss.socket().handle_failure(Failure::transport("no such host"));
    both_reject(&mut wss, "no such host");

    #[track_caller]
    fn check(answered: &str, message: &str) {
        let mut wss = stream();
        assert!(answer(wss.socket(), answered).is_none());
        both_reject(&mut wss, message);
    }
}

#[track_caller]
fn both_reject(wss: &mut WebSocketStream, message: &str) {
    let error = rejection(wss);
    assert_eq!((error.close_code(), error.message()), (Some(1006), message));
    let Poll::Ready(Err(Rejected::WebSocket(opened))) = wss.opened() else { panic!("{}", opened(wss)) };
    assert!(error.ptr_eq(&opened) && error.cause().is_some() && wss.socket().is_over());
}

/// S015.
#[test]
fn close_before_it_is_open() {
    let mut wss = stream();
    wss.close((4000, "early")).unwrap();
    both_reject(&mut wss, "closed before it was open");
    assert!(answer(wss.socket(), format!("{ANSWER}\r\n")).is_some()); // too late
    both_reject(&mut wss, "closed before it was open");
}

/// S012, S013: nothing connects, or no longer; and what comes later changes nothing.
#[test]
fn aborted() {
    let mut wss = stream();
    let reason: Arc<dyn Error + Send + Sync> = Arc::new(Failure::Lost);
    wss.abort_signal(Arc::clone(&reason));
    assert!(wss.socket().is_over());
    assert!(answer(wss.socket(), format!("{ANSWER}\r\n")).is_some());
    wss.abort_signal(Arc::new(InvalidStateError));
    wss.close(4000).unwrap();
    wss.socket().handle_failure(Failure::Lost);
    for settled in [wss.opened(), wss.closed().map_ok(drop)] {
        let Poll::Ready(Err(Rejected::Aborted(given))) = settled else { panic!() };
        assert!(Arc::ptr_eq(&given, &reason));
    }
    assert_eq!(
        (read(&mut wss), write(wss.ready()), write(wss.close_writable())),
        ("done".into(), "InvalidStateError", "InvalidStateError")
    );
}

/// S014: also if nobody has asked yet whether it is open.
#[test]
fn a_signal_after_it_is_open() {
    let mut pair = Pair::connected(stream());
    pair.socket.abort_signal(Arc::new(Failure::Lost));
    assert_eq!((opened(&mut pair.socket), closed(&mut pair.socket)), ("open".into(), "pending".into()));
    pair.socket.write("connected").unwrap();
    pair.turn();
    assert_eq!(pair.heard, [message("connected")]);
}
