//! `consign schema`: the JSON Schema of the manifest.

use clap::Args;

use super::{Outcome, say};
use crate::manifest;

/// Print the JSON Schema of the manifest, for editors.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  consign schema
  consign schema > consign.schema.json

An editor that knows taplo completes and checks a manifest whose first line is
  #:schema ./consign.schema.json")]
pub struct Schema {}

impl Schema {
    pub fn run(self) -> Outcome {
        say(serde_json::to_string_pretty(&manifest::schema())?);
        Ok(())
    }
}
