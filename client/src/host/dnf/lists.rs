//! What the repositories offer, as dnf has it on disk, and where they are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use consign_metadata::name::PackageName;

use super::ask::Ask;
use crate::host::rpm::curl::Access;
use crate::host::rpm::database;
use crate::host::rpm::known::{Known, Stamp};
use crate::host::{HostError, Repository, login};
use crate::places::Places;

/// What decides about the candidate: the lists, and what the administrator says of them.
const FOLDERS: [&str; 4] = ["/var/cache/dnf", "/etc/dnf", "/etc/dnf/vars", "/etc/yum.repos.d"];

/// What is offered, where, and how it is reached. One question costs half a second and more, so everything is
/// asked for at once, and again when anything has changed on disk.
#[derive(Debug, Default)]
pub struct Offered(Known<Overview>);

#[derive(Debug, Default)]
struct Overview {
    newest: BTreeMap<String, String>,
    repositories: Vec<(String, Repository)>,
    options: BTreeMap<(PathBuf, String), String>,
}

impl Offered {
    /// The version that an upgrade would install if the agent held nothing. The administrator's excludes
    /// and priorities count as they always do; our plugin is not asked.
    ///
    /// # Errors
    /// When the lists cannot be read.
    pub fn candidate(&self, ask: &Ask, places: &Places, package: &PackageName) -> Result<Option<String>, HostError> {
        self.ask(ask, places, std::slice::from_ref(package), |found| found.newest.get(package.as_str()).cloned())
    }

    /// The repositories that offer any version of the packages and belong to a publication of Consign's shape.
    ///
    /// # Errors
    /// When the lists cannot be read.
    pub fn repositories(
        &self,
        ask: &Ask,
        places: &Places,
        packages: &[PackageName],
    ) -> Result<Vec<Repository>, HostError> {
        if packages.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = self.ask(ask, places, packages, |found| {
            let is_asked = |(name, _): &&(String, Repository)| packages.iter().any(|p| p.as_str() == name);
            found.repositories.iter().filter(is_asked).map(|(_, repository)| repository.clone()).collect::<Vec<_>>()
        })?;
        found.sort_by(|a, b| a.entry_point.cmp(&b.entry_point));
        found.dedup();
        Ok(found)
    }

    /// How a repository is reached.
    ///
    /// # Errors
    /// When the lists cannot be read.
    pub fn access(&self, ask: &Ask, places: &Places, repository: &Repository) -> Result<Access, HostError> {
        let access = self.ask(ask, places, &[], |found| {
            Access::of(|key| found.options.get(&(repository.entry_point.clone(), key.to_owned())).cloned())
        })?;
        Ok(Access { login: repository.login.clone().or(access.login), ..access })
    }

    fn ask<A>(
        &self,
        ask: &Ask,
        places: &Places,
        packages: &[PackageName],
        want: impl FnOnce(&Overview) -> A,
    ) -> Result<A, HostError> {
        let overview = |names: &BTreeSet<String>| {
            let words = std::iter::once("overview").chain(names.iter().map(String::as_str));
            Ok(Overview::of(&ask.lines(words)?))
        };
        self.0.get(stamp(places), names(places, packages), overview, want)
    }
}

impl Overview {
    fn of(lines: &[Vec<String>]) -> Self {
        let mut found = Self::default();
        for line in lines {
            match line.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
                ["candidate", package, version] => {
                    found.newest.insert((*package).to_owned(), (*version).to_owned());
                }
                ["repository", package, url, channel, entry_point] => {
                    let (url, login) = login::split(url);
                    let (channel, entry_point) = ((*channel).to_owned(), entry_point.into());
                    found.repositories.push(((*package).to_owned(), Repository { url, login, channel, entry_point }));
                }
                ["option", entry_point, key, value] => {
                    found.options.insert((entry_point.into(), (*key).to_owned()), (*value).to_owned());
                }
                _ => {}
            }
        }
        found
    }
}

/// Every package of the agent's, and these.
fn names(places: &Places, packages: &[PackageName]) -> BTreeSet<String> {
    let managed = std::fs::read_to_string(places.managed()).unwrap_or_default();
    let managed = managed.lines().filter(|name| !name.is_empty()).map(str::to_owned);
    managed.chain(packages.iter().map(PackageName::to_string)).collect()
}

fn stamp(places: &Places) -> Stamp {
    let folders = FOLDERS.iter().map(|folder| places.at(folder)).chain(database::folder(places).ok());
    let entries = folders.flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten().flatten());
    // Whoever reads the database writes to the memory that it shares.
    let entries = entries.filter(|entry| !entry.file_name().to_string_lossy().ends_with("-shm"));
    let mut found: Vec<_> =
        entries.filter_map(|entry| Some((entry.path(), entry.metadata().ok()?.modified().ok()?))).collect();
    found.sort();
    found
}
