//! `consign mirror yum`: a slice of an ordinary repository of yum.

use clap::Args;

use super::carrying::{Carried, Carrying, Slicing};
use super::needing::Needing;
use crate::cli::{Failure, Outcome, say};
use crate::mirror::{self, ArchiveKind, ArchiveRequest};

/// Mirror a slice of an ordinary signed repository of yum: the packages that the vendor's depend on.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  consign mirror yum https://mirror.example/epel/9/x86_64 /srv/epel --keyring RPM-GPG-KEY-EPEL-9 --package nginx --dependencies
  consign mirror yum https://mirror.example/epel/9/x86_64 /srv/epel
  consign mirror yum https://mirror.example/epel/9/x86_64 /srv/epel --needed-by inventory --vendor /srv/acme --install acme-erp

The documents keep the repository's bytes, so that the signature of repomd.xml still verifies; a host that asks for a
package that is not carried gets \"not found\". What is carried is remembered until something else is said.
The inventory of a host is what this line writes there:
  rpm -qa --qf '%{nevra}\\n[P %{providenevrs}\\n][R %{requirenevrs}\\n][F %{filenames}\\n]' > inventory
Exit status: 0 the slice is up to date, 1 it could not be brought there, 3 what the server shows is refused.")]
pub struct Yum {
    #[command(flatten)]
    carrying: Carrying,
    #[command(flatten)]
    slicing: Slicing,
    #[command(flatten)]
    needing: Needing,
}

impl Yum {
    pub fn run(self) -> Outcome {
        let (json, request) = (self.carrying.json, self.request()?);
        let carried = self
            .carrying
            .carry(|mirror, upstream, listener| mirror::sync_archive(mirror, upstream, &request, listener))?;
        let Carried { done: outcome, requests, received } = carried;
        let mirror::ArchiveOutcome { date, carried, listed, fetched, changed, .. } = &outcome;
        if json {
            say(serde_json::json!({ "repository": outcome, "requests": requests, "received": received }));
        } else if *changed {
            say(format_args!(
                "repository of {date}: {carried} of {listed} packages are carried, {fetched} were fetched"
            ));
        } else {
            say(format_args!("repository of {date}: nothing is newer"));
        }
        Ok(())
    }

    fn request(&self) -> Result<ArchiveRequest, Failure> {
        let slice = self.slicing.is_said().then(|| self.slicing.slice());
        let request = self.slicing.request(&self.carrying, ArchiveKind::Yum, slice)?;
        Ok(ArchiveRequest { lacking: self.needing.lacking(), ..request })
    }
}
