//! What a transaction wants of each product: which release, told by the signed packages themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use consign_metadata::document::Role;
use consign_metadata::name::{PackageName, ProductId};
use consign_metadata::version::Version;

use super::Agent;
use super::catalogue::{Catalogue, SignedPlan, modules};
use super::comparison;
use crate::engine::event::Reason;
use crate::gate;
use crate::host::Observed;
use crate::request::PackageAction;
use crate::trust::TrustError;

/// What is wanted of one product.
#[derive(Debug)]
pub struct Intent {
    /// The release to go to; `None` where nothing new is unpacked.
    pub target: Option<SignedPlan>,
    /// The packages of it that take part.
    pub joining: BTreeSet<PackageName>,
}

type Refused = (Option<Version>, Vec<Reason>);

impl Intent {
    /// By product that the agent manages. What cannot be told is a reason to refuse.
    pub fn of_transaction(
        agent: &Agent,
        catalogue: &Catalogue,
        actions: &[PackageAction],
    ) -> Vec<(ProductId, Result<Self, Refused>)> {
        let mut concerned: BTreeMap<&ProductId, Vec<&PackageAction>> = BTreeMap::new();
        let left_over = |action: &&PackageAction| {
            action.remove && catalogue.product_of(&action.package).is_some() && leaves_another(agent, action)
        };
        let actions: Vec<PackageAction> = actions.iter().filter(|action| !left_over(action)).cloned().collect();
        for action in &actions {
            if let Some(id) = catalogue.product_of(&action.package) {
                concerned.entry(id).or_default().push(action);
            }
        }
        let intent = |(id, own): (&ProductId, Vec<&PackageAction>)| {
            let part = Part { agent, catalogue, id, own, all: &actions };
            (id.clone(), part.intent())
        };
        concerned.into_iter().map(intent).collect()
    }
}

/// Whether another version of the package stays: a transaction that was cut off has left both, and takes the
/// older one away as soon as it can.
fn leaves_another(agent: &Agent, action: &PackageAction) -> bool {
    let package = action.package.parse().into_iter().collect::<Vec<_>>();
    let found = agent.packages.observe(&package).unwrap_or_default();
    found.iter().any(|(_, there)| !there.configured && Some(&there.version) != action.before.as_ref())
}

/// One product's part of a transaction.
struct Part<'a> {
    agent: &'a Agent,
    catalogue: &'a Catalogue,
    id: &'a ProductId,
    own: Vec<&'a PackageAction>,
    all: &'a [PackageAction],
}

impl Part<'_> {
    fn intent(&self) -> Result<Intent, Refused> {
        let removed: Vec<PackageName> =
            self.own.iter().filter(|a| a.remove).filter_map(|a| a.package.parse().ok()).collect();
        let Some(first) = self.own.iter().find_map(|action| Some((*action, action.archive.as_ref()?))) else {
            return match removed.is_empty() || self.leaves_the_rest(&removed)? {
                true => Ok(Intent { target: None, joining: BTreeSet::new() }),
                false => Err((None, vec![Reason::WouldRemove { packages: removed }])),
            };
        };
        let target = self.read(first.0, first.1)?;
        let to = Some(target.plan.envelope.version.clone());
        let mut reasons = Vec::new();
        let kept: BTreeSet<PackageName> = modules(&target.plan).collect();
        let lost: Vec<PackageName> = removed.into_iter().filter(|package| kept.contains(package)).collect();
        if !lost.is_empty() {
            reasons.push(Reason::WouldRemove { packages: lost });
        }
        let (joining, others) = self.others(&target, &kept)?;
        if !others.is_empty() {
            reasons.push(Reason::MixedVersions { packages: others });
        }
        match reasons.is_empty() {
            true => Ok(Intent { target: Some(target), joining }),
            false => Err((to, reasons)),
        }
    }

    /// Whether the product stays without these packages. Its packages need each other, so it does only
    /// without what nobody needs any more: the old name of one that was renamed.
    fn leaves_the_rest(&self, removed: &[PackageName]) -> Result<bool, Refused> {
        let known = &self.catalogue.entries[self.id].packages;
        let others: Vec<PackageName> = known.iter().filter(|package| !removed.contains(package)).cloned().collect();
        Ok(!self.observe(&others)?.is_empty())
    }

    fn observe(&self, packages: &[PackageName]) -> Result<Vec<(PackageName, Observed)>, Refused> {
        self.agent.packages.observe(packages).map_err(|error| {
            let what = "the package database".to_owned();
            (None, vec![Reason::Unverified { what, cause: error.to_string() }])
        })
    }

    /// The packages of the release that are unpacked, and those that go or stay elsewhere.
    #[allow(clippy::type_complexity)]
    fn others(
        &self,
        target: &SignedPlan,
        kept: &BTreeSet<PackageName>,
    ) -> Result<(BTreeSet<PackageName>, Vec<(PackageName, String)>), Refused> {
        let mut joining = BTreeSet::new();
        let mut elsewhere = Vec::new();
        for action in self.all {
            let (Ok(package), Some(archive)) = (action.package.parse::<PackageName>(), &action.archive) else {
                continue;
            };
            let is_own = self.own.iter().any(|own| own.package == action.package);
            if !is_own && !kept.contains(&package) {
                continue;
            }
            let version = action.after.clone().unwrap_or_default();
            let is_it = self.read(action, archive)?.plan.digest == target.plan.digest
                && self.is_native(target, &package, &version);
            if is_it {
                // The very same again takes part in nothing.
                let is_same = action.before == action.after;
                joining.extend(Some(package).filter(|_| !is_same));
            } else {
                elsewhere.push((package, version));
            }
        }
        elsewhere.extend(self.left_behind(target, &joining)?);
        Ok((joining, elsewhere))
    }

    /// Packages of the release that are on the host in another version and not in the transaction.
    fn left_behind(
        &self,
        target: &SignedPlan,
        joining: &BTreeSet<PackageName>,
    ) -> Result<Vec<(PackageName, String)>, Refused> {
        let absent: Vec<PackageName> = modules(&target.plan).filter(|package| !joining.contains(package)).collect();
        let here = self.observe(&absent)?;
        let is_left = |(package, found): &(PackageName, Observed)| {
            !self.is_native(target, package, &found.version)
                && !self.all.iter().any(|action| action.remove && action.package == package.as_str())
        };
        Ok(here.into_iter().filter(is_left).map(|(package, found)| (package, found.version)).collect())
    }

    fn is_native(&self, target: &SignedPlan, package: &PackageName, version: &str) -> bool {
        let module = target.plan.body.modules.iter().find(|module| module.package == *package);
        module.is_some_and(|module| comparison::is_native(&*self.agent.packages, module, version))
    }

    /// The plan in a package file whose origin is good.
    fn read(&self, action: &PackageAction, archive: &Path) -> Result<SignedPlan, Refused> {
        let what = action.package.clone();
        let unverified = |cause: String| (None, vec![Reason::Unverified { what: what.clone(), cause }]);
        let vendor = self.catalogue.trust.vendor(&self.id.vendor).map_err(|e| unverified(e.to_string()))?;
        let keyring = vendor.keyring(Role::Package).map_err(|e| unverified(e.to_string()))?;
        let signed = self.agent.packages.plan_in(archive, &keyring).map_err(|e| unverified(e.to_string()))?;
        match self.catalogue.trust.plan(self.id, &format!("the plan in {what}"), &signed) {
            Ok(plan) => Ok(SignedPlan { plan, signed }),
            Err(TrustError::Newer { envelope, .. }) => Err(self.too_new(&envelope)),
            Err(problem) => Err(unverified(problem.to_string())),
        }
    }

    fn too_new(&self, envelope: &consign_metadata::plan::Envelope) -> Refused {
        let finished = self.catalogue.entries[self.id].product.finished().ok().flatten();
        let from = finished.map_or_else(|| envelope.version.clone(), |(version, _)| version);
        (Some(envelope.version.clone()), gate::reasons_of_newer(envelope, &from))
    }
}
