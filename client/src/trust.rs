//! What this host trusts: the anchors of vendors, and what their keys have signed.
//!
//! An anchor is laid down by `<vendor>-release` and never fetched. A plan counts only when it was signed
//! by a key with the role `package` of the vendor that it names, and that vendor's anchor has the product.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use consign_metadata::anchor::{ANCHOR_FILE, Anchor, CERTIFICATE_FILE};
use consign_metadata::document::{DocumentError, Role};
use consign_metadata::name::{PackageName, ProductId, VendorName};
use consign_metadata::openpgp::{Keyring, VerifyError};
use consign_metadata::plan::{self, Envelope, UpgradePlan};

use crate::host::{self, kernel::files};
use crate::places::Places;

/// Why something is not trusted.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// Nothing on this host speaks for the vendor.
    #[error("cannot trust {vendor}: there is no anchor in {folder}; install {vendor}-release")]
    NoAnchor {
        /// The vendor.
        vendor: VendorName,
        /// Where it would be.
        folder: PathBuf,
    },
    /// Its anchor is there and cannot be used.
    #[error("{0}")]
    Refused(String),
    /// The anchor, or a plan on disk, cannot be read.
    #[error("cannot read {path}: {cause}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The reason the system gave.
        cause: io::Error,
    },
    /// Others than root could have written the anchor.
    #[error("cannot trust {path}: {problem}")]
    Unsafe {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A document is not what it should be.
    #[error("cannot use {what}: it {cause}")]
    Document {
        /// Which document.
        what: String,
        /// What is wrong with it.
        cause: DocumentError,
    },
    /// A signature is not good.
    #[error("cannot trust {what}: it {cause}")]
    Signature {
        /// Which document.
        what: String,
        /// What is wrong with it.
        cause: VerifyError,
    },
    /// The anchor does not have the product.
    #[error("cannot trust {what}: the anchor of {vendor} does not have the product {product}")]
    NotCovered {
        /// Which document.
        what: String,
        /// The vendor.
        vendor: VendorName,
        /// The product.
        product: ProductId,
    },
    /// The plan is in order, but of a later format than this agent reads.
    #[error("cannot carry out {what}: it needs the agent {} or later", .envelope.minimum_agent)]
    Newer {
        /// Which document.
        what: String,
        /// What every agent understands of it.
        envelope: Box<Envelope>,
    },
}

/// A vendor that this host trusts.
#[derive(Debug, Clone)]
pub struct Vendor {
    /// What it is trusted for.
    pub anchor: Anchor,
    certificate: Vec<u8>,
}

impl Vendor {
    /// The keys of a role.
    ///
    /// # Errors
    /// [`TrustError::Signature`] when the certificate is none.
    pub fn keyring(&self, role: Role) -> Result<Keyring, TrustError> {
        let what = format!("the certificate of {}", self.anchor.vendor);
        Keyring::new(&self.certificate, self.anchor.keys_of(role), role.as_str())
            .map(|keyring| keyring.with_windows(self.anchor.windows.clone()))
            .map_err(|cause| TrustError::Signature { what, cause })
    }

    /// Verifies a signed plan and reads it.
    ///
    /// # Errors
    /// [`TrustError`]; [`TrustError::Newer`] for a good plan that this agent is too old for.
    pub fn plan(&self, what: &str, signed: &[u8]) -> Result<UpgradePlan, TrustError> {
        let verified = self.keyring(Role::Package)?.verify_message(signed, plan::MAXIMUM_SIZE);
        let bytes = verified.map_err(|cause| TrustError::Signature { what: what.to_owned(), cause })?.bytes;
        let document = |cause| TrustError::Document { what: what.to_owned(), cause };
        let envelope = Envelope::parse(&bytes).map_err(document)?;
        if !self.anchor.covers(&envelope.id()) {
            let (vendor, product) = (self.anchor.vendor.clone(), envelope.id());
            return Err(TrustError::NotCovered { what: what.to_owned(), vendor, product });
        }
        match UpgradePlan::parse(&bytes) {
            Err(DocumentError::Newer { .. }) => {
                Err(TrustError::Newer { what: what.to_owned(), envelope: Box::new(envelope) })
            }
            other => other.map(host::as_here).map_err(document),
        }
    }
}

/// Every anchor of this host.
#[derive(Debug, Clone)]
pub struct Trust {
    folder: PathBuf,
    vendors: BTreeMap<VendorName, Vendor>,
    /// Anchors that cannot be used, with the reason.
    pub refused: BTreeMap<VendorName, String>,
}

impl Trust {
    /// Reads the anchors of a host. One that cannot be used spoils no other.
    ///
    /// # Errors
    /// When the folder of anchors cannot be read.
    pub fn read(places: &Places) -> Result<Self, TrustError> {
        let folder = places.anchors();
        let mut trust = Self { folder: folder.clone(), vendors: BTreeMap::new(), refused: BTreeMap::new() };
        for name in names(&folder).map_err(|cause| TrustError::Unreadable { path: folder.clone(), cause })? {
            let Ok(vendor) = name.parse::<VendorName>() else { continue };
            match read_vendor(&folder.join(&name), &vendor) {
                Ok(found) => drop(trust.vendors.insert(vendor, found)),
                Err(error) => drop(trust.refused.insert(vendor, error.to_string())),
            }
        }
        Ok(trust)
    }

    /// The vendor of a name.
    ///
    /// # Errors
    /// [`TrustError::NoAnchor`], or the reason why its anchor cannot be used.
    pub fn vendor(&self, name: &VendorName) -> Result<&Vendor, TrustError> {
        if let Some(problem) = self.refused.get(name) {
            return Err(TrustError::Refused(problem.clone()));
        }
        let none = || TrustError::NoAnchor { vendor: name.clone(), folder: self.folder.clone() };
        self.vendors.get(name).ok_or_else(none)
    }

    /// Every vendor that can be used.
    pub fn vendors(&self) -> impl Iterator<Item = &Vendor> {
        self.vendors.values()
    }

    /// Verifies a signed plan that must be of this product.
    ///
    /// # Errors
    /// [`TrustError`]
    pub fn plan(&self, id: &ProductId, what: &str, signed: &[u8]) -> Result<UpgradePlan, TrustError> {
        let plan = self.vendor(&id.vendor)?.plan(what, signed)?;
        if plan.id() != *id {
            let cause = DocumentError::Identity { expected: id.to_string(), found: plan.id().to_string() };
            return Err(TrustError::Document { what: what.to_owned(), cause });
        }
        Ok(plan)
    }

    /// The plans of the packages on this host, by package. Those that do not verify are told apart.
    ///
    /// # Errors
    /// When the folder of plans cannot be read.
    pub fn installed(&self, places: &Places) -> Result<Vec<InstalledPlan>, TrustError> {
        let folder = places.plans();
        let mut found = Vec::new();
        // Every package of a release brings the same bytes.
        let mut verified: BTreeMap<Vec<u8>, UpgradePlan> = BTreeMap::new();
        for name in names(&folder).map_err(|cause| TrustError::Unreadable { path: folder.clone(), cause })? {
            let package = name.strip_suffix(".pgp").and_then(|name| name.parse().ok());
            let Some(package) = package else { continue };
            let signed = read_plan(&folder.join(&name));
            let plan = signed.and_then(|signed| {
                if let Some(plan) = verified.get(&signed) {
                    return Ok((plan.clone(), signed));
                }
                let plan = self.of_any_vendor(&folder.join(&name).display().to_string(), &signed)?;
                verified.insert(signed.clone(), plan.clone());
                Ok((plan, signed))
            });
            found.push(InstalledPlan { package, plan });
        }
        Ok(found)
    }

    // A plan on disk says whose it is only once it is verified: each vendor's keys are tried.
    fn of_any_vendor(&self, what: &str, signed: &[u8]) -> Result<UpgradePlan, TrustError> {
        let mut problem = None;
        for vendor in self.vendors.values() {
            match vendor.plan(what, signed) {
                Err(TrustError::Signature { cause, .. }) => {
                    problem = Some(TrustError::Signature { what: what.to_owned(), cause });
                }
                other => return other,
            }
        }
        Err(problem.unwrap_or_else(|| TrustError::Unsafe {
            path: self.folder.clone(),
            problem: "there is no anchor that can be used".to_owned(),
        }))
    }
}

/// A plan that a package of this host installed.
#[derive(Debug)]
pub struct InstalledPlan {
    /// The package.
    pub package: PackageName,
    /// Its plan and the bytes that carry it, or why it does not count.
    pub plan: Result<(UpgradePlan, Vec<u8>), TrustError>,
}

/// The bytes of a signed plan on disk, never more than a plan may have.
///
/// # Errors
/// [`TrustError::Unreadable`]
pub fn read_plan(path: &Path) -> Result<Vec<u8>, TrustError> {
    let unreadable = |cause| TrustError::Unreadable { path: path.to_owned(), cause };
    let length = std::fs::metadata(path).map_err(unreadable)?.len();
    if length > plan::MAXIMUM_SIZE {
        return Err(unreadable(io::Error::other(format!("it has {length} bytes"))));
    }
    std::fs::read(path).map_err(unreadable)
}

fn read_vendor(folder: &Path, vendor: &VendorName) -> Result<Vendor, TrustError> {
    let parent = folder.parent().unwrap_or(folder);
    for path in [parent, folder] {
        check_owner(path)?;
    }
    let statement = read_owned(&folder.join(ANCHOR_FILE))?;
    let certificate = read_owned(&folder.join(CERTIFICATE_FILE))?;
    let what = folder.join(ANCHOR_FILE).display().to_string();
    let document = |cause| TrustError::Document { what: what.clone(), cause };
    let anchor = Anchor::parse(&statement).map_err(document)?;
    if anchor.vendor != *vendor {
        let cause = DocumentError::Identity { expected: vendor.to_string(), found: anchor.vendor.to_string() };
        return Err(document(cause));
    }
    Ok(Vendor { anchor, certificate })
}

fn read_owned(path: &Path) -> Result<Vec<u8>, TrustError> {
    check_owner(path)?;
    std::fs::read(path).map_err(|cause| TrustError::Unreadable { path: path.to_owned(), cause })
}

// The owner is root; a test is its own. The viewer reads root's files as anybody.
fn check_owner(path: &Path) -> Result<(), TrustError> {
    let metadata =
        std::fs::symlink_metadata(path).map_err(|cause| TrustError::Unreadable { path: path.to_owned(), cause })?;
    let unsafe_because = |problem: String| Err(TrustError::Unsafe { path: path.to_owned(), problem });
    if metadata.is_symlink() {
        return unsafe_because("it is a link".to_owned());
    }
    files::why_untrusted(path, &metadata).map_or(Ok(()), unsafe_because)
}

fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names =
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect::<io::Result<Vec<_>>>()?;
    names.sort_unstable();
    Ok(names)
}

#[cfg(all(test, unix))]
mod tests;
