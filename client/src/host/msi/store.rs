//! The agent's own store of packages: `packages\` of a product. What is in it was verified when it came, and is
//! verified again before it is installed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use consign_metadata::digest::Sha256;
use consign_metadata::document::Role;
use consign_metadata::feed::FileReference;
use consign_metadata::name::{PackageName, ProductId};
use consign_metadata::openpgp::Keyring;

use super::published::{self, Published};
use super::{archive, transport};
use crate::host::{HostError, at};
use crate::places::Places;
use crate::product::Product;
use crate::site::repository::Subscription;

/// What is not whole yet begins so.
const INCOMING: &str = ".arriving-";
/// How long one package may take.
const LIMIT: Duration = Duration::from_secs(3600);

/// How the names of packages end.
pub const EXTENSION: &str = "msi";

/// The file in a folder that by its name is this version of a package.
pub fn file_in(folder: &Path, package: &PackageName, version: &str) -> Option<PathBuf> {
    let ours = format!("{package}-{version}");
    let names = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_it = |path: &PathBuf| {
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        matches!(stem.strip_prefix(&ours), Some(".x64" | ".arm64"))
            && path.extension().is_some_and(|extension| extension == EXTENSION)
    };
    names.filter(is_it).min()
}

/// The file of exactly this version that the agent keeps, and whose it is.
pub fn kept(places: &Places, package: &PackageName, version: &str) -> Option<(ProductId, PathBuf)> {
    let products = Product::all(places).unwrap_or_default();
    products.into_iter().find_map(|product| {
        let file = file_in(&product.packages(), package, version)?;
        Some((product.id, file))
    })
}

/// The kept file of a version, looked at anew: it is what its vendor signed.
///
/// # Errors
/// When there is none, or it is another.
pub fn verified(places: &Places, package: &PackageName, version: &str) -> Result<PathBuf, HostError> {
    let missing = || HostError {
        action: format!("install {package} {version}"),
        reason: "its file is not on this host".to_owned(),
    };
    let (id, file) = kept(places, package, version).ok_or_else(missing)?;
    check(places, &file, package, version, &keyring(places, &id)?)?;
    Ok(file)
}

/// Brings a version into the store, where it is not there yet.
///
/// # Errors
/// When it cannot be had, or is not what the feed names and the vendor signed.
pub fn bring(places: &Places, package: &PackageName, version: &str) -> Result<(), HostError> {
    if verified(places, package, version).is_ok() {
        return Ok(());
    }
    let found = published::exactly(places, package, version)?;
    let folder = Product::new(places, found.product.clone()).packages();
    std::fs::create_dir_all(&folder).map_err(|cause| at("make", &folder, cause))?;
    let name = name(&found.file)?;
    let incoming = folder.join(format!("{INCOMING}{name}"));
    let taken = take(places, package, &found, &incoming)
        .and_then(|()| std::fs::rename(&incoming, folder.join(name)).map_err(|cause| at("keep", &incoming, cause)));
    if taken.is_err() {
        let _ = std::fs::remove_file(&incoming);
    }
    taken
}

/// Fetches a version into a folder that is there for nothing else.
///
/// # Errors
/// When it cannot be had, or is not what the feed names.
pub fn fetch_to(
    places: &Places,
    package: &PackageName,
    version: &str,
    folder: &Path,
    limit: Duration,
) -> Result<PathBuf, HostError> {
    let found = published::exactly(places, package, version)?;
    let path = folder.join(name(&found.file)?);
    fetch(&found.from, &found.file, &path, limit)?;
    Ok(path)
}

fn take(places: &Places, package: &PackageName, found: &Published, to: &Path) -> Result<(), HostError> {
    log::info!("fetching {package} {} ({} bytes)", found.version, found.file.size);
    fetch(&found.from, &found.file, to, LIMIT)?;
    check(places, to, package, &found.version, &keyring(places, &found.product)?)
}

/// Fetches a file that a feed names.
///
/// # Errors
/// When it cannot be had, or is another.
pub fn fetch(from: &Subscription, file: &FileReference, to: &Path, limit: Duration) -> Result<(), HostError> {
    transport::save(from, &file.path, file.size, to, limit)?;
    let digest = std::fs::File::open(to).and_then(Sha256::of_reader);
    match digest.map_err(|cause| at("read", to, cause))? {
        (digest, _) if digest == file.sha256 => Ok(()),
        _ => Err(at("trust", to, "it is not the file that the feed names")),
    }
}

fn check(
    places: &Places,
    file: &Path,
    package: &PackageName,
    version: &str,
    keyring: &Keyring,
) -> Result<(), HostError> {
    let found = archive::identify(places, file, keyring)?;
    match (&found.package, found.version.as_str()) == (package, version) {
        true => Ok(()),
        false => Err(at("trust", file, format!("it is {} {}", found.package, found.version))),
    }
}

fn keyring(places: &Places, id: &ProductId) -> Result<Keyring, HostError> {
    let cannot =
        |cause: crate::trust::TrustError| HostError { action: format!("trust {id}"), reason: cause.to_string() };
    published::trust(places)?.vendor(&id.vendor).and_then(|vendor| vendor.keyring(Role::Package)).map_err(cannot)
}

/// What a file is called: the last part of its path in the repository, as the package manager wants it.
///
/// # Errors
/// When it is no name of a package.
pub fn name(file: &FileReference) -> Result<String, HostError> {
    let name = file.path.rsplit('/').next().unwrap_or_default();
    let is_plain = name.strip_suffix(EXTENSION).is_some_and(|stem| stem.ends_with('.')) && !name.contains(['\\', ':']);
    match is_plain {
        true => Ok(name.to_owned()),
        false => {
            let action = format!("fetch {}", file.path);
            Err(HostError { action, reason: "it is no name of a package".to_owned() })
        }
    }
}
