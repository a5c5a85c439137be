//! How much the agent's own looks at the host weigh: `[checks]`.

use serde::{Deserialize, Serialize};

/// What follows from something that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// The upgrade is held, or its transaction refused.
    #[default]
    Refuse,
    /// It is said, and the upgrade goes ahead.
    Tell,
    /// Nobody looks.
    Off,
}

/// The weight of each look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checks {
    /// Room on every file system that the upgrade writes to.
    pub room: Weight,
    /// The packages to go back to are at hand, or can be fetched.
    pub previous_packages: Weight,
    /// The host waits for a reboot.
    pub reboot: Weight,
    /// Files of the product are open in processes that are not its engines.
    pub open_files: Weight,
    /// Those who write for the product can, in the folders where they do.
    pub identities: Weight,
}

impl Default for Checks {
    /// What may spoil an upgrade refuses it. A reboot that is pending seldom does, and on many hosts one always
    /// is; and a repository that has dropped the old release would keep its host on it for ever.
    fn default() -> Self {
        Self {
            room: Weight::Refuse,
            previous_packages: Weight::Tell,
            reboot: Weight::Tell,
            open_files: Weight::Refuse,
            identities: Weight::Refuse,
        }
    }
}

/// What one file says.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChecksTable {
    room: Option<Weight>,
    previous_packages: Option<Weight>,
    reboot: Option<Weight>,
    open_files: Option<Weight>,
    identities: Option<Weight>,
}

impl ChecksTable {
    /// What this file says, and else that one, and else the default.
    pub(super) fn or(self, other: Self) -> Checks {
        let default = Checks::default();
        Checks {
            room: self.room.or(other.room).unwrap_or(default.room),
            previous_packages: self.previous_packages.or(other.previous_packages).unwrap_or(default.previous_packages),
            reboot: self.reboot.or(other.reboot).unwrap_or(default.reboot),
            open_files: self.open_files.or(other.open_files).unwrap_or(default.open_files),
            identities: self.identities.or(other.identities).unwrap_or(default.identities),
        }
    }
}
