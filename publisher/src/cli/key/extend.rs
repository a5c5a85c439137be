//! `consign key extend`: the same keys live longer.

use std::time::SystemTime;

use clap::Args;

use super::super::{Outcome, tell};
use super::{PrimaryArgs, list, refused};
use crate::sign::key_set::KeySet;

/// Let the same keys live longer: the certificate gets a later date, the secret files stay as they are.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  consign key extend
  consign key extend --primary /media/safe/primary.secret.pgp --valid-days 730

Then give certificate.pgp, certificate.asc and roles.json to the pipeline and publish: hosts get the new \
date with <vendor>-release. Do it at least a month before the old date.")]
pub struct Extend {
    #[command(flatten)]
    keys: PrimaryArgs,
}

impl Extend {
    pub fn run(self) -> Outcome {
        let mut keys = KeySet::load(&self.keys.folder).map_err(refused)?;
        let primary = self.keys.open(&keys)?;
        keys.extend(&primary, self.keys.valid_for(), SystemTime::now()).map_err(refused)?;
        list::show(&keys, false)?;
        tell("Now publish: hosts get the new date with the next <vendor>-release.");
        Ok(())
    }
}
