//! `Create-*`.

use crate::wpt::page::{Expect, Page, options};
use sansws_core::web::{BinaryType, Failure, Options, Url};
use sansws_driver::Spawn;
use sansws_driver::web::WebSocket;

pub(crate) async fn create_ascii_sep_protocol_string<R: Spawn>(page: Page<R>) {
    page.create_throws(&page.url("/echo"), "/echo");
}

/// With the ports blocked, which they are not by default. The failure says that nothing connected.
pub(crate) async fn create_blocked_port<R: Spawn>(page: Page<R>) {
    let blocked = || Options { block_ports: true, ..options() };
    for port in BLOCKED {
        let mut ws = page.websocket_with(&format!("ws://127.0.0.1:{port}/echo"), (), blocked()).unwrap();
        assert!(matches!(ws.expect_failure().await, Failure::BlockedPort { port: blocked } if blocked == port));
    }
    page.open_with("/echo", (), blocked()).await;
}

const BLOCKED: [u16; 83] = [
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109,
    110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531,
    532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060,
    5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
];

pub(crate) async fn create_extensions_empty<R: Spawn>(page: Page<R>) {
    assert!(page.open("/echo").await.extensions().starts_with("permessage-deflate")); // so that it means something
    assert_eq!(page.open("/handshake_no_extensions").await.extensions(), "");
}

pub(crate) async fn create_http_urls<R: Spawn>(page: Page<R>) {
    let url = page.url("/echo");
    let mut ws = page.websocket(&url.replacen("ws", "http", 1), ()).unwrap();
    assert_eq!(ws.url().as_str(), url);
    ws.expect_open().await;
}

pub(crate) async fn create_invalid_urls<R: Spawn>(page: Page<R>) {
    for url in [
        "ws://foo bar.com/",
        "ftp://h/",
        "mailto:example@example.org",
        "about:blank",
        &page.url("/#"),
        &page.url("/#test"),
        &page.url("/?test#"),
    ] {
        page.create_throws(url, ());
    }
}

/// The base, a browser's page, is an option.
pub(crate) async fn create_non_absolute_url<R: Spawn>(page: Page<R>) {
    let base = Url::parse(&page.url("/echo").replacen("ws", "http", 1)).unwrap();
    let options = || Options { base: Some(base.clone()), ..options() };
    for (url, expected) in [("test", "/test"), ("?", "/echo?"), ("", "/echo"), ("/echo", "/echo")] {
        let mut ws = page.websocket_with(url, (), options()).unwrap();
        assert_eq!(ws.url().as_str(), page.url(expected));
        if expected != "/test" {
            ws.expect_open().await;
        }
        page.create_throws(url, ()); // without one
    }
}

pub(crate) async fn create_non_ascii_protocol_string<R: Spawn>(page: Page<R>) {
    page.create_throws(&page.url("/echo"), "\u{80}echo");
}

pub(crate) async fn create_protocol_with_space<R: Spawn>(page: Page<R>) {
    page.create_throws(&page.url("/echo"), "ec ho");
}

/// The opposite of what the original says: the standard compares exactly (whatwg/websockets#47), and so do all browsers.
pub(crate) async fn create_protocols_repeated_case_insensitive<R: Spawn>(page: Page<R>) {
    let mut ws = page.connect("/protocol_array", ["echo", "eCho"]);
    ws.expect_open().await;
    assert_eq!(ws.protocol(), "echo");
}

pub(crate) async fn create_protocols_repeated<R: Spawn>(page: Page<R>) {
    page.create_throws(&page.url("/echo"), ["echo", "echo"]);
}

pub(crate) async fn create_url_with_space<R: Spawn>(page: Page<R>) {
    page.create_throws("ws://web platform.test/echo", ());
}

/// There are no documents, and so no other encoding.
pub(crate) async fn create_url_with_windows_1252_encoding<R: Spawn>(page: Page<R>) {
    let mut ws = page.connect("/echo-query?\u{20ac}", ());
    assert_eq!(ws.url().as_str(), page.url("/echo-query?%E2%82%AC"));
    ws.expect_open().await;
    ws.expect_text("%E2%82%AC").await;
}

pub(crate) async fn create_valid_url_array_protocols<R: Spawn>(page: Page<R>) {
    let mut ws = page.connect("/echo", ["echo", "chat"]);
    ws.expect_open().await;
    ws.close(None, None).unwrap();
    ws.expect_close(1005, "").await;
}

pub(crate) async fn create_valid_url_binary_type_blob<R: Spawn>(page: Page<R>) {
    let mut ws = page.open_with("/echo", "echo", options()).await;
    assert_eq!(ws.binary_type(), BinaryType::Blob);
    ws.close(None, None).unwrap();
    ws.expect_close(1005, "").await;
}

pub(crate) async fn create_valid_url_protocol_empty<R: Spawn>(page: Page<R>) {
    assert_eq!(page.connect("/echo", "echo").protocol(), "");
}

pub(crate) async fn create_valid_url_protocol_set_correctly<R: Spawn>(page: Page<R>) {
    let mut ws = page.open_with("/echo", "echo", options()).await;
    assert_eq!(ws.protocol(), "echo");
    ws.close(None, None).unwrap();
    ws.expect_close(1005, "").await;
}

pub(crate) async fn create_valid_url_protocol_string<R: Spawn>(page: Page<R>) {
    let mut ws = page.connect("/echo", "echo");
    ws.expect_open().await;
    ws.close(None, None).unwrap();
    ws.expect_close(1005, "").await;
}

pub(crate) async fn create_valid_url_protocol<R: Spawn>(page: Page<R>) {
    create_valid_url_protocol_string(page).await;
}

pub(crate) async fn create_valid_url<R: Spawn>(page: Page<R>) {
    let mut ws = page.connect("/echo", ());
    assert_eq!(ws.ready_state(), WebSocket::<R>::CONNECTING);
    ws.expect_open().await;
    ws.close(None, None).unwrap();
    ws.expect_close(1005, "").await;
}
