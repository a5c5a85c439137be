//! What only Windows wants to know of a package: identity, places, services, registry, what the site may choose.

use super::identity::Guid;
use crate::stage::{Source, StagedTree};

/// Where a tree for Windows has what goes below the folder of the package in `%ProgramFiles%`.
pub const INSTALL: &str = "/install";
/// The same of `%ProgramData%`.
pub const DATA: &str = "/data";
/// The same of the agent's folder in `%ProgramFiles%`.
pub const AGENT: &str = "/agent";
/// That folder.
pub const AGENT_FOLDER: &str = "Consignee";

/// What only Windows wants to know of a package.
#[derive(Debug, Clone)]
pub struct MsiControl {
    /// `vendor/product`.
    pub product: String,
    /// What all versions of the package have in common, whatever it is called.
    pub upgrade_code: Guid,
    /// As Windows Installer compares it.
    pub product_version: String,
    /// What people see in the list of what is installed.
    pub name: String,
    /// Folders below `%ProgramFiles%`.
    pub install_folder: Vec<String>,
    /// Folders below `%ProgramData%`.
    pub data_folder: Vec<String>,
    /// Files and folders, below [`INSTALL`], [`DATA`] and [`AGENT`].
    pub tree: StagedTree,
    /// Streams of ours: the plan and the notes.
    pub streams: Vec<(String, Source)>,
    /// Its services.
    pub services: Vec<Service>,
    /// Services of earlier releases that go.
    pub removed_services: Vec<String>,
    /// What it keeps in the registry, below `HKEY_LOCAL_MACHINE`.
    pub registry: Vec<RegistryValue>,
    /// What the site may choose, as public properties.
    pub options: Vec<PublicOption>,
    /// Folders with an access list of their own.
    pub access: Vec<Access>,
    /// Whether it is refused where there is no agent: only that starts what it installs. Without, the package
    /// starts its services itself, as only the agent's own does.
    pub needs_agent: bool,
}

/// A service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// As `sc` knows it.
    pub name: String,
    /// As people know it.
    pub display: String,
    /// What it does, in a sentence.
    pub description: String,
    /// Its program, below [`INSTALL`].
    pub program: String,
    /// The rest of its command line.
    pub arguments: String,
    /// Who it runs as; empty for the system.
    pub account: String,
    /// When it is started.
    pub start: StartType,
    /// Services that have to run before it.
    pub depends: Vec<String>,
    /// What becomes of it when it fails.
    pub recovery: Option<Recovery>,
}

/// When a service is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StartType {
    /// With the host.
    Automatic,
    /// Some minutes after the host.
    AutomaticDelayed,
    /// When somebody asks for it.
    Manual,
    /// Never.
    Disabled,
}

impl StartType {
    /// As the registry has it.
    pub fn number(self) -> i32 {
        match self {
            Self::Automatic | Self::AutomaticDelayed => 2,
            Self::Manual => 3,
            Self::Disabled => 4,
        }
    }
}

/// What becomes of a service when it fails: it is started again, after longer and longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// Seconds before each new start; after the last it stays stopped.
    pub restart_after: Vec<u32>,
    /// Seconds without a failure after which counting begins anew.
    pub reset_after: u32,
}

/// A value of the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryValue {
    /// The key.
    pub key: String,
    /// The value's name.
    pub name: String,
    /// As the table has it: `#1` is a number, `#%x` a text with variables.
    pub value: String,
}

/// A choice of the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicOption {
    /// Its name in the plan.
    pub name: String,
    /// The property that `msiexec` takes: `OPTION_EDITION`.
    pub property: String,
    /// The values it may take.
    pub allowed: Vec<String>,
    /// The value where the site says nothing.
    pub default: String,
}

/// The access list of a folder below [`DATA`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The folder in the tree.
    pub path: String,
    /// In SDDL.
    pub list: String,
}
