//! `consign verify`: a published channel, read as its clients read it.

use std::path::PathBuf;

use clap::Args;
use consign_metadata::name::ChannelName;
use jiff::Timestamp;

use super::{Failure, Outcome, failure, say, tell};
use crate::manifest::{self, Outline};
use crate::sign::KeyFiles;
use crate::store::{DirectoryStore, HttpSource, Source};
use crate::trust::Trust;
use crate::verify::{Report, Scope, examine};

/// Read a published channel as its clients read it, and list everything that is wrong with it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  consign verify
  consign verify public --certificate keys/certificate.pgp
  consign verify https://packages.acme.example --certificate keys/certificate.pgp --channel testing
  consign verify public --certificate /usr/share/consignee/vendors/acme/certificate.pgp

Which of the certificate's keys may sign what is read from roles.json or anchor.json beside it.
Exit status: 0 nothing is wrong, 1 something is.")]
pub struct Verify {
    /// The root of the repository: a folder, or an http:// or https:// address [default: the manifest's folder]
    place: Option<String>,
    /// The vendor's certificate [default: keys/certificate.pgp beside the manifest]
    #[arg(long)]
    certificate: Option<PathBuf>,
    /// The channel [default: stable, or the manifest's]
    #[arg(long)]
    channel: Option<ChannelName>,
    /// The manifest that says what is not said here
    #[arg(long, default_value = manifest::FILE)]
    manifest: PathBuf,
    /// Write the result as JSON
    #[arg(long)]
    json: bool,
}

impl Verify {
    pub fn run(self) -> Outcome {
        let Target { place, certificate, channel } = self.target()?;
        let trust = Trust::beside(&certificate)?;
        let source: Box<dyn Source> = if place.starts_with("https://") || place.starts_with("http://") {
            Box::new(HttpSource::at(&place)?)
        } else {
            Box::new(DirectoryStore::at(&place))
        };
        let report = examine(&*source, &trust, &channel, Timestamp::now(), Scope::Everything)?;
        if self.json {
            say(serde_json::to_string(&report)?);
        } else {
            findings(&report);
            summary(&report);
            report.warnings.iter().for_each(|warning| tell(format_args!("warning: {warning}")));
            if report.findings.is_empty() {
                say(format_args!("nothing is wrong with channel {channel} of {place}"));
            }
        }
        match report.findings.len() {
            0 => Ok(()),
            number => {
                let what = if number == 1 { "1 thing is".to_owned() } else { format!("{number} things are") };
                let message = format!("{what} wrong with channel {channel} of {place}");
                Err(Failure::failed(std::io::Error::other(message)))
            }
        }
    }
}

/// What is looked at, and with which certificate.
struct Target {
    place: String,
    certificate: PathBuf,
    channel: ChannelName,
}

impl Verify {
    /// Who says everything needs no manifest.
    fn target(&self) -> Result<Target, Failure> {
        let said = self.channel.clone();
        if let (Some(place), Some(certificate)) = (self.place.clone(), self.certificate.clone()) {
            let stable = || "stable".parse().expect("it is a channel name");
            return Ok(Target { place, certificate, channel: said.unwrap_or_else(stable) });
        }
        let outline = Outline::load(&self.manifest).map_err(|error| {
            failure::of_project(error).hint("say what to look at: consign verify PLACE --certificate FILE")
        })?;
        let repository = outline.repository.as_ref();
        let repository = repository.ok_or_else(|| Failure::usage("the manifest has no [repository]"))?;
        let folder = || repository.folder.display().to_string();
        let certificate = || KeyFiles::in_folder(&outline.root.join("keys")).certificate;
        Ok(Target {
            place: self.place.clone().unwrap_or_else(folder),
            certificate: self.certificate.clone().unwrap_or_else(certificate),
            channel: said.unwrap_or_else(|| repository.channel.clone()),
        })
    }
}

fn summary(report: &Report) {
    let generation = report.generation.map_or_else(|| "no feed".to_owned(), |g| format!("generation {g}"));
    let Report { indexes, packages, releases, .. } = report;
    let (indexes, packages, releases) = (
        count(*indexes, "index", "indexes"),
        count(*packages, "package", "packages"),
        count(*releases, "release", "releases"),
    );
    say(format_args!("{generation}: {indexes}, {packages} and {releases} read"));
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Writes what was found, one line each.
pub fn findings(report: &Report) {
    for finding in &report.findings {
        say(finding);
    }
}
