//! How many system calls a message takes, counted by `strace`.
//!
//! That makes the program slower, and so its batches larger; but those of the floors, too.

use crate::contestant::Contestant;
use crate::measure::WARM_UP;
use rustix::process::{Pid, Signal, kill_process};
use sansws_benches::Error;
use sansws_benches::load::Scenario;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::Duration;

/// System calls per message.
pub(crate) fn count(
    contestant: &Contestant,
    scenario: &Scenario,
    cpus: &[usize],
    span: Duration,
) -> Result<f64, Error> {
    let (process, mut load) = contestant.start(scenario, cpus)?;
    load.run(WARM_UP)?;
    let mut strace = Command::new("strace")
        .args(["-f", "-c", "-U", "calls,name", "-p", &process.id().to_string()])
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("strace: {error}"))?;
    let mut output = BufReader::new(strace.stderr.take().ok_or("strace has an output")?);
    let mut attached = String::new();
    output.read_line(&mut attached)?;
    let run = load.run(span);
    let pid = i32::try_from(strace.id()).ok().and_then(Pid::from_raw).ok_or("strace has an id")?;
    kill_process(pid, Signal::INT)?;
    let mut table = String::new();
    output.read_to_string(&mut table)?;
    strace.wait()?;
    let total = table.lines().find_map(|line| line.trim().strip_suffix(" total")?.trim().parse::<f64>().ok());
    let total = total.ok_or_else(|| format!("strace did not count: {attached}{table}"))?;
    Ok(total / run?.messages as f64)
}
