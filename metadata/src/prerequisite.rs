//! Prerequisites: what must hold on a host before an upgrade may begin, as checks a host can make itself.

use serde::{Deserialize, Serialize};

use crate::name::Label;
use crate::plan::When;
use crate::text::Text;

/// Something that must hold before the upgrade begins. Since body format 2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prerequisite {
    /// Its name within the product.
    pub id: Label,
    /// Which upgrades have it.
    #[serde(default)]
    pub when: When,
    /// How a host sees whether it holds.
    pub check: Check,
    /// What a person is told where it does not: what is missing, and what to do about it.
    pub otherwise: Text,
}

/// How a host sees whether a prerequisite holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Check {
    /// A program exits with 0. It is asked before anything is unpacked, so it must be there by then: a
    /// program of the system's, or one that the installed version brought.
    Command {
        /// Program and arguments; replaced as in a step.
        command: Vec<String>,
        /// The user it runs as.
        user: String,
        /// When it is ended, and counts as not looked at.
        timeout_seconds: u32,
    },
    /// A file system has room.
    FreeSpace {
        /// The folder whose file system it is; of one that is not there yet, the nearest above it.
        folder: String,
        /// How much must be free for programs that are not root's.
        mebibytes: u64,
    },
}
