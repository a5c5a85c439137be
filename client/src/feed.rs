//! The feeds of vendors as this host last verified them: `/var/lib/consignee/<vendor>/.feed/<channel>/`.
//!
//! | name | what |
//! |---|---|
//! | `feed.pgp` | the signed head; written last |
//! | `shards/<sha256>.json` | releases and notes of a product on this host |
//! | `extension.pgp` | the vendor's word that the head is believed for longer, where there is one |
//! | `plans/<sha256>.pgp` | the signed plan of a release that was looked at |
//!
//! What is here was verified before it was written, and is verified again when it is read. A head is
//! never replaced by one of an earlier generation, unless a person says so of this very one ([`older`]).

pub mod accepted;
mod extension;
pub mod older;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use consign_metadata::anchor::Fingerprint;
use consign_metadata::digest::Sha256;
use consign_metadata::document::{DocumentError, Role};
use consign_metadata::feed::{Feed, FeedRelease, MAXIMUM_HEAD_SIZE, MAXIMUM_SHARD_SIZE, Shard};
use consign_metadata::name::{ChannelName, ProductId, VendorName};
use consign_metadata::openpgp::VerifyError;
use consign_metadata::plan;
use jiff::Timestamp;

use crate::durable;
use crate::places::Places;
use crate::trust::{TrustError, Vendor};

const HEAD: &str = "feed.pgp";

/// Why a feed says nothing.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// A file of it could not be fetched.
    #[error("{0}")]
    Fetch(String),
    /// A file of it on this host cannot be read or written.
    #[error("cannot {action} {path}: {cause}")]
    Io {
        /// `read` or `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The reason the system gave.
        cause: io::Error,
    },
    /// The vendor is not trusted.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The head is not signed as it must be.
    #[error("the feed {0}")]
    Signature(VerifyError),
    /// The head is signed by a key that this host was never told of.
    #[error("the feed is signed by {}, which this host does not know", list(.0))]
    UnknownKey(BTreeSet<Fingerprint>),
    /// A document is not what it should be.
    #[error("the feed {0}")]
    Document(DocumentError),
    /// A file has not the digest that the feed names.
    #[error("{path} is not the file that the feed names")]
    Digest {
        /// Below the root of the repository.
        path: String,
    },
    /// An older head than one that this host has seen or must ask for.
    #[error("the feed is of generation {found}, older than {known}")]
    Back {
        /// What was fetched.
        found: u64,
        /// What is known.
        known: u64,
    },
    /// Not the generation that a person has accepted.
    #[error("the feed is of generation {found} now, and not {wanted}")]
    Another {
        /// What was fetched.
        found: u64,
        /// What was accepted.
        wanted: u64,
    },
    /// Nobody vouches any more that there is nothing newer.
    #[error("the feed expired at {0}")]
    Expired(Timestamp),
    /// The package lists and the feed are of different publications.
    #[error("the package lists are not those that the feed speaks of")]
    OtherLists,
}

/// Fetches one file below the root of a repository, of at most so many bytes.
pub type Fetch<'a> = dyn Fn(&str, u64) -> Result<Vec<u8>, String> + 'a;

/// A verified feed on this host.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Its head.
    pub feed: Feed,
    /// Until when it is believed: what the head says, or the vendor's extension of it.
    pub believed_until: Timestamp,
    folder: PathBuf,
}

impl Kept {
    /// Every feed of a vendor that this host has. One that does not verify any more is as good as none.
    pub fn all(places: &Places, vendor: &Vendor) -> Vec<Self> {
        let folder = places.feed(&vendor.anchor.vendor);
        let names = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        let channels = names.filter_map(|entry| entry.file_name().to_str()?.parse::<ChannelName>().ok());
        channels.filter_map(|channel| Self::of(places, vendor, &channel).ok().flatten()).collect()
    }

    /// The feed of one channel, if this host has it.
    ///
    /// # Errors
    /// [`FeedError`]
    pub fn of(places: &Places, vendor: &Vendor, channel: &ChannelName) -> Result<Option<Self>, FeedError> {
        let folder = places.feed(&vendor.anchor.vendor).join(channel.as_str());
        let path = folder.join(HEAD);
        match std::fs::read(&path) {
            Ok(signed) => Ok(Some(Self::new(vendor, channel, verify(vendor, channel, &signed)?, folder))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(FeedError::Io { action: "read", path, cause }),
        }
    }

    fn new(vendor: &Vendor, channel: &ChannelName, (feed, digest): (Feed, Sha256), folder: PathBuf) -> Self {
        let extended = extension::kept(vendor, channel, &digest, &folder);
        Self { believed_until: extended.map_or(feed.expires, |until| until.max(feed.expires)), feed, folder }
    }

    /// The head of the feed of a channel on this host.
    pub fn head(places: &Places, vendor: &VendorName, channel: &ChannelName) -> PathBuf {
        places.feed(vendor).join(channel.as_str()).join(HEAD)
    }

    /// Whether it speaks for what the package manager read last, and still speaks at all. It speaks for itself where
    /// there are no other lists.
    ///
    /// # Errors
    /// [`FeedError::Expired`], [`FeedError::OtherLists`]
    pub fn check(&self, entry_point: &Path, now: Timestamp) -> Result<(), FeedError> {
        if self.believed_until < now {
            return Err(FeedError::Expired(self.believed_until));
        }
        if entry_point == self.folder.join(HEAD) {
            return Ok(());
        }
        let read = |cause| FeedError::Io { action: "read", path: entry_point.to_owned(), cause };
        let (digest, _) = Sha256::of_reader(std::fs::File::open(entry_point).map_err(read)?).map_err(read)?;
        if self.feed.knows_entry_point(&digest) { Ok(()) } else { Err(FeedError::OtherLists) }
    }

    /// The releases of a product; `None` when the feed does not have it.
    ///
    /// # Errors
    /// [`FeedError`]
    pub fn shard(&self, id: &ProductId) -> Result<Option<Shard>, FeedError> {
        let Some(reference) = self.feed.shards.get(&id.product) else { return Ok(None) };
        let path = self.shard_file(&reference.sha256);
        let bytes = std::fs::read(&path).map_err(|cause| FeedError::Io { action: "read", path, cause })?;
        shard_of(&bytes, &reference.sha256, id).map(Some)
    }

    /// The signed plan of a release, if it was kept.
    pub fn plan(&self, release: &FeedRelease) -> Option<Vec<u8>> {
        std::fs::read(self.plan_file(&release.plan)).ok()
    }

    /// Fetches the signed plan of a release and keeps it. It is verified by whoever reads it.
    ///
    /// # Errors
    /// [`FeedError`]
    pub fn fetch_plan(&self, release: &FeedRelease, fetch: &Fetch<'_>) -> Result<Vec<u8>, FeedError> {
        let path = &release.plan_file.path;
        let bytes = fetch(path, plan::MAXIMUM_SIZE).map_err(FeedError::Fetch)?;
        if Sha256::of(&bytes) != release.plan_file.sha256 {
            return Err(FeedError::Digest { path: path.clone() });
        }
        write(&self.plan_file(&release.plan), &bytes)?;
        Ok(bytes)
    }

    fn shard_file(&self, digest: &Sha256) -> PathBuf {
        self.folder.join("shards").join(format!("{digest}.json"))
    }

    fn plan_file(&self, plan: &Sha256) -> PathBuf {
        self.folder.join("plans").join(format!("{plan}.pgp"))
    }

    /// Removes what the head does not name any more.
    fn tidy(&self) {
        let named: Vec<PathBuf> = self.feed.shards.values().map(|shard| self.shard_file(&shard.sha256)).collect();
        for entry in std::fs::read_dir(self.folder.join("shards")).into_iter().flatten().flatten() {
            if !named.contains(&entry.path()) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

/// Fetches the feed of a channel with the shards of these products, verifies all of it and keeps it; of one that has
/// expired `now`, also its extension.
///
/// # Errors
/// [`FeedError`]; what was kept before is then still there.
pub fn update(
    places: &Places,
    vendor: &Vendor,
    channel: &ChannelName,
    products: &[ProductId],
    now: Timestamp,
    fetch: &Fetch<'_>,
) -> Result<Kept, FeedError> {
    let head = Head::fetch(vendor, channel, fetch)?;
    let before = Kept::of(places, vendor, channel).ok().flatten();
    head.is_of(before.map_or(0, |kept| kept.feed.generation).max(minimum(vendor, channel)))?;
    keep(places, vendor, head, products, now, fetch)
}

/// The lowest generation that the vendor lets hosts believe.
fn minimum(vendor: &Vendor, channel: &ChannelName) -> u64 {
    vendor.anchor.minimum_generation.get(channel).copied().unwrap_or(0)
}

/// What a repository shows, verified, and on this host not yet.
struct Head {
    feed: Feed,
    signed: Vec<u8>,
    digest: Sha256,
}

impl Head {
    fn fetch(vendor: &Vendor, channel: &ChannelName, fetch: &Fetch<'_>) -> Result<Self, FeedError> {
        let signed = fetch(&Feed::path(channel), MAXIMUM_HEAD_SIZE).map_err(FeedError::Fetch)?;
        let (feed, digest) = verify(vendor, channel, &signed)?;
        Ok(Self { feed, signed, digest })
    }

    /// That it is of this generation or a later one.
    fn is_of(&self, known: u64) -> Result<(), FeedError> {
        let found = self.feed.generation;
        if found < known { Err(FeedError::Back { found, known }) } else { Ok(()) }
    }
}

/// Puts a head in the place of the one before, with the shards of these products.
fn keep(
    places: &Places,
    vendor: &Vendor,
    head: Head,
    products: &[ProductId],
    now: Timestamp,
    fetch: &Fetch<'_>,
) -> Result<Kept, FeedError> {
    let Head { feed, signed, digest } = head;
    let channel = feed.channel.clone();
    let folder = places.feed(&vendor.anchor.vendor).join(channel.as_str());
    let has_expired = feed.expires < now;
    let kept = Kept { believed_until: feed.expires, feed: feed.clone(), folder };
    for id in products {
        keep_shard(&kept, id, fetch)?;
    }
    write(&kept.folder.join(HEAD), &signed)?;
    kept.tidy();
    if has_expired && let Err(problem) = extension::update(vendor, &channel, &digest, &kept.folder, fetch) {
        log::info!("{} {channel}: no extension of its feed: {problem}", vendor.anchor.vendor);
    }
    Ok(Kept::new(vendor, &channel, (feed, digest), kept.folder))
}

fn keep_shard(kept: &Kept, id: &ProductId, fetch: &Fetch<'_>) -> Result<(), FeedError> {
    let Some(reference) = kept.feed.shards.get(&id.product) else { return Ok(()) };
    let file = kept.shard_file(&reference.sha256);
    if std::fs::read(&file).is_ok_and(|bytes| Sha256::of(&bytes) == reference.sha256) {
        return Ok(());
    }
    let bytes = fetch(&reference.path, MAXIMUM_SHARD_SIZE).map_err(FeedError::Fetch)?;
    shard_of(&bytes, &reference.sha256, id)?;
    write(&file, &bytes)
}

fn shard_of(bytes: &[u8], digest: &Sha256, id: &ProductId) -> Result<Shard, FeedError> {
    if Sha256::of(bytes) != *digest {
        return Err(FeedError::Digest { path: Shard::path(digest) });
    }
    Shard::parse(bytes, id).map_err(FeedError::Document)
}

fn verify(vendor: &Vendor, channel: &ChannelName, signed: &[u8]) -> Result<(Feed, Sha256), FeedError> {
    let bytes = bytes_of(vendor, signed, MAXIMUM_HEAD_SIZE)?;
    let feed = Feed::parse(&bytes, &vendor.anchor.vendor, channel).map_err(FeedError::Document)?;
    Ok((feed, Sha256::of(&bytes)))
}

/// What a key of the vendor's indexes has signed.
fn bytes_of(vendor: &Vendor, signed: &[u8], maximum: u64) -> Result<Vec<u8>, FeedError> {
    let keyring = vendor.keyring(Role::Index)?;
    let refused = |cause| match keyring.strangers(signed) {
        strangers if strangers.is_empty() => FeedError::Signature(cause),
        strangers => FeedError::UnknownKey(strangers),
    };
    Ok(keyring.verify_message(signed, maximum).map_err(refused)?.bytes)
}

fn list(keys: &BTreeSet<Fingerprint>) -> String {
    let keys: Vec<_> = keys.iter().map(|key| format!("key {key}")).collect();
    keys.join(" and ")
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), FeedError> {
    let io = |cause| FeedError::Io { action: "write", path: path.to_owned(), cause };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(io)?;
    }
    durable::replace(path, bytes).map_err(io)
}
