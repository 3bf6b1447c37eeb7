//! [`Load`]: a load generator that knows no WebSocket library: it sends the same frame again and again, and compares what comes
//! back with what must come back, byte by byte.

mod answers;
mod scenario;
mod stream;

pub use scenario::{Scenario, Side, scenarios};

use crate::Error;
use crate::echo::handshake;
use answers::{Answer, Answers};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};
use stream::Stream;

/// How much is read at once.
const READ: usize = 1 << 20;

/// How long a program may say nothing.
const PATIENCE: Duration = Duration::from_secs(30);

/// Connections to a server, and what is sent to it.
#[derive(Debug)]
pub struct Load {
    poll: Poll,
    events: Events,
    talks: Vec<Talk>,
    /// As many requests as may be in flight on a connection.
    requests: Vec<u8>,
    /// The length of one.
    request: usize,
    in_flight: usize,
    answer: Arc<Answer>,
    /// Who sends next, where that is another than the one that was answered.
    turns: Option<Turns>,
    scratch: Vec<u8>,
}

/// What a run found.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// How many messages came back.
    pub messages: u64,
    /// How long that took.
    pub took: Duration,
    /// How long each took, in nanoseconds, if one is in flight at a time on a connection.
    pub latencies: Vec<u32>,
}

impl Run {
    /// The latency that this part of the messages, of 1, did not exceed. In nanoseconds.
    #[must_use]
    pub fn latency(&self, part: f64) -> Option<u32> {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        let last = sorted.len().checked_sub(1)?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "no more than `last`")]
        let at = (last as f64 * part.clamp(0.0, 1.0)).round() as usize;
        sorted.get(at).copied()
    }
}

impl Load {
    /// Connects to a server.
    ///
    /// # Errors
    ///
    /// If that fails.
    pub fn connect(addr: SocketAddr, scenario: &Scenario) -> Result<Self, Error> {
        let mut load = Self::new(scenario)?;
        for _ in 0..scenario.connections {
            load.join(Stream::connect(addr, scenario.tls)?)?;
        }
        Ok(load)
    }

    /// Waits for a client to connect.
    ///
    /// # Errors
    ///
    /// If that fails.
    pub fn accept(listener: &TcpListener, scenario: &Scenario) -> Result<Self, Error> {
        let mut load = Self::new(scenario)?;
        for _ in 0..scenario.connections {
            let (mut tcp, _) = listener.accept()?;
            tcp.set_read_timeout(Some(PATIENCE))?;
            handshake::accept(&mut tcp)?;
            tcp.set_nodelay(true)?;
            tcp.set_nonblocking(true)?;
            load.join(Stream::Plain(TcpStream::from_std(tcp)))?;
        }
        Ok(load)
    }

    fn new(scenario: &Scenario) -> Result<Self, Error> {
        let request = scenario.request();
        Ok(Self {
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
            talks: Vec::with_capacity(scenario.connections),
            requests: request.repeat(scenario.in_flight),
            request: request.len(),
            in_flight: scenario.in_flight,
            answer: Answer::new(scenario),
            turns: scenario.active.map(|active| Turns::new(active, scenario.connections)),
            scratch: vec![0; READ],
        })
    }

    fn join(&mut self, mut stream: Stream) -> io::Result<()> {
        let token = Token(self.talks.len());
        self.poll.registry().register(stream.source(), token, Interest::READABLE | Interest::WRITABLE)?;
        let answers = Answers::new(&self.answer);
        self.talks.push(Talk { stream, sent: 0, owed: 0, answers, began: Instant::now() });
        Ok(())
    }

    /// Sends for so long, and then waits until all is answered.
    ///
    /// # Errors
    ///
    /// If a connection fails, if what comes back is not what was sent, or if nothing does for 30 seconds.
    pub fn run(&mut self, span: Duration) -> Result<Run, Error> {
        let mut run = Run::default();
        let (began, takes_latency) = (Instant::now(), self.in_flight == 1);
        let mut waiting = 0; // messages in flight
        for at in self.first() {
            self.talks[at].began = began;
            waiting += self.in_flight;
            self.send(at, self.in_flight)?;
        }
        let (mut is_over, mut heard) = (false, began);
        while waiting > 0 {
            self.poll.poll(&mut self.events, Some(PATIENCE))?;
            let now = Instant::now();
            is_over = is_over || now - began >= span;
            if now - heard >= PATIENCE {
                return Err("the program says nothing any more".into());
            }
            for token in self.events.iter().map(mio::event::Event::token).collect::<Vec<_>>() {
                self.send(token.0, 0)?; // what did not fit before
                let answered = self.talks[token.0].receive(&mut self.scratch)?;
                if answered == 0 {
                    continue;
                }
                if takes_latency {
                    heard = Instant::now();
                    let latency = heard - self.talks[token.0].began;
                    run.latencies.push(u32::try_from(latency.as_nanos()).unwrap_or(u32::MAX));
                } else {
                    heard = now;
                }
                run.messages += answered as u64;
                waiting -= answered;
                self.turns.iter_mut().for_each(|turns| turns.silent.push_back(token.0));
                if !is_over {
                    let next = self.turns.as_mut().and_then(|turns| turns.silent.pop_front()).unwrap_or(token.0);
                    if takes_latency {
                        self.talks[next].began = Instant::now();
                    }
                    waiting += answered;
                    self.send(next, answered)?;
                }
            }
        }
        run.took = began.elapsed();
        Ok(run)
    }

    /// The connections that send first.
    fn first(&mut self) -> Vec<usize> {
        match &mut self.turns {
            None => (0..self.talks.len()).collect(),
            Some(turns) => turns.silent.drain(..turns.active).collect(),
        }
    }

    /// Sends so many messages more on a connection, as far as they fit.
    fn send(&mut self, at: usize, count: usize) -> Result<(), Error> {
        self.talks[at].owed += count * self.request;
        Ok(self.talks[at].send(&self.requests)?)
    }
}

/// Who sends next: who has been silent for longest, so that of many connections few are active at a time, and all in turn.
#[derive(Debug)]
struct Turns {
    active: usize,
    silent: VecDeque<usize>,
}

impl Turns {
    fn new(active: usize, connections: usize) -> Self {
        const STEP: usize = 7919; // a prime, so that all come by, and not in the order of their memory
        Self { active, silent: (1..=connections).map(|at| at * STEP % connections).collect() }
    }
}

/// One connection.
#[derive(Debug)]
struct Talk {
    stream: Stream,
    /// How much was sent, modulo the length of the requests.
    sent: usize,
    /// How many bytes are to be sent.
    owed: usize,
    answers: Answers,
    /// When the last message was sent.
    began: Instant,
}

impl Talk {
    fn send(&mut self, requests: &[u8]) -> io::Result<()> {
        while self.owed > 0 {
            let end = requests.len().min(self.sent + self.owed);
            match self.stream.write(&requests[self.sent..end]) {
                Ok(count) => {
                    self.sent = (self.sent + count) % requests.len();
                    self.owed -= count;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        match self.stream.flush() {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(()),
        }
    }

    /// Reads what there is. How many messages are complete by that.
    fn receive(&mut self, scratch: &mut [u8]) -> Result<usize, Error> {
        let mut messages = 0;
        loop {
            let count = match self.stream.read(scratch) {
                Ok(0) => return Err("the program is gone".into()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(messages),
                Err(error) => return Err(error.into()),
            };
            messages += self.answers.take(&mut scratch[..count])?;
            if self.stream.is_drained_by(count, scratch.len()) {
                return Ok(messages);
            }
        }
    }
}
