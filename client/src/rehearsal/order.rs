//! What the copy is told: a file that the host's side writes and the copy's reads. Nobody keeps it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use consign_metadata::name::{Label, ProductId, UnitName};
use serde::{Deserialize, Serialize};

use crate::database::stand_in::Model;
use crate::engine::event::EngineState;
use crate::host::{HostError, at};

const FILE: &str = "order.json";

/// What the copy is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// The product.
    pub product: ProductId,
    /// The number of the upgrade that is offered: its journal and its plan are on the host.
    pub upgrade: u32,
    /// The packages of the release, verified.
    pub packages: Vec<PathBuf>,
    /// Files and folders that are copied from the host as they are.
    pub files: Vec<PathBuf>,
    /// Archives of a backup, each with the paths that it has, and those that were not there.
    pub archives: Vec<Archive>,
    /// Servers, each with the databases that are restored into it.
    pub servers: Vec<Stored>,
    /// Copies of database files.
    pub database_files: Vec<DatabaseFile>,
    /// What the engines are doing.
    pub engines: BTreeMap<UnitName, EngineState>,
    /// The namespaces of the host; the copy is in none of them.
    pub namespaces: Vec<String>,
    /// How much room the copy needs, in MiB.
    pub needed_mib: u64,
}

/// Files and folders in an archive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Archive {
    /// The part of the backup.
    pub part: Label,
    /// The archive.
    pub file: PathBuf,
    /// What is in it.
    pub paths: Vec<PathBuf>,
    /// What was not there when it was made.
    pub absent: Vec<PathBuf>,
}

/// A server and what was in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stored {
    /// The server.
    pub model: Model,
    /// Its databases.
    pub dumps: Vec<Dump>,
}

/// A database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dump {
    /// The part of the backup.
    pub part: Label,
    /// Its name on the server.
    pub name: String,
    /// What it is restored from.
    pub file: PathBuf,
}

/// A database that is a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatabaseFile {
    /// The part of the backup.
    pub part: Label,
    /// Where the product has it.
    pub place: PathBuf,
    /// A consistent copy of it.
    pub file: PathBuf,
}

impl Order {
    /// Writes it into the scratch folder.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, scratch: &Path) -> Result<(), HostError> {
        let path = scratch.join(FILE);
        let text = serde_json::to_vec_pretty(self).expect("an order has string keys and no floats");
        std::fs::write(&path, text).map_err(|cause| at("write", &path, cause))
    }

    /// Reads it.
    ///
    /// # Errors
    /// When there is none.
    pub fn read(scratch: &Path) -> Result<Self, HostError> {
        let path = scratch.join(FILE);
        let bytes = std::fs::read(&path).map_err(|cause| at("read", &path, cause))?;
        serde_json::from_slice(&bytes).map_err(|cause| at("read", &path, cause))
    }
}
