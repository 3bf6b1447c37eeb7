//! The report, in Markdown.

use crate::contestant::Contestant;
use crate::figures::Figures;
use sansws_benches::load::Scenario;
use sansws_benches::machine;
use sansws_benches::summary::rounded;
use std::fmt::Write as _;

pub(crate) fn report(
    figures: &Figures,
    scenarios: &[Scenario],
    contestants: &[Contestant],
    rounds: usize,
    seconds: f64,
) -> String {
    let mut text = format!(
        "# Echo over loopback\n\n\
         Written by `echo`; `benches/README.md` says how to run it, and how to compare.\n{}.\n\
         The median of {rounds} interleaved rounds of {seconds} s",
        machine::described()
    );
    if let (Some(half), Some(most)) = (figures.spread(0.5), figures.spread(0.9)) {
        let (half, most) = (half * 100.0, most * 100.0);
        let _ = write!(text, "; they spread by {half:.0} % in the middle, and by {most:.0} % in nine of ten cells");
    }
    text.push_str(".\n\n");
    for scenario in scenarios {
        let _ = writeln!(text, "- `{}`: {}", scenario.name, scenario.described());
    }

    let best = |scenario: &Scenario| {
        let peers = contestants.iter().filter(|contestant| contestant.is_peer());
        peers.filter_map(|peer| figures.cpu(peer, scenario)).reduce(f64::min)
    };
    let cpu = |contestant: &Contestant, scenario: &Scenario| {
        let cpu = figures.cpu(contestant, scenario)?;
        let is_best = contestant.is_peer() && best(scenario) == Some(cpu);
        Some(if is_best { format!("**{}**", rounded(cpu)) } else { rounded(cpu) })
    };
    let all: Vec<_> = contestants.iter().collect();
    let ours: Vec<_> = contestants
        .iter()
        .filter(|one| one.floor().is_some_and(|floor| floor.to_string() != one.to_string()))
        .collect();
    let mut add = |title, rows: &[&Contestant], figure: &dyn Fn(&Contestant, &Scenario) -> Option<String>| {
        text.push_str(&table(title, rows, scenarios, figure));
    };
    add("CPU time of the program, ns per message (**the best peer**)", &all, &cpu);
    add("The same, ours ÷ the floor of the same runtime", &ours, &|one, scenario| {
        let floor = figures.cpu(&one.floor()?, scenario)?;
        Some(format!("{:.2}", figures.cpu(one, scenario)? / floor))
    });
    add("The same, ours ÷ the best peer", &ours, &|one, scenario| {
        Some(format!("{:.2}", figures.cpu(one, scenario)? / best(scenario)?))
    });
    add("Messages per second, in thousands", &all, &|one, scenario| {
        Some(rounded(figures.median(one, scenario, |sample| Some(sample.rate))? / 1e3))
    });
    add("Latency with one message in flight, median and 99th percentile, µs", &all, &|one, scenario| {
        let micros = |nanos: u32| f64::from(nanos) / 1e3;
        let half = figures.median(one, scenario, |sample| Some(micros(sample.latency?.0)))?;
        let most = figures.median(one, scenario, |sample| Some(micros(sample.latency?.1)))?;
        Some(format!("{} / {}", rounded(half), rounded(most)))
    });
    add("System calls per message, under strace", &all, &|one, scenario| {
        figures.system_calls(one, scenario).map(|calls| format!("{calls:.3}"))
    });
    text
}

/// A table without the columns and rows that would be empty; nothing if all would.
fn table(
    title: &str,
    rows: &[&Contestant],
    scenarios: &[Scenario],
    figure: &dyn Fn(&Contestant, &Scenario) -> Option<String>,
) -> String {
    let has = |scenario: &&Scenario| rows.iter().any(|row| figure(row, scenario).is_some());
    let columns: Vec<_> = scenarios.iter().filter(has).collect();
    if columns.is_empty() {
        return String::new();
    }
    let names: Vec<_> = columns.iter().map(|scenario| scenario.name).collect();
    let mut text = format!("\n## {title}\n\n| | {} |\n|---{}|\n", names.join(" | "), "|---:".repeat(names.len()));
    for row in rows {
        let figures: Vec<_> = columns.iter().map(|scenario| figure(row, scenario)).collect();
        if figures.iter().any(Option::is_some) {
            let figures = figures.into_iter().map(|figure| figure.unwrap_or_else(|| "–".to_owned()));
            let _ = writeln!(text, "| {row} | {} |", figures.collect::<Vec<_>>().join(" | "));
        }
    }
    text
}
