//! Configuration files as the packages' scripts left them: the site's, and a new default beside it.
//!
//! What is put in place, kept or removed is decided by the packages (`docs/configuration-files.md`); here
//! it is only looked at, so that a person hears of a new default after the terminal of apt has scrolled on.

use std::path::{Path, PathBuf};

use consign_metadata::name::PackageName;
use serde::{Deserialize, Serialize};

use crate::places::Places;

/// Where the packages ship their defaults, each below a folder of its name.
const DEFAULTS: &str = "/usr/share/consignee/defaults";
/// Where packages that others build list the files that dpkg looks after, as `md5sum` writes them.
const CONFFILES: &str = "/usr/share/consignee/conffiles";
/// The end of the name of a default that lies beside the site's file.
const BESIDE: &str = ".dpkg-dist";
/// Folders below folders; nobody configures deeper than that.
const DEPTH: u32 = 16;

/// A file of the site's with a default beside it that it never had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewDefault {
    /// What is in use.
    pub file: PathBuf,
    /// What the vendor would use.
    pub default: PathBuf,
}

/// The new defaults of packages, in order of name.
pub fn new_defaults<'a>(places: &Places, packages: impl IntoIterator<Item = &'a PackageName>) -> Vec<NewDefault> {
    let of_package = |package: &PackageName| {
        let all = files(places, package.as_str()).into_iter().chain(conffiles(places, package.as_str()));
        all.filter_map(|file| {
            let default = PathBuf::from(format!("{}{BESIDE}", file.display()));
            places.at(&default.to_string_lossy()).exists().then_some(NewDefault { file, default })
        })
    };
    packages.into_iter().flat_map(of_package).collect()
}

/// The files of a package that the site removed, with the defaults to copy them from.
pub fn removed(places: &Places, package: &str) -> Vec<NewDefault> {
    let is_gone = |file: &PathBuf| std::fs::symlink_metadata(places.at(&file.to_string_lossy())).is_err();
    let found = files(places, package).into_iter().filter(is_gone);
    found.map(|file| NewDefault { default: format!("{DEFAULTS}/{package}{}", file.display()).into(), file }).collect()
}

/// The paths that a package has a default for.
fn files(places: &Places, package: &str) -> Vec<PathBuf> {
    let top = places.at(DEFAULTS).join(package);
    let mut found = Vec::new();
    walk(&top, DEPTH, &mut found);
    found.sort_unstable();
    found.iter().filter_map(|path| Some(Path::new("/").join(path.strip_prefix(&top).ok()?))).collect()
}

/// The paths of a package that others built.
fn conffiles(places: &Places, package: &str) -> Vec<PathBuf> {
    let list = std::fs::read_to_string(places.at(CONFFILES).join(package)).unwrap_or_default();
    list.lines().filter_map(|line| Some(line.split_once("  ")?.1.into())).collect()
}

fn walk(folder: &Path, depth: u32, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && depth > 0 => walk(&entry.path(), depth - 1, found),
            Ok(kind) if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_beside_the_sites_file_and_a_removed_file_are_seen() {
        let root = tempfile::tempdir().unwrap();
        let places = Places::below(root.path());
        let write = |path: &str| {
            fs_err::create_dir_all(places.at(path).parent().unwrap()).unwrap();
            fs_err::write(places.at(path), "").unwrap();
        };
        let package: PackageName = "acme-erp".parse().unwrap();
        for file in ["/etc/acme/a.conf", "/etc/acme/b.conf", "/etc/c.conf"] {
            write(&format!("{DEFAULTS}/acme-erp{file}"));
        }
        write("/etc/acme/a.conf");
        write("/etc/acme/b.conf");
        assert_eq!(new_defaults(&places, [&package]), []);
        write("/etc/acme/b.conf.dpkg-dist");
        let new = NewDefault { file: "/etc/acme/b.conf".into(), default: "/etc/acme/b.conf.dpkg-dist".into() };
        assert_eq!(new_defaults(&places, [&package]), [new]);
        let default = "/usr/share/consignee/defaults/acme-erp/etc/c.conf".into();
        assert_eq!(removed(&places, "acme-erp"), [NewDefault { file: "/etc/c.conf".into(), default }]);
        assert_eq!(removed(&places, "other"), []);
    }

    #[test]
    fn a_default_beside_a_file_that_dpkg_looks_after_is_seen() {
        let root = tempfile::tempdir().unwrap();
        let places = Places::below(root.path());
        for folder in [CONFFILES, "/etc/acme"] {
            fs_err::create_dir_all(places.at(folder)).unwrap();
        }
        let md5 = "c4ca4238a0b923820dcc509a6f75849b";
        let list = format!("{md5}  /etc/acme/a.conf\n{md5}  /etc/acme/b.conf\n");
        fs_err::write(places.at(CONFFILES).join("acme-erp"), list).unwrap();
        fs_err::write(places.at("/etc/acme/b.conf.dpkg-dist"), "").unwrap();
        let new = NewDefault { file: "/etc/acme/b.conf".into(), default: "/etc/acme/b.conf.dpkg-dist".into() };
        assert_eq!(new_defaults(&places, [&"acme-erp".parse().unwrap()]), [new]);
    }
}
