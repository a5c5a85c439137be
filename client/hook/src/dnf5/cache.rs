//! What dnf 5 keeps on disk: a folder for each repository, with its lists and the packages it has fetched.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::conversation::Item;
use crate::host::Host;

/// The repository of packages that were named as files.
const NAMED: &str = "@commandline";
/// A folder is called as its repository, `-`, and so many digits made of its address.
const DIGITS: usize = 16;
const LISTS: &str = "repodata";
const PACKAGES: &str = "packages";

/// The same package with the path of its file, where it comes.
pub fn with_file(host: &Host, cache: &Path, item: Item) -> Item {
    let path = match item.repository.as_str() {
        NAMED => std::path::absolute(&item.location).unwrap_or_else(|_| PathBuf::from(&item.location)),
        repository => fetched(host, cache, repository, &item.location),
    };
    Item { location: path.to_string_lossy().into_owned(), ..item }
}

/// Where dnf has put a package. Which folder is the repository's hangs on its address: the one that has it.
fn fetched(host: &Host, cache: &Path, repository: &str, location: &str) -> PathBuf {
    let name = Path::new(location).file_name().unwrap_or(OsStr::new(location));
    let places = folders(&host.below_root(cache), |folder| is_of(folder, repository));
    let places: Vec<PathBuf> = places.into_iter().map(|folder| folder.join(PACKAGES).join(name)).collect();
    let found = places.iter().find(|path| path.is_file()).or(places.first());
    found.cloned().unwrap_or_else(|| cache.join(name))
}

fn is_of(folder: &str, repository: &str) -> bool {
    let rest = folder.strip_prefix(repository).and_then(|rest| rest.strip_prefix('-'));
    rest.is_some_and(|rest| rest.len() == DIGITS && rest.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn folders(cache: &Path, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(cache).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_name().to_str().is_some_and(&wanted)).map(|entry| entry.path()).collect()
}

/// Whether the list of any repository was fetched since then.
pub fn is_fresh(host: &Host, began: Option<SystemTime>) -> bool {
    let Some(began) = began else { return false };
    let lists = folders(&host.dnf5_cache(), |_| true).into_iter().map(|folder| folder.join(LISTS));
    let files = lists.flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten().flatten());
    let mut changed = files.filter_map(|file| file.metadata().and_then(|found| found.modified()).ok());
    changed.any(|changed| changed >= began)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fetched_package_is_found_in_the_folder_of_its_repository() {
        let root = std::env::temp_dir().join(format!("consignee-hook-{}-cache", std::process::id()));
        let file = |folder: &str| root.join("cache").join(folder).join("packages/erp-1-1.noarch.rpm");
        for folder in ["acme-0123456789abcdef", "acme-stable-0123456789abcdef"] {
            std::fs::create_dir_all(file(folder).parent().unwrap()).unwrap();
            std::fs::write(file(folder), "").unwrap();
        }
        let host = Host::below(&root);
        let of = |repository: &str, location: &str| {
            let item = Item { repository: repository.into(), location: location.into(), ..Item::default() };
            with_file(&host, Path::new("/cache"), item).location
        };
        assert_eq!(of("acme", "../pool/erp-1-1.noarch.rpm"), file("acme-0123456789abcdef").display().to_string());
        assert_eq!(of("acme-stable", "erp-1-1.noarch.rpm"), file("acme-stable-0123456789abcdef").display().to_string());
        assert_eq!(of("@commandline", "/srv/erp.rpm"), "/srv/erp.rpm");
        assert!(!Path::new(&of("other", "erp-1-1.noarch.rpm")).exists());
        std::fs::remove_dir_all(&root).unwrap();
    }
}
