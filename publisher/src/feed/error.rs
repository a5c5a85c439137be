//! Why a feed cannot be read, or cannot go to its next generation.

use consign_metadata::document::DocumentError;
use consign_metadata::openpgp::VerifyError;

use crate::sign::SignError;
use crate::store::StoreError;

/// Why a feed cannot be read, or cannot go to its next generation.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The files cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The signer refused.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// A document that carries no good signature.
    #[error("cannot trust {place}: it {cause}")]
    Signature {
        /// The file.
        place: String,
        /// What is wrong with it.
        cause: VerifyError,
    },
    /// A document that is not the one that was looked for.
    #[error("cannot use {place}: it {cause}")]
    Document {
        /// The file.
        place: String,
        /// What is wrong with it.
        cause: DocumentError,
    },
    /// A file that is not what its name or the head says.
    #[error("cannot use {place}: {reason}")]
    Damaged {
        /// The file.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A release that was published with another plan.
    #[error(
        "cannot publish {release} again: it was published with another upgrade plan, and what is published never changes; give it a new revision"
    )]
    Immutable {
        /// Product, version and revision.
        release: String,
    },
    /// A module of the release is in none of the files.
    #[error("cannot publish {release}: its module {module} is missing")]
    Incomplete {
        /// Product, version and revision.
        release: String,
        /// The package.
        module: String,
    },
    /// Package managers would not take a release for what it is.
    #[error("cannot publish {package} {newer}: dpkg does not order it after {older}, as the vendor's versions do")]
    Order {
        /// The package.
        package: String,
        /// The native version that should be lower.
        older: String,
        /// The native version that should be higher.
        newer: String,
    },
}

impl FeedError {
    pub(crate) fn damaged(place: impl ToString, reason: impl ToString) -> Self {
        Self::Damaged { place: place.to_string(), reason: reason.to_string() }
    }
}
