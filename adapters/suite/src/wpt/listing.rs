//! `WPT.md` tells the truth.

use super::table::TESTS;
use std::collections::BTreeSet;

const LISTING: &str = include_str!("../../WPT.md");

/// The cells of each row of a section.
fn rows(section: &str) -> Vec<Vec<&'static str>> {
    let (_, section) = LISTING.split_once(&format!("\n## {section}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

#[test]
fn it_lists_each_file_once() {
    let sections = ["Tested", "Types", "Browsers"].map(rows);
    assert_eq!(sections.each_ref().map(Vec::len), [122 + 1, 17, 69]);
    let files: BTreeSet<_> = sections.iter().flatten().map(|row| row[0]).collect();
    assert_eq!(files.len(), 209);
}

#[test]
fn its_tests_are_those_that_exist() {
    let mut tests = BTreeSet::new();
    for row in rows("Tested") {
        let test = row[1].trim_matches('`');
        let (theme, name) = test.split_once("::").unwrap();
        let (directory, file) = row[0].rsplit_once('/').unwrap_or(("", row[0]));
        let file = snake(file.split('.').next().unwrap());
        assert_eq!(name, if file.starts_with(char::is_numeric) { format!("html_{file}") } else { file });
        assert!(directory.is_empty() || theme == snake(directory), "{test} is not for {}", row[0]);
        assert!(row[2] == "passes", "no test here is left out");
        tests.insert(test);
    }
    let existing: BTreeSet<_> = TESTS.iter().copied().collect();
    let differing: Vec<_> = existing.symmetric_difference(&tests).collect();
    assert!(differing.is_empty(), "{differing:?}");
}

/// `interfaces/WebSocket` is `interfaces_web_socket`.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for char in name.chars() {
        if char.is_ascii_uppercase() && snake.ends_with(|last: char| last.is_ascii_lowercase()) {
            snake.push('_');
        }
        snake.push(if char.is_ascii_alphanumeric() { char.to_ascii_lowercase() } else { '_' });
    }
    snake
}
