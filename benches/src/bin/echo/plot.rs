//! The plot: a row for each program, a panel for each of some scenarios, and a dot at its CPU time per message.

use crate::contestant::Contestant;
use crate::figures::Figures;
use plotters::coord::Shift;
use plotters::prelude::*;
use sansws_benches::Error;
use sansws_benches::echo::Program;
use sansws_benches::load::Scenario;
use sansws_benches::summary::rounded;

/// The scenarios shown: messages from small to large.
const SHOWN: [&str; 6] = ["small64", "text125", "text1k", "text16k", "utf8_16k", "text1m"];

// In pixels.
const NAMES: i32 = 220;
const PANEL: i32 = 250;
const ROW: i32 = 17;
const HEAD: i32 = 50;
const MARGIN: i32 = 12;
/// For the figure beside the last dot.
const FIGURE: i32 = 60;

const OURS: RGBColor = RGBColor(0xc2, 0x41, 0x0c);
const FLOOR: RGBColor = RGBColor(0x15, 0x80, 0x3d);
const PEER: RGBColor = RGBColor(0x1d, 0x4e, 0xd8);
const GRID: RGBColor = RGBColor(0xdd, 0xdd, 0xdd);

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

pub(crate) fn draw(
    path: &str,
    figures: &Figures,
    scenarios: &[Scenario],
    contestants: &[Contestant],
) -> Result<(), Error> {
    let shown: Vec<_> = scenarios.iter().filter(|scenario| SHOWN.contains(&scenario.name)).collect();
    let has = |one: &&Contestant| shown.iter().any(|scenario| figures.cpu(*one, scenario).is_some());
    let rows: Vec<_> = contestants.iter().filter(has).collect();
    let (columns, height) = (i32::try_from(shown.len())?, HEAD + ROW * i32::try_from(rows.len())? + MARGIN);
    let size = (u32::try_from(NAMES + PANEL * columns)?, u32::try_from(height)?);
    let root = SVGBackend::new(path, size).into_drawing_area();
    root.fill(&WHITE).map_err(told)?;
    for (one, y) in rows.iter().zip(lines()) {
        write(&root, &one.to_string(), (MARGIN, y), 13, colour(one))?;
    }
    for (scenario, left) in shown.iter().zip((0..).map(|column| NAMES + PANEL * column)) {
        panel(&root, left, scenario, &rows, figures)?;
    }
    root.present().map_err(told)
}

/// One scenario, on a logarithmic scale from its lowest figure to its highest.
fn panel(
    root: &Area<'_>,
    left: i32,
    scenario: &Scenario,
    rows: &[&Contestant],
    figures: &Figures,
) -> Result<(), Error> {
    let all = || rows.iter().filter_map(|one| figures.cpu(*one, scenario));
    let (Some(low), Some(high)) = (all().reduce(f64::min), all().reduce(f64::max)) else { return Ok(()) };
    write(root, scenario.name, (left, MARGIN), 15, BLACK)?;
    write(root, "ns of CPU time per message", (left, MARGIN + 17), 11, BLACK)?;
    let width = f64::from(PANEL - FIGURE - MARGIN);
    #[expect(clippy::cast_possible_truncation, reason = "pixels of a panel")]
    let x = |figure: f64| left + ((figure / low).ln() / (high / low).max(1.001).ln() * width).round() as i32;
    let bottom = HEAD + ROW * i32::try_from(rows.len())?;
    for grid in [low, high] {
        root.draw(&PathElement::new([(x(grid), HEAD - 4), (x(grid), bottom)], GRID)).map_err(told)?;
    }
    for (one, y) in rows.iter().zip(lines()) {
        let Some(figure) = figures.cpu(*one, scenario) else { continue };
        let (middle, at) = (y + ROW / 2 - 2, x(figure));
        root.draw(&PathElement::new([(left, middle), (at, middle)], GRID)).map_err(told)?;
        root.draw(&Circle::new((at, middle), 4, colour(one).filled())).map_err(told)?;
        write(root, &rounded(figure), (at + 8, y + 1), 11, BLACK)?;
    }
    Ok(())
}

/// Where rows begin.
fn lines() -> impl Iterator<Item = i32> {
    (0..).map(|row| HEAD + ROW * row)
}

fn colour(one: &Contestant) -> RGBColor {
    match one {
        Contestant::Program(Program::Floor(_)) => FLOOR,
        Contestant::Program(Program::Ours(..)) => OURS,
        _ => PEER,
    }
}

fn write(root: &Area<'_>, text: &str, at: (i32, i32), size: i32, colour: RGBColor) -> Result<(), Error> {
    let style = TextStyle::from(("sans-serif", size)).color(&colour);
    root.draw(&Text::new(text, at, style)).map_err(told)
}

/// What its errors say: they do not live as long as others.
fn told(error: impl std::fmt::Display) -> Error {
    error.to_string().into()
}
