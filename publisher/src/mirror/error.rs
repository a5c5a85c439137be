//! Why a mirror stays as it is.

use std::io;

use consign_metadata::name::ChannelName;
use consign_metadata::openpgp::VerifyError;
use jiff::Timestamp;

use super::medium::Absence;
use crate::feed::FeedError;
use crate::file::FileError;
use crate::package::PackageError;
use crate::repository::RepositoryError;
use crate::sign::SignError;
use crate::store::StoreError;

/// Why a mirror stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// Files cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An index that is not what it should be.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// A feed that is not what it should be.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// A package that its vendor has not signed.
    #[error("cannot take {path}: {cause}")]
    Package {
        /// Below the root of the repository.
        path: String,
        /// What is wrong with it.
        cause: PackageError,
    },
    /// A medium cannot be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// A medium cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The system refused.
    #[error("cannot {what} {place}: {cause}")]
    Io {
        /// A verb.
        what: &'static str,
        /// The file or address.
        place: String,
        /// What the system said.
        cause: io::Error,
    },
    /// A file that could not be had, however often it was asked for.
    #[error("cannot get {url}: {cause} (asked {asked})", asked = times(*.asked))]
    Unreachable {
        /// Its address.
        url: String,
        /// What went wrong last.
        cause: String,
        /// How often it was asked for.
        asked: u32,
    },
    /// A server that leads out of what the address promised.
    #[error("cannot get {url}: the server sends to {to}, which nobody allowed")]
    Elsewhere {
        /// What was asked for.
        url: String,
        /// The other server.
        to: String,
    },
    /// A file that an index names is not there.
    #[error("cannot get {url}: it is not there, although the repository names it")]
    Missing {
        /// Its address.
        url: String,
    },
    /// There is no feed.
    #[error("cannot mirror channel {channel} of {upstream}: it has no feed there")]
    NoChannel {
        /// The channel.
        channel: ChannelName,
        /// The repository.
        upstream: String,
    },
    /// An older generation than the mirror has.
    #[error(
        "cannot take generation {found} of channel {channel}: this mirror has {here}; either the vendor put an old repository back, or somebody shows one"
    )]
    WentBack {
        /// The channel.
        channel: ChannelName,
        /// What is shown.
        found: u64,
        /// What is here, or what the vendor's anchor asks for.
        here: u64,
    },
    /// Two generations with the same number.
    #[error(
        "cannot take generation {generation} of channel {channel}: this mirror has another one of the same number; two publishers have signed it"
    )]
    Fork {
        /// The channel.
        channel: ChannelName,
        /// The number.
        generation: u64,
    },
    /// Its date is still to come.
    #[error(
        "cannot take generation {generation} of channel {channel}: it is dated {issued}, and this machine's clock says {now}; one of the two clocks is wrong"
    )]
    Future {
        /// The channel.
        channel: ChannelName,
        /// The number.
        generation: u64,
        /// Its date.
        issued: Timestamp,
        /// The clock.
        now: Timestamp,
    },
    /// Entry points of several generations, again and again.
    #[error(
        "cannot take generation {generation} of channel {channel}: {place} belongs to another one; a publication is under way or was killed, and the next one will do"
    )]
    Mixed {
        /// The channel.
        channel: ChannelName,
        /// The number.
        generation: u64,
        /// The file that is not the one that the feed names.
        place: String,
    },
    /// What was fetched is whole, and yet its clients would refuse it.
    #[error("cannot take generation {generation} of channel {channel}: {}", .findings.join("; "))]
    Refused {
        /// The channel.
        channel: ChannelName,
        /// The number.
        generation: u64,
        /// What is wrong.
        findings: Vec<String>,
    },
    /// It does not fit.
    #[error("cannot mirror: {needed} bytes are to be fetched, and {room} are free")]
    NoRoom {
        /// Bytes to fetch.
        needed: u64,
        /// Bytes that are free.
        room: u64,
    },
    /// Nobody has said whose repository it is.
    #[error("cannot trust {upstream}: this mirror does not know its vendor yet")]
    Unpinned {
        /// The repository.
        upstream: String,
    },
    /// Nobody has said who may sign the archive.
    #[error("cannot trust {upstream}: nobody has said who may sign it")]
    NoKeyring {
        /// The archive.
        upstream: String,
    },
    /// A suite of an archive that is not taken.
    #[error("cannot take suite {suite}: {reason}")]
    Archive {
        /// The suite.
        suite: String,
        /// Why not.
        reason: String,
    },
    /// Indexes of several states of an archive, again and again.
    #[error(
        "cannot take suite {suite}: {place} is not the one that InRelease names; the archive is being changed, and the next run will do"
    )]
    Unsettled {
        /// The suite.
        suite: String,
        /// The index.
        place: String,
    },
    /// The keys that are known are not those of today, and nothing proves the new ones.
    #[error("cannot trust {upstream}: {cause}")]
    Keys {
        /// The repository.
        upstream: String,
        /// Why not.
        cause: String,
    },
    /// The keys that are known cannot be used.
    #[error("cannot use the keys of {vendor}: it {cause}")]
    Certificate {
        /// Whose.
        vendor: String,
        /// What is wrong with them.
        cause: VerifyError,
    },
    /// There is a repository, and nobody knows whose mirror it is.
    #[error("cannot use {folder} as a mirror: it holds a repository that is no mirror")]
    Stray {
        /// The folder.
        folder: String,
    },
    /// A medium that is not what it should be.
    #[error("cannot read the medium {place}: {reason}")]
    Medium {
        /// Where it is.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A medium that whoever packs for this mirror has not signed.
    #[error("cannot take the medium {place}: {reason}")]
    NotPacked {
        /// The file that is not signed.
        place: String,
        /// What is wrong with its signature.
        reason: String,
    },
    /// Files of an export that are not to be had from the media that are here.
    #[error("cannot take export {export} over as a whole: {0}", export = .0.export)]
    Absent(Box<Absence>),
    /// A generation that the mirror has never had.
    #[error(
        "cannot export what came after generation {generation} of channel {channel}: this mirror has not had it{}",
        had(.known)
    )]
    UnknownGeneration {
        /// The channel.
        channel: ChannelName,
        /// What the site is said to have.
        generation: u64,
        /// Those that it has had.
        known: Vec<u64>,
    },
    /// Volumes that do not even hold what each of them has.
    #[error("cannot export to volumes of this size: each has at least {least} bytes")]
    VolumeSize {
        /// How many bytes it takes.
        least: u64,
    },
    /// What a site says that it has cannot be.
    #[error("cannot export for this site: {reason}")]
    Site {
        /// Why not.
        reason: String,
    },
    /// A bucket that does not take what the mirror shows.
    #[error("cannot push to {place}: {reason}")]
    Bucket {
        /// The bucket.
        place: String,
        /// Why not.
        reason: String,
    },
    /// The folder holds something else.
    #[error("cannot use {folder} as a mirror: {reason}")]
    Folder {
        /// The folder.
        folder: String,
        /// What it is.
        reason: String,
    },
}

impl MirrorError {
    /// Two of them. What media lack is said together; of others the first counts, and before what media lack.
    pub(super) fn and(first: Option<Self>, second: Self) -> Self {
        match (first, second) {
            (Some(Self::Absent(first)), Self::Absent(second)) => Self::Absent(Box::new(first.and(*second))),
            (None | Some(Self::Absent(_)), second) => second,
            (Some(first), _) => first,
        }
    }

    /// Whether a rule says no, and asking again would not help.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Store(_) | Self::Sign(_) | Self::Io { .. } | Self::Unreachable { .. } | Self::Missing { .. } => false,
            Self::NoChannel { .. } | Self::NoRoom { .. } | Self::File(_) | Self::UnknownGeneration { .. } => false,
            Self::Absent(absence) => !absence.faults.is_empty(),
            Self::Repository(cause) => !matches!(cause, RepositoryError::Store(_)),
            Self::Feed(cause) => !matches!(cause, FeedError::Store(_)),
            _ => true,
        }
    }
}

fn had(known: &[u64]) -> String {
    let newest: Vec<_> = known.iter().rev().take(10).rev().map(ToString::to_string).collect();
    if newest.is_empty() { String::new() } else { format!("; the last that it had are {}", newest.join(", ")) }
}

fn times(number: u32) -> String {
    if number == 1 { "once".to_owned() } else { format!("{number} times") }
}
