//! `consign mirror import`: a mirror, brought up to what media hold.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use super::bar::Bar;
use super::sync::Sentence;
use super::{PATIENCE, failed};
use crate::cli::{Failure, Outcome, say, tell};
use crate::mirror::{self, ImportRequest, Mirror, Pin, Shipment};

/// Bring a mirror up to what a medium holds: everything on it is verified, then hosts see it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  consign mirror import /media/stick /srv/mirror --certificate certificate.pgp --url http://mirror.site.example/acme
  consign mirror import /media/stick /srv/mirror
  consign mirror import /media/one /media/two /srv/mirror

Volumes may be given in any order, together or one after the other; what is missing is named, and hosts see
nothing of an export before all of it is there. The vendor's certificate is needed the first time, and must come
another way than the medium.
Exit status: 0 the mirror is up to date, 1 volumes are missing or cannot be read, 3 what they hold is refused.")]
pub struct Import {
    /// The media, and the mirror last: folders
    #[arg(required = true, num_args = 2.., value_names = ["MEDIUM", "FOLDER"])]
    folders: Vec<PathBuf>,
    /// The vendor's certificate
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// Where hosts find the mirror, for the lists of yum [default: as before]
    #[arg(long, value_name = "ADDRESS")]
    url: Option<String>,
    /// Read every file that is there again, and replace those that are damaged
    #[arg(long)]
    check: bool,
    /// Write the result as JSON
    #[arg(long)]
    json: bool,
}

impl Import {
    pub fn run(mut self) -> Outcome {
        let folder = self.folders.pop().ok_or_else(|| Failure::failed(std::io::Error::other("no mirror is named")))?;
        let pin = self.certificate.as_deref().map(Pin::beside).transpose()?;
        let shipment = Shipment::open(&self.folders).map_err(failed)?;
        let mirror = Mirror::claimed(&folder, PATIENCE).map_err(failed)?;
        let request = ImportRequest { pin, url: self.url, check: self.check };
        let bar = Bar::start();
        let outcomes = mirror::import(&mirror, shipment, request, &|progress| bar.progress(progress));
        drop(bar);
        let outcomes = outcomes.map_err(failed)?;
        if self.json {
            say(serde_json::json!({ "channels": outcomes }));
        } else {
            outcomes.iter().for_each(|outcome| say(Sentence(outcome)));
        }
        for outcome in outcomes.iter().filter(|outcome| outcome.expires.is_some_and(|end| end <= Timestamp::now())) {
            let (channel, generation) = (&outcome.channel, outcome.generation);
            tell(format_args!(
                "warning: generation {generation} of channel {channel} has expired on its way: hosts will not believe it"
            ));
        }
        Ok(())
    }
}
