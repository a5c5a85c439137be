//! A mirror: a copy of a published repository, verified, whose bytes are the vendor's.
//!
//! It is published again as it was published first: all content under names that never change, then the
//! entry points in the vendor's order, the head of the feed last. So hosts that read the mirror see one
//! generation, whole; a mirror that is killed leaves nothing to repair; and a mirror of a mirror is a mirror.
//!
//! 1. `upstream`: the server, which nobody trusts; `manner`: how patient it is asked.
//! 2. `pin`: whose signatures count, and how they change.
//! 3. `sync`, `passage`: a channel on its way. `edition`: a generation, read and verified from the head of its feed on, through `reading`.
//! 4. `selection`: which of the packages that it `offer`s are carried.
//! 5. `fetching`, `download`, `shelf`: what is missing of them, in several lanes; `vetting`: who signed them.
//! 6. `entry`: the entry points, looked at with everything that they name (`staged`), then swapped.
//! 7. `archive`: a slice of an ordinary archive of apt, or repository of yum, which Consign has not made.
//! 8. `medium`: the same where no network leads, carried by hand.
//! 9. `memory`: what a mirror knows of itself; `holding`: what hosts see of it; `status`, `prune`.
//! 10. `serve`: a web server for it. `stage`: the same generation under another path; `bucket`: in an object store.

mod archive;
mod bucket;
mod download;
mod edition;
mod entry;
mod error;
mod extension;
mod fetching;
mod holding;
mod manner;
mod medium;
mod memory;
mod offer;
mod own_file;
mod passage;
mod pin;
mod prune;
mod reading;
mod selection;
mod serve;
mod shelf;
mod stage;
mod staged;
mod status;
mod sync;
mod upstream;
mod vetting;

use std::path::{Path, PathBuf};
use std::time::Duration;

use consign_metadata::name::ChannelName;
use jiff::SignedDuration;

use crate::store::{DirectoryStore, Key, Store, StoreError};

pub use archive::{Archive, ArchiveKind, ArchiveOutcome, ArchiveRequest, Lacking, Slice, sync_archive};
pub use bucket::{PushRequest, Pushed, PushedChannel, heading, push};
pub use error::MirrorError;
pub use manner::Manner;
pub use medium::{
    Absence, ArchiveImport, Code, ExportRequest, Exported, ImportRequest, Packer, Reader, Receipt, Shipment, Standing,
    export, import, import_archive,
};
pub use memory::{Memory, Taken};
pub use pin::Pin;
pub use prune::{delete, superfluous};
pub use selection::{Product, Selection};
pub use serve::{AccessLog, Missed, Site, listeners, serve, unit};
pub use stage::{StageOutcome, StageRequest, stage};
pub use status::{Freshness, Status, in_vain, status};
pub use sync::{Outcome, Request, sync};
pub use upstream::{Answer, Mark, Upstream};

/// What hosts accept of a clock that is ahead.
const FUTURE: SignedDuration = SignedDuration::from_secs(10);

/// A mirror that somebody works on; nobody else does until it is dropped.
pub struct Mirror {
    store: Box<dyn Store + Sync>,
    folder: PathBuf,
}

impl Mirror {
    /// The mirror in a folder. Waits for another one that works on it.
    ///
    /// # Errors
    /// [`MirrorError::Store`]
    pub fn claimed(folder: &Path, patience: Duration) -> Result<Self, MirrorError> {
        let store = DirectoryStore::claimed(folder, patience)?;
        Ok(Self { store: Box::new(store), folder: folder.to_owned() })
    }

    /// The mirror in a folder, to be looked at while others work on it.
    pub fn at(folder: &Path) -> Self {
        Self { store: Box::new(DirectoryStore::at(folder)), folder: folder.to_owned() }
    }

    /// Why nothing can be said of it.
    fn is_none(&self) -> MirrorError {
        let reason = match archive::Record::load(&self.folder) {
            Ok(Some(_)) => {
                "it is a slice of an archive, which mirror apt or yum looks after, and no vendor's repository"
            }
            _ => "there is no mirror yet",
        };
        MirrorError::Folder { folder: self.folder.display().to_string(), reason: reason.to_owned() }
    }

    /// Whether there is a repository, although nothing is known of whose mirror it is.
    ///
    /// # Errors
    /// [`MirrorError::Folder`] where it is a slice of an archive: what prunes a vendor's mirror would delete all of one.
    fn is_taken(&self) -> Result<bool, MirrorError> {
        if archive::Record::load(&self.folder)?.is_some() {
            let reason = "it is a slice of an archive; a mirror of a vendor's repository needs a folder of its own";
            return Err(MirrorError::Folder { folder: self.folder.display().to_string(), reason: reason.to_owned() });
        }
        Ok(!self.store.list(&"consign".parse()?)?.is_empty() || !self.store.list(&"dists".parse()?)?.is_empty())
    }

    /// Where its files are.
    pub fn store(&self) -> &(dyn Store + Sync) {
        &*self.store
    }

    /// Where it keeps what it knows of itself.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where files lie that are on their way.
    fn parts(&self) -> PathBuf {
        self.folder.join(".consign").join("parts")
    }

    /// Content that was compared with what was signed. What is there and differs was damaged here.
    fn add(&self, key: &Key, bytes: &[u8]) -> Result<(), StoreError> {
        match self.store.put_new(key, &mut &*bytes) {
            Err(StoreError::Immutable(_)) => {
                self.store.remove(key)?;
                self.store.put_new(key, &mut &*bytes).map(drop)
            }
            other => other.map(drop),
        }
    }

    /// The same of several, which are durable when the store is settled.
    fn add_all<'a>(&self, files: impl Iterator<Item = (&'a Key, &'a [u8])>) -> Result<(), MirrorError> {
        let parts = self.parts();
        let on = |what, place: &Path| {
            let place = place.display().to_string();
            move |cause| MirrorError::Io { what, place, cause }
        };
        let mut new = Vec::new();
        for (key, bytes) in files {
            if self.store.get(key, u64::MAX)?.is_some() {
                self.add(key, bytes)?;
                continue;
            }
            if new.is_empty() {
                std::fs::create_dir_all(&parts).map_err(on("make folder", &parts))?;
            }
            let part = parts.join(format!("{}.index", new.len()));
            std::fs::write(&part, bytes).map_err(on("write", &part))?;
            new.push((key.clone(), part));
        }
        Ok(self.store.take_all(&new)?)
    }

    /// Parts that nobody finishes any more.
    fn forget_parts(&self) -> Result<(), MirrorError> {
        let parts = self.parts();
        match std::fs::remove_dir_all(&parts) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
                Err(MirrorError::Io { what: "delete", place: parts.display().to_string(), cause })
            }
            _ => Ok(()),
        }
    }
}

/// The channels that a mirror has.
///
/// # Errors
/// [`MirrorError::Io`], [`MirrorError::Folder`]
pub fn channels(mirror: &Mirror) -> Result<Vec<ChannelName>, MirrorError> {
    let memory = Memory::load(mirror.folder())?;
    Ok(memory.map(|memory| memory.channels.into_keys().collect()).unwrap_or_default())
}

/// What a mirror is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It reads the indexes.
    Reading,
    /// It fetches so many files, of so many bytes.
    Fetching {
        /// Files.
        files: usize,
        /// Bytes.
        bytes: u64,
    },
    /// It sends so many files, of so many bytes.
    Sending {
        /// Files.
        files: usize,
        /// Bytes.
        bytes: u64,
    },
    /// So many more bytes have arrived, or are on their way.
    Received(u64),
    /// It looks at the generation as hosts will see it.
    Checking,
}

/// Who is told what a mirror is at.
pub type Listener<'a> = &'a (dyn Fn(Progress) + Sync);
