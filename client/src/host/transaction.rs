//! A transaction of the package manager's that the agent itself begins, on a person's word.

use std::time::Duration;

use super::HostError;
use super::command::HostCommand;

/// Downloads on a slow line included.
const LIMIT: Duration = Duration::from_secs(2 * 3600);
/// How much of its output says why it failed.
const LINES: usize = 12;

/// Runs it to its end. `done` are the exit statuses of a transaction that did what it was told.
///
/// # Errors
/// With the end of what it said, on either stream: under apt, dpkg says on the first what is wrong.
pub fn run(command: HostCommand, done: &[i32]) -> Result<(), HostError> {
    let command = command.limit(LIMIT);
    let finished = command.run()?;
    if done.contains(&finished.status) {
        return Ok(());
    }
    let said = format!("{}\n{}", finished.text(), finished.stderr);
    let reason = format!("status {}\n{}", finished.status, end_of(&said));
    Err(HostError { action: format!("run {command}"), reason })
}

fn end_of(output: &str) -> String {
    let lines: Vec<&str> = output.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_says_why_with_the_last_of_both_streams() {
        let shell = |script: &str| HostCommand::new("/bin/sh").args(["-c", script]);
        assert_eq!(run(shell("exit 102"), &[0, 102]), Ok(()));
        let error = run(shell("seq 20; echo broken >&2; exit 4"), &[0]).unwrap_err();
        assert!(error.reason.starts_with("status 4\n10\n11\n"), "{error}");
        assert!(error.reason.ends_with("\n20\nbroken"), "{error}");
    }
}
