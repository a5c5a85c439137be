//! Transactions of our own: exact versions are installed.

use std::time::Duration;

use consign_metadata::name::PackageName;

use super::ask;
use crate::host::HostError;
use crate::host::command::HostCommand;

/// Downloads on a slow line included.
const LIMIT: Duration = Duration::from_secs(2 * 3600);
/// How much of its output says why it failed.
const LINES: usize = 12;
/// Tells our hook that the agent itself runs dnf, on a person's word.
pub const OWN: &str = "CONSIGNEE_OWN";

/// Installs exactly these versions, up or down, by the lists that are on disk; removes nothing that is not
/// replaced. Our hooks are called.
///
/// # Errors
/// With the end of what dnf said.
pub fn install(versions: &[(PackageName, String)]) -> Result<(), HostError> {
    let exact = versions.iter().map(|(package, version)| format!("{package}-{version}"));
    let command = HostCommand::new(ask::PROGRAM)
        .variable(OWN, "1")
        .args(["--assumeyes", "--quiet", ask::ON_DISK, "--setopt=clean_requirements_on_remove=False"])
        .args(["--setopt=install_weak_deps=False", "install", "--allow-downgrade"])
        .args(exact)
        .limit(LIMIT);
    let finished = command.run()?;
    match finished.status {
        0 => Ok(()),
        status => Err(HostError {
            action: format!("run {command}"),
            reason: format!("status {status}\n{}", end_of(&format!("{}\n{}", finished.text(), finished.stderr))),
        }),
    }
}

fn end_of(output: &str) -> String {
    let lines: Vec<&str> = output.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}
