//! What a package is made of, whatever its format: modules of a product, `<vendor>-release`, the agent.

use consign_metadata::name::PackageName;
use consign_metadata::plan::NativeVersions;
use serde::{Deserialize, Serialize};

use super::deb::DebControl;
use super::msi::MsiControl;
use super::rpm::RpmControl;
use crate::stage::StagedTree;

/// Everything a packager needs to know of a package.
#[derive(Debug, Clone)]
pub struct PackageContents {
    /// Its name.
    pub name: PackageName,
    /// Its version as each format spells it.
    pub native: NativeVersions,
    /// The processors it is for.
    pub architecture: Architecture,
    /// Who answers for it: `Acme <packages@acme.example>`.
    pub maintainer: String,
    /// Archive section, such as `misc`.
    pub section: String,
    /// `optional`, as a rule.
    pub priority: String,
    /// What it is, in one line.
    pub summary: String,
    /// What it is, in paragraphs separated by an empty line; may be empty.
    pub description: String,
    /// Where to read on.
    pub homepage: Option<String>,
    /// What it may be used for.
    pub copyright: Copyright,
    /// What the changelog says of this release.
    pub release: Release,
    /// What it installs. Documentation that every package of a format must have is added by the packager.
    pub payload: StagedTree,
    /// What only dpkg wants to know.
    pub deb: DebControl,
    /// What only rpm wants to know.
    pub rpm: RpmControl,
    /// What only Windows wants to know; its files among it, since they go elsewhere.
    pub msi: Option<MsiControl>,
}

/// Who holds the rights, and the licence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copyright {
    /// The holder.
    pub holder: String,
    /// Name of the licence, such as `AGPL-3.0` or `Proprietary`.
    pub license: String,
    /// Its text, where a name is not enough.
    pub text: Option<String>,
}

/// The entry of this release in the package's changelog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Its lines, without bullets.
    pub changes: Vec<String>,
}

/// The processors a package is for.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Architecture {
    /// Any: scripts and data.
    #[default]
    All,
    /// 64-bit PC.
    Amd64,
    /// 64-bit ARM.
    Arm64,
}

impl Architecture {
    /// As rpm spells it.
    pub fn rpm(self) -> &'static str {
        match self {
            Self::All => "noarch",
            Self::Amd64 => "x86_64",
            Self::Arm64 => "aarch64",
        }
    }

    /// As packages for Windows spell it: scripts and data are as if they were for the processor of most.
    pub fn msi(self) -> &'static str {
        match self {
            Self::All | Self::Amd64 => "x64",
            Self::Arm64 => "arm64",
        }
    }

    /// As dpkg spells it.
    pub fn deb(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }
}
