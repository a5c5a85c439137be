//! Questions to dnf 5, by its command line, which prints for programs what it is asked to print.
//!
//! Only what dnf has on disk counts as offered: nobody waits for a repository because the agent wants to
//! know something. Without plugins, so that our own hold does not count and our hooks are not called.

use crate::host::HostError;
use crate::host::command::HostCommand;
use crate::places::Places;

/// Not `dnf`, which may be another one.
pub const PROGRAM: &str = "/usr/bin/dnf5";
/// The lists are those on disk, however old; packages are fetched.
pub const ON_DISK: &str = "--setopt=cacheonly=metadata";

/// A dnf 5 of 5.3 or later holds it from the moment at which it reads what is installed until its end, and with
/// it while it waits for our hooks: who only asks must not wait for it. Older ones do not know the option.
const LOCK: &str = "/var/lib/dnf/system-repo.lock";
const PAST_LOCK: &str = "--setopt=skip_system_repo_lock=1";

/// The option by which a question about what is installed does not wait.
pub fn past_lock(places: &Places) -> Option<&'static str> {
    places.at(LOCK).exists().then_some(PAST_LOCK)
}

/// The command that puts a question.
pub fn command<W: Into<String>>(words: impl IntoIterator<Item = W>) -> HostCommand {
    HostCommand::new(PROGRAM).args(["--quiet", "--no-plugins", ON_DISK]).args(words)
}

/// What `repoquery` says of packages: a line for each, in this format.
///
/// # Errors
/// In dnf's own words.
pub fn repoquery<W: Into<String>>(
    places: &Places,
    options: &[&str],
    format: &str,
    names: impl IntoIterator<Item = W>,
) -> Result<Vec<String>, HostError> {
    let words = ["repoquery", "--queryformat", format].into_iter().chain(options.iter().copied());
    let command = command(words).args(past_lock(places)).args(names);
    let answer = command.output().map_err(|error| error.of("ask dnf what is offered", str::to_owned))?;
    Ok(String::from_utf8_lossy(&answer).lines().map(str::to_owned).collect())
}
