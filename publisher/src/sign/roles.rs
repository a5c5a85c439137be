//! Which key has which role, as it is kept beside the key files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use consign_metadata::anchor::Fingerprint;
use consign_metadata::document::Role;
use consign_metadata::name::VendorName;
use serde::{Deserialize, Serialize};

use crate::file::{FileError, OnFile};

/// The file beside the keys.
pub const ROLES_FILE: &str = "roles.json";

/// Which key has which role; the vendor's part of every host's anchor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRoles {
    /// Whose keys they are.
    pub vendor: VendorName,
    /// The primary key.
    pub primary: Fingerprint,
    /// The keys of each role; two during a rotation.
    pub roles: BTreeMap<Role, BTreeSet<Fingerprint>>,
}

impl KeyRoles {
    /// Reads the file beside a key; `None` where there is none.
    ///
    /// # Errors
    /// [`FileError`]
    pub fn beside(key: &Path) -> Result<Option<Self>, FileError> {
        let path = key.parent().unwrap_or(Path::new("")).join(ROLES_FILE);
        match std::fs::read(&path) {
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(None),
            read => {
                let bytes = read.on("read", &path)?;
                let roles = serde_json::from_slice(&bytes).map_err(std::io::Error::other).on("understand", &path)?;
                Ok(Some(roles))
            }
        }
    }

    /// The roles of a key.
    pub fn of(&self, key: &Fingerprint) -> Vec<Role> {
        self.roles.iter().filter(|(_, keys)| keys.contains(key)).map(|(role, _)| *role).collect()
    }
}
