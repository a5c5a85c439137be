//! Room for what is written while the engines stand, on every file system that is written to: journals, logs of
//! steps and what packages record; the packages to go back to; the files of the new ones; the backup. A disk
//! that fills up in the middle of an upgrade is worse than one that keeps it from beginning.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::engine::event::{FullFileSystem, Purpose, Reason};
use crate::host::HostError;
use crate::host::kernel::files;
use crate::places::Places;

const MIB: u64 = 1024 * 1024;
/// What has to be free where the state is, in MiB, and to spare on each other file system. A journal and its logs
/// take a small part of it.
const NEEDED: u64 = 8;

/// Something that will be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// A folder that it goes below; it need not be there yet.
    pub folder: PathBuf,
    /// How much.
    pub bytes: u64,
    /// For what.
    pub purpose: Purpose,
}

/// Why nothing may begin; that it cannot be told is left to whoever writes next.
///
/// Never in a journal: for that there may be no room.
pub fn reasons(places: &Places) -> Option<Reason> {
    in_folder(&places.state())
}

/// The same of a folder where journals are.
pub fn in_folder(folder: &Path) -> Option<Reason> {
    let free = free(folder).ok()?;
    let folder = folder.display().to_string();
    (free < NEEDED * MIB).then_some(Reason::NoRoom { folder, free_mib: free / MIB, needed_mib: NEEDED })
}

/// The file systems that are too small for all of this together.
///
/// # Errors
/// When one of them cannot be looked at.
pub fn for_upgrade(needs: &[Need]) -> Result<Option<Reason>, HostError> {
    let mut by_device: BTreeMap<u64, Vec<&Need>> = BTreeMap::new();
    for need in needs.iter().filter(|need| need.bytes > 0) {
        by_device.entry(device(&need.folder)?).or_default().push(need);
    }
    let mut file_systems = Vec::new();
    for needs in by_device.into_values() {
        file_systems.extend(full(&needs)?);
    }
    file_systems.sort_by(|a, b| a.folder.cmp(&b.folder));
    Ok((!file_systems.is_empty()).then_some(Reason::NoRoomForUpgrade { file_systems }))
}

/// Where the files of a new version will be: where those of the version before are, in the same proportion.
pub fn for_files(places: &Places, installed: &[PathBuf], bytes: u64) -> Vec<Need> {
    let mut by_device: BTreeMap<u64, (PathBuf, u64)> = BTreeMap::new();
    for path in installed {
        let at = places.at(&path.to_string_lossy());
        let Ok(found) = at.symlink_metadata() else { continue };
        // The folder's: a layered file system says of a file where it came from.
        let (true, Some(folder)) = (found.is_file(), at.parent()) else { continue };
        let Ok(device) = files::file_system(folder) else { continue };
        by_device.entry(device).or_insert_with(|| (folder.to_owned(), 0)).1 += found.len();
    }
    let need = |folder, bytes| Need { folder, bytes, purpose: Purpose::NewFiles };
    let total: u64 = by_device.values().map(|(_, size)| size).sum();
    if total == 0 {
        return vec![need(places.at("/usr"), bytes)];
    }
    let share = |size: u64| u128::from(bytes) * u128::from(size) / u128::from(total);
    by_device.into_values().map(|(folder, size)| need(folder, share(size).try_into().unwrap_or(u64::MAX))).collect()
}

/// What a file takes in a folder: nothing where another name for it will do.
pub fn to_bring(file: &Path, folder: &Path) -> u64 {
    let is_near = matches!((device(file), device(folder)), (Ok(one), Ok(other)) if one == other);
    if is_near { 0 } else { file.metadata().map_or(0, |found| found.len()) }
}

fn full(needs: &[&Need]) -> Result<Option<FullFileSystem>, HostError> {
    let folder = &needs[0].folder;
    let free = free(folder)?;
    let needed = needs.iter().map(|need| need.bytes).fold(NEEDED * MIB, u64::saturating_add);
    let mut purposes: Vec<Purpose> = needs.iter().map(|need| need.purpose).collect();
    purposes.sort_unstable();
    purposes.dedup();
    let folder = folder.display().to_string();
    let (free_mib, needed_mib) = (free / MIB, needed.div_ceil(MIB));
    Ok((free < needed).then_some(FullFileSystem { folder, free_mib, needed_mib, purposes }))
}

fn nearest(folder: &Path) -> &Path {
    folder.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"))
}

fn device(folder: &Path) -> Result<u64, HostError> {
    files::file_system(nearest(folder)).map_err(|cause| unknown(folder, cause))
}

/// How many bytes are free for root's programs.
///
/// # Errors
/// When it cannot be told.
pub fn free(folder: &Path) -> Result<u64, HostError> {
    files::free(nearest(folder)).map_err(|cause| unknown(folder, cause))
}

fn unknown(folder: &Path, cause: impl std::fmt::Display) -> HostError {
    HostError { action: format!("look at the room in {}", folder.display()), reason: cause.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(folder: &Path, bytes: u64, purpose: Purpose) -> Need {
        Need { folder: folder.to_owned(), bytes, purpose }
    }

    #[test]
    fn what_goes_to_one_file_system_is_counted_together() {
        let folder = tempfile::tempdir().unwrap();
        // By far enough that it does not matter what others write and delete meanwhile.
        let most = free(folder.path()).unwrap() / 3 * 2;
        let one = need(&folder.path().join("not/there/yet"), most, Purpose::Backup);
        assert_eq!(for_upgrade(std::slice::from_ref(&one)), Ok(None));
        let other = need(folder.path(), most, Purpose::NewFiles);
        let Ok(Some(Reason::NoRoomForUpgrade { file_systems })) = for_upgrade(&[one, other.clone()]) else { panic!() };
        let [full] = &file_systems[..] else { panic!("{file_systems:?}") };
        assert_eq!(full.purposes, [Purpose::NewFiles, Purpose::Backup]);
        assert!(full.needed_mib > full.free_mib, "{full:?}");
        assert_eq!(for_upgrade(&[other]), Ok(None));
    }

    #[test]
    fn new_files_go_where_the_old_ones_are() {
        let root = tempfile::tempdir().unwrap();
        let places = Places::below(root.path());
        fs_err::create_dir_all(places.at("/opt/acme")).unwrap();
        fs_err::write(places.at("/opt/acme/erp"), "1234").unwrap();
        let installed = ["/opt".into(), "/opt/acme".into(), "/opt/acme/erp".into(), "/opt/acme/gone".into()];
        let expected = need(&places.at("/opt/acme"), 1000, Purpose::NewFiles);
        assert_eq!(for_files(&places, &installed, 1000), [expected]);
        assert_eq!(for_files(&places, &[], 7), [need(&places.at("/usr"), 7, Purpose::NewFiles)]);
    }
}
