//! `consign mirror apt`: a slice of an ordinary apt archive.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use super::carrying::{Carried, Carrying};
use crate::cli::{Failure, Outcome, say, tell};
use crate::file::OnFile;
use crate::mirror::{self, ArchiveKind, ArchiveRequest, Lacking, Slice};

/// Mirror a slice of an ordinary apt archive, such as Debian's own: the packages that the vendor's depend on.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  consign mirror apt https://deb.debian.org/debian /srv/debian --suite trixie --keyring debian.gpg --package postgresql --dependencies
  consign mirror apt https://deb.debian.org/debian /srv/debian --suite trixie
  consign mirror apt https://deb.debian.org/debian /srv/debian --suite trixie --needed-by status --vendor /srv/acme --install acme-erp

The indexes keep the archive's bytes, so that its signatures still verify; a host that asks for a package that is
not carried gets \"not found\". What is carried is remembered until something else is said.
Exit status: 0 the slice is up to date, 1 it could not be brought there, 3 what the server shows is refused.")]
pub struct Apt {
    #[command(flatten)]
    carrying: Carrying,
    /// The suite, by its codename
    #[arg(long)]
    suite: String,
    /// Who may sign it: certificates, as the archive's keyring package has them
    #[arg(long, value_name = "FILE")]
    keyring: Option<PathBuf>,
    /// Carry this component; may be repeated [default: main]
    #[arg(long = "component", value_name = "NAME")]
    components: Vec<String>,
    /// Carry packages for this architecture; may be repeated [default: amd64]
    #[arg(long = "architecture", value_name = "NAME")]
    architectures: Vec<String>,
    /// Carry this package, and not all; may be repeated
    #[arg(long = "package", value_name = "NAME")]
    packages: Vec<String>,
    /// And what it depends on, of alternatives the first
    #[arg(long, requires = "packages")]
    dependencies: bool,
    /// Carry what this host lacks for --install, by its /var/lib/dpkg/status; may be repeated
    #[arg(long, value_name = "FILE", requires = "install")]
    needed_by: Vec<PathBuf>,
    /// What is to be installed on those hosts; may be repeated
    #[arg(long, value_name = "NAME", requires = "needed_by")]
    install: Vec<String>,
    /// A mirror of a vendor's repository, which those hosts have as well; may be repeated
    #[arg(long = "vendor", value_name = "FOLDER", requires = "needed_by")]
    vendors: Vec<PathBuf>,
    /// Carry descriptions in this language; may be repeated [default: en]
    #[arg(long = "language", value_name = "CODE")]
    languages: Vec<String>,
}

impl Apt {
    pub fn run(self) -> Outcome {
        let (json, suite, request) = (self.carrying.json, self.suite.clone(), self.request()?);
        let carried = self
            .carrying
            .carry(|mirror, upstream, listener| mirror::sync_archive(mirror, upstream, &request, listener))?;
        let Carried { done: outcome, requests, received } = carried;
        if outcome.expires.is_some_and(|end| end <= Timestamp::now()) {
            tell(format_args!("warning: suite {suite} has expired, and the archive shows no newer one"));
        }
        if json {
            say(serde_json::json!({ "suite": outcome, "requests": requests, "received": received }));
        } else if outcome.changed {
            let mirror::ArchiveOutcome { date, carried, listed, fetched, .. } = outcome;
            say(format_args!("{suite} of {date}: {carried} of {listed} packages are carried, {fetched} were fetched"));
        } else {
            say(format_args!("{suite} of {}: nothing is newer", outcome.date));
        }
        Ok(())
    }

    fn request(&self) -> Result<ArchiveRequest, Failure> {
        let keyring = self.keyring.as_ref().map(|path| std::fs::read(path).on("read", path)).transpose()?;
        let said = [&self.components, &self.architectures, &self.packages, &self.languages];
        let or = |said: &[String], usual: &str| match said {
            [] => [usual.to_owned()].into(),
            said => said.iter().cloned().collect(),
        };
        let slice = said.iter().any(|said| !said.is_empty()).then(|| Slice {
            components: or(&self.components, "main"),
            architectures: or(&self.architectures, "amd64"),
            packages: self.packages.iter().cloned().collect(),
            dependencies: self.dependencies,
            languages: or(&self.languages, "en"),
        });
        let Carrying { check, adopt, .. } = self.carrying;
        let kind = ArchiveKind::Apt { suite: self.suite.clone() };
        Ok(ArchiveRequest { kind, keyring, slice, lacking: self.lacking(), check, adopt })
    }

    fn lacking(&self) -> Option<Lacking> {
        (!self.needed_by.is_empty()).then(|| Lacking {
            inventories: self.needed_by.clone(),
            vendors: self.vendors.clone(),
            packages: self.install.iter().cloned().collect(),
        })
    }
}
