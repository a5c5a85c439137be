//! `consign mirror prune`: what a mirror needs no more, deleted.

use std::path::PathBuf;
use std::time::SystemTime;

use clap::Args;

use super::failed;
use super::owner::claimed;
use crate::cli::{Outcome, say};
use crate::mirror::{self, Mirror};

/// Delete packages that the mirror carries no longer, and indexes of generations that no host reads any more.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  consign mirror prune /srv/mirror --plan
  consign mirror prune /srv/mirror

What is carried is said to consign mirror sync. Indexes stay for three days after they were replaced.
Exit status: 0 done, 1 it could not be looked or deleted, 3 what is there is no mirror, or damaged.")]
pub struct Prune {
    /// The mirror: a folder
    folder: PathBuf,
    /// Only say what would be deleted
    #[arg(long)]
    plan: bool,
    /// Write the result as JSON
    #[arg(long)]
    json: bool,
}

impl Prune {
    pub fn run(self) -> Outcome {
        // A folder that is not there is not made.
        let is_there = self.folder.is_dir();
        let mirror = if is_there { claimed(&self.folder)? } else { Mirror::at(&self.folder) };
        let keys = mirror::superfluous(&mirror, SystemTime::now()).map_err(failed)?;
        if !self.plan {
            mirror::delete(&mirror, &keys).map_err(failed)?;
        }
        if self.json {
            let names: Vec<_> = keys.iter().map(|key| key.as_str()).collect();
            say(serde_json::json!({ "files": names, "deleted": !self.plan }));
            return Ok(());
        }
        keys.iter().for_each(say);
        let files = if keys.len() == 1 { "1 file".to_owned() } else { format!("{} files", keys.len()) };
        say(format_args!("{files} {}", if self.plan { "would be deleted" } else { "deleted" }));
        Ok(())
    }
}
