//! Who has which files open: the Restart Manager, which is only asked.

use std::path::{Path, PathBuf};

use consignee_win32::holders;

use crate::host::open_files::{Holder, Sought};
use crate::host::{HostError, at};

/// How many files below a folder of data are asked for at most.
const MOST: usize = 10_000;

/// Every process that has one of these files open, but for those of services that are left out.
///
/// # Errors
/// When it cannot be told.
pub fn holders(sought: &Sought, is_left_out: &dyn Fn(&str) -> bool) -> Result<Vec<Holder>, HostError> {
    let mut files: Vec<PathBuf> = sought.files.iter().filter(|path| path.is_file()).cloned().collect();
    sought.below.iter().for_each(|folder| gather(folder, &mut files));
    let mut found = Vec::new();
    // All at once first: as a rule there is nobody.
    if is_held(&files)? {
        for file in &files {
            found.extend(of(file)?.into_iter().filter(|held| !held.unit.as_deref().is_some_and(is_left_out)));
        }
    }
    found.sort_unstable();
    Ok(found)
}

fn is_held(files: &[PathBuf]) -> Result<bool, HostError> {
    let paths: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    let held =
        holders::of(&paths).map_err(|cause| at("tell who has open", Path::new("the files of a product"), cause))?;
    Ok(!held.is_empty())
}

fn of(file: &Path) -> Result<Vec<Holder>, HostError> {
    let held = holders::of(&[file]).map_err(|cause| at("tell who has open", file, cause))?;
    let known = held.into_iter().map(|held| Holder {
        file: file.to_owned(),
        pid: held.pid,
        process: held.name,
        unit: held.service.map(|service| format!("{service}.service")),
    });
    Ok(known.collect())
}

fn gather(path: &Path, files: &mut Vec<PathBuf>) {
    let Ok(found) = path.symlink_metadata() else { return };
    if found.is_file() && files.len() < MOST {
        files.push(path.to_owned());
    }
    let entries = if found.is_dir() { std::fs::read_dir(path).ok() } else { None };
    entries.into_iter().flatten().flatten().for_each(|entry| gather(&entry.path(), files));
}
