#![cfg(target_os = "linux")] // for what it tells of memory
//! Floods against the echo server of each adapter, as a process of its own at default settings: whatever comes, it grows by
//! less than 32 MiB, and serves others meanwhile and afterwards.
//!
//! `cargo test -p sansws-examples --test floods -- --nocapture` prints how much it was.

use sansws_core::deflate::{Deflate, Params};
use sansws_core::{Config, Connection, Instant};
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// What a server may grow by, in KiB.
const MOST: u64 = 32 << 10;

/// How long somebody honest waits for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a flood waits until what it sends is taken, before it has enough.
const STUCK: Duration = Duration::from_millis(100);

/// The limit of a message, in bytes.
const MESSAGE: usize = 1 << 20;

#[test]
fn tokio() {
    bears_all("tokio", env!("CARGO_BIN_EXE_echo_server_tokio"), 1000);
}

#[test]
fn smol() {
    bears_all("smol", env!("CARGO_BIN_EXE_echo_server_smol"), 1000);
}

#[test]
fn async_std() {
    bears_all("async-std", env!("CARGO_BIN_EXE_echo_server_async_std"), 1000);
}

#[test]
fn mio() {
    bears_all("mio", env!("CARGO_BIN_EXE_echo_server_mio"), 1000);
}

#[test]
fn blocking() {
    bears_all("blocking", env!("CARGO_BIN_EXE_echo_server_blocking"), 200); // a thread for each connection, whatever it sends
}

/// What floods a server, and returns the connections that are still open then.
type Flood = fn(&Server) -> Vec<TcpStream>;

const FLOODS: [(&str, Flood); 9] = [
    ("pings, answers unread", pings),
    ("messages, replies unread", messages),
    ("small messages, replies unread", small_messages),
    ("large messages, replies unread", large_messages),
    ("empty fragments", empty_fragments),
    ("tiny fragments without end", tiny_fragments),
    ("a crowd of half requests", half_requests),
    ("a crowd that promises 1 MiB", promises),
    ("promises of 2^63 - 1 bytes", lies),
];

/// `crowd` is how many connections it may be expected to have.
fn bears_all(runtime: &str, program: &str, crowd: usize) {
    for (name, flood) in FLOODS {
        bears(&format!("{runtime}: {name}"), &Command::new(program), crowd, flood);
    }
    // The echo servers do not compress; this one does if asked, and then at default settings.
    let mut command = Command::new(env!("CARGO_BIN_EXE_conformance"));
    let message = MESSAGE.to_string();
    command.args(["--runtime", runtime, "serve", "--deflate", "--max-message", &message]);
    bears(&format!("{runtime}: bombs"), &command, crowd, bombs);
}

fn bears(name: &str, command: &Command, crowd: usize, flood: Flood) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(()); // there are only so many descriptors
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);

    let server = Server::start(command, crowd);
    let mut honest = server.client();
    echo(&mut honest);
    let before = server.memory("VmRSS");
    let flooding = flood(&server);
    echo(&mut honest);
    echo(&mut server.client());
    let growth = server.memory("VmHWM").saturating_sub(before);
    println!("{name:48} {before:8} KiB {growth:+8} KiB");
    assert!(growth < MOST, "{name}: it grew by {growth} KiB");
    drop(flooding);
    echo(&mut honest);
    echo(&mut server.client());
}

/// A server. Dropped, it is ended.
struct Server {
    process: Child,
    address: SocketAddr,
    crowd: usize,
}

impl Server {
    fn start(command: &Command, crowd: usize) -> Self {
        loop {
            let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
            let address = free.expect("a port is free");
            let mut listening = Command::new(command.get_program());
            listening.args(command.get_args()).args(["--addr", &address.to_string()]);
            let process = listening.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it is built");
            let mut server = Self { process, address, crowd };
            // It ends at once if somebody else has taken the port meanwhile.
            while server.process.try_wait().expect("it is ours").is_none() {
                if TcpStream::connect(address).is_ok() {
                    return server;
                }
                thread::sleep(Duration::from_millis(5));
            }
        }
    }

    fn client(&self) -> TcpStream {
        self.client_with("")
    }

    fn client_with(&self, headers: &str) -> TcpStream {
        open(self.address, headers)
    }

    /// As many connections as there are descriptors for, up to what may be expected.
    fn crowd(&self, of: impl Fn() -> TcpStream) -> Vec<TcpStream> {
        let limits = fs::read_to_string("/proc/self/limits").expect("it is told");
        let files = limits.lines().find_map(|line| line.strip_prefix("Max open files")?.split_whitespace().next());
        let files = files.and_then(|files| files.parse().ok()).unwrap_or(usize::MAX); // or "unlimited"
        let come = (0..files.saturating_sub(100).clamp(10, self.crowd)).map(|at| {
            if at % 50 == 0 {
                echo(&mut self.client()); // all before are accepted, and none has to ask again
            }
            of()
        });
        come.collect()
    }

    /// In KiB.
    fn memory(&self, what: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':')).expect("it is told");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

const REQUEST: &str = "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

fn connect(server: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(server).expect("it listens");
    stream.set_nodelay(true).expect("it is TCP");
    stream.set_read_timeout(Some(PATIENCE)).expect("it is a time");
    stream.set_write_timeout(Some(STUCK)).expect("it is a time");
    stream
}

/// An open WebSocket, with these header lines in its request.
fn open(server: SocketAddr, headers: &str) -> TcpStream {
    let mut stream = connect(server);
    stream.write_all(format!("{REQUEST}{headers}\r\n").as_bytes()).expect("a request is taken");
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).expect("a request is answered");
        head.extend(byte);
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head));
    stream
}

/// Says something honest and hears it again.
fn echo(stream: &mut TcpStream) {
    stream.write_all(&frame(0x81, b"hello?")).expect("others are served");
    let mut reply = [0; 8];
    stream.read_exact(&mut reply).expect("others are served");
    assert_eq!(&reply, b"\x81\x06hello?");
}

/// The header of a frame that is masked with zeros.
fn header(first: u8, len: u64) -> Vec<u8> {
    let [.., high, low] = len.to_be_bytes();
    let len = match len {
        0..126 => vec![0x80 | low],
        126..0x1_0000 => vec![0xfe, high, low],
        _ => [&[0xff], &len.to_be_bytes()[..]].concat(),
    };
    [&[first], &len[..], &[0; 4]].concat()
}

fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    [&header(first, payload.len() as u64), payload].concat()
}

/// Writes this so many times, or until the server takes no more.
fn flood_with(stream: &mut TcpStream, bytes: &[u8], times: usize) {
    let _ = (0..times).try_for_each(|_| stream.write_all(bytes));
}

/// So many open connections, on which the server was sent this, so many times.
fn flood(server: &Server, connections: usize, bytes: &[u8], times: usize) -> Vec<TcpStream> {
    let streams = (0..connections).map(|_| {
        let mut stream = server.client();
        flood_with(&mut stream, bytes, times);
        stream
    });
    streams.collect()
}

fn pings(server: &Server) -> Vec<TcpStream> {
    flood(server, 2, &frame(0x89, &[7; 125]).repeat(1000), 150)
}

fn messages(server: &Server) -> Vec<TcpStream> {
    flood(server, 4, &frame(0x82, &[7; 10_000]), 2000)
}

fn small_messages(server: &Server) -> Vec<TcpStream> {
    flood(server, 1, &frame(0x82, b"x").repeat(1000), 1500)
}

fn large_messages(server: &Server) -> Vec<TcpStream> {
    flood(server, 4, &frame(0x82, &[7; MESSAGE]), 20)
}

fn empty_fragments(server: &Server) -> Vec<TcpStream> {
    flood(server, 4, &[frame(0x02, b""), frame(0x00, b"").repeat(1000)].concat(), 100)
}

/// Seven bytes each, and so one of the limits is met, or the other.
fn tiny_fragments(server: &Server) -> Vec<TcpStream> {
    let mut streams = Vec::new();
    for (payload, many) in [(&b"x"[..], 131_000), (b"x", 132_000), (&[7; 16], 65_000), (&[7; 16], 66_000)] {
        let mut stream = server.client();
        flood_with(&mut stream, &frame(0x02, payload), 1);
        flood_with(&mut stream, &frame(0x00, payload).repeat(1000), many / 1000);
        streams.push(stream);
    }
    streams
}

/// Each as long as it may be.
fn half_requests(server: &Server) -> Vec<TcpStream> {
    let half = format!("{REQUEST}{}", format!("X: {}\r\n", "x".repeat(7500)).repeat(2));
    server.crowd(|| {
        let mut stream = connect(server.address);
        flood_with(&mut stream, half.as_bytes(), 1);
        stream
    })
}

fn promises(server: &Server) -> Vec<TcpStream> {
    let promise = [header(0x82, MESSAGE as u64), vec![7; 100]].concat();
    server.crowd(|| {
        let mut stream = server.client();
        flood_with(&mut stream, &promise, 1);
        stream
    })
}

fn lies(server: &Server) -> Vec<TcpStream> {
    let lie = [header(0x82, (1 << 63) - 1), vec![7; 100_000]].concat();
    flood(server, 100, &lie, 1)
}

/// Eight megabytes in eight kilobytes.
fn bombs(server: &Server) -> Vec<TcpStream> {
    let config = Config { deflate: Some(Deflate::default()), ..Config::default() };
    let connection = Connection::client(config, |bytes: &mut [u8]| bytes.fill(0), Instant::ORIGIN);
    let mut connection = connection.with_deflate(&Params::default());
    connection.send(vec![0; 8 * MESSAGE]).expect("nothing is queued");
    let mut bomb = Vec::new();
    bytes::BufMut::put(&mut bomb, connection.output());
    let streams = (0..20).map(|_| {
        let mut stream = server.client_with("Sec-WebSocket-Extensions: permessage-deflate\r\n");
        flood_with(&mut stream, &bomb, 1);
        stream
    });
    streams.collect()
}
