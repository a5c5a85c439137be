//! A vendor whose keys changed while this host was away: the package that introduces it anew is fetched and
//! verified, so that nobody has to install one that only claims to be it.
//!
//! The primary key, which the anchor names and which never signs a package, vouches for the new keys. An
//! old key of the indexes, which lives in a pipeline, is not enough.

use std::path::PathBuf;

use consign_metadata::anchor::PUBLISHED_CERTIFICATE;
use consign_metadata::document::Role;
use consign_metadata::openpgp::{Keyring, vouched_for};

use super::Agent;
use super::online::Online;
use crate::durable;
use crate::host::Repository;
use crate::trust::Vendor;

const MAXIMUM_CERTIFICATE: u64 = 256 * 1024;
/// Keys and a few lines of text; some kilobytes.
const MAXIMUM_PACKAGE: u64 = 4 * 1024 * 1024;

/// Fetches it, and answers where it is kept.
///
/// # Errors
/// Why nothing proves that it is the vendor's.
pub fn fetch(agent: &Agent, vendor: &Vendor, repository: &Repository, online: &Online) -> Result<PathBuf, String> {
    let anchor = &vendor.anchor;
    let certificate = online.fetch(agent, repository, PUBLISHED_CERTIFICATE, MAXIMUM_CERTIFICATE)?;
    let wrong = |cause| format!("the vendor's certificate {cause}");
    let mut keys = vouched_for(&certificate, &anchor.primary).map_err(wrong)?;
    keys.retain(|key| !anchor.keys_of(Role::Index).contains(key));
    let keyring = Keyring::new(&certificate, keys, Role::Package.as_str()).map_err(wrong)?;
    let name = format!("{}-release", anchor.vendor);
    let file = format!("{name}.{}", agent.packages.extension());
    let bytes = online.fetch(agent, repository, &file, MAXIMUM_PACKAGE)?;
    agent.packages.check(&bytes, &name, &keyring).map_err(|error| error.to_string())?;
    let path = agent.places.feed(&anchor.vendor).join(file);
    std::fs::create_dir_all(agent.places.feed(&anchor.vendor)).map_err(|cause| cause.to_string())?;
    durable::replace(&path, &bytes).map_err(|cause| format!("cannot write {}: {cause}", path.display()))?;
    Ok(path)
}
