//! Whether `dnf upgrade` takes packages along: asked of dnf itself, which only resolves.
//!
//! There is one upgrade and not three: it installs what an upgrade needs, and removes only what is replaced.

use std::time::Duration;

use consign_metadata::name::PackageName;

use super::ask::Ask;
use crate::host::HostError;
use crate::kept_back::Reach;

/// The look has a deadline; a host with thousands of packages takes about two seconds.
const LIMIT: Duration = Duration::from_secs(20);

/// Asks dnf. `first` is the package that makes new names known to this host.
///
/// # Errors
/// When dnf cannot be asked.
pub fn reach(ask: &Ask, wanted: &[(PackageName, String)], first: &PackageName) -> Result<Reach, HostError> {
    let wanted = wanted.iter().map(|(package, version)| format!("{package}={version}"));
    let words = ["reach".to_owned(), first.to_string()].into_iter().chain(wanted);
    let command = ask.command(words).limit(LIMIT);
    let answer = command.output().map_err(|error| error.of("ask dnf what an upgrade would do", str::to_owned))?;
    Ok(meaning(&String::from_utf8_lossy(&answer), first))
}

fn meaning(answer: &str, first: &PackageName) -> Reach {
    let of = |kind: &str| -> Vec<String> {
        let lines = answer.lines().filter_map(|line| line.split_once('\t'));
        lines.filter(|(word, _)| *word == kind).map(|(_, rest)| rest.to_owned()).collect()
    };
    match answer.lines().next() {
        Some("plain") => Reach::Plain,
        Some("first") => Reach::AfterFirst { package: first.to_string() },
        Some(line) if line.starts_with("removed\t") => Reach::Removals { packages: of("removed") },
        _ => Reach::Never { why: of("never") },
    }
}
