//! What this host trusts: the anchors of vendors, and what their keys have signed.
//!
//! An anchor is laid down by `<vendor>-release` and never fetched. A plan counts only when it was signed
//! by a key with the role `package` of the vendor that it names, and that vendor's anchor has the product.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use consign_metadata::anchor::{ANCHOR_FILE, Anchor, CERTIFICATE_FILE};
use consign_metadata::document::{DocumentError, Role};
use consign_metadata::name::{PackageName, ProductId, VendorName};
use consign_metadata::openpgp::{Keyring, VerifyError};
use consign_metadata::plan::{self, Envelope, UpgradePlan};

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
            other => other.map_err(document),
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
        for name in names(&folder).map_err(|cause| TrustError::Unreadable { path: folder.clone(), cause })? {
            let package = name.strip_suffix(".pgp").and_then(|name| name.parse().ok());
            let Some(package) = package else { continue };
            let signed = read_plan(&folder.join(&name));
            let plan = signed.and_then(|signed| {
                let plan = self.of_any_vendor(&folder.join(&name).display().to_string(), &signed)?;
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
    let metadata = std::fs::symlink_metadata(path)
        .map_err(|cause| TrustError::Unreadable { path: path.to_owned(), cause })?;
    let unsafe_because = |problem: String| Err(TrustError::Unsafe { path: path.to_owned(), problem });
    if metadata.is_symlink() {
        return unsafe_because("it is a link".to_owned());
    }
    if metadata.uid() != 0 && metadata.uid() != rustix::process::geteuid().as_raw() {
        return unsafe_because(format!("it belongs to user {}, not to root", metadata.uid()));
    }
    if metadata.mode() & 0o022 != 0 {
        return unsafe_because(format!("others than root may write it (mode {:04o})", metadata.mode() & 0o7777));
    }
    Ok(())
}

fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names = entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<io::Result<Vec<_>>>()?;
    names.sort_unstable();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::sample::vendor::Vendor as Sample;

    fn host() -> (tempfile::TempDir, Places, Sample) {
        let root = tempfile::tempdir().unwrap();
        let places = Places::below(root.path());
        let acme = Sample::new("acme");
        acme.anchor(&places);
        (root, places, acme)
    }

    fn plan(places: &Places, id: &str, signed: &[u8]) -> Result<UpgradePlan, TrustError> {
        Trust::read(places).unwrap().plan(&id.parse().unwrap(), "the plan", signed)
    }

    #[test]
    fn a_plan_counts_when_the_vendors_package_key_signed_it() {
        let (_root, places, acme) = host();
        let text = acme.plan("1.0.0").to_string();
        assert!(plan(&places, "acme/erp", &acme.sign_as_package(&text)).is_ok());
        let index = plan(&places, "acme/erp", &acme.sign_as_index(&text)).unwrap_err();
        assert!(index.to_string().contains("has not that role"), "{index}");
        assert!(matches!(plan(&places, "acme/shop", &acme.sign_as_package(&text)), Err(TrustError::Document { .. })));
        assert!(matches!(plan(&places, "none/erp", &acme.sign_as_package(&text)), Err(TrustError::NoAnchor { .. })));
    }

    #[test]
    fn a_byte_that_changed_is_found() {
        let (_root, places, acme) = host();
        let signed = acme.sign_as_package(&acme.plan("1.0.0").to_string());
        let at = signed.windows(5).position(|w| w == b"1.0.0").unwrap();
        let mut altered = signed.clone();
        altered[at] = b'2';
        assert!(matches!(plan(&places, "acme/erp", &altered), Err(TrustError::Signature { .. })));
        assert!(matches!(plan(&places, "acme/erp", b"{}"), Err(TrustError::Signature { .. })));
    }

    #[test]
    fn a_vendor_speaks_for_its_own_products_only() {
        let (_root, places, acme) = host();
        let other = Sample::new("other");
        other.anchor(&places);
        let text = acme.plan("1.0.0").to_string();
        assert!(matches!(plan(&places, "acme/erp", &other.sign_as_package(&text)), Err(TrustError::Signature { .. })));
        assert!(matches!(plan(&places, "other/erp", &other.sign_as_package(&text)), Err(TrustError::NotCovered { .. })));
        let shop = text.replace("\"erp\"", "\"shop\"");
        assert!(matches!(plan(&places, "acme/shop", &acme.sign_as_package(&shop)), Err(TrustError::NotCovered { .. })));
    }

    #[test]
    fn an_anchor_that_others_could_have_written_is_refused_and_spoils_no_other() {
        let (_root, places, acme) = host();
        Sample::new("other").anchor(&places);
        let signed = acme.sign_as_package(&acme.plan("1.0.0").to_string());
        for name in ["anchor.json", "certificate.pgp", ""] {
            let path = places.anchors().join("acme").join(name);
            let mode = fs_err::metadata(&path).unwrap().permissions().mode();
            fs_err::set_permissions(&path, std::fs::Permissions::from_mode(mode | 0o020)).unwrap();
            let error = plan(&places, "acme/erp", &signed).unwrap_err();
            assert!(error.to_string().contains("others than root may write it"), "{name}: {error}");
            assert!(Trust::read(&places).unwrap().vendor(&"other".parse().unwrap()).is_ok());
            fs_err::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        assert!(plan(&places, "acme/erp", &signed).is_ok());
    }

    #[test]
    fn a_plan_of_a_later_format_still_says_what_it_is() {
        let (_root, places, acme) = host();
        let mut newer = acme.plan("1.1.0");
        newer["body"] = serde_json::json!({"format": 2, "wonders": []});
        let error = plan(&places, "acme/erp", &acme.sign_as_package(&newer.to_string())).unwrap_err();
        assert!(matches!(&error, TrustError::Newer { envelope, .. } if envelope.version == "1.1.0".parse().unwrap()));
    }

    #[test]
    fn installed_plans_are_told_by_package_and_a_bad_one_hides_no_other() {
        let (_root, places, acme) = host();
        fs_err::create_dir_all(places.plans()).unwrap();
        let signed = acme.sign_as_package(&acme.plan("1.0.0").to_string());
        fs_err::write(places.plans().join("acme-erp.pgp"), signed).unwrap();
        fs_err::write(places.plans().join("broken.pgp"), "nonsense").unwrap();
        let found = Trust::read(&places).unwrap().installed(&places).unwrap();
        let good: Vec<_> = found.iter().map(|one| (one.package.as_str(), one.plan.is_ok())).collect();
        assert_eq!(good, [("acme-erp", true), ("broken", false)]);
    }
}
