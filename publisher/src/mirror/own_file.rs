//! A file that a mirror keeps for itself in `.consign`: JSON with a format, replaced as a whole.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::MirrorError;

#[derive(Deserialize)]
struct Heading {
    format: u32,
}

/// Reads one; `None` where there is none.
///
/// # Errors
/// [`MirrorError::Io`]; [`MirrorError::Folder`] when it is not understood.
pub fn load<T: DeserializeOwned>(folder: &Path, name: &str, known: u32) -> Result<Option<T>, MirrorError> {
    read(&path(folder, name), known)
}

/// The same by its whole path.
///
/// # Errors
/// [`MirrorError::Io`]; [`MirrorError::Folder`] when it is not understood.
pub fn read<T: DeserializeOwned>(path: &Path, known: u32) -> Result<Option<T>, MirrorError> {
    let bytes = match std::fs::read(path) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(on("read", path))?,
    };
    let folder = path.parent().and_then(Path::parent).unwrap_or(path).display().to_string();
    let bad = |reason: String| MirrorError::Folder { folder: folder.clone(), reason };
    let wrong = |cause: serde_json::Error| bad(format!("{} is not understood: {cause}", path.display()));
    let Heading { format } = serde_json::from_slice(&bytes).map_err(wrong)?;
    if format > known {
        return Err(bad(format!("{} has format {format}; it needs a newer consign", path.display())));
    }
    serde_json::from_slice(&bytes).map(Some).map_err(wrong)
}

/// Writes one; durable when it returns.
///
/// # Errors
/// [`MirrorError::Io`]
pub fn save<T: Serialize>(folder: &Path, name: &str, content: &T) -> Result<(), MirrorError> {
    write(&path(folder, name), content)
}

/// The same by its whole path.
///
/// # Errors
/// [`MirrorError::Io`]
pub fn write<T: Serialize>(path: &Path, content: &T) -> Result<(), MirrorError> {
    let own = path.parent().filter(|own| !own.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(own).map_err(on("make folder", own))?;
    let write = || -> io::Result<()> {
        let mut bytes = serde_json::to_vec_pretty(content)?;
        bytes.push(b'\n');
        let mut file = tempfile::NamedTempFile::new_in(own)?;
        file.write_all(&bytes)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        File::open(own)?.sync_all()
    };
    write().map_err(on("write", path))
}

fn path(folder: &Path, name: &str) -> PathBuf {
    folder.join(".consign").join(name)
}

fn on(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> MirrorError {
    let place = path.display().to_string();
    move |cause| MirrorError::Io { what, place, cause }
}
