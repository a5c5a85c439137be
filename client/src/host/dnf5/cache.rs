//! What dnf 5 keeps on disk for root: a folder for each repository, with its lists and what it has fetched.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::host::rpm::database;
use crate::host::rpm::known::Stamp;
use crate::places::Places;

/// Where dnf 5 keeps the lists of root, a folder for each repository.
const CACHE: &str = "/var/cache/libdnf5";
const ENTRY_POINT: &str = "repodata/repomd.xml";
/// What the administrator says of them.
const FOLDERS: [&str; 5] =
    ["/etc/dnf", "/etc/dnf/vars", "/etc/dnf/repos.override.d", "/etc/dnf/libdnf5.conf.d", "/etc/yum.repos.d"];

/// The lists, the configuration and the installed packages, as they are now.
pub fn stamp(places: &Places) -> Stamp {
    let mut found = lists_stamp(places);
    // Whoever reads the database writes to the memory that it shares.
    let is_its_own = |path: &PathBuf| !path.to_string_lossy().ends_with("-shm");
    let database = database::folder(places).map(|folder| entries(&folder)).unwrap_or_default();
    found.extend(stamped(database.into_iter().filter(is_its_own)));
    found
}

/// The lists and the configuration, as they are now.
pub fn lists_stamp(places: &Places) -> Stamp {
    let files = FOLDERS.iter().flat_map(|folder| entries(&places.at(folder)));
    let lists = entries(&places.at(CACHE)).into_iter().map(|folder| folder.join(ENTRY_POINT));
    stamped(files.chain(lists))
}

fn stamped(files: impl Iterator<Item = PathBuf>) -> Stamp {
    let mut found: Vec<_> = files.filter_map(|path| Some((path.clone(), changed(&path)?))).collect();
    found.sort();
    found
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

fn changed(path: &Path) -> Option<SystemTime> {
    path.metadata().ok()?.modified().ok()
}

/// The list of a repository that was read last: there is a folder for each address that it has had.
pub fn entry_point(places: &Places, repository: &str) -> Option<PathBuf> {
    let entry_points = folders_of(places, repository).into_iter().map(|folder| folder.join(ENTRY_POINT));
    Some(entry_points.filter_map(|path| Some((changed(&path)?, path))).max()?.1)
}

/// The folders that are called as a repository, `-`, and sixteen digits made of its address.
pub fn folders_of(places: &Places, repository: &str) -> Vec<PathBuf> {
    let is_its = |path: &PathBuf| repository_of(path).is_some_and(|found| found == repository);
    entries(&places.at(CACHE)).into_iter().filter(is_its).collect()
}

/// The repository whose lists a folder has.
pub fn repository_of(folder: &Path) -> Option<&str> {
    let (repository, digits) = folder.file_name()?.to_str()?.rsplit_once('-')?;
    (digits.len() == 16 && digits.bytes().all(|b| b.is_ascii_hexdigit())).then_some(repository)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_a_repository_is_the_one_that_was_read_last() {
        let root = tempfile::tempdir().unwrap();
        let places = Places::below(root.path());
        let entry = |name: &str| places.at(CACHE).join(name).join(ENTRY_POINT);
        for (name, age) in [("acme-0123456789abcdef", 60), ("acme-fedcba9876543210", 0), ("acme-x-0123456789abcdef", 0)]
        {
            fs_err::create_dir_all(entry(name).parent().unwrap()).unwrap();
            let file = std::fs::File::create(entry(name)).unwrap();
            file.set_modified(SystemTime::now() - std::time::Duration::from_secs(age)).unwrap();
        }
        assert_eq!(entry_point(&places, "acme"), Some(entry("acme-fedcba9876543210")));
        assert_eq!(entry_point(&places, "other"), None);
        assert_eq!(repository_of(Path::new("/x/acme-x-0123456789abcdef")), Some("acme-x"));
    }
}
