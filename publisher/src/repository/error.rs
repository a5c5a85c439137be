//! Why a repository cannot be read, or cannot go to its next generation.

use consign_metadata::openpgp::VerifyError;

use crate::package::PackageError;
use crate::sign::SignError;
use crate::store::StoreError;

/// Why a repository cannot be read, or cannot go to its next generation.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    /// The files cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A package that was published before cannot be read.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// The signer refused.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// An entry point that carries no good signature.
    #[error("cannot trust {place}: it {cause}")]
    Signature {
        /// The file.
        place: String,
        /// What is wrong with it.
        cause: VerifyError,
    },
    /// A file that is not what its name or its index says.
    #[error("cannot use {place}: {reason}")]
    Damaged {
        /// The file.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A version that was published with other content.
    #[error(
        "cannot publish {package} {version} ({architecture}) again: it was published with other content, and what is published never changes; give it a new revision"
    )]
    Immutable {
        /// The package.
        package: String,
        /// Its native version.
        version: String,
        /// Its native architecture.
        architecture: String,
    },
}

impl RepositoryError {
    pub(crate) fn damaged(place: impl ToString, reason: impl ToString) -> Self {
        Self::Damaged { place: place.to_string(), reason: reason.to_string() }
    }
}
