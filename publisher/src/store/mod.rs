//! Where a repository is kept: names and bytes, and nothing of what they mean.
//!
//! Two kinds of content, two ways to write. Immutable content ([`Store::put_new`]) gets a name that
//! never changes its meaning: the same bytes again are welcome, other bytes are refused. Entry points
//! ([`Store::replace`]) are swapped whole, and only if they are still what the writer has read.
//! Whoever writes all of the first before any of the second leaves nothing to repair when killed.

mod directory;
mod http;
mod key;
mod placing;

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use consign_metadata::digest::Sha256;

pub use directory::DirectoryStore;
pub use http::HttpSource;
pub use key::Key;

/// A place that files can be read from: a store, or a repository on the web.
pub trait Source {
    /// Content of at most `maximum` bytes, to be read in a stream; `None` when there is no such name.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`]; [`StoreError::Io`]: it could not be looked.
    fn get(&self, key: &Key, maximum: u64) -> Result<Option<Box<dyn Content>>, StoreError>;

    /// An entry point of at most `maximum` bytes, with the stamp by which it may be replaced.
    ///
    /// # Errors
    /// Those of [`Self::get`].
    fn read(&self, key: &Key, maximum: u64) -> Result<Option<(Vec<u8>, Stamp)>, StoreError> {
        let Some(content) = self.get(key, maximum)? else { return Ok(None) };
        let mut bytes = Vec::new();
        let read = content.take(maximum.saturating_add(1)).read_to_end(&mut bytes);
        read.map_err(|cause| StoreError::Io { what: "read", place: key.to_string(), cause })?;
        if bytes.len() as u64 > maximum {
            return Err(StoreError::TooLarge { key: key.clone(), maximum });
        }
        let stamp = Stamp::of(&bytes);
        Ok(Some((bytes, stamp)))
    }
}

/// A place for the files of a repository.
pub trait Store: Source {
    /// Stores immutable content under a new name; durable when it returns.
    ///
    /// # Errors
    /// [`StoreError::Immutable`] when the name already has other bytes.
    fn put_new(&self, key: &Key, source: &mut dyn Read) -> Result<Put, StoreError>;

    /// The same of a finished file of this machine, which is gone from its place afterwards. Where it lies
    /// in the same file system nothing is copied.
    ///
    /// # Errors
    /// Those of [`Self::put_new`].
    fn take(&self, key: &Key, file: &Path) -> Result<Put, StoreError> {
        let cannot = |what| move |cause| StoreError::Io { what, place: file.display().to_string(), cause };
        let put = self.put_new(key, &mut File::open(file).map_err(cannot("read"))?)?;
        std::fs::remove_file(file).map_err(cannot("delete"))?;
        Ok(put)
    }

    /// The same of several, which are durable when [`Self::settle`] has returned.
    ///
    /// # Errors
    /// Those of [`Self::put_new`].
    fn take_all(&self, files: &[(Key, PathBuf)]) -> Result<(), StoreError> {
        files.iter().try_for_each(|(key, file)| self.take(key, file).map(drop))
    }

    /// Makes durable whatever was put here, by this writer or by one that died before it was.
    ///
    /// # Errors
    /// [`StoreError::Io`]
    fn settle(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// How many bytes may still be put here; `None` where nobody can say.
    fn room(&self) -> Option<u64> {
        None
    }

    /// Swaps an entry point, if it is still the one that was read (`None`: if there is still none). A web
    /// server must be able to tell the two apart by their age, which HTTP counts in seconds.
    ///
    /// # Errors
    /// [`StoreError::Changed`] when somebody else swapped it in between.
    fn replace(&self, key: &Key, if_unchanged_since: Option<&Stamp>, bytes: &[u8]) -> Result<Stamp, StoreError>;

    /// Swaps an entry point for everything that a source yields, whatever it is now.
    ///
    /// # Errors
    /// [`StoreError::Io`], [`StoreError::Changed`]
    fn swap_in(&self, key: &Key, source: &mut dyn Read) -> Result<(), StoreError> {
        let mut bytes = Vec::new();
        let read = source.read_to_end(&mut bytes);
        read.map_err(|cause| StoreError::Io { what: "read what goes to", place: key.to_string(), cause })?;
        let current = self.read(key, u64::MAX)?.map(|(_, stamp)| stamp);
        self.replace(key, current.as_ref(), &bytes).map(drop)
    }

    /// Everything below a folder; nothing when there is no such folder.
    ///
    /// # Errors
    /// [`StoreError::Io`]
    fn list(&self, folder: &Key) -> Result<Vec<Listed>, StoreError>;

    /// Forgets a name; one that is not there is forgotten already.
    ///
    /// # Errors
    /// [`StoreError::Io`]
    fn remove(&self, key: &Key) -> Result<(), StoreError>;

    /// Deletes what killed writers left behind longer ago than `age`. No reader ever saw it.
    ///
    /// # Errors
    /// [`StoreError::Io`]
    fn sweep(&self, age: Duration) -> Result<usize, StoreError>;
}

/// Content that is read in a stream.
pub trait Content: Read + Seek + Send + Sync {}
impl<T: Read + Seek + Send + Sync> Content for T {}

/// What became of a [`Store::put_new`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// The content is new.
    Stored,
    /// The same bytes were there already.
    AlreadyThere,
}

/// Which content an entry point had when it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp(String);

impl Stamp {
    /// The stamp of content that has no other mark than its bytes.
    fn of(bytes: &[u8]) -> Self {
        Self(Sha256::of(bytes).to_string())
    }
}

/// A swap of an entry point, ready to be made.
#[derive(Debug, Clone)]
pub struct Swap {
    /// Its name.
    pub key: Key,
    /// What it was when it was read; nothing if there was none.
    pub replaces: Option<Stamp>,
    /// What it becomes.
    pub bytes: Vec<u8>,
}

/// A name that is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The name.
    pub key: Key,
    /// When its content was written.
    pub modified: SystemTime,
}

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A name that leaves its folder or that no web server would serve.
    #[error("cannot store {0:?}: it is not a relative path of plain names")]
    Name(String),
    /// Immutable content is there already, and it is different.
    #[error("cannot store {0}: it was published before with other content")]
    Immutable(Key),
    /// An entry point was swapped by somebody else.
    #[error("cannot replace {0}: another publish replaced it in the meantime")]
    Changed(Key),
    /// Another publish holds the store and does not let go.
    #[error("cannot lock {place}: another publish has been at work for {} seconds", .waited.as_secs())]
    Busy {
        /// The store.
        place: String,
        /// How long it was waited for.
        waited: Duration,
    },
    /// An entry point larger than its kind may be.
    #[error("cannot read {key}: it has more than the {maximum} bytes that are allowed")]
    TooLarge {
        /// The name.
        key: Key,
        /// The limit.
        maximum: u64,
    },
    /// The system refused.
    #[error("cannot {what} {place}: {cause}")]
    Io {
        /// A verb.
        what: &'static str,
        /// The file or folder.
        place: String,
        /// What the system said.
        cause: io::Error,
    },
}
