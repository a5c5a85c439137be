//! Why the package manager of this host does not ask the agent, although the agent is there.
//!
//! A package manager that does not find a plugin, or was told to leave it out, says nothing about it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What stands between the package manager and the agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "gap", rename_all = "kebab-case")]
pub enum Gap {
    /// The agent's plugin is not where the package manager looks for plugins.
    PluginMissing {
        /// Where it ought to be.
        file: PathBuf,
        /// What is typed to put it there.
        command: String,
    },
    /// The site has turned all plugins off.
    PluginsOff {
        /// Where it says so.
        file: PathBuf,
    },
    /// The site has turned this plugin off.
    PluginOff {
        /// Where it says so.
        file: PathBuf,
    },
}
