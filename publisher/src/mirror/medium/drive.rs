//! Media as they are found: folders with files, of which some are ours, whatever they are called.
//!
//! Other machines put files on sticks, shorten names, and leave links. Only regular files are looked at, no link
//! is followed, and a blob is what has its digest.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use consign_metadata::digest::Sha256;
use rustix::fs::{Mode, OFlags};

use super::digesting::Digesting;
use crate::mirror::MirrorError;

/// More than this is no medium but a disk with everything.
const FILES: usize = 200_000;
const DEPTH: usize = 12;

/// The files of all media that are here.
#[derive(Debug, Default)]
pub struct Drive {
    by_name: HashMap<String, Vec<PathBuf>>,
    by_size: BTreeMap<u64, Vec<PathBuf>>,
}

/// What became of a blob that was looked for.
pub enum Delivery<W> {
    /// It was written.
    Good(W),
    /// There is something of its name or length, and it is another content.
    Altered,
    /// There is nothing.
    Nowhere,
}

impl Drive {
    /// Looks through folders.
    ///
    /// # Errors
    /// [`MirrorError`]
    pub fn look(places: &[PathBuf]) -> Result<Self, MirrorError> {
        let mut drive = Self::default();
        let mut files = 0;
        for place in places {
            drive.walk(place, DEPTH, &mut files)?;
        }
        Ok(drive)
    }

    fn walk(&mut self, folder: &Path, depth: usize, files: &mut usize) -> Result<(), MirrorError> {
        let entries = fs::read_dir(folder).map_err(on("list", folder))?;
        for entry in entries {
            let entry = entry.map_err(on("list", folder))?;
            let (path, kind) = (entry.path(), entry.file_type().map_err(on("look at", folder))?);
            if kind.is_dir() && depth > 0 {
                // A folder of somebody else's may be closed, such as `lost+found`.
                match self.walk(&path, depth - 1, files) {
                    Err(MirrorError::Io { cause, .. }) if cause.kind() == io::ErrorKind::PermissionDenied => {}
                    other => other?,
                }
            } else if kind.is_file() {
                *files += 1;
                if *files > FILES {
                    let reason = format!("it has more than {FILES} files; name the folder of the export itself");
                    return Err(MirrorError::Medium { place: folder.display().to_string(), reason });
                }
                let size = entry.metadata().map_err(on("look at", &path))?.len();
                let name = entry.file_name().to_string_lossy().into_owned();
                self.by_name.entry(name).or_default().push(path.clone());
                self.by_size.entry(size).or_default().push(path);
            }
        }
        Ok(())
    }

    /// The files of a name.
    pub fn named(&self, name: &str) -> &[PathBuf] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// Writes the content with this digest to what `begin` makes anew for each attempt.
    ///
    /// # Errors
    /// [`MirrorError::Io`]: the medium cannot be read, or what is written cannot.
    pub fn deliver<W: Write>(
        &self,
        sha256: &Sha256,
        size: u64,
        mut begin: impl FnMut() -> Result<W, MirrorError>,
    ) -> Result<Delivery<W>, MirrorError> {
        let named = self.named(&sha256.to_string());
        let of_size = self.by_size.get(&size).map_or(&[][..], Vec::as_slice);
        let others = of_size.iter().filter(|path| !named.contains(path));
        for path in named.iter().chain(others) {
            let mut out = Digesting::new(begin()?);
            if copy(path, size, &mut out)? && out.digest() == *sha256 {
                return Ok(Delivery::Good(out.into_inner()));
            }
        }
        Ok(if named.is_empty() { Delivery::Nowhere } else { Delivery::Altered })
    }

    /// A small file as it is, of at most `maximum` bytes; `None` where it is longer or no file any more.
    ///
    /// # Errors
    /// [`MirrorError::Io`]
    pub fn bytes(path: &Path, maximum: u64) -> Result<Option<Vec<u8>>, MirrorError> {
        let Some((file, length)) = open(path)?.filter(|(_, length)| *length <= maximum) else { return Ok(None) };
        let mut bytes = Vec::new();
        file.take(length).read_to_end(&mut bytes).map_err(on("read", path))?;
        Ok(Some(bytes))
    }
}

/// Whether the file has the length and could be copied.
fn copy(path: &Path, size: u64, out: &mut impl Write) -> Result<bool, MirrorError> {
    let Some((mut file, _)) = open(path)?.filter(|(_, length)| *length == size) else { return Ok(false) };
    let mut buffer = vec![0; 128 * 1024];
    let mut there = 0;
    while there < size {
        let read = file.read(&mut buffer).map_err(on("read", path))?;
        if read == 0 {
            return Ok(false);
        }
        let wanted = usize::try_from(size - there).unwrap_or(usize::MAX).min(read);
        out.write_all(&buffer[..wanted]).map_err(on("write what comes from", path))?;
        there += wanted as u64;
    }
    Ok(true)
}

/// A regular file and its length. What has become a link or a pipe since it was listed is none.
fn open(path: &Path) -> Result<Option<(File, u64)>, MirrorError> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(rustix::io::Errno::LOOP | rustix::io::Errno::NOENT) => return Ok(None),
        Err(cause) => return Err(on("open", path)(cause.into())),
    };
    let metadata = file.metadata().map_err(on("look at", path))?;
    Ok(metadata.is_file().then_some((file, metadata.len())))
}

fn on(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> MirrorError {
    let place = path.display().to_string();
    move |cause| MirrorError::Io { what, place, cause }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivered(drive: &Drive, content: &[u8]) -> Option<Vec<u8>> {
        match drive.deliver(&Sha256::of(content), content.len() as u64, || Ok(Vec::new())).unwrap() {
            Delivery::Good(bytes) => Some(bytes),
            Delivery::Altered | Delivery::Nowhere => None,
        }
    }

    #[test]
    fn a_blob_is_found_by_its_digest_whatever_it_is_called_and_no_link_is_followed() {
        let (stick, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path = |name: &str| stick.path().join(name);
        fs::create_dir(path("a")).unwrap();
        fs::write(path("a/BLOB~1"), b"one").unwrap();
        // Another content under its name, and one of the same length beside.
        fs::write(path(&Sha256::of(b"one").to_string()), b"two").unwrap();
        fs::write(path(&Sha256::of(b"six").to_string()), b"siy").unwrap();
        fs::write(elsewhere.path().join("secret"), b"secret").unwrap();
        std::os::unix::fs::symlink(elsewhere.path().join("secret"), path("link")).unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), path("folder")).unwrap();
        let drive = Drive::look(&[stick.path().to_owned()]).unwrap();
        assert_eq!(delivered(&drive, b"one").as_deref(), Some(&b"one"[..]));
        assert_eq!(delivered(&drive, b"secret"), None);
        let altered = drive.deliver(&Sha256::of(b"six"), 3, || Ok(Vec::new())).unwrap();
        assert!(matches!(altered, Delivery::Altered));
        let nowhere = drive.deliver(&Sha256::of(b"three"), 5, || Ok(Vec::new())).unwrap();
        assert!(matches!(nowhere, Delivery::Nowhere));
    }

    #[test]
    fn a_pipe_and_a_file_that_became_a_link_are_no_files() {
        let stick = tempfile::tempdir().unwrap();
        let name = stick.path().join(Sha256::of(b"x").to_string());
        fs::write(&name, b"x").unwrap();
        let drive = Drive::look(&[stick.path().to_owned()]).unwrap();
        fs::remove_file(&name).unwrap();
        std::os::unix::fs::symlink("/etc/hostname", &name).unwrap();
        assert_eq!(delivered(&drive, b"x"), None);
        fs::remove_file(&name).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, &name, rustix::fs::FileType::Fifo, Mode::RUSR, 0).unwrap();
        assert_eq!(delivered(&drive, b"x"), None);
    }
}
