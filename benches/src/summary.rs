//! [`Summary`]: what a Criterion bench found, as tables at its end.
//!
//! A figure is the best of the samples: what disturbs a loop that touches nothing but the CPU makes it slower, never
//! faster. Criterion itself reports how the samples are distributed.

use crate::{Error, machine};
use std::fmt::Write as _;

/// With this variable set, the tables are also written to `benches/results/`.
const UPDATE: &str = "UPDATE_RESULTS";

/// Figures, in the order in which they came.
#[derive(Clone, Debug)]
pub struct Summary {
    better: fn(f64, f64) -> f64,
    cells: Vec<Cell>,
}

#[derive(Clone, Debug)]
struct Cell {
    table: String,
    row: String,
    column: String,
    figure: f64,
}

impl Summary {
    /// Of two figures for the same, `better` is kept: [`f64::min`] or [`f64::max`].
    #[must_use]
    pub fn new(better: fn(f64, f64) -> f64) -> Self {
        Self { better, cells: Vec::new() }
    }

    /// Notes a figure.
    pub fn note(&mut self, table: &str, row: &str, column: &str, figure: f64) {
        let known =
            self.cells.iter_mut().find(|cell| (&*cell.table, &*cell.row, &*cell.column) == (table, row, column));
        match known {
            Some(cell) => cell.figure = (self.better)(cell.figure, figure),
            None => {
                let [table, row, column] = [table, row, column].map(str::to_owned);
                self.cells.push(Cell { table, row, column, figure });
            }
        }
    }

    /// The figure that was noted, if one was.
    #[must_use]
    pub fn figure(&self, table: &str, row: &str, column: &str) -> Option<f64> {
        let found = |cell: &&Cell| (&*cell.table, &*cell.row, &*cell.column) == (table, row, column);
        self.cells.iter().find(found).map(|cell| cell.figure)
    }

    /// All tables, in Markdown.
    #[must_use]
    pub fn tables(&self) -> String {
        let mut text = String::new();
        for table in distinct(self.cells.iter().map(|cell| &*cell.table)) {
            let cells = || self.cells.iter().filter(|cell| cell.table == table);
            let columns = distinct(cells().map(|cell| &*cell.column));
            let _ =
                writeln!(text, "\n## {table}\n\n| | {} |\n|---{}|", columns.join(" | "), "|---:".repeat(columns.len()));
            for row in distinct(cells().map(|cell| &*cell.row)) {
                let figures =
                    columns.iter().map(|column| self.figure(table, row, column).map_or("–".to_owned(), rounded));
                let _ = writeln!(text, "| {row} | {} |", figures.collect::<Vec<_>>().join(" | "));
            }
        }
        text
    }

    /// Prints the tables under a heading and a word on what they show, unless there are none.
    ///
    /// # Errors
    ///
    /// If they are to be written to `results/{name}.md`, and cannot be.
    pub fn finish(&self, name: &str, heading: &str, what: &str) -> Result<(), Error> {
        if self.cells.is_empty() {
            return Ok(());
        }
        let report = format!("# {heading}\n\n{what}\n{}.\n{}", machine::described(), self.tables());
        println!("\n{report}");
        if std::env::var_os(UPDATE).is_some() {
            std::fs::write(format!("{}/results/{name}.md", env!("CARGO_MANIFEST_DIR")), report)?;
        }
        Ok(())
    }
}

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut distinct = Vec::new();
    for name in names {
        if !distinct.contains(&name) {
            distinct.push(name);
        }
    }
    distinct
}

/// Three digits, or all before the point.
#[must_use]
pub fn rounded(figure: f64) -> String {
    let places = if figure < 10.0 { 2 } else { usize::from(figure < 100.0) };
    format!("{figure:.places$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_have_the_best_figures_in_order() {
        let mut summary = Summary::new(f64::min);
        summary.note("b", "row", "16 B", 12.3456);
        summary.note("b", "row", "1 KiB", 345.6);
        summary.note("a", "row", "16 B", 1.0);
        summary.note("b", "row", "16 B", 99.0);
        summary.note("b", "other", "1 KiB", 5.0);
        let b = "\n## b\n\n| | 16 B | 1 KiB |\n|---|---:|---:|\n| row | 12.3 | 346 |\n| other | – | 5.00 |\n";
        let a = "\n## a\n\n| | 16 B |\n|---|---:|\n| row | 1.00 |\n";
        assert_eq!(summary.tables(), format!("{b}{a}"));
    }
}
