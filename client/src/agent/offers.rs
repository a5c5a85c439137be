//! What is offered for a product, and whether its gates let it through.
//!
//! The package manager says what it would install; the vendor's feed, verified and of the same
//! publication as the package lists, says which release that is. Where there is no way to that release
//! the newest one on the way to it is the one to offer: a required stop, or a patch of the version before
//! a major change.
//!
//! A server of the site's own may have no feed: [`plain`].

mod path;
mod plain;

use consign_metadata::feed::{FeedRelease, Shard};
use consign_metadata::name::{ChannelName, PackageName, ProductId};
use consign_metadata::path::{first_stop, obstacles};
use consign_metadata::plan::UpgradePlan;
use consign_metadata::version::Version;

use super::add_ons::Prospect;
use super::catalogue::{Catalogue, Entry, SignedPlan};
use super::comparison;
use super::online::Online;
use super::situation::Situation;
use super::{Agent, AgentError, checks, preparing, timing};
use crate::engine::event::Reason;
use crate::feed::Kept;
use crate::gate;
use crate::host::Repository;
use crate::journey::Journey;
use crate::request::Offer;
use crate::trust::TrustError;

pub use path::path;

/// How many releases are looked at in search of one that can be reached.
const MAXIMUM: usize = 16;

/// The offer of one product.
#[derive(Debug, Default)]
pub struct Evaluation {
    /// For people. More than one where the newest release cannot be reached.
    pub offers: Vec<Offer>,
    /// The release to upgrade to, with what stands in its way.
    pub target: Option<(SignedPlan, Vec<Reason>)>,
    /// Its plan, when nothing does.
    pub cleared: Option<UpgradePlan>,
}

/// A release that a verified feed has.
struct Found {
    kept: Kept,
    repository: Repository,
    shard: Shard,
    newest: usize,
}

impl Evaluation {
    /// Looks at what is offered; without `online` only by what is on the host already.
    ///
    /// # Errors
    /// When the host cannot be looked at. What cannot be verified is a reason to hold, no error.
    pub fn of(
        agent: &Agent,
        catalogue: &Catalogue,
        entry: &Entry,
        online: Option<&Online>,
    ) -> Result<Self, AgentError> {
        Self::within(agent, catalogue, entry, online, Prospect::Offered(online))
    }

    /// The same, with other products as they are going to be.
    ///
    /// # Errors
    /// Those of [`Self::of`].
    pub fn within(
        agent: &Agent,
        catalogue: &Catalogue,
        entry: &Entry,
        online: Option<&Online>,
        prospect: Prospect<'_>,
    ) -> Result<Self, AgentError> {
        let situation = Situation { prospect, ..Situation::of(agent, catalogue, entry)? };
        let (Some(installed), Some(from)) = (situation.installed, situation.from(agent)) else {
            return Ok(Self::default());
        };
        // On a journey nothing beyond its end is offered.
        let ceiling = Journey::read(&entry.product).ok().flatten().map(|journey| journey.to);
        let desk = Desk { agent, situation: &situation, from: &from, installed: &installed.plan, online, ceiling };
        match desk.candidate()? {
            None => Ok(desk.nothing_newer()),
            Some((package, native)) if desk.is_without_feed() => Ok(desk.plain(&package, &native)),
            Some((package, native)) => Ok(match desk.find(&package, &native)? {
                Ok(found) => desk.choose(&found),
                Err(cause) => desk.unverified(comparison::baseline(&native), format!("{package} {native}"), cause),
            }),
        }
    }
}

struct Desk<'a> {
    agent: &'a Agent,
    situation: &'a Situation<'a>,
    from: &'a Version,
    installed: &'a UpgradePlan,
    online: Option<&'a Online>,
    /// The newest version that is wanted.
    ceiling: Option<Version>,
}

impl Desk<'_> {
    fn id(&self) -> &ProductId {
        &self.situation.product.id
    }

    fn candidate(&self) -> Result<Option<(PackageName, String)>, AgentError> {
        for package in self.situation.database.keys() {
            if let Some(native) = self.agent.packages.candidate(package)? {
                return Ok(Some((package.clone(), native)));
            }
        }
        Ok(None)
    }

    /// The release behind a package, in a feed that speaks for the lists on this host.
    fn find(&self, package: &PackageName, native: &str) -> Result<Result<Found, String>, AgentError> {
        let vendor = match self.situation.trust.vendor(&self.id().vendor) {
            Ok(vendor) => vendor,
            Err(problem) => return Ok(Err(problem.to_string())),
        };
        let mut cause = "no repository with a feed offers it".to_owned();
        let packages: Vec<PackageName> = self.situation.database.keys().cloned().collect();
        for repository in self.agent.packages.repositories(&packages)? {
            let Ok(channel) = repository.channel.parse::<ChannelName>() else { continue };
            let found = match Kept::of(&self.agent.places, vendor, &channel) {
                Ok(Some(kept)) => self.in_feed(kept, repository, package, native),
                Ok(None) => Err("there is no feed of the vendor on this host yet".to_owned()),
                Err(problem) => Err(problem.to_string()),
            };
            match found {
                Ok(found) => return Ok(Ok(found)),
                Err(problem) => cause = problem,
            }
        }
        Ok(Err(self.online.and_then(|online| online.problem(self.id())).cloned().unwrap_or(cause)))
    }

    fn in_feed(
        &self,
        kept: Kept,
        repository: Repository,
        package: &PackageName,
        native: &str,
    ) -> Result<Found, String> {
        kept.check(&repository.entry_point, self.agent.clock.now()).map_err(|e| e.to_string())?;
        let shard = kept.shard(self.id()).map_err(|e| e.to_string())?;
        let shard = shard.ok_or("the feed does not have the product")?;
        let carries = |release: &FeedRelease| {
            let mut packages = release.packages.iter();
            packages.any(|p| p.package == *package && self.agent.packages.native(&p.native) == Some(native))
        };
        let newest = shard.releases.iter().position(carries).ok_or("the feed does not have this version")?;
        Ok(Found { kept, repository, shard, newest })
    }

    fn choose(&self, found: &Found) -> Evaluation {
        let wanted = found.shard.releases[..=found.newest].iter().rev().find(|release| self.is_wanted(release));
        let Some(newest) = wanted else { return self.nothing_newer() };
        if let Some((plan, release)) = self.reachable(found, self.from, self.installed.envelope.revision) {
            let mut evaluation = self.offer(plan, Some(release));
            if release.plan != newest.plan {
                evaluation.offers.push(self.out_of_reach(found, newest, self.from));
            }
            return evaluation;
        }
        match self.plan(found, newest) {
            Ok(plan) => self.offer(plan, Some(newest)),
            Err(TrustError::Newer { envelope, .. }) => {
                self.only(Some(newest.version.clone()), gate::reasons_of_newer(&envelope, self.from))
            }
            Err(problem) => self.unverified(
                Some(newest.version.clone()),
                format!("the plan of {}", newest.version),
                problem.to_string(),
            ),
        }
    }

    fn is_wanted(&self, release: &FeedRelease) -> bool {
        self.ceiling.as_ref().is_none_or(|ceiling| release.version <= *ceiling)
    }

    /// The newest release that can be reached from a version without a stop.
    fn reachable<'f>(&self, found: &'f Found, from: &Version, revision: u32) -> Option<(SignedPlan, &'f FeedRelease)> {
        let (mut stop, mut looked): (Option<Version>, _) = (None, 0);
        for release in found.shard.releases[..=found.newest].iter().rev() {
            let is_beyond = stop.as_ref().is_some_and(|stop| release.version > *stop);
            let is_newer = release.order() > (from, revision);
            if is_beyond || !is_newer || release.withdrawn.is_some() || !self.is_wanted(release) {
                continue;
            }
            looked += 1;
            if looked > MAXIMUM {
                return None;
            }
            let Ok(plan) = self.plan(found, release) else { continue };
            let found = obstacles(&plan.plan.envelope, from);
            if found.is_empty() {
                return Some((plan, release));
            }
            stop = first_stop(&found).cloned().or(stop);
        }
        None
    }

    /// The signed plan of a release: kept, or fetched now.
    fn plan(&self, found: &Found, release: &FeedRelease) -> Result<SignedPlan, TrustError> {
        let what = format!("the plan of {} {}", self.id(), release.version);
        let signed = match (found.kept.plan(release), self.online) {
            (Some(signed), _) => signed,
            (None, Some(online)) => {
                let fetch = |path: &str, maximum: u64| online.fetch(self.agent, &found.repository, path, maximum);
                let fetched = found.kept.fetch_plan(release, &fetch);
                fetched.map_err(|problem| TrustError::Refused(problem.to_string()))?
            }
            (None, None) => return Err(TrustError::Refused(format!("{what} is not on this host"))),
        };
        let plan = self.situation.trust.plan(self.id(), &what, &signed)?;
        let is_it = plan.digest == release.plan && plan.envelope.version == release.version;
        if is_it {
            Ok(SignedPlan { plan, signed })
        } else {
            Err(TrustError::Refused(format!("{what} is another plan")))
        }
    }

    fn offer(&self, target: SignedPlan, release: Option<&FeedRelease>) -> Evaluation {
        let patience = self.online.map(Online::patience);
        let reasons = self.situation.reasons(self.agent, &target.plan, self.from, patience);
        let found = match self.online {
            Some(_) => checks::of_offer(self.agent, self.situation, &target.plan, release),
            None => checks::as_looked(self.situation, &target.plan),
        };
        // What passes is said, and is no part of what is written down.
        let waits = timing::reasons(self.agent, self.situation, &target.plan, self.from, true);
        let long = preparing::reason(self.situation, &target.plan, self.from);
        let held = reasons.iter().cloned().chain(waits).chain(long).chain(found.held).collect();
        let mut evaluation = self.only(Some(target.plan.envelope.version.clone()), held);
        evaluation.offers.iter_mut().for_each(|offer| offer.told.clone_from(&found.told));
        evaluation.cleared = reasons.is_empty().then(|| target.plan.clone());
        evaluation.target = Some((target, reasons));
        evaluation
    }

    fn out_of_reach(&self, found: &Found, release: &FeedRelease, from: &Version) -> Offer {
        let held = match (self.plan(found, release), &release.withdrawn) {
            (_, Some(why)) => vec![Reason::Withdrawn { why: why.en.clone() }],
            (Ok(plan), None) => gate::obstacles(&plan.plan.envelope, from),
            (Err(TrustError::Newer { envelope, .. }), None) => gate::reasons_of_newer(&envelope, from),
            (Err(problem), None) => {
                vec![Reason::Unverified {
                    what: format!("the plan of {}", release.version),
                    cause: problem.to_string(),
                }]
            }
        };
        self.line(Some(release.version.clone()), held)
    }

    fn nothing_newer(&self) -> Evaluation {
        let unfinished = self.situation.under_way().map(|u| Reason::Unfinished { upgrade: u.header.upgrade });
        self.only(None, unfinished.into_iter().collect())
    }

    fn unverified(&self, offered: Option<Version>, what: String, cause: String) -> Evaluation {
        self.only(offered, vec![Reason::Unverified { what, cause }])
    }

    fn only(&self, offered: Option<Version>, held: Vec<Reason>) -> Evaluation {
        Evaluation { offers: vec![self.line(offered, held)], ..Evaluation::default() }
    }

    fn line(&self, offered: Option<Version>, held: Vec<Reason>) -> Offer {
        let installed = Some(self.installed.envelope.version.clone());
        Offer { product: self.id().clone(), installed, offered, held, told: Vec::new() }
    }
}
