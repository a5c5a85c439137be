//! Several packages changed as one: all of them at the wanted versions, or all as they were.
//!
//! Windows Installer takes back the one product that fails, as far as it can (Wine does not); those before it, and one
//! that is gone, are the agent's to bring back, from the packages that it keeps.

use std::path::PathBuf;

use consign_metadata::name::PackageName;

use super::record::Record;
use super::unsettled::Unsettled;
use super::{cache, content, installer, store};
use crate::host::HostError;
use crate::places::Places;

/// A package and the native version that it is to be at.
type Wanted = (PackageName, String);

/// Brings packages to exactly these versions.
///
/// # Errors
/// When one is not; then all are as they were, as far as that is not told as well. Where a file is still the old one,
/// because somebody has it open, the packages stay, and who that is is named.
pub fn carry_out(places: &Places, wanted: &[Wanted]) -> Result<(), HostError> {
    // All of them are looked at before the first is touched.
    let files: Vec<PathBuf> =
        wanted.iter().map(|(package, version)| store::verified(places, package, version)).collect::<Result<_, _>>()?;
    let before = wanted.iter().map(|(package, _)| Record::of(package)).collect::<Result<Vec<_>, _>>()?;
    for (index, ((package, version), file)) in wanted.iter().zip(&files).enumerate() {
        if let Err(problem) = one(places, package, version, file) {
            let changed = wanted.iter().map(|(package, _)| package).zip(&before).take(index + 1);
            return Err(match take_back(places, changed) {
                Ok(()) => problem,
                Err(then) => HostError { reason: format!("{}; and then: {then}", problem.reason), ..problem },
            });
        }
    }
    settle(places, wanted, &files)
}

/// Brings packages back from their files, whatever version is there.
///
/// # Errors
/// When one is not back.
pub fn put_back(places: &Places, files: &[PathBuf]) -> Result<(), HostError> {
    files.iter().try_for_each(|file| {
        installer::remove_newer(places, file)?;
        installer::install(places, file)
    })
}

fn one(places: &Places, package: &PackageName, version: &str, file: &std::path::Path) -> Result<(), HostError> {
    let record = Record::of(package)?;
    let is_there = match &record {
        Some(record) => record.version == version && record.is_registered()?,
        None => false,
    };
    if is_there {
        return match Unsettled::has(places, package, version)? {
            true => installer::reinstall(places, file),
            false => Ok(()),
        };
    }
    if let Some(record) = &record {
        give_back(places, package, record)?;
    }
    installer::install(places, file)?;
    match Record::of(package)? {
        Some(found) if found.version == version && found.is_registered()? => Ok(()),
        found => {
            let found = found.map_or("not installed".to_owned(), |found| found.version);
            let reason = format!("Windows Installer says that it is done, and what is there is {found}");
            Err(HostError { action: format!("install {package} {version}"), reason })
        }
    }
}

/// Gives Windows Installer the package back that the installed version came from, where it has lost it.
fn give_back(places: &Places, package: &PackageName, record: &Record) -> Result<(), HostError> {
    let Some(place) = cache::missing(record)? else { return Ok(()) };
    match store::verified(places, package, &record.version) {
        Ok(file) => cache::restore(&file, &place),
        // Windows Installer says itself what it cannot do without.
        Err(problem) => {
            log::warn!("{problem}");
            Ok(())
        }
    }
}

fn take_back<'a>(
    places: &Places,
    changed: impl DoubleEndedIterator<Item = (&'a PackageName, &'a Option<Record>)>,
) -> Result<(), HostError> {
    for (package, before) in changed.rev() {
        let now = Record::of(package)?;
        let version = |record: &Option<Record>| record.as_ref().map(|record| record.version.clone());
        let is_as_before = version(&now) == version(before) && now.as_ref().map_or(Ok(true), Record::is_registered)?;
        match before {
            _ if is_as_before => {}
            Some(before) => {
                log::warn!("bringing {package} {} back", before.version);
                put_back(places, &[store::verified(places, package, &before.version)?])?;
            }
            None => installer::remove(places, std::slice::from_ref(package))?,
        }
    }
    Ok(())
}

/// Looks at every file: an exit code of 0 and a new version in the registry do not prove that it is the new one.
fn settle(places: &Places, wanted: &[Wanted], files: &[PathBuf]) -> Result<(), HostError> {
    let mut problems = Vec::new();
    for ((package, version), file) in wanted.iter().zip(files) {
        let Some(record) = Record::of(package)? else { continue };
        let old = content::unlike(places, file, &record)?;
        if let Some(noted) = Unsettled::note(places, package, version, &old)? {
            problems.push(HostError { action: format!("install {package} {version}"), reason: noted.reason() });
        }
    }
    match problems.into_iter().next() {
        None => Ok(()),
        Some(problem) => Err(problem),
    }
}
