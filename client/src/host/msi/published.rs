//! What the verified feeds on this host say of a package: there is no index beside them.

use consign_metadata::feed::{FeedPackage, FeedRelease, FileReference};
use consign_metadata::name::{PackageName, ProductId, VendorName};
use consign_metadata::version::Version;

use crate::feed::Kept;
use crate::host::HostError;
use crate::places::Places;
use crate::site::repository::Subscription;
use crate::trust::{Trust, Vendor};

/// One version of a package, in the repository of its vendor.
#[derive(Debug, Clone)]
pub struct Published {
    /// The product that it is a module of.
    pub product: ProductId,
    /// Its native version.
    pub version: String,
    /// Its release: what tells which of two is newer.
    pub order: (Version, u32),
    /// The file.
    pub file: FileReference,
    /// Where that is.
    pub from: Subscription,
}

/// Every version of a package that a feed on this host has for this kind of machine, the oldest first.
///
/// # Errors
/// When what this host trusts cannot be read. A feed that does not verify any more is as good as none.
pub fn all(places: &Places, package: &PackageName) -> Result<Vec<Published>, HostError> {
    let trust = trust(places)?;
    let mut found: Vec<Published> = trust.vendors().flat_map(|vendor| of(places, vendor, package)).collect();
    found.sort_by(|one, other| one.order.cmp(&other.order));
    Ok(found)
}

/// Exactly this version of a package.
///
/// # Errors
/// When no feed has it.
pub fn exactly(places: &Places, package: &PackageName, version: &str) -> Result<Published, HostError> {
    let found = all(places, package)?.into_iter().find(|published| published.version == version);
    let reason = "no feed on this host has it".to_owned();
    found.ok_or_else(|| HostError { action: format!("find {package} {version}"), reason })
}

/// The newest version that is newer than the installed one.
///
/// # Errors
/// Those of [`all`].
pub fn newer(places: &Places, package: &PackageName, installed: &str) -> Result<Option<Published>, HostError> {
    let published = all(places, package)?;
    let known = published.iter().find(|published| published.version == installed).map(|known| known.order.clone());
    let Some(here) = known.or_else(|| of_plan(places, package)) else { return Ok(None) };
    Ok(published.into_iter().rfind(|published| published.order > here))
}

/// The subscription of a vendor of this host; what is wrong with its file is said once, here.
pub fn subscription(places: &Places, vendor: &VendorName) -> Option<Subscription> {
    Subscription::of(places, vendor).unwrap_or_else(|problem| {
        log::warn!("{vendor}: {problem}");
        None
    })
}

/// What this host trusts.
///
/// # Errors
/// When it cannot be read.
pub fn trust(places: &Places) -> Result<Trust, HostError> {
    let cannot = |cause: crate::trust::TrustError| HostError {
        action: "read the anchors".to_owned(),
        reason: cause.to_string(),
    };
    Trust::read(places).map_err(cannot)
}

/// The release that is installed, by the plan that its package brought.
fn of_plan(places: &Places, package: &PackageName) -> Option<(Version, u32)> {
    let installed = trust(places).ok()?.installed(places).ok()?;
    let (plan, _) = installed.into_iter().find(|found| found.package == *package)?.plan.ok()?;
    Some((plan.envelope.version, plan.envelope.revision))
}

fn of(places: &Places, vendor: &Vendor, package: &PackageName) -> Vec<Published> {
    let name = &vendor.anchor.vendor;
    let Some(from) = subscription(places, name) else { return Vec::new() };
    let Ok(Some(kept)) = Kept::of(places, vendor, &from.channel) else { return Vec::new() };
    let products = kept.feed.shards.keys().map(|product| ProductId { vendor: name.clone(), product: product.clone() });
    let covered = products.filter(|id| vendor.anchor.covers(id));
    // The shards of products that are not on this host are not fetched.
    let shards = covered.filter_map(|id| Some((id.clone(), kept.shard(&id).ok()??)));
    shards
        .flat_map(|(product, shard)| {
            let releases = shard.releases.into_iter();
            releases.filter_map(|release| published(&product, release, package, &from)).collect::<Vec<_>>()
        })
        .collect()
}

fn published(
    product: &ProductId,
    release: FeedRelease,
    package: &PackageName,
    from: &Subscription,
) -> Option<Published> {
    let order = (release.version, release.revision);
    let is_it = |found: &FeedPackage| found.package == *package && found.architecture == architecture();
    let found = release.packages.into_iter().find(|found| is_it(found) && found.native.msi.is_some())?;
    let version = found.native.msi?;
    Some(Published { product: product.clone(), version, order, file: found.file, from: from.clone() })
}

/// This kind of machine, as packages name it.
pub fn architecture() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" }
}
