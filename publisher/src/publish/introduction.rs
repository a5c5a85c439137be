//! The package `<vendor>-release`: what a host must have to trust a vendor and to read its repository.
//!
//! It is installed by hand, once; every later one comes through the repository that it introduces.

use std::collections::BTreeSet;
use std::sync::Arc;

use consign_metadata::anchor::{self, Anchor, Fingerprint, WindowsPins};
use consign_metadata::name::{ChannelName, PackageName, ProductName, VendorName};
use consign_metadata::plan::NativeVersions;

use super::PublishError;
use crate::package::deb::DebControl;
use crate::package::rpm::RpmControl;
use crate::package::{Architecture, Copyright, PackageContents, Release};
use crate::sign::FileSigner;
use crate::stage::{Attributes, Entry, Node, Source, StageError, StagedTree};
use crate::trust::Trust;

/// What the manifest says about the repository.
#[derive(Debug, Clone)]
pub struct Introduction {
    /// Where hosts find it.
    pub url: String,
    /// Who answers for the package: `Acme <packages@acme.example>`.
    pub maintainer: String,
    /// The channel whose package gets the plain name at the root of the repository.
    pub default_channel: ChannelName,
    /// By whom packages must be signed for Windows; where nothing is said, by whom they had to be so far.
    pub windows: Option<WindowsPins>,
}

/// The keys that may sign the agent's package, and the certificate that holds them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentKeys {
    /// Binary.
    pub certificate: Vec<u8>,
    /// Which of its keys.
    pub keys: BTreeSet<Fingerprint>,
}

/// Everything that makes one such package different from another.
#[derive(Debug)]
pub struct IntroductionContent<'a> {
    /// Where hosts find the repository.
    pub url: &'a str,
    /// Who answers for the package.
    pub maintainer: String,
    /// The vendor and its keys.
    pub trust: &'a Trust,
    /// The channel it subscribes to.
    pub channel: &'a ChannelName,
    /// The vendor's products.
    pub products: BTreeSet<ProductName>,
    /// The packages the repository is limited to.
    pub packages: BTreeSet<PackageName>,
    /// Who may sign the agent, if there is one.
    pub agent: Option<AgentKeys>,
    /// The lowest generation of the channel that a host accepts.
    pub minimum_generation: u64,
    /// By whom packages must be signed for Windows.
    pub windows: Option<WindowsPins>,
    /// Who signs this one so.
    pub windows_signer: Option<Arc<dyn FileSigner>>,
}

/// The name of the package.
///
/// # Errors
/// A vendor's name is always part of a good one.
pub fn package_name(vendor: &VendorName) -> Result<PackageName, PublishError> {
    format!("{vendor}-release").parse().map_err(|e: consign_metadata::name::BadName| PublishError::Delivery {
        path: format!("{vendor}-release"),
        reason: e.to_string(),
    })
}

/// Where the vendor's folder is on a host.
pub fn anchor_path(vendor: &VendorName, file: &str) -> String {
    format!("{}/{vendor}/{file}", anchor::FOLDER)
}

impl IntroductionContent<'_> {
    /// The package, apart from its version and from what a format puts into it.
    ///
    /// # Errors
    /// [`PublishError`]
    pub fn package(&self) -> Result<PackageContents, PublishError> {
        let vendor = &self.trust.roles.vendor;
        Ok(PackageContents {
            msi: None,
            name: package_name(vendor)?,
            native: NativeVersions::default(),
            architecture: Architecture::All,
            maintainer: self.maintainer.clone(),
            section: "misc".to_owned(),
            priority: "optional".to_owned(),
            summary: format!("repository and keys of {vendor}"),
            description: format!(
                "This package subscribes the host to channel {} of the repository of {vendor},\nand holds the keys by which its packages and upgrade plans are verified.",
                self.channel
            ),
            homepage: None,
            copyright: Copyright {
                holder: self.maintainer.clone(),
                license: "Proprietary".to_owned(),
                text: Some(
                    "The repository's address and the vendor's public keys may be distributed freely.".to_owned(),
                ),
            },
            release: Release { changes: vec!["Repository, keys or products changed.".to_owned()] },
            payload: StagedTree::default(),
            deb: DebControl::default(),
            rpm: RpmControl::default(),
        })
    }

    /// What the agent reads, whatever the host's package manager.
    ///
    /// # Errors
    /// [`StageError`]
    pub fn anchors(&self) -> Result<StagedTree, StageError> {
        let mut tree = StagedTree::default();
        for (name, bytes) in self.files(None) {
            tree.add_bytes(&anchor_path(&self.trust.roles.vendor, name), bytes, 0o644)?;
        }
        Ok(tree)
    }

    /// The files of the vendor's folder, by their names in it.
    pub fn files(&self, windows: Option<&WindowsPins>) -> Vec<(&'static str, Vec<u8>)> {
        let mut files = vec![
            (anchor::CERTIFICATE_FILE, self.trust.certificate.clone()),
            (anchor::ANCHOR_FILE, lines(&self.anchor(windows.cloned()))),
        ];
        files.extend(self.agent.iter().map(|agent| (anchor::AGENT_CERTIFICATE_FILE, agent.certificate.clone())));
        files
    }

    fn anchor(&self, windows: Option<WindowsPins>) -> Anchor {
        let roles = &self.trust.roles;
        Anchor {
            format: anchor::FORMAT,
            vendor: roles.vendor.clone(),
            products: self.products.clone(),
            primary: roles.primary.clone(),
            roles: roles.roles.clone(),
            minimum_generation: [(self.channel.clone(), self.minimum_generation)].into(),
            agent: self.agent.as_ref().map(|agent| agent.keys.clone()).unwrap_or_default(),
            windows,
        }
    }
}

/// As people read it.
fn lines(document: &impl serde::Serialize) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(document).expect("names and numbers are JSON");
    bytes.push(b'\n');
    bytes
}

/// Adds a file that belongs to the site once it is there.
pub(super) fn add_config(tree: &mut StagedTree, path: &str, text: String) -> Result<(), StageError> {
    let node = Node::File { source: Source::Bytes(text.into_bytes()), config: true };
    tree.add(path, Entry { attributes: Attributes::root(0o644), node })
}
