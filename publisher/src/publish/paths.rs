//! What the paths of a release are, read from its package files: folder, link or file, and whose.
//!
//! dpkg replaces no folder by a link and no link by a folder, and says nothing: the content stays where it
//! was, or lands in what the link points to (Debian Policy 6.6). It lets no package take a file of another
//! that does not say so. Both show only on hosts that have the version before, so they are looked for here.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::ops::ControlFlow;

use consign_metadata::name::PackageName;
use tar::EntryType;

use crate::package::deb::payload;

/// What a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Shared by every package that has it.
    Folder,
    /// A symbolic link.
    Link,
    /// Everything else.
    File,
}

/// A path of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// What it is.
    pub kind: Kind,
    /// The package that has it; of a folder one of them.
    pub package: PackageName,
}

/// The paths of a release, absolute.
#[derive(Debug, Default)]
pub struct Paths(BTreeMap<String, Place>);

impl Paths {
    /// Adds those of a package file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&mut self, package: &PackageName, deb: impl Read) -> io::Result<()> {
        payload::walk(deb, |entry| {
            let kind = match entry.header().entry_type() {
                EntryType::Directory => Kind::Folder,
                EntryType::Symlink => Kind::Link,
                _ => Kind::File,
            };
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let path = path.trim_start_matches('.').trim_end_matches('/').to_owned();
            self.0.insert(path, Place { kind, package: package.clone() });
            Ok(ControlFlow::Continue(()))
        })
    }

    /// A path that is not a folder in both.
    pub fn shared(&self, other: &Self) -> Option<&str> {
        let mut shared = self.0.iter().filter(|(path, place)| {
            other.0.get(*path).is_some_and(|there| there.kind != Kind::Folder || place.kind != Kind::Folder)
        });
        shared.next().map(|(path, _)| path.as_str())
    }

    /// Why dpkg would not install them over those of an earlier release; each path once.
    ///
    /// `takes_over` says whether a package may have the files of another.
    pub fn conflicts(
        &self,
        before: &Self,
        earlier: &str,
        takes_over: &dyn Fn(&PackageName, &PackageName) -> bool,
    ) -> Vec<(PackageName, String)> {
        let mut found: Vec<(PackageName, String)> = Vec::new();
        for (path, now) in &self.0 {
            let Some(was) = before.0.get(path) else { continue };
            let problem = match (was.kind, now.kind) {
                (Kind::Folder, Kind::Link) => format!(
                    "{path} was a folder in {earlier} and is a link now, and dpkg leaves a folder where it is; give the link another path, or keep the folder and put links into it"
                ),
                (Kind::Link, Kind::Folder) => format!(
                    "{path} was a link in {earlier} and is a folder now, and dpkg follows a link that is there; give the folder another path"
                ),
                (Kind::Folder, Kind::File) => format!(
                    "{path} was a folder in {earlier} and is a file now, and dpkg deletes a folder with everything a site has put there; give the file another path"
                ),
                (Kind::Link | Kind::File, Kind::Link | Kind::File)
                    if was.package != now.package && !takes_over(&now.package, &was.package) =>
                {
                    let (old, new) = (&was.package, &now.package);
                    format!(
                        "{path} was in {old} {earlier} and is in {new} now, and dpkg lets no package take a file of another; say replaces = [\"{old}\"] for the module {new}"
                    )
                }
                _ => continue,
            };
            found.push((now.package.clone(), problem));
        }
        found
    }
}
