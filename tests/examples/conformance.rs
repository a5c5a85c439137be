//! What `scripts/conformance` runs: makes docs/conformance.md of the records that the suite has left, or
//! checks that it is made of them.

#![expect(clippy::print_stderr, reason = "what is missing is for people to read")]

use std::process::ExitCode;

use consign_lab::Lab;
use consign_lab::conformance::{Page, say_the_same};

fn main() -> ExitCode {
    let check = match std::env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => false,
        [word] if word == "--check" => true,
        _ => return failed("usage: conformance [--check]"),
    };
    let path = Page::path(&Lab::repository());
    let made = match Page::of_records() {
        Ok(page) => page.text(),
        Err(problems) => {
            return failed(&format!("{problems}\nrun: cargo nextest run -p consign-lab --test conformance"));
        }
    };
    if !check {
        return match fs_err::write(&path, made) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failed(&error.to_string()),
        };
    }
    match fs_err::read_to_string(&path) {
        Ok(kept) if say_the_same(&kept, &made) => ExitCode::SUCCESS,
        Ok(_) => failed(&format!("{} is not what the suite has found; run: scripts/conformance", path.display())),
        Err(error) => failed(&format!("{error}; run: scripts/conformance")),
    }
}

fn failed(problem: &str) -> ExitCode {
    eprintln!("conformance: {problem}");
    ExitCode::FAILURE
}
