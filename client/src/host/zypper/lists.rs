//! What the repositories offer, as zypper has it on disk, and where they are.

use consign_metadata::name::PackageName;
use consign_metadata::rpm::version;

use super::primary::{self, Package};
use super::repos::{self, Subscribed};
use crate::host::rpm::database;
use crate::host::{HostError, Repository};
use crate::places::Places;

/// Every version of a package that is offered, and by whom.
///
/// # Errors
/// When the lists cannot be read.
pub fn offered(places: &Places, package: &PackageName) -> Result<Vec<(Subscribed, Package)>, HostError> {
    let mut found = Vec::new();
    for repository in repos::all(places)? {
        let own = primary::packages(&repository.raw, |name| name == package.as_str())?;
        found.extend(own.into_iter().map(|package| (repository.clone(), package)));
    }
    Ok(found)
}

/// The newest version that is newer than the installed one. Whether zypper would take it along, with the
/// administrator's locks and priorities, is asked of zypper itself, in `reach`.
///
/// # Errors
/// When the lists or the database cannot be read.
pub fn candidate(places: &Places, package: &PackageName) -> Result<Option<String>, HostError> {
    let versions = offered(places, package)?.into_iter().map(|(_, found)| found.version);
    let Some(newest) = versions.max_by(|a, b| version::compare(a, b)) else { return Ok(None) };
    let present = database::observe(places, std::slice::from_ref(package))?;
    let is_newer = |here: &str| version::compare(&newest, here).is_gt();
    Ok(present.iter().all(|(_, found)| is_newer(&found.version)).then_some(newest))
}

/// The repositories that offer any version of the packages.
///
/// # Errors
/// When the lists cannot be read.
pub fn repositories(places: &Places, packages: &[PackageName]) -> Result<Vec<Repository>, HostError> {
    let mut found = Vec::new();
    for subscribed in repos::all(places)? {
        let is_wanted = |name: &str| packages.iter().any(|package| package.as_str() == name);
        if !primary::packages(&subscribed.raw, is_wanted)?.is_empty() {
            let entry_point = subscribed.entry_point();
            let Subscribed { url, access, channel, .. } = subscribed;
            found.push(Repository { url, login: access.login, channel, entry_point });
        }
    }
    Ok(found)
}
