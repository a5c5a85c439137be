//! Packages: what goes into one, the unsigned file, and the signed file that may be published.
//!
//! `PackageContents` → (a [`Packager`]) → [`UnsignedPackage`] → (an OpenPGP signer) → [`SignedPackage`].
//! A repository accepts only the last.

pub mod anatomy;
mod contents;
pub mod deb;
mod error;
pub mod foreign;
mod format;
pub mod msi;
mod plans;
pub mod rpm;
mod signed;
mod unsigned;

use std::path::Path;
use std::sync::Arc;

use consign_metadata::plan::NativeVersions;
use jiff::Timestamp;

use crate::sign::FileSigner;
use crate::stage::{Attributes, Entry, Node, StagedTree};

pub use contents::{Architecture, Copyright, PackageContents, Release};
pub use error::{PackageError, Unfit};
pub use format::{Format, PackageFormat};
pub(crate) use format::{is_rpm, unverified_signature};
pub use msi::MsiFacts;
pub use plans::Plans;
pub use signed::{AT_ONCE, Known, NoteFile, SignedPackage, SignedPlan};
pub use unsigned::UnsignedPackage;

/// Who writes a package, by the formats in which it has a version.
pub fn packagers(native: &NativeVersions, windows: Option<&Arc<dyn FileSigner>>) -> Vec<Box<dyn Packager>> {
    let mut packagers: Vec<Box<dyn Packager>> = Vec::new();
    if native.deb.is_some() {
        packagers.push(Box::new(deb::Deb));
    }
    if native.rpm.is_some() {
        packagers.push(Box::new(rpm::Rpm::default()));
    }
    if native.msi.is_some() {
        packagers.push(Box::new(msi::Msi { signer: windows.cloned() }));
    }
    packagers
}

/// Writes packages of one format.
pub trait Packager {
    /// Writes a package below `folder`. The same contents and time give the same bytes.
    ///
    /// # Errors
    /// [`PackageError`]
    fn build(
        &self,
        contents: &PackageContents,
        time: Timestamp,
        folder: &Path,
    ) -> Result<UnsignedPackage, PackageError>;
}

/// What is legal in a payload but deserves a look.
fn runs_as_owner(tree: &StagedTree) -> Vec<String> {
    let special = |(path, entry): (&str, &Entry)| {
        let mode = entry.attributes.mode;
        let runs_as_owner = matches!(entry.node, Node::File { .. }) && mode & 0o6000 != 0;
        runs_as_owner.then(|| {
            let Attributes { owner, group, .. } = &entry.attributes;
            format!("/{path} has mode {mode:o}: whoever runs it becomes {owner}:{group}")
        })
    };
    tree.entries().filter_map(special).collect()
}
