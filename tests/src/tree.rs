//! The files of a host, read and written from outside it.
//!
//! Paths are resolved as the host would: a link to `/etc/x` means the host's `/etc/x`, never ours.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, ResolveFlags, fchmod, mkdirat, open, openat2, unlinkat};
use rustix::io::Errno;

use crate::error::{LabError, Result};
use crate::outcome::tool;

/// The tree of one host: its running root with everything mounted in it, or its disk when off.
#[derive(Debug)]
pub struct Tree {
    host: String,
    root: PathBuf,
}

impl Tree {
    pub(crate) fn at(host: &str, root: PathBuf) -> Tree {
        Tree { host: host.to_owned(), root }
    }

    /// The whole of one file.
    pub fn read(&self, path: &str) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.open(path, OFlags::RDONLY, Mode::empty())
            .map(File::from)
            .map_err(std::io::Error::from)
            .and_then(|mut file| file.read_to_end(&mut bytes))
            .map_err(|source| self.failed("read", path, source))?;
        Ok(bytes)
    }

    /// Is there anything of this name? A link that leads nowhere is nothing.
    pub fn exists(&self, path: &str) -> bool {
        self.open(path, OFlags::PATH, Mode::empty()).is_ok()
    }

    /// Writes one file, making the folders above it; what was there is replaced.
    pub fn write(&self, path: &str, bytes: &[u8], mode: u32) -> Result<()> {
        let mode = Mode::from_raw_mode(mode);
        self.folder_above(path)
            .and_then(|()| self.open(path, OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC, mode))
            .and_then(|file| fchmod(&file, mode).map(|()| file)) // whatever the umask of the test is
            .map_err(std::io::Error::from)
            .and_then(|file| File::from(file).write_all(bytes))
            .map_err(|source| self.failed("write", path, source))
    }

    /// Removes one file, or nothing.
    pub fn remove(&self, path: &str) -> Result<()> {
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let removed = self
            .open(&format!("{above}/"), OFlags::PATH | OFlags::DIRECTORY, Mode::empty())
            .and_then(|folder| unlinkat(&folder, name, rustix::fs::AtFlags::empty()));
        match removed {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(self.failed("remove", path, errno.into())),
        }
    }

    /// Copies a file or a folder of this machine to this path, owned by the host's root.
    pub fn copy_in(&self, local: &Path, path: &str) -> Result<()> {
        self.folder_above(path).map_err(|errno| self.failed("make the folder of", path, errno.into()))?;
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let folder = self
            .open(&format!("{above}/"), OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())
            .map_err(|errno| self.failed("open the folder of", path, errno.into()))?;
        // Our own descriptor stands for the folder: cp cannot be led out of the host by a link.
        let target = format!("/proc/{}/fd/{}/{name}", std::process::id(), folder.as_raw_fd());
        let source = local.to_string_lossy();
        let owner = "--no-preserve=ownership";
        tool("copy into a host", &["cp", "-a", owner, "-T", "--", &source, &target]).map(drop)
    }

    fn open(&self, path: &str, flags: OFlags, mode: Mode) -> std::result::Result<OwnedFd, Errno> {
        let root = open(&self.root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        // The kernel does not follow `..` while anything on this machine is renamed or mounted: openat2(2), EAGAIN.
        loop {
            match openat2(&root, path, flags | OFlags::CLOEXEC, mode, ResolveFlags::IN_ROOT) {
                Err(Errno::AGAIN) => std::thread::yield_now(),
                answer => return answer,
            }
        }
    }

    fn folder_above(&self, path: &str) -> std::result::Result<(), Errno> {
        let mut so_far = String::from("/");
        let (above, _) = path.rsplit_once('/').unwrap_or_default();
        for name in above.split('/').filter(|name| !name.is_empty()) {
            let parent = self.open(&so_far, OFlags::PATH | OFlags::DIRECTORY, Mode::empty())?;
            match mkdirat(&parent, name, Mode::from_raw_mode(0o755)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(errno) => return Err(errno),
            }
            so_far = format!("{so_far}{name}/");
        }
        Ok(())
    }

    fn failed(&self, act: &'static str, path: &str, source: std::io::Error) -> LabError {
        LabError::Inside { act, host: self.host.clone(), path: PathBuf::from(path), source }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn what_is_renamed_elsewhere_keeps_no_link_from_being_followed() {
        let [root, elsewhere] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let tree = Tree::at("none", root.path().to_owned());
        tree.write("/run/secret", b"of the host", 0o600).unwrap();
        std::os::unix::fs::symlink("../../../run/secret", root.path().join("up")).unwrap();
        let [old, new] = ["old", "new"].map(|name| elsewhere.path().join(name));
        fs_err::create_dir(&old).unwrap();
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    fs_err::rename(&old, &new).and_then(|()| fs_err::rename(&new, &old)).unwrap();
                }
            });
            let failed = (0..5_000).find_map(|_| tree.read("/up").err());
            done.store(true, Ordering::Relaxed);
            assert!(failed.is_none(), "{}", failed.unwrap());
        });
    }
}
