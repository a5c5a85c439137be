//! Who was in the way of a step that was tried too often.

use serde::{Deserialize, Serialize};

use super::HeldFile;

/// One of them, as far as the host could tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Holder {
    /// A process has a file of the product open.
    File(HeldFile),
    /// A process has a transaction of the package manager open.
    Packages {
        /// The name of the process.
        process: String,
        /// Its number.
        pid: u32,
    },
    /// The lock of the data is another host's.
    Data {
        /// The database that has it.
        database: String,
    },
}
