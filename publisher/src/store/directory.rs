//! A store in a folder, such as the document root of a web server.
//!
//! Content is written to `.consign/tmp/` in the same file system, synced, and renamed into place, so
//! a reader sees a file whole or not at all and a power cut leaves the one or the other. The lock is
//! one of the kernel's (`flock(2)`): it dies with its holder, so a killed publisher holds nothing.
//!
//! HTTP tells the age of a file in whole seconds, and apt asks for what is newer than its copy. So an
//! entry point gets a later second than the one it replaces, even one that is still to come: otherwise
//! a host that looked between two publishes of one second would never see the second of them.

use std::fs::{File, Permissions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use consign_metadata::digest::Sha256;
use tempfile::{NamedTempFile, TempPath};

use super::{Content, Key, Listed, Put, Source, Stamp, Store, StoreError};

/// Hidden from [`Key`], and by every web server's usual configuration.
const OWN_FOLDER: &str = ".consign";
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder of files.
#[derive(Debug)]
pub struct DirectoryStore {
    root: PathBuf,
    claim: Option<File>,
}

impl DirectoryStore {
    /// The store in a folder. Nothing is made before something is written.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), claim: None }
    }

    /// The store in a folder, of which nobody else replaces anything until it is dropped. Waits for
    /// another publish that is at work.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Io`]
    pub fn claimed(root: impl Into<PathBuf>, patience: Duration) -> Result<Self, StoreError> {
        let mut store = Self::at(root);
        store.claim = Some(store.lock(patience)?);
        Ok(store)
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn path(&self, key: &Key) -> PathBuf {
        self.root.join(key.as_str())
    }

    fn lock(&self, patience: Duration) -> Result<File, StoreError> {
        let folder = self.root.join(OWN_FOLDER);
        make_folder(&folder)?;
        let path = folder.join("lock");
        let file = File::options().create(true).append(true).open(&path).map_err(cannot("open", &path))?;
        let since = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(cause)) => return Err(cannot("lock", &path)(cause)),
                Err(TryLockError::WouldBlock) if since.elapsed() >= patience => {
                    return Err(StoreError::Busy { place: self.root.display().to_string(), waited: patience });
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    /// Everything a source yields, on disk, under a name nobody looks at; not older than `earliest`.
    fn temporary(&self, source: &mut dyn Read, earliest: SystemTime) -> Result<NamedTempFile, StoreError> {
        let folder = self.root.join(OWN_FOLDER).join("tmp");
        make_folder(&folder)?;
        let mut file = NamedTempFile::new_in(&folder).map_err(cannot("make a file in", &folder))?;
        let mut write = || -> io::Result<()> {
            io::copy(source, &mut file)?;
            // Made for its owner alone; a web server has to read it.
            file.as_file().set_permissions(Permissions::from_mode(0o644))?;
            file.flush()?;
            if file.as_file().metadata()?.modified()? < earliest {
                file.as_file().set_modified(earliest)?;
            }
            file.as_file().sync_all()
        };
        write().map_err(cannot("write to", &folder))?;
        Ok(file)
    }
}

impl Source for DirectoryStore {
    fn get(&self, key: &Key, maximum: u64) -> Result<Option<Box<dyn Content>>, StoreError> {
        let path = self.path(key);
        let Some(file) = open(&path)? else { return Ok(None) };
        if file.metadata().map_err(cannot("look at", &path))?.len() > maximum {
            return Err(StoreError::TooLarge { key: key.clone(), maximum });
        }
        Ok(Some(Box::new(file)))
    }
}

impl Store for DirectoryStore {
    fn put_new(&self, key: &Key, source: &mut dyn Read) -> Result<Put, StoreError> {
        let path = self.path(key);
        if let Some(existing) = open(&path)? {
            return already_there(key, &path, existing, source);
        }
        let folder = folder_of(&path);
        make_folder(folder)?;
        match self.temporary(source, SystemTime::UNIX_EPOCH)?.persist_noclobber(&path) {
            Ok(_) => sync_folder(folder).map(|()| Put::Stored),
            Err(taken) if taken.error.kind() == ErrorKind::AlreadyExists => {
                let mut mine = taken.file.reopen().map_err(cannot("open", taken.file.path()))?;
                let existing = File::open(&path).map_err(cannot("open", &path))?;
                already_there(key, &path, existing, &mut mine)
            }
            Err(other) => Err(cannot("write", &path)(other.error)),
        }
    }

    fn take(&self, key: &Key, file: &Path) -> Result<Put, StoreError> {
        let path = self.path(key);
        let source = File::open(file).map_err(cannot("read", file))?;
        if let Some(existing) = open(&path)? {
            let put = already_there(key, &path, existing, &mut &source)?;
            std::fs::remove_file(file).map_err(cannot("delete", file))?;
            return Ok(put);
        }
        source.set_permissions(Permissions::from_mode(0o644)).map_err(cannot("open up", file))?;
        source.sync_all().map_err(cannot("sync", file))?;
        let folder = folder_of(&path);
        make_folder(folder)?;
        let named = TempPath::try_from_path(file).map_err(cannot("find", file))?.persist_noclobber(&path);
        named.map_err(|e| cannot("write", &path)(e.error))?;
        sync_folder(folder).map(|()| Put::Stored)
    }

    fn take_all(&self, files: &[(Key, PathBuf)]) -> Result<(), StoreError> {
        self.place(files)
    }

    fn settle(&self) -> Result<(), StoreError> {
        self.flush()
    }

    fn room(&self) -> Option<u64> {
        let there = self.root.ancestors().find(|folder| folder.exists())?;
        let there = if there.as_os_str().is_empty() { Path::new(".") } else { there };
        let system = rustix::fs::statvfs(there).ok()?;
        Some(system.f_bavail.saturating_mul(system.f_frsize))
    }

    fn replace(&self, key: &Key, if_unchanged_since: Option<&Stamp>, bytes: &[u8]) -> Result<Stamp, StoreError> {
        let _lock = if self.claim.is_none() { Some(self.lock(PATIENCE)?) } else { None };
        let current = self.read(key, u64::MAX)?.map(|(_, stamp)| stamp);
        if current.as_ref() != if_unchanged_since {
            return Err(StoreError::Changed(key.clone()));
        }
        let path = self.path(key);
        make_folder(folder_of(&path))?;
        let file = self.temporary(&mut &*bytes, second_after(&path)?)?;
        file.persist(&path).map_err(|e| cannot("replace", &path)(e.error))?;
        sync_folder(folder_of(&path))?;
        Ok(Stamp::of(bytes))
    }

    fn swap_in(&self, key: &Key, source: &mut dyn Read) -> Result<(), StoreError> {
        let _lock = if self.claim.is_none() { Some(self.lock(PATIENCE)?) } else { None };
        let path = self.path(key);
        make_folder(folder_of(&path))?;
        let file = self.temporary(source, second_after(&path)?)?;
        file.persist(&path).map_err(|e| cannot("replace", &path)(e.error))?;
        sync_folder(folder_of(&path))
    }

    fn list(&self, folder: &Key) -> Result<Vec<Listed>, StoreError> {
        let mut listed = Vec::new();
        self.walk(folder, &mut listed)?;
        listed.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(listed)
    }

    fn remove(&self, key: &Key) -> Result<(), StoreError> {
        let path = self.path(key);
        match std::fs::remove_file(&path) {
            Err(cause) if cause.kind() != ErrorKind::NotFound => Err(cannot("delete", &path)(cause)),
            _ => Ok(()),
        }
    }

    fn sweep(&self, age: Duration) -> Result<usize, StoreError> {
        let folder = self.root.join(OWN_FOLDER).join("tmp");
        let mut swept = 0;
        for (path, metadata) in entries(&folder)? {
            let modified = metadata.modified().map_err(cannot("look at", &path))?;
            // A clock that was set back makes a file look young; it is then swept later.
            if SystemTime::now().duration_since(modified).is_ok_and(|old| old > age) {
                std::fs::remove_file(&path).map_err(cannot("delete", &path))?;
                swept += 1;
            }
        }
        Ok(swept)
    }
}

impl DirectoryStore {
    fn walk(&self, folder: &Key, listed: &mut Vec<Listed>) -> Result<(), StoreError> {
        for (path, metadata) in entries(&self.path(folder))? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            // What has no key was not put here by a store.
            let Ok(key) = format!("{folder}/{name}").parse::<Key>() else { continue };
            if metadata.is_dir() {
                self.walk(&key, listed)?;
            } else {
                let modified = metadata.modified().map_err(cannot("look at", &path))?;
                listed.push(Listed { key, modified, length: metadata.len() });
            }
        }
        Ok(())
    }
}

/// The same bytes are welcome, and made durable: whoever wrote them may have died before that.
fn already_there(key: &Key, path: &Path, existing: File, source: &mut dyn Read) -> Result<Put, StoreError> {
    let theirs = Sha256::of_reader(&existing).map_err(cannot("read", path))?;
    if Sha256::of_reader(source).map_err(cannot("read what goes to", path))? != theirs {
        return Err(StoreError::Immutable(key.clone()));
    }
    existing.sync_all().map_err(cannot("sync", path))?;
    sync_folder(folder_of(path))?;
    Ok(Put::AlreadyThere)
}

fn open(path: &Path) -> Result<Option<File>, StoreError> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(cannot("open", path)(cause)),
    }
}

/// The first moment that HTTP tells apart from the age of a file; the beginning of time if there is none.
fn second_after(path: &Path) -> Result<SystemTime, StoreError> {
    let Some(file) = open(path)? else { return Ok(SystemTime::UNIX_EPOCH) };
    let modified = file.metadata().and_then(|metadata| metadata.modified()).map_err(cannot("look at", path))?;
    let seconds = modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    Ok(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds + 1))
}

fn entries(folder: &Path) -> Result<Vec<(PathBuf, std::fs::Metadata)>, StoreError> {
    let read = || -> io::Result<Vec<_>> {
        std::fs::read_dir(folder)?.map(|entry| entry.and_then(|e| Ok((e.path(), e.metadata()?)))).collect()
    };
    match read() {
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        other => other.map_err(cannot("list", folder)),
    }
}

pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

/// Makes a folder and those above it, each readable by a web server and each durable.
fn make_folder(folder: &Path) -> Result<(), StoreError> {
    make_folders(folder, &sync_folder)
}

/// The same; what is done with the folder above a new one is for who asks.
pub(super) fn make_folders(folder: &Path, made: &dyn Fn(&Path) -> Result<(), StoreError>) -> Result<(), StoreError> {
    if folder.as_os_str().is_empty() {
        return Ok(());
    }
    // Mostly only the last one is missing: to try costs less than to look at each of them.
    let mut tried = std::fs::create_dir(folder);
    if tried.as_ref().is_err_and(|cause| cause.kind() == ErrorKind::NotFound) {
        make_folders(folder_of(folder), made)?;
        tried = std::fs::create_dir(folder);
    }
    match tried {
        Ok(()) => {
            open_up(folder, 0o755)?;
            made(folder_of(folder))
        }
        Err(cause) if cause.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(cause) => Err(cannot("make folder", folder)(cause)),
    }
}

/// Lets a web server read it.
pub(super) fn open_up(place: &Path, mode: u32) -> Result<(), StoreError> {
    let readable = || -> io::Result<()> {
        // Mostly it is: to look costs less than to write it into the journal of the file system once more.
        if std::fs::symlink_metadata(place)?.permissions().mode() & 0o777 == mode {
            return Ok(());
        }
        std::fs::set_permissions(place, Permissions::from_mode(mode))
    };
    readable().map_err(cannot("open up", place))
}

fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder).and_then(|f| f.sync_all()).map_err(cannot("sync", folder))
}

pub(super) fn cannot(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let place = path.display().to_string();
    move |cause| StoreError::Io { what, place, cause }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        text.parse().unwrap()
    }

    fn put(store: &DirectoryStore, name: &str, bytes: &[u8]) -> Result<Put, StoreError> {
        store.put_new(&key(name), &mut &*bytes)
    }

    #[test]
    fn content_is_immutable_and_the_same_again_is_welcome() {
        let folder = tempfile::tempdir().unwrap();
        let store = DirectoryStore::at(folder.path().join("new"));
        assert_eq!(put(&store, "pool/a/x.deb", b"one").unwrap(), Put::Stored);
        assert_eq!(put(&store, "pool/a/x.deb", b"one").unwrap(), Put::AlreadyThere);
        assert!(matches!(put(&store, "pool/a/x.deb", b"two"), Err(StoreError::Immutable(_))));
        let mode = std::fs::metadata(store.root().join("pool/a/x.deb")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o644);
        let names: Vec<_> = store.list(&key("pool")).unwrap().into_iter().map(|l| l.key).collect();
        assert_eq!(names, [key("pool/a/x.deb")]);
    }

    #[test]
    fn a_finished_file_moves_in_and_takes_nobodys_place() {
        let folder = tempfile::tempdir().unwrap();
        let store = DirectoryStore::at(folder.path().join("new"));
        make_folder(store.root()).unwrap();
        let take = |bytes: &[u8]| {
            let file = folder.path().join("part");
            std::fs::write(&file, bytes).unwrap();
            (store.take(&key("pool/a/x.deb"), &file), file.exists())
        };
        assert!(matches!(take(b"one"), (Ok(Put::Stored), false)));
        assert!(matches!(take(b"one"), (Ok(Put::AlreadyThere), false)));
        assert!(matches!(take(b"two"), (Err(StoreError::Immutable(_)), true)));
        assert_eq!(store.read(&key("pool/a/x.deb"), 9).unwrap().unwrap().0, b"one");
        assert!(store.room().unwrap() > 0);
    }

    #[test]
    fn an_entry_point_is_replaced_only_by_who_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = DirectoryStore::at(folder.path());
        let release = key("dists/stable/Release");
        let first = store.replace(&release, None, b"1").unwrap();
        assert!(matches!(store.replace(&release, None, b"2"), Err(StoreError::Changed(_))));
        let second = store.replace(&release, Some(&first), b"2").unwrap();
        assert!(matches!(store.replace(&release, Some(&first), b"3"), Err(StoreError::Changed(_))));
        assert_eq!(store.read(&release, 1).unwrap(), Some((b"2".to_vec(), second)));
        assert!(matches!(store.read(&release, 0), Err(StoreError::TooLarge { .. })));
    }

    #[test]
    fn every_replacement_has_a_second_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let store = DirectoryStore::at(folder.path());
        let release = key("dists/stable/InRelease");
        let second = || {
            let modified = std::fs::metadata(store.path(&release)).unwrap().modified().unwrap();
            modified.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
        };
        let (mut stamp, mut before) = (None, 0);
        for n in 0..3 {
            stamp = Some(store.replace(&release, stamp.as_ref(), &[n]).unwrap());
            assert!(second() > before, "{before}");
            before = second();
        }
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        assert!(before <= now + 3, "{before} {now}");
    }

    #[test]
    fn of_sixteen_writers_one_wins() {
        let folder = tempfile::tempdir().unwrap();
        let won = std::thread::scope(|scope| {
            let race = |n: u8| {
                let root = folder.path();
                scope.spawn(move || DirectoryStore::at(root).replace(&key("head"), None, &[n]).is_ok())
            };
            let racers: Vec<_> = (0..16).map(race).collect();
            racers.into_iter().map(|r| r.join().unwrap()).filter(|won| *won).count()
        });
        assert_eq!(won, 1);
    }

    #[test]
    fn a_claim_keeps_others_out_and_ends_with_its_holder() {
        let folder = tempfile::tempdir().unwrap();
        let claim = DirectoryStore::claimed(folder.path(), Duration::ZERO).unwrap();
        claim.replace(&key("head"), None, b"1").unwrap();
        let busy = DirectoryStore::claimed(folder.path(), Duration::ZERO);
        assert!(matches!(busy, Err(StoreError::Busy { .. })));
        drop(claim);
        DirectoryStore::claimed(folder.path(), Duration::ZERO).unwrap();
    }

    #[test]
    fn what_a_killed_writer_left_is_swept_and_never_listed() {
        let folder = tempfile::tempdir().unwrap();
        let store = DirectoryStore::at(folder.path());
        let (_, torn) = store.temporary(&mut &b"half"[..], SystemTime::UNIX_EPOCH).unwrap().keep().unwrap();
        assert_eq!(store.sweep(Duration::from_secs(60)).unwrap(), 0);
        let long_ago = SystemTime::now() - Duration::from_secs(120);
        File::options().write(true).open(&torn).unwrap().set_modified(long_ago).unwrap();
        assert_eq!(store.sweep(Duration::from_secs(60)).unwrap(), 1);
        assert!(!torn.exists());
    }
}
