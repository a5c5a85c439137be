//! A folder of a user's for one file of a backup. What comes out of it is copied: whoever wrote the file may
//! still have it open, and what is sealed must be what only root can change.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::Work;
use crate::host::account;
use crate::host::kernel::files;
use crate::step::Trouble;

const FOLDER: &str = "staging";
const FILE: &str = "file";

/// The folder, until it is dropped.
pub struct Staging {
    folder: PathBuf,
    owner: (u32, u32),
}

impl Staging {
    /// An empty one.
    ///
    /// # Errors
    /// [`Trouble`]; also when there is no such user.
    pub fn new(work: &Work<'_>, user: &str) -> Result<Self, Trouble> {
        let folder = work.folder.join(FOLDER);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        files::create_folder(&folder, 0o700)?;
        let owner = account::ids(user)?;
        let staging = Self { folder, owner };
        staging.hand_over(&staging.folder)?;
        Ok(staging)
    }

    /// Where the file is, or is to be.
    pub fn file(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// Copies the file out.
    ///
    /// # Errors
    /// [`Trouble`]; also when it is no plain file.
    pub fn take(&self, to: &Path) -> Result<(), Trouble> {
        let mut from = files::unlinked(File::options().read(true)).open(self.file())?;
        if !from.metadata()?.is_file() {
            return Err(super::host(format!("{} is no file", self.file().display())));
        }
        let mut file = files::with_mode(File::options().write(true).create_new(true), 0o600).open(to)?;
        io::copy(&mut from, &mut file)?;
        Ok(())
    }

    /// Copies a file in.
    ///
    /// # Errors
    /// [`Trouble`]
    pub fn give(&self, from: &Path) -> Result<(), Trouble> {
        let mut file = files::with_mode(File::options().write(true).create_new(true), 0o600).open(self.file())?;
        io::copy(&mut File::open(from)?, &mut file)?;
        self.hand_over(&self.file())
    }

    fn hand_over(&self, path: &Path) -> Result<(), Trouble> {
        Ok(files::hand_over(path, self.owner)?)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if let Err(problem) = fs::remove_dir_all(&self.folder) {
            log::warn!("cannot remove {}: {problem}", self.folder.display());
        }
    }
}
