//! Makes docs/faults.md of the records that the suite `faults` has left. With `--check` it changes nothing and fails
//! where a record is missing.

use std::process::ExitCode;

use consign_lab::{Lab, matrix};

#[expect(clippy::print_stderr, reason = "a program for people")]
fn main() -> ExitCode {
    let (page, missing) = matrix::page().expect("the records can be read");
    if std::env::args().any(|argument| argument == "--check") {
        missing.iter().for_each(|record| eprintln!("no record of {record}"));
        return if missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    std::fs::write(Lab::repository().join("docs/faults.md"), page).expect("the page can be written");
    missing.iter().for_each(|record| eprintln!("not counted: {record}"));
    ExitCode::SUCCESS
}
