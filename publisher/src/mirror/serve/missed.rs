//! Packages that hosts asked for and that are not here: kept for `consign mirror status`, and no more of them than
//! an operator reads.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::mirror::{MirrorError, own_file};
use crate::store::Key;

/// The only format so far.
const FORMAT: u32 = 1;
/// Of more of them, the one that was asked for least makes room.
const MOST: usize = 500;
const PACKAGES: [&str; 3] = [".deb", ".rpm", ".msi"];

/// Paths of packages, and how often each was asked for in vain.
#[derive(Debug, Default)]
pub struct Missed {
    file: Option<PathBuf>,
    paths: Mutex<Paths>,
}

#[derive(Debug, Default)]
struct Paths {
    times: BTreeMap<String, u64>,
    /// Whether the file says less.
    is_new: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    format: u32,
    missed: BTreeMap<String, u64>,
}

impl Missed {
    /// Kept in a file, which goes on where an earlier server ended.
    ///
    /// # Errors
    /// [`MirrorError`]
    pub fn kept_in(file: PathBuf) -> Result<Self, MirrorError> {
        let paths = Paths { times: Self::read(&file)?, is_new: false };
        Ok(Self { file: Some(file), paths: Mutex::new(paths) })
    }

    /// What a server has kept; nothing where there is no such file.
    ///
    /// # Errors
    /// [`MirrorError`]
    pub fn read(file: &Path) -> Result<BTreeMap<String, u64>, MirrorError> {
        let kept: Option<Kept> = own_file::read(file, FORMAT)?;
        Ok(kept.map(|kept| kept.missed).unwrap_or_default())
    }

    /// A host has asked for this in vain.
    pub fn add(&self, key: &Key) {
        if !PACKAGES.iter().any(|end| key.as_str().ends_with(end)) {
            return;
        }
        let mut paths = self.paths();
        if !paths.times.contains_key(key.as_str()) && paths.times.len() >= MOST {
            let rarest = paths.times.iter().min_by_key(|(_, times)| **times).map(|(path, _)| path.clone());
            rarest.map(|path| paths.times.remove(&path));
        }
        *paths.times.entry(key.to_string()).or_default() += 1;
        paths.is_new = true;
    }

    /// How many packages they are.
    pub fn count(&self) -> u64 {
        self.paths().times.len() as u64
    }

    /// Writes down what is new.
    ///
    /// # Errors
    /// [`MirrorError`]; it is tried again the next time.
    pub fn save(&self) -> Result<(), MirrorError> {
        let Some(file) = &self.file else { return Ok(()) };
        let missed = match self.paths() {
            paths if !paths.is_new => return Ok(()),
            mut paths => {
                paths.is_new = false;
                paths.times.clone()
            }
        };
        own_file::write(file, &Kept { format: FORMAT, missed }).inspect_err(|_| self.paths().is_new = true)
    }

    fn paths(&self) -> MutexGuard<'_, Paths> {
        self.paths.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_for_everything_does_not_drown_what_hosts_miss() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state/missed.json");
        let missed = Missed::kept_in(file.clone()).unwrap();
        let key = |text: String| text.parse::<Key>().unwrap();
        (0..3).for_each(|_| missed.add(&key("acme/pool/erp.deb".to_owned())));
        (0..3 * MOST).for_each(|n| missed.add(&key(format!("pool/{n}.deb"))));
        missed.add(&key("acme/wp-login.php".to_owned()));
        assert_eq!(missed.count(), MOST as u64);
        missed.save().unwrap();
        let again = Missed::kept_in(file.clone()).unwrap();
        again.add(&key("acme/pool/erp.deb".to_owned()));
        again.save().unwrap();
        assert_eq!(Missed::read(&file).unwrap()["acme/pool/erp.deb"], 4);
        assert!(Missed::read(&folder.path().join("nothing")).unwrap().is_empty());
    }
}
