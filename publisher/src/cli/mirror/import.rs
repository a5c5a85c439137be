//! `consign mirror import`: a mirror, brought up to what media hold.

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;

use super::asking::address;
use super::bar::Bar;
use super::failed;
use super::owner::claimed;
use super::sync::Sentence;
use crate::cli::{Failure, Outcome, say, tell};
use crate::file::OnFile;
use crate::mirror::{self, Archive, ArchiveImport, ArchiveOutcome, ImportRequest, Packer, Pin, Shipment};

/// Bring a mirror up to what a medium holds: everything on it is verified, then hosts see it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  consign mirror import /media/stick /srv/mirror --certificate certificate.pgp --url http://mirror.site.example/acme
  consign mirror import /media/stick /srv/mirror
  consign mirror import /media/one /media/two /srv/mirror
  consign mirror import /media/stick /srv/mirror --packed-by packer.pgp
  consign mirror import /media/stick /srv/debian --keyring debian-archive-keyring.gpg

Volumes may be given in any order, together or one after the other; what is missing is named, and hosts see
nothing of an export before all of it is there. The vendor's certificate is needed the first time, and must come
another way than the medium. So must the certificate of who packs the media, where only those are to be taken.
Exit status: 0 the mirror is up to date, 1 volumes are missing or cannot be read, 3 what they hold is refused.")]
pub struct Import {
    /// The media, and the mirror last: folders
    #[arg(required = true, num_args = 2.., value_names = ["MEDIUM", "FOLDER"])]
    folders: Vec<PathBuf>,
    /// The vendor's certificate
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// Who may sign what media bring of an archive: certificates, as its keyring package has them
    #[arg(long, value_name = "FILE", conflicts_with = "certificate")]
    keyring: Option<PathBuf>,
    /// From now on take only media that the owner of this certificate has signed; later it replaces the one before
    #[arg(long, value_name = "FILE")]
    packed_by: Option<PathBuf>,
    /// Where hosts find the mirror, for the lists of yum [default: as before]
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
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
        let packer = match &self.packed_by {
            Some(certificate) => Some(Packer::of(certificate)?),
            None => Packer::of_mirror(&folder).map_err(failed)?,
        };
        let shipment = Shipment::open(&self.folders, packer).map_err(failed)?;
        if !self.json {
            shipment.signer.iter().for_each(|signer| say(format_args!("packed by {signer}")));
        }
        match shipment.manifest.archive.clone() {
            None => self.vendor(&folder, shipment),
            Some(archive) => self.archive(&folder, shipment, &archive),
        }
    }

    fn vendor(self, folder: &Path, shipment: Shipment) -> Outcome {
        let pin = self.certificate.as_deref().map(Pin::beside).transpose()?;
        let signer = shipment.signer.clone();
        let mirror = claimed(folder)?;
        let request = ImportRequest { pin, url: self.url, check: self.check };
        let bar = Bar::start();
        let outcomes = mirror::import(&mirror, shipment, request, &|progress| bar.progress(progress));
        drop(bar);
        let outcomes = outcomes.map_err(failed)?;
        if self.json {
            say(serde_json::json!({ "channels": outcomes, "packed_by": signer }));
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

    fn archive(self, folder: &Path, shipment: Shipment, archive: &Archive) -> Outcome {
        let keyring = self.keyring.as_ref().map(|path| std::fs::read(path).on("read", path)).transpose()?;
        let signer = shipment.signer.clone();
        let mirror = claimed(folder)?;
        let request = ArchiveImport { keyring, check: self.check };
        let bar = Bar::start();
        let outcomes = mirror::import_archive(&mirror, shipment, archive, &request, &|progress| bar.progress(progress));
        drop(bar);
        let outcomes = outcomes.map_err(failed)?;
        if self.json {
            say(serde_json::json!({ "suites": outcomes, "packed_by": signer }));
            return Ok(());
        }
        for ArchiveOutcome { suite, date, carried, listed, fetched, .. } in &outcomes {
            say(format_args!("{suite} of {date}: {carried} of {listed} packages are carried, {fetched} came with it"));
        }
        Ok(())
    }
}
