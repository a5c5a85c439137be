//! Why a feed cannot be read, or cannot go to its next generation.

use consign_metadata::document::DocumentError;
use consign_metadata::name::ChannelName;
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
    /// Nothing was published into the channel.
    #[error("cannot find a generation of channel {channel} there")]
    NotThere {
        /// The channel.
        channel: ChannelName,
    },
    /// Somebody published with a later version of this program.
    #[error(
        "cannot publish: {place} has format {found}, and this consign knows formats up to {known}; it needs a newer consign"
    )]
    Newer {
        /// The file.
        place: String,
        /// Its format.
        found: u32,
        /// The highest that is known.
        known: u32,
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
    /// A packaging revision that no host would take.
    #[error(
        "cannot publish {release}: revision {newest} of this version is published, and no host goes back; raise the revision above it"
    )]
    RevisionDown {
        /// Product, version and revision.
        release: String,
        /// The highest that is published.
        newest: u32,
    },
    /// A module of the release is in none of the files.
    #[error("cannot publish {release}: its module {module} is missing")]
    Incomplete {
        /// Product, version and revision.
        release: String,
        /// The package.
        module: String,
    },
    /// Another build of the release is in the channel, and apt would take the higher one for every host.
    #[error(
        "cannot publish {package} {new}: the channel has the build {there} of the same release, and each build has a channel of its own"
    )]
    OtherBuild {
        /// The package.
        package: String,
        /// The native version that is published.
        there: String,
        /// The native version that is not.
        new: String,
    },
    /// Package managers would not take a release for what it is.
    #[error(
        "cannot publish {package} {newer}: {judge} does not order it after {older}, as the vendor's versions do; choose a version that both put in the same place ({question})"
    )]
    Order {
        /// The package.
        package: String,
        /// The package manager that has another order.
        judge: &'static str,
        /// How to ask it.
        question: String,
        /// The native version that should be lower.
        older: String,
        /// The native version that should be higher.
        newer: String,
    },
}

impl FeedError {
    pub(crate) fn document(place: impl ToString, cause: DocumentError) -> Self {
        let place = place.to_string();
        match cause {
            DocumentError::Newer { found, known } => Self::Newer { place, found, known },
            cause => Self::Document { place, cause },
        }
    }

    pub(crate) fn damaged(place: impl ToString, reason: impl ToString) -> Self {
        Self::Damaged { place: place.to_string(), reason: reason.to_string() }
    }
}
