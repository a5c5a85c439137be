//! Offers of a server that has no feed: the site made indexes of its own and signed them, and carries the vendor's
//! packages. By the site's word (`without_feed`) the plan in the package itself is what is gone by. It is signed by
//! the vendor as the package is; which releases there are besides, and which were withdrawn, nobody tells.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use consign_metadata::digest::Sha256;
use consign_metadata::document::Role;
use consign_metadata::name::PackageName;
use consign_metadata::openpgp::Keyring;

use super::{Desk, Evaluation};
use crate::agent::catalogue::SignedPlan;
use crate::agent::previous;
use crate::durable;
use crate::engine::event::Reason;
use crate::gate;
use crate::host::HostError;
use crate::request::Way;
use crate::site::is_without_feed;
use crate::trust::{self, TrustError, Vendor};

impl Desk<'_> {
    /// Whether the site says so of this product's vendor.
    pub(super) fn is_without_feed(&self) -> bool {
        is_without_feed(&self.agent.places, &self.id().vendor)
    }

    /// The offer of what the package manager would install.
    pub(super) fn plain(&self, package: &PackageName, native: &str) -> Evaluation {
        match self.plan_of(package, native) {
            Ok(plan) if self.ceiling.as_ref().is_some_and(|ceiling| plan.plan.envelope.version > *ceiling) => {
                self.nothing_newer()
            }
            Ok(plan) => self.offer(plan, None),
            Err(TrustError::Newer { envelope, .. }) => {
                self.only(Some(envelope.version.clone()), gate::reasons_of_newer(&envelope, self.from))
            }
            Err(problem) => self.unverified(None, format!("{package} {native}"), problem.to_string()),
        }
    }

    /// The way there, which has one stop: nobody tells of others.
    pub(super) fn plain_way(&self, package: &PackageName, native: &str) -> Way {
        let mut way = Way { from: self.from.clone(), legs: Vec::new(), beyond: Vec::new() };
        let beyond = match self.plan_of(package, native) {
            Ok(found) if !self.is_named(&found) => {
                let cause = "the site's server offers another version".to_owned();
                Some((self.ceiling.clone(), Reason::Unverified { what: format!("{package} {native}"), cause }))
            }
            Ok(found) => match gate::obstacles(&found.plan.envelope, self.from) {
                held if held.is_empty() => {
                    way.legs.push(self.leg(&found, self.from, true));
                    None
                }
                held => {
                    way.beyond.push(self.line(Some(found.plan.envelope.version.clone()), held));
                    None
                }
            },
            Err(problem) => {
                let (what, cause) = (format!("{package} {native}"), problem.to_string());
                Some((None, Reason::Unverified { what, cause }))
            }
        };
        way.beyond.extend(beyond.map(|(version, reason)| self.line(version, vec![reason])));
        way
    }

    fn is_named(&self, found: &SignedPlan) -> bool {
        self.ceiling.as_ref().is_none_or(|wanted| *wanted == found.plan.envelope.version)
    }

    /// The plan of exactly this version of a package: kept, or read from its file.
    fn plan_of(&self, package: &PackageName, native: &str) -> Result<SignedPlan, TrustError> {
        let vendor = self.situation.trust.vendor(&self.id().vendor)?;
        let kept = self.kept(package, native);
        if let Ok(signed) = trust::read_plan(&kept)
            && let Ok(found) = self.understood(vendor, package, native, signed)
        {
            return Ok(found);
        }
        let Opened { signed, notes } = self.opened(vendor, package, native).map_err(TrustError::Refused)?;
        let found = self.understood(vendor, package, native, signed)?;
        if let Err(problem) = keep(&kept, package, &found, &notes) {
            log::warn!("cannot keep {}: {problem}", kept.display());
        }
        Ok(found)
    }

    fn kept(&self, package: &PackageName, native: &str) -> PathBuf {
        let name = format!("{package}_{}.pgp", native.replace([':', '/'], "_"));
        self.agent.places.of_packages(&self.id().vendor).join(name)
    }

    /// A plan that is this product's and this very version's.
    fn understood(
        &self,
        vendor: &Vendor,
        package: &PackageName,
        native: &str,
        signed: Vec<u8>,
    ) -> Result<SignedPlan, TrustError> {
        let what = format!("the plan in {package} {native}");
        let plan = vendor.plan(&what, &signed)?;
        let mut modules = plan.body.modules.iter();
        let is_it = plan.id() == *self.id()
            && modules.any(|m| m.package == *package && self.agent.packages.native(&m.native) == Some(native));
        if is_it {
            Ok(SignedPlan { plan, signed })
        } else {
            Err(TrustError::Refused(format!("{what} is another plan")))
        }
    }

    /// What the package's file says, which is here or is fetched.
    fn opened(&self, vendor: &Vendor, package: &PackageName, native: &str) -> Result<Opened, String> {
        let keyring = vendor.keyring(Role::Package).map_err(|problem| problem.to_string())?;
        let here = self.agent.packages.source(package, native).ok().and_then(|source| source.file);
        if let Some(Ok(opened)) = here.map(|file| self.read(&file, package, native, &keyring)) {
            return Ok(opened);
        }
        let online = self.online.ok_or_else(|| format!("the plan of {package} {native} is not on this host"))?;
        let folder = self.situation.product.packages();
        std::fs::create_dir_all(&folder).map_err(|problem| problem.to_string())?;
        let folder = tempfile::Builder::new().prefix(previous::INCOMING).tempdir_in(&folder);
        let folder = folder.map_err(|problem| problem.to_string())?;
        let file = online.fetch_package(self.agent, package, native, folder.path())?;
        self.read(&file, package, native, &keyring)
    }

    fn read(&self, file: &Path, package: &PackageName, native: &str, keyring: &Keyring) -> Result<Opened, String> {
        let (packages, said) = (&self.agent.packages, |problem: HostError| problem.to_string());
        let found = packages.identify(file, keyring).map_err(said)?;
        if (&found.package, found.version.as_str()) != (package, native) {
            return Err(format!("{} is {} {}", file.display(), found.package, found.version));
        }
        let notes = packages.notes_in(file, keyring).map_err(said)?;
        Ok(Opened { signed: packages.plan_in(file, keyring).map_err(said)?, notes })
    }
}

/// What is read of a package's file.
struct Opened {
    signed: Vec<u8>,
    notes: Vec<Vec<u8>>,
}

/// Keeps a plan with the notes that it names, instead of those of other versions of the package.
fn keep(path: &Path, package: &PackageName, found: &SignedPlan, notes: &[Vec<u8>]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder)?;
    let beginning = format!("{package}_");
    for entry in std::fs::read_dir(folder)?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(&beginning) {
            durable::remove(&entry.path())?;
        }
    }
    let named: BTreeSet<&Sha256> = found.plan.envelope.notes.iter().flat_map(|note| note.texts.values()).collect();
    for text in notes {
        let digest = Sha256::of(text);
        if named.contains(&digest) {
            durable::replace(&folder.join(format!("{package}_{digest}.md")), text)?;
        }
    }
    durable::replace(path, &found.signed)
}
