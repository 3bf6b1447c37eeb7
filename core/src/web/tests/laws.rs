//! What holds whatever happens, in whatever order.

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Open,
    Send(usize),
    Close(Option<u16>),
    GoAway,
    Poll,
    ServerSends(usize),
    ServerCloses,
    Garbage(u8),
    /// The server gets at most so many bytes.
    Write(usize),
    Turn,
    End,
    Fail,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Open),
        6 => (0..400_usize).prop_map(Step::Send),
        1 => (0..100_000_usize).prop_map(Step::Send),
        1 => prop_oneof![Just(None), Just(Some(1000)), any::<u16>().prop_map(Some)].prop_map(Step::Close),
        1 => Just(Step::GoAway),
        5 => Just(Step::Poll),
        3 => (0..300_usize).prop_map(Step::ServerSends),
        1 => Just(Step::ServerCloses),
        1 => any::<u8>().prop_map(Step::Garbage),
        5 => (0..1_000_usize).prop_map(Step::Write),
        3 => Just(Step::Turn),
        1 => Just(Step::End),
        1 => Just(Step::Fail),
    ]
}

/// One whose connection may not be open yet, and all that is told, in order.
struct Life {
    pair: Pair,
    response: Option<crate::handshake::Response>,
    told: Vec<String>,
    /// The bytes that `send` took.
    sent: u64,
    /// The bytes that the connection wrote.
    written: u64,
}

impl Life {
    fn new() -> Self {
        let mut opening = socket(()).handshake(entropy, NOW).unwrap();
        opening.input().extend_from_slice(format!("{ANSWER}\r\n").as_bytes());
        let response = Some(opening.receive(NOW).unwrap().unwrap().1);
        let pair = Pair { socket: socket(()), ..Pair::open() };
        Self { pair, response, told: Vec::new(), sent: 0, written: 0 }
    }

    fn step(&mut self, step: &Step) {
        let Pair { socket, client, server, .. } = &mut self.pair;
        match step {
            Step::Open => {
                if let Some(response) = self.response.take() {
                    socket.handle_open(&response);
                }
            }
            Step::Send(len) => {
                let before = socket.buffered_amount();
                let added = if socket.send(vec![0; *len]).is_ok() { *len as u64 } else { 0 };
                assert_eq!(socket.buffered_amount(), before + added);
                self.sent += added;
            }
            Step::Close(code) => {
                let (before, state) = (socket.buffered_amount(), socket.ready_state());
                let closed = socket.close(*code, None);
                let expected = if closed.is_ok() { state.max(WebSocket::CLOSING) } else { state };
                assert_eq!((socket.buffered_amount(), socket.ready_state()), (before, expected));
            }
            Step::GoAway => socket.go_away(),
            Step::Poll => self.told.extend(next(socket)),
            Step::ServerSends(len) => server.send(vec![0; *len]).unwrap_or(()),
            Step::ServerCloses => server.close(None).unwrap(),
            Step::Garbage(byte) => client.input().extend_from_slice(&[*byte]),
            Step::Write(count) => {
                let count = client.output().remaining().min(*count);
                let bytes = client.output().copy_to_bytes(count);
                server.input().extend_from_slice(&bytes);
                self.written += count as u64;
            }
            Step::Turn if self.response.is_none() => {
                let before = socket.buffered_amount();
                socket.exchange(client, NOW);
                assert!(socket.buffered_amount() <= before);
                while let Ok(Some(_)) = server.receive(NOW) {}
                let bytes = written(server.output());
                client.input().extend_from_slice(&bytes);
            }
            Step::Turn => {}
            Step::End => {
                if let Err(error) = client.receive_eof() {
                    socket.handle_failure(error);
                }
            }
            Step::Fail => socket.handle_failure(Failure::transport("cut")),
        }
    }
}

proptest! {
    #[test]
    fn whatever_happens(steps in prop::collection::vec(step(), 0..60)) {
        let mut life = Life::new();
        for step in &steps {
            let before = life.pair.socket.ready_state();
            life.step(step);
            let socket = &life.pair.socket;
            prop_assert!(before <= socket.ready_state(), "the state goes back");
            prop_assert!(socket.buffered_amount() <= life.sent, "more is buffered than was sent");
            prop_assert!(socket.buffered_amount() + life.written >= life.sent, "less left than was written");
        }
        life.pair.socket.handle_failure(Failure::Lost);
        life.told.extend(told(&mut life.pair.socket));

        prop_assert_eq!(life.pair.socket.ready_state(), WebSocket::CLOSED);
        let kinds: Vec<_> = life.told.iter().map(|event| event.split(' ').next().unwrap()).collect();
        let ends = kinds.iter().rev().take_while(|kind| matches!(**kind, "close" | "error")).count();
        let (before, end) = kinds.split_at(kinds.len() - ends);
        let clean = life.told.last().unwrap().starts_with("close clean");
        prop_assert_eq!(end, if clean { &["close"][..] } else { &["error", "close"] });
        prop_assert!(before.is_empty() || before[0] == "open");
        prop_assert!(before.iter().skip(1).all(|kind| *kind == "blob"));
        prop_assert!(life.told[..before.len()].iter().all(|event| event.ends_with(" Open")));
    }

    /// All that was sent before `close` leaves, in order, and then nothing is buffered.
    #[test]
    fn all_is_delivered(messages in prop::collection::vec((any::<u8>(), 0..40_000_usize), 0..9)) {
        let messages: Vec<_> = messages.into_iter().map(|(byte, len)| vec![byte; len]).collect();
        let mut pair = Pair::open();
        for message in &messages {
            pair.socket.send(message.clone()).unwrap();
        }
        pair.socket.close(None, None).unwrap();
        prop_assert_eq!(pair.told(), ["close clean 1005 \"\" Closed"]);
        prop_assert_eq!(pair.socket.buffered_amount(), 0);
        let expected: Vec<_> = messages.into_iter().map(|message| crate::Event::Message(message.into())).collect();
        prop_assert_eq!(pair.heard.split_last(), Some((&crate::Event::Close(None), &expected[..])));
    }
}
