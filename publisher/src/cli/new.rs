//! `consign new`: a release project to begin with.

use std::path::PathBuf;

use clap::Args;
use consign_metadata::name::VendorName;

use super::{Failure, Outcome, say};
use crate::template::{self, Example};

/// Make a release project with an example product that works as it is.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  consign new acme
  consign new acme --folder ~/releases/acme
  consign new acme --example erp")]
pub struct New {
    /// Name of the vendor
    vendor: VendorName,
    /// Where the project goes [default: a folder named after the vendor]
    #[arg(long)]
    folder: Option<PathBuf>,
    /// The product of the project
    #[arg(long, value_enum, default_value_t)]
    example: Example,
}

impl New {
    pub fn run(self) -> Outcome {
        let folder = self.folder.unwrap_or_else(|| self.vendor.as_str().into());
        template::lay_down(&self.vendor, self.example, &folder).map_err(|error| {
            Failure::from(error).hint("a project is made in a folder of its own: name another one with --folder")
        })?;
        say(format_args!(
            "{}: next, read README.md and run consign key new --vendor {}",
            folder.display(),
            self.vendor
        ));
        Ok(())
    }
}
