//! Transactions of our own: what an interrupted one left is finished, and exact versions are installed.
//!
//! Nobody is there to be asked, so a question about a configuration file is answered as everywhere on
//! such runs: the site's file stays, the new one lies beside it.

use std::time::Duration;

use consign_metadata::name::PackageName;

use crate::host::HostError;
use crate::host::command::HostCommand;

/// Downloads on a slow line included.
const LIMIT: Duration = Duration::from_secs(2 * 3600);
/// How much of its output says why it failed.
const LINES: usize = 12;
/// Somebody else's transaction is waited for, but not for ever.
const LOCK_TIMEOUT: &str = "DPkg::Lock::Timeout=120";

/// Configures what was unpacked and not configured.
///
/// # Errors
/// With the end of what dpkg said; packages of others that fail are an error, too.
pub fn repair() -> Result<(), HostError> {
    let command = HostCommand::new("dpkg").args(["--force-confdef", "--force-confold", "--configure", "--pending"]);
    run(&unattended(command))
}

/// Installs exactly these versions, up or down, with what is broken beside them mended; never removes.
///
/// # Errors
/// With the end of what apt said.
pub fn install(versions: &[(PackageName, String)]) -> Result<(), HostError> {
    let exact = versions.iter().map(|(package, version)| format!("{package}={version}"));
    let command = HostCommand::new("apt-get")
        .args(["--yes", "--quiet", "--fix-broken", "--no-remove", "--allow-downgrades", "--no-install-recommends"])
        .args(["--option", LOCK_TIMEOUT])
        .args(["--option", "DPkg::Options::=--force-confdef", "--option", "DPkg::Options::=--force-confold"])
        .args(["install", "--"])
        .args(exact);
    run(&unattended(command))
}

fn unattended(command: HostCommand) -> HostCommand {
    command.variable("DEBIAN_FRONTEND", "noninteractive").limit(LIMIT)
}

fn run(command: &HostCommand) -> Result<(), HostError> {
    let finished = command.run()?;
    match finished.status {
        0 => Ok(()),
        // Under apt, dpkg says on stdout what is wrong.
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
