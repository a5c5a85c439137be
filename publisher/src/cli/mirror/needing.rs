//! What hosts need that they do not have, as options.

use std::path::PathBuf;

use clap::Args;

use super::carrying::set;
use crate::mirror::Lacking;

/// Hosts, and what is to be installed on them.
#[derive(Debug, Args)]
pub struct Needing {
    /// Carry what this host lacks for --install, by its inventory (below); may be repeated
    #[arg(long, value_name = "FILE", requires = "install")]
    needed_by: Vec<PathBuf>,
    /// What is to be installed on those hosts; may be repeated
    #[arg(long, value_name = "NAME", requires = "needed_by")]
    install: Vec<String>,
    /// A mirror of a vendor's repository, which those hosts have as well; may be repeated
    #[arg(long = "vendor", value_name = "FOLDER", requires = "needed_by")]
    vendors: Vec<PathBuf>,
}

impl Needing {
    /// As the mirror takes it.
    pub fn lacking(&self) -> Option<Lacking> {
        (!self.needed_by.is_empty()).then(|| Lacking {
            inventories: self.needed_by.clone(),
            vendors: self.vendors.clone(),
            packages: set(&self.install),
        })
    }
}
