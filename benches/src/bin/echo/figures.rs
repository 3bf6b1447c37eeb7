//! [`Figures`]: what all rounds found.

use crate::contestant::Contestant;
use crate::measure::Sample;
use sansws_benches::load::Scenario;
use std::collections::HashMap;

/// What all rounds found, by program and scenario.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    samples: HashMap<(String, &'static str), Vec<Sample>>,
    system_calls: HashMap<(String, &'static str), f64>,
}

impl Figures {
    pub(crate) fn add(&mut self, contestant: &Contestant, scenario: &Scenario, sample: Sample) {
        self.samples.entry((contestant.to_string(), scenario.name)).or_default().push(sample);
    }

    pub(crate) fn add_system_calls(&mut self, contestant: &Contestant, scenario: &Scenario, calls: f64) {
        self.system_calls.insert((contestant.to_string(), scenario.name), calls);
    }

    /// The median of all rounds.
    pub(crate) fn median(
        &self,
        name: &impl ToString,
        scenario: &Scenario,
        figure: impl Fn(&Sample) -> Option<f64>,
    ) -> Option<f64> {
        median(self.samples.get(&(name.to_string(), scenario.name))?.iter().filter_map(figure).collect())
    }

    /// CPU time per message, in nanoseconds.
    pub(crate) fn cpu(&self, name: &impl ToString, scenario: &Scenario) -> Option<f64> {
        self.median(name, scenario, |sample| Some(sample.cpu))
    }

    /// System calls per message.
    pub(crate) fn system_calls(&self, name: &impl ToString, scenario: &Scenario) -> Option<f64> {
        self.system_calls.get(&(name.to_string(), scenario.name)).copied()
    }

    /// How far apart the rounds are of which a median is in the middle: highest less lowest, by the median. Of all
    /// programs and scenarios, that which this part of them, of 1, does not exceed.
    pub(crate) fn spread(&self, part: f64) -> Option<f64> {
        let spread = |samples: &Vec<Sample>| {
            let cpu = || samples.iter().map(|sample| sample.cpu);
            let (low, high) = (cpu().reduce(f64::min)?, cpu().reduce(f64::max)?);
            Some((high - low) / median(cpu().collect())?)
        };
        let mut spreads: Vec<f64> = self.samples.values().filter_map(spread).collect();
        spreads.sort_by(f64::total_cmp);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
        spreads.get(((spreads.len() as f64 * part) as usize).min(spreads.len().saturating_sub(1))).copied()
    }
}

fn median(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied()
}
