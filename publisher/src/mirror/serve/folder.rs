//! Files of a folder by what was asked for, and nothing that is not in it.
//!
//! Each name on the way is opened in the folder before it, and no link is followed: who could write into a mirror
//! could otherwise have any file of this machine shown.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::SystemTime;

use rustix::fs::{Mode, OFlags, open, openat};
use rustix::io::Errno;

use crate::store::Key;

/// A folder whose files are shown.
#[derive(Debug)]
pub struct Folder(PathBuf);

/// A file as it was when it was opened; it stays so for whoever reads it.
#[derive(Debug)]
pub struct Shown {
    pub file: File,
    /// Bytes.
    pub size: u64,
    pub modified: SystemTime,
}

impl Folder {
    pub fn at(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// A file; `None` where there is none of this name.
    ///
    /// # Errors
    /// It could not be looked.
    pub fn open(&self, key: &Key) -> io::Result<Option<Shown>> {
        match self.find(key) {
            Ok(file) => shown(file.into()),
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::NAMETOOLONG | Errno::NXIO) => Ok(None),
            Err(other) => Err(other.into()),
        }
    }

    /// The folder itself is looked up each time: it may be a link that an operator turns.
    fn find(&self, key: &Key) -> Result<OwnedFd, Errno> {
        let through = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let (above, name) = key.as_str().rsplit_once('/').unwrap_or(("", key.as_str()));
        let mut folder = open(&self.0, through, Mode::empty())?;
        for name in above.split('/').filter(|name| !name.is_empty()) {
            folder = beside(folder.as_fd(), name, through)?;
        }
        // What is no file, such as a pipe, must not keep us waiting.
        beside(folder.as_fd(), name, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC)
    }
}

fn beside(folder: BorrowedFd<'_>, name: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
    openat(folder, name, flags | OFlags::NOFOLLOW, Mode::empty())
}

fn shown(file: File) -> io::Result<Option<Shown>> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Ok(None);
    }
    Ok(Some(Shown { size: metadata.len(), modified: metadata.modified()?, file }))
}

/// The name that the path of an address means; `None` for one that no repository has.
pub fn asked(path: &str) -> Option<Key> {
    Key::from_str(&plain(path.strip_prefix('/')?)?).ok()
}

/// Without the `%2b` that clients write for `+`; `None` where that is not how it is written.
pub fn plain(path: &str) -> Option<String> {
    let mut pieces = path.split('%');
    let mut plain = pieces.next()?.to_owned();
    for piece in pieces {
        let code = u8::from_str_radix(piece.get(..2)?, 16).ok().filter(u8::is_ascii)?;
        plain.push(code.into());
        plain.push_str(&piece[2..]);
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    use rustix::fs::CWD;

    #[test]
    fn what_is_asked_for_is_a_name_of_a_repository_or_nothing() {
        let name = |path| asked(path).map(|key| key.to_string());
        assert_eq!(name("/pool/a%2bb_1%7Erc1.deb").as_deref(), Some("pool/a+b_1~rc1.deb"));
        for bad in [
            "/",
            "",
            "*",
            "/a/",
            "/a//b",
            "/../a",
            "/a/../b",
            "/%2e%2e/a",
            "/a/%2e%2e%2fb",
            "/.consign/mirror.json",
            "/acme/.consign/parts/x",
            "/%2econsign/mirror.json",
            "/a%00b",
            "/a%2",
            "/a%zz",
            "/a%c3%a9",
            "/a b",
            "/a%5cb",
        ] {
            assert_eq!(name(bad), None, "{bad}");
        }
    }

    #[test]
    fn links_folders_and_pipes_are_no_files() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("site/pool")).unwrap();
        std::fs::write(at("site/pool/a.deb"), b"a").unwrap();
        std::fs::write(at("secret"), b"s").unwrap();
        symlink(at("secret"), at("site/pool/secret")).unwrap();
        symlink("a.deb", at("site/pool/b.deb")).unwrap();
        symlink(folder.path(), at("site/out")).unwrap();
        rustix::fs::mknodat(CWD, at("site/pipe"), rustix::fs::FileType::Fifo, Mode::RUSR, 0).unwrap();
        let site = Folder::at(at("site"));
        let open = |name: &str| site.open(&name.parse().unwrap()).unwrap().map(|shown| shown.size);
        assert_eq!(open("pool/a.deb"), Some(1));
        for none in ["pool", "pool/secret", "pool/b.deb", "out/secret", "pipe", "pool/a.deb/x", "gone", "pool/gone"] {
            assert_eq!(open(none), None, "{none}");
        }
        // Only the folder itself may be a link.
        symlink(at("site"), at("link")).unwrap();
        assert!(Folder::at(at("link")).open(&"pool/a.deb".parse().unwrap()).unwrap().is_some());
        assert!(Folder::at(at("nowhere")).open(&"pool/a.deb".parse().unwrap()).unwrap().is_none());
    }
}
