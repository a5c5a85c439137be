//! What rpm would refuse, or do wrong, with the paths of a release: found before anybody has it.
//!
//! Of two packages with one path rpm installs neither, unless both say the same of it; and a folder that
//! became a link or a file it finds out about in the middle of a transaction, with the old files gone.
//! Both are read from headers, so no payload is.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use consign_metadata::feed::FeedRelease;
use consign_metadata::rpm::{Header, RpmLayout, tag};

use super::PublishError;
use super::delivery::DeliveredRelease;
use super::paths::Kind;
use crate::package::{Format, SignedPackage};
use crate::repository::RepositoryError;
use crate::store::{Key, Store};

/// As much of a published file as is read for its header.
const MAXIMUM: u64 = 128 * 1024 * 1024;
const KIND_OF_FILE: u64 = 0o170_000;
const FOLDER: u64 = 0o040_000;
const LINK: u64 = 0o120_000;
const PRETRANS: u32 = 1151;
const PRETRANS_PROGRAM: u32 = 1153;

/// What a header says of a path: two packages may have it where all of this is equal.
type Said = (u64, String, String, String, String);

/// Refuses two packages of a release that say different things of one path.
///
/// # Errors
/// [`PublishError::Delivery`]
pub fn inspect(release: &DeliveredRelease) -> Result<(), PublishError> {
    let mut seen: BTreeMap<String, (&SignedPackage, Said)> = BTreeMap::new();
    for (package, header) in rpms(release) {
        for (path, said) in paths(header) {
            let Some((other, there)) = seen.get(&path) else {
                seen.insert(path, (package, said));
                continue;
            };
            if other.name() != package.name() && *there != said {
                let reason = format!(
                    "{path} is in {} as well and not the same there, and rpm installs neither of two such packages; take it out of one of them",
                    other.name()
                );
                return Err(PublishError::Delivery { path: package.path().display().to_string(), reason });
            }
        }
    }
    Ok(())
}

/// Refuses folders that became links or files since the release before, and links that became folders.
///
/// # Errors
/// [`PublishError`]
pub fn compare(store: &dyn Store, before: &FeedRelease, now: &DeliveredRelease) -> Result<(), PublishError> {
    let mut old: BTreeMap<String, Kind> = BTreeMap::new();
    if rpms(now).next().is_none() {
        return Ok(());
    }
    for package in before.packages.iter().filter(|package| package.native.rpm.is_some()) {
        let header = published(store, &package.file.path)?;
        old.extend(paths(&header).into_iter().map(|(path, said)| (path, kind(said.0))));
    }
    for (package, header) in rpms(now) {
        // Whoever writes a %pretrans may well have seen to it: there is no other way.
        if header.has(PRETRANS) || header.has(PRETRANS_PROGRAM) {
            continue;
        }
        let problem = paths(header).into_iter().find_map(|(path, said)| {
            problem(*old.get(&path)?, kind(said.0)).map(|(what, why)| {
                format!(
                    "{path} was a {what} in {} and is a {} now, and {why}",
                    before.version.as_str(),
                    word(kind(said.0))
                )
            })
        });
        if let Some(reason) = problem {
            return Err(PublishError::Delivery { path: package.path().display().to_string(), reason });
        }
    }
    Ok(())
}

fn problem(was: Kind, now: Kind) -> Option<(&'static str, &'static str)> {
    match (was, now) {
        (Kind::Folder, Kind::Link | Kind::File) => {
            Some(("folder", "rpm stops in the middle where a folder is; give it another path"))
        }
        (Kind::Link, Kind::Folder) => Some(("link", "rpm follows a link that is there; give the folder another path")),
        _ => None,
    }
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Folder => "folder",
        Kind::Link => "link",
        Kind::File => "file",
    }
}

fn rpms(release: &DeliveredRelease) -> impl Iterator<Item = (&SignedPackage, &Header)> {
    release.packages().iter().filter_map(|package| match package.format() {
        Format::Rpm(header) => Some((package, header)),
        Format::Deb(_) | Format::Msi(_) => None,
    })
}

fn kind(mode: u64) -> Kind {
    match mode & KIND_OF_FILE {
        FOLDER => Kind::Folder,
        LINK => Kind::Link,
        _ => Kind::File,
    }
}

fn paths(header: &Header) -> Vec<(String, Said)> {
    let lists = [tag::FILE_USERS, tag::FILE_GROUPS, tag::FILE_DIGESTS, tag::FILE_LINK_TOS].map(|tag| header.texts(tag));
    let (modes, flags) = (header.numbers(tag::FILE_MODES), header.numbers(tag::FILE_FLAGS));
    let is_ghost = |index: usize| flags.get(index).is_some_and(|flags| flags & u64::from(tag::FILE_GHOST) != 0);
    let text = |list: usize, index: usize| lists[list].get(index).copied().unwrap_or_default().to_owned();
    let all = header.paths().into_iter().enumerate().filter(|(index, _)| !is_ghost(*index));
    all.map(|(index, path)| {
        let mode = modes.get(index).copied().unwrap_or(0);
        (path, (mode, text(0, index), text(1, index), text(2, index), text(3, index)))
    })
    .collect()
}

/// The header of a published package, which was verified when it was published.
fn published(store: &dyn Store, path: &str) -> Result<Header, PublishError> {
    let key: Key = path.parse()?;
    let damaged = |cause: String| RepositoryError::damaged(&key, cause);
    let content = store.get(&key, u64::MAX)?;
    let content = content.ok_or_else(|| damaged("it is not there, although it is published".to_owned()))?;
    let mut bytes = Vec::new();
    content.take(MAXIMUM).read_to_end(&mut bytes).map_err(|cause| damaged(cause.to_string()))?;
    let mut file = Cursor::new(bytes);
    let layout = RpmLayout::read(&mut file).map_err(|cause| damaged(cause.to_string()))?;
    Ok(layout.unverified_header(&mut file).map_err(|cause| damaged(cause.to_string()))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rpm_replaces_by_itself_is_no_problem() {
        for (was, now) in [(Kind::File, Kind::Link), (Kind::Link, Kind::File), (Kind::File, Kind::Folder)] {
            assert!(problem(was, now).is_none());
        }
        assert!(problem(Kind::Folder, Kind::Link).is_some() && problem(Kind::Link, Kind::Folder).is_some());
    }
}
