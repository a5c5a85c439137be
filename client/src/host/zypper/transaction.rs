//! Transactions of our own: what an interrupted one left is put right, and exact versions are installed.

use std::path::PathBuf;

use consign_metadata::name::PackageName;

use crate::host::command::HostCommand;
use crate::host::rpm::duplicates::Duplicates;
use crate::host::rpm::returning;
use crate::host::{HostError, transaction};
use crate::places::Places;
use crate::site::Repair;

/// How long zypper waits for another that has its lock, in seconds.
const PATIENCE: &str = "60";
/// Done; and a reboot is needed, zypper itself was upgraded, a script has failed.
const DONE: [i32; 4] = [0, 102, 103, 107];

/// Installs the newer version of each package of ours once more of which a transaction that was cut off has left
/// two; zypper takes the older one away. Packages of others stay as they are.
///
/// # Errors
/// Naming them and what to type, where that is left to a person; with the end of what zypper said.
pub fn repair(places: &Places, may: Repair) -> Result<(), HostError> {
    let twice = Duplicates::read(places)?.ours;
    if twice.is_empty() {
        return Ok(());
    }
    // Without a version zypper takes the newest, past every lock.
    let exact = twice.iter().map(|(name, newest)| format!("{name}={newest}"));
    if may == Repair::Auto {
        let options = ["install", "--force", "--no-recommends", "--auto-agree-with-licenses", "--"];
        return transaction::run(places, zypper().args(options).args(exact), &DONE);
    }
    let (names, exact) = (twice.keys().cloned().collect::<Vec<_>>().join(", "), exact.collect::<Vec<_>>().join(" "));
    let reason = format!("two versions of {names} are installed; to put it right: zypper install --force {exact}");
    Err(HostError { action: "finish an interrupted transaction".to_owned(), reason })
}

/// Installs exactly these versions, up or down, by the lists that are on disk. Where something else would have
/// to go for it, zypper asks, nobody answers, and nothing is done.
///
/// # Errors
/// With the end of what zypper said.
pub fn install(places: &Places, versions: &[(PackageName, String)]) -> Result<(), HostError> {
    let exact = versions.iter().map(|(package, version)| format!("{package}={version}"));
    let options = ["install", "--oldpackage", "--no-recommends", "--auto-agree-with-licenses", "--"];
    transaction::run(places, zypper().args(options).args(exact), &DONE)
}

/// Installs packages from their files, most often older ones, and removes those that are gone with them.
///
/// # Errors
/// With the end of what zypper said.
pub fn put_back(places: &Places, files: &[PathBuf], gone: &[PackageName]) -> Result<(), HostError> {
    if returning::is_cut_off(places, files)? {
        return returning::put_back(places, files, gone);
    }
    let files = files.iter().map(|file| file.display().to_string());
    // Who signed the files was found good before; zypper looks for its own keys.
    let options = ["--no-gpg-checks", "install", "--oldpackage", "--no-recommends", "--auto-agree-with-licenses"];
    let gone = gone.iter().map(|package| format!("!{package}"));
    transaction::run(places, zypper().args(options).args(["--allow-unsigned-rpm", "--"]).args(files).args(gone), &DONE)
}

fn zypper() -> HostCommand {
    HostCommand::new("zypper")
        .args(["--non-interactive", "--no-refresh", "--quiet"])
        .variable("ZYPP_LOCK_TIMEOUT", PATIENCE)
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
        // The agent's own, and whatever rpm lists last.
        root.install(&[root.build("consignee", "1.10.0", "1")]);
        root.install_beside(&root.build("consignee", "1.9.0", "1"));
        let error = repair(&root.places, Repair::Ask).unwrap_err();
        assert!(error.reason.ends_with("--force acme-erp=1.1.0-1 consignee=1.10.0-1"), "{error}");
    }
}
