//! A suite on its way to the archive's state: asked for, verified, fetched and swapped.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::iter;
use std::path::PathBuf;
use std::time::Duration;

use consign_metadata::digest::Sha256;
use consign_metadata::openpgp::Keyring;
use jiff::Timestamp;

use super::carried::{Contents, reference};
use super::held::Held;
use super::index::{self, Package};
use super::lacking::Lacking;
use super::record::{Slice, Suite};
use super::release::Release;
use super::sync::ArchiveOutcome;
use super::unpack::reader;
use crate::mirror::fetching::Fetching;
use crate::mirror::offer::Wanted;
use crate::mirror::upstream::{Answer, Mark, Upstream};
use crate::mirror::vetting::by_digest;
use crate::mirror::{FUTURE, Listener, Mirror, MirrorError, Progress};
use crate::repository::RepositoryError;
use crate::repository::apt::{MAXIMUM_RELEASE, is_cleartext};
use crate::store::Key;

/// Older than this, an unfinished file has no writer any more.
const GRACE: Duration = Duration::from_secs(24 * 3600);
/// Where the signed text does not say how long an index is unpacked.
pub const MAXIMUM_UNPACKED: u64 = 512 * 1024 * 1024;

/// A suite on its way to the archive's state.
pub struct Taking<'a> {
    pub mirror: &'a Mirror,
    pub upstream: &'a Upstream,
    pub listener: Listener<'a>,
    pub keyring: &'a Keyring,
    pub slice: &'a Slice,
    /// Hosts whose needs are carried as well.
    pub lacking: Option<&'a Lacking>,
    pub check: bool,
}

/// An index: its path below the root, and its path by digest.
struct Index {
    plain: Key,
    by_hash: Key,
    held: Held,
}

/// What a suite has, and what is carried of it.
struct Listing {
    indexes: Vec<Index>,
    chosen: Vec<Wanted>,
    /// How many packages are listed.
    listed: usize,
    slice: Slice,
}

impl Taking<'_> {
    /// Takes what the archive shows, unless it is here.
    ///
    /// # Errors
    /// [`MirrorError::Unsettled`] where it is worth reading again; others.
    pub fn attempt(
        &self,
        suite: &str,
        before: Option<&Suite>,
        settled: bool,
    ) -> Result<(Suite, ArchiveOutcome), MirrorError> {
        let now = Timestamp::now();
        (self.listener)(Progress::Reading);
        let entrance: Key = format!("dists/{suite}/InRelease").parse()?;
        let mark = before.filter(|_| settled).map(|before| before.mark.clone()).unwrap_or_default();
        let (bytes, mark) = match (self.upstream.ask(&entrance, MAXIMUM_RELEASE, &mark)?, before) {
            (Answer::File(bytes, mark), _) => (bytes, mark),
            (Answer::Unchanged, Some(before)) => return Ok(unchanged(suite, before, now)),
            _ => return Err(MirrorError::Missing { url: self.upstream.url(&entrance) }),
        };
        let release = self.release(&entrance, suite, &bytes)?;
        self.moves_on(suite, release.date, self.here(&entrance, suite), before, now)?;
        let Listing { indexes, chosen, listed, slice } = self.contents(suite, &release, &bytes)?;
        let carried = chosen.len();
        let fetched = self.fetch(chosen)?;
        let swapped = self.swap(&indexes, &entrance, &bytes)?;
        self.tidy()?;
        let outcome = ArchiveOutcome {
            suite: suite.to_owned(),
            date: release.date,
            before: before.map(|before| before.date),
            expires: release.valid_until,
            changed: fetched > 0 || swapped,
            listed,
            carried,
            fetched,
        };
        Ok((taken(&slice, &bytes, &release, before, now, mark), outcome))
    }

    /// What is here of a suite.
    ///
    /// # Errors
    /// [`MirrorError`]
    pub fn carried(&self, suite: &str) -> Result<Contents, MirrorError> {
        let entrance: Key = format!("dists/{suite}/InRelease").parse()?;
        let gone = || RepositoryError::damaged(&entrance, "it was there and is gone");
        let (bytes, _) = self.mirror.store().read(&entrance, MAXIMUM_RELEASE)?.ok_or_else(gone)?;
        let Listing { indexes, chosen, .. } = self.contents(suite, &self.release(&entrance, suite, &bytes)?, &bytes)?;
        let named =
            indexes.iter().flat_map(|index| [&index.by_hash, &index.plain].map(|name| index.held.reference(name)));
        Ok((named.chain([reference(&entrance, &bytes)]).collect(), chosen))
    }

    /// Never back, never from the future.
    pub fn moves_on(
        &self,
        suite: &str,
        date: Timestamp,
        shown: Option<Timestamp>,
        before: Option<&Suite>,
        now: Timestamp,
    ) -> Result<(), MirrorError> {
        let refused = |reason: String| Err(MirrorError::Archive { suite: suite.to_owned(), reason });
        let here = shown.into_iter().chain(before.map(|before| before.date)).max();
        if let Some(here) = here.filter(|here| date < *here) {
            return refused(format!("it is of {date}, and this mirror has that of {here}"));
        }
        if date.duration_since(now) > FUTURE {
            return refused(format!("it is dated {date}, and this machine's clock says {now}"));
        }
        Ok(())
    }

    fn release(&self, entrance: &Key, suite: &str, bytes: &[u8]) -> Result<Release, MirrorError> {
        let damaged = |reason: &str| RepositoryError::damaged(entrance, reason);
        if !is_cleartext(bytes) {
            return Err(damaged("it is not one cleartext-signed message and nothing else").into());
        }
        let verified = self.keyring.verify_message(bytes, MAXIMUM_RELEASE);
        let verified = verified.map_err(|cause| RepositoryError::Signature { place: entrance.to_string(), cause })?;
        let text = String::from_utf8(verified.bytes).map_err(|_| damaged("it is not UTF-8"))?;
        let release = Release::parse(&text).map_err(|reason| damaged(&reason))?;
        if !release.is_of(suite) {
            return Err(damaged("it is the entry point of another suite").into());
        }
        Ok(release)
    }

    /// The date of what hosts see.
    fn here(&self, entrance: &Key, suite: &str) -> Option<Timestamp> {
        let (bytes, _) = self.mirror.store().read(entrance, MAXIMUM_RELEASE).ok()??;
        self.release(entrance, suite, &bytes).ok().map(|release| release.date)
    }

    /// The indexes, and the packages that are carried.
    fn contents(&self, suite: &str, release: &Release, entrance: &[u8]) -> Result<Listing, MirrorError> {
        let mut lists = Vec::new();
        for architecture in &self.slice.architectures {
            lists.push(self.lists(suite, release, architecture)?);
        }
        let slice = self.widened(suite, entrance, lists.iter().flatten().map(|(_, index)| index))?;
        let (mut chosen, mut listed, mut unknown) = (BTreeMap::new(), 0, slice.packages.clone());
        for list in &lists {
            let mut packages: Vec<Package> = Vec::new();
            for (plain, index) in list {
                packages.extend(self.packages(release, plain, index)?);
            }
            listed += packages.len();
            for package in index::chosen(&packages, &slice.packages, slice.dependencies) {
                unknown.remove(&package.name);
                let wanted = Wanted { file: package.file.clone(), package: None };
                chosen.insert(package.file.path.clone(), wanted);
            }
        }
        if let Some(name) = unknown.first() {
            let reason = format!("it has no package {name}");
            return Err(MirrorError::Archive { suite: suite.to_owned(), reason });
        }
        let mut indexes: Vec<Index> = lists.into_iter().flatten().map(|(_, index)| index).collect();
        for (component, language) in
            self.slice.components.iter().flat_map(|c| self.slice.languages.iter().map(move |l| (c, l)))
        {
            indexes.extend(self.index(suite, release, &format!("{component}/i18n/Translation-{language}"))?);
        }
        Ok(Listing { indexes, chosen: chosen.into_values().collect(), listed, slice })
    }

    /// The lists of packages for an architecture, each with its name in the suite.
    fn lists(&self, suite: &str, release: &Release, architecture: &str) -> Result<Vec<(String, Index)>, MirrorError> {
        let mut lists = Vec::new();
        for component in &self.slice.components {
            let all = release.all_apart.then_some("all");
            for name in iter::once(architecture).chain(all) {
                let plain = format!("{component}/binary-{name}/Packages");
                match self.index(suite, release, &plain)? {
                    Some(index) => lists.push((plain, index)),
                    None if name == "all" => {}
                    None => {
                        let reason = format!("it has no component {component} for {architecture}");
                        return Err(MirrorError::Archive { suite: suite.to_owned(), reason });
                    }
                }
            }
        }
        Ok(lists)
    }

    /// What is carried, and what hosts lack besides.
    fn widened<'i>(
        &self,
        suite: &str,
        entrance: &[u8],
        indexes: impl Iterator<Item = &'i Index>,
    ) -> Result<Slice, MirrorError> {
        let mut slice = self.slice.clone();
        let Some(lacking) = self.lacking else { return Ok(slice) };
        let mut files =
            vec![(format!("dists/{suite}/InRelease"), Box::new(Cursor::new(entrance.to_vec())) as Box<dyn Read>)];
        for index in indexes {
            files.push((index.plain.to_string(), self.content(&index.held)?));
        }
        slice.packages.extend(lacking.names(suite, &slice.components, files)?);
        if slice.packages.is_empty() {
            let reason = "the hosts lack nothing that it has".to_owned();
            return Err(MirrorError::Archive { suite: suite.to_owned(), reason });
        }
        Ok(slice)
    }

    fn packages(&self, release: &Release, plain: &str, index: &Index) -> Result<Vec<Package>, MirrorError> {
        let maximum = release.unpacked(plain).map_or(MAXIMUM_UNPACKED, |index| index.size);
        let text = reader(index.plain.as_str(), self.content(&index.held)?, maximum, &self.scratch());
        let text = text.map_err(|cause| RepositoryError::damaged(&index.plain, cause))?;
        Ok(index::parse(text).map_err(|reason| RepositoryError::damaged(&index.plain, reason))?)
    }

    /// An index of a suite, from here or from the archive; `None` where it has none.
    fn index(&self, suite: &str, release: &Release, plain: &str) -> Result<Option<Index>, MirrorError> {
        let Some((path, digest)) = release.index(plain) else { return Ok(None) };
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let by_hash: Key = format!("dists/{suite}/{folder}/by-hash/SHA256/{}", digest.sha256).parse()?;
        let plain: Key = format!("dists/{suite}/{path}").parse()?;
        let names = if release.by_hash { vec![&by_hash, &plain] } else { vec![&plain] };
        let unsettled = || MirrorError::Unsettled { suite: suite.to_owned(), place: plain.to_string() };
        let held = self.held(digest, &by_hash, &names)?.ok_or_else(unsettled)?;
        Ok(Some(Index { plain, by_hash, held }))
    }

    /// Fetches those that are missing; how many they were.
    ///
    /// # Errors
    /// [`MirrorError`]
    pub fn fetch(&self, chosen: Vec<Wanted>) -> Result<usize, MirrorError> {
        let (store, parts) = (self.mirror.store(), self.mirror.parts());
        let fetching =
            Fetching { upstream: self.upstream, store, parts: &parts, listener: self.listener, check: self.check };
        let missing = fetching.missing(chosen)?;
        let needed = fetching.bytes(&missing);
        if let Some(room) = store.room().filter(|room| *room < needed) {
            return Err(MirrorError::NoRoom { needed, room });
        }
        (self.listener)(Progress::Fetching { files: missing.len(), bytes: needed });
        fetching.run(&missing, &by_digest)?;
        Ok(missing.len())
    }

    /// Where what is unpacked may lie, without a name.
    pub fn scratch(&self) -> PathBuf {
        self.mirror.folder().join(".consign")
    }

    /// Indexes by digest, then those by name, then the entry point; whether anything had changed.
    fn swap(&self, indexes: &[Index], entrance: &Key, release: &[u8]) -> Result<bool, MirrorError> {
        self.mirror.store().settle()?;
        indexes.iter().try_for_each(|index| self.named(&index.held, &index.by_hash).map(drop))?;
        let mut swapped = false;
        for index in indexes {
            swapped |= self.named(&index.held, &index.plain)?;
        }
        Ok(self.swapped(entrance, release)? || swapped)
    }

    /// Swaps an entry point, unless it is what it should become; whether it was not.
    ///
    /// # Errors
    /// [`MirrorError::Store`]
    pub fn swapped(&self, key: &Key, bytes: &[u8]) -> Result<bool, MirrorError> {
        let store = self.mirror.store();
        let current = store.read(key, u64::MAX)?;
        if current.as_ref().is_some_and(|(there, _)| there == bytes) {
            return Ok(false);
        }
        store.replace(key, current.map(|(_, stamp)| stamp).as_ref(), bytes)?;
        Ok(true)
    }

    /// Forgets what nobody finishes any more.
    ///
    /// # Errors
    /// [`MirrorError`]
    pub fn tidy(&self) -> Result<(), MirrorError> {
        self.mirror.forget_parts()?;
        Ok(self.mirror.store().sweep(GRACE).map(drop)?)
    }
}

/// Nothing is newer.
pub fn unchanged(suite: &str, before: &Suite, now: Timestamp) -> (Suite, ArchiveOutcome) {
    let outcome = ArchiveOutcome {
        suite: suite.to_owned(),
        date: before.date,
        before: Some(before.date),
        expires: None,
        changed: false,
        listed: 0,
        carried: 0,
        fetched: 0,
    };
    (Suite { asked: now, ..before.clone() }, outcome)
}

fn taken(slice: &Slice, bytes: &[u8], release: &Release, before: Option<&Suite>, now: Timestamp, mark: Mark) -> Suite {
    let digest = Sha256::of(bytes);
    let before = before.filter(|before| before.release == digest);
    let taken = before.map_or(now, |before| before.taken);
    Suite { slice: slice.clone(), release: digest, date: release.date, taken, asked: now, mark }
}
