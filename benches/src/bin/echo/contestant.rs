//! [`Contestant`]: a program that is measured, and how it is started.

use sansws_benches::Error;
use sansws_benches::echo::Program;
use sansws_benches::load::{Load, Scenario, Side};
use sansws_benches::process::{self, Process};
use std::fmt;
use std::net::TcpListener;
use std::process::Command;

/// A program that is measured.
#[derive(Clone, Debug)]
pub(crate) enum Contestant {
    /// One that is built in.
    Program(Program),
    /// A server from elsewhere.
    Other { name: String, command: String },
}

impl Contestant {
    /// Whether it is another library than ours.
    pub(crate) const fn is_peer(&self) -> bool {
        match self {
            Self::Program(program) => program.is_peer(),
            Self::Other { .. } => true,
        }
    }

    /// The floor of its runtime.
    pub(crate) const fn floor(&self) -> Option<Program> {
        match self {
            Self::Program(Program::Floor(runtime) | Program::Ours(runtime, _)) => Some(Program::Floor(*runtime)),
            _ => None,
        }
    }

    /// Whether it can be measured so: servers from elsewhere are no clients, and know no TLS.
    pub(crate) fn takes(&self, scenario: &Scenario) -> bool {
        match self {
            Self::Program(program) => program.speaks_tls() || !scenario.tls,
            Self::Other { .. } => scenario.side == Side::Server && !scenario.tls,
        }
    }

    /// Starts it on its CPU, and connects the load to it from the other.
    pub(crate) fn start(&self, scenario: &Scenario, cpus: &[usize]) -> Result<(Process, Load), Error> {
        let [its, ours] = cpus else { return Err("there are two CPUs, one for each side".into()) };
        let listener = (scenario.side == Side::Client).then(|| TcpListener::bind("127.0.0.1:0")).transpose()?;
        let mut command = match self {
            Self::Program(program) => program.command()?,
            Self::Other { command, .. } => {
                let mut words = command.split_whitespace();
                let mut command = Command::new(words.next().ok_or("an empty command")?);
                command.args(words);
                command
            }
        };
        if let Some(listener) = &listener {
            let (addr, connections) = (listener.local_addr()?.to_string(), scenario.connections.to_string());
            command.args(["--connect", &addr, &connections]);
        }
        if scenario.tls {
            command.arg("--tls");
        }
        process::pin(*its)?;
        let process = Process::start(&mut command);
        process::pin(*ours)?;
        let mut process = process?;
        let load = match listener {
            Some(listener) => Load::accept(&listener, scenario)?,
            None => Load::connect(process.listens()?, scenario)?,
        };
        Ok((process, load))
    }
}

impl fmt::Display for Contestant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program(program) => program.fmt(f),
            Self::Other { name, .. } => f.write_str(name),
        }
    }
}
