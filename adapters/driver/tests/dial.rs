//! Which addresses of a host a client tries, when, and what comes of it (RFC 8305; RFC 6455 §4.1 step 2).

mod support;

use proptest::prelude::*;
use sansws_core::TimedOut;
use sansws_core::handshake::HandshakeError;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::pin;
use std::time::Duration;
use support::net::{self, Step, closes};
use support::script::{Cut, script};
use support::task::{run, run_through_time, run_until_idle};
use support::{Connector, Failure, time};

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// What an attempt meets, and after how many milliseconds; `None`: nothing, ever.
type Plan = Option<(u64, Result<(), ErrorKind>)>;

const NEVER: Plan = None;

const fn connects(after: u64) -> Plan {
    Some((after, Ok(())))
}

const fn fails(after: u64, kind: ErrorKind) -> Plan {
    Some((after, Err(kind)))
}

/// What comes of a connection to a server that then [`closes`].
const CONNECTED: Failure = Failure::Handshake(HandshakeError::UnexpectedEof);

/// An address from a name such as `6a`, of which the first character is the family.
fn address(name: &str) -> IpAddr {
    let last = name.as_bytes()[1];
    if name.starts_with('4') { [10, 0, 0, last].into() } else { Ipv6Addr::from(u128::from(last)).into() }
}

fn name(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => format!("4{}", char::from(address.octets()[3])),
        IpAddr::V6(address) => format!("6{}", char::from(address.octets()[15])),
    }
}

/// What happened since `begun`: an attempt to reach 6a began (`+6a@0`), failed (`!6a@0`), connected (`=6a@0`), or was
/// dropped (`-6a@0`), so many milliseconds later.
fn log_since(begun: Duration) -> String {
    let step = |(at, step, address): (Duration, Step, IpAddr)| {
        let sign = match step {
            Step::Begins => '+',
            Step::Connects => '=',
            Step::Fails => '!',
            Step::Dropped => '-',
        };
        format!("{sign}{}@{}", name(address), (at - begun).as_millis())
    };
    net::log().into_iter().map(step).collect::<Vec<_>>().join(" ")
}

/// From now on every host has these addresses.
fn host<N: AsRef<str>>(resolving: u64, addresses: impl IntoIterator<Item = (N, Plan)>) {
    let fate =
        |plan: Plan| plan.map(|(after, outcome)| (ms(after), outcome.map_err(Into::into).and_then(|()| closes())));
    net::host(ms(resolving), addresses.into_iter().map(|(name, plan)| (address(name.as_ref()), fate(plan))));
}

#[test]
fn attempts() {
    use ErrorKind::{ConnectionRefused as Refused, HostUnreachable as Unreachable};
    const TIMED_OUT: Failure = Failure::TimedOut(TimedOut::Connect(ms(1000)));

    check(0, [], "", Failure::Io(ErrorKind::NotFound));
    check(0, [("4a", connects(10))], "+4a@0 =4a@10", CONNECTED);
    check(0, [("4a", fails(10, Refused))], "+4a@0 !4a@10", Failure::Io(Refused));
    check(0, [("4a", NEVER)], "+4a@0 -4a@1000", TIMED_OUT);
    // Families alternate, an attempt every 250 ms, and the first that succeeds ends the others.
    check(
        0,
        [("6a", NEVER), ("6b", NEVER), ("4a", NEVER), ("6c", connects(0)), ("6d", NEVER)],
        "+6a@0 +4a@250 +6b@500 +6c@750 =6c@750 -6a@750 -4a@750 -6b@750",
        CONNECTED,
    );
    check(
        0,
        [("4a", connects(600)), ("4b", connects(300)), ("6a", NEVER)],
        "+4a@0 +6a@250 +4b@500 =4a@600 -6a@600 -4b@600",
        CONNECTED,
    );
    check(0, [("6a", connects(250)), ("4a", connects(0))], "+6a@0 =6a@250", CONNECTED);
    check(0, [("6a", connects(400)), ("4a", connects(100))], "+6a@0 +4a@250 =4a@350 -6a@350", CONNECTED);
    // A failure starts the next, if it is of the last.
    check(
        0,
        [("6a", fails(100, Refused)), ("4a", fails(0, Refused)), ("6b", connects(10))],
        "+6a@0 !6a@100 +4a@100 !4a@100 +6b@100 =6b@110",
        CONNECTED,
    );
    check(
        0,
        [("6a", fails(300, Unreachable)), ("4a", NEVER), ("6b", connects(0))],
        "+6a@0 +4a@250 !6a@300 +6b@500 =6b@500 -4a@500",
        CONNECTED,
    );
    // The failure that is told came first.
    check(
        0,
        [("6a", fails(300, Unreachable)), ("4a", fails(10, Refused))],
        "+6a@0 +4a@250 !4a@260 !6a@300",
        Failure::Io(Refused),
    );
    // The time includes resolving. When it is up, that is the failure.
    check(900, [("6a", NEVER), ("4a", NEVER)], "+6a@900 -6a@1000", TIMED_OUT);
    check(900, [("6a", connects(100))], "+6a@900 =6a@1000", CONNECTED);
    check(1000, [("6a", connects(0))], "", TIMED_OUT);
    check(u64::MAX, [("6a", connects(0))], "", TIMED_OUT);
    check(
        0,
        [("6a", fails(5, Refused)), ("4a", NEVER), ("4b", fails(5, Refused))],
        "+6a@0 !6a@5 +4a@5 +4b@255 !4b@260 -4a@1000",
        TIMED_OUT,
    );
    // An address that is there twice is tried twice.
    check(0, [("4a", fails(0, Refused)), ("4a", connects(0))], "+4a@0 !4a@0 +4a@0 =4a@0", CONNECTED);

    #[track_caller]
    fn check<const N: usize>(resolving: u64, addresses: [(&str, Plan); N], log: &str, failure: Failure) {
        for one_at_a_time in [false, true] {
            let (connector, begun) = (Connector::new().connect_timeout(ms(1000)), time::elapsed());
            host(resolving, addresses);
            let failed = run_through_time(connector.one_at_a_time(one_at_a_time).connect("ws://h")).unwrap_err();
            assert_eq!((&*log_since(begun), Failure::from(failed)), (log, failure.clone()));
        }
    }
}

/// A family and what an attempt meets there: so coarse that much happens at the same time.
fn server() -> impl Strategy<Value = (char, Plan)> {
    use ErrorKind::{ConnectionRefused, HostUnreachable, NetworkUnreachable};
    let failures = vec![Err(ConnectionRefused), Err(HostUnreachable), Err(NetworkUnreachable)];
    let outcome = prop_oneof![1 => Just(Ok(())), 4 => prop::sample::select(failures)];
    let after = (1..14_u64).prop_map(|steps| steps * 50);
    (prop::sample::select(vec!['4', '6']), prop::option::weighted(0.7, (after, outcome)))
}

proptest! {
    /// Families alternate; an attempt begins 250 ms after the one before or when that failed; the first success in time
    /// is it, or the first failure once all have failed, or time is up; nothing begins after that, and nothing is left.
    #[test]
    fn the_first_success_wins(
        servers in prop::collection::vec(server(), 1..9),
        timeout in (1..50_u64).prop_map(|steps| steps * 50),
    ) {
        let named: Vec<_> = ('a'..).zip(servers).map(|(at, (family, plan))| (format!("{family}{at}"), plan)).collect();
        let (connector, begun) = (Connector::new().connect_timeout(ms(timeout)), time::elapsed());
        host(0, named.iter().cloned());
        let failure = Failure::from(run_through_time(connector.connect("ws://h")).unwrap_err());
        let (log, end) = (log_since(begun), (time::elapsed() - begun).as_millis());

        let is_of_first = |(name, _): &&(String, Plan)| name[..1] == named[0].0[..1];
        let (mut these, mut others): (Vec<_>, Vec<_>) = named.iter().partition(is_of_first);
        let (mut begin, mut begins, mut successes, mut failures) = (0, Vec::new(), Vec::new(), Vec::new());
        while begins.len() < named.len() {
            if !these.is_empty() {
                let (name, plan) = these.remove(0);
                begins.push((begin, name));
                match *plan {
                    Some((after, Ok(()))) => successes.push((begin + after, CONNECTED)),
                    Some((after, Err(kind))) => failures.push((begin + after, Failure::Io(kind))),
                    None => {}
                }
                begin += plan.filter(|(_, outcome)| outcome.is_err()).map_or(250, |(after, _)| after.min(250));
            }
            std::mem::swap(&mut these, &mut others);
        }
        let first_failure = failures.iter().min_by_key(|(at, _)| *at).cloned();
        let last_failure = failures.iter().map(|(at, _)| *at).max().filter(|_| failures.len() == named.len());
        let all_failed = last_failure.zip(first_failure).map(|(at, (_, failure))| (at, failure));
        let outcome = successes.into_iter().min_by_key(|(at, _)| *at).or(all_failed).filter(|(at, _)| *at <= timeout);
        let (expected_end, expected) = outcome.unwrap_or((timeout, Failure::TimedOut(TimedOut::Connect(ms(timeout)))));

        prop_assert_eq!((end, failure), (u128::from(expected_end), expected), "{}", &log);
        let begun: Vec<_> = log.split(' ').filter_map(|step| step.strip_prefix('+')).collect();
        let due = begins.iter().filter(|(at, _)| *at < expected_end).map(|(at, name)| format!("{name}@{at}"));
        prop_assert_eq!(begun, due.collect::<Vec<_>>(), "{}", &log);
        let count = |signs: &str| log.chars().filter(|sign| signs.contains(*sign)).count();
        prop_assert_eq!(count("+"), count("=!-"), "{}", &log);
    }
}

/// No two handshakes with one address and port at a time. Each test has its port, since all share the turns.
mod turns {
    use super::*;

    fn connector() -> Connector {
        Connector::new().one_at_a_time(true).connect_timeout(ms(1000))
    }

    /// From now on all hosts have one address, and the server there never answers.
    fn hangs(name: &str) {
        net::host(ms(0), [(address(name), Some((ms(0), Ok(script(Cut::NONE, []).1))))]);
    }

    #[test]
    fn last_until_the_handshake_is_over() {
        let (connector, begun) = (connector(), time::elapsed());
        hangs("6a");
        let mut first = Box::pin(connector.connect("ws://h:1001"));
        assert!(run_until_idle(first.as_mut()).is_none());

        host(0, [("6a", connects(0))]);
        let mut second = pin!(connector.connect("ws://h:1001"));
        assert!(run_until_idle(second.as_mut()).is_none());
        time::advance(ms(9000)); // longer than connecting may take
        assert!(run_until_idle(second.as_mut()).is_none());
        assert_eq!(log_since(begun), "");
        assert!(run(Connector::new().connect("ws://h:1001")).is_err(), "who does not take turns does not wait");

        host(0, [("6a", NEVER)]);
        drop(first);
        let failure = Failure::from(run_through_time(second).unwrap_err());
        assert_eq!(failure, Failure::TimedOut(TimedOut::Connect(ms(1000))));
        assert_eq!(log_since(begun), "+6a@9000 -6a@10000");
    }

    /// An address whose turn is another's holds up nobody; once it is free it is tried, at the usual pace.
    #[test]
    fn are_waited_for_elsewhere() {
        let (connector, begun) = (connector(), time::elapsed());
        hangs("6a");
        let mut first = Box::pin(connector.connect("ws://h:1002"));
        assert!(run_until_idle(first.as_mut()).is_none());

        host(0, [("6a", connects(0)), ("4a", NEVER), ("6b", fails(10, ErrorKind::ConnectionRefused))]);
        let mut second = pin!(connector.connect("ws://h:1002"));
        assert!(run_until_idle(second.as_mut()).is_none());
        for _ in 0..2 {
            time::advance_to_next();
            assert!(run_until_idle(second.as_mut()).is_none());
        }
        assert_eq!(log_since(begun), "+4a@0 +6b@250 !6b@260");
        time::advance(ms(40));
        drop(first);
        assert_eq!(Failure::from(run(second).unwrap_err()), CONNECTED);
        assert_eq!(log_since(begun), "+4a@0 +6b@250 !6b@260 +6a@300 =6a@300 -4a@300");
    }

    #[test]
    fn of_losers_end_with_the_race() {
        let (connector, begun) = (connector(), time::elapsed());
        let hanging = || Some((ms(50), Ok(script(Cut::NONE, []).1)));
        net::host(ms(0), [(address("6a"), None), (address("4a"), hanging())]);
        let mut first = pin!(connector.connect("ws://h:1003"));
        for _ in 0..2 {
            assert!(run_until_idle(first.as_mut()).is_none());
            time::advance_to_next();
        }
        assert!(run_until_idle(first.as_mut()).is_none());
        assert_eq!(log_since(begun), "+6a@0 +4a@250 =4a@300 -6a@300");

        host(0, [("4a", NEVER), ("6a", connects(0))]);
        assert_eq!(Failure::from(run(connector.connect("ws://h:1003")).unwrap_err()), CONNECTED);
        assert_eq!(log_since(begun), "+6a@300 =6a@300", "4a is taken, 6a is not");
    }
}

#[cfg(unix)]
#[test]
fn unix_sockets() {
    check(connects(999), "+4a@0 =4a@999", CONNECTED);
    check(fails(0, ErrorKind::NotFound), "+4a@0 !4a@0", Failure::Io(ErrorKind::NotFound));
    check(NEVER, "+4a@0 -4a@1000", Failure::TimedOut(TimedOut::Connect(ms(1000))));

    #[track_caller]
    fn check(plan: Plan, log: &str, failure: Failure) {
        let (connector, begun) = (Connector::new().connect_timeout(ms(1000)), time::elapsed());
        let path = address("4a").to_string();
        host(0, [("4a", plan)]);
        let failed = run_through_time(connector.connect_unix(path, "ws://nowhere/")).unwrap_err();
        assert_eq!((&*log_since(begun), Failure::from(failed)), (log, failure));
    }
}
