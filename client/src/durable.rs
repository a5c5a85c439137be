//! Files that matter: whole or not there, whatever happens to the host.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::host::kernel::files;

/// Puts new content in the place of a file, readable for everybody: a temporary file beside it
/// (`<name>.new`), synced, renamed, and the folder synced.
///
/// # Errors
/// When any of it fails; the old content is then still there.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    put(create(&beside(path), 0o644)?, path, content)
}

/// The same of a file that is somebody else's as well: its owner and its mode stay, and a link to it.
///
/// # Errors
/// Those of [`replace`].
pub fn replace_shared(path: &Path, content: &[u8]) -> io::Result<()> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let Ok(old) = fs::metadata(&path) else { return replace(&path, content) };
    let file = create(&beside(&path), 0o600)?;
    files::make_alike(&file, &old)?;
    put(file, &path, content)
}

fn create(path: &Path, mode: u32) -> io::Result<File> {
    files::with_mode(File::options().create(true).write(true).truncate(true), mode).open(path)
}

fn put(mut new: File, path: &Path, content: &[u8]) -> io::Result<()> {
    new.write_all(content)?;
    new.sync_all()?;
    files::rename(&beside(path), path)?;
    sync_folder_of(path)
}

/// A file of the agent's own, where it is there: JSON that names its format.
///
/// # Errors
/// When it cannot be read, or a later agent wrote it; the path is named.
pub fn read<T: DeserializeOwned>(path: &Path, known: u32, format: impl Fn(&T) -> u32) -> io::Result<Option<T>> {
    let about = |kind, cause: String| io::Error::new(kind, format!("cannot read {}: {cause}", path.display()));
    let text = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(|error| about(error.kind(), error.to_string()))?,
    };
    let wrong = |problem: String| about(io::ErrorKind::InvalidData, problem);
    let content: T = serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
    match format(&content) {
        format if format == known => Ok(Some(content)),
        other => Err(wrong(format!("it has format {other}, and this agent reads {known}"))),
    }
}

/// Takes a file away; that there is none is fine.
///
/// # Errors
/// When it is still there.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Ok(()) => sync_folder_of(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(path.file_name().unwrap_or_default());
    name.push(".new");
    path.with_file_name(name)
}

/// Makes the name of a file durable, or that it has none any more.
///
/// # Errors
/// When it cannot be made so.
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), sync_folder)
}

/// Makes the names in a folder durable.
///
/// # Errors
/// When they cannot be made so.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    files::sync_folder(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_replaced_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("managed");
        replace(&path, b"one\n").unwrap();
        replace(&path, b"two\n").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two\n");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        remove(&path).unwrap();
        remove(&path).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn a_shared_file_keeps_its_mode_and_the_link_to_it() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("locks"), folder.path().join("link"));
        replace_shared(&path, b"one\n").unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        std::os::unix::fs::symlink("locks", &link).unwrap();
        replace_shared(&link, b"two\n").unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read(&path).unwrap(), b"two\n");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    }
}
