//! What the repositories offer, as dnf has it on disk, and where they are.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use consign_metadata::name::PackageName;

use super::ask::Ask;
use crate::host::rpm::database;
use crate::host::{HostError, Repository, login};
use crate::places::Places;

/// What decides about the candidate: the lists, and what the administrator says of them.
const FOLDERS: [&str; 4] = ["/var/cache/dnf", "/etc/dnf", "/etc/dnf/vars", "/etc/yum.repos.d"];

/// What is offered, by package. One question costs half a second and a look asks for every package, so all
/// of them are asked for at once, and again when anything has changed on disk.
#[derive(Debug, Default)]
pub struct Offered(Mutex<Option<Known>>);

#[derive(Debug)]
struct Known {
    stamp: Vec<(PathBuf, SystemTime)>,
    asked: Vec<String>,
    newest: BTreeMap<String, String>,
}

impl Offered {
    /// The version that an upgrade would install if the agent held nothing. The administrator's excludes
    /// and priorities count as they always do; our plugin is not asked.
    ///
    /// # Errors
    /// When the lists cannot be read.
    pub fn candidate(&self, ask: &Ask, places: &Places, package: &PackageName) -> Result<Option<String>, HostError> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (stamp, name) = (stamp(places), package.as_str());
        let is_fit = |known: &Known| known.stamp == stamp && known.asked.iter().any(|asked| asked == name);
        if !known.as_ref().is_some_and(is_fit) {
            let asked = names(places, package);
            let lines = ask.lines(std::iter::once("candidates".to_owned()).chain(asked.iter().cloned()))?;
            let newest = lines.into_iter().filter_map(|line| <[String; 2]>::try_from(line).ok()).map(|[a, b]| (a, b));
            *known = Some(Known { stamp, asked, newest: newest.collect() });
        }
        Ok(known.as_ref().and_then(|known| known.newest.get(name).cloned()))
    }
}

/// Every package of the agent's, and this one.
fn names(places: &Places, package: &PackageName) -> Vec<String> {
    let managed = std::fs::read_to_string(places.managed()).unwrap_or_default();
    let mut names: Vec<String> = managed.lines().map(str::to_owned).filter(|name| !name.is_empty()).collect();
    names.push(package.to_string());
    names.sort();
    names.dedup();
    names
}

fn stamp(places: &Places) -> Vec<(PathBuf, SystemTime)> {
    let folders = FOLDERS.iter().map(|folder| places.at(folder)).chain(database::folder(places).ok());
    let entries = folders.flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten().flatten());
    // Whoever reads the database writes to the memory that it shares.
    let entries = entries.filter(|entry| !entry.file_name().to_string_lossy().ends_with("-shm"));
    let mut found: Vec<_> =
        entries.filter_map(|entry| Some((entry.path(), entry.metadata().ok()?.modified().ok()?))).collect();
    found.sort();
    found
}

/// The repositories that offer any version of the packages and belong to a publication of Consign's shape.
///
/// # Errors
/// When the lists cannot be read.
pub fn repositories(ask: &Ask, packages: &[PackageName]) -> Result<Vec<Repository>, HostError> {
    if packages.is_empty() {
        return Ok(Vec::new());
    }
    let words = std::iter::once("repositories").chain(packages.iter().map(PackageName::as_str));
    let lines = ask.lines(words)?;
    Ok(lines.into_iter().filter_map(|line| <[String; 3]>::try_from(line).ok()).map(repository).collect())
}

fn repository([url, channel, entry_point]: [String; 3]) -> Repository {
    let (url, login) = login::split(&url);
    Repository { url, login, channel, entry_point: entry_point.into() }
}
