//! Echo over loopback, of ours on every runtime, of the floors and, with `--features peers`, of the peers:
//! `cargo run --release -p sansws-benches --features peers --bin echo`.
//!
//! Each program is a child process on one CPU, and the load generator, which knows no WebSocket library, is on another.
//! What counts is the CPU time that the program uses for each message: of all figures, that depends least on what else the
//! machine does. Rounds of all programs interleave; a figure is the median of the rounds.

mod contestant;
mod figures;
mod measure;
mod plot;
mod report;
mod system_calls;

use clap::Parser;
use contestant::Contestant;
use figures::Figures;
use sansws_benches::Error;
use sansws_benches::echo::{Place, Program};
use sansws_benches::load::{Scenario, scenarios};
use sansws_benches::process;
use std::fs;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Measures programs that echo.
#[derive(Parser)]
struct Args {
    /// Only these scenarios.
    #[arg(long)]
    scenario: Vec<String>,
    /// Only programs whose name contains this.
    #[arg(long)]
    server: Vec<String>,
    /// How often everything is measured.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long one measurement takes.
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// The CPUs of the program and of the load generator.
    #[arg(long, num_args = 2, default_values_t = [1, 0])]
    cpus: Vec<usize>,
    /// Count system calls, too; it wants `strace`.
    #[arg(long)]
    system_calls: bool,
    /// Also measure this server, which prints where it listens: NAME=COMMAND.
    #[arg(long)]
    other: Vec<String>,
    /// Write the report and the plot to `benches/results/`.
    #[arg(long)]
    update: bool,
    /// Be this program, and listen: for the child process.
    #[arg(long, hide = true)]
    run: Option<String>,
    /// Over TLS.
    #[arg(long, hide = true)]
    tls: bool,
    /// Or be the client of this server.
    #[arg(long, hide = true, num_args = 2, value_names = ["ADDR", "CONNECTIONS"])]
    connect: Vec<String>,
}

fn main() -> Result<(), Error> {
    let args = Args::parse();
    if let Some(name) = &args.run {
        let place = match &args.connect[..] {
            [addr, connections] => Place::Connect(addr.parse::<SocketAddr>()?, connections.parse()?),
            _ => Place::Listen { addr: "127.0.0.1:0".into(), tls: args.tls },
        };
        return Program::named(name).ok_or("no such program")?.run(&place);
    }
    let scenarios = wanted_scenarios(&args)?;
    let contestants = wanted_contestants(&args)?;
    process::allow(scenarios.iter().map(|scenario| scenario.connections).max().unwrap_or(0))?;
    let figures = measure_all(&args, &scenarios, &contestants);
    let report = report::report(&figures, &scenarios, &contestants, args.rounds, args.seconds);
    println!("{report}");
    if args.update {
        let results = concat!(env!("CARGO_MANIFEST_DIR"), "/results");
        fs::write(format!("{results}/echo.md"), report)?;
        fs::write(format!("{results}/echo.svg"), plot::plot(&figures, &scenarios, &contestants))?;
    }
    Ok(())
}

fn wanted_scenarios(args: &Args) -> Result<Vec<Scenario>, Error> {
    let known = scenarios();
    if let Some(unknown) = args.scenario.iter().find(|name| known.iter().all(|scenario| scenario.name != **name)) {
        let names: Vec<_> = known.iter().map(|scenario| scenario.name).collect();
        return Err(format!("no scenario {unknown}; there are {}", names.join(", ")).into());
    }
    let is_wanted =
        |scenario: &Scenario| args.scenario.is_empty() || args.scenario.iter().any(|name| name == scenario.name);
    Ok(known.into_iter().filter(is_wanted).collect())
}

fn wanted_contestants(args: &Args) -> Result<Vec<Contestant>, Error> {
    let mut contestants: Vec<_> = Program::all().into_iter().map(Contestant::Program).collect();
    for other in &args.other {
        let (name, command) = other.split_once('=').ok_or("another server is NAME=COMMAND")?;
        contestants.push(Contestant::Other { name: name.to_owned(), command: command.to_owned() });
    }
    contestants.retain(|contestant| {
        args.server.is_empty() || args.server.iter().any(|part| contestant.to_string().contains(part))
    });
    if contestants.is_empty() {
        let names: Vec<_> = Program::all().iter().map(Program::to_string).collect();
        return Err(format!("no such program; there are {}", names.join(", ")).into());
    }
    Ok(contestants)
}

/// All programs in all scenarios, round by round; who fails is told of and left out.
fn measure_all(args: &Args, scenarios: &[Scenario], contestants: &[Contestant]) -> Figures {
    let mut figures = Figures::default();
    let rounds = args.rounds + usize::from(args.system_calls);
    let (total, began) = (rounds * scenarios.len() * contestants.len(), Instant::now());
    let mut done = 0;
    for round in 0..rounds {
        for scenario in scenarios {
            for turn in 0..contestants.len() {
                let contestant = &contestants[(turn + round) % contestants.len()]; // nobody is always first
                let left = began.elapsed().mul_f64((total - done) as f64 / done.max(1) as f64).as_secs();
                eprint!(
                    "\r\x1b[2K{done} of {total}, {}:{:02} left: {}, {contestant} ",
                    left / 60,
                    left % 60,
                    scenario.name
                );
                done += 1;
                if !contestant.takes(scenario) {
                    continue;
                }
                let span = Duration::from_secs_f64(args.seconds);
                let result = if round < args.rounds {
                    measure::measure(contestant, scenario, &args.cpus, span)
                        .map(|sample| figures.add(contestant, scenario, sample))
                } else {
                    system_calls::count(contestant, scenario, &args.cpus, span)
                        .map(|calls| figures.add_system_calls(contestant, scenario, calls))
                };
                if let Err(error) = result {
                    eprintln!("\r\x1b[2K{}, {contestant}: {error}", scenario.name);
                }
            }
        }
    }
    eprintln!("\r\x1b[2K{total} measurements in {} s", began.elapsed().as_secs());
    figures
}
