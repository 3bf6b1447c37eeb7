#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
//! Every future of a `WsStream`, dropped after any number of polls: what was done stays done, the rest can be done
//! by fresh calls, and nothing happens twice.

mod support;

use bytes::Bytes;
use sansws_core::frame::{Opcode, Role};
use sansws_core::{CloseFrame, Config, Delivery, Event, EventRef, Fragment, Kind, Message, MessageRef};
use sansws_driver::Error;
use std::cell::{Cell, RefCell};
use support::script::{Cut, Read, Scripted, script};
use support::task::{poll_and_drop, run};
use support::{ROLES, open, other, time, wire};

type Ws = sansws_driver::WsStream<Scripted, time::Manual>;

/// What was received, in order.
type Seen = RefCell<Vec<Event>>;

/// What the peer says.
fn conversation(from: Role) -> Vec<u8> {
    [
        wire::text(from, "one"),
        wire::ping(from, b"p1"),
        wire::frame(from, Opcode::Text, false, b"tw"),
        wire::ping(from, b"p2"),
        wire::frame(from, Opcode::Continuation, true, b"o"),
        wire::binary(from, &[7; 20]),
        wire::frame(from, Opcode::Pong, true, b"unasked"),
        wire::text(from, "three"),
        wire::close(from, 4001, "bye"),
    ]
    .concat()
}

/// What of it are messages.
fn messages() -> Vec<Event> {
    [Message::from("one"), "two".into(), vec![7; 20].into(), "three".into()].map(Event::Message).into()
}

/// What of it are events.
fn events() -> Vec<Event> {
    let [one, two, three, four] = <[Event; 4]>::try_from(messages()).unwrap();
    let ping = |payload| Event::Ping(Bytes::from_static(payload));
    let pong = Event::Pong(Bytes::from_static(b"unasked"));
    vec![one, ping(b"p1"), ping(b"p2"), two, three, pong, four, Event::Close(Some(CloseFrame::new(4001, "bye")))]
}

fn echo(message: MessageRef<'_>, sender: &mut sansws_core::Sender) -> Result<(), Error> {
    Ok(sender.send_ref(message)?)
}

mod reading {
    use super::*;

    async fn next(ws: &mut Ws, seen: &Seen) {
        while let Some(message) = ws.next().await {
            seen.borrow_mut().push(Event::Message(message.unwrap()));
        }
    }

    async fn read(ws: &mut Ws, seen: &Seen) {
        while let Some(message) = ws.read().await.unwrap() {
            seen.borrow_mut().push(Event::Message(message.into()));
        }
    }

    async fn next_event(ws: &mut Ws, seen: &Seen) {
        while let Some(event) = ws.next_event().await {
            seen.borrow_mut().push(event.unwrap());
        }
    }

    async fn read_event(ws: &mut Ws, seen: &Seen) {
        while let Some(event) = ws.read_event().await.unwrap() {
            seen.borrow_mut().push(event.into());
        }
    }

    async fn stream(ws: &mut Ws, seen: &Seen) {
        while let Some(message) = futures_util::StreamExt::next(ws).await {
            seen.borrow_mut().push(Event::Message(message.unwrap()));
        }
    }

    async fn serve(ws: &mut Ws, seen: &Seen) {
        let serving = ws.serve(|message, sender| {
            seen.borrow_mut().push(Event::Message(message.into()));
            echo(message, sender)
        });
        serving.await.unwrap();
    }

    async fn serve_events(ws: &mut Ws, seen: &Seen) {
        let serving = ws.serve_events(|event, sender| {
            seen.borrow_mut().push(event.into());
            match event {
                EventRef::Message(message) => echo(message, sender),
                _ => Ok(()),
            }
        });
        serving.await.unwrap();
    }

    #[test]
    fn a_dropped_next_loses_nothing() {
        check(next, &messages(), &[]);
        check(stream, &messages(), &[]);
    }

    #[test]
    fn a_dropped_read_loses_nothing() {
        check(read, &messages(), &[]);
    }

    #[test]
    fn a_dropped_next_event_loses_nothing() {
        check(next_event, &events(), &[]);
        check(read_event, &events(), &[]);
    }

    #[test]
    fn a_dropped_serve_handles_each_message_once() {
        check(serve, &messages(), &messages());
        check(serve_events, &events(), &messages());
    }

    /// `echoed`: what goes back, beside the pongs and the answer to the Close frame.
    #[track_caller]
    fn check(call: impl AsyncFn(&mut Ws, &Seen), seen: &[Event], echoed: &[Event]) {
        for role in ROLES {
            for cut in Cut::ALL {
                (0..).any(|polls| drop_after(polls, &call, role, cut, seen, echoed));
            }
        }
    }

    /// Whether the call was done by then.
    #[track_caller]
    fn drop_after(
        polls: usize,
        call: impl AsyncFn(&mut Ws, &Seen),
        role: Role,
        cut: Cut,
        expected: &[Event],
        echoed: &[Event],
    ) -> bool {
        let (peer, transport) = script(cut, [Read::Data(conversation(other(role))), Read::Eof]);
        let (mut ws, seen) = (open(transport, role, Config::default()), Seen::default());
        let done = poll_and_drop(call(&mut ws, &seen), polls).is_some();
        if !done {
            run(call(&mut ws, &seen));
        }
        assert_eq!(*seen.borrow(), expected, "dropped after {polls} polls, {cut:?}");
        let frames = wire::frames(role, &peer.written());
        assert_eq!(wire::payloads(&frames, Opcode::Pong), [&b"p1"[..], b"p2"], "dropped after {polls} polls, {cut:?}");
        assert_eq!(wire::payloads(&frames, Opcode::Close), [&4001_u16.to_be_bytes()[..]]);
        let back: Vec<Bytes> = echoed.iter().map(payload).collect();
        assert_eq!(wire::messages(&frames), back, "dropped after {polls} polls, {cut:?}");
        assert!(ws.is_clean());
        done
    }

    fn payload(event: &Event) -> Bytes {
        match event {
            Event::Message(message) => message.clone().into_bytes(),
            other => panic!("{other:?} is not echoed"),
        }
    }

    /// Wherever the pieces are cut, they make up the same messages.
    #[test]
    fn a_dropped_next_event_loses_no_fragment() {
        let config = Config { delivery: Delivery::Fragments, ..Config::default() };
        for (role, cut) in ROLES.into_iter().flat_map(|role| Cut::ALL.map(|cut| (role, cut))) {
            (0..).any(|polls| {
                let (_, transport) = script(cut, [Read::Data(conversation(other(role))), Read::Eof]);
                let (mut ws, seen) = (open(transport, role, config.clone()), Seen::default());
                let done = poll_and_drop(next_event(&mut ws, &seen), polls).is_some();
                if !done {
                    run(next_event(&mut ws, &seen));
                }
                let (mut whole, mut message) = (Vec::new(), Vec::new());
                for event in seen.into_inner() {
                    if let Event::Fragment(Fragment { payload, last, .. }) = event {
                        message.extend_from_slice(&payload);
                        if last {
                            whole.push(Bytes::from(std::mem::take(&mut message)));
                        }
                    }
                }
                assert!(whole.into_iter().eq(messages().iter().map(payload)), "dropped after {polls} polls, {cut:?}");
                done
            });
        }
    }

    /// What one method began, another goes on with.
    #[test]
    fn calls_may_change_midway() {
        for role in ROLES {
            for polls in 0..150 {
                let cut = Cut { read: 1, write: 1, hesitates: true };
                let (peer, transport) = script(cut, [Read::Data(conversation(other(role))), Read::Eof]);
                let (mut ws, seen) = (open(transport, role, Config::default()), Seen::default());
                poll_and_drop(next(&mut ws, &seen), polls);
                poll_and_drop(serve(&mut ws, &seen), polls / 2 + 1);
                poll_and_drop(ws.flush(), 3);
                poll_and_drop(read(&mut ws, &seen), polls / 3 + 1);
                run(stream(&mut ws, &seen));
                assert_eq!(*seen.borrow(), messages(), "after {polls} polls");
                assert_eq!(wire::frames(role, &peer.written()).last().unwrap().0, Opcode::Close);
            }
        }
    }
}

mod writing {
    use super::*;

    const COUNT: usize = 5;

    fn text(at: usize) -> String {
        format!("message {at}")
    }

    /// Half a character in each fragment: cut wrong, the whole would be no text.
    fn fragment(at: usize) -> Fragment {
        let payload = if at.is_multiple_of(2) { &b"\xc3"[..] } else { b"\xa9\xc3\xa9" };
        Fragment { kind: Kind::Text, payload: Bytes::from_static(payload), last: at % 2 == 1 }
    }

    fn texts() -> Vec<wire::Sent> {
        (0..COUNT).map(|at| (Opcode::Text, true, text(at).into())).collect()
    }

    #[test]
    fn a_dropped_send_queues_whole_or_not_at_all() {
        check(async |ws, at| ws.send(text(at)).await, &texts());
    }

    #[test]
    fn a_dropped_feed_queues_whole_or_not_at_all() {
        check(async |ws, at| ws.feed(text(at)).await, &texts());
        check(async |ws, at| ws.feed_ref(&*text(at)).await, &texts());
    }

    #[test]
    fn a_dropped_sink_send_queues_whole_or_not_at_all() {
        check(async |ws, at| futures_util::SinkExt::send(ws, text(at).into()).await, &texts());
    }

    #[test]
    fn a_dropped_ping_queues_whole_or_not_at_all() {
        let pings: Vec<_> = (0..COUNT).map(|at| (Opcode::Ping, true, text(at).into())).collect();
        check(async |ws, at| ws.ping(text(at).as_bytes()).await, &pings);
    }

    #[test]
    fn a_dropped_fragment_is_queued_whole_or_not_at_all() {
        let frames: Vec<_> = (0..COUNT - 1)
            .map(|at| {
                let Fragment { payload, last, .. } = fragment(at);
                (if last { Opcode::Continuation } else { Opcode::Text }, last, payload)
            })
            .collect();
        check(
            async |ws, at| match at {
                at if at == COUNT - 1 => Ok(()),
                at => ws.send_fragment(fragment(at)).await,
            },
            &frames,
        );
    }

    #[test]
    fn a_dropped_flush_leaves_what_is_queued() {
        check(
            async |ws, at| {
                ws.sender()?.send(text(at))?;
                ws.flush().await?;
                ws.flush().await
            },
            &texts(),
        );
    }

    /// The peer pings meanwhile.
    #[track_caller]
    fn check(call: impl AsyncFn(&mut Ws, usize) -> Result<(), Error>, expected: &[wire::Sent]) {
        for role in ROLES {
            for cut in Cut::ALL {
                (0..).any(|polls| drop_after(polls, &call, role, cut, expected));
            }
        }
    }

    #[track_caller]
    fn drop_after(
        polls: usize,
        call: impl AsyncFn(&mut Ws, usize) -> Result<(), Error>,
        role: Role,
        cut: Cut,
        expected: &[wire::Sent],
    ) -> bool {
        let (peer, transport) = script(cut, [Read::Data(wire::ping(other(role), b"?"))]);
        let mut ws = open(transport, role, Config::default());
        let at = Cell::new(0);
        let calls = async |ws: &mut Ws| {
            while at.get() < COUNT {
                call(ws, at.get()).await.unwrap();
                at.set(at.get() + 1);
            }
        };
        let done = poll_and_drop(calls(&mut ws), polls).is_some();
        if !done && polls > 0 {
            at.set(at.get() + 1); // there is room, so the first poll has queued it
        }
        run(calls(&mut ws));
        run(ws.flush()).unwrap();
        peer.sends(wire::text(other(role), "still here"));
        assert_eq!(run(ws.next()).unwrap().unwrap(), "still here".into());
        run(ws.flush()).unwrap();
        let mut frames = wire::frames(role, &peer.written());
        let pongs = frames.extract_if(.., |(opcode, ..)| *opcode == Opcode::Pong);
        assert_eq!(pongs.count(), 1, "dropped after {polls} polls, {cut:?}");
        assert_eq!(frames, expected, "dropped after {polls} polls, {cut:?}");
        done
    }

    /// While more than 64 KiB are queued, `feed` waits; dropped then, it has queued nothing.
    #[test]
    fn a_dropped_feed_that_waits_for_room_queues_nothing() {
        const SIZE: usize = 40 << 10;
        for role in ROLES {
            for polls in 0..60 {
                let cut = Cut { write: 10_000, hesitates: true, ..Cut::NONE };
                let (peer, transport) = script(cut, []);
                let mut ws = open(transport, role, Config::default());
                ws.sender().unwrap().send(vec![0; SIZE]).unwrap();
                ws.sender().unwrap().send(vec![1; SIZE]).unwrap();
                let before = ws.buffered_amount();
                let fed = poll_and_drop(ws.feed(vec![2; SIZE]), polls);
                if fed.is_none() {
                    assert!(ws.buffered_amount() <= before, "queued a message, and waited on");
                    run(ws.feed(vec![2; SIZE])).unwrap();
                }
                run(ws.flush()).unwrap();
                let messages = wire::messages(&wire::frames(role, &peer.written()));
                assert_eq!(messages, [vec![0; SIZE], vec![1; SIZE], vec![2; SIZE]], "dropped after {polls} polls");
            }
        }
    }
}

mod closing {
    use super::*;

    fn goodbye() -> CloseFrame {
        CloseFrame::new(4000, "done")
    }

    #[test]
    fn a_dropped_close_goes_on_with_the_next_one() {
        check(async |ws| {
            assert_eq!(ws.close(goodbye()).await.unwrap(), Some(CloseFrame::new(4001, "bye")));
        });
    }

    #[test]
    fn a_dropped_close_goes_on_with_next() {
        check(async |ws| {
            ws.start_close(goodbye()).unwrap();
            while let Some(message) = ws.next().await {
                message.unwrap();
            }
        });
    }

    #[test]
    fn a_dropped_sink_close_goes_on_with_the_next_one() {
        check(async |ws| {
            ws.start_close(goodbye()).unwrap();
            futures_util::SinkExt::close(ws).await.unwrap();
        });
    }

    /// A message that was queued before is sent before; one that arrives does no harm.
    #[track_caller]
    fn check(call: impl AsyncFn(&mut Ws)) {
        for role in ROLES {
            for cut in Cut::ALL {
                (0..).any(|polls| {
                    let (peer, transport) = script(cut, [Read::Data(conversation(other(role))), Read::Eof]);
                    let mut ws = open(transport, role, Config::default());
                    ws.sender().unwrap().send("last words").unwrap();
                    let done = poll_and_drop(call(&mut ws), polls).is_some();
                    if !done {
                        run(call(&mut ws));
                    }
                    run(async { while ws.next().await.is_some() {} }); // a sink leaves the rest to the reader
                    let frames = wire::frames(role, &peer.written());
                    assert_eq!(wire::messages(&frames), [&b"last words"[..]]);
                    assert_eq!(wire::payloads(&frames, Opcode::Close), [&b"\x0f\xa0done"[..]]);
                    assert_eq!(peer.is_shut_down(), role == Role::Server || ws.is_clean(), "{cut:?}");
                    assert!(ws.is_clean());
                    assert_eq!(ws.close_frame(), Some(&CloseFrame::new(4001, "bye")));
                    done
                });
            }
        }
    }
}
