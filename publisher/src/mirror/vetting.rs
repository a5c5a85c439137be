//! Packages that have arrived, looked at before they get a place: what the index names, and signed by who
//! may sign it.

use std::collections::BTreeMap;

use consign_metadata::anchor::{AGENT_CERTIFICATE_FILE, ANCHOR_FILE, Anchor, CERTIFICATE_FILE};
use consign_metadata::digest::Sha256;
use consign_metadata::document::Role;
use consign_metadata::name::VendorName;
use consign_metadata::openpgp::Keyring;

use super::MirrorError;
use super::download::{Arrival, Verdict};
use super::offer::{Offer, Wanted};
use crate::package::{Known, Plans, SignedPackage};
use crate::publish::{AGENT, anchor_path};
use crate::repository::{RepositoryError, Retrieved};
use crate::store::Store;
use crate::trust::Trust;

/// Larger ones do not only introduce their vendor.
const MAXIMUM_INTRODUCTION: u64 = 16 * 1024 * 1024;

/// Who may sign which package.
pub struct Vetting {
    packages: Plans,
    /// By the extension of the package that told it.
    agents: BTreeMap<String, Plans>,
}

/// What the newest `<vendor>-release` lays down on hosts.
pub struct Introduced {
    /// The statement.
    pub anchor: Anchor,
    /// The vendor's certificate.
    pub certificate: Vec<u8>,
    agent: Option<Keyring>,
}

impl Vetting {
    /// By the keys that are known of a vendor.
    ///
    /// # Errors
    /// [`MirrorError::Certificate`]
    pub fn new(trust: &Trust) -> Result<Self, MirrorError> {
        let vendor = trust.roles.vendor.to_string();
        let package_keys = trust.keyring(Role::Package);
        let package_keys = package_keys.map_err(|cause| MirrorError::Certificate { vendor, cause })?;
        Ok(Self { packages: Plans::by(package_keys), agents: BTreeMap::new() })
    }

    /// The keys of the vendor's packages.
    pub fn package_keys(&self) -> &Keyring {
        self.packages.keyring()
    }

    /// Takes over what `<vendor>-release` says of the agent's keys.
    pub fn knows(&mut self, extension: &str, introduced: &Introduced) {
        if let Some(keys) = &introduced.agent {
            self.agents.insert(extension.to_owned(), Plans::by(keys.clone()));
        }
    }

    /// Looks at a file that has arrived.
    pub fn look(&self, wanted: &Wanted, arrival: &Arrival<'_>) -> Verdict {
        let Some(offer) = &wanted.package else { return by_digest(wanted, arrival) };
        let Some(plans) = self.plans_of(offer) else {
            return refused(wanted, "nothing published says who may sign the agent");
        };
        let digest = arrival.digest.map(|digest| (digest, wanted.file.size));
        let known = Known { digest, bytes: arrival.bytes };
        match SignedPackage::one_of_many(arrival.part, plans, known) {
            // Damaged on the way, or as its vendor left it?
            Err(cause) => match by_digest(wanted, arrival) {
                Verdict::Good => Verdict::Refused(MirrorError::Package { path: wanted.file.path.clone(), cause }),
                damaged => damaged,
            },
            Ok(package) if (package.file_digest(), package.file_size()) != (wanted.file.sha256, wanted.file.size) => {
                Verdict::Damaged("its content is not what was signed".to_owned())
            }
            Ok(package) => is_offered(wanted, offer, &package),
        }
    }

    fn plans_of(&self, offer: &Offer) -> Option<&Plans> {
        if offer.name != AGENT {
            return Some(&self.packages);
        }
        self.agents.get(offer.extension()).or_else(|| self.agents.values().next())
    }
}

fn is_offered(wanted: &Wanted, offer: &Offer, package: &SignedPackage) -> Verdict {
    let is = (package.name().as_str(), package.version(), package.architecture());
    if is != (offer.name.as_str(), offer.version.as_str(), offer.architecture.as_str()) {
        return refused(wanted, "it is another package than the index says");
    }
    if offer.plan.is_some_and(|plan| package.plan().map(|signed| signed.plan.digest) != Some(plan)) {
        return refused(wanted, "it does not carry the plan that the feed names");
    }
    Verdict::Good
}

/// Looks at a file of which nothing is known but its digest.
pub fn by_digest(wanted: &Wanted, arrival: &Arrival<'_>) -> Verdict {
    let file = arrival.part;
    let read = || std::fs::File::open(file).and_then(Sha256::of_reader).map(|(digest, _)| digest);
    match arrival.digest.map_or_else(read, Ok) {
        Ok(digest) if digest == wanted.file.sha256 => Verdict::Good,
        Ok(_) => Verdict::Damaged("its content is not what was signed".to_owned()),
        Err(cause) => Verdict::Refused(MirrorError::Io { what: "read", place: file.display().to_string(), cause }),
    }
}

fn refused(wanted: &Wanted, reason: &str) -> Verdict {
    Verdict::Refused(RepositoryError::damaged(&wanted.file.path, reason).into())
}

/// Reads what a `<vendor>-release` of the mirror lays down.
///
/// # Errors
/// [`MirrorError`]
pub fn introduced(
    store: &dyn Store,
    vendor: &VendorName,
    offer: &Offer,
    keys: &Keyring,
) -> Result<Option<Introduced>, MirrorError> {
    let key = offer.file.path.parse()?;
    let Some(release) = Retrieved::fetch(store, &key, MAXIMUM_INTRODUCTION, keys)? else { return Ok(None) };
    read(&release, vendor).map(Some)
}

/// What a `<vendor>-release` at hand lays down.
///
/// # Errors
/// [`MirrorError::Repository`]
pub fn read(release: &Retrieved, vendor: &VendorName) -> Result<Introduced, MirrorError> {
    let damaged = |reason: String| MirrorError::from(RepositoryError::damaged(&release.key, reason));
    let installed = |file: &str| release.installed(&anchor_path(vendor, file));
    let anchor = installed(ANCHOR_FILE)?.ok_or_else(|| damaged(format!("it has no {ANCHOR_FILE}")))?;
    let anchor = Anchor::parse(&anchor).map_err(|cause| damaged(format!("its {ANCHOR_FILE} {cause}")))?;
    let certificate = installed(CERTIFICATE_FILE)?;
    let certificate = certificate.ok_or_else(|| damaged(format!("it has no {CERTIFICATE_FILE}")))?;
    let agent = match installed(AGENT_CERTIFICATE_FILE)? {
        Some(bytes) => {
            let keys = Keyring::new(&bytes, anchor.agent.clone(), "agent");
            Some(keys.map_err(|cause| damaged(format!("its {AGENT_CERTIFICATE_FILE} {cause}")))?)
        }
        None => None,
    };
    Ok(Introduced { anchor, certificate, agent })
}
