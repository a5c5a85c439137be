//! `consign mirror stage`: what a mirror shows now, under another path.

use std::path::PathBuf;

use clap::Args;

use super::asking::address;
use super::owner::claimed;
use super::{PATIENCE, failed};
use crate::cli::failure::Failure;
use crate::cli::{Outcome, say};
use crate::mirror::{self, Mirror, MirrorError, StageRequest};

/// Show under another path what a mirror shows now, and keep it so: test before production.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  consign mirror stage /srv/mirror/acme /srv/test/acme
  consign mirror stage /srv/test/acme /srv/production/acme --url http://mirror.site.example/production/acme
  consign mirror stage /srv/mirror/acme /srv/test/acme --back

In one file system packages take no room twice. A stage does not go back to an older generation unless it is told so;
a host that has seen a newer one refuses it all the same.
Exit status: 0 it shows the same, 1 it could not be brought there, 3 a rule says no.")]
pub struct Stage {
    /// The mirror, or the stage before
    from: PathBuf,
    /// The stage: a folder of its own
    to: PathBuf,
    /// Where hosts find the stage, for the lists of yum [default: as before, else where they find the vendor]
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    url: Option<String>,
    /// Show an older generation than the stage does now
    #[arg(long)]
    back: bool,
    /// Write the result as JSON
    #[arg(long)]
    json: bool,
}

impl Stage {
    pub fn run(self) -> Outcome {
        let is_there = self.from.is_dir();
        let places = (self.from.canonicalize(), self.to.canonicalize());
        if matches!(&places, (Ok(from), Ok(to)) if from == to) {
            return Err(Failure::usage(format!("{} cannot be a stage of itself", self.from.display())));
        }
        let from = if is_there { Mirror::claimed(&self.from, PATIENCE) } else { Ok(Mirror::at(&self.from)) };
        let (from, to) = (from.map_err(failed)?, claimed(&self.to)?);
        let request = StageRequest { url: self.url, back: self.back };
        let outcomes = mirror::stage(&from, &to, &request).map_err(|error| match error {
            MirrorError::WentBack { channel, found, here } => {
                let there = self.from.display();
                let reason =
                    format!("{there} shows generation {found} of channel {channel}, and the stage {here} already");
                Failure::refused(reason).hint("--back shows the older one all the same")
            }
            other => failed(other),
        })?;
        if self.json {
            say(serde_json::json!({ "channels": outcomes }));
            return Ok(());
        }
        for mirror::StageOutcome { channel, generation, before } in &outcomes {
            match before {
                Some(before) if before == generation => {
                    say(format_args!("{channel}: generation {generation}, as before"))
                }
                Some(before) => say(format_args!("{channel}: from generation {before} to {generation}")),
                None => say(format_args!("{channel}: generation {generation}")),
            }
        }
        Ok(())
    }
}
