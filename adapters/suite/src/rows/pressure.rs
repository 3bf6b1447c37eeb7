//! More than a peer reads: what is queued for it stays within bounds, and nothing is lost.

use crate::peer::together;
use crate::stage::{in_both_roles, open};
use crate::subject::Subject;
use sansws_core::frame::Opcode;
use sansws_core::{Config, Limits, Message};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

const SIZE: usize = 10_000;

/// More in all than the buffers of the system, which take some 4 MiB.
const COUNT: usize = 2000;

fn message(at: usize) -> Message {
    Message::from([&at.to_le_bytes()[..], &[7; SIZE - 8]].concat())
}

/// It reads only once nothing more is fed; then all of it arrives.
pub(crate) fn a_peer_that_does_not_read_holds_back_the_sender(subject: &dyn Subject) {
    in_both_roles(|role| {
        let limits = Limits { output_high: 3 * SIZE, output_max: 6 * SIZE, ..Limits::default() };
        let (mut ws, mut peer) = open(subject, role, Config { limits, ..Config::default() });
        peer.receive_little();
        let fed = AtomicUsize::new(0);
        together(
            || {
                for at in 0..COUNT {
                    ws.feed(message(at)).unwrap();
                    let queued = ws.buffered_amount();
                    assert!(queued <= 4 * SIZE as u64, "{queued} bytes are queued");
                    fed.store(at + 1, Ordering::Relaxed);
                }
                ws.flush().unwrap();
                assert_eq!(ws.buffered_amount(), 0);
            },
            || {
                let mut before = 0;
                loop {
                    thread::sleep(Duration::from_millis(50));
                    match fed.load(Ordering::Relaxed) {
                        now if now > 0 && now == before => break,
                        now => before = now,
                    }
                }
                (0..COUNT).for_each(|at| peer.hear(&message(at)));
            },
        );
    });
}

/// Many small messages are given out one by one, however long that takes.
pub(crate) fn a_subject_that_does_not_read_holds_back_the_peer(subject: &dyn Subject) {
    in_both_roles(|role| {
        let (mut ws, mut peer) = open(subject, role, Config::default());
        let sent = AtomicUsize::new(0);
        together(
            || {
                let mut before = 0;
                loop {
                    thread::sleep(Duration::from_millis(50));
                    match sent.load(Ordering::Relaxed) {
                        now if now > 0 && now == before => break,
                        now => before = now,
                    }
                }
                (0..COUNT).for_each(|at| assert!(ws.next().unwrap().unwrap() == message(at)));
            },
            || {
                for at in 0..COUNT {
                    peer.send(Opcode::Binary, message(at).as_bytes());
                    sent.store(at + 1, Ordering::Relaxed);
                }
            },
        );
    });
}
