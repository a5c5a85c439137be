//! Files and folders of a backup on Windows, which has no tar that knows access lists: one file of the agent's own,
//! with times, attributes, owners and access lists. `docs/backup.md` describes it.
//!
//! - [`archive`]: the file as it is written and read
//! - [`traits`]: what is known of a file beside its content

mod archive;
mod traits;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use consignee_win32::token;

use super::{Part, Work, host};
use crate::backup::Contents;
use crate::engine::event::Failure;
use crate::host::place;
use crate::step::Trouble;
use traits::Traits;

/// Reads and writes files whose access lists leave the system out.
const RIGHTS: [&str; 2] = ["SeBackupPrivilege", "SeRestorePrivilege"];

/// The part.
pub struct Copies<'a> {
    /// As the plan names them.
    pub paths: &'a [String],
}

impl Part for Copies<'_> {
    fn save(&self, work: &Work<'_>) -> Result<Contents, Trouble> {
        with_rights(work);
        let (mut paths, mut absent) = (Vec::new(), Vec::new());
        for declared in self.paths {
            let path = work.scene.context.places.at(&place(declared)?);
            match fs::canonicalize(&path) {
                Ok(real) => paths.push(real),
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => absent.push(path),
                Err(cause) => return Err(host(format!("cannot look at {}: {cause}", path.display()))),
            }
        }
        let deadline = Instant::now() + work.limit;
        archive::write(&work.file, &paths, deadline).map_err(|problem| trouble(work, problem))?;
        archive::compare(&work.file, deadline).map_err(|problem| trouble(work, problem))?;
        Ok(Contents::Files { paths, absent })
    }

    fn restore(&self, work: &Work<'_>, contents: &Contents) -> Result<(), Trouble> {
        let Contents::Files { paths, absent } = contents else { return Err(host("the part holds no files")) };
        with_rights(work);
        for path in paths.iter().chain(absent) {
            empty(path).map_err(|cause| host(format!("cannot empty {}: {cause}", path.display())))?;
        }
        for path in absent {
            let gone = if path.is_dir() { fs::remove_dir(path) } else { Ok(()) };
            gone.map_err(|cause| host(format!("cannot remove {}: {cause}", path.display())))?;
        }
        let deadline = Instant::now() + work.limit;
        archive::extract(&work.file, deadline).map_err(|problem| trouble(work, problem))?;
        archive::compare(&work.file, deadline).map_err(|problem| trouble(work, problem))
    }
}

/// Who has not these rights is told when he meets a file that takes them.
fn with_rights(work: &Work<'_>) {
    if let Err(cause) = token::enable(&RIGHTS) {
        work.scene.note(&format!("without the rights of a backup: {cause}"));
    }
}

/// What went wrong, with the file that it was about.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {path}: {cause}")]
struct Problem {
    action: &'static str,
    path: PathBuf,
    cause: io::Error,
}

impl Problem {
    fn at(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |cause| Self { action, path: path.to_owned(), cause }
    }
}

fn trouble(work: &Work<'_>, problem: Problem) -> Trouble {
    work.scene.note(&problem.to_string());
    if problem.cause.kind() == io::ErrorKind::TimedOut {
        let seconds = u32::try_from(work.limit.as_secs()).unwrap_or(u32::MAX);
        return Failure::Timeout { seconds, output: vec![problem.to_string()] }.into();
    }
    host(problem.to_string())
}

/// Removes what a path holds. A folder itself stays: it may be a volume of its own.
fn empty(path: &Path) -> io::Result<()> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if found.is_dir() { fs::read_dir(path)?.try_for_each(|entry| remove(&entry?.path())) } else { remove(path) }
}

fn remove(path: &Path) -> io::Result<()> {
    let kind = fs::symlink_metadata(path)?.file_type();
    // A file that may only be read is not removed either.
    Traits::unprotect(path)?;
    if kind.is_dir() {
        empty(path)?;
        return fs::remove_dir(path);
    }
    // A link to a folder is one to this.
    fs::remove_file(path).or_else(|error| if kind.is_symlink() { fs::remove_dir(path) } else { Err(error) })
}

#[cfg(test)]
mod tests;
