//! `consignee feed`: the generations of a vendor's feeds, and a person's word that an older one is the one to go by.

use std::time::Duration;

use clap::Args;
use consign_metadata::name::{ChannelName, VendorName};

use super::complaint::Complaint;
use super::session::{Exit, Session};
use super::{ask, person};
use crate::conversation;
use crate::feed::accepted;
use crate::report::feed::FeedReport;
use crate::report::say;
use crate::request::{FeedState, Reply, Request};

/// A repository is asked, and then looked at as a whole.
const LIMIT: Duration = Duration::from_secs(180);

/// Which generation of a vendor's repository this host knows and is shown, or accept an older one
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The vendor
    vendor: VendorName,
    /// Go by the generation that the repository shows, although this host knows a later one
    #[arg(long)]
    accept_older: bool,
    /// Only this channel
    #[arg(long, value_name = "CHANNEL")]
    channel: Option<ChannelName>,
    /// Do not ask
    #[arg(long, requires = "accept_older")]
    yes: bool,
    /// Answer with JSON on stdout
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  sudo consignee feed acme
  sudo consignee feed acme --json
  sudo consignee feed acme --accept-older   # the site has changed this host to an older stage

Exit status:
  0 what is shown is believed   1 nobody could look, or it cannot be accepted
  3 an older generation is shown than this host knows, or one that has expired";

impl Arguments {
    pub fn run(&self, session: &mut Session) -> Result<Exit, Complaint> {
        person::must_be_root()?;
        let mut feeds = self.ask(session, &Request::Feeds { vendor: self.vendor.clone() })?;
        let mut taken = 0;
        if self.accept_older {
            for feed in feeds.clone() {
                if let Some(generation) = feed.older() {
                    feeds = self.accept(session, &feed, generation)?;
                    taken += 1;
                }
            }
        }
        let accepted = accepted::all(&session.places, &self.vendor);
        let accepted = accepted.map_err(|cause| Complaint::Unreadable(cause.to_string()))?;
        let report = FeedReport::new(&self.vendor, feeds, accepted, taken);
        match self.json {
            true => session.out.json(&report)?,
            false => session.out.page(&report.page(session.language, &session.zone))?,
        }
        Ok(report.standing())
    }

    fn ask(&self, session: &Session, request: &Request) -> Result<Vec<FeedState>, Complaint> {
        let mut feeds = match conversation::ask(&session.places, request, LIMIT)? {
            Reply::Feeds { feeds } => feeds,
            Reply::Failed { cause } => return Err(Complaint::Failed(cause)),
            other => return Err(Complaint::Failed(format!("cannot understand the answer {other:?}"))),
        };
        feeds.retain(|feed| self.channel.as_ref().is_none_or(|channel| feed.channel == *channel));
        Ok(feeds)
    }

    fn accept(&self, session: &mut Session, feed: &FeedState, generation: u64) -> Result<Vec<FeedState>, Complaint> {
        let (vendor, channel) = (self.vendor.clone(), feed.channel.clone());
        if !self.yes {
            confirm(session, &vendor, feed, generation)?;
        }
        self.ask(session, &Request::AcceptOlder { vendor, channel, generation, by: person::here() })
    }
}

fn confirm(session: &mut Session, vendor: &VendorName, feed: &FeedState, generation: u64) -> Result<(), Complaint> {
    let FeedState { channel, url, known, .. } = feed;
    let known = known.unwrap_or_default();
    let question = say!(
        session.language,
        "{channel} of {vendor} at {url} shows generation {generation}, and this host knows {known}; what was withdrawn or mended since is forgotten. Accept it only if the site itself has changed the stage of this host; type {vendor} to go on:",
        "{channel} de {vendor} sur {url} montre la génération {generation}, et cet hôte connaît la {known} ; ce qui a été retiré ou corrigé depuis sera oublié. Ne l'acceptez que si le site lui-même a changé l'étape de cet hôte ; tapez {vendor} pour continuer :"
    );
    ask::word(session, &question, vendor.as_str(), "--yes")
}
