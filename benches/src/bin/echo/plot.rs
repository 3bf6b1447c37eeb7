//! The plot, an SVG: a row for each program, a panel for each of some scenarios, and in it a bar of the CPU time per
//! message, by that of the floor. It has no background, and colours that do on a light page and on a dark one.

use crate::contestant::Contestant;
use crate::figures::Figures;
use sansws_benches::echo::{Loop, Program, Runtime};
use sansws_benches::load::Scenario;
use sansws_benches::summary::rounded;

/// The scenarios shown: messages from small to large.
const SHOWN: [&str; 6] = ["small64", "text125", "text1k", "text16k", "utf8_16k", "text1m"];

/// What all are compared with.
const FLOOR: Program = Program::Floor(Runtime::Tokio);

/// Those of ours that are shown.
const OURS: [Program; 3] = [
    Program::Ours(Runtime::Tokio, Loop::Serve),
    Program::Ours(Runtime::Tokio, Loop::Feed),
    Program::Ours(Runtime::Mio, Loop::Serve),
];

const TITLE: &str = "CPU time of echo servers for each message";

const NOTES: [&str; 2] = [
    "CPU time of the server for each message, ÷ that of the floor (dashed), the least that it takes on tokio. Shorter is better.",
    "Other libraries in the way in which each is fastest.",
];

const STYLE: &str = "<style>
text { font: 12px system-ui, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #7a7f87 }
path { fill: #8298b8 }
.name, .ours { font-weight: 600 }
.ours { fill: #e8590c }
.floor { fill: #2f9e44 }
.limit { stroke: #2f9e44; stroke-width: 1.5; stroke-dasharray: 4 2 }
</style>";

/// Bars are cut, and pointed, where they are so many times as long as that of the floor.
const CUT: f64 = 3.0;

// In pixels.
const NAMES: usize = 142;
const PANEL: usize = 130;
const BAR: f64 = 88.0;
const THICK: usize = 12;
const HEAD: usize = 58;
const ROW: usize = 20;
const FOOT: usize = 44;

/// Draws it. Nothing is shown of scenarios in which the floor was not measured.
pub(crate) fn plot(figures: &Figures, scenarios: &[Scenario], contestants: &[Contestant]) -> String {
    let shown = scenarios.iter().filter(|scenario| SHOWN.contains(&scenario.name));
    let shown: Vec<_> = shown.filter_map(|scenario| Some((scenario, figures.cpu(&FLOOR, scenario)?))).collect();
    let rows = rows(contestants);

    let (width, bottom) = (NAMES + PANEL * shown.len(), HEAD + ROW * rows.len());
    let height = bottom + FOOT;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\">\n<title>{TITLE}</title>\n{STYLE}\n"
    );
    let mut add = |element: String| svg.extend([&element, "\n"]);
    for (row, top) in rows.iter().zip(lines()) {
        add(text(row.class, (0, top + THICK - 2), &row.name));
    }
    for ((scenario, floor), left) in shown.into_iter().zip((NAMES..).step_by(PANEL)) {
        let what = scenario.described();
        add(text("name", (left, 14), scenario.name));
        add(text("", (left, 30), what.split(',').next().unwrap_or(&what)));
        add(text("floor", (left, 46), &format!("floor: {}", time(floor))));
        for (row, top) in rows.iter().zip(lines()) {
            if let Some(cpu) = row.cpu(figures, scenario) {
                add(bar(row.class, (left, top), cpu / floor));
            }
        }
        let at = left as f64 + BAR / CUT;
        add(format!("<path class=\"limit\" d=\"M{at:.1} {}V{bottom}\"/>", HEAD - 6));
    }
    for (note, line) in NOTES.iter().zip(1..) {
        add(text("", (0, bottom + 4 + 16 * line), note));
    }
    svg + "</svg>\n"
}

/// A program; or another library in all the ways in which it was measured, of which the fastest counts.
struct Row<'a> {
    name: String,
    class: &'static str,
    all: Vec<&'a Contestant>,
}

impl Row<'_> {
    fn cpu(&self, figures: &Figures, scenario: &Scenario) -> Option<f64> {
        self.all.iter().filter_map(|one| figures.cpu(*one, scenario)).reduce(f64::min)
    }
}

fn rows(contestants: &[Contestant]) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> = Vec::new();
    for one in contestants {
        let (name, class) = match one {
            Contestant::Program(program) if OURS.contains(program) => (one.to_string(), "ours"),
            // Without its version and the way.
            _ if one.is_peer() => (one.to_string().split(' ').next().unwrap_or_default().to_owned(), ""),
            _ => continue,
        };
        match rows.iter_mut().find(|row| row.name == name) {
            Some(row) => row.all.push(one),
            None => rows.push(Row { name, class, all: vec![one] }),
        }
    }
    rows
}

/// Where rows begin.
fn lines() -> impl Iterator<Item = usize> {
    (HEAD..).step_by(ROW)
}

/// A bar, and its length in words.
fn bar(class: &str, (left, top): (usize, usize), length: f64) -> String {
    let (width, middle, bottom) = (BAR * (length / CUT).min(1.0), top + THICK / 2, top + THICK);
    let (end, tip) = if length > CUT { (width - 6.0, width) } else { (width, width) };
    let (end, tip) = (left as f64 + end, left as f64 + tip);
    let path =
        format!("<path class=\"{class}\" d=\"M{left} {top}H{end:.1}L{tip:.1} {middle}L{end:.1} {bottom}H{left}Z\"/>");
    let places = if length < 9.95 { 2 } else { 0 };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "pixels")]
    let beside = (tip as usize + 5, bottom - 2);
    path + &text(class, beside, &format!("{length:.places$}"))
}

fn time(nanos: f64) -> String {
    if nanos < 1e4 { format!("{} ns", rounded(nanos)) } else { format!("{} µs", rounded(nanos / 1e3)) }
}

fn text(class: &str, (x, y): (usize, usize), text: &str) -> String {
    format!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{}</text>", text.replace('&', "&amp;").replace('<', "&lt;"))
}
