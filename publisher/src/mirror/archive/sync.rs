//! Bringing a slice of an archive up to date: as for a vendor's repository, add, then swap.

use jiff::Timestamp;
use serde::Serialize;

use super::lacking::Lacking;
use super::record::{Record, Slice};
use super::taking::Taking;
use super::yum;
use crate::mirror::medium::Packer;
use crate::mirror::upstream::{Mark, Upstream};
use crate::mirror::{Listener, Memory, Mirror, MirrorError};

/// How often an archive is read again that is between two states.
const READINGS: u32 = 4;

/// What is to be done.
#[derive(Debug, Clone)]
pub struct ArchiveRequest {
    /// What it is.
    pub kind: ArchiveKind,
    /// Who may sign it; needed for the first time only.
    pub keyring: Option<Vec<u8>>,
    /// What is carried; nothing said, what was carried before.
    pub slice: Option<Slice>,
    /// Whose media are taken from now on; nothing said, as before.
    pub packed_by: Option<Packer>,
    /// Hosts whose needs are carried as well.
    pub lacking: Option<Lacking>,
    /// Whether every file that is there is read again.
    pub check: bool,
    /// Whether files are taken over that are there and of which the mirror knows nothing; they are read again.
    pub adopt: bool,
}

/// What kind of archive is mirrored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArchiveKind {
    /// A suite of an archive of apt, such as `trixie`.
    Apt {
        /// One of its names.
        suite: String,
    },
    /// A repository of yum.
    Yum,
}

/// What became of a suite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ArchiveOutcome {
    /// The suite.
    pub suite: String,
    /// When the archive made it.
    pub date: Timestamp,
    /// The date of the one before; absent the first time.
    pub before: Option<Timestamp>,
    /// Until when clients believe it, where the archive says so.
    pub expires: Option<Timestamp>,
    /// Whether anything was written that hosts see.
    pub changed: bool,
    /// Packages that the indexes list.
    pub listed: usize,
    /// Packages that are carried.
    pub carried: usize,
    /// How many packages were fetched.
    pub fetched: usize,
}

/// Brings a suite of an archive up to date.
///
/// # Errors
/// [`MirrorError`]; the suite is then what it was, whole.
pub fn sync_archive(
    mirror: &Mirror,
    upstream: &Upstream,
    request: &ArchiveRequest,
    listener: Listener<'_>,
) -> Result<ArchiveOutcome, MirrorError> {
    let mut record = remembered(mirror, upstream, request)?;
    let keys = |cause| MirrorError::Certificate { vendor: upstream.root().to_owned(), cause };
    if let Some(keyring) = &request.keyring {
        record.believe(keyring).map_err(keys)?;
    }
    if record.keys.is_empty() {
        return Err(MirrorError::NoKeyring { upstream: upstream.root().to_owned() });
    }
    record.packed_by = request.packed_by.clone().or(record.packed_by);
    let moved = record.upstream != upstream.root();
    record.save(mirror.folder())?;
    let keyring = record.keyring().map_err(keys)?;
    let (name, usual) = match &request.kind {
        ArchiveKind::Apt { suite } => (suite.clone(), Slice::usual()),
        ArchiveKind::Yum => (yum::SUITE.to_owned(), Slice::default()),
    };
    let before = record.suites.get(&name).cloned();
    let known = before.as_ref().map(|suite| suite.slice.clone());
    let mut slice = request.slice.clone().or(known.clone()).unwrap_or(usual);
    if let (true, Some(known)) = (request.lacking.is_some(), &known) {
        // What other hosts lacked stays.
        slice.packages.extend(known.packages.iter().cloned());
    }
    // Where everything is carried nobody lacks anything.
    let is_whole = known.as_ref().is_some_and(|known| known.packages.is_empty());
    let lacking = request.lacking.as_ref().filter(|_| !is_whole);
    let settled = !moved && !request.check && lacking.is_none() && known.as_ref() == Some(&slice);
    let taking = Taking {
        mirror,
        upstream,
        listener,
        keyring: &keyring,
        slice: &slice,
        lacking,
        check: request.check || request.adopt,
    };
    let mut attempt = 1;
    let (suite, outcome) = loop {
        let attempted = match &request.kind {
            ArchiveKind::Apt { suite } => taking.attempt(suite, before.as_ref(), settled),
            ArchiveKind::Yum => taking.attempt_yum(before.as_ref(), settled),
        };
        match attempted {
            Err(MirrorError::Unsettled { .. }) if attempt < READINGS => {
                std::thread::sleep(upstream.manner.pause_before(attempt));
                attempt += 1;
            }
            other => break other?,
        }
    };
    if moved {
        // What another server has said of the other suites is nothing to this one.
        record.suites.values_mut().for_each(|suite| suite.mark = Mark::default());
        record.upstream = upstream.root().to_owned();
    }
    record.suites.insert(name, suite);
    record.save(mirror.folder())?;
    Ok(outcome)
}

fn remembered(mirror: &Mirror, upstream: &Upstream, request: &ArchiveRequest) -> Result<Record, MirrorError> {
    if let Some(record) = Record::load(mirror.folder())? {
        return Ok(record);
    }
    let folder =
        |reason: &str| MirrorError::Folder { folder: mirror.folder().display().to_string(), reason: reason.to_owned() };
    if Memory::load(mirror.folder())?.is_some() {
        return Err(folder("it is a mirror of a vendor's repository; an archive needs a folder of its own"));
    }
    let is_taken = |place: &str| Ok::<_, MirrorError>(!mirror.store().list(&place.parse()?)?.is_empty());
    if !request.adopt && (is_taken("dists")? || is_taken(yum::SUITE)?) {
        return Err(MirrorError::Stray { folder: mirror.folder().display().to_string() });
    }
    Ok(Record::new(upstream.root()))
}

impl Slice {
    /// What is carried where nobody says anything.
    fn usual() -> Self {
        let [components, architectures, languages] = ["main", "amd64", "en"].map(|name| [name.to_owned()].into());
        Self { components, architectures, languages, ..Self::default() }
    }
}
