//! The package `<vendor>-release`: what a host must have to trust a vendor and to read its repository.
//!
//! It is installed by hand, once; every later one comes through the repository that it introduces.

use std::collections::BTreeSet;

use consign_metadata::anchor::{self, Anchor, Fingerprint};
use consign_metadata::name::{ChannelName, PackageName, ProductName, VendorName};
use consign_metadata::plan::NativeVersions;

use super::PublishError;
use crate::package::deb::DebControl;
use crate::package::rpm::RpmControl;
use crate::package::{Architecture, Copyright, PackageContents, Release};
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
    /// The package at a native version, which every format takes for one.
    ///
    /// # Errors
    /// [`PublishError`]
    pub fn package(&self, version: String, payload: StagedTree) -> Result<PackageContents, PublishError> {
        let vendor = &self.trust.roles.vendor;
        Ok(PackageContents {
            msi: None,
            name: package_name(vendor)?,
            native: NativeVersions { deb: Some(version.clone()), rpm: Some(version), msi: None },
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
            payload,
            deb: DebControl::default(),
            rpm: RpmControl::default(),
        })
    }

    /// What the agent reads, whatever the host's package manager.
    ///
    /// # Errors
    /// [`StageError`]
    pub fn anchors(&self) -> Result<StagedTree, StageError> {
        let vendor = &self.trust.roles.vendor;
        let mut tree = StagedTree::default();
        tree.add_bytes(&anchor_path(vendor, anchor::CERTIFICATE_FILE), self.trust.certificate.clone(), 0o644)?;
        let mut statement = serde_json::to_vec_pretty(&self.anchor()).expect("names and numbers are JSON");
        statement.push(b'\n');
        tree.add_bytes(&anchor_path(vendor, anchor::ANCHOR_FILE), statement, 0o644)?;
        if let Some(agent) = &self.agent {
            tree.add_bytes(&anchor_path(vendor, anchor::AGENT_CERTIFICATE_FILE), agent.certificate.clone(), 0o644)?;
        }
        Ok(tree)
    }

    fn anchor(&self) -> Anchor {
        let roles = &self.trust.roles;
        Anchor {
            format: anchor::FORMAT,
            vendor: roles.vendor.clone(),
            products: self.products.clone(),
            primary: roles.primary.clone(),
            roles: roles.roles.clone(),
            minimum_generation: [(self.channel.clone(), self.minimum_generation)].into(),
            agent: self.agent.as_ref().map(|agent| agent.keys.clone()).unwrap_or_default(),
        }
    }
}

/// Adds a file that belongs to the site once it is there.
pub(super) fn add_config(tree: &mut StagedTree, path: &str, text: String) -> Result<(), StageError> {
    let node = Node::File { source: Source::Bytes(text.into_bytes()), config: true };
    tree.add(path, Entry { attributes: Attributes::root(0o644), node })
}
