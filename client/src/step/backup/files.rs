//! Files and folders of a backup: one archive, by tar, which every host has and which knows owners, modes,
//! ACLs, extended attributes, labels and holes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Part, Work, host};
use crate::backup::Contents;
use crate::host::kernel::files as kernel;
use crate::step::Trouble;

const PROGRAMS: [&str; 2] = ["/usr/bin/tar", "/bin/tar"];
/// What it has to know of a file beside its content.
const ATTRIBUTES: [&str; 5] = ["--acls", "--selinux", "--xattrs", "--xattrs-include=*", "--numeric-owner"];

/// The part.
pub struct Files<'a> {
    /// As the plan names them.
    pub paths: &'a [String],
}

impl Part for Files<'_> {
    fn save(&self, work: &Work<'_>) -> Result<Contents, Trouble> {
        let (mut paths, mut absent) = (Vec::new(), Vec::new());
        for declared in self.paths {
            let path = work.scene.context.places.at(declared);
            match fs::canonicalize(&path) {
                Ok(real) => paths.push(real),
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => absent.push(path),
                Err(cause) => return Err(host(format!("cannot look at {}: {cause}", path.display()))),
            }
        }
        if paths.is_empty() {
            fs::write(&work.file, b"")?;
        } else {
            tar(work, &["--create", "--sparse"], &paths)?;
            tar(work, &["--compare"], &paths)?;
        }
        Ok(Contents::Files { paths, absent })
    }

    fn restore(&self, work: &Work<'_>, contents: &Contents) -> Result<(), Trouble> {
        let Contents::Files { paths, absent } = contents else { return Err(host("the part holds no files")) };
        for path in paths.iter().chain(absent) {
            empty(path).map_err(|cause| host(format!("cannot empty {}: {cause}", path.display())))?;
        }
        for path in absent {
            let gone = if path.is_dir() { fs::remove_dir(path) } else { Ok(()) };
            gone.map_err(|cause| host(format!("cannot remove {}: {cause}", path.display())))?;
        }
        if !paths.is_empty() {
            tar(work, &["--extract", "--same-owner", "--preserve-permissions"], paths)?;
            tar(work, &["--compare"], paths)?;
        }
        paths.iter().chain(absent).try_for_each(|path| {
            sync(path).map_err(|cause| host(format!("cannot sync what is below {}: {cause}", path.display())))
        })
    }
}

/// The file system that a path is on; other disks of the host are not waited for.
fn sync(path: &Path) -> io::Result<()> {
    let there = path.ancestors().find(|path| path.exists()).unwrap_or(path);
    kernel::sync_file_system(there)
}

fn tar(work: &Work<'_>, act: &[&str], paths: &[PathBuf]) -> Result<(), Trouble> {
    let program = PROGRAMS.iter().find(|program| Path::new(program).exists()).unwrap_or(&PROGRAMS[0]);
    let file = work.file.display().to_string();
    // Relative names: tar itself would strip the slash, and say so for each.
    let names = paths.iter().map(|path| path.strip_prefix("/").unwrap_or(path).display().to_string());
    let fixed = [&[*program], act, &ATTRIBUTES, &["--file", &file, "--directory", "/", "--"]].concat();
    work.run(fixed.into_iter().map(str::to_owned).chain(names).collect(), "root")
}

/// Removes what a path holds. A folder itself stays: it may be a file system of its own.
fn empty(path: &Path) -> io::Result<()> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !found.is_dir() {
        return fs::remove_file(path);
    }
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => fs::remove_dir_all(entry.path())?,
            false => fs::remove_file(entry.path())?,
        }
    }
    Ok(())
}
