//! What figures were measured on, and of what: they compare within one run on one machine, and nowhere else.

use std::fs;
use std::process::Command;

/// The processor, the kernel, the compiler and our own commit, for the head of a report.
#[must_use]
pub fn described() -> String {
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{}, Linux {}, {}, sansws at {}", cpu(), kernel.trim(), rustc(), commit())
}

/// The processor's name.
#[must_use]
pub fn cpu() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or_else(|| "an unknown CPU".to_owned(), |(_, model)| model.to_owned())
}

/// The compiler and its version.
#[must_use]
pub fn rustc() -> String {
    output_of("rustc", &["--version"])
}

/// The commit that is measured, and whether something of ours has changed since.
#[must_use]
pub fn commit() -> String {
    let workspace = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let head = output_of("git", &["-C", workspace, "rev-parse", "--short", "HEAD"]);
    let is_clean =
        Command::new("git").args(["-C", workspace, "diff", "--quiet", "HEAD", "--", "core", "adapters"]).status();
    if is_clean.is_ok_and(|status| status.success()) { head } else { format!("{head} with changes") }
}

/// The first line of what a program prints.
#[must_use]
pub fn output_of(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success());
    let text = output.and_then(|output| String::from_utf8(output.stdout).ok()).unwrap_or_default();
    text.lines().next().unwrap_or("unknown").to_owned()
}
