//! `consign mirror apt`: a slice of an ordinary apt archive.

use std::collections::BTreeSet;

use clap::Args;
use jiff::Timestamp;

use super::carrying::{Carried, Carrying, Slicing, set};
use super::needing::Needing;
use crate::cli::{Failure, Outcome, say, tell};
use crate::mirror::{self, ArchiveKind, ArchiveRequest, Slice};

/// Mirror a slice of an ordinary apt archive, such as Debian's own: the packages that the vendor's depend on.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  consign mirror apt https://deb.debian.org/debian /srv/debian --suite trixie --keyring debian.gpg --package postgresql --dependencies
  consign mirror apt https://deb.debian.org/debian /srv/debian --suite trixie
  consign mirror apt https://deb.debian.org/debian /srv/debian --suite trixie --needed-by status --vendor /srv/acme --install acme-erp

The indexes keep the archive's bytes, so that its signatures still verify; a host that asks for a package that is
not carried gets \"not found\". What is carried is remembered until something else is said. The inventory of a host is its
/var/lib/dpkg/status.
Exit status: 0 the slice is up to date, 1 it could not be brought there, 3 what the server shows is refused.")]
pub struct Apt {
    #[command(flatten)]
    carrying: Carrying,
    /// The suite, by its codename
    #[arg(long)]
    suite: String,
    #[command(flatten)]
    slicing: Slicing,
    /// Carry this component; may be repeated [default: main]
    #[arg(long = "component", value_name = "NAME")]
    components: Vec<String>,
    #[command(flatten)]
    needing: Needing,
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
        let or = |said: BTreeSet<String>, usual: &str| if said.is_empty() { [usual.to_owned()].into() } else { said };
        let is_said = self.slicing.is_said() || !self.components.is_empty() || !self.languages.is_empty();
        let slice = is_said.then(|| {
            let slice = self.slicing.slice();
            Slice {
                components: or(set(&self.components), "main"),
                architectures: or(slice.architectures.clone(), "amd64"),
                languages: or(set(&self.languages), "en"),
                ..slice
            }
        });
        let kind = ArchiveKind::Apt { suite: self.suite.clone() };
        let request = self.slicing.request(&self.carrying, kind, slice)?;
        Ok(ArchiveRequest { lacking: self.needing.lacking(), ..request })
    }
}
