//! Many finished files that get their names at once.
//!
//! To be durable alone, a file costs three waits for the disk: its content, the folder that it comes into, and the
//! one that this is in. Together they cost two: one before they get their names, since after a power cut a name
//! must not stand for half a file, and one after, before anything else names them (`syncfs(2)`).

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use super::directory::{cannot, folder_of, make_folders, open_up};
use super::{DirectoryStore, Key, Store, StoreError};

impl DirectoryStore {
    pub(super) fn place(&self, files: &[(Key, PathBuf)]) -> Result<(), StoreError> {
        if files.is_empty() {
            return Ok(());
        }
        files.iter().try_for_each(|(_, file)| open_up(file, 0o644))?;
        self.flush()?;
        for (key, file) in files {
            if !named(file, &self.path(key))? {
                self.take(key, file)?;
            }
        }
        Ok(())
    }

    pub(super) fn flush(&self) -> Result<(), StoreError> {
        let flushed = File::open(self.root()).and_then(|root| Ok(rustix::fs::syncfs(root)?));
        match flushed {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other.map_err(cannot("sync", self.root())),
        }
    }
}

/// Gives a file its name, unless that is taken.
fn named(file: &Path, name: &Path) -> Result<bool, StoreError> {
    make_folders(folder_of(name), &|_| Ok(()))?;
    match TempPath::try_from_path(file).map_err(cannot("find", file))?.persist_noclobber(name) {
        Ok(()) => Ok(true),
        Err(taken) if taken.error.kind() == io::ErrorKind::AlreadyExists => {
            taken.path.keep().map_err(|e| cannot("keep", file)(e.error))?;
            Ok(false)
        }
        Err(other) => Err(cannot("write", name)(other.error)),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn files_get_their_names_together_and_one_that_is_there_is_compared() {
        let folder = tempfile::tempdir().unwrap();
        let store = DirectoryStore::at(folder.path().join("store"));
        let file = |name: &str, content: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, content).unwrap();
            // As somebody makes it whose umask is 077.
            std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
            path
        };
        let key = |name: &str| name.parse::<Key>().unwrap();
        store.take_all(&[(key("pool/a/x.deb"), file("1", "x")), (key("pool/b/y.deb"), file("2", "y"))]).unwrap();
        store.settle().unwrap();
        let place = |name: &str| store.root().join(name);
        assert_eq!(std::fs::read(place("pool/b/y.deb")).unwrap(), b"y");
        let mode = |name: &str| std::fs::metadata(place(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("pool/a/x.deb"), mode("pool/a")), (0o644, 0o755));
        store.take_all(&[(key("pool/a/x.deb"), file("3", "x")), (key("pool/c/z.deb"), file("4", "z"))]).unwrap();
        let left = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!((left, place("pool/c/z.deb").exists()), (1, true));
        let other = store.take_all(&[(key("pool/a/x.deb"), file("5", "other"))]);
        assert!(matches!(other, Err(StoreError::Immutable(_))));
        assert_eq!(std::fs::read(place("pool/a/x.deb")).unwrap(), b"x");
    }
}
