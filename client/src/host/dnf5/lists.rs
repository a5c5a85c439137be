//! What the repositories offer, as dnf 5 has it on disk, and where they are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use consign_metadata::name::PackageName;

use super::ask;
use crate::host::rpm::database;
use crate::host::{HostError, Repository, Source, login};
use crate::places::Places;

/// Where dnf 5 keeps the lists of root, a folder for each repository.
const CACHE: &str = "/var/cache/libdnf5";
const ENTRY_POINT: &str = "repodata/repomd.xml";
/// What the administrator says of them.
const FOLDERS: [&str; 5] =
    ["/etc/dnf", "/etc/dnf/vars", "/etc/dnf/repos.override.d", "/etc/dnf/libdnf5.conf.d", "/etc/yum.repos.d"];
/// Its columns; the address comes last, it may be anything. dnf knows no escape but this one.
const OFFERS: &str = "%{name} %{arch} %{evr} %{repoid} %{downloadsize} %{location}\\n";
const NEWEST: &str = "%{name} %{evr}\\n";

/// What is offered. A question costs a tenth of a second or more and a look asks for every package, so all of
/// them are asked for at once, and again when anything has changed on disk. Which version is newest changes
/// with what is installed, too; what is offered does not, and is asked for after every transaction.
#[derive(Debug, Default)]
pub struct Offered {
    offers: Known<Vec<Offer>>,
    newest: Known<BTreeMap<String, String>>,
}

/// When what decides about the answers was changed last.
pub type Stamp = Vec<(PathBuf, SystemTime)>;

/// An answer about packages, as long as nothing has changed.
#[derive(Debug)]
struct Known<A>(Mutex<Option<(Stamp, BTreeSet<String>, A)>>);

impl<A> Default for Known<A> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<A> Known<A> {
    /// What is wanted of the answer, which is asked for where it is not known.
    fn get<B>(
        &self,
        stamp: Stamp,
        names: BTreeSet<String>,
        ask: impl FnOnce(&BTreeSet<String>) -> Result<A, HostError>,
        want: impl FnOnce(&A) -> B,
    ) -> Result<B, HostError> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_fit = |(then, asked, _): &(Stamp, BTreeSet<String>, A)| *then == stamp && names.is_subset(asked);
        let fit = match known.take().filter(is_fit) {
            Some(fit) => fit,
            None => {
                let answer = ask(&names)?;
                (stamp, names, answer)
            }
        };
        Ok(want(&known.insert(fit).2))
    }
}

/// A version of a package in a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Offer {
    package: String,
    version: String,
    repository: String,
    bytes: u64,
    url: String,
}

impl Offered {
    /// The version that an upgrade would install if the agent held nothing. The administrator's excludes
    /// count as they always do; our own are not asked.
    ///
    /// # Errors
    /// When the lists cannot be read.
    pub fn candidate(&self, places: &Places, package: &PackageName) -> Result<Option<String>, HostError> {
        let names = names(places, std::slice::from_ref(package));
        let newest = |names: &BTreeSet<String>| newest_of(places, names);
        self.newest.get(stamp(places), names, newest, |newest| newest.get(package.as_str()).cloned())
    }

    /// The repositories that offer any version of the packages and belong to a publication of Consign's shape.
    ///
    /// # Errors
    /// When the lists cannot be read.
    pub fn repositories(&self, places: &Places, packages: &[PackageName]) -> Result<Vec<Repository>, HostError> {
        let is_asked = |offer: &&Offer| packages.iter().any(|package| package.as_str() == offer.package);
        let urls = self.ask(places, packages, |offers| {
            let offers = offers.iter().filter(is_asked);
            offers.map(|offer| (offer.repository.clone(), offer.url.clone())).collect::<BTreeMap<_, _>>()
        })?;
        Ok(urls.iter().filter_map(|(repository, url)| publication(places, repository, url)).collect())
    }

    /// The repositories that offer any version of the packages, whatever else they are.
    ///
    /// # Errors
    /// When the lists cannot be read.
    pub fn offering(&self, places: &Places, packages: &[PackageName]) -> Result<BTreeSet<String>, HostError> {
        let is_asked = |offer: &&Offer| packages.iter().any(|package| package.as_str() == offer.package);
        self.ask(places, packages, |offers| {
            offers.iter().filter(is_asked).map(|offer| offer.repository.clone()).collect()
        })
    }

    /// Where a version can be had.
    ///
    /// # Errors
    /// When the lists cannot be read.
    pub fn source(&self, places: &Places, package: &PackageName, version: &str) -> Result<Source, HostError> {
        let is_it = |offer: &&Offer| offer.package == package.as_str() && offer.version == version;
        let offers = self.ask(places, std::slice::from_ref(package), |offers| {
            offers.iter().filter(is_it).cloned().collect::<Vec<_>>()
        })?;
        let file = offers.iter().find_map(|offer| fetched(places, offer));
        Ok(Source { file, download: offers.first().map(|offer| offer.bytes) })
    }

    fn ask<A>(
        &self,
        places: &Places,
        packages: &[PackageName],
        want: impl FnOnce(&[Offer]) -> A,
    ) -> Result<A, HostError> {
        let offers = |names: &BTreeSet<String>| offers_of(places, names);
        self.offers.get(lists_stamp(places), names(places, packages), offers, |offers| want(offers))
    }
}

fn offers_of(places: &Places, names: &BTreeSet<String>) -> Result<Vec<Offer>, HostError> {
    let lines = ask::repoquery(places, &["--available"], OFFERS, names)?;
    // A pattern of dnf's may match more than a name.
    Ok(lines.iter().filter_map(|line| offer(line)).filter(|offer| names.contains(&offer.package)).collect())
}

/// What an upgrade would bring, and of what is not installed the newest.
fn newest_of(places: &Places, names: &BTreeSet<String>) -> Result<BTreeMap<String, String>, HostError> {
    let packages: Vec<PackageName> = names.iter().filter_map(|name| name.parse().ok()).collect();
    let found = database::observe(places, &packages)?;
    let is_here = |name: &&str| found.iter().any(|(package, _)| package.as_str() == *name);
    let (here, new): (Vec<&str>, Vec<&str>) = names.iter().map(String::as_str).partition(is_here);
    let mut newest = self::newest(places, "--upgrades", &here)?;
    newest.extend(self::newest(places, "--available", &new)?);
    Ok(newest)
}

fn newest(places: &Places, which: &str, names: &[&str]) -> Result<BTreeMap<String, String>, HostError> {
    if names.is_empty() {
        return Ok(BTreeMap::new());
    }
    let lines = ask::repoquery(places, &[which, "--latest-limit=1"], NEWEST, names.iter().copied())?;
    let found = lines.iter().filter_map(|line| line.split_once(' '));
    let found = found.filter(|(name, _)| names.contains(name));
    Ok(found.map(|(name, version)| (name.to_owned(), version.to_owned())).collect())
}

fn offer(line: &str) -> Option<Offer> {
    let words: Vec<&str> = line.splitn(6, ' ').collect();
    let [package, architecture, version, repository, bytes, url] = words.as_slice() else { return None };
    let own = |text: &str| text.to_owned();
    let (package, version, repository, url) = (own(package), own(version), own(repository), own(url));
    (*architecture != "src").then_some(Offer { package, version, repository, url, bytes: bytes.parse().ok()? })
}

/// Every package of the agent's, and these.
fn names(places: &Places, packages: &[PackageName]) -> BTreeSet<String> {
    let managed = std::fs::read_to_string(places.managed()).unwrap_or_default();
    let managed = managed.lines().filter(|name| !name.is_empty()).map(str::to_owned);
    managed.chain(packages.iter().map(PackageName::to_string)).collect()
}

/// The lists, the configuration and the installed packages, as they are now.
pub fn stamp(places: &Places) -> Stamp {
    let mut found = lists_stamp(places);
    // Whoever reads the database writes to the memory that it shares.
    let is_its_own = |path: &PathBuf| !path.to_string_lossy().ends_with("-shm");
    let database = database::folder(places).map(|folder| entries(&folder)).unwrap_or_default();
    found.extend(stamped(database.into_iter().filter(is_its_own)));
    found
}

/// The lists and the configuration, as they are now.
pub fn lists_stamp(places: &Places) -> Stamp {
    let files = FOLDERS.iter().flat_map(|folder| entries(&places.at(folder)));
    let lists = entries(&places.at(CACHE)).into_iter().map(|folder| folder.join(ENTRY_POINT));
    stamped(files.chain(lists))
}

fn stamped(files: impl Iterator<Item = PathBuf>) -> Stamp {
    let mut found: Vec<_> = files.filter_map(|path| Some((path.clone(), changed(&path)?))).collect();
    found.sort();
    found
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

fn changed(path: &Path) -> Option<SystemTime> {
    path.metadata().ok()?.modified().ok()
}

/// The publication that an address of a package belongs to.
fn publication(places: &Places, repository: &str, url: &str) -> Option<Repository> {
    let (root, channel) = root_of(url)?;
    let (url, login) = login::split(root);
    let entry_points = cache_of(places, repository).into_iter().map(|folder| folder.join(ENTRY_POINT));
    // A folder for each address that the repository has had: the one that was read last.
    let entry_point = entry_points.filter_map(|path| Some((changed(&path)?, path))).max()?.1;
    Some(Repository { url, login, channel: channel.to_owned(), entry_point })
}

/// What `consign publish` makes: a folder for each generation, and one that is swapped in place. An address
/// of a package goes on from there with `../`, to the pool.
fn root_of(url: &str) -> Option<(&str, &str)> {
    let folder = url.split_once("/../").map_or(url, |(folder, _)| folder);
    let (root, place) = folder.rsplit_once("/yum/")?;
    let (channel, rest) = place.split_once('/').unwrap_or((place, ""));
    let is_place = rest.is_empty() || rest.strip_prefix("g/").is_some_and(|generation| !generation.contains('/'));
    (is_place && !channel.is_empty()).then_some((root, channel))
}

/// The folders that are called as a repository, `-`, and sixteen digits made of its address.
fn cache_of(places: &Places, repository: &str) -> Vec<PathBuf> {
    let is_its = |path: &PathBuf| repository_of(path).is_some_and(|found| found == repository);
    entries(&places.at(CACHE)).into_iter().filter(is_its).collect()
}

/// The repository whose lists a folder has.
pub fn repository_of(folder: &Path) -> Option<&str> {
    let (repository, digits) = folder.file_name()?.to_str()?.rsplit_once('-')?;
    (digits.len() == 16 && digits.bytes().all(|b| b.is_ascii_hexdigit())).then_some(repository)
}

/// A package that dnf has fetched and not yet taken away.
fn fetched(places: &Places, offer: &Offer) -> Option<PathBuf> {
    let name = Path::new(&offer.url).file_name()?;
    let files = cache_of(places, &offer.repository).into_iter().map(|folder| folder.join("packages").join(name));
    files.into_iter().find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_publication_is_told_from_the_address_of_a_package() {
        let of = |url| root_of(url);
        let root = Some(("http://acme.example/linux", "stable"));
        assert_eq!(of("http://acme.example/linux/yum/stable/g/7/../../../../pool/e/erp-1-1.noarch.rpm"), root);
        assert_eq!(of("http://acme.example/linux/yum/stable/../../pool/e/erp-1-1.noarch.rpm"), root);
        assert_eq!(of("http://acme.example/linux/yum/stable/x/../../pool/erp.rpm"), None);
        assert_eq!(of("http://mirror.example/fedora/Packages/e/erp-1-1.noarch.rpm"), None);
    }

    #[test]
    fn an_offer_is_a_line_and_a_source_package_is_none() {
        let found = offer("erp noarch 1.1.0-1 acme-stable 4711 http://acme.example/a b.rpm").unwrap();
        assert_eq!((found.bytes, found.url.as_str()), (4711, "http://acme.example/a b.rpm"));
        assert_eq!(offer("erp src 1.1.0-1 acme-stable 4711 http://acme.example/x"), None);
        assert_eq!(offer("erp noarch 1.1.0-1 acme-stable 4711 ").unwrap().url, "");
        assert_eq!(offer("Updating repositories"), None);
    }

    #[test]
    fn the_folder_of_a_repository_is_the_one_that_was_read_last() {
        let root = tempfile::tempdir().unwrap();
        let places = Places::below(root.path());
        let entry = |name: &str| places.at(CACHE).join(name).join(ENTRY_POINT);
        for (name, age) in [("acme-0123456789abcdef", 60), ("acme-fedcba9876543210", 0), ("acme-x-0123456789abcdef", 0)]
        {
            fs_err::create_dir_all(entry(name).parent().unwrap()).unwrap();
            let file = std::fs::File::create(entry(name)).unwrap();
            file.set_modified(SystemTime::now() - std::time::Duration::from_secs(age)).unwrap();
        }
        let found = publication(&places, "acme", "http://a:b@acme.example/yum/stable/g/7/../../../../pool/x.rpm");
        let found = found.unwrap();
        assert_eq!(found.entry_point, entry("acme-fedcba9876543210"));
        assert_eq!((found.url.as_str(), found.login.is_some()), ("http://acme.example", true));
        assert_eq!(repository_of(Path::new("/x/acme-x-0123456789abcdef")), Some("acme-x"));
    }
}
