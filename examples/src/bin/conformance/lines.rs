//! The lines of standard input as a stream, on any runtime: a thread reads them.

use futures_channel::mpsc::{UnboundedReceiver, unbounded};
use std::io::BufRead;

pub(crate) fn lines() -> UnboundedReceiver<String> {
    let (sender, receiver) = unbounded();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if sender.unbounded_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
