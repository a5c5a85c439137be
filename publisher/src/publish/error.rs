//! Why nothing was published.

use std::collections::BTreeSet;

use consign_metadata::anchor::Fingerprint;
use consign_metadata::openpgp::VerifyError;
use jiff::Timestamp;

use crate::feed::FeedError;
use crate::file::FileError;
use crate::package::PackageError;
use crate::repository::RepositoryError;
use crate::store::StoreError;

/// Why nothing was published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// A package that cannot be used.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// The repository cannot be read, or cannot take a package.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// The feed cannot be read, or cannot take a release.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// The files cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file that cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A certificate that is none.
    #[error("cannot use the certificate of {whose}: it {cause}")]
    Certificate {
        /// Whose it should be.
        whose: String,
        /// What is wrong with it.
        cause: VerifyError,
    },
    /// A package of somebody else.
    #[error("cannot publish {path}: it is signed by key {}, and {role} packages are signed by {}", list(.found), list(.expected))]
    ForeignKey {
        /// The file.
        path: String,
        /// Whose packages were expected.
        role: String,
        /// Who says to have signed it.
        found: BTreeSet<Fingerprint>,
        /// Whose signature is wanted.
        expected: BTreeSet<Fingerprint>,
    },
    /// A package that does not belong to its release, or a release that does not belong here.
    #[error("cannot publish {path}: {reason}")]
    Delivery {
        /// The file.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// A package that hosts would refuse, since nobody signed it for Windows.
    #[error("cannot publish {0}: hosts would refuse it, since it is not signed for Windows")]
    UnsignedForWindows(String),
    /// The package that introduces the vendor has to be built, and the key for it is elsewhere.
    #[error(
        "cannot publish: products, keys or the address changed, so {0} has to be built, and the secret key with the role \"package\" is not here"
    )]
    NoPackageKey(String),
    /// The same, where hosts want it to be signed for Windows as well.
    #[error(
        "cannot publish: products, keys, certificates or the address changed, so {0} has to be built and signed for Windows: say with which key, --windows-key"
    )]
    NoWindowsKey(String),
    /// A key that signs nothing any more.
    #[error("cannot publish with key {key}: it expired on {on}")]
    KeyExpired {
        /// The key.
        key: Fingerprint,
        /// When.
        on: Timestamp,
    },
    /// A key that its owner has declared void.
    #[error("cannot publish with key {key}: it is revoked")]
    KeyRevoked {
        /// The key.
        key: Fingerprint,
    },
    /// The clock stands before what is published.
    #[error(
        "cannot publish: this machine's clock says {now}, but the channel was last published at {last}; clients refuse an index of the future"
    )]
    Clock {
        /// This machine's.
        now: Timestamp,
        /// The date of the published generation.
        last: Timestamp,
    },
}

fn list(keys: &BTreeSet<Fingerprint>) -> String {
    let keys: Vec<_> = keys.iter().map(Fingerprint::as_str).collect();
    if keys.is_empty() { "none".to_owned() } else { keys.join(", ") }
}
