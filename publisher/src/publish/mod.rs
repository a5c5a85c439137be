//! The act of publishing: a channel of a repository goes from one generation to the next.
//!
//! 1. `delivery`: the packages that are handed in are verified and gathered into releases.
//! 2. The repository and the feed take them in; what was published before keeps its bytes.
//! 3. `lineage`: `<vendor>-release` is rebuilt if anything in it changed.
//! 4. [`Publication`]: everything is signed, and it is known what will be written where.
//! 5. [`Publication::carry_out`] writes it: add, then swap.
//!
//! Up to the fourth nothing is written, so the plan can be shown first.

mod announcement;
mod delivery;
mod error;
mod form;
mod introduction;
mod lineage;
mod origin;
mod passage;
mod paths;
mod pinned;
mod preparation;
mod publication;
mod repositories;
mod rpm_paths;
mod scripts;
mod shape;
mod succession;
mod validity;
mod windows_form;
mod winget;

use std::path::PathBuf;

use consign_metadata::name::ChannelName;
use jiff::{SignedDuration, Timestamp};

use crate::sign::{FileSigner, OpenPgpSigner};
use crate::store::Store;
use crate::trust::Trust;

pub use error::PublishError;
pub use introduction::{AgentKeys, Introduction, anchor_path};
pub use lineage::plain_version;
pub use publication::{PlannedPackage, Publication, Written};

/// The agent's package.
pub const AGENT: &str = "consignee";

/// What is to be published, and by whom.
pub struct Request<'a> {
    /// The channel.
    pub channel: ChannelName,
    /// The vendor and its keys.
    pub trust: Trust,
    /// The key with the role `package`; needed only where `<vendor>-release` has to be built.
    pub package_signer: Option<&'a dyn OpenPgpSigner>,
    /// The key with the role `index`.
    pub index_signer: &'a dyn OpenPgpSigner,
    /// The vendor's packages; none only renews the dates.
    pub packages: Vec<PathBuf>,
    /// The agent's packages, and the keys they must be signed with.
    pub agent: Option<(Vec<PathBuf>, AgentKeys)>,
    /// What hosts are told about the repository.
    pub introduction: Introduction,
    /// Who signs packages for Windows; needed only where `<vendor>-release` has to be built for it.
    pub windows_signer: Option<std::sync::Arc<dyn FileSigner>>,
    /// How long hosts believe that nothing newer exists.
    pub valid_for: SignedDuration,
    /// The time.
    pub now: Timestamp,
}

/// Verifies everything and works out what will be written. Writes nothing.
///
/// # Errors
/// [`PublishError`]
pub fn prepare(store: &dyn Store, request: &Request<'_>) -> Result<Publication, PublishError> {
    preparation::Preparation::begin(store, request)?.finish()
}
