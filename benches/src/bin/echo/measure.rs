//! One measurement.

use crate::contestant::Contestant;
use sansws_benches::Error;
use sansws_benches::load::Scenario;
use std::thread::sleep;
use std::time::Duration;

/// What one measurement found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// CPU time of the program per message, in nanoseconds.
    pub(crate) cpu: f64,
    /// Messages per second.
    pub(crate) rate: f64,
    /// The median and the 99th percentile of the latency in nanoseconds, if one message is in flight at a time.
    pub(crate) latency: Option<(u32, u32)>,
}

/// How long it is loaded before it is measured.
pub(crate) const WARM_UP: Duration = Duration::from_millis(200);

/// How long it takes at most to fall asleep: what it does after the last reply counts, and so is waited for.
const REST: Duration = Duration::from_millis(5);

pub(crate) fn measure(
    contestant: &Contestant,
    scenario: &Scenario,
    cpus: &[usize],
    span: Duration,
) -> Result<Sample, Error> {
    let (process, mut load) = contestant.start(scenario, cpus)?;
    load.run(WARM_UP)?;
    sleep(REST);
    let before = process.cpu_time()?;
    let run = load.run(span)?;
    sleep(REST);
    let used = process.cpu_time()? - before;
    Ok(Sample {
        cpu: used.as_secs_f64() * 1e9 / run.messages as f64,
        rate: run.messages as f64 / run.took.as_secs_f64(),
        latency: run.latency(0.5).zip(run.latency(0.99)),
    })
}
