//! An ordinary repository of yum on its way to what its vendor shows: `repomd.xml`, the signature beside it, the
//! documents that it names whole, and the packages that are carried.

use std::collections::BTreeMap;
use std::io::BufRead;

use consign_metadata::digest::Sha256;
use jiff::Timestamp;

use super::carried::{Contents, reference};
use super::held::Held;
use super::index::{self, Package};
use super::primary;
use super::record::{Slice, Suite};
use super::repomd::{Document, Repomd};
use super::sync::ArchiveOutcome;
use super::taking::{MAXIMUM_UNPACKED, Taking, unchanged};
use super::unpack::reader;
use crate::mirror::offer::Wanted;
use crate::mirror::upstream::{Answer, Mark};
use crate::mirror::{MirrorError, Progress};
use crate::repository::RepositoryError;
use crate::repository::apt::IndexDigest;
use crate::store::Key;

/// Under this name the record has it, which is the folder of its indexes.
pub const SUITE: &str = "repodata";
const REPOMD: &str = "repodata/repomd.xml";
const SIGNATURE: &str = "repodata/repomd.xml.asc";
const MAXIMUM_REPOMD: u64 = 1024 * 1024;
const MAXIMUM_SIGNATURE: u64 = 256 * 1024;
/// The largest document that is taken: the lists of files of a whole distribution are about 60 MB.
const MAXIMUM_DOCUMENT: u64 = 256 * 1024 * 1024;

/// A document that is at hand.
struct Carried<'a> {
    document: &'a Document,
    key: Key,
    held: Held,
}

impl Taking<'_> {
    /// Takes what the repository shows, unless it is here.
    ///
    /// # Errors
    /// [`MirrorError::Unsettled`] where it is worth reading again; others.
    pub fn attempt_yum(&self, before: Option<&Suite>, settled: bool) -> Result<(Suite, ArchiveOutcome), MirrorError> {
        let now = Timestamp::now();
        (self.listener)(Progress::Reading);
        let entrance: Key = REPOMD.parse()?;
        let mark = before.filter(|_| settled).map(|before| before.mark.clone()).unwrap_or_default();
        let (bytes, mark) = match (self.upstream.ask(&entrance, MAXIMUM_REPOMD, &mark)?, before) {
            (Answer::File(bytes, mark), _) => (bytes, mark),
            (Answer::Unchanged, Some(before)) => return Ok(unchanged(SUITE, before, now)),
            _ => return Err(MirrorError::Missing { url: self.upstream.url(&entrance) }),
        };
        let signature = self.signature()?;
        let repomd = self.repomd(&bytes, &signature)?;
        self.moves_on(SUITE, repomd.made, self.shown(), before, now)?;
        let documents = self.documents(&repomd)?;
        let slice = self.widened_yum(&repomd, &documents)?;
        let (chosen, listed) = self.choice(&repomd, &documents, &slice)?;
        let carried = chosen.len();
        let fetched = self.fetch(chosen)?;
        let swapped = self.swap_yum(&documents, (&SIGNATURE.parse()?, &signature), (&entrance, &bytes))?;
        self.tidy()?;
        let (date, release) = (repomd.made, Sha256::of(&bytes));
        let outcome = ArchiveOutcome {
            suite: SUITE.to_owned(),
            date,
            before: before.map(|before| before.date),
            expires: None,
            changed: fetched > 0 || swapped,
            listed,
            carried,
            fetched,
        };
        let taken = before.filter(|before| before.release == release).map_or(now, |before| before.taken);
        Ok((Suite { slice, release, date, taken, asked: now, mark }, outcome))
    }

    /// What is here of it.
    ///
    /// # Errors
    /// [`MirrorError`]
    pub fn carried_yum(&self) -> Result<Contents, MirrorError> {
        let read = |place: &str, maximum| -> Result<(Key, Vec<u8>), MirrorError> {
            let key: Key = place.parse()?;
            let gone = || RepositoryError::damaged(place, "it was there and is gone");
            let (bytes, _) = self.mirror.store().read(&key, maximum)?.ok_or_else(gone)?;
            Ok((key, bytes))
        };
        let (entrance, signature) = (read(REPOMD, MAXIMUM_REPOMD)?, read(SIGNATURE, MAXIMUM_SIGNATURE)?);
        let repomd = self.repomd(&entrance.1, &signature.1)?;
        let documents = self.documents(&repomd)?;
        let (chosen, _) = self.choice(&repomd, &documents, self.slice)?;
        let documents = documents.iter().map(|document| document.held.reference(&document.key));
        let entries = [signature, entrance].map(|(key, bytes)| reference(&key, &bytes));
        Ok((documents.chain(entries).collect(), chosen))
    }

    fn signature(&self) -> Result<Vec<u8>, MirrorError> {
        let key: Key = SIGNATURE.parse()?;
        match self.upstream.ask(&key, MAXIMUM_SIGNATURE, &Mark::default())? {
            Answer::File(bytes, _) => Ok(bytes),
            _ => Err(RepositoryError::damaged(&key, "it is not there: nobody has signed this repository").into()),
        }
    }

    /// A signature of another `repomd.xml` may be one that is being replaced; one of nobody's is refused.
    fn repomd(&self, bytes: &[u8], signature: &[u8]) -> Result<Repomd, MirrorError> {
        if self.keyring.verify_detached(signature, bytes).is_err() {
            return Err(MirrorError::Unsettled { suite: SUITE.to_owned(), place: SIGNATURE.to_owned() });
        }
        let damaged = |reason: String| RepositoryError::damaged(REPOMD, reason);
        let text = std::str::from_utf8(bytes).map_err(|_| damaged("it is not UTF-8".to_owned()))?;
        Ok(Repomd::parse(text).map_err(damaged)?)
    }

    /// The date of what hosts see.
    fn shown(&self) -> Option<Timestamp> {
        let read = |place: &str, maximum| self.mirror.store().read(&place.parse().ok()?, maximum).ok()?;
        let ((bytes, _), (signature, _)) = (read(REPOMD, MAXIMUM_REPOMD)?, read(SIGNATURE, MAXIMUM_SIGNATURE)?);
        self.repomd(&bytes, &signature).ok().map(|repomd| repomd.made)
    }

    fn documents<'a>(&self, repomd: &'a Repomd) -> Result<Vec<Carried<'a>>, MirrorError> {
        repomd.documents.iter().map(|document| self.document(document)).collect()
    }

    /// A document, from here or from the repository.
    fn document<'a>(&self, document: &'a Document) -> Result<Carried<'a>, MirrorError> {
        let file = document.file().map_err(|reason| RepositoryError::damaged(REPOMD, reason))?;
        if file.size > MAXIMUM_DOCUMENT {
            let reason = format!("it has {} bytes, more than the {MAXIMUM_DOCUMENT} that are taken", file.size);
            return Err(RepositoryError::damaged(&file.path, reason).into());
        }
        let key: Key = file.path.parse()?;
        let held = self.held(IndexDigest { size: file.size, sha256: file.sha256 }, &key, &[&key])?;
        let unsettled = || MirrorError::Unsettled { suite: SUITE.to_owned(), place: key.to_string() };
        let held = held.ok_or_else(unsettled)?;
        Ok(Carried { document, key, held })
    }

    /// The signature comes before what it is of: who reads it last, as clients do, has the right one soonest.
    fn swap_yum(
        &self,
        documents: &[Carried<'_>],
        signature: (&Key, &[u8]),
        entrance: (&Key, &[u8]),
    ) -> Result<bool, MirrorError> {
        self.mirror.store().settle()?;
        let mut swapped = false;
        for document in documents {
            swapped |= self.named(&document.held, &document.key)?;
        }
        swapped |= self.swapped(signature.0, signature.1)?;
        Ok(self.swapped(entrance.0, entrance.1)? || swapped)
    }

    /// What is carried, and what hosts lack besides.
    fn widened_yum(&self, repomd: &Repomd, documents: &[Carried<'_>]) -> Result<Slice, MirrorError> {
        let mut slice = self.slice.clone();
        let Some(lacking) = self.lacking else { return Ok(slice) };
        let refused = |reason: String| MirrorError::Archive { suite: SUITE.to_owned(), reason };
        let primary = || self.primary(repomd, documents).map_err(|cause| cause.to_string());
        let lacked = lacking.of_rpm(Box::new(primary), &self.scratch()).map_err(refused)?;
        if slice.packages.is_empty() || !slice.architectures.is_empty() {
            slice.architectures.extend(lacked.architectures);
        }
        slice.packages.extend(lacked.packages);
        if slice.packages.is_empty() {
            return Err(refused("the hosts lack nothing that it has".to_owned()));
        }
        Ok(slice)
    }

    /// The list of packages, unpacked.
    fn primary(&self, repomd: &Repomd, documents: &[Carried<'_>]) -> Result<Box<dyn BufRead>, MirrorError> {
        let damaged = |reason: String| RepositoryError::damaged(REPOMD, reason);
        let primary = repomd.document("primary").ok_or_else(|| damaged("it has no primary".to_owned()))?;
        let held = documents.iter().find(|carried| carried.document.kind == "primary");
        let held = held.ok_or_else(|| damaged("it has no primary".to_owned()))?;
        let maximum = primary.unpacked.unwrap_or(MAXIMUM_UNPACKED).min(MAXIMUM_UNPACKED);
        let text = reader(&primary.path, self.content(&held.held)?, maximum, &self.scratch());
        Ok(text.map_err(|cause| RepositoryError::damaged(&primary.path, cause.to_string()))?)
    }

    /// The packages that are carried, and how many are listed.
    fn choice(
        &self,
        repomd: &Repomd,
        documents: &[Carried<'_>],
        slice: &Slice,
    ) -> Result<(Vec<Wanted>, usize), MirrorError> {
        let takes = |architecture: &str| slice.architectures.is_empty() || slice.architectures.contains(architecture);
        let read = primary::parse(self.primary(repomd, documents)?, takes);
        let place = repomd.document("primary").map_or(REPOMD, |primary| &primary.path);
        let packages: Vec<Package> = read.map_err(|reason| RepositoryError::damaged(place, reason))?;
        let mut chosen = BTreeMap::new();
        let mut unknown = slice.packages.clone();
        for package in index::chosen(&packages, &slice.packages, slice.dependencies) {
            unknown.remove(&package.name);
            chosen.insert(&package.file.path, Wanted { file: package.file.clone(), package: None });
        }
        if let Some(name) = unknown.first() {
            return Err(MirrorError::Archive { suite: SUITE.to_owned(), reason: format!("it has no package {name}") });
        }
        Ok((chosen.into_values().collect(), packages.len()))
    }
}
