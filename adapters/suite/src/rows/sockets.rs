//! The browser's `WebSocket`: what it says of what has not left.

use crate::executor::Executor;
use crate::peer::{Peer, listen, together};
use sansws_core::frame::Opcode;
use sansws_core::web::Event;
use sansws_driver::Spawn;
use sansws_driver::web::WebSocket;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

const MIB: usize = 1 << 20;

/// How many messages of 1 MiB are sent: more than the buffers of the system take.
const MESSAGES: usize = 64;

/// Once the system takes no more, each message that is sent counts in full; once the server reads, they count no more.
pub(crate) fn what_is_not_read_is_the_buffered_amount<E: Executor<Runtime: Spawn>>() {
    let (listener, url) = listen();
    let executor = E::new();
    let (begin, may_begin) = mpsc::channel::<Vec<usize>>();
    together(
        move || {
            executor.block_on(async {
                let mut socket = WebSocket::<E::Runtime>::new(&url, ()).unwrap();
                assert!(matches!(socket.next().await, Some(Event::Open)));
                let mut sent = vec![MIB; MESSAGES];
                for len in &sent {
                    socket.send(vec![7; *len]).unwrap();
                }
                for len in [1, 1000, MIB, 0] {
                    // A busy system may take some after all; then it is tried again.
                    loop {
                        let stuck = stuck::<E>(&socket).await;
                        assert!(stuck > 0);
                        socket.send(vec![7; len]).unwrap();
                        sent.push(len);
                        let amount = socket.buffered_amount();
                        assert!(amount <= stuck + len as u64);
                        if amount == stuck + len as u64 {
                            break;
                        }
                    }
                }
                begin.send(sent).unwrap();
                let Some(Event::Message(event)) = socket.next().await else { panic!("not told") };
                assert_eq!(event.data.as_text(), Some("read it all"));
                assert_eq!(socket.buffered_amount(), 0);
                socket.close(None, None).unwrap();
                assert!(matches!(socket.next().await, Some(Event::Close(_))));
            });
        },
        move || {
            let mut peer = Peer::server(&listener);
            peer.upgrade();
            let sent = may_begin.recv().unwrap();
            sent.into_iter().for_each(|len| peer.hear(&vec![7; len].into()));
            peer.say(&"read it all".into());
            peer.expect(Opcode::Close, b"");
            peer.send(Opcode::Close, b"");
            peer.end();
        },
    );
}

/// Waits until the amount has stopped to fall.
async fn stuck<E: Executor<Runtime: Spawn>>(socket: &WebSocket<E::Runtime>) -> u64 {
    let (tell, told) = futures_channel::oneshot::channel();
    let socket = socket.clone();
    thread::spawn(move || {
        let mut before = u64::MAX;
        while socket.buffered_amount() < before {
            before = socket.buffered_amount();
            thread::sleep(Duration::from_millis(100));
        }
        let _ = tell.send(before);
    });
    told.await.unwrap()
}
