//! Transactions of our own: what an interrupted one left is put right, and exact versions are installed.

use std::time::Duration;

use consign_metadata::name::PackageName;

use crate::host::HostError;
use crate::host::command::HostCommand;
use crate::host::rpm::database;
use crate::places::Places;
use crate::site::Repair;

/// Downloads on a slow line included.
const LIMIT: Duration = Duration::from_secs(2 * 3600);
/// How long zypper waits for another that has its lock, in seconds.
const PATIENCE: &str = "60";
/// Done; and a reboot is needed, zypper itself was upgraded, a script has failed.
const DONE: [i32; 4] = [0, 102, 103, 107];
/// How much of its output says why it failed.
const LINES: usize = 12;

/// Installs the newer version of each package of ours once more of which a transaction that was cut off has left
/// two; zypper takes the older one away. Packages of others stay as they are.
///
/// # Errors
/// Naming them and what to type, where that is left to a person; with the end of what zypper said.
pub fn repair(places: &Places, may: Repair) -> Result<(), HostError> {
    let managed = std::fs::read_to_string(places.managed()).unwrap_or_default();
    let packages: Vec<PackageName> = managed.lines().filter_map(|name| name.parse().ok()).collect();
    let found = database::observe(places, &packages)?;
    let twice: Vec<_> = found.iter().filter(|(_, observed)| !observed.configured).collect();
    if twice.is_empty() {
        return Ok(());
    }
    // rpm lists what came last in the last place. Without a version zypper takes the newest, past every lock.
    let exact = twice.iter().map(|(name, observed)| format!("{name}={}", observed.version));
    if may == Repair::Auto {
        return run(zypper()
            .args(["install", "--force", "--no-recommends", "--auto-agree-with-licenses", "--"])
            .args(exact));
    }
    let names: Vec<&str> = twice.iter().map(|(name, _)| name.as_str()).collect();
    let (names, exact) = (names.join(", "), exact.collect::<Vec<_>>().join(" "));
    let reason = format!("two versions of {names} are installed; to put it right: zypper install --force {exact}");
    Err(HostError { action: "finish an interrupted transaction".to_owned(), reason })
}

/// Installs exactly these versions, up or down, by the lists that are on disk. Where something else would have
/// to go for it, zypper asks, nobody answers, and nothing is done.
///
/// # Errors
/// With the end of what zypper said.
pub fn install(versions: &[(PackageName, String)]) -> Result<(), HostError> {
    let exact = versions.iter().map(|(package, version)| format!("{package}={version}"));
    let options = ["install", "--oldpackage", "--no-recommends", "--auto-agree-with-licenses", "--"];
    run(zypper().args(options).args(exact))
}

fn zypper() -> HostCommand {
    HostCommand::new("zypper")
        .args(["--non-interactive", "--no-refresh", "--quiet"])
        .variable("ZYPP_LOCK_TIMEOUT", PATIENCE)
        .limit(LIMIT)
}

fn run(command: HostCommand) -> Result<(), HostError> {
    let finished = command.run()?;
    match finished.status {
        status if DONE.contains(&status) => Ok(()),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::rpm::sample::Root;

    #[test]
    fn two_versions_that_a_cut_has_left_are_named_with_the_one_to_keep() {
        let root = Root::empty();
        root.install(&[root.build("acme-erp", "1.0.0", "1"), root.build("acme-web", "1.0.0", "1")]);
        fs_err::create_dir_all(root.places.state()).unwrap();
        fs_err::write(root.places.managed(), "acme-erp\nacme-web\n").unwrap();
        assert_eq!(repair(&root.places, Repair::Ask), Ok(()));
        root.install_beside(&root.build("acme-erp", "1.1.0", "1"));
        let error = repair(&root.places, Repair::Ask).unwrap_err();
        assert!(error.reason.contains("two versions of acme-erp are"), "{error}");
        assert!(error.reason.ends_with("zypper install --force acme-erp=1.1.0-1"), "{error}");
    }
}
