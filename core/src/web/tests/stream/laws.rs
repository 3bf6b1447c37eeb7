//! What holds whatever the user, the driver and the peer do, in whatever order.

use super::*;
use alloc::sync::Arc;

#[derive(Clone, Debug)]
enum Step {
    Open,
    Write(usize),
    Read,
    Close(Option<u16>),
    CloseWritable,
    Abort,
    Cancel,
    Signal,
    GoAway,
    ServerSends(usize),
    ServerCloses,
    Garbage(u8),
    /// The server gets at most so many bytes, and the object is told.
    Leave(usize),
    /// What the server has to say arrives.
    Arrive,
    End,
    Fail,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Open),
        6 => prop_oneof![0..300_usize, 0..100_000_usize].prop_map(Step::Write),
        8 => Just(Step::Read),
        1 => prop_oneof![Just(None), Just(Some(1000)), any::<u16>().prop_map(Some)].prop_map(Step::Close),
        1 => prop_oneof![Just(Step::CloseWritable), Just(Step::Abort), Just(Step::Cancel), Just(Step::GoAway)],
        1 => Just(Step::Signal),
        5 => prop_oneof![0..300_usize, 0..40_000_usize].prop_map(Step::ServerSends),
        1 => Just(Step::ServerCloses),
        1 => prop_oneof![any::<u8>().prop_map(Step::Garbage), Just(Step::End), Just(Step::Fail)],
        6 => prop_oneof![0..1_000_usize, 0..200_000_usize].prop_map(Step::Leave),
        4 => Just(Step::Arrive),
    ]
}

/// One whose connection may not be open yet, and what was seen of it.
struct Life {
    pair: Pair<WebSocketStream>,
    response: Option<crate::handshake::Response>,
    /// How many messages each side has sent.
    written: usize,
    sent: usize,
    /// How many were read.
    read: usize,
    /// Whether we stopped it: then messages may be dropped.
    stopped: bool,
    /// What each promise has come to, if it has: nothing may change then.
    settled: [Option<String>; 4],
    /// How reading ended, if it did: likewise.
    end: Option<String>,
}

/// A message that tells which it is.
fn numbered(number: usize, len: usize) -> Message {
    let mut bytes = number.to_be_bytes().to_vec();
    bytes.resize(bytes.len() + len, 0);
    bytes.into()
}

fn number(message: &Message) -> usize {
    usize::from_be_bytes(*message.as_bytes().first_chunk().unwrap())
}

impl Life {
    fn new() -> Self {
        let mut opening = stream().socket().handshake(entropy, NOW).unwrap();
        opening.input().extend_from_slice(format!("{ANSWER}\r\n").as_bytes());
        let response = Some(opening.receive(NOW).unwrap().unwrap().1);
        let pair = Pair { socket: stream(), ..Pair::connected(stream()) };
        Self { pair, response, written: 0, sent: 0, read: 0, stopped: false, settled: Default::default(), end: None }
    }

    fn step(&mut self, step: &Step) {
        let Pair { socket: wss, client, server, heard, .. } = &mut self.pair;
        match step {
            Step::Open => {
                if let Some(response) = self.response.take() {
                    wss.socket().handle_open(&response);
                }
            }
            Step::Write(len) => self.written += usize::from(wss.write(numbered(self.written, *len)).is_ok()),
            Step::Read => {
                self.read();
            }
            Step::Close(close_code) => {
                let info = WebSocketCloseInfo { close_code: *close_code, ..().into() };
                self.stopped |= wss.close(info).is_ok();
            }
            Step::CloseWritable => drop(wss.close_writable()),
            Step::Abort => wss.abort(None),
            Step::Cancel => wss.cancel(None),
            Step::Signal => wss.abort_signal(Arc::new(Failure::Lost)),
            Step::GoAway => wss.socket().go_away(),
            Step::ServerSends(len) => self.sent += usize::from(server.send(numbered(self.sent, *len)).is_ok()),
            Step::ServerCloses => server.close(close(4000, "")).unwrap(),
            Step::Garbage(byte) => client.input().extend_from_slice(&[*byte]),
            Step::Leave(count) if self.response.is_none() => {
                wss.socket().transmit(client);
                let count = client.output().remaining().min(*count);
                let bytes = client.output().copy_to_bytes(count);
                server.input().extend_from_slice(&bytes);
                while let Ok(Some(event)) = server.receive(NOW) {
                    heard.push(event);
                }
                wss.socket().transmit(client);
            }
            Step::Arrive if self.response.is_none() => {
                client.input().extend_from_slice(&written(server.output()));
                wss.socket().exchange(client, NOW);
            }
            Step::Leave(_) | Step::Arrive => {}
            Step::End => {
                if let Err(error) = client.receive_eof() {
                    wss.socket().handle_failure(error);
                }
            }
            Step::Fail => wss.socket().handle_failure(Failure::transport("cut")),
        }
        self.stopped |= matches!(step, Step::CloseWritable | Step::Abort | Step::Cancel | Step::GoAway);
        self.check();
    }

    /// Whether there was a message.
    fn read(&mut self) -> bool {
        let end = match self.pair.socket.read() {
            Poll::Pending => return false,
            Poll::Ready(Some(Ok(message))) => {
                assert_eq!((&self.end, number(&message)), (&None, self.read), "in order, without a gap");
                self.read += 1;
                return true;
            }
            Poll::Ready(None) => "done".into(),
            Poll::Ready(Some(Err(error))) => show_error(&error),
        };
        assert_eq!(*self.end.get_or_insert_with(|| end.clone()), end);
        false
    }

    fn check(&mut self) {
        let wss = &mut self.pair.socket;
        let heard = self.pair.heard.iter().filter(|event| matches!(event, crate::Event::Message(_)));
        assert_eq!(closed(wss) == "pending", !wss.socket().is_over(), "closed settles with the wire");
        if write(wss.written()) == "ok" {
            assert_eq!(heard.count(), self.written, "what is complete has left");
        }

        let promises = [opened(wss), closed(wss), write(wss.written()).into(), write(wss.ready()).into()];
        let now = promises.map(|word| Some(word).filter(|word| !matches!(&**word, "pending" | "ok")));
        for (before, now) in self.settled.iter().zip(&now) {
            assert!(before.is_none() || before == now, "{before:?} is settled, and not {now:?}");
        }
        self.settled = now;
    }
}

proptest! {
    #[test]
    fn whatever_happens(steps in prop::collection::vec(step(), 0..60)) {
        let mut life = Life::new();
        for step in &steps {
            life.step(step);
        }
        life.step(&Step::Fail);
        while life.read() {}
        life.check();

        let wss = &mut life.pair.socket;
        let (Poll::Ready(opened), Poll::Ready(closed)) = (wss.opened(), wss.closed()) else { panic!("not settled") };
        prop_assert!(matches!(write(wss.ready()), "InvalidStateError" | "WebSocketError"));
        match closed {
            Ok(_) => {
                prop_assert!(opened.is_ok() && write(wss.written()) == "ok" && write(wss.close_writable()) == "ok");
                prop_assert!(life.stopped || life.read == life.sent, "all is read");
            }
            Err(Rejected::Aborted(_)) => prop_assert!(matches!(opened, Err(Rejected::Aborted(_)))),
            Err(Rejected::WebSocket(error)) => {
                let opened = opened.err().map(|rejected| match rejected {
                    Rejected::WebSocket(error) => error,
                    Rejected::Aborted(_) => panic!("closed rejects otherwise"),
                });
                let write = [wss.ready(), wss.written(), wss.close_writable()].into_iter().filter_map(|poll| match poll {
                    Poll::Ready(Err(WriteError::WebSocket(error))) => Some(error),
                    Poll::Ready(Err(WriteError::InvalidState) | Ok(())) | Poll::Pending => None,
                });
                let read = match wss.read() {
                    Poll::Ready(Some(Err(error))) => Some(error),
                    Poll::Ready(Some(Ok(_)) | None) | Poll::Pending => None,
                };
                prop_assert!(opened.into_iter().chain(write).chain(read).all(|other| other.ptr_eq(&error)));
            }
        }
    }
}
