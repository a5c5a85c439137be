//! Transactions of our own: exact versions are installed, and what a cut has left is named.

use std::time::Duration;

use consign_metadata::name::PackageName;

use crate::host::HostError;
use crate::host::command::HostCommand;
use crate::host::rpm::database;
use crate::places::Places;

/// Downloads on a slow line included.
const LIMIT: Duration = Duration::from_secs(2 * 3600);
/// How much of its output says why it failed.
const LINES: usize = 12;

/// Whether a transaction that was cut off has left two versions of a package of ours. To take one away is a
/// removal, with the scripts of a package that a person has not seen: it is named and left to that person.
///
/// # Errors
/// Naming them, and what to type.
pub fn repair(places: &Places) -> Result<(), HostError> {
    let managed = std::fs::read_to_string(places.managed()).unwrap_or_default();
    let packages: Vec<PackageName> = managed.lines().filter_map(|name| name.parse().ok()).collect();
    let found = database::observe(places, &packages)?;
    let twice: Vec<&str> = found.iter().filter(|(_, o)| !o.configured).map(|(name, _)| name.as_str()).collect();
    if twice.is_empty() {
        return Ok(());
    }
    let reason =
        format!("two versions of {} are installed; to put it right: dnf remove --duplicates", twice.join(", "));
    Err(HostError { action: "finish an interrupted transaction".to_owned(), reason })
}

/// Installs exactly these versions, up or down, by the lists that are on disk; removes nothing that is not
/// replaced.
///
/// # Errors
/// With the end of what dnf said.
pub fn install(places: &Places, versions: &[(PackageName, String)]) -> Result<(), HostError> {
    let exact = versions.iter().map(|(package, version)| format!("{package}-{version}"));
    let mut command = HostCommand::new("dnf").args(["--assumeyes", "--quiet"]);
    if places.root() != std::path::Path::new("/") {
        let configuration = places.at("/etc/dnf/dnf.conf").display().to_string();
        let root = format!("--installroot={}", places.root().display());
        command = command.args(["--config", &configuration, &root]);
    }
    // Cleared is cleared: nobody is at a terminal here, but somebody has told the agent.
    let command = command.variable("CONSIGNEE_OWN", "1");
    // Whoever reads the lists anew makes the agent look, in the middle of what it is doing.
    let command = command
        .args(["--setopt=*.metadata_expire=-1", "--setopt=clean_requirements_on_remove=False"])
        .args(["--setopt=install_weak_deps=False", "install"])
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
