//! The agent's own package: found in the list that a vendor's feed names, and installed by a process that outlives
//! the service, which the package stops and starts.

use std::path::{Path, PathBuf};
use std::time::Duration;

use consign_metadata::anchor::AGENT_CERTIFICATE_FILE;
use consign_metadata::digest::Sha256;
use consign_metadata::feed::{FeedPackage, MAXIMUM_WINDOWS_SIZE, WindowsIndex};
use consign_metadata::name::PackageName;
use consign_metadata::openpgp::Keyring;
use consign_metadata::version::Version;
use serde::{Deserialize, Serialize};

use super::record::Record;
use super::{archive, msiexec, published, transport};
use crate::durable;
use crate::feed::Kept;
use crate::host::{HostError, at};
use crate::places::Places;
use crate::site::repository::Subscription;
use crate::trust::Vendor;

const NAME: &str = "consignee";
const FORMAT: u32 = 1;
/// How often one version is tried: a package that does not come to its end is no reason to try for ever.
const TRIES: u32 = 3;
const LIMIT: Duration = Duration::from_secs(600);

/// What was tried, in `agent\tried.json`.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Tried {
    format: u32,
    version: String,
    times: u32,
}

/// A newer agent, and where it is.
struct Newer {
    order: (Version, u32),
    version: String,
    package: FeedPackage,
    from: Subscription,
    keyring: Keyring,
}

/// Brings the newest agent that a feed of this host names, and lets its package take the place of this one; whether
/// that has begun. An agent that came as no package is left alone.
///
/// # Errors
/// When it cannot be had, or is not what the feed names and its builder signed.
pub fn renew(places: &Places) -> Result<bool, HostError> {
    let name: PackageName = NAME.parse().expect("a package");
    let Some(here) = Record::of(&name)? else { return Ok(false) };
    let Some(newer) = newest(places, &name)?.filter(|newer| order(&here.version).is_none_or(|o| newer.order > o)) else {
        return Ok(false);
    };
    let folder = places.state().join("agent");
    std::fs::create_dir_all(&folder).map_err(|cause| at("make", &folder, cause))?;
    if !count(&folder, &newer.version)? {
        return Ok(false);
    }
    let path = folder.join(format!("{NAME}.msi"));
    bring(&newer, &name, &path)?;
    log::info!("agent {} takes the place of {}", newer.version, here.version);
    msiexec::start(places, &["/i", &path.display().to_string()], &folder.join("msiexec.log")).map(|()| true)
}

fn newest(places: &Places, name: &PackageName) -> Result<Option<Newer>, HostError> {
    let trust = published::trust(places)?;
    let found = trust.vendors().filter_map(|vendor| {
        of(places, vendor, name).unwrap_or_else(|problem| {
            log::warn!("{}: {problem}", vendor.anchor.vendor);
            None
        })
    });
    Ok(found.max_by(|one, other| one.order.cmp(&other.order)))
}

fn of(places: &Places, vendor: &Vendor, name: &PackageName) -> Result<Option<Newer>, HostError> {
    let of = &vendor.anchor.vendor;
    let Some(from) = published::subscription(places, of) else { return Ok(None) };
    let Ok(Some(kept)) = Kept::of(places, vendor, &from.channel) else { return Ok(None) };
    let Some(file) = kept.feed.windows_index() else { return Ok(None) };
    let bytes = transport::fetch(&from, &file.path, MAXIMUM_WINDOWS_SIZE, LIMIT)?;
    let wrong = |reason: String| HostError { action: format!("trust {}/{}", from.url, file.path), reason };
    if Sha256::of(&bytes) != file.sha256 {
        return Err(wrong("it is not the list that the feed names".to_owned()));
    }
    let index = WindowsIndex::parse(&bytes, of).map_err(|cause| wrong(cause.to_string()))?;
    let Some(package) = index.newest(name, published::architecture()).cloned() else { return Ok(None) };
    let Some(version) = package.native.msi.clone() else { return Ok(None) };
    let order = order(&version).ok_or_else(|| wrong(format!("{version} is no version of an agent")))?;
    let certificate = places.anchors().join(of.as_str()).join(AGENT_CERTIFICATE_FILE);
    let certificate = std::fs::read(&certificate).map_err(|cause| at("read", &certificate, cause))?;
    let keyring = Keyring::new(&certificate, vendor.anchor.agent.clone(), "agent");
    let keyring = keyring.map_err(|cause| wrong(cause.to_string()))?;
    Ok(Some(Newer { order, version, package, from, keyring }))
}

fn bring(newer: &Newer, name: &PackageName, to: &Path) -> Result<(), HostError> {
    let file = &newer.package.file;
    transport::save(&newer.from, &file.path, file.size, to, LIMIT)?;
    let digest = std::fs::File::open(to).and_then(Sha256::of_reader).map_err(|cause| at("read", to, cause))?.0;
    let found = archive::identify(to, &newer.keyring)?;
    match digest == file.sha256 && found.package == *name && found.version == newer.version {
        true => Ok(()),
        false => Err(at("trust", to, "it is not the agent that the feed names")),
    }
}

/// Counts one more attempt; `false` where there were enough.
fn count(folder: &Path, version: &str) -> Result<bool, HostError> {
    let path: PathBuf = folder.join("tried.json");
    let read = durable::read(&path, FORMAT, |tried: &Tried| tried.format);
    let tried = read.map_err(|cause| at("read", &path, cause))?.filter(|tried| tried.version == version);
    let times = tried.map_or(0, |tried| tried.times) + 1;
    let text = serde_json::to_vec(&Tried { format: FORMAT, version: version.to_owned(), times });
    let kept = text.map_err(std::io::Error::other).and_then(|text| durable::replace(&path, &text));
    kept.map_err(|cause| at("write", &path, cause))?;
    Ok(times <= TRIES)
}

/// The agent has a package, and no plan: its version is what its package is called, `0.2.0-1`.
fn order(native: &str) -> Option<(Version, u32)> {
    let (version, revision) = native.rsplit_once('-')?;
    Some((version.parse().ok()?, revision.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_version_or_packaging_is_newer() {
        let order = |native: &str| order(native).unwrap();
        assert!(order("0.2.0-1") > order("0.1.9-3") && order("0.2.0-2") > order("0.2.0-1"));
        assert!(order("0.2.0-1") > order("0.2.0-rc.1-1"));
        assert_eq!(super::order("new"), None);
    }

    #[test]
    fn one_version_is_tried_three_times_and_the_next_one_as_well() {
        let folder = tempfile::tempdir().unwrap();
        let mut count = |version: &str| super::count(folder.path(), version).unwrap();
        assert_eq!([(); 4].map(|()| count("0.2.0-1")), [true, true, true, false]);
        assert!(count("0.2.1-1"));
    }
}
