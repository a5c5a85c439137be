//! What a module is on Windows, as far as the agent has to know it.

use serde::{Deserialize, Serialize};

/// What a module is on Windows. Since format 3.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowsModule {
    /// What all versions of its package have in common, in braces.
    pub upgrade_code: String,
    /// Its services, in the order in which they are started: the engines of the product there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<WindowsService>,
    /// Application pools of IIS that run its programs, in the order in which they are started, after all services. The
    /// site makes them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pools: Vec<String>,
    /// Files that the site may edit. Beside each lies the default of the installed version, `<file>.default`:
    /// where both are the same before an upgrade, the new default takes the place of the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub configuration: Vec<String>,
    /// Where its services write.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub writes: Vec<WindowsWrite>,
}

/// A service. The package registers it and never starts it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowsService {
    /// As the service control manager knows it.
    pub name: String,
    /// Its program, below a folder of the package: `{install}\bin\erp.exe`.
    pub program: String,
    /// Who it runs as, where the site has said nothing else.
    pub account: String,
    /// When it starts, where the site has said nothing else.
    pub start: WindowsStart,
}

/// When a service starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WindowsStart {
    /// With the host.
    Automatic,
    /// Some minutes after the host.
    AutomaticDelayed,
    /// When somebody asks for it.
    Manual,
    /// Never.
    Disabled,
}

/// A folder that somebody writes to: the agent tries it before an upgrade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowsWrite {
    /// Below a folder of the package: `{data}\spool`.
    pub folder: String,
    /// Who, by account or by the name of a service of the module.
    pub accounts: Vec<String>,
}
