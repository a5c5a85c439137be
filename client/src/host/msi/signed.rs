//! Whether a package is signed for Windows by whom its vendor's anchor names. The vendor's own signature holds as
//! well, or nobody would have asked: this one is what Windows shows a person.
//!
//! It is judged when a package comes, and that it was good is written down by its digest, in `signed.json`. So a
//! certificate that expires later, or that a vendor does not use any more, takes away no package that is kept to go
//! back to; and one that is kept from before its vendor signed for Windows stays one to go back to, too.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use consign_metadata::authenticode::{self, AuthenticodeError};
use consign_metadata::digest::Sha256;
use consign_metadata::msi::MsiFile;
use consign_metadata::openpgp::Keyring;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::durable;
use crate::host::{HostError, at};
use crate::places::Places;

const FORMAT: u32 = 1;
const FILE: &str = "signed.json";
/// As many packages are remembered, the newest ones: more than any host keeps.
const REMEMBERED: usize = 512;

/// Packages that were found good.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Good {
    format: u32,
    /// When, by the digest of the file.
    packages: BTreeMap<Sha256, Timestamp>,
}

impl Good {
    fn read(path: &Path) -> Result<Self, HostError> {
        let read = durable::read(path, FORMAT, |this: &Self| this.format);
        Ok(read.map_err(|cause| at("read", path, cause))?.unwrap_or(Self { format: FORMAT, ..Self::default() }))
    }

    fn add(mut self, digest: Sha256, now: Timestamp, path: &Path) -> Result<(), HostError> {
        self.packages.insert(digest, now);
        while self.packages.len() > REMEMBERED {
            let oldest = self.packages.iter().min_by_key(|(_, at)| **at).map(|(digest, _)| *digest);
            self.packages.retain(|digest, _| Some(*digest) != oldest);
        }
        let written = serde_json::to_vec_pretty(&self).map_err(io::Error::other);
        written.and_then(|text| durable::replace(path, &text)).map_err(|cause| at("write", path, cause))
    }
}

/// Looks at the whole of a package whose vendor's own signature is good, unless it was found good before.
///
/// # Errors
/// When its vendor signs for Windows and it is signed by nobody, by somebody else, was changed afterwards, or a
/// certificate has expired.
pub fn check_once(places: &Places, archive: &Path, keyring: &Keyring) -> Result<(), HostError> {
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut file = File::open(archive).map_err(|cause| at("open", archive, cause))?;
    let (digest, _) = Sha256::of_reader(&mut file).map_err(|cause| at("read", archive, cause))?;
    let path: PathBuf = places.state().join(FILE);
    let good = Good::read(&path)?;
    if good.packages.contains_key(&digest) {
        return Ok(());
    }
    file.rewind().map_err(|cause| at("read", archive, cause))?;
    let mut package = MsiFile::open(BufReader::new(file)).map_err(|cause| at("trust", archive, cause))?;
    check(&mut package, keyring).map_err(|cause| at("trust", archive, cause))?;
    good.add(digest, Timestamp::now(), &path)
}

/// Looks at the whole of a package, where its vendor signs for Windows.
///
/// # Errors
/// When it is signed by nobody, by somebody else, was changed afterwards, or a certificate has expired.
pub fn check<F: Read + Seek>(package: &mut MsiFile<F>, keyring: &Keyring) -> Result<(), AuthenticodeError> {
    let Some(pins) = keyring.windows() else { return Ok(()) };
    let signer = authenticode::verify(package, &pins.read()?, Timestamp::now())?;
    log::info!("a package is signed for Windows by {}", signer.subject);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_good_is_remembered_and_the_oldest_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let begun: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let mut many = Good { format: FORMAT, ..Good::default() };
        for number in 0..REMEMBERED {
            let at = begun + jiff::SignedDuration::from_secs(i64::try_from(number).unwrap());
            many.packages.insert(Sha256::of(&number.to_le_bytes()), at);
        }
        many.add(Sha256::of(b"new"), begun + jiff::SignedDuration::from_hours(1), &path).unwrap();
        let kept = Good::read(&path).unwrap().packages;
        assert_eq!(kept.len(), REMEMBERED);
        assert!(kept.contains_key(&Sha256::of(b"new")));
        assert!(!kept.contains_key(&Sha256::of(&0_usize.to_le_bytes())));
    }
}
