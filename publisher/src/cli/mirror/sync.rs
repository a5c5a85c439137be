//! `consign mirror sync`: a mirror, brought up to what its vendor publishes.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use consign_metadata::name::ChannelName;
use jiff::Timestamp;

use super::asking::address;
use super::carrying::{Carried, Carrying};
use crate::cli::{Failure, Outcome, say, tell};
use crate::mirror::{self, Pin, Product, Request, Selection};

/// Bring a mirror up to what its vendor publishes: everything new is fetched and verified, then hosts see it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  consign mirror sync https://packages.acme.example /srv/mirror --certificate certificate.pgp
  consign mirror sync https://packages.acme.example /srv/mirror
  consign mirror sync https://packages.acme.example /srv/mirror --architecture amd64 --limit-rate 2M
  consign mirror sync https://packages.acme.example /srv/mirror --url http://mirror.site.example/acme

The certificate is needed the first time; which of its keys may sign what is read from roles.json or
anchor.json beside it, as on a host that has the vendor's release package.
What is carried, which channels and the address are remembered until other ones are given.
Exit status: 0 the mirror is up to date, 1 it could not be brought there, 3 what the server shows is refused.")]
pub struct Sync {
    #[command(flatten)]
    carrying: Carrying,
    /// The vendor's certificate
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// Carry this channel; may be repeated [default: those it has, else stable]
    #[arg(long = "channel", value_name = "NAME")]
    channels: Vec<ChannelName>,
    /// Carry packages of this product, and of these versions: 'erp >=3.25.0, <4.0.0'; may be repeated
    #[arg(long = "product", value_name = "NAME [VERSIONS]")]
    products: Vec<Product>,
    /// Carry packages for this architecture; may be repeated
    #[arg(long = "architecture", value_name = "NAME", value_parser = PossibleValuesParser::new(Selection::architectures()))]
    architectures: Vec<String>,
    /// Carry packages in this format; may be repeated
    #[arg(long = "format", value_name = "FORMAT", value_parser = ["deb", "rpm", "msi"])]
    formats: Vec<String>,
    /// Carry all packages again
    #[arg(long, conflicts_with_all = ["products", "architectures", "formats"])]
    everything: bool,
    /// Where hosts find the mirror, for the lists of yum [default: where they find the vendor]
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    url: Option<String>,
}

impl Sync {
    pub fn run(self) -> Outcome {
        let (json, request) = (self.carrying.json, self.request()?);
        let carried =
            self.carrying.carry(|mirror, upstream, listener| mirror::sync(mirror, upstream, &request, listener))?;
        let Carried { done: outcomes, requests, received } = carried;
        if json {
            say(serde_json::json!({ "channels": outcomes, "requests": requests, "received": received }));
        } else {
            outcomes.iter().for_each(|outcome| say(Sentence(outcome)));
        }
        for mirror::Outcome { channel, unmet, .. } in &outcomes {
            for product in unmet {
                tell(format_args!("warning: nothing of --product '{product}' is published in channel {channel}"));
            }
        }
        for outcome in outcomes.iter().filter(|outcome| outcome.expires.is_some_and(|end| end <= Timestamp::now())) {
            let (channel, generation) = (&outcome.channel, outcome.generation);
            tell(format_args!(
                "warning: generation {generation} of channel {channel} has expired, and the vendor shows no newer one: hosts will not believe it"
            ));
        }
        Ok(())
    }

    fn request(&self) -> Result<Request, Failure> {
        let pin = self.certificate.as_deref().map(Pin::beside).transpose()?;
        let selection = Selection {
            products: self.products.clone(),
            architectures: self.architectures.iter().cloned().collect(),
            formats: self.formats.iter().cloned().collect(),
        };
        let selection = (self.everything || !selection.is_everything()).then_some(selection);
        let (channels, url) = (self.channels.iter().cloned().collect(), self.url.clone());
        let Carrying { check, adopt, .. } = self.carrying;
        Ok(Request { pin, channels, selection, url, packed_by: None, check, adopt })
    }
}

/// What became of a channel, for people.
pub(super) struct Sentence<'a>(pub(super) &'a mirror::Outcome);

impl std::fmt::Display for Sentence<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mirror::Outcome { channel, generation, before, changed, fetched, partial, .. } = self.0;
        let partly = if *partial { ", of which it carries a part" } else { "" };
        match (changed, before) {
            (false, _) => write!(f, "{channel}: generation {generation}{partly}; nothing is newer"),
            (true, Some(before)) if before != generation => {
                write!(f, "{channel}: from generation {before} to {generation}{partly}; {fetched} files fetched")
            }
            (true, _) => write!(f, "{channel}: generation {generation}{partly}; {fetched} files fetched"),
        }
    }
}
