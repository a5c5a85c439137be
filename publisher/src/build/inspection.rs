//! What the packages of a release are together, before any is written: whose every path is, and whether
//! each has anything in it.

use std::collections::BTreeMap;

use super::BuildError;
use crate::manifest::{Module, Project};
use crate::package::msi::{AGENT, DATA, INSTALL, MsiControl, names};
use crate::package::{PackageContents, PackageError};
use crate::stage::{Entry, Node};

/// Refuses what dpkg would refuse on the host, or what would be there by accident.
///
/// # Errors
/// [`BuildError::Shared`], [`BuildError::Package`]
pub fn inspect(project: &Project, packages: &[PackageContents]) -> Result<(), BuildError> {
    for (module, package) in project.modules.iter().zip(packages) {
        has_content(module, package)?;
    }
    let mut owners: BTreeMap<&str, (&PackageContents, &Entry)> = BTreeMap::new();
    for package in packages {
        for (path, entry) in package.payload.entries() {
            let Some((other, there)) = owners.insert(path, (package, entry)) else { continue };
            let both_folders = there.node == Node::Folder && entry.node == Node::Folder;
            let reason = match both_folders {
                true if there.attributes == entry.attributes => continue,
                true => {
                    "dpkg would give it the owner and mode of whichever comes last; say the same in both, or name it in one of them"
                }
                false => "dpkg lets no two packages have one file; take it out of one of them",
            };
            let modules = [other.name.to_string(), package.name.to_string()];
            return Err(BuildError::Shared { path: format!("/{path}"), modules, reason });
        }
    }
    on_windows(packages)
}

/// Windows Installer lets two packages have one file, and whichever is upgraded or removed takes it along.
fn on_windows(packages: &[PackageContents]) -> Result<(), BuildError> {
    let mut owners: BTreeMap<String, &PackageContents> = BTreeMap::new();
    for package in packages {
        let Some(msi) = &package.msi else { continue };
        let files = msi.tree.entries().filter(|(_, entry)| entry.node != Node::Folder);
        for place in files.filter_map(|(path, _)| place(msi, path)) {
            let Some(other) = owners.insert(names::folded(&place), package) else { continue };
            // Two files of one package are told when it is packed.
            if other.name == package.name {
                continue;
            }
            let modules = [other.name.to_string(), package.name.to_string()];
            let reason = "Windows would change it with either of them; take it out of one";
            return Err(BuildError::Shared { path: place, modules, reason });
        }
    }
    Ok(())
}

/// Where a file of the package's own lies on a host: a site may choose other folders, and seldom does.
fn place(msi: &MsiControl, path: &str) -> Option<String> {
    let (root, below) = path.split_once('/')?;
    let (system, folders) = match format!("/{root}") {
        root if root == INSTALL => ("%ProgramFiles%", &msi.install_folder),
        root if root == DATA => ("%ProgramData%", &msi.data_folder),
        _ => return None,
    };
    Some(format!("{system}\\{}\\{}", folders.join("\\"), below.replace('/', "\\")))
}

/// Whether it brings something of its own to Windows.
fn is_on_windows(msi: &MsiControl) -> bool {
    let own = |path: &str| !path.starts_with(AGENT.trim_start_matches('/'));
    msi.tree.entries().any(|(path, entry)| own(path) && entry.node != Node::Folder) || !msi.registry.is_empty()
}

/// What the manifest asks for, beside what every package has.
fn has_content(module: &Module, package: &PackageContents) -> Result<(), BuildError> {
    let is_own = |path: &str| {
        let documentation = format!("usr/share/doc/{}/", package.name);
        !path.starts_with(&documentation)
    };
    let has_file = package.payload.entries().any(|(path, entry)| entry.node != Node::Folder && is_own(path));
    // A package may be there only for what it depends on, or for the name it had.
    let has_file = has_file || package.msi.as_ref().is_some_and(is_on_windows);
    if has_file || !module.depends_deb.is_empty() || !module.depends_rpm.is_empty() || !module.moved_to.is_empty() {
        return Ok(());
    }
    let reason =
        "it would install no file and need no other package; look at what its `files` take, or take the module out"
            .to_owned();
    Err(PackageError::Contents { package: package.name.to_string(), reason }.into())
}
