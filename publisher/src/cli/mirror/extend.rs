//! `consign mirror extend`: the vendor lets a site believe a generation for longer.

use std::path::PathBuf;

use clap::Args;
use consign_metadata::document::Role;
use consign_metadata::name::ChannelName;
use jiff::{SignedDuration, Timestamp};

use super::PATIENCE;
use crate::cli::passphrase::PassphraseArgs;
use crate::cli::{Failure, Outcome, key, say};
use crate::feed::{FeedError, extend};
use crate::manifest::Span;
use crate::sign::KeyFiles;
use crate::store::DirectoryStore;
use crate::trust::Trust;

/// Sign that hosts may believe the generation of a mirror for longer than it says: for the vendor, and sites that
/// cannot ask.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  consign mirror extend /srv/mirror/acme --valid-for 180d --keys keys
  consign mirror extend public --channel testing --valid-for 30d --keys keys

It needs the vendor's key of the role index. Hosts ask for it when the generation has expired; apt is told by \
Valid-Until-Min in its .sources file.
Exit status: 0 done, 1 failed, 2 wrong usage, 3 refused.")]
pub struct Extend {
    /// The mirror, or the repository: a folder
    folder: PathBuf,
    /// The channel
    #[arg(long, default_value = "stable")]
    channel: ChannelName,
    /// For how long from now, as in 180d
    #[arg(long, value_name = "TIME")]
    valid_for: Span,
    /// The folder of the vendor's keys
    #[arg(long, value_name = "FOLDER")]
    keys: PathBuf,
    /// Write the result as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

impl Extend {
    pub fn run(self) -> Outcome {
        let files = KeyFiles::in_folder(&self.keys);
        let trust = Trust::beside(&files.certificate)?;
        if !self.folder.is_dir() {
            return Err(Failure::failed(FeedError::NotThere { channel: self.channel }));
        }
        let signer = key::open(&files.index_secret, Role::Index, &self.passphrase)?;
        let valid_for = SignedDuration::try_from(self.valid_for.0).unwrap_or(SignedDuration::MAX);
        let store = DirectoryStore::claimed(self.folder, PATIENCE)?;
        let extension = extend(&store, &trust, &self.channel, &signer, (Timestamp::now(), valid_for));
        let extension = extension.map_err(|error| match &error {
            FeedError::Signature { .. } | FeedError::Document { .. } => Failure::failed(error).as_refusal(),
            _ => Failure::failed(error),
        })?;
        if self.json {
            say(serde_json::to_string(&extension)?);
            return Ok(());
        }
        let (generation, expires) = (extension.generation, extension.expires);
        say(format_args!("hosts believe generation {generation} of channel {} until {expires}", extension.channel));
        Ok(())
    }
}
