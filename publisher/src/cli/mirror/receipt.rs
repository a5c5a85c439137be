//! `consign mirror receipt`: what a site has, in a file and in digits.

use std::path::PathBuf;

use clap::Args;

use super::failed;
use crate::cli::{Failure, Outcome, say, tell};
use crate::file::OnFile;
use crate::mirror::{self, Code, Mirror};

/// Say what a site has, for who exports to it: in digits for the telephone, and exactly in a file.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  consign mirror receipt /srv/mirror
  consign mirror receipt /srv/mirror --to /media/stick/receipt.json

The digits are given to consign mirror export --code, the file to consign mirror export --receipt. A receipt is no
secret and proves nothing: an export that was made by a wrong one lacks files, which the import names.
Exit status: 0 done, 1 it could not be read or written, 3 what is there is no mirror, or damaged.")]
pub struct Receipt {
    /// The mirror: a folder
    folder: PathBuf,
    /// Write the receipt here
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// Write the result as JSON
    #[arg(long)]
    json: bool,
}

impl Receipt {
    pub fn run(self) -> Outcome {
        let receipt = mirror::Receipt::of(&Mirror::at(&self.folder)).map_err(failed)?;
        if let Some(path) = &self.to {
            let bytes = serde_json::to_vec(&receipt).map_err(|cause| Failure::failed(std::io::Error::other(cause)))?;
            std::fs::write(path, bytes).on("write", path)?;
        }
        let code = |standing: &mirror::Standing| Code::new(standing.generation, &standing.head).to_string();
        if self.json {
            let channel = |(name, its): (&_, &mirror::Standing)| {
                (
                    ToString::to_string(name),
                    serde_json::json!({ "generation": its.generation, "code": code(its), "incomplete": its.incomplete }),
                )
            };
            let channels: serde_json::Map<_, _> = receipt.channels.iter().map(channel).collect();
            say(serde_json::json!({ "channels": channels, "files": receipt.holds.len() }));
            return Ok(());
        }
        if receipt.channels.is_empty() {
            tell("warning: nothing is here yet: what this mirror needs is an export of everything");
        }
        for (channel, standing) in &receipt.channels {
            say(format_args!("{channel}: generation {}, code {}", standing.generation, code(standing)));
            if standing.incomplete {
                tell(format_args!(
                    "warning: something of {channel} is missing here, which the code does not say: send the file (--to)"
                ));
            }
        }
        Ok(())
    }
}
