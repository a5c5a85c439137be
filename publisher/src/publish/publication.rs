//! A publication: everything that will be written, known before anything is.
//!
//! First all content that is new, under names that never change; then the entry points, one after the
//! other, the feed's head last. Killed anywhere, it leaves readers with a whole generation: until
//! `InRelease` is swapped nobody can know the new content, and from then on everything is there.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use consign_metadata::feed::FileReference;
use consign_metadata::name::{ChannelName, VendorName};
use tempfile::TempDir;

use super::PublishError;
use crate::file::OnFile;
use crate::repository::{PoolFile, PoolOrigin, RepositoryError, Validity};
use crate::store::{Key, Put, Store, Swap};

/// Older than this, an unfinished file has no writer any more.
const GRACE: Duration = Duration::from_secs(24 * 3600);

/// Everything that will be written for a generation of a channel.
#[derive(Debug)]
pub struct Publication {
    /// Whose channel it is.
    pub vendor: VendorName,
    /// The channel.
    pub channel: ChannelName,
    /// The generation of its feed.
    pub generation: u64,
    /// Its dates.
    pub validity: Validity,
    /// The packages that were handed in, the agent's and `<vendor>-release`.
    pub packages: Vec<PlannedPackage>,
    /// What deserves a look.
    pub warnings: Vec<String>,
    pub(super) additions: Vec<Addition>,
    pub(super) swaps: Vec<Swap>,
    pub(super) outdated: Vec<Key>,
    /// Holds what was built for it.
    pub(super) _work: TempDir,
}

/// A package of the generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedPackage {
    /// The file, as published.
    pub file: FileReference,
    /// Whether the channel offers it already.
    pub published_before: bool,
}

/// New content and its name.
#[derive(Debug)]
pub(super) struct Addition {
    pub key: Key,
    pub content: Content,
}

#[derive(Debug)]
pub(super) enum Content {
    File(PathBuf),
    Bytes(Vec<u8>),
    /// It is there already.
    InPlace,
}

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// New files.
    pub added: usize,
    /// Files that were there already.
    pub already_there: usize,
    /// Entry points.
    pub swapped: usize,
    /// Indexes nobody asks for any more, and what killed publishes left.
    pub removed: usize,
}

impl Publication {
    /// What is added, in order.
    pub fn added(&self) -> impl Iterator<Item = &Key> {
        self.additions.iter().map(|addition| &addition.key)
    }

    /// What is swapped, in order.
    pub fn swapped(&self) -> impl Iterator<Item = &Key> {
        self.swaps.iter().map(|swap| &swap.key)
    }

    /// What is removed in the end.
    pub fn removed(&self) -> impl Iterator<Item = &Key> {
        self.outdated.iter()
    }

    /// Adds, then swaps, then tidies up.
    ///
    /// # Errors
    /// [`PublishError`]; readers then see the generation before, or this one.
    pub fn carry_out(&self, store: &dyn Store) -> Result<Written, PublishError> {
        let mut written = Written::default();
        for addition in &self.additions {
            match addition.put(store)? {
                Put::Stored => written.added += 1,
                Put::AlreadyThere => written.already_there += 1,
            }
        }
        for swap in &self.swaps {
            store.replace(&swap.key, swap.replaces.as_ref(), &swap.bytes)?;
            written.swapped += 1;
        }
        for key in &self.outdated {
            store.remove(key)?;
            written.removed += 1;
        }
        written.removed += store.sweep(GRACE)?;
        Ok(written)
    }
}

impl From<PoolFile> for Addition {
    fn from(PoolFile { key, origin }: PoolFile) -> Self {
        match origin {
            PoolOrigin::File(path) => Self { key, content: Content::File(path) },
            PoolOrigin::InPlace => Self { key, content: Content::InPlace },
        }
    }
}

impl Addition {
    fn put(&self, store: &dyn Store) -> Result<Put, PublishError> {
        let mut source: Box<dyn Read + '_> = match &self.content {
            Content::File(path) => Box::new(File::open(path).on("read", path)?),
            Content::Bytes(bytes) => Box::new(&**bytes),
            // The store makes durable what it finds to be the same.
            Content::InPlace => match store.get(&self.key, u64::MAX)? {
                Some(content) => Box::new(content),
                None => return Err(RepositoryError::damaged(&self.key, "it was there and is gone").into()),
            },
        };
        Ok(store.put_new(&self.key, &mut source)?)
    }
}
