//! `consign mirror export`: what a site lacks, on a medium.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use consign_metadata::document::Role;
use consign_metadata::name::ChannelName;
use jiff::Timestamp;

use super::asking::amount;
use super::failed;
use super::owner::claimed;
use crate::cli::passphrase::PassphraseArgs;
use crate::cli::{Failure, Outcome, key, say, tell};
use crate::file::OnFile;
use crate::mirror::{self, Code, ExportRequest, Exported, Mirror, Reader, Receipt};
use crate::sign::OpenPgpSigner;

/// Write what a site without a network lacks to a medium that is carried there.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  consign mirror export /srv/mirror --to /media/stick
  consign mirror export /srv/mirror --to /media/stick --since 12
  consign mirror export /srv/mirror --to /media/stick --since stable=12 --since testing=40
  consign mirror export /srv/mirror --to /media/stick --receipt receipt.json
  consign mirror export /srv/mirror --to /media/stick --code 00128482189901412344
  consign mirror export /srv/mirror --to /media/stick --key packer/package.secret.pgp
  consign mirror export /srv/mirror --to /srv/dvds --volume-size 4700M --reader consign-static

The export is read by consign mirror import, which trusts nothing of it that the vendor has not signed. One that
has several volumes has each in a folder of its own; they may be read in any order.
Exit status: 0 the medium is finished, 1 it could not be written, 3 the mirror is damaged.")]
pub struct Export {
    /// The mirror: a folder
    folder: PathBuf,
    /// The medium: a folder; nothing in it is touched but the folder consign-medium
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
    /// The site has this generation already; of several channels: CHANNEL=GENERATION, may be repeated
    #[arg(long, value_name = "GENERATION", value_parser = since)]
    since: Vec<Said<u64>>,
    /// The site has what this receipt says, which consign mirror receipt has written there
    #[arg(long, value_name = "FILE", conflicts_with_all = ["since", "code"])]
    receipt: Option<PathBuf>,
    /// The site has what it says in digits over the telephone; of several channels: CHANNEL=DIGITS, may be repeated
    #[arg(long, value_name = "DIGITS", value_parser = code, conflicts_with = "since")]
    code: Vec<Said<Code>>,
    /// Let a volume hold at most so many bytes, such as 4700M
    #[arg(long, value_name = "BYTES", value_parser = amount)]
    volume_size: Option<u64>,
    /// Put this consign on the medium as well: a program for Linux, best one that is linked statically
    #[arg(long, value_name = "FILE")]
    reader: Option<PathBuf>,
    /// Sign label and manifest with this key, for sites that take only media of a known packer
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    /// Write the result as JSON
    #[arg(long)]
    json: bool,
}

/// What is said of one channel, or of the only one.
#[derive(Debug, Clone)]
struct Said<T>(Option<ChannelName>, T);

impl Export {
    pub fn run(self) -> Outcome {
        let signer = self.key.as_ref().map(|path| key::open(path, Role::Package, &self.passphrase)).transpose()?;
        let signer = signer.as_ref().map(|key| key as &dyn OpenPgpSigner);
        // A folder that is not there is not made.
        let is_there = self.folder.is_dir();
        let mirror = if is_there { claimed(&self.folder)? } else { Mirror::at(&self.folder) };
        let request = self.request(&mirror)?;
        let exported = mirror::export(&mirror, &self.to, &request, signer).map_err(failed)?;
        if self.json {
            say(serde_json::json!(exported));
        } else {
            say(Sentence(&exported));
        }
        for (channel, _) in exported.expires.iter().filter(|(_, end)| **end <= Timestamp::now()) {
            tell(format_args!("warning: what it brings of channel {channel} has expired: hosts will not believe it"));
        }
        Ok(())
    }

    fn request(&self, mirror: &Mirror) -> Result<ExportRequest, Failure> {
        let reader = self.reader.as_deref().map(carried).transpose()?;
        let channels = mirror::channels(mirror).map_err(failed)?;
        let (since, codes) = (by_channel(&self.since, &channels)?, by_channel(&self.code, &channels)?);
        let receipt = self.receipt.as_deref().map(read).transpose()?;
        Ok(ExportRequest { since, codes, receipt, volume_size: self.volume_size, reader })
    }
}

/// A program for the site; one that needs more than a Linux is told of.
fn carried(path: &Path) -> Result<Reader, Failure> {
    let name = path.display();
    let reader = Reader::of(std::fs::read(path).on("read", path)?);
    let reader = reader.map_err(|reason| Failure::refused(format!("cannot put {name} on a medium: {reason}")))?;
    if let Some(loader) = &reader.loader {
        tell(format_args!(
            "warning: {name} runs only where {loader} and the libraries of a system like this one are: \
             scripts/reader, in the sources of consign, builds one that needs nothing"
        ));
    }
    Ok(reader)
}

fn read(path: &Path) -> Result<Receipt, Failure> {
    let bytes = std::fs::read(path).on("read", path)?;
    let bad =
        |reason| Failure::failed(std::io::Error::other(format!("cannot use receipt {}: {reason}", path.display())));
    Receipt::parse(&bytes).map_err(bad)
}

/// What is said without the name of a channel is said of the only one.
fn by_channel<T: Clone>(said: &[Said<T>], channels: &[ChannelName]) -> Result<BTreeMap<ChannelName, T>, Failure> {
    let channel = |said: &Said<T>| match (&said.0, channels) {
        // That an archive has none is said where it is exported.
        (Some(channel), known) if known.is_empty() || known.contains(channel) => Ok((channel.clone(), said.1.clone())),
        (None, [channel]) => Ok((channel.clone(), said.1.clone())),
        (unknown, _) => {
            let names: Vec<_> = channels.iter().map(ToString::to_string).collect();
            let names = names.join(", ");
            let which = match unknown {
                Some(channel) => format!("cannot export channel {channel}: the mirror has {names}"),
                None => format!("cannot tell which channel is meant: the mirror has {names}"),
            };
            Err(Failure::failed(std::io::Error::other(which)).hint("name it: CHANNEL=…"))
        }
    };
    said.iter().map(channel).collect()
}

fn since(text: &str) -> Result<Said<u64>, String> {
    said(text, |text| text.parse().map_err(|_| format!("{text:?} is no generation: a number")))
}

fn code(text: &str) -> Result<Said<Code>, String> {
    said(text, Code::parse)
}

fn said<T>(text: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<Said<T>, String> {
    match text.split_once('=') {
        Some((channel, rest)) => Ok(Said(Some(channel.parse().map_err(|cause| format!("{cause}"))?), parse(rest)?)),
        None => Ok(Said(None, parse(text)?)),
    }
}

/// What an export has become, for people.
struct Sentence<'a>(&'a Exported);

impl std::fmt::Display for Sentence<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Exported { export, channels, volumes, files, deltas, bytes, .. } = self.0;
        for (channel, (generation, since)) in channels {
            match since {
                Some(since) => writeln!(f, "{channel}: from generation {since} to {generation}")?,
                None => writeln!(f, "{channel}: generation {generation}, everything")?,
            }
        }
        let folders: Vec<_> = volumes.iter().map(|volume| volume.display().to_string()).collect();
        write!(
            f,
            "export {export}: {files} packages, {deltas} of them as deltas, {} MB, in {}",
            bytes.div_ceil(1_000_000),
            folders.join(", ")
        )
    }
}
