//! A published package, brought back from a store and verified.

use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::Path;

use consign_metadata::msi::{CABINET, MsiFile};
use consign_metadata::openpgp::Keyring;
use consign_metadata::rpm::{Header, RpmLayout};
use tempfile::NamedTempFile;

use super::RepositoryError;
use crate::package::deb::payload;
use crate::package::msi::{self, AGENT};
use crate::package::{Format, PackageError, SignedPackage};
use crate::store::{Key, Source};

/// More than any file that is looked for in a payload.
const MAXIMUM_FILE: u64 = 1024 * 1024;
/// Where the agent's things are on Linux.
const AGENT_ELSEWHERE: &str = "/usr/share/consignee";
/// More than a package has that only introduces its vendor.
const MAXIMUM_PAYLOAD: u64 = 16 * 1024 * 1024;

/// A published package. Its copy is deleted when it is dropped.
#[derive(Debug)]
pub struct Retrieved {
    /// The package.
    pub package: SignedPackage,
    /// Where it is published.
    pub key: Key,
    copy: NamedTempFile,
}

impl Retrieved {
    /// Brings a package of at most `maximum` bytes back; `None` when there is none of that name.
    ///
    /// # Errors
    /// [`RepositoryError`]
    pub fn fetch(
        source: &dyn Source,
        key: &Key,
        maximum: u64,
        keyring: &Keyring,
    ) -> Result<Option<Self>, RepositoryError> {
        let Some(mut content) = source.get(key, maximum)? else { return Ok(None) };
        let cannot = |cause: io::Error| RepositoryError::damaged(key, format!("it cannot be read: {cause}"));
        let mut copy = NamedTempFile::new().map_err(cannot)?;
        io::copy(&mut content, &mut copy).map_err(cannot)?;
        match SignedPackage::open(copy.path(), keyring) {
            Ok(package) => Ok(Some(Self { package, key: key.clone(), copy })),
            // The name of the copy means nothing to anybody.
            Err(PackageError::Unusable { cause, .. }) => Err(RepositoryError::damaged(key, format!("it {cause}"))),
            Err(other) => Err(other.into()),
        }
    }

    /// Its bytes.
    ///
    /// # Errors
    /// [`RepositoryError::Damaged`]
    pub fn bytes(&self) -> Result<Vec<u8>, RepositoryError> {
        std::fs::read(self.copy.path()).map_err(|cause| RepositoryError::damaged(&self.key, cause))
    }

    /// The content of a file that it installs, by its absolute path.
    ///
    /// # Errors
    /// [`RepositoryError::Damaged`]
    pub fn installed(&self, path: &str) -> Result<Option<Vec<u8>>, RepositoryError> {
        let found = match self.package.format() {
            Format::Deb(_) => in_deb(self.copy.path(), path),
            Format::Rpm(header) => in_rpm(self.copy.path(), header, path),
            Format::Msi(_) => in_msi(self.copy.path(), path),
        };
        found.map_err(|cause| RepositoryError::damaged(&self.key, cause))
    }
}

fn in_rpm(rpm: &Path, header: &Header, wanted: &str) -> io::Result<Option<Vec<u8>>> {
    let mut file = File::open(rpm)?;
    let layout = RpmLayout::read(&mut file).map_err(io::Error::other)?;
    let files = layout.files(&mut file, header, MAXIMUM_PAYLOAD, |path| path == wanted).map_err(io::Error::other)?;
    Ok(files.into_iter().next().map(|file| file.bytes))
}

/// What is below the agent's folder elsewhere is below the agent's folder here.
fn in_msi(package: &Path, wanted: &str) -> io::Result<Option<Vec<u8>>> {
    let Some(below) = wanted.strip_prefix(AGENT_ELSEWHERE) else { return Ok(None) };
    let mut file = MsiFile::open(File::open(package)?).map_err(io::Error::other)?;
    let cabinet = file.bytes(CABINET, MAXIMUM_PAYLOAD).map_err(io::Error::other)?;
    let Some(cabinet) = cabinet else { return Ok(None) };
    let mut cabinet = cab::Cabinet::new(io::Cursor::new(cabinet))?;
    let mut bytes = Vec::new();
    match cabinet.read_file(&msi::member(&format!("{AGENT}{below}"))) {
        Ok(member) => member.take(MAXIMUM_FILE).read_to_end(&mut bytes).map(|_| Some(bytes)),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(cause),
    }
}

fn in_deb(deb: &Path, wanted: &str) -> io::Result<Option<Vec<u8>>> {
    let mut found = None;
    payload::walk(File::open(deb)?, |entry| {
        let path = entry.path_bytes().into_owned();
        if path.strip_prefix(b".").unwrap_or(&path) != wanted.as_bytes() {
            return Ok(ControlFlow::Continue(()));
        }
        let mut bytes = Vec::new();
        entry.take(MAXIMUM_FILE).read_to_end(&mut bytes)?;
        found = Some(bytes);
        Ok(ControlFlow::Break(()))
    })?;
    Ok(found)
}
