//! The agent's own package, which is no part of a product: found in the list that a vendor's feed names, and kept
//! until it takes the place of this one ([`super::renewal`]). The feed of a vendor that has no product on this host yet
//! is read for the agent alone.

use std::path::{Path, PathBuf};
use std::time::Duration;

use consign_metadata::anchor::AGENT_CERTIFICATE_FILE;
use consign_metadata::digest::Sha256;
use consign_metadata::feed::{Feed, FeedPackage, MAXIMUM_WINDOWS_SIZE, WindowsIndex};
use consign_metadata::name::{PackageName, VendorName};
use consign_metadata::openpgp::Keyring;
use consign_metadata::version::Version;

use jiff::Timestamp;

use super::record::Record;
use super::renewal::Renewal;
use super::{archive, published, store, transport};
use crate::feed::{self, Kept};
use crate::host::{HostError, at};
use crate::places::Places;
use crate::site::repository::Subscription;
use crate::trust::{Trust, Vendor};

const NAME: &str = "consignee";
/// What is not whole yet.
const INCOMING: &str = ".arriving";
/// How long its package may take.
const LIMIT: Duration = Duration::from_secs(600);

/// What tells which of two agents is newer: it has a package and no plan, so its version is what that is called.
pub type Order = (Version, u32);

/// A newer agent, and where it is.
struct Newer {
    order: Order,
    version: String,
    vendor: VendorName,
    package: FeedPackage,
    from: Subscription,
}

/// The package that this agent came with; `None` where somebody put its program there by hand.
///
/// # Errors
/// When the registry cannot be read.
pub fn installed() -> Result<Option<Record>, HostError> {
    Record::of(&name())
}

/// Brings the newest agent that a feed on this host names, where it is newer than this one; its version, in any case.
///
/// # Errors
/// When it cannot be had, or is not what the feed names and its builder signed.
pub fn bring(places: &Places) -> Result<Option<String>, HostError> {
    let Some(here) = installed()? else { return Ok(None) };
    let Some(newest) = newest(places)? else { return Ok(None) };
    if order(&here.version).is_none_or(|here| newest.order > here) {
        keep(places, &newest)?;
    }
    Ok(Some(newest.version))
}

fn keep(places: &Places, newer: &Newer) -> Result<(), HostError> {
    let folder = folder(places);
    let known = Renewal::read(places)?.filter(|known| known.version == newer.version && known.file(places).exists());
    if known.is_some() {
        return Ok(());
    }
    std::fs::create_dir_all(&folder).map_err(|cause| at("make", &folder, cause))?;
    Renewal::forget(places)?;
    let incoming = folder.join(INCOMING);
    let brought = take(places, newer, &incoming).and_then(|()| {
        let file = store::name(&newer.package.file)?;
        let to = folder.join(&file);
        std::fs::rename(&incoming, &to).map_err(|cause| at("keep", &to, cause))?;
        Renewal::of(newer.version.clone(), newer.vendor.clone(), file, newer.package.file.sha256).keep(places)
    });
    if brought.is_err() {
        let _ = std::fs::remove_file(&incoming);
    }
    brought
}

/// A package file that is this version of the agent, signed by the keys that a vendor of this host names for it.
///
/// # Errors
/// When it is not.
pub fn check(places: &Places, vendor: &VendorName, version: &str, file: &Path) -> Result<(), HostError> {
    let cannot = |reason: String| HostError { action: format!("trust the agent of {vendor}"), reason };
    let trust = published::trust(places)?;
    let anchor = &trust.vendor(vendor).map_err(|cause| cannot(cause.to_string()))?.anchor;
    let certificate = places.anchors().join(vendor.as_str()).join(AGENT_CERTIFICATE_FILE);
    let certificate = std::fs::read(&certificate).map_err(|cause| at("read", &certificate, cause))?;
    let keyring =
        Keyring::new(&certificate, anchor.agent.clone(), "agent").map_err(|cause| cannot(cause.to_string()))?;
    let found = archive::identify(places, file, &keyring)?;
    match found.package == name() && found.version == version {
        true => Ok(()),
        false => Err(at("trust", file, format!("it is {} {}", found.package, found.version))),
    }
}

/// Where it is kept.
pub fn folder(places: &Places) -> PathBuf {
    places.state().join(".agent")
}

/// Its program, where its package puts that.
pub fn program(places: &Places) -> PathBuf {
    places.at("/usr/lib/consignee").join("consignee.exe")
}

/// `0.2.0-1`: the version, and the packaging of it.
pub fn order(native: &str) -> Option<Order> {
    let (version, revision) = native.rsplit_once('-')?;
    Some((version.parse().ok()?, revision.parse().ok()?))
}

fn newest(places: &Places) -> Result<Option<Newer>, HostError> {
    let trust = published::trust(places)?;
    let (mut found, mut problem) = (Vec::new(), None);
    for vendor in trust.vendors() {
        match of(places, &trust, vendor) {
            Ok(newest) => found.extend(newest),
            Err(cause) => {
                log::warn!("{}: {cause}", vendor.anchor.vendor);
                problem = Some(cause);
            }
        }
    }
    // What one vendor has is enough.
    match (found.into_iter().max_by(|one, other| one.order.cmp(&other.order)), problem) {
        (None, Some(problem)) => Err(problem),
        (newest, _) => Ok(newest),
    }
}

/// The feed of a vendor. That of one with products here is brought up to date with them, by whoever looks.
fn feed_of(places: &Places, trust: &Trust, vendor: &Vendor, from: &Subscription) -> Result<Option<Feed>, HostError> {
    let cannot = |reason: String| HostError { action: format!("read the feed of {}", vendor.anchor.vendor), reason };
    let installed = trust.installed(places).map_err(|cause| cannot(cause.to_string()))?;
    let is_here = |found: &crate::trust::InstalledPlan| {
        found.plan.as_ref().is_ok_and(|(plan, _)| plan.envelope.vendor == vendor.anchor.vendor)
    };
    if installed.iter().any(is_here) {
        return Ok(Kept::of(places, vendor, &from.channel).ok().flatten().map(|kept| kept.feed));
    }
    let fetch =
        |path: &str, maximum: u64| transport::fetch(from, path, maximum, LIMIT).map_err(|problem| problem.to_string());
    let kept = feed::update(places, vendor, &from.channel, &[], Timestamp::now(), &fetch);
    kept.map(|kept| Some(kept.feed)).map_err(|cause| cannot(cause.to_string()))
}

/// The newest of one vendor.
fn of(places: &Places, trust: &Trust, vendor: &Vendor) -> Result<Option<Newer>, HostError> {
    let of = &vendor.anchor.vendor;
    let Some(from) = published::subscription(places, of) else { return Ok(None) };
    let Some(feed) = feed_of(places, trust, vendor, &from)? else { return Ok(None) };
    let Some(list) = feed.windows_index() else { return Ok(None) };
    let bytes = transport::fetch(&from, &list.path, MAXIMUM_WINDOWS_SIZE, LIMIT)?;
    let wrong = |reason: String| HostError { action: format!("trust {}/{}", from.url, list.path), reason };
    if Sha256::of(&bytes) != list.sha256 {
        return Err(wrong("it is not the list that the feed names".to_owned()));
    }
    let index = WindowsIndex::parse(&bytes, of).map_err(|cause| wrong(cause.to_string()))?;
    let Some(package) = index.newest(&name(), published::architecture()).cloned() else { return Ok(None) };
    let Some(version) = package.native.msi.clone() else { return Ok(None) };
    let order = order(&version).ok_or_else(|| wrong(format!("{version} is no version of an agent")))?;
    Ok(Some(Newer { order, version, vendor: of.clone(), package, from }))
}

fn take(places: &Places, newer: &Newer, to: &Path) -> Result<(), HostError> {
    log::info!("fetching the agent {} ({} bytes)", newer.version, newer.package.file.size);
    store::fetch(&newer.from, &newer.package.file, to, LIMIT)?;
    check(places, &newer.vendor, &newer.version, to)
}

fn name() -> PackageName {
    NAME.parse().expect("a package")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_later_version_or_packaging_is_newer() {
        let order = |native: &str| super::order(native).unwrap();
        assert!(order("0.2.0-1") > order("0.1.9-3") && order("0.2.0-2") > order("0.2.0-1"));
        assert!(order("0.2.0-1") > order("0.2.0-rc.1-1"));
        assert_eq!(super::order("new"), None);
    }
}
