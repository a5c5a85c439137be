//! `msiexec`: installs and removes, and says with a number how that ended.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use consign_metadata::name::PackageName;

use super::msiexec;
use super::record::Record;
use crate::host::HostError;
use crate::places::Places;

/// How long another installation of this host's is waited for, and how often it is tried.
const PATIENCE: Duration = Duration::from_secs(600);
const TURN: Duration = Duration::from_secs(5);

/// What an exit code means (msi.h, "Error codes").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// It is done.
    Done,
    /// It is done, and some of it counts after a reboot only.
    DoneAfterReboot,
    /// Another installation is at work.
    Busy,
    /// It failed; everything is as it was, as far as Windows Installer says.
    Failed(&'static str),
}

/// From the number to its meaning.
pub fn meaning(status: i32) -> Meaning {
    match status {
        0 => Meaning::Done,
        3010 | 1641 => Meaning::DoneAfterReboot,
        1618 => Meaning::Busy,
        1601 => Meaning::Failed("the service of Windows Installer cannot be reached"),
        1602 => Meaning::Failed("somebody cancelled it"),
        1603 => Meaning::Failed("a fatal error; its log says which"),
        1604 => Meaning::Failed("it was suspended"),
        1612 | 1714 => Meaning::Failed("the package that is installed is lost from the cache of Windows Installer"),
        1619 | 2 => Meaning::Failed("the package cannot be opened"),
        1620 => Meaning::Failed("it is no package of Windows Installer"),
        1625 => Meaning::Failed("a policy of this host forbids it"),
        1638 => Meaning::Failed("another version is installed that it does not replace"),
        _ => Meaning::Failed("its log says why"),
    }
}

/// Installs a package from its file, over whatever version of it is there.
///
/// # Errors
/// When it was not installed.
pub fn install(places: &Places, file: &Path) -> Result<(), HostError> {
    let log = log(places, file);
    run(places, &["/i", &file.display().to_string()], Some(&log), &format!("install {}", file.display()))
}

/// Puts every file of a package that is installed there once more.
///
/// # Errors
/// When it could not.
pub fn reinstall(places: &Places, file: &Path) -> Result<(), HostError> {
    let (log, path) = (log(places, file), file.display().to_string());
    // All of them, whatever their versions and dates are; from this file, which is taken into the cache anew.
    let arguments = ["/i", &path, "REINSTALL=ALL", "REINSTALLMODE=vamus"];
    run(places, &arguments, Some(&log), &format!("install {} again", file.display()))
}

/// Removes packages, where they are there.
///
/// # Errors
/// When one is still there.
pub fn remove(places: &Places, packages: &[PackageName]) -> Result<(), HostError> {
    for package in packages {
        if let Some(record) = Record::of(package)? {
            uninstall(places, &record, &format!("remove {package}"))?;
        }
    }
    Ok(())
}

/// Removes the version that is there of the package in a file: Windows Installer goes to no older one.
///
/// # Errors
/// When it is still there.
pub fn remove_newer(places: &Places, file: &Path) -> Result<(), HostError> {
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    // A name may be the beginning of another one; its version begins with a digit.
    let is_of = |package: &PackageName| {
        let rest = stem.strip_prefix(package.as_str()).and_then(|rest| rest.strip_prefix('-'));
        rest.is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
    };
    match Record::all()?.into_iter().find(|(package, _)| is_of(package)) {
        Some((package, record)) => uninstall(places, &record, &format!("remove {package} {}", record.version)),
        None => Ok(()),
    }
}

fn uninstall(places: &Places, record: &Record, action: &str) -> Result<(), HostError> {
    if !record.is_registered()? {
        return Ok(());
    }
    run(places, &["/x", &record.product_code], None, action)
}

/// Runs it until no other installation is at work.
fn run(places: &Places, arguments: &[&str], log: Option<&Path>, action: &str) -> Result<(), HostError> {
    let deadline = Instant::now() + PATIENCE;
    let failed = |reason: String| Err(HostError { action: action.to_owned(), reason });
    loop {
        let status = msiexec::run(places, arguments, log, action)?;
        match meaning(status) {
            Meaning::Done => return Ok(()),
            Meaning::DoneAfterReboot => {
                log::warn!("{action}: some of it counts after a reboot only");
                return Ok(());
            }
            Meaning::Busy if Instant::now() < deadline => std::thread::sleep(TURN),
            Meaning::Busy => return failed("another installation has been at work for too long".to_owned()),
            Meaning::Failed(why) => {
                let log = log.map(|log| format!(" ({})", log.display())).unwrap_or_default();
                return failed(format!("msiexec ended with {status}: {why}{log}"));
            }
        }
    }
}

fn log(places: &Places, file: &Path) -> PathBuf {
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or("package");
    places.state().join(format!("msiexec-{stem}.log"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exit_code_is_success_where_only_a_reboot_is_left_to_do() {
        assert_eq!([0, 3010, 1641].map(meaning), [Meaning::Done, Meaning::DoneAfterReboot, Meaning::DoneAfterReboot]);
        assert_eq!(meaning(1618), Meaning::Busy);
        assert!([1602, 1603, 1638, 17].map(meaning).iter().all(|meaning| matches!(meaning, Meaning::Failed(_))));
    }
}
