//! [`Process`]: a program that is measured, as a child of this one; and what the system says of it.

use crate::Error;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_setaffinity};
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

/// A child process, ended when this is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Process {
    /// Starts it.
    ///
    /// # Errors
    ///
    /// If that fails.
    pub fn start(command: &mut Command) -> Result<Self, Error> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let output = BufReader::new(child.stdout.take().ok_or("a child has an output")?);
        Ok(Self { child, output })
    }

    /// Where it says that it listens, in its first line.
    ///
    /// # Errors
    ///
    /// If it ends, or says something else.
    pub fn listens(&mut self) -> Result<SocketAddr, Error> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            return Err(format!("it ended: {}", self.child.wait()?).into());
        }
        Ok(line.trim().parse()?)
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How much of a CPU all of its threads have used. Exact while it sleeps; else what was used since the last tick may
    /// be missing.
    ///
    /// # Errors
    ///
    /// If it has ended, or the system does not tell.
    pub fn cpu_time(&self) -> Result<Duration, Error> {
        let mut nanos = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.id()))? {
            let stat = fs::read_to_string(task?.path().join("schedstat"))?;
            nanos += stat.split_whitespace().next().ok_or("schedstat is empty")?.parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanos))
    }

    /// How much of its memory is resident, in bytes, once that no longer changes.
    ///
    /// # Errors
    ///
    /// If it has ended, or the system does not tell.
    pub fn resident(&self) -> Result<u64, Error> {
        let path = format!("/proc/{}/smaps_rollup", self.id());
        let now = || -> Result<u64, Error> {
            let rollup = fs::read_to_string(&path)?;
            let line = rollup.lines().find(|line| line.starts_with("Rss:")).ok_or("no Rss in smaps_rollup")?;
            Ok(line.split_whitespace().nth(1).ok_or("no figure")?.parse::<u64>()? * 1024)
        };
        let mut last = now()?;
        loop {
            std::thread::sleep(Duration::from_millis(200));
            let this = now()?;
            if this == last {
                return Ok(this);
            }
            last = this;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Has this thread, and those that it starts, run on one CPU.
///
/// # Errors
///
/// If there is no such CPU.
pub fn pin(cpu: usize) -> Result<(), Error> {
    let mut set = CpuSet::new();
    set.set(cpu);
    Ok(sched_setaffinity(None, &set)?)
}

/// Has this process, and its children, open as many files as so many connections take.
///
/// # Errors
///
/// If that is more than the system allows.
pub fn allow(connections: usize) -> Result<(), Error> {
    let wanted = connections as u64 + 100;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_some_and(|current| current < wanted) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum })?;
    }
    Ok(())
}
