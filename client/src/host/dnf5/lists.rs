//! What the repositories offer, as dnf 5 has it on disk, and where they are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use consign_metadata::name::PackageName;

use super::{ask, cache};
use crate::host::rpm::database;
use crate::host::rpm::known::Known;
use crate::host::{HostError, Repository, Source, login};
use crate::places::Places;

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
        self.newest.get(cache::stamp(places), names, newest, |newest| newest.get(package.as_str()).cloned())
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
        self.offers.get(cache::lists_stamp(places), names(places, packages), offers, |offers| want(offers))
    }
}

fn offers_of(places: &Places, names: &BTreeSet<String>) -> Result<Vec<Offer>, HostError> {
    // Asked for no name, dnf lists everything there is.
    if names.is_empty() {
        return Ok(Vec::new());
    }
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

/// The publication that an address of a package belongs to.
fn publication(places: &Places, repository: &str, url: &str) -> Option<Repository> {
    let (root, channel) = root_of(url)?;
    let (url, login) = login::split(root);
    let entry_point = cache::entry_point(places, repository)?;
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

/// A package that dnf has fetched and not yet taken away.
fn fetched(places: &Places, offer: &Offer) -> Option<PathBuf> {
    let name = Path::new(&offer.url).file_name()?;
    let files =
        cache::folders_of(places, &offer.repository).into_iter().map(|folder| folder.join("packages").join(name));
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
}
