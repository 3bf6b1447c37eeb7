//! The network as a test wants it: which addresses a host has, what becomes of attempts to connect to them, and a log
//! of those.

use super::script::{Cut, Read, Scripted, script};
use super::time;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::pending;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// What becomes of an attempt, and after how long; `None`: nothing, ever.
pub(crate) type Fate = Option<(Duration, io::Result<Scripted>)>;

/// What happens to an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Begins,
    Connects,
    Fails,
    /// It was dropped before anything became of it.
    Dropped,
}

#[derive(Default)]
struct State {
    /// How long resolving takes.
    resolving: Duration,
    /// All addresses of the host, and what attempts to connect to them will meet.
    host: Vec<(IpAddr, Fate)>,
    under_way: BTreeMap<usize, io::Result<Scripted>>,
    begun: usize,
    log: Vec<(Duration, Step, IpAddr)>,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

fn with<R>(look: impl FnOnce(&mut State) -> R) -> R {
    STATE.with_borrow_mut(look)
}

/// From now on every host is this one, and the log is empty.
pub(crate) fn host(resolving: Duration, addresses: impl IntoIterator<Item = (IpAddr, Fate)>) {
    with(|state| {
        state.resolving = resolving;
        state.host = addresses.into_iter().collect();
        state.log.clear();
    });
}

/// A host with an address for each of these servers, which answer at once; `None` never does.
pub(crate) fn servers(servers: impl IntoIterator<Item = Option<io::Result<Scripted>>>) {
    let addresses = (1..).map(|last| IpAddr::from(Ipv4Addr::new(127, 0, 0, last)));
    host(Duration::ZERO, addresses.zip(servers.into_iter().map(|server| Some((Duration::ZERO, server?)))));
}

/// A server that closes the connection at once, whatever it is asked.
pub(crate) fn closes() -> io::Result<Scripted> {
    Ok(script(Cut::NONE, [Read::Eof]).1)
}

/// What happened so far, and when, since the test began.
pub(crate) fn log() -> Vec<(Duration, Step, IpAddr)> {
    with(|state| state.log.clone())
}

pub(crate) async fn resolve(port: u16) -> Vec<SocketAddr> {
    time::sleep(with(|state| state.resolving)).await;
    with(|state| state.host.iter().map(|(address, _)| SocketAddr::new(*address, port)).collect())
}

pub(crate) async fn connect(address: IpAddr) -> io::Result<Scripted> {
    let (mut attempt, after) = Attempt::begin(address);
    match after {
        Some(after) => time::sleep(after).await,
        None => pending().await,
    }
    attempt.end()
}

struct Attempt {
    address: IpAddr,
    number: usize,
    becomes: Step,
}

impl Attempt {
    fn begin(address: IpAddr) -> (Self, Option<Duration>) {
        with(|state| {
            let at = state.host.iter().position(|(of, _)| *of == address).expect("an address of the host");
            let (after, outcome) = state.host.remove(at).1.unzip();
            let number = state.begun;
            state.begun += 1;
            state.under_way.extend(outcome.map(|outcome| (number, outcome)));
            state.log.push((time::elapsed(), Step::Begins, address));
            (Self { address, number, becomes: Step::Dropped }, after)
        })
    }

    fn end(&mut self) -> io::Result<Scripted> {
        let outcome = with(|state| state.under_way.remove(&self.number)).expect("that of an attempt that has one");
        self.becomes = if outcome.is_ok() { Step::Connects } else { Step::Fails };
        outcome
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let abandoned = with(|state| {
            state.log.push((time::elapsed(), self.becomes, self.address));
            state.under_way.remove(&self.number)
        });
        drop(abandoned);
    }
}
