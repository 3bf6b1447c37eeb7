//! Measures permessage-deflate, ours and the peers', and prints one Markdown table.
//!
//! `sansws_benches::deflate` says what is measured and how to run this. Each argument is another build of this program,
//! with other libraries in it. All of them measure as workers of the first: they read on standard input what to
//! measure, one line at a time, and write what they found; so that rounds of all libraries interleave, one process
//! running at a time. A figure is the median of the rounds, in CPU time of the thread, which does not count what other
//! programs use of the core.

use rustix::time::{ClockId, Timespec, clock_gettime};
use sansws_benches::Error;
use sansws_benches::corpus::Corpus;
use sansws_benches::deflate::{Library, SIZES, Settings, bytes, libraries};
use sansws_benches::machine;
use std::fmt::Write as _;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

/// How often everything is measured. Odd, so that there is a median.
const ROUNDS: usize = 15;

/// How long one measurement takes at least.
const SPAN: Duration = Duration::from_millis(25);

/// The argument that makes this a worker.
const WORKER: &str = "--worker";

fn main() -> Result<(), Error> {
    let builds: Vec<String> = std::env::args().skip(1).collect();
    if builds.first().is_some_and(|argument| argument == WORKER) {
        return work();
    }
    let own = std::env::current_exe()?;
    let builds = [own.as_path()].into_iter().chain(builds.iter().map(Path::new));
    let mut workers = builds.map(Worker::start).collect::<Result<Vec<_>, _>>()?;
    let rows = measure_all(&mut workers)?;
    let report = report(&workers, &rows)?;
    print!("{report}");
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/results/deflate.md"), report)?;
    Ok(())
}

/// What is measured: how, and messages of what size. The same list in every build.
fn cases() -> Vec<(Option<Settings>, usize)> {
    let settings: Vec<_> = [None].into_iter().chain(Settings::all().into_iter().map(Some)).collect();
    SIZES.into_iter().flat_map(|size| settings.clone().into_iter().map(move |settings| (settings, size))).collect()
}

/// What one measurement found.
#[derive(Clone, Copy, Debug)]
struct Found {
    /// Per message.
    nanos: f64,
    /// Bytes on the wire per byte of payload.
    ratio: f64,
}

// The worker.

/// Says which libraries are built in, then measures what it is told to, until the input ends.
fn work() -> Result<(), Error> {
    let mut output = std::io::stdout().lock();
    let (libraries, cases) = (libraries(), cases());
    let corpora: Vec<_> = SIZES.into_iter().map(|size| (size, Corpus::new(size))).collect();
    for library in &libraries {
        writeln!(output, "{library}\t{}", library.lacks)?;
    }
    writeln!(output)?;
    output.flush()?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (library, case) = line.split_once(' ').ok_or("two numbers")?;
        let (library, (settings, size)) = (&libraries[library.parse::<usize>()?], &cases[case.parse::<usize>()?]);
        let (_, corpus) = corpora.iter().find(|(of, _)| of == size).ok_or("a size")?;
        match measure(library, settings.as_ref(), corpus)? {
            Some(Found { nanos, ratio }) => writeln!(output, "{nanos} {ratio}")?,
            None => writeln!(output)?,
        }
        output.flush()?;
    }
    Ok(())
}

/// Passes all texts once, which warms up and gives the ratio, and then as many as take long enough.
fn measure(library: &Library, settings: Option<&Settings>, corpus: &Corpus) -> Result<Option<Found>, Error> {
    let Some(mut pair) = (library.pair)(settings)? else { return Ok(None) };
    let (texts, mut differ) = (corpus.texts(), 0);
    let started = cpu_time();
    pair.pass(&mut texts.iter(), &mut |sent, received| differ += usize::from(sent.as_bytes() != received))?;
    let lap = cpu_time() - started;
    if differ > 0 {
        return Err(format!("{library}, {settings:?}: {differ} messages arrived changed").into());
    }
    let payload: usize = texts.iter().map(|text| text.len()).sum();
    let ratio = pair.written() as f64 / payload as f64;

    let laps = SPAN.div_duration_f64(lap.max(Duration::from_micros(1))).ceil();
    let mut count = 0_u32;
    let started = cpu_time();
    while f64::from(count) < laps * texts.len() as f64 {
        pair.pass(&mut texts.iter(), &mut |_, received| {
            black_box(received);
            count += 1;
        })?;
    }
    let nanos = (cpu_time() - started).div_duration_f64(Duration::from_nanos(1)) / f64::from(count);
    Ok(Some(Found { nanos, ratio }))
}

/// What this thread has used of a CPU.
fn cpu_time() -> Duration {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(tv_sec.unsigned_abs(), u32::try_from(tv_nsec).unwrap_or_default())
}

// The coordinator.

/// Another process that measures.
struct Worker {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// What they are called, and what they lack.
    libraries: Vec<(String, String)>,
}

impl Worker {
    fn start(build: &Path) -> Result<Self, Error> {
        let mut process = Command::new(build)
            .arg(WORKER)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", build.display()))?;
        let input = process.stdin.take().ok_or("no input")?;
        let output = BufReader::new(process.stdout.take().ok_or("no output")?);
        let mut worker = Self { process, input, output, libraries: Vec::new() };
        while let Some((label, lacks)) = worker.read()?.split_once('\t') {
            worker.libraries.push((label.to_owned(), lacks.to_owned()));
        }
        Ok(worker)
    }

    fn measure(&mut self, library: usize, case: usize) -> Result<Option<Found>, Error> {
        writeln!(self.input, "{library} {case}")?;
        let line = self.read()?;
        let Some((nanos, ratio)) = line.split_once(' ') else { return Ok(None) };
        Ok(Some(Found { nanos: nanos.parse()?, ratio: ratio.parse()? }))
    }

    fn read(&mut self) -> Result<String, Error> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            return Err(format!("a worker ended: {}", self.process.wait()?).into());
        }
        Ok(line.trim_end_matches('\n').to_owned())
    }
}

/// What all rounds found of one library and case.
struct Row {
    library: String,
    settings: Option<Settings>,
    size: usize,
    /// Empty if it is not supported.
    found: Vec<Found>,
}

impl Row {
    fn nanos(&self) -> Vec<f64> {
        let mut nanos: Vec<_> = self.found.iter().map(|found| found.nanos).collect();
        nanos.sort_by(f64::total_cmp);
        nanos
    }

    fn median(&self) -> Option<f64> {
        let nanos = self.nanos();
        nanos.get(nanos.len() / 2).copied()
    }

    /// How far apart the quartiles are, in percent of the median.
    fn spread(&self) -> Option<f64> {
        let (nanos, median) = (self.nanos(), self.median()?);
        let (lower, upper) = (nanos.get(nanos.len() / 4)?, nanos.get(nanos.len() * 3 / 4)?);
        Some((upper - lower) / median * 100.0)
    }
}

/// Every library in every case, round by round. A library that two workers have is measured by the first.
fn measure_all(workers: &mut [Worker]) -> Result<Vec<Row>, Error> {
    let mut libraries: Vec<(usize, usize, String)> = Vec::new();
    for (worker, Worker { libraries: labels, .. }) in workers.iter().enumerate() {
        for (library, (label, _)) in labels.iter().enumerate() {
            if libraries.iter().all(|(_, _, other)| other != label) {
                libraries.push((worker, library, label.clone()));
            }
        }
    }
    let cases = cases();
    let mut rows: Vec<Row> = Vec::new();
    for (settings, size) in &cases {
        for (_, _, label) in &libraries {
            rows.push(Row { library: label.clone(), settings: *settings, size: *size, found: Vec::new() });
        }
    }
    for round in 0..ROUNDS {
        for (case, (settings, size)) in cases.iter().enumerate() {
            let settings = settings.map_or_else(|| "uncompressed".to_owned(), |settings| settings.to_string());
            eprint!("\r\x1b[2Kround {} of {ROUNDS}: {}, {settings}", round + 1, bytes(*size));
            for turn in 0..libraries.len() {
                let at = (turn + round) % libraries.len(); // nobody is always first
                let (worker, library, _) = libraries[at];
                let found = workers[worker].measure(library, case)?;
                rows[case * libraries.len() + at].found.extend(found);
            }
        }
    }
    eprintln!();
    Ok(rows)
}

// The report.

fn report(workers: &[Worker], rows: &[Row]) -> Result<String, Error> {
    let mut report = String::from("# permessage-deflate: CPU time per message, and bytes on the wire\n\n");
    writeln!(
        report,
        "Written by `deflate_table`; the documentation of `sansws_benches::deflate` says what is measured and what is\n\
         not equal. {}, {}, system zlib {}, sansws at {}.\n\
         The median of {ROUNDS} interleaved rounds; «spread» is between their quartiles. Server to client: compress, frame,\n\
         pipe, parse, inflate, check UTF-8.\n",
        machine::cpu(),
        machine::rustc(),
        machine::output_of("pkg-config", &["--modversion", "zlib"]),
        machine::commit(),
    )?;
    report.push_str("| library | level | window | takeover | size | ns per message | spread | ÷ sansws | ratio |\n");
    report.push_str("|---|---:|---:|---|---:|---:|---:|---:|---:|\n");
    for row in rows {
        let (Some(median), Some(spread), Some(found)) = (row.median(), row.spread(), row.found.first()) else {
            continue;
        };
        let ours = rows.iter().find(|other| {
            (other.size, other.settings) == (row.size, row.settings) && other.library.starts_with("sansws ")
        });
        let times = ours.and_then(Row::median).map_or(1.0, |ours| median / ours);
        let (memory_level, settings) = match row.settings {
            None => (String::new(), "– | – | uncompressed".to_owned()),
            Some(Settings { level, memory_level, window_bits, takeover }) => (
                if memory_level == 8 { String::new() } else { format!(", memory level {memory_level}") },
                format!("{level} | {window_bits} | {}", if takeover { "yes" } else { "no" }),
            ),
        };
        let (library, size, ratio) = (&row.library, bytes(row.size), found.ratio);
        writeln!(
            report,
            "| {library}{memory_level} | {settings} | {size} | {median:.0} | {spread:.0} % | {times:.2} | {ratio:.3} |"
        )?;
    }
    report.push_str("\nWindows of 9, 12 and 15 bits are supported by all. Not supported are:\n\n");
    for (label, lacks) in workers.iter().flat_map(|worker| &worker.libraries).filter(|(_, lacks)| !lacks.is_empty()) {
        writeln!(report, "- {label}: {lacks}")?;
    }
    Ok(report)
}
