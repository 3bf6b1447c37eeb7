//! What rows have in common: both ends of an open connection, and a watchdog.

use crate::executor::{Executor, Ws, accept, connect};
use crate::peer::{Peer, answer, listen, request, together};
use crate::subject::{ClientOptions, ServerOptions, Socket, Subject};
use sansws_core::Config;
use sansws_core::frame::Role;
use std::any::Any;
use std::net::SocketAddr;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// How long a row may take. Peers are less patient, and say more.
const WATCHDOG: Duration = Duration::from_secs(60);

/// Runs a row, and fails it if it hangs.
pub fn run(row: impl FnOnce() + Send + 'static) {
    let (done, ended) = mpsc::channel::<()>();
    let thread = thread::spawn(move || {
        let _done = done; // dropped at the end, however it comes
        row();
    });
    match ended.recv_timeout(WATCHDOG) {
        Ok(()) | Err(RecvTimeoutError::Disconnected) => thread.join().unwrap_or_else(resume),
        Err(RecvTimeoutError::Timeout) => panic!("the row hangs"),
    }
}

fn resume(panic: Box<dyn Any + Send>) {
    std::panic::resume_unwind(panic);
}

/// Runs a part of a row with the subject in either role.
pub(crate) fn in_both_roles(part: impl Fn(Role)) {
    for role in [Role::Client, Role::Server] {
        eprintln!("the subject is the {role:?}:"); // shown if it fails
        part(role);
    }
}

pub(crate) fn url(address: SocketAddr) -> String {
    format!("ws://{address}/")
}

/// An open connection: the subject in this role, and its peer.
#[track_caller]
pub(crate) fn open(subject: &dyn Subject, role: Role, config: Config) -> (Box<dyn Socket>, Peer) {
    open_with(subject, role, config, "")
}

/// As [`open`], with a header line or more in the peer's head, each with its line end.
#[track_caller]
pub(crate) fn open_with(subject: &dyn Subject, role: Role, config: Config, headers: &str) -> (Box<dyn Socket>, Peer) {
    match role {
        Role::Server => {
            let mut listener = subject.listen(ServerOptions { config, ..ServerOptions::default() });
            let mut peer = Peer::client(listener.address());
            peer.write(request(headers));
            let ws = listener.accept().unwrap();
            assert!(peer.head().starts_with("HTTP/1.1 101 "));
            (ws, peer)
        }
        Role::Client => {
            let (listener, url) = listen();
            let options = ClientOptions { config, ..ClientOptions::default() };
            let (opened, peer) = together(
                || subject.connect(&url, options),
                || {
                    let mut peer = Peer::server(&listener);
                    let request = peer.head();
                    peer.write(answer(&request, headers));
                    peer
                },
            );
            (opened.unwrap().0, peer)
        }
    }
}

/// An open connection of an executor: the subject in this role, and its peer.
#[track_caller]
pub(crate) fn open_async<E: Executor>(executor: &E, role: Role, config: Config) -> (Ws<E>, Peer) {
    match role {
        Role::Server => {
            let (listener, address) = executor.block_on(E::listen()).unwrap();
            let mut peer = Peer::client(address);
            peer.write(request(""));
            let options = ServerOptions { config, ..ServerOptions::default() };
            let ws = executor.block_on(async { accept::<E>(E::accept(&listener).await?, options).await }).unwrap();
            assert!(peer.head().starts_with("HTTP/1.1 101 "));
            (ws, peer)
        }
        Role::Client => {
            let (listener, url) = listen();
            let options = ClientOptions { config, ..ClientOptions::default() };
            let (opened, peer) = together(
                || executor.block_on(connect::<E>(&url, options)),
                || {
                    let mut peer = Peer::server(&listener);
                    let request = peer.head();
                    peer.write(answer(&request, ""));
                    peer
                },
            );
            (opened.unwrap().0, peer)
        }
    }
}
